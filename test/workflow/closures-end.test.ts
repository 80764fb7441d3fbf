/** What ends a closure, and what does not, where several instances, interfaces and hands are concerned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { calls, colleague, fromAnywhere, resync, resyncRun, ruleXpath, web2 } from '../support/calls.ts';
import { accountWith, serverId, serving } from '../support/many-servers.ts';
import { createTestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

test('one address taken out of a shared rule stays closed through stop and start of its instance', async () => {
  const system = await serving(3);
  await calls(system).grant(ids.webGroup, fromAnywhere(9443));
  const open9443 = async () =>
    (await system.rules())
      .filter(({ owned, service }) => owned && service.includes('tcp-9443'))
      .map(({ name, destination }) => `${name} ${destination}`);
  const [rule] = (await system.rules()).filter(({ owned, service }) => owned && service.includes('tcp-9443'));
  const other = colleague(system);
  other.edit(
    `${ruleXpath(rule?.name ?? '')}/destination`,
    '<destination><member>10.0.1.11/32</member><member>10.0.1.13/32</member></destination>',
  );
  other.commit();
  await resync(system);
  await calls(system).stop(serverId(1));
  system.clock.advance(60_000);
  await calls(system).start(serverId(1));
  await resync(system);
  assert.deepEqual(
    (await open9443()).filter((each) => each.includes('10.0.1.12')),
    [],
  );
});

test('a permission that grants it again while the instance is stopped keeps it closed', async () => {
  const system = await createTestSystem();
  await calls(system).start(web2);
  const other = colleague(system);
  other.set(ruleXpath(`${web2}-1`), '<disabled>yes</disabled>');
  other.commit();
  await resync(system);
  await calls(system).revoke(ids.webGroup, fromAnywhere(443));
  await resync(system);
  await calls(system).stop(web2);
  system.clock.advance(60_000);
  await resync(system);
  await calls(system).grant(ids.webGroup, fromAnywhere(443));
  for (let hour = 0; hour < 25; hour += 1) {
    system.clock.advance(3_600_000);
    await resync(system);
  }
  await calls(system).start(web2);
  const ours = (await system.rules())
    .filter(({ owned }) => owned)
    .map(({ name, destination }) => `${name} ${destination}`);
  assert.deepEqual(
    ours.filter((each) => each.includes('10.0.1.12')),
    [],
  );
});

test('one moment in which EC2 does not show the instance, then a stop of a day', async () => {
  const system = await createTestSystem();
  await calls(system).start(web2);
  const other = colleague(system);
  other.set(ruleXpath(`${web2}-1`), '<disabled>yes</disabled>');
  other.commit();
  await calls(system).stop(web2);
  system.clock.advance(60_000);
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
  for (let hour = 0; hour < 25; hour += 1) {
    system.clock.advance(3_600_000);
    await resync(system);
  }
  await calls(system).start(web2);
  const ours = (await system.rules())
    .filter(({ owned }) => owned)
    .map(({ name, destination }) => `${name} ${destination}`);
  assert.deepEqual(
    ours.filter((each) => each.includes('10.0.1.12')),
    [],
  );
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
  const him = colleague(system);
  him.set(ruleXpath(name), '<disabled>yes</disabled>');
  him.commit();
  await resync(system);
  await calls(system).stop(serverId(0));
  system.clock.advance(60_000);
  await calls(system).start(serverId(0));
  await resync(system);
  await calls(system).grant(other, fromAnywhere(7500));
  await calls(system).stop(serverId(0));
  system.clock.advance(60_000);
  for (let hour = 0; hour < 25; hour += 1) {
    system.clock.advance(3_600_000);
    await resync(system);
  }
  await calls(system).start(serverId(0));
  const found = (await system.rules())
    .filter(({ owned, service }) => owned && service.includes('tcp-8443'))
    .map((r) => `${r.name} ${r.destination}`);
  assert.deepEqual(found, []);
});

test('a reopening that failed is not carried out after he closed it anew', async () => {
  let dies = false;
  const system = await createTestSystem({
    around: ({ stateName }, run) => {
      if (stateName !== 'TestRules' || !dies) return run();
      throw Object.assign(new Error('x'), { name: 'FirewallRejected' });
    },
  });
  await calls(system).start(web2);
  const other = colleague(system);
  const set = (value: string) => {
    other.set(ruleXpath(`${web2}-1`), `<disabled>${value}</disabled>`);
    other.commit();
  };
  set('yes');
  await resync(system);
  dies = true;
  await resyncRun(system, { operator: { reopen: `${web2}-1` } });
  dies = false;
  set('no');
  await calls(system).grant(ids.webGroup, {
    IpProtocol: 'tcp',
    FromPort: 7000,
    ToPort: 7000,
    IpRanges: [{ CidrIp: '0.0.0.0/0' }],
  });
  set('yes');
  await calls(system).stop(web2);
  system.clock.advance(60_000);
  await resync(system);
  await calls(system).start(web2);
  const ours = (await system.rules())
    .filter(({ owned }) => owned)
    .map(({ name, destination, service }) => `${name} ${destination} ${service}`);
  assert.deepEqual(
    ours.filter((each) => each.includes('tcp-443')),
    [],
  );
});
