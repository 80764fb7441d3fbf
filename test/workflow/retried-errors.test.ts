import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorsAt, redriven } from '../support/attempts.ts';
import {
  administratorsRules,
  calls,
  causeOf,
  colleague,
  outputOf,
  resync,
  ruleFields,
  statesOf,
  web2,
} from '../support/calls.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';

const ours = `${web2}-1`;
const candidate = (system: MeddledSystem): string => system.parts.simulator.exportConfiguration('candidate');
const hours = 3_600_000;
const times = (count: number, error: string): readonly string[] => Array.from({ length: count }, () => error);

/** What happens just before the n-th attempt of a state from now on. */
const beforeAttempt = (system: MeddledSystem, state: string, n: number, act: () => void): void =>
  system.beforeState(state, () => (n === 1 ? act() : beforeAttempt(system, state, n - 1, act)));

describe('EC2 that lags behind its events: NotYetVisible', () => {
  test('is waited for in the first state until it shows what was announced; then the rule is made', async () => {
    const system = await createMeddledSystem({ ec2: { faults: () => ({ readLagMilliseconds: 45_000 }) } });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const errors = errorsAt(run, 'RecordChange');
    assert.deepEqual(errors, [...times(errors.length - 1, 'NotYetVisible'), null]);
    assert.ok(errors.length > 2);
    assert.ok((await system.ruleNames()).includes(ours));
  });

  test('is believed once the event is older than EC2 may lag: that is said, and a resync makes the rule later', async () => {
    let lag = 2 * hours;
    const system = await createMeddledSystem({ ec2: { faults: () => ({ readLagMilliseconds: lag }) } });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.match(
      String(outputOf(run, 'RecordChange')['because']),
      new RegExp(`${web2} was announced pending, EC2 shows it stopped; the event is old enough that EC2 is believed`),
    );
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    lag = 0;
    await resync(system);
    assert.ok((await system.ruleNames()).includes(ours));
  });

  test('fails the run by name when it never shows it; a redrive from the first state goes through later', async () => {
    let lag = 2 * hours;
    const system = await createMeddledSystem({
      environment: { VISIBILITY_SECONDS: '7200' },
      ec2: { faults: () => ({ readLagMilliseconds: lag }) },
    });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'NotYetVisible'], causeOf(run));
    assert.deepEqual(errorsAt(run, 'RecordChange'), times(41, 'NotYetVisible'));
    assert.match(causeOf(run), new RegExp(`${web2} was announced pending, EC2 shows it stopped`));
    lag = 0;
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.ok((await system.ruleNames()).includes(ours));
  });
});

describe("a colleague's commit, or an installation: CommitInProgress", () => {
  test('that refuses the write is waited for, and what it changed is planned for', async () => {
    const system = await createMeddledSystem({
      simulator: { writesDuringCommit: 'refused', jobMilliseconds: ({ user }) => (user === 'colleague' ? 60_000 : 0) },
    });
    const admin = colleague(system);
    admin.addRule('Theirs', ruleFields({ destination: '10.0.9.1' }));
    admin.commit();
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const errors = errorsAt(run, 'ApplyRules');
    assert.equal(errors[0], 'CommitInProgress');
    assert.equal(errors.at(-1), null);
    assert.deepEqual(new Set(errors), new Set(['CommitInProgress', 'PlanStale', null]));
    const names = await system.ruleNames();
    assert.ok(names.includes('Theirs'));
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
  });

  test('that refuses the commit is waited for: what was written is committed afterwards', async () => {
    const system = await createMeddledSystem({
      simulator: { jobMilliseconds: ({ type }) => (type === 'Install' ? 45_000 : 0) },
    });
    system.beforeState('Commit', () => system.parts.simulator.control({ kind: 'install' }));
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const errors = errorsAt(run, 'Commit');
    assert.deepEqual(errors, [...times(errors.length - 1, 'CommitInProgress'), null]);
    assert.ok(errors.length > 1);
    assert.deepEqual(errorsAt(run, 'ApplyRules'), [null]);
    assert.ok((await system.ruleNames()).includes(ours));
  });

  test('that never ends fails the run by name, with what was written withdrawn; a redrive goes through later', async () => {
    const system = await createMeddledSystem({
      simulator: { jobMilliseconds: ({ type }) => (type === 'Install' ? 10 * hours : 0) },
    });
    const before = candidate(system);
    system.beforeState('Commit', () => system.parts.simulator.control({ kind: 'install' }));
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'CommitInProgress'], causeOf(run));
    assert.deepEqual(errorsAt(run, 'Commit'), times(21, 'CommitInProgress'));
    assert.match(causeOf(run), /cannot commit while an install is in progress/);
    assert.equal(candidate(system), before);
    system.clock.advance(10 * hours);
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
  });
});

for (const [error, kind, state] of [
  ['ConfigLocked', 'config', 'ApplyRules'],
  ['CommitLocked', 'commit', 'Commit'],
] as const) {
  const lock = (system: MeddledSystem, what: '<add/>' | '<remove/>') =>
    colleague(system).act({ type: 'op', cmd: `<request><${kind}-lock>${what}</${kind}-lock></request>` });

  describe(`a colleague's ${kind} lock: ${error}`, () => {
    test(`is waited for in ${state} and not taken away: the run goes on once he has released it`, async () => {
      const system = await createMeddledSystem();
      lock(system, '<add/>');
      let held = 0;
      beforeAttempt(system, state, 3, () => {
        held = system.parts.simulator.state().locks.filter(({ admin }) => admin === 'colleague').length;
        lock(system, '<remove/>');
      });
      const run = await calls(system).start(web2);
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.deepEqual(errorsAt(run, state), [error, error, null]);
      assert.equal(held, 1);
      assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
    });

    test('that stays fails the run by name, with nothing left staged; a redrive goes through once it is released', async () => {
      const system = await createMeddledSystem();
      lock(system, '<add/>');
      const before = candidate(system);
      const run = await calls(system).start(web2);
      assert.deepEqual([run.status, run.error, statesOf(run).at(-1)], ['FAILED', error, state], causeOf(run));
      assert.deepEqual(errorsAt(run, state), times(21, error));
      assert.equal(candidate(system), before);
      lock(system, '<remove/>');
      const again = await redriven(system, run);
      assert.equal(again.status, 'SUCCEEDED', causeOf(again));
      assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
    });
  });
}
