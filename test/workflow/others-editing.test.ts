/** A colleague edits what this system has staged, or what it is about to take away: nothing is lost, nothing wedges. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resync,
  resyncRun,
  ruleXpath,
  web2,
} from '../support/calls.ts';
import { ownRules, staged, strangers } from '../support/hands.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';
import { ids } from '../system/demo-account.ts';

const ours = `${web2}-1`;

type Edit = (admin: ReturnType<typeof colleague>) => void;
const edits: Readonly<Record<string, { readonly edit: Edit; readonly back: Edit; readonly closes?: true }>> = {
  'its description': {
    edit: (admin) => admin.edit(`${ruleXpath(ours)}/description`, '<description>mine</description>'),
    back: (admin) =>
      admin.act({
        type: 'op',
        cmd: '<revert><config><partial><admin><member>colleague</member></admin></partial></config></revert>',
      }),
  },
  'its source': {
    edit: (admin) => admin.edit(`${ruleXpath(ours)}/source`, '<source><member>198.51.100.0/24</member></source>'),
    back: (admin) =>
      admin.act({
        type: 'op',
        cmd: '<revert><config><partial><admin><member>colleague</member></admin></partial></config></revert>',
      }),
  },
  'its name': {
    edit: (admin) => admin.act({ type: 'config', action: 'rename', xpath: ruleXpath(ours), newname: `Ours ${ours}` }),
    back: (admin) =>
      admin.act({
        type: 'op',
        cmd: '<revert><config><partial><admin><member>colleague</member></admin></partial></config></revert>',
      }),
  },
  'that it is disabled': {
    closes: true,
    edit: (admin) => admin.set(ruleXpath(ours), '<disabled>yes</disabled>'),
    back: (admin) =>
      admin.act({
        type: 'op',
        cmd: '<revert><config><partial><admin><member>colleague</member></admin></partial></config></revert>',
      }),
  },
};

/** Whether an enabled rule to the second web server's port 443 runs. */
const isOpen = (system: MeddledSystem): boolean =>
  [
    ...system.parts.simulator
      .exportConfiguration('running')
      .matchAll(/<entry name="[^"]*" uuid="[^"]*">(?:(?!<\/entry>).)*<\/entry>/gs),
  ].some(
    ([entry]) =>
      entry.includes('10.0.1.12/32') && entry.includes('tcp-443') && !entry.includes('<disabled>yes</disabled>'),
  );

for (const [what, { edit, back, closes = false }] of Object.entries(edits)) {
  describe(`a colleague edits of a rule that is staged ${what}`, () => {
    const edited = async () => {
      const system = await createMeddledSystem();
      system.beforeState('Commit', () => edit(colleague(system)));
      const run = await calls(system).start(web2);
      return { system, run };
    };

    test('and commits: the next resync is right', async () => {
      const { system } = await edited();
      colleague(system).commit();
      await resyncRun(system);
      await resync(system);
      assert.deepEqual([await strangers(system), staged(system)], [[], []]);
    });

    test('and commits everything when our own commit has failed: nothing comes to run by it, and the next resync is right', async () => {
      const system = await createMeddledSystem();
      system.parts.simulator.control({
        kind: 'add-fault',
        when: { type: 'commit' },
        fault: { kind: 'commit-fails', lines: ['no room'] },
      });
      system.beforeState('Commit', () => edit(colleague(system)));
      const run = await calls(system).start(web2);
      assert.equal(run.error, 'OthersEditing', causeOf(run));
      assert.match(causeOf(run), closes ? /\(colleague\)/ : /\(colleague; disabled, so that it lets nothing through/);
      colleague(system).act({ type: 'commit', cmd: '<commit></commit>' });
      assert.match(system.parts.simulator.exportConfiguration('running'), new RegExp(`${ours}"`));
      assert.equal(isOpen(system), false);
      await resyncRun(system);
      await resync(system);
      assert.deepEqual([await strangers(system), staged(system)], [[], []]);
      const closed = (await system.closures()).length;
      assert.deepEqual([closed, isOpen(system)], closes ? [1, false] : [0, true], 'only what he disabled is closed');
    });

    test('and takes it back: the next resync is right', async () => {
      const { system } = await edited();
      try {
        back(colleague(system));
      } catch {
        // There is nothing left of it to take back.
      }
      await resyncRun(system);
      await resync(system);
      assert.deepEqual([(await ownRules(system)).length, await strangers(system), staged(system)], [1, [], []]);
    });

    test('and leaves it: what is revoked elsewhere is closed all the same, or the run names him', async () => {
      const { system } = await edited();
      await calls(system).grant(ids.commonGroup, fromAnywhere(9000));
      system.clock.advance(600_000);
      const stop = await calls(system).stop(web2);
      const tested = (outputOf(stop, 'TestRules')['tested'] ?? {}) as { notTouched?: { first: readonly string[] } };
      const isClosed = !(await ownRules(system)).some(({ destination }) => destination.includes('10.0.1.12/32'));
      const said = `${stop.error}: ${causeOf(stop)} ${tested.notTouched?.first.join() ?? ''}`;
      assert.ok((isClosed && stop.status === 'SUCCEEDED') || /colleague/.test(said), said);
      colleague(system).commit();
      await resyncRun(system);
      await resync(system);
      assert.deepEqual([await strangers(system), staged(system)], [[], []]);
      assert.equal(
        (await system.rules()).some(
          ({ name, destination }) => name.startsWith('i-') && destination.includes('10.0.1.12/32'),
        ),
        false,
      );
    });
  });
}
