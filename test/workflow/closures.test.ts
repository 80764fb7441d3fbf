import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModifyInstanceAttributeCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { administratorsRules, calls, colleague, outputOf, resync, ruleXpath, web2, web3 } from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const ours = `${web2}-1`;
const ports = (from: number, to: number, cidr = '0.0.0.0/0') => ({
  IpProtocol: 'tcp',
  FromPort: from,
  ToPort: to,
  IpRanges: [{ CidrIp: cidr }],
});
const element = (tag: string, ...members: readonly string[]): string =>
  `<${tag}>${members.map((member) => `<member>${member}</member>`).join('')}</${tag}>`;

/** Acts as a colleague does, and commits. */
const meddle = (system: TestSystem, act: (other: ReturnType<typeof colleague>) => void): void => {
  const other = colleague(system);
  act(other);
  other.commit();
};
const disable = (name: string) => (other: ReturnType<typeof colleague>) =>
  other.set(ruleXpath(name), '<disabled>yes</disabled>');
const enable = (name: string) => (other: ReturnType<typeof colleague>) =>
  other.set(ruleXpath(name), '<disabled>no</disabled>');

const own = async (system: TestSystem): Promise<readonly string[]> =>
  (await system.rules()).filter(({ owned }) => owned).map(({ name }) => name);
const isDisabled = (system: TestSystem, name: string): boolean =>
  new RegExp(`<entry name="${name}"(?:(?!</entry>).)*<disabled>yes</disabled>`, 's').test(
    system.parts.simulator.exportConfiguration('running'),
  );
/** Rules of ours in force, each with its members that matter here. */
const inForce = async (system: TestSystem): Promise<readonly string[]> =>
  (await system.rules())
    .filter(({ owned, name }) => owned && !isDisabled(system, name))
    .map(({ source, destination, service }) => `${source.join()} to ${destination.join()} ${service.join()}`);
const closedIn = (run: Awaited<ReturnType<typeof resync>>): string =>
  ((outputOf(run, 'TestRules')['tested'] as { closed?: { first: readonly string[] } }).closed?.first ?? []).join('\n');

/** The second web server runs and has its rule for tcp 443 from anywhere. */
const house = async (): Promise<TestSystem> => {
  const system = await createTestSystem();
  await calls(system).start(web2);
  assert.deepEqual(await own(system), [ours]);
  return system;
};

/** Stops the second web server, and waits until EC2 shows it stopped. */
const stopped = async (system: TestSystem): Promise<void> => {
  await calls(system).stop(web2);
  system.clock.advance(60_000);
};

describe('what an administrator closed stays closed', () => {
  test('when no run saw it before he deletes the rule, with the deletion still pending', async () => {
    const system = await house();
    meddle(system, disable(ours));
    const other = colleague(system);
    other.delete(ruleXpath(ours));
    const run = await resync(system);
    assert.equal(run.status, 'SUCCEEDED');
    assert.deepEqual(await inForce(system), [], 'no rule is made for what he closed');
    assert.match(closedIn(run), new RegExp(`"${ours}"`));
    assert.match(JSON.stringify(run.states), /without committing yet: what was closed in it stays closed/);
    other.commit();
    assert.equal((await resync(system)).status, 'SUCCEEDED');
    assert.deepEqual(await inForce(system), [], 'nor once the deletion is committed');
  });

  test('whichever port range asks for it', async () => {
    const system = await house();
    meddle(system, disable(ours));
    await calls(system).grant(ids.webGroup, ports(400, 500));
    await resync(system);
    assert.deepEqual(await inForce(system), []);
  });

  test('whichever other group of the instance asks for it', async () => {
    const system = await house();
    meddle(system, disable(ours));
    await calls(system).grant(ids.commonGroup, ports(443, 443));
    await system.ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: web2, Groups: [ids.webGroup, ids.commonGroup] }),
    );
    await system.idle();
    await resync(system);
    assert.deepEqual(
      (await inForce(system)).filter((rule) => rule.includes('10.0.1.12')),
      [],
    );
    assert.ok(
      (await inForce(system)).some((rule) => rule.includes('10.0.1.11')),
      'other instances are not concerned',
    );
  });

  test('whichever permission asks for it anew, when the one that was there is replaced', async () => {
    const system = await house();
    meddle(system, disable(ours));
    await calls(system).revoke(ids.webGroup, ports(443, 443));
    await calls(system).grant(ids.webGroup, ports(443, 443));
    await resync(system);
    assert.deepEqual(await inForce(system), []);
  });

  test('through stop and start, and the start says what it did not open and how to open it', async () => {
    const system = await house();
    meddle(system, disable(ours));
    await stopped(system);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    const run = await calls(system).start(web2);
    assert.deepEqual(await own(system), []);
    assert.match(
      closedIn(run),
      new RegExp(`^closed in "${ours}" for ${web2} .*tcp/443.* from 0\\.0\\.0\\.0/0\\. To open it again`),
    );
    assert.match(String(outputOf(run, 'TestRules')['because']), /overridden by rules above, or closed/);
    assert.ok(
      system.parts.sns.published.some(({ message }) => message.includes(`closed in "${ours}" for ${web2}`)),
      'and it is told',
    );
  });

  test('only the sources he took out: the others are open again after stop and start', async () => {
    const system = await house();
    await calls(system).grant(ids.webGroup, ports(8080, 8080), ports(8080, 8080, '198.51.100.0/24'));
    const [rule] = (await system.rules()).filter(({ service }) => service.includes('tcp-8080'));
    assert.ok(rule);
    meddle(system, (other) => other.edit(`${ruleXpath(rule.name)}/source`, element('source', '198.51.100.0/24')));
    await stopped(system);
    await calls(system).start(web2);
    const open = (await inForce(system)).filter((each) => each.endsWith('tcp-8080'));
    assert.deepEqual(open, ['198.51.100.0/24 to 10.0.1.12/32 tcp-8080']);
  });

  test('what a rule that he narrowed loses with its rectangle is not opened by another', async () => {
    const system = await createTestSystem();
    await system.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: web3, Groups: [ids.webGroup] }));
    await calls(system).start(web2);
    await calls(system).grant(ids.webGroup, ports(9000, 9000, '198.51.100.0/24'), ports(9000, 9000, '203.0.113.0/24'));
    const [rule] = (await system.rules()).filter(({ service }) => service.includes('tcp-9000'));
    assert.ok(rule);
    meddle(system, (other) => other.edit(`${ruleXpath(rule.name)}/source`, element('source', '198.51.100.0/24')));
    await calls(system).revoke(ids.webGroup, ports(9000, 9000, '198.51.100.0/24'));
    await resync(system);
    assert.deepEqual(
      (await inForce(system)).filter((each) => each.endsWith('tcp-9000')),
      [],
    );
  });

  test('is said in every run that passes it', async () => {
    const system = await house();
    meddle(system, disable(ours));
    const first = await resync(system);
    const second = await resync(system);
    for (const run of [first, second]) {
      assert.match(closedIn(run), new RegExp(`closed in "${ours}" for ${web2}`));
      assert.doesNotMatch(String(outputOf(run, 'TestRules')['because']), /already says what EC2 grants/);
    }
  });
});

describe('what an administrator closed is open again', () => {
  test('when he enables the rule again', async () => {
    const system = await house();
    meddle(system, disable(ours));
    await resync(system);
    meddle(system, enable(ours));
    const run = await resync(system);
    assert.equal(closedIn(run), '');
    await stopped(system);
    await calls(system).start(web2);
    assert.equal((await inForce(system)).length, 1);
  });

  test('when the instance is terminated, for one that gets its address', async () => {
    const system = await house();
    meddle(system, disable(ours));
    await resync(system);
    await system.ec2.send(new TerminateInstancesCommand({ InstanceIds: [web2] }));
    await resync(system);
    assert.deepEqual(await system.closures(), []);
  });

  test('when no permission has granted it for a day, and no sooner', async () => {
    const system = await house();
    meddle(system, disable(ours));
    await calls(system).revoke(ids.webGroup, ports(443, 443));
    await resync(system);
    system.clock.advance(23 * 3600_000);
    await resync(system);
    await calls(system).grant(ids.webGroup, ports(443, 443));
    assert.deepEqual(await inForce(system), [], 'after 23 hours it is still closed');
    await calls(system).revoke(ids.webGroup, ports(443, 443));
    await resync(system);
    system.clock.advance(25 * 3600_000);
    await resync(system);
    await calls(system).grant(ids.webGroup, ports(443, 443));
    assert.equal((await inForce(system)).length, 1);
  });

  test('never by his uncommitted edit alone, which closes at once for what is added', async () => {
    const system = await house();
    const other = colleague(system);
    other.set(ruleXpath(ours), '<disabled>yes</disabled>');
    await calls(system).grant(ids.webGroup, ports(400, 500));
    assert.deepEqual(await inForce(system), ['0.0.0.0/0 to 10.0.1.12/32 tcp-443']);
    assert.deepEqual(await system.closures(), [], 'he may take it back');
    other.commit();
    await resync(system);
    meddle(system, enable(ours));
    await resync(system);
    assert.equal((await inForce(system)).length, 2);
  });
});

describe('a service object of ours', () => {
  test('that an administrator widened is put right, also where he edited the description of the rule', async () => {
    const system = await house();
    const service =
      "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/service/entry[@name='tcp-443']";
    meddle(system, (other) => {
      other.edit(`${ruleXpath(ours)}/description`, '<description>seen</description>');
      other.set(`${service}/protocol/tcp`, '<port>1-65535</port>');
    });
    await resync(system);
    const names = (await system.rules()).filter(({ owned }) => owned).flatMap((rule) => rule.service);
    assert.deepEqual(names, ['tcp-443-2']);
  });
});

describe('a stop while a colleague', () => {
  test('has staged that the rule is disabled says that it is still open', async () => {
    const system = await house();
    const other = colleague(system);
    other.set(ruleXpath(ours), '<disabled>yes</disabled>');
    const run = await calls(system).stop(web2);
    const { notTouched } = outputOf(run, 'TestRules')['tested'] as { notTouched: { first: readonly string[] } };
    assert.match(notTouched.first.join(), /what it no longer should allow stays open/);
  });
});
