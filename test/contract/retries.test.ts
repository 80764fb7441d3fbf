import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { turnSeconds } from '../../shared/aws/table/turn.ts';
import type { ErrorName } from '../../shared/domain/errors.ts';
import { deployment, type TaskState, tasks } from '../support/deployment.ts';

/** What Lambda and Step Functions themselves may fail an attempt with, where another one may do better (documented). */
const attemptLost = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Sandbox.Timedout',
  'States.Timeout',
];

/** What keeps Lambda for a while from starting a function in a VPC, or one unused for weeks (documented as passing). */
const notStarted = [
  'Lambda.ENILimitReachedException',
  'Lambda.SubnetIPAddressLimitReachedException',
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ResourceNotReadyException',
];

/** What a Task may do, and what may keep it from doing so for a while. */
const keptFrom = {
  callsAws: ['AwsBusy'],
  awaitsEc2: ['NotYetVisible'],
  /** TurnTaken: by another execution, or by an earlier attempt of its own that may still be writing. */
  needsTheTurnToItself: ['TurnTaken'],
  needsTheFirewall: ['FirewallUnreachable', 'FirewallNotActive'],
  /** Whoever writes, withdraws or commits meets the locks and commits of other administrators. */
  changesTheFirewall: ['CommitInProgress', 'ConfigLocked', 'CommitLocked'],
  awaitsOurCommit: ['CommitRunning'],
} as const satisfies Record<string, readonly ErrorName[]>;

type Deed = keyof typeof keptFrom;

/** What each Task does, whatever the state machine says it retries. */
const deeds: Readonly<Record<string, readonly Deed[]>> = {
  // Reads EC2 about the event, and keeps the change in the table.
  RecordChange: ['callsAws', 'awaitsEc2'],
  // Takes back what a dead run staged, once that run's commit has ended.
  TakeTurn: ['callsAws', 'needsTheTurnToItself', 'needsTheFirewall', 'changesTheFirewall', 'awaitsOurCommit'],
  // Read EC2 and the table.
  ResolveInterfaces: ['callsAws'],
  DeriveRules: ['callsAws'],
  // Reads the policy, and writes nothing that a later attempt could meet.
  TestRules: ['callsAws', 'needsTheFirewall'],
  // Its own commit is not asked for yet.
  ApplyRules: ['callsAws', 'needsTheTurnToItself', 'needsTheFirewall', 'changesTheFirewall'],
  Commit: ['callsAws', 'needsTheTurnToItself', 'needsTheFirewall', 'changesTheFirewall', 'awaitsOurCommit'],
  // Asks the firewall for a second opinion only, and does without one.
  ReleaseTurn: ['callsAws'],
};

/** The largest LATE_WRITE_SECONDS. */
const mostLateSeconds = 600;

type Retrier = TaskState['Retry'][number];

/** The pauses before each retry, as long as they can be, in seconds. */
const pauses = ({ IntervalSeconds, BackoffRate, MaxAttempts, MaxDelaySeconds }: Retrier): readonly number[] =>
  Array.from({ length: MaxAttempts }, (_, retry) =>
    Math.min(IntervalSeconds * BackoffRate ** retry, MaxDelaySeconds ?? Number.POSITIVE_INFINITY),
  );
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const secondsOfFunction = (name: string): number =>
  deployment().functions[name.charAt(0).toLowerCase() + name.slice(1)]?.timeout ?? Number.POSITIVE_INFINITY;

describe('what a Task tries again', () => {
  test('is known of every Task', () => {
    assert.deepEqual(
      tasks()
        .map(([name]) => name)
        .sort(),
      Object.keys(deeds).sort(),
    );
  });

  for (const [name, state] of tasks()) {
    test(`${name}: a lost attempt, and what may keep it from what it does, and nothing else`, () => {
      assert.deepEqual(
        state.Retry.flatMap(({ ErrorEquals }) => ErrorEquals).sort(),
        [...attemptLost, ...notStarted, ...(deeds[name] ?? []).flatMap((deed) => keptFrom[deed])].sort(),
      );
    });
  }
});

describe('the time retries take', () => {
  /** What may strike before the function has renewed its turn, which it does first of all. */
  const isBeforeRenewal = ({ ErrorEquals }: Retrier): boolean =>
    ErrorEquals.some((error) => [...attemptLost, ...notStarted, 'AwsBusy'].includes(error));

  // RecordChange has no turn yet, and TakeTurn takes one anew with each attempt.
  for (const [name, state] of tasks().filter(([each]) => !['RecordChange', 'TakeTurn'].includes(each))) {
    test(`${name}: no one kind of failure lasts so long between two renewals that the turn runs out`, () => {
      for (const retrier of state.Retry) {
        const between = pauses(retrier);
        const longest = isBeforeRenewal(retrier)
          ? sum(between) + state.TimeoutSeconds * (between.length + 1)
          : Math.max(...between) + state.TimeoutSeconds;
        assert.ok(longest < turnSeconds, `${retrier.ErrorEquals.join(', ')}: ${longest} s, a turn ${turnSeconds} s`);
      }
    });
  }

  for (const [name, state] of tasks().filter(([each]) => deeds[each]?.includes('needsTheTurnToItself'))) {
    test(`${name} waits for the turn longer than an attempt of its own that died may hold it`, () => {
      const retrier = state.Retry.find(({ ErrorEquals }) => ErrorEquals.includes('TurnTaken'));
      // Half of a pause with full jitter, on average.
      const share = retrier?.JitterStrategy === 'FULL' ? 0.5 : 1;
      const waits = retrier === undefined ? 0 : share * sum(pauses(retrier));
      // What an attempt sent last may be carried out by so much later than its deadline; one without an answer after another.
      const attempts =
        1 + (state.Retry.find(({ ErrorEquals }) => ErrorEquals.includes('FirewallUnreachable'))?.MaxAttempts ?? 0);
      const longest = attempts * (secondsOfFunction(name) + mostLateSeconds);
      assert.ok(waits > longest, `waits ${waits} s for ${longest} s`);
    });
  }

  test('the clean-up after a run waits longer than a step of it that died may be writing, or what it sent be carried out', () => {
    const steps = tasks().map(([name]) => secondsOfFunction(name));
    assert.ok(secondsOfFunction('ExecutionEnded') > Math.max(...steps) + mostLateSeconds + 60);
  });

  for (const [name, state] of tasks()) {
    test(`${name} tries to start its function for as long as AWS takes to ready one that was unused: minutes`, () => {
      const retrier = state.Retry.find(({ ErrorEquals }) => ErrorEquals.includes('Lambda.ResourceNotReadyException'));
      assert.deepEqual(retrier?.ErrorEquals.toSorted(), notStarted.toSorted());
      assert.ok(retrier !== undefined && 0.5 * sum(pauses(retrier)) > 180);
    });
  }

  test('TakeTurn: what strikes one attempt in a hundred does not end a wait of hours for the turn', () => {
    const [, state] = tasks().find(([each]) => each === 'TakeTurn') ?? [];
    const attemptsFor = (error: string): number =>
      state?.Retry.find(({ ErrorEquals }) => ErrorEquals.includes(error))?.MaxAttempts ?? 0;
    for (const error of ['AwsBusy', ...attemptLost, ...notStarted]) {
      assert.ok(attemptsFor(error) * 100 >= attemptsFor('TurnTaken'), `${error}: ${attemptsFor(error)} attempts`);
    }
  });
});
