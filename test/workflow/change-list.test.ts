/** Change lists as devices write them: who edited what is seen in the configuration, whatever a line names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resync,
  ruleFields,
  rulesXpath,
  ruleXpath,
  web2,
} from '../support/calls.ts';
import { isQuiet, ownRules } from '../support/hands.ts';
import { createMeddledSystem } from '../support/meddling.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';

const succeeded = (run: Awaited<ReturnType<ReturnType<typeof calls>['start']>>): void =>
  assert.equal(run.status, 'SUCCEEDED', `${run.error}: ${causeOf(run)}`);

const lists = {
  'the container of what was edited': { changeList: 'container', moveLine: 'list' },
  'the container, with one owner and the others in the history': {
    changeList: 'container',
    changeOwners: 'last',
    moveLine: 'list',
  },
  'the place that a request was sent to': { changeList: 'written', changeOwners: 'last', moveLine: 'list' },
  'each node': { changeList: 'node', moveLine: 'entry' },
} as const;

for (const [what, simulator] of Object.entries(lists)) {
  describe(`a change list that names ${what}`, () => {
    const house = () => createMeddledSystem({ simulator });

    test('the four events open and close as ever, and leave nothing staged', async () => {
      const system = await house();
      succeeded(await calls(system).start(web2));
      succeeded(await calls(system).grant(ids.webGroup, fromAnywhere(9000)));
      assert.equal((await ownRules(system)).length, 2);
      succeeded(await calls(system).revoke(ids.webGroup, fromAnywhere(9000)));
      succeeded(await calls(system).stop(web2));
      assert.deepEqual([await ownRules(system), isQuiet(system)], [[], true]);
    });

    test('what a dead run left is withdrawn by the next one', async () => {
      const system = await house();
      system.beforeState('Commit', () => {
        system.parts.simulator.control({
          kind: 'add-fault',
          when: { type: 'commit' },
          times: 100,
          fault: { kind: 'drop-before' },
        });
      });
      const run = await calls(system).start(web2);
      assert.equal(run.status, 'FAILED');
      system.parts.simulator.control({ kind: 'clear-faults' });
      system.clock.advance(600_000);
      await resync(system);
      assert.deepEqual([(await ownRules(system)).length, isQuiet(system)], [1, true]);
    });

    test("a colleague's edit of another rule stands in no way and is not committed", async () => {
      const system = await house();
      const admin = colleague(system);
      admin.set(ruleXpath('Web in'), '<log-start>yes</log-start>');
      succeeded(await calls(system).start(web2));
      succeeded(await calls(system).stop(web2));
      assert.doesNotMatch(system.parts.simulator.exportConfiguration('running'), /log-start>yes/);
      assert.match(system.parts.simulator.exportConfiguration('candidate'), /log-start>yes/);
    });

    test("a colleague's edit of a rule of ours is seen: it is not touched, he is named, and what he leaves is closed afterwards", async () => {
      const system = await house();
      succeeded(await calls(system).start(web2));
      const [rule] = await ownRules(system);
      const admin = colleague(system);
      admin.edit(`${ruleXpath(rule?.name ?? '')}/description`, '<description>his own</description>');
      const run = await calls(system).stop(web2);
      const { notTouched } = outputOf(run, 'TestRules')['tested'] as { notTouched?: { first: readonly string[] } };
      assert.match(notTouched?.first.join() ?? '', /colleague is editing it/);
      assert.equal((await ownRules(system)).length, 1);
      admin.commit();
      await resync(system);
      assert.deepEqual([await ownRules(system), isQuiet(system)], [[], true]);
    });

    test("an uncommitted edit of the bottom rule is a colleague's, by name", async () => {
      const system = await house();
      colleague(system).set(ruleXpath('Clean up'), '<log-start>yes</log-start>');
      const run = await calls(system).start(web2);
      assert.equal(run.error, 'BottomRuleUnusable', causeOf(run));
      assert.match(causeOf(run), /colleague/);
    });

    test('an edit under our account that is not ours is never committed along', async () => {
      const system = await house();
      system.beforeState('Commit', () => {
        const stranger = colleague(system, administrator);
        stranger.act({
          type: 'config',
          action: 'set',
          xpath: rulesXpath,
          element: `<entry name="Stranger">${ruleFields({})}</entry>`,
        });
      });
      const run = await calls(system).start(web2);
      assert.equal(run.error, 'NotOurAdministrator', causeOf(run));
      assert.doesNotMatch(system.parts.simulator.exportConfiguration('running'), /Stranger/);
    });

    test('a rule that was moved below the bottom rule is moved back, and nothing is left staged', async () => {
      const system = await house();
      succeeded(await calls(system).start(web2));
      const [rule] = await ownRules(system);
      const admin = colleague(system);
      admin.move(ruleXpath(rule?.name ?? ''), 'bottom');
      admin.commit();
      await resync(system);
      assert.equal((await system.ruleNames()).at(-1), 'Clean up');
      assert.equal(isQuiet(system), true);
    });
  });
}
