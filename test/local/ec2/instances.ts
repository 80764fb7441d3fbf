import type {
  InstanceStateChange,
  InstanceStateName,
  ModifyInstanceAttributeCommandInput,
  RunInstancesCommandInput,
  StartInstancesCommandInput,
  StopInstancesCommandInput,
  TerminateInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import {
  type Account,
  type HeldInstance,
  type HeldInterface,
  interfacesOf,
  stateShape,
  type Transition,
  withEntries,
  withoutKeys,
} from './account.ts';
import { type Changed, type Changing, freshId } from './changing.ts';
import { shownInstance } from './describe-instances.ts';
import { newInterface, requireGroups, settledGroups } from './interfaces.ts';
import { Ec2Error, lookUp, lookUpOne, required } from './refusals.ts';
import { withRangeState } from './vpc-ranges.ts';

interface Move {
  readonly verb: string;
  /** From each state to where the call takes it; a state that is absent cannot be left by this call. */
  readonly via: Readonly<Partial<Record<InstanceStateName, InstanceStateName>>>;
}

const starting: Move = { verb: 'started', via: { stopped: 'pending', pending: 'pending', running: 'running' } };
const stopping: Move = { verb: 'stopped', via: { running: 'stopping', stopping: 'stopping', stopped: 'stopped' } };
const terminating: Move = {
  verb: 'terminated',
  via: {
    pending: 'shutting-down',
    running: 'shutting-down',
    stopping: 'shutting-down',
    'shutting-down': 'shutting-down',
    stopped: 'terminated',
    terminated: 'terminated',
  },
};

const following = (changing: Changing, instanceId: string, state: InstanceStateName): readonly Transition[] => {
  const { now, timing } = changing;
  switch (state) {
    case 'pending':
      return [{ instanceId, at: now + timing.pendingMilliseconds, to: 'running' }];
    case 'stopping':
      return [{ instanceId, at: now + timing.stoppingMilliseconds, to: 'stopped' }];
    case 'shutting-down':
      return [{ instanceId, at: now + timing.shuttingDownMilliseconds, to: 'terminated' }];
    case 'running':
    case 'stopped':
    case 'terminated':
      return [];
  }
};

const released = (account: Account, instanceId: string): Account => {
  const attached = interfacesOf(account, instanceId);
  const gone = attached.filter((one) => one.Attachment?.DeleteOnTermination === true);
  const kept = attached.filter((one) => one.Attachment?.DeleteOnTermination !== true);
  const free = kept.map(({ Attachment: _, ...one }): readonly [string, HeldInterface] => [
    one.NetworkInterfaceId,
    { ...one, Status: 'available' },
  ]);
  return {
    ...account,
    interfaces: withEntries(withoutKeys(account.interfaces, ...gone.map((one) => one.NetworkInterfaceId)), ...free),
  };
};

const entered = (account: Account, held: HeldInstance, state: InstanceStateName, now: number): Account => {
  const next: Account = {
    ...account,
    instances: withEntries(account.instances, [
      held.InstanceId,
      { ...held, state, ...(state === 'pending' ? { LaunchTime: new Date(now) } : {}) },
    ]),
  };
  return state === 'terminated' ? released(next, held.InstanceId) : next;
};

/**
 * The account with every transition made that is due. The states in between are visible only to those who look in time,
 * as on AWS.
 */
export const settled = (account: Account, now: number): Account => {
  const due = account.transitions.filter((one) => one.at <= now).toSorted((a, b) => a.at - b.at);
  if (due.length === 0) return account;
  let next: Account = { ...account, transitions: account.transitions.filter((one) => one.at > now) };
  for (const transition of due) {
    if ('prefixList' in transition) {
      next = {
        ...next,
        prefixLists: withEntries(next.prefixLists, [transition.prefixList.PrefixListId, transition.prefixList]),
      };
    } else if ('vpcId' in transition) {
      next = withRangeState(next, transition.vpcId, transition.association, transition.to);
    } else {
      const held = next.instances.get(transition.instanceId);
      if (held !== undefined) next = entered(next, held, transition.to, transition.at);
    }
  }
  return next;
};

const moved = (changing: Changing, ids: readonly string[], move: Move): Changed<{ changes: InstanceStateChange[] }> => {
  const unique = [...new Set(ids)];
  const held = lookUp('instance', changing.account.instances, unique);
  let account = changing.account;
  const changes: InstanceStateChange[] = [];
  for (const one of held) {
    const to = move.via[one.state];
    if (to === undefined) {
      throw new Ec2Error(
        'IncorrectInstanceState',
        `This instance '${one.InstanceId}' is not in a state from which it can be ${move.verb}.`,
      );
    }
    changes.push({ InstanceId: one.InstanceId, CurrentState: stateShape(to), PreviousState: stateShape(one.state) });
    if (to !== one.state) {
      account = entered(account, one, to, changing.now);
      account = {
        ...account,
        transitions: [
          ...account.transitions.filter(
            (transition) => !('instanceId' in transition && transition.instanceId === one.InstanceId),
          ),
          ...following(changing, one.InstanceId, to),
        ],
      };
    }
  }
  /* Captured: the answer names the instances in another order than the request. */
  return { account, output: { changes: changes.toReversed() } };
};

export const startInstances = (changing: Changing, input: StartInstancesCommandInput) => {
  const { account, output } = moved(changing, required(input.InstanceIds, 'instancesSet'), starting);
  return { account, output: { StartingInstances: output.changes } };
};

export const stopInstances = (changing: Changing, input: StopInstancesCommandInput) => {
  const { account, output } = moved(changing, required(input.InstanceIds, 'instancesSet'), stopping);
  return { account, output: { StoppingInstances: output.changes } };
};

export const terminateInstances = (changing: Changing, input: TerminateInstancesCommandInput) => {
  const { account, output } = moved(changing, required(input.InstanceIds, 'instancesSet'), terminating);
  return { account, output: { TerminatingInstances: output.changes } };
};

/** One interface with one subnet, or what NetworkInterfaces lists: existing ones by id, new ones by subnet. */
export const runInstances = (changing: Changing, input: RunInstancesCommandInput) => {
  const count = required(input.MaxCount, 'maxCount');
  if (required(input.MinCount, 'minCount') > count || count < 1) {
    throw new Ec2Error('InvalidParameterValue', `minCount and maxCount do not fit: ${input.MinCount}, ${count}`);
  }
  const specified = input.NetworkInterfaces ?? [
    { DeviceIndex: 0, SubnetId: input.SubnetId, Groups: input.SecurityGroupIds },
  ];
  if (input.NetworkInterfaces !== undefined && (input.SubnetId !== undefined || input.SecurityGroupIds !== undefined)) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    );
  }
  const reservationId = freshId(changing, 'r-');
  let account = changing.account;
  const ids: string[] = [];
  for (let launched = 0; launched < count; launched += 1) {
    const instanceId = freshId(changing, 'i-');
    ids.push(instanceId);
    account = {
      ...account,
      instances: withEntries(account.instances, [
        instanceId,
        {
          InstanceId: instanceId,
          ImageId: required(input.ImageId, 'imageId'),
          InstanceType: input.InstanceType ?? 'm1.small',
          AmiLaunchIndex: launched,
          LaunchTime: new Date(changing.now),
          state: 'pending',
          reservationId,
          Tags: (input.TagSpecifications ?? [])
            .filter((one) => one.ResourceType === 'instance')
            .flatMap((one) => one.Tags ?? []),
        },
      ]),
      transitions: [...account.transitions, ...following(changing, instanceId, 'pending')],
    };
    for (const [position, one] of specified.entries()) {
      const deviceIndex = one.DeviceIndex ?? position;
      const held =
        one.NetworkInterfaceId === undefined
          ? newInterface({ ...changing, account }, required(one.SubnetId, 'subnetId'), {
              groupIds: one.Groups,
              address:
                one.PrivateIpAddress ?? (input.NetworkInterfaces === undefined ? input.PrivateIpAddress : undefined),
              description: one.Description,
            })
          : lookUpOne('interface', account.interfaces, one.NetworkInterfaceId, 'networkInterfaceId');
      if (held.Attachment !== undefined) {
        throw new Ec2Error(
          'InvalidNetworkInterface.InUse',
          `The network interface '${held.NetworkInterfaceId}' is in use`,
        );
      }
      account = {
        ...account,
        interfaces: withEntries(account.interfaces, [
          held.NetworkInterfaceId,
          {
            ...held,
            Status: 'in-use',
            Attachment: {
              AttachmentId: freshId(changing, 'eni-attach-'),
              AttachTime: new Date(changing.now),
              DeleteOnTermination: one.DeleteOnTermination ?? one.NetworkInterfaceId === undefined,
              DeviceIndex: deviceIndex,
              InstanceId: instanceId,
              InstanceOwnerId: account.ownerId,
              NetworkCardIndex: 0,
              Status: 'attached',
            },
          },
        ]),
      };
    }
  }
  const Instances = ids.flatMap((id) => {
    const held = account.instances.get(id);
    return held === undefined ? [] : [shownInstance(account, held)];
  });
  return { account, output: { ReservationId: reservationId, OwnerId: account.ownerId, Groups: [], Instances } };
};

/** Groups only: they are those of the instance's primary interface. */
export const modifyInstanceAttribute = (
  changing: Changing,
  input: ModifyInstanceAttributeCommandInput,
): Changed<object> => {
  const { account } = changing;
  const instance = lookUpOne('instance', account.instances, input.InstanceId, 'instanceId');
  const groupIds = required(input.Groups, 'groupSet');
  const attached = interfacesOf(account, instance.InstanceId);
  const [primary] = attached;
  if (primary === undefined) {
    throw new Ec2Error('IncorrectInstanceState', `The instance '${instance.InstanceId}' has no network interface`);
  }
  if (attached.length > 1) {
    throw new Ec2Error(
      'InvalidInstanceID',
      `There are multiple interfaces attached to instance '${instance.InstanceId}'. Please specify an interface ID for the operation instead.`,
    );
  }
  requireGroups(account, groupIds, primary.VpcId);
  return {
    account: {
      ...account,
      interfaces: withEntries(account.interfaces, [
        primary.NetworkInterfaceId,
        { ...primary, Groups: settledGroups(account, groupIds) },
      ]),
    },
    output: {},
  };
};
