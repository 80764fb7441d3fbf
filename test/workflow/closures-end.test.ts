/** What ends a closure, and what does not, where several instances, interfaces and hands are concerned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { calls, colleague, fromAnywhere, resync, resyncRun, ruleXpath, web2 } from '../support/calls.ts';
import { accountWith, serverId, serving } from '../support/many-servers.ts';
import { createTestSystem, type TestSystem, type TestSystemOptions } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

/** Our rules, by name and service, that have an address as destination. */
const oursAt = async (system: TestSystem, address: string, service = ''): Promise<readonly string[]> =>
  (await system.rules())
    .filter((rule) => rule.owned && rule.destination.includes(address) && rule.service.join().includes(service))
    .map((rule) => `${rule.name} ${rule.service}`);

/** An administrator disables a rule, or enables it again, and commits. */
const setDisabled = (system: TestSystem, name: string, value: 'yes' | 'no'): void => {
  const other = colleague(system);
  other.set(ruleXpath(name), `<disabled>${value}</disabled>`);
  other.commit();
};

const aDayOfResyncs = async (system: TestSystem): Promise<void> => {
  for (let hour = 0; hour < 25; hour += 1) {
    system.clock.advance(3_600_000);
    await resync(system);
  }
};

/** The second web server has a rule, which an administrator has disabled. */
const disabledHouse = async (options: TestSystemOptions = {}): Promise<TestSystem> => {
  const system = await createTestSystem(options);
  await calls(system).start(web2);
  assert.deepEqual(await oursAt(system, '10.0.1.12/32'), [`${web2}-1 tcp-443`]);
  setDisabled(system, `${web2}-1`, 'yes');
  await resync(system);
  return system;
};

const stopped = async (system: TestSystem, instance: string): Promise<void> => {
  await calls(system).stop(instance);
  system.clock.advance(60_000);
};

test('one address taken out of a shared rule stays closed through stop and start of its instance', async () => {
  const system = await serving(3);
  await calls(system).grant(ids.webGroup, fromAnywhere(9443));
  const [rule] = (await system.rules()).filter(({ owned, service }) => owned && service.includes('tcp-9443'));
  assert.ok(rule?.destination.includes('10.0.1.12/32') === true);
  const other = colleague(system);
  other.edit(
    `${ruleXpath(rule.name)}/destination`,
    '<destination><member>10.0.1.11/32</member><member>10.0.1.13/32</member></destination>',
  );
  other.commit();
  await resync(system);
  await stopped(system, serverId(1));
  await calls(system).start(serverId(1));
  await resync(system);
  assert.deepEqual(await oursAt(system, '10.0.1.12/32', 'tcp-9443'), []);
});

test('a permission that grants it again while the instance is stopped keeps it closed', async () => {
  const system = await disabledHouse();
  await calls(system).revoke(ids.webGroup, fromAnywhere(443));
  await resync(system);
  await stopped(system, web2);
  await resync(system);
  await calls(system).grant(ids.webGroup, fromAnywhere(443));
  await aDayOfResyncs(system);
  await calls(system).start(web2);
  assert.deepEqual(await oursAt(system, '10.0.1.12/32'), []);
});

test('one moment in which EC2 does not show the instance, then a stop of a day', async () => {
  const system = await disabledHouse();
  await stopped(system, web2);
  await resync(system);
  let kept: unknown = null;
  system.parts.ec2.rearrange((account) => {
    kept = account.instances.get(web2);
    return { ...account, instances: new Map([...account.instances].filter(([id]) => id !== web2)) };
  });
  await resync(system);
  system.parts.ec2.rearrange((account) => ({
    ...account,
    instances: new Map([...account.instances, [web2, kept as never]]),
  }));
  await aDayOfResyncs(system);
  await calls(system).start(web2);
  assert.deepEqual(await oursAt(system, '10.0.1.12/32'), []);
});

test('an event about the other interface of an instance starts no clock', async () => {
  const started = Date.UTC(2026, 10, 5, 9);
  const next = [0];
  const account = accountWith(2)({
    now: () => started,
    newId: () => `00000000-0000-4000-8000-${String(next.push(0)).padStart(12, '0')}`,
  });
  const system = await createTestSystem({ account });
  const { GroupId: other = '' } = await system.ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'other', Description: 'other', VpcId: ids.vpc }),
  );
  // The interface of the second server becomes a second one of the first, in the other group.
  system.parts.ec2.rearrange((now) => ({
    ...now,
    instances: new Map([...now.instances].filter(([id]) => id !== serverId(1))),
    interfaces: new Map(
      [...now.interfaces].map(([id, one]) => [
        id,
        one.Attachment?.InstanceId === serverId(1)
          ? {
              ...one,
              Groups: [{ GroupId: other, GroupName: 'other' }],
              Attachment: { ...one.Attachment, InstanceId: serverId(0), DeviceIndex: 1 },
            }
          : one,
      ]),
    ) as never,
  }));
  await resync(system);
  await calls(system).grant(other, fromAnywhere(7443));
  const name = (await system.rules()).find(({ owned, service }) => owned && service.includes('tcp-8443'))?.name ?? '';
  assert.notEqual(name, '');
  setDisabled(system, name, 'yes');
  await resync(system);
  await stopped(system, serverId(0));
  await calls(system).start(serverId(0));
  await resync(system);
  await calls(system).grant(other, fromAnywhere(7500));
  await stopped(system, serverId(0));
  await aDayOfResyncs(system);
  await calls(system).start(serverId(0));
  assert.deepEqual(await oursAt(system, '10.0.1.11/32', 'tcp-8443'), []);
});

test('a reopening that failed is not carried out after he closed it anew', async () => {
  let dies = false;
  const system = await disabledHouse({
    around: ({ stateName }, run) => {
      if (stateName !== 'TestRules' || !dies) return run();
      throw Object.assign(new Error('x'), { name: 'FirewallRejected' });
    },
  });
  dies = true;
  const reopening = await resyncRun(system, { operator: { reopen: `${web2}-1` } });
  assert.equal(reopening.error, 'FirewallRejected');
  dies = false;
  setDisabled(system, `${web2}-1`, 'no');
  await calls(system).grant(ids.webGroup, fromAnywhere(7000));
  setDisabled(system, `${web2}-1`, 'yes');
  await stopped(system, web2);
  await resync(system);
  await calls(system).start(web2);
  assert.deepEqual(await oursAt(system, '10.0.1.12/32', 'tcp-443'), []);
});
