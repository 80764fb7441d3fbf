/** An administrator loads an older configuration: what this system changed since is brought forward, and nothing counts as closed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Execution } from '../local/step-functions/executions.ts';
import { calls, causeOf, colleague, fromAnywhere, outputOf, resync, ruleXpath, web1, web2 } from '../support/calls.ts';
import { ownRules, staged, strangers } from '../support/hands.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const [near, far] = ['198.51.100.0/24', '203.0.113.0/24'];
const monday = 'monday.xml';
const save = (system: TestSystem): void => {
  colleague(system).act({ type: 'op', cmd: `<save><config><to>${monday}</to></config></save>` });
};
const load = (system: TestSystem): void => {
  colleague(system).act({ type: 'op', cmd: `<load><config><from>${monday}</from></config></load>` });
};
const loadAndCommit = (system: TestSystem): void => {
  load(system);
  colleague(system).commit();
};
const reportsOf = (run: Execution): string => {
  const tested = (outputOf(run, 'TestRules')['tested'] ?? {}) as { reports?: { first: readonly string[] } };
  return (tested.reports?.first ?? []).join('\n');
};
/** What rules of ours let through to the common group's ports: `9000 from 198.51.100.0/24`. */
const open = async (system: TestSystem): Promise<readonly string[]> =>
  [
    ...new Set(
      (await ownRules(system)).flatMap(({ service, source }) =>
        service.flatMap((port) => source.map((from) => `${port} from ${from}`)),
      ),
    ),
  ]
    .filter((text) => /^tcp-90/.test(text))
    .sort();
const isQuiet = async (system: TestSystem): Promise<void> => {
  const before = system.parts.simulator.exportConfiguration('running');
  const run = await resync(system);
  assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  assert.equal(system.parts.simulator.exportConfiguration('running'), before, 'a further run changes nothing');
  assert.deepEqual([await strangers(system), staged(system)], [[], []]);
};

/** Each port of the common group is granted from two ranges, the configuration is saved, and the far one is revoked. */
const shrunk = async (...ports: readonly number[]): Promise<TestSystem> => {
  const system = await createTestSystem();
  await calls(system).start(web2);
  for (const port of ports) {
    await calls(system).grant(ids.commonGroup, fromAnywhere(port, near), fromAnywhere(port, far));
  }
  save(system);
  for (const port of ports) await calls(system).revoke(ids.commonGroup, fromAnywhere(port, far));
  assert.deepEqual(
    await open(system),
    ports.map((port) => `tcp-${port} from ${near}`),
  );
  return system;
};

describe('an older configuration that is loaded and committed', () => {
  test('opens what was revoked since: the next resync closes it again, and keeps what is granted', async () => {
    const system = await shrunk(9000, 9001);
    loadAndCommit(system);
    assert.equal((await open(system)).length, 4, 'it is open for now');
    const run = await resync(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.match(reportsOf(run), /says what it said before a later change of this system.*counts as nothing that an/);
    assert.deepEqual(await open(system), [`tcp-9000 from ${near}`, `tcp-9001 from ${near}`]);
    assert.deepEqual(await system.closures(), []);
    await isQuiet(system);
  });

  test('lacks what was added since: it is made again, and does not count as closed', async () => {
    const system = await createTestSystem({ environment: { RULE_GROUPING: 'group' } });
    await calls(system).stop(web1);
    for (const port of [9000, 9001]) await calls(system).grant(ids.commonGroup, fromAnywhere(port, near));
    save(system);
    system.clock.advance(120_000);
    await calls(system).start(web1);
    assert.equal((await system.records()).filter(({ earlier }) => (earlier ?? []).length > 0).length, 2, 'they grew');
    const addresses = async () => (await ownRules(system)).flatMap(({ destination }) => destination).sort();
    const before = await addresses();
    loadAndCommit(system);
    assert.notDeepEqual(await addresses(), before);
    const run = await resync(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(await addresses(), before);
    assert.deepEqual(await system.closures(), []);
    await isQuiet(system);
  });

  test('opens again what an administrator closed since: it stays closed, and the run says how to open it', async () => {
    const system = await shrunk(9000, 9001);
    const rule = (await ownRules(system)).find(({ service }) => service.includes('tcp-9000'));
    const other = colleague(system);
    other.set(ruleXpath(rule?.name ?? ''), '<disabled>yes</disabled>');
    other.commit();
    await resync(system);
    loadAndCommit(system);
    const run = await resync(system);
    assert.deepEqual(await open(system), [`tcp-9001 from ${near}`]);
    assert.match(JSON.stringify(outputOf(run, 'TestRules')), /closed in .*"reopen/);
    await isQuiet(system);
  });

  test('while it is loaded and not committed, nothing is closed by it and nothing of it is touched', async () => {
    const system = await shrunk(9000, 9001);
    load(system);
    const loaded = system.parts.simulator.exportConfiguration('candidate');
    const run = await resync(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.equal(system.parts.simulator.exportConfiguration('candidate'), loaded);
    assert.deepEqual(await system.closures(), []);
    colleague(system).commit();
    await resync(system);
    assert.deepEqual(await open(system), [`tcp-9000 from ${near}`, `tcp-9001 from ${near}`]);
  });

  test('an event of one instance leaves a rule that others share as it stands; the resync replaces it', async () => {
    const system = await shrunk(9000, 9001);
    system.clock.advance(120_000);
    await calls(system).start(web1);
    loadAndCommit(system);
    await calls(system).grant(ids.webGroup, fromAnywhere(8443, near));
    const run = await resync(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(await open(system), [`tcp-9000 from ${near}`, `tcp-9001 from ${near}`]);
    assert.deepEqual(await system.closures(), []);
  });
});

test('one rule alone that says what it said earlier may be an edit: what it lacks is closed, and said with how to open it', async () => {
  const system = await createTestSystem({ environment: { RULE_GROUPING: 'group' } });
  await calls(system).stop(web1);
  await calls(system).grant(ids.commonGroup, fromAnywhere(9000, near));
  system.clock.advance(120_000);
  await calls(system).start(web1);
  const [rule] = (await ownRules(system)).filter(({ service }) => service.includes('tcp-9000'));
  const records = await system.records();
  const grown = records.find(({ earlier }) => (earlier ?? []).length > 0);
  assert.equal(grown?.name, rule?.name, 'it has grown');
  const other = colleague(system);
  const left = rule?.destination.filter((address) => address !== '10.0.1.11/32') ?? [];
  const members = left.map((address) => `<member>${address}</member>`).join('');
  other.edit(`${ruleXpath(rule?.name ?? '')}/destination`, `<destination>${members}</destination>`);
  other.commit();
  const run = await resync(system);
  assert.deepEqual(
    (await system.closures()).map(({ instance }) => instance),
    [web1],
  );
  assert.match(JSON.stringify(outputOf(run, 'TestRules')), /closed in .*"reopen/);
});
