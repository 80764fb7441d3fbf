/** With RULE_GROUPING=group a rule is its group's: what an administrator closes in it is closed for all whom the group grants it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resync,
  resyncRun,
  ruleXpath,
  web1,
} from '../support/calls.ts';
import { ownRules } from '../support/hands.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const [first, third] = ['10.0.1.11/32', '10.0.1.13/32'];

/** The common group's port 9000 is granted while its first server is stopped, so that a rule with the third one alone stands. */
const grouped = async (RULE_GROUPING: 'event' | 'group' = 'group') => {
  const system = await createTestSystem({ environment: { RULE_GROUPING } });
  await calls(system).stop(web1);
  await calls(system).grant(ids.commonGroup, fromAnywhere(9000));
  const [rule, ...more] = await ownRules(system);
  assert.deepEqual([rule?.destination, more], [[third], []]);
  return { system, name: rule?.name ?? '' };
};
const starts = async (system: TestSystem, instance: string) => {
  system.clock.advance(120_000);
  const run = await calls(system).start(instance);
  assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  return run;
};
/** The addresses to which an enabled rule of ours opens port 9000. */
const open = async (system: TestSystem): Promise<readonly string[]> => {
  const running = system.parts.simulator.exportConfiguration('running');
  const rules = (await ownRules(system)).filter(({ service, name }) => {
    const entry = new RegExp(`<entry name="${name}" uuid(?:(?!</entry>).)*`, 's').exec(running)?.[0] ?? '';
    return service.includes('tcp-9000') && !entry.includes('<disabled>yes');
  });
  return rules.flatMap(({ destination }) => destination).sort();
};
const closedTexts = (run: Awaited<ReturnType<typeof starts>>): string =>
  JSON.stringify((outputOf(run, 'TestRules')['tested'] as { closed?: unknown }).closed ?? null);

test("a group's rule that is disabled stays closed for an instance that joins later, which its run says", async () => {
  const { system, name } = await grouped();
  const other = colleague(system);
  other.set(ruleXpath(name), '<disabled>yes</disabled>');
  other.commit();
  await resync(system);
  assert.deepEqual(
    (await system.closures()).map(({ instance, traffic }) => [instance, traffic !== undefined]),
    [[ids.commonGroup, true]],
  );
  const run = await starts(system, web1);
  assert.deepEqual(await open(system), []);
  assert.match(closedTexts(run), /closed in .*"reopen/);
  other.set(ruleXpath(name), '<disabled>no</disabled>');
  other.commit();
  await resyncRun(system);
  assert.deepEqual([await open(system), await system.closures()], [[first, third], []]);
});

test('it outlives the rule, and a reopening by execution input ends it', async () => {
  const { system, name } = await grouped();
  const other = colleague(system);
  other.set(ruleXpath(name), '<disabled>yes</disabled>');
  other.commit();
  await resync(system);
  other.delete(ruleXpath(name));
  other.commit();
  await starts(system, web1);
  await resync(system);
  assert.deepEqual([await open(system), (await system.closures()).length], [[], 1]);
  await resyncRun(system, { operator: { reopen: name } });
  assert.deepEqual([await open(system), await system.closures()], [[first, third], []]);
});

test('an address taken out of it is closed for its instance alone', async () => {
  const { system, name } = await grouped();
  await starts(system, web1);
  assert.deepEqual(await open(system), [first, third]);
  const other = colleague(system);
  other.edit(`${ruleXpath(name)}/destination`, `<destination><member>${third}</member></destination>`);
  other.commit();
  await resync(system);
  assert.deepEqual(
    (await system.closures()).map(({ instance, traffic }) => [instance, traffic]),
    [[web1, undefined]],
  );
  assert.deepEqual(await open(system), [third]);
});

test('with RULE_GROUPING=event the rule of a group closes for its instances alone', async () => {
  const { system, name } = await grouped('event');
  const other = colleague(system);
  other.set(ruleXpath(name), '<disabled>yes</disabled>');
  other.commit();
  await resync(system);
  await starts(system, web1);
  assert.deepEqual(await open(system), [first]);
});
