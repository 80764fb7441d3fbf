import type { NetworkInterfaceType } from '@aws-sdk/client-ec2';
import { type HeldInterface, interfacesOf } from '../local/ec2/account.ts';
import { privateAddress } from '../local/ec2/interfaces.ts';
import { ids } from '../system/demo-account.ts';
import { createTestSystem, type TestSystem, type TestSystemOptions } from './system.ts';

/** A system that hears every EC2 call, but for those that a test loses; EC2's own word on states never arrives. */
export interface WideSystem extends TestSystem {
  /** Events of calls of these names are lost from now on. */
  readonly lose: (...calls: readonly string[]) => void;
  /** Runs the workflow for an event as CloudTrail would write it: for calls that only services of AWS make. */
  readonly tell: (eventName: string, requestParameters: object, responseElements?: object) => Promise<void>;
  /** The interface of an instance. */
  readonly interfaceOf: (instance: string) => HeldInterface;
  /** An interface in the subnet behind the firewall, made without any event. */
  readonly addInterface: (one: {
    readonly id: string;
    readonly address: string;
    readonly groups: readonly string[];
    /** The instance it is attached to, as a further interface. */
    readonly instance?: string;
    readonly type?: NetworkInterfaceType;
    readonly requester?: string;
    readonly vpc?: string;
    readonly subnet?: string;
  }) => void;
  readonly changeInterface: (id: string, change: (held: HeldInterface) => Partial<HeldInterface> | null) => void;
  /** Destinations that enabled rules of ours allow in the running configuration, by port. */
  readonly opened: (service: string) => Promise<readonly string[]>;
}

export const createWideSystem = async (options: TestSystemOptions = {}): Promise<WideSystem> => {
  const lost = new Set<string>();
  const system = await createTestSystem({
    moreEvents: true,
    copies: (event) => {
      if (event['detail-type'] === 'EC2 Instance State-change Notification') return 0;
      return lost.has(String(event.detail['eventName'])) ? 0 : 1;
    },
    ...options,
  });
  const { ec2 } = system.parts;
  const interfaceOf = (instance: string): HeldInterface => {
    const [first] = interfacesOf(ec2.account(), instance);
    if (first === undefined) throw new Error(`${instance} has no interface`);
    return first;
  };
  const put = (held: HeldInterface): void =>
    ec2.rearrange((account) => ({
      ...account,
      interfaces: new Map([...account.interfaces, [held.NetworkInterfaceId, held]]),
    }));
  return {
    ...system,
    lose: (...calls) => {
      for (const call of calls) lost.add(call);
    },
    tell: async (eventName, requestParameters, responseElements = { _return: true }) => {
      const time = new Date(system.clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
      system.bus.put({
        version: '0',
        id: system.clock.newId(),
        'detail-type': 'AWS API Call via CloudTrail',
        source: 'aws.ec2',
        account: ids.account,
        region: ids.region,
        time,
        resources: [],
        detail: {
          eventVersion: '1.10',
          userIdentity: { type: 'AWSService', invokedBy: 'service.amazonaws.com' },
          eventSource: 'ec2.amazonaws.com',
          eventName,
          eventTime: time,
          eventID: system.clock.newId(),
          requestParameters,
          responseElements,
        },
      });
      await system.idle();
    },
    interfaceOf,
    addInterface: ({ id, address, groups, instance, type = 'interface', requester, vpc, subnet }) => {
      const account = ec2.account();
      const like = interfaceOf(ids.webServers[0]);
      const { Attachment: _, ...free } = like;
      put({
        ...free,
        NetworkInterfaceId: id,
        VpcId: vpc ?? like.VpcId,
        SubnetId: subnet ?? like.SubnetId,
        PrivateIpAddress: address,
        PrivateIpAddresses: [privateAddress(account, address, true)],
        Groups: groups.map((GroupId) => ({ GroupId, GroupName: account.groups.get(GroupId)?.GroupName })),
        InterfaceType: type,
        RequesterManaged: requester !== undefined,
        ...(requester === undefined ? {} : { RequesterId: requester }),
        Status: instance === undefined ? 'available' : 'in-use',
        ...(instance === undefined || like.Attachment === undefined
          ? {}
          : {
              Attachment: {
                ...like.Attachment,
                AttachmentId: `eni-attach-${id.slice(4)}`,
                DeleteOnTermination: false,
                DeviceIndex: 1,
                InstanceId: instance,
              },
            }),
      });
    },
    changeInterface: (id, change) =>
      ec2.rearrange((account) => {
        const held = account.interfaces.get(id);
        if (held === undefined) throw new Error(`There is no ${id}`);
        const changed = change(held);
        const others = [...account.interfaces].filter(([other]) => other !== id);
        return {
          ...account,
          interfaces: new Map(changed === null ? others : [...others, [id, { ...held, ...changed }]]),
        };
      }),
    opened: async (service) =>
      (await system.rules())
        .filter((rule) => rule.owned && rule.service.includes(service))
        .flatMap(({ destination }) => destination)
        .toSorted(),
  };
};
