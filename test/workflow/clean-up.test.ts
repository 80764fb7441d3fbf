import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import { calls, causeOf, colleague, fromAnywhere, outputOf, resync, ruleFields, web2 } from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const candidate = (system: TestSystem): string => system.parts.simulator.exportConfiguration('candidate');
const running = (system: TestSystem): string => system.parts.simulator.exportConfiguration('running');

const failingCommit = (system: TestSystem, times = 1): void =>
  system.parts.simulator.control({
    kind: 'add-fault',
    when: { type: 'commit' },
    times,
    fault: { kind: 'commit-fails', lines: ['Validation Error:', ' vsys1 is invalid'] },
  });

const firstRun = (system: TestSystem): string => {
  const [run] = system.runs();
  if (run === undefined) throw new Error('No execution was started');
  return run.arn;
};

const stopFirst = (system: TestSystem): void =>
  void system.executions.stop(firstRun(system), { error: 'Stopped', cause: 'by hand' });

const tableOf = (system: TestSystem) =>
  tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment));

/** The states in which a run found that its turn had gone to another. */
const lostTurnIn = (system: TestSystem): readonly string[] =>
  system.executions
    .find(firstRun(system))
    .states.filter(({ failure, attempts }) =>
      [failure, ...attempts.map((attempt) => attempt.failure)].some((each) => each?.error === 'PlanStale'),
    )
    .map(({ name }) => name);

describe('the clean-up of a run that was redriven meanwhile', () => {
  test('takes neither the turn nor what is staged from a redrive that is about to commit', async () => {
    const late = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    let commits = 0;
    const seen: { turn: unknown; candidate: string }[] = [];
    const look = async () => void seen.push({ turn: await tableOf(system).turns.read(), candidate: candidate(system) });
    const system: TestSystem = await createTestSystem({
      afterFailure: async (_event, run) => {
        await late.promise;
        await run();
        over.resolve();
      },
      around: async ({ stateName }, run) => {
        if (stateName !== 'Commit') return run();
        commits += 1;
        // The first failed; the second is where the redrive goes on, and finds that it has no turn any more.
        if (commits === 3) {
          await look();
          late.resolve();
          await over.promise;
          await look();
        }
        return run();
      },
    });
    failingCommit(system);
    const call = calls(system).start(web2);
    while (system.runs()[0]?.status !== 'FAILED') await new Promise((resolve) => setImmediate(resolve));
    system.executions.redrive(firstRun(system));
    await call;
    const [before, after] = seen;
    assert.match(before?.candidate ?? '', new RegExp(`${web2}-2`));
    assert.deepEqual(after, before);
    assert.equal(system.executions.find(firstRun(system)).status, 'SUCCEEDED');
    assert.equal(system.parts.sns.published.length, 0);
  });

  test('that waited for a function of the stopped run finds the turn with the redrive, and leaves it there', async () => {
    const system: TestSystem = await createTestSystem({
      simulator: { jobMilliseconds: 10_000 },
      around: ({ stateName }, run) => {
        if (stateName === 'ApplyRules' && system.executions.find(firstRun(system)).redriveCount === 0) {
          void system.clock.pace.sleep(5_000).then(() => stopFirst(system));
          void system.clock.pace.sleep(6_000).then(() => system.executions.redrive(firstRun(system)));
        }
        return run();
      },
    });
    // The function that writes is still under way when its execution is stopped, and when the clean-up first looks.
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'config', action: 'multi-config' },
      fault: { kind: 'delay', milliseconds: 16_000 },
    });
    await calls(system).start(web2);
    const run = system.executions.find(firstRun(system));
    assert.equal(run.redriveCount, 1);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.match(system.parts.sns.published[0]?.message ?? '', /ended ABORTED/);
    assert.deepEqual(lostTurnIn(system), ['ApplyRules'], 'the redrive takes its turn once and keeps it');
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
    assert.deepEqual(
      (await tableOf(system).changes.of(run.name)).map(({ state }) => state),
      ['handled'],
    );
  });

  test('a failure of the redrive is told as well, though the first one was', async () => {
    const system = await createTestSystem();
    failingCommit(system, 2);
    const run = await calls(system).start(web2);
    assert.equal(system.parts.sns.published.length, 1);
    system.executions.redrive(run.arn);
    await system.idle();
    assert.equal(system.executions.find(run.arn).status, 'FAILED');
    const [, notice, ...more] = system.parts.sns.published;
    assert.match(notice?.message ?? '', /ended FAILED in Commit/);
    assert.equal(more.length, 0);
  });
});

describe('what a run leaves on the firewall when it dies', () => {
  test('a config lock of its own is released, and that is told', async () => {
    const system: TestSystem = await createTestSystem({
      around: async ({ stateName }, run) => {
        try {
          return await run();
        } finally {
          if (stateName === 'Commit') stopFirst(system);
        }
      },
    });
    const { simulator, sns } = system.parts;
    simulator.control({ kind: 'full-commit-required', required: true });
    // The connection breaks once the lock is taken: a full commit without an answer keeps it, as it may still be carried out.
    simulator.control({ kind: 'add-fault', when: { type: 'commit' }, fault: { kind: 'drop-before' } });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'ABORTED');
    assert.deepEqual(simulator.state().locks, []);
    assert.match(
      sns.published[0]?.message ?? '',
      /What was staged was withdrawn \(\d+ entries\), a config lock was released/,
    );
    assert.equal(candidate(system), running(system));
  });

  test('a write that never reached the firewall leaves nothing but a name to watch when it is tried again', async () => {
    const system = await createTestSystem();
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'config', action: 'multi-config' },
      fault: { kind: 'drop-before' },
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const attempts = run.states.find(({ name }) => name === 'ApplyRules')?.attempts ?? [];
    assert.deepEqual(
      [...new Set(attempts.map(({ failure }) => failure?.error ?? null))],
      ['FirewallUnreachable', 'TurnTaken', null],
      'and only when the firewall has had time for the first one',
    );
    const [watched, owned, ...more] = await system.records();
    assert.deepEqual([watched?.state, watched?.uuid, more], ['tombstone', null, []]);
    assert.deepEqual([owned?.state, owned?.name], ['owned', (await system.rules()).find((rule) => rule.owned)?.name]);
  });
});

describe("a dead run's commit that waits behind a colleague's in the firewall's queue", () => {
  /** A run that is stopped as soon as its commit is queued. */
  const stoppedInQueue = async (options: { readonly jobMilliseconds: number; readonly isTold: boolean }) => {
    const queued: string[] = [];
    const system: TestSystem = await createTestSystem({
      simulator: { jobMilliseconds: options.jobMilliseconds },
      copies: (_event, rule) => (rule === 'EndedRule' && !options.isTold ? 0 : 1),
      around: async ({ stateName }, run) => {
        const isFirst = system.runs().length === 1;
        if (stateName !== 'Commit' || !isFirst) return run();
        const other = colleague(system);
        other.addRule('Rush', ruleFields({ destination: '10.0.9.1' }));
        // Only the colleague's own: a full commit would carry what this run staged.
        other.act({
          type: 'commit',
          cmd: '<commit><partial><admin><member>colleague</member></admin></partial></commit>',
        });
        try {
          return await run();
        } finally {
          queued.push(...system.parts.simulator.state().jobs.map(({ user, status }) => `${user} ${status}`));
          stopFirst(system);
        }
      },
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'ABORTED');
    assert.deepEqual(queued.slice(-2), ['colleague ACT', 'policy-sync PEND']);
    return system;
  };
  const withRule = ['Web out', 'Web in', 'Clear text', `${web2}-1`, 'Clean up'];

  test('is waited for by the clean-up, which takes nothing back of what it made run', async () => {
    const system = await stoppedInQueue({ jobMilliseconds: 30_000, isTold: true });
    assert.match(system.parts.sns.published[0]?.message ?? '', /Nothing was staged/);
    assert.deepEqual(await system.ruleNames(), [...withRule, 'Rush']);
    assert.equal(candidate(system), running(system));
    const next = await resync(system);
    assert.ok(!next.states.some(({ name }) => name === 'Commit'));
    assert.deepEqual(
      (await system.rules()).filter(({ owned }) => owned).map(({ name }) => name),
      [`${web2}-1`],
    );
  });

  test('is waited for by the next execution, which finds its rule and adds only its own', async () => {
    const system = await stoppedInQueue({ jobMilliseconds: 100_000, isTold: false });
    const run = await calls(system).grant(ids.webGroup, fromAnywhere(8443));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const waiting = run.states.find(({ name }) => name === 'TakeTurn')?.attempts ?? [];
    assert.equal(waiting.at(-2)?.failure?.error, 'CommitRunning');
    const taken = outputOf(run, 'TakeTurn')['turn'] as { readonly withdrawn: { readonly count: number } };
    assert.equal(taken.withdrawn.count, 0);
    assert.equal(candidate(system), running(system));
    assert.deepEqual(
      (await system.rules()).filter(({ owned }) => owned).map(({ name }) => name),
      [`${web2}-1`, `${ids.webGroup}-1`],
    );
  });
});
