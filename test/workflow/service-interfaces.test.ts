/** Interfaces that services of AWS make and change: with the setting, events about them are carried out like any other. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calls, causeOf, fromAnywhere, outputOf, statesOf } from '../support/calls.ts';
import { createWideSystem, type WideSystem } from '../support/wide-account.ts';
import { ids } from '../system/demo-account.ts';

const eni = 'eni-0000000000000005a';
const included = { environment: { SERVICE_INTERFACES: 'include' } };

const lastRun = (system: WideSystem) => {
  const run = system.runs().at(-1);
  assert.ok(run !== undefined, 'no execution was started');
  assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  return run;
};

const created = (groups: readonly string[]) => ({
  networkInterface: {
    networkInterfaceId: eni,
    subnetId: ids.privateSubnet,
    vpcId: ids.vpc,
    groupSet: { items: groups.map((groupId) => ({ groupId })) },
  },
});

const kinds = {
  'a database': { type: 'interface', requester: 'amazon-rds' },
  'a load balancer': { type: 'network_load_balancer', requester: 'amazon-elb' },
  'a pod of EKS': { type: 'branch' },
} as const;

describe('with SERVICE_INTERFACES=include', () => {
  for (const [whose, kind] of Object.entries(kinds)) {
    const withInterface = async (groups: readonly string[]) => {
      const system = await createWideSystem(included);
      system.addInterface({ id: eni, address: '10.0.1.90', groups, ...kind });
      await system.tell('CreateNetworkInterface', { subnetId: ids.privateSubnet }, created(groups));
      return system;
    };

    test(`the interface of ${whose} is opened by the run for its creation, and closed by that for its deletion`, async () => {
      const system = await withInterface([ids.webGroup]);
      lastRun(system);
      assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.90/32']);
      system.changeInterface(eni, () => null);
      system.clock.advance(60_000);
      await system.tell('DeleteNetworkInterface', { networkInterfaceId: eni });
      lastRun(system);
      assert.deepEqual(await system.opened('tcp-443'), []);
    });

    test(`the interface of ${whose} gets and loses what a change of its groups grants`, async () => {
      const system = await withInterface([ids.commonGroup]);
      const modified = async (group: string) => {
        system.changeInterface(eni, () => ({ Groups: [{ GroupId: group }] }));
        system.clock.advance(60_000);
        await system.tell('ModifyNetworkInterfaceAttribute', {
          networkInterfaceId: eni,
          groupSet: { items: [{ groupId: group }] },
        });
        lastRun(system);
        return system.opened('tcp-443');
      };
      assert.deepEqual(await modified(ids.webGroup), ['10.0.1.90/32']);
      assert.deepEqual(await modified(ids.commonGroup), []);
    });

    test(`an address given to the interface of ${whose} is opened`, async () => {
      const system = await withInterface([ids.webGroup]);
      system.changeInterface(eni, (held) => ({
        PrivateIpAddresses: [...held.PrivateIpAddresses, { Primary: false, PrivateIpAddress: '10.0.1.91' }],
      }));
      system.clock.advance(60_000);
      await system.tell('AssignPrivateIpAddresses', {
        networkInterfaceId: eni,
        privateIpAddressesSet: { items: [{ privateIpAddress: '10.0.1.91' }] },
      });
      lastRun(system);
      assert.deepEqual(await system.opened('tcp-443'), ['10.0.1.90/32', '10.0.1.91/32']);
    });

    test(`a port opened in a group that the interface of ${whose} carries is opened on it`, async () => {
      const system = await withInterface([ids.webGroup]);
      await calls(system).grant(ids.webGroup, fromAnywhere(8443));
      assert.deepEqual(await system.opened('tcp-8443'), ['10.0.1.90/32']);
    });
  }

  test('rules that an event about an interface brings are called after its group, and describe that event', async () => {
    const system = await createWideSystem(included);
    system.addInterface({ id: eni, address: '10.0.1.90', groups: [ids.webGroup], ...kinds['a database'] });
    await system.tell('CreateNetworkInterface', { subnetId: ids.privateSubnet }, created([ids.webGroup]));
    assert.ok((await system.ruleNames()).includes(`${ids.webGroup}-1`));
    const [record] = await system.records();
    assert.match(record?.content.description ?? '', /^CreateNetworkInterface by service\.amazonaws\.com/);
  });
});

describe('with SERVICE_INTERFACES=leave-out', () => {
  for (const [whose, kind, reason] of [
    [
      'a database',
      kinds['a database'],
      /CreateNetworkInterface .*SERVICE_INTERFACES leaves the interfaces of services out/,
    ],
    [
      'a pod of EKS',
      kinds['a pod of EKS'],
      /CreateNetworkInterface .*SERVICE_INTERFACES leaves the interfaces of services out/,
    ],
  ] as const) {
    test(`an event about the interface of ${whose} ends before the turn, with the reason`, async () => {
      const system = await createWideSystem();
      system.addInterface({ id: eni, address: '10.0.1.90', groups: [ids.webGroup], ...kind });
      await system.tell('CreateNetworkInterface', { subnetId: ids.privateSubnet }, created([ids.webGroup]));
      const run = lastRun(system);
      assert.deepEqual(statesOf(run), ['RecordChange']);
      assert.match(String(outputOf(run, 'RecordChange')['because']), reason);
    });
  }
});

test('an interface that is gone before its event is read ends that run before the turn, if no rule was made for it', async () => {
  const system = await createWideSystem(included);
  await system.tell('DeleteNetworkInterface', { networkInterfaceId: eni });
  const run = lastRun(system);
  assert.deepEqual(statesOf(run), ['RecordChange']);
  assert.match(
    String(outputOf(run, 'RecordChange')['because']),
    new RegExp(`${eni}: EC2 does not know this interface`),
  );
});
