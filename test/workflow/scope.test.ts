/** What an event's run looks at: the subjects, what is recorded for them, and addresses, both ways. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { calls, causeOf, outputOf, resync, statesOf, web1, web2, web3 } from '../support/calls.ts';
import { createWideSystem, type WideSystem } from '../support/wide-account.ts';
import { ids } from '../system/demo-account.ts';

/** The call, the end of the run for its event, and that run, which must have succeeded. */
const after = async (system: WideSystem, call: Promise<unknown>) => {
  await call;
  await system.idle();
  const run = system.runs().at(-1);
  assert.ok(run !== undefined);
  assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  return run;
};

/** `web2`, whose group opens 443, is started with this secondary address or prefix; `web1` and `web3` have none that does. */
const openedFor = async (system: WideSystem, what: object): Promise<void> => {
  await calls(system).start(web2);
  await after(system, assign(system, web2, what));
};

const assign = (system: WideSystem, instance: string, what: object) => {
  const { NetworkInterfaceId } = system.interfaceOf(instance);
  return system.ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, ...what }));
};
const unassign = (system: WideSystem, instance: string, what: object) => {
  const { NetworkInterfaceId } = system.interfaceOf(instance);
  return system.ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, ...what }));
};
const stop = (instance: string) => (system: WideSystem) =>
  system.ec2.send(new StopInstancesCommand({ InstanceIds: [instance] }));
const terminate = (instance: string) => (system: WideSystem) =>
  system.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));

describe('an address that moves to an interface whose groups open less', () => {
  const single = { PrivateIpAddresses: ['10.0.1.70'] };
  const prefix = { Ipv4Prefixes: ['10.0.1.64/28'] };
  for (const [how, had, gets, opened] of [
    ['a secondary address', single, single, '10.0.1.70/32'],
    ['an address out of a delegated prefix', prefix, single, '10.0.1.64/28'],
    ['an address as part of a delegated prefix', single, prefix, '10.0.1.70/32'],
  ] as const) {
    test(`${how}: the run for the call that gives it takes it from the rule of the interface that had it`, async () => {
      const system = await createWideSystem();
      await openedFor(system, had);
      assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32', opened]);
      system.lose('UnassignPrivateIpAddresses');
      await unassign(system, web2, had);
      const run = await after(system, assign(system, web1, gets));
      assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32']);
      const { own } = outputOf(run, 'ReleaseTurn')['outcome'] as {
        readonly own: { readonly first: readonly string[] };
      };
      assert.match(own.first.join(), new RegExp(`^${web1}: .*(removed|shrunk) "${web2}-\\d+"`));
    });
  }

  test('the address by which clients reach it before NAT: goes from the rule as well', async () => {
    const system = await createWideSystem({
      environment: { PRE_NAT_ADDRESSES: '{"10.0.1.70":"198.51.100.7"}' },
    });
    await openedFor(system, { PrivateIpAddresses: ['10.0.1.70'] });
    assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32', '198.51.100.7/32']);
    system.lose('UnassignPrivateIpAddresses');
    await unassign(system, web2, single);
    await after(system, assign(system, web1, single));
    assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32']);
  });

  test('of an instance that is gone: the run for the new instance takes it from the rule, which needs no approval', async () => {
    const system = await createWideSystem({ environment: { BRAKE_INTERFACES: '0', BRAKE_PERCENT: '0' } });
    await calls(system).start(web2);
    system.lose('TerminateInstances');
    system.clock.advance(60_000);
    await terminate(web2)(system);
    // EC2 forgets a terminated instance in time.
    system.clock.advance(3_600_000);
    system.parts.ec2.rearrange((account) => ({
      ...account,
      instances: new Map([...account.instances].filter(([id]) => id !== web2)),
    }));
    const run = await after(
      system,
      system.ec2.send(
        new RunInstancesCommand({
          ImageId: 'ami-0123456789abcdef0',
          MinCount: 1,
          MaxCount: 1,
          SubnetId: ids.privateSubnet,
          SecurityGroupIds: [ids.commonGroup],
          PrivateIpAddress: '10.0.1.12',
        }),
      ),
    );
    assert.ok(statesOf(run).includes('Commit'));
    assert.deepEqual(await system.opened('tcp-443'), []);
  });

  test('takes only what holds the address from the rule: other interfaces of it stay', async () => {
    const system = await createWideSystem();
    system.addInterface({
      id: 'eni-0000000000000005a',
      address: '10.0.1.90',
      groups: [ids.webGroup],
      instance: web3,
    });
    await openedFor(system, { PrivateIpAddresses: ['10.0.1.70'] });
    await resync(system);
    const before = await system.opened('tcp-443');
    assert.deepEqual(before, ['10.0.1.12/32', '10.0.1.70/32', '10.0.1.90/32']);
    system.lose('UnassignPrivateIpAddresses');
    await unassign(system, web2, single);
    const run = await after(system, assign(system, web1, single));
    assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32', '10.0.1.90/32']);
    assert.doesNotMatch(JSON.stringify(outputOf(run, 'ResolveInterfaces')['interfaces']), /10\.0\.1\.90/);
  });
});

describe('an interface that moves to another instance', () => {
  const eni = 'eni-0000000000000005a';
  /** Attached to `web2`, in the group that opens 443, and opened; then attached to `to`, where the events of `lost` never come. */
  const moved = async (system: WideSystem, to: string, ...lost: readonly string[]) => {
    system.addInterface({ id: eni, address: '10.0.1.90', groups: [ids.webGroup], instance: web2 });
    await calls(system).start(web2);
    assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32', '10.0.1.90/32']);
    system.lose('DetachNetworkInterface', ...lost);
    system.changeInterface(eni, ({ Attachment: _, ...free }) => ({ ...free, Attachment: undefined as never }));
    system.clock.advance(60_000);
    await system.ec2.send(
      new AttachNetworkInterfaceCommand({ NetworkInterfaceId: eni, InstanceId: to, DeviceIndex: 1 }),
    );
    await system.idle();
  };

  test('has its rule follow it: the record names the instance it is attached to now', async () => {
    const system = await createWideSystem();
    await moved(system, web1);
    const holders = (await system.records())
      .flatMap(({ contributions }) => contributions.destinations)
      .filter((destination) => destination.interface === eni)
      .map(({ instance }) => instance);
    assert.deepEqual([...new Set(holders)], [web1]);
    const destinations = (await system.records()).flatMap(({ contributions }) => contributions.destinations);
    assert.deepEqual([...new Set(destinations.map(({ vpc }) => vpc))], [ids.vpc]);
    assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32', '10.0.1.90/32']);
  });

  for (const [what, end] of [
    ['terminated', terminate(web1)],
    ['stopped', stop(web1)],
  ] as const) {
    test(`loses its rule when that instance is ${what}`, async () => {
      const system = await createWideSystem();
      await moved(system, web1);
      system.clock.advance(60_000);
      await after(system, end(system));
      assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32']);
    });
  }

  test('loses its rule when that instance is stopped, also when no event of its move ever came', async () => {
    const system = await createWideSystem();
    await moved(system, web1, 'AttachNetworkInterface');
    system.clock.advance(60_000);
    await after(system, stop(web1)(system));
    assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32']);
  });

  test('loses its rule when that instance does not run', async () => {
    const system = await createWideSystem();
    system.clock.advance(60_000);
    await calls(system).stop(web3);
    system.clock.advance(600_000);
    await moved(system, web3);
    assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.12/32']);
  });
});

describe('an instance that goes while the run for its start is under way', () => {
  /** Ends the instance when the run for its start is about to enter a state, and waits until that event has been recorded. */
  const endedBefore = async (state: string, end: ReturnType<typeof terminate>) => {
    let start = '';
    let ended = false;
    const recorded = Promise.withResolvers<void>();
    const system: WideSystem = await createWideSystem({
      around: async ({ stateName, executionArn }, run) => {
        start ||= executionArn;
        if (stateName === state && executionArn === start && !ended) {
          ended = true;
          await end(system);
          await recorded.promise;
        }
        try {
          return await run();
        } finally {
          if (stateName === 'RecordChange' && executionArn !== start) recorded.resolve();
        }
      },
    });
    await calls(system).start(web2);
    return system;
  };

  for (const state of ['DeriveRules', 'TestRules', 'ApplyRules', 'Commit']) {
    test(`terminated before ${state} of that run: nothing of it stays open once both runs have ended`, async () => {
      const system = await endedBefore(state, terminate(web2));
      assert.deepEqual(
        system.runs().map(({ status }) => status),
        ['SUCCEEDED', 'SUCCEEDED'],
      );
      assert.deepEqual(await system.opened('tcp-443'), []);
    });
  }

  test('nobody writes: the run for an instance that no rule was made for ends before the turn', async () => {
    const system = await createWideSystem();
    const run = await after(system, terminate(web2)(system));
    assert.deepEqual(statesOf(run), ['RecordChange']);
    assert.match(String(outputOf(run, 'RecordChange')['because']), /no rule was made for one/);
  });
});
