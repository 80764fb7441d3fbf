import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorsAt } from '../support/attempts.ts';
import { calls, causeOf, colleague, resync, ruleFields, statesOf, web2 } from '../support/calls.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';
import type { TestSystemOptions } from '../support/system.ts';
import { administrator } from '../system/parts.ts';

const management = "/config/devices/entry[@name='localhost.localdomain']/deviceconfig/setting/management";

/** A firewall that takes a commit lock for whoever makes an edit, as the vendor's own baseline has it. */
const lockingSystem = async (options: TestSystemOptions = {}): Promise<MeddledSystem> => {
  const system = await createMeddledSystem(options);
  const admin = colleague(system, 'admin');
  admin.set(management, '<auto-acquire-commit-lock>yes</auto-acquire-commit-lock>');
  admin.commit();
  assert.deepEqual(locksOf(system), []);
  return system;
};

const locksOf = (system: MeddledSystem): readonly string[] =>
  system.parts.simulator.state().locks.map(({ kind, admin, scope }) => `${kind} lock of ${admin} on ${scope}`);

const takeLock = (system: MeddledSystem, user: string, kind: 'config' | 'commit', vsys: string | null = null): void => {
  const cmd = `<request><${kind}-lock><add><comment>left behind</comment></add></${kind}-lock></request>`;
  colleague(system, user).act({ type: 'op', cmd, ...(vsys === null ? {} : { vsys }) });
};

const commitFails = (system: MeddledSystem): void =>
  system.parts.simulator.control({
    kind: 'add-fault',
    when: { type: 'commit' },
    fault: { kind: 'commit-fails', lines: ['no'] },
  });

/** What a colleague needs: his own edit, made and committed. */
const colleagueCommits = (system: MeddledSystem): void => {
  const other = colleague(system);
  other.addRule('Theirs', ruleFields({ destination: '10.0.9.1' }));
  other.commit();
  assert.match(system.parts.simulator.exportConfiguration('running'), /"Theirs"/);
};

describe('a commit lock that the firewall takes for us with each edit', () => {
  test('goes with our commit', async () => {
    const system = await lockingSystem();
    let staged: readonly string[] = [];
    system.beforeState('Commit', () => {
      staged = locksOf(system);
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(staged, [`commit lock of ${administrator} on shared`]);
    assert.deepEqual(locksOf(system), []);
  });

  test('or one that our commit did not take along, is released once the commit is proven', async () => {
    const system = await lockingSystem();
    system.afterRequest('<commit>', () => takeLock(system, administrator, 'config'));
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(locksOf(system), []);
  });

  test('is released after a failed run has withdrawn what it staged, and a colleague can commit', async () => {
    const system = await lockingSystem();
    commitFails(system);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'CommitFailed'], causeOf(run));
    assert.deepEqual(locksOf(system), []);
    assert.match(system.parts.sns.published[0]?.message ?? '', /a commit lock was released/);
    colleagueCommits(system);
  });

  test('is released by the next run, before it plans, when the failed one was never cleaned up', async () => {
    const system = await lockingSystem({ copies: (_event, rule) => (rule === 'EndedRule' ? 0 : 1) });
    commitFails(system);
    await calls(system).start(web2);
    assert.deepEqual(locksOf(system), [`commit lock of ${administrator} on shared`]);
    let planning: readonly string[] = ['never looked'];
    system.beforeState('ResolveInterfaces', () => {
      planning = locksOf(system);
    });
    await resync(system);
    assert.deepEqual(planning, []);
    assert.deepEqual(locksOf(system), []);
  });

  test('stays while something of ours is staged that a colleague keeps from being taken back', async () => {
    const system = await lockingSystem();
    commitFails(system);
    system.beforeState('Commit', () =>
      colleague(system).set(
        `/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/rulebase/security/rules/entry[@name='${web2}-1']`,
        '<description>his</description>',
      ),
    );
    await calls(system).start(web2);
    assert.match(system.parts.simulator.exportConfiguration('candidate'), new RegExp(`"${web2}-1"`));
    assert.ok(locksOf(system).includes(`commit lock of ${administrator} on shared`));
  });
});

describe('locks of ours that are left behind with nothing staged', () => {
  for (const [kind, vsys] of [
    ['config', null],
    ['commit', null],
    ['config', 'vsys1'],
    ['commit', 'vsys1'],
  ] as const) {
    test(`a ${kind} lock of ${vsys ?? 'the whole device'} is released before anything is planned`, async () => {
      const system = await createMeddledSystem();
      takeLock(system, administrator, kind, vsys);
      let planning: readonly string[] = ['never looked'];
      system.beforeState('ResolveInterfaces', () => {
        planning = locksOf(system);
      });
      const run = await calls(system).start(web2);
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.deepEqual(planning, []);
    });
  }

  test('a lock that goes by itself between looking and releasing does no harm', async () => {
    const system = await createMeddledSystem();
    takeLock(system, administrator, 'commit');
    system.beforeRequest('<commit-lock><remove', () => {
      colleague(system, administrator).act({
        type: 'op',
        cmd: '<request><commit-lock><remove></remove></commit-lock></request>',
      });
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'TakeTurn'), [null]);
  });

  test('those of colleagues are theirs', async () => {
    const system = await createMeddledSystem();
    takeLock(system, 'admin', 'commit');
    await calls(system).start(web2);
    assert.deepEqual(locksOf(system), ['commit lock of admin on shared']);
  });
});

describe('a lock of a colleague', () => {
  for (const [kind, error, state] of [
    ['commit', 'CommitLocked', 'Commit'],
    ['config', 'ConfigLocked', 'ApplyRules'],
  ] as const) {
    test(`on ${kind === 'commit' ? 'commits' : 'the configuration'} is waited for, then named in the cause with who holds it`, async () => {
      const system = await createMeddledSystem();
      takeLock(system, 'colleague', kind);
      const run = await calls(system).start(web2);
      assert.deepEqual([run.status, run.error, statesOf(run).at(-1)], ['FAILED', error, state], causeOf(run));
      assert.match(causeOf(run), new RegExp(`${kind} lock of colleague \\(shared\\): left behind`));
    });
  }
});
