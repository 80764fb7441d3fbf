/** What the system writes bears the mark of its table, by which it is known without the table. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AssignPrivateIpAddressesCommand,
  DescribeInstancesCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { tableMarked } from '../../shared/domain/rules/mark.ts';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import {
  calls,
  causeOf,
  colleague,
  outputOf,
  resync,
  resyncRun,
  ruleFields,
  ruleXpath,
  web2,
} from '../support/calls.ts';
import { ownRules } from '../support/hands.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';

const ours = `${web2}-1`;
const words = 'StartInstances, as an earlier release wrote it';

const running = (system: TestSystem): string => system.parts.simulator.exportConfiguration('running');
const recordsOf = (system: TestSystem) =>
  tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment)).records;
const tableOf = (system: TestSystem): Promise<string> =>
  recordsOf(system).identity(() => assert.fail('the table has no id'));
const descriptionOf = (system: TestSystem, name: string): string =>
  new RegExp(`<entry name="${name}"(?:(?!</entry>)[\\s\\S])*?<description>([^<]*)</description>`).exec(
    running(system),
  )?.[1] ?? '';

const started = async (): Promise<TestSystem> => {
  const system = await createTestSystem({ moreEvents: true });
  await calls(system).start(web2);
  return system;
};

/** The rule as an earlier release left it: without the mark, on the firewall and in its record. */
const writtenBefore = async (system: TestSystem): Promise<void> => {
  const records = recordsOf(system);
  const record = (await records.rules()).find(({ id }) => id === ours) ?? assert.fail('no record');
  await records.putRule({ ...record, content: { ...record.content, description: words } });
  const admin = colleague(system);
  admin.edit(`${ruleXpath(ours)}/description`, `<description>${words}</description>`);
  admin.commit();
};

const administratorOf = (system: TestSystem): string =>
  settingsFrom(system.surroundings.world.environment).FIREWALL_ADMINISTRATOR;
const unrecordedOf = (run: Awaited<ReturnType<typeof resync>>): readonly string[] =>
  (outputOf(run, 'TestRules')['tested'] as { unrecorded?: { first: readonly string[] } }).unrecorded?.first ?? [];
const told = (system: TestSystem, subject: string): readonly string[] =>
  system.parts.sns.published.flatMap((each) => (each.subject?.endsWith(subject) ? [each.message ?? ''] : []));
/** The record of the rule is lost, as when the table is restored to an older day. */
const loseRecord = async (system: TestSystem): Promise<void> => {
  const records = recordsOf(system);
  const record = (await records.rules()).find(({ id }) => id === ours) ?? assert.fail('no record');
  await records.dropRule(record);
};
const describedAs = (system: TestSystem, description: string): void => {
  const admin = colleague(system);
  admin.edit(`${ruleXpath(ours)}/description`, `<description>${description}</description>`);
  admin.commit();
};

describe('a resync reports rules that no record knows', () => {
  test('with the mark of the table: by name, uuid and what they allow, and tells it once', async () => {
    const system = await started();
    assert.deepEqual(unrecordedOf(await resync(system)), []);
    await loseRecord(system);
    const [line = '', ...more] = unrecordedOf(await resync(system));
    assert.deepEqual(more, []);
    assert.match(
      line,
      new RegExp(`^"${ours}" \\(uuid [0-9a-f-]{36}\\) bears this system's mark and no record knows it`),
    );
    assert.match(line, /it allows 0\.0\.0\.0\/0 to 10\.0\.1\.12\/32, tcp-443 \(/);
    assert.deepEqual(unrecordedOf(await resync(system)), [line]);
    assert.deepEqual(told(system, 'rules that no record knows'), [line]);
  });

  test('a copy beside its living original, as a copy', async () => {
    const system = await started();
    const admin = colleague(system);
    const description = descriptionOf(system, ours);
    admin.addRule('Mine', `${ruleFields({ destination: '10.9.9.9' })}<description>${description}</description>`);
    admin.commit();
    const [line = ''] = unrecordedOf(await resync(system));
    assert.match(
      line,
      new RegExp(`^"Mine" .* is a copy of "${ours}", which is this system's; the copy is not: it allows`),
    );
    await resync(system);
    assert.equal(told(system, 'rules that no record knows').length, 1);
    await calls(system).stop(web2);
    assert.match(running(system), /<entry name="Mine"/);
  });

  test("with another table's mark: never as ours, once for each table", async () => {
    const system = await started();
    await loseRecord(system);
    describedAs(system, 'elsewhere [sync:00000000000000aa]');
    const lines = unrecordedOf(await resync(system));
    assert.deepEqual(lines.length, 1);
    assert.match(lines[0] ?? '', new RegExp(`^"${ours}": rules with the mark of another table \\(00000000000000aa\\)`));
    await resync(system);
    assert.equal(told(system, 'rules with the mark of another table').length, 1);
    await calls(system).stop(web2);
    assert.match(running(system), new RegExp(`<entry name="${ours}"`));
  });
});

test("another deployment's edits under our account are refused, with the table whose mark they bear, and stay", async () => {
  const system = await started();
  const other = colleague(system, administratorOf(system));
  const description = '<description>elsewhere [sync:00000000000000aa]</description>';
  other.addRule('i-0e-1', `${ruleFields({ destination: '10.9.9.9' })}${description}`);
  const run = await resyncRun(system);
  assert.equal(run.error, 'NotOurAdministrator');
  assert.match(causeOf(run), /"i-0e-1" bears the mark of the table 00000000000000aa: another deployment/);
  assert.match(system.parts.simulator.exportConfiguration('candidate'), /<entry name="i-0e-1"/);
});

describe('an operator decides over a rule that no record knows', () => {
  const operate = async (system: TestSystem, operator: Readonly<Record<string, unknown>>) => {
    const run = await resyncRun(system, { operator });
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    return run;
  };
  const reportsOf = (run: Awaited<ReturnType<typeof resync>>): string =>
    JSON.stringify((outputOf(run, 'TestRules')['tested'] as { reports?: unknown }).reports ?? null);
  const ownNames = async (system: TestSystem) => (await ownRules(system)).map(({ name }) => name);

  for (const whose of ['the table', 'a table that was replaced']) {
    test(`adopted, with the mark of ${whose}: it is owned as it stands, and goes with its last grant`, async () => {
      const system = await started();
      await loseRecord(system);
      if (whose !== 'the table') describedAs(system, 'before [sync:00000000000000aa]');
      const before = running(system);
      await operate(system, { adopt: ours });
      assert.equal(running(system), before);
      assert.deepEqual(await ownNames(system), [ours]);
      assert.deepEqual(unrecordedOf(await resync(system)), []);
      await calls(system).stop(web2);
      assert.doesNotMatch(running(system), new RegExp(`<entry name="${ours}"`));
    });
  }

  test('not adopted when it says more than EC2 grants: that is said, with how to have it removed', async () => {
    const system = await started();
    await loseRecord(system);
    const admin = colleague(system);
    admin.set(`${ruleXpath(ours)}/destination`, '<member>10.0.1.99/32</member>');
    admin.commit();
    assert.match(
      reportsOf(await operate(system, { adopt: ours })),
      /is not adopted: it does not say exactly what EC2 grants/,
    );
    assert.deepEqual(await ownNames(system), []);
  });

  test('removed: it goes, and what EC2 grants is made anew', async () => {
    const system = await started();
    await loseRecord(system);
    const run = await operate(system, { remove: ours });
    assert.match(reportsOf(run), new RegExp(`${ours}[^,]* is removed, as an operator asked`));
    assert.deepEqual(await ownNames(system), [`${web2}-2`]);
    assert.doesNotMatch(running(system), new RegExp(`<entry name="${ours}"`));
    assert.equal(outputOf(await resync(system), 'TestRules')['work'], 'none');
  });

  test('a rule without a mark is neither adopted nor removed, and a rule of ours stays', async () => {
    const system = await started();
    const before = running(system);
    for (const verb of ['adopt', 'remove']) {
      const run = await operate(system, { [verb]: 'Web in' });
      assert.match(reportsOf(run), /Web in[^,]* is not (adopted|removed): no running rule of that name bears a mark/);
      await operate(system, { [verb]: ours });
    }
    assert.equal(running(system), before);
  });
});

describe('the mark of the table', () => {
  test('is in the description of each rule and each service object that is written', async () => {
    const system = await started();
    const table = await tableOf(system);
    assert.match(descriptionOf(system, ours), /^StartInstances.*\(sg-.*, tcp 443\) \[sync:[0-9a-f]{16}\]$/);
    assert.equal(tableMarked(descriptionOf(system, ours)), table);
    assert.equal(descriptionOf(system, 'tcp-443'), `policy-sync [sync:${table}]`);
  });

  test('comes to a rule of an earlier release with what is written to it next, and never for its own sake', async () => {
    const system = await started();
    await writtenBefore(system);
    const before = running(system);
    const quiet = await resync(system);
    assert.equal(outputOf(quiet, 'TestRules')['work'], 'none');
    assert.equal(running(system), before);

    system.clock.advance(60_000);
    const { Reservations } = await system.ec2.send(new DescribeInstancesCommand({ InstanceIds: [web2] }));
    const NetworkInterfaceId = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces?.[0]?.NetworkInterfaceId;
    const wanted = `${words} [sync:${await tableOf(system)}]`;
    const address = { NetworkInterfaceId, PrivateIpAddresses: ['10.0.1.21'] };
    await system.ec2.send(new AssignPrivateIpAddressesCommand(address));
    await system.idle();
    assert.equal(descriptionOf(system, ours), wanted);
    await writtenBefore(system);
    system.clock.advance(60_000);
    await system.ec2.send(new UnassignPrivateIpAddressesCommand(address));
    await system.idle();
    assert.equal(descriptionOf(system, ours), wanted);
    assert.doesNotMatch(running(system), /10\.0\.1\.21/);
    assert.equal(outputOf(await resync(system), 'TestRules')['work'], 'none');
  });
});
