import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedDefinition, InvalidDefinition, substituted } from '../../local/step-functions/definition.ts';
import {
  createStateMachine,
  type ExecutionContext,
  type LocalFunction,
  type Pace,
  pauseBeforeRetry,
  payloadLimit,
  type RunOptions,
} from '../../local/step-functions/interpreter.ts';

const arn = (name: string) => `arn:aws:lambda:eu-central-1:111122223333:function:${name}`;
const execution: ExecutionContext = {
  Id: 'arn:aws:states:eu-central-1:111122223333:execution:sync:one',
  Name: 'one',
  StartTime: '2026-03-01T10:00:00.000Z',
  RedriveCount: 2,
};

const task = (name: string, more: Record<string, unknown>) => ({ Type: 'Task', Resource: arn(name), ...more });

const named = (name: string, message = name) => Object.assign(new Error(message), { name });

const testPace = (more: Partial<Pace> = {}): Pace & { readonly slept: number[] } => {
  const slept: number[] = [];
  return {
    slept,
    now: () => 0,
    sleep: async (milliseconds) => {
      slept.push(milliseconds);
    },
    random: () => 0.5,
    timer: () => ({ expired: new Promise(() => undefined), cancel: () => undefined }),
    ...more,
  };
};

const machine = (
  states: Record<string, unknown>,
  functions: Record<string, LocalFunction>,
  pace: Pace = testPace(),
  top: Record<string, unknown> = {},
) =>
  createStateMachine({
    definition: { StartAt: Object.keys(states)[0], States: states, ...top },
    functions: Object.fromEntries(Object.entries(functions).map(([name, run]) => [arn(name), run])),
    pace,
  });

const run = (made: ReturnType<typeof machine>, input: unknown, more: Partial<RunOptions> = {}) =>
  made.run({ input, execution, ...more });

test('states follow each other, and each record has input, output and successor', async () => {
  const made = machine(
    {
      First: task('first', { ResultPath: '$.first', Next: 'Choose' }),
      Choose: { Type: 'Choice', Choices: [{ Variable: '$.first.n', NumericEquals: 2, Next: 'Wait' }], Default: 'Bad' },
      Wait: { Type: 'Wait', SecondsPath: '$.first.n', Next: 'Done' },
      Bad: { Type: 'Fail', Error: 'Bad', Cause: 'no' },
      Done: { Type: 'Succeed', OutputPath: '$.first' },
    },
    { first: async (input) => ({ n: (input as { n: number }).n + 1, gone: undefined, when: new Date(0) }) },
  );
  const { outcome, states } = await run(made, { n: 1 });
  assert.deepEqual(outcome, { status: 'SUCCEEDED', output: { n: 2, when: '1970-01-01T00:00:00.000Z' } });
  assert.deepEqual(
    states.map((one) => [one.name, one.next]),
    [
      ['First', 'Choose'],
      ['Choose', 'Wait'],
      ['Wait', 'Done'],
      ['Done', undefined],
    ],
  );
  assert.deepEqual(states[0]?.output, { n: 1, first: { n: 2, when: '1970-01-01T00:00:00.000Z' } });
  const other = await run(made, { n: 5 });
  assert.equal(other.outcome.status, 'FAILED');
  assert.deepEqual(other.states.at(-1)?.failure, { error: 'Bad', cause: 'no' });
});

test('the context object shows the execution as given, StartTime and RedriveCount included', async () => {
  const made = machine(
    {
      Only: task('only', {
        Parameters: {
          'id.$': '$$.Execution.Id',
          'name.$': '$$.Execution.Name',
          'start.$': '$$.Execution.StartTime',
          'count.$': '$$.Execution.RedriveCount',
          'state.$': '$$.State.Name',
          'text.$': "States.Format('{}-{}', $$.Execution.Name, $.x)",
        },
        End: true,
      }),
    },
    { only: async (input) => input },
  );
  const { outcome } = await run(made, { x: 1 });
  assert.deepEqual(outcome.status === 'SUCCEEDED' && outcome.output, {
    id: execution.Id,
    name: 'one',
    start: '2026-03-01T10:00:00.000Z',
    count: 2,
    state: 'Only',
    text: 'one-1',
  });
});

test('ResultPath "$" replaces the input, as its absence does', async () => {
  const made = machine({ Only: task('only', { ResultPath: '$', End: true }) }, { only: async () => 'x' });
  const { outcome } = await run(made, { a: 1 });
  assert.deepEqual(outcome, { status: 'SUCCEEDED', output: 'x' });
});

test('a retrier matches the name of the error, pauses grow by the rate up to the maximum, and its count is its own', async () => {
  const pace = testPace();
  let call = 0;
  const errors = ['TurnTaken', 'TurnTaken', 'AwsBusy', 'TurnTaken', 'TurnTaken'];
  const made = machine(
    {
      Only: task('only', {
        Retry: [
          { ErrorEquals: ['TurnTaken'], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 4 },
          { ErrorEquals: ['AwsBusy', 'States.Timeout'], IntervalSeconds: 1, JitterStrategy: 'FULL', MaxAttempts: 1 },
        ],
        End: true,
      }),
    },
    {
      only: async () => {
        const name = errors[call];
        call += 1;
        if (name !== undefined) throw named(name);
        return 'done';
      },
    },
    pace,
  );
  const { outcome, states } = await run(made, {});
  assert.equal(outcome.status, 'SUCCEEDED');
  assert.deepEqual(pace.slept, [2000, 6000, 500, 10_000, 10_000]);
  assert.equal(states[0]?.attempts.length, 6);
});

test('an error without a retrier fails the state, with the cause as Lambda gives it', async () => {
  const made = machine(
    { Only: task('only', { Retry: [{ ErrorEquals: ['Other'] }], End: true }) },
    { only: () => Promise.reject(named('FirewallDenied', 'the key')) },
  );
  const { outcome } = await run(made, { a: 1 });
  assert.ok(outcome.status === 'FAILED');
  assert.equal(outcome.error, 'FirewallDenied');
  assert.equal(outcome.state, 'Only');
  assert.deepEqual(outcome.input, { a: 1 });
  const cause = JSON.parse(outcome.cause) as Record<string, unknown>;
  assert.deepEqual([cause['errorType'], cause['errorMessage']], ['FirewallDenied', 'the key']);
});

test('the retries of the interpreter and the pauses kept beside it agree on every error', async () => {
  for (const name of ['A', 'B', 'States.Timeout', 'Lambda.Unknown']) {
    for (const ErrorEquals of [['A'], ['States.TaskFailed'], ['States.ALL'], ['States.Timeout'], ['B', 'A']]) {
      const pace = testPace();
      const expires = testPace({ timer: () => ({ expired: Promise.resolve(), cancel: () => undefined }) });
      const isTimeout = name === 'States.Timeout';
      let calls = 0;
      const made = machine(
        { Only: task('only', { TimeoutSeconds: 5, Retry: [{ ErrorEquals, MaxAttempts: 2 }], End: true }) },
        {
          only: () => {
            calls += 1;
            return isTimeout ? new Promise(() => undefined) : Promise.reject(named(name));
          },
        },
        isTimeout ? { ...expires, sleep: pace.sleep } : pace,
      );
      const { outcome } = await run(made, {});
      assert.ok(outcome.status === 'FAILED');
      assert.equal(outcome.error, name);
      const covered =
        ErrorEquals.includes(name) ||
        ErrorEquals.includes('States.ALL') ||
        (ErrorEquals.includes('States.TaskFailed') && !isTimeout);
      assert.equal(calls, covered ? 3 : 1, `${name} against ${ErrorEquals.join()}`);
      assert.equal(pace.slept.length, covered ? 2 : 0);
    }
  }
});

test('a task that runs out of its time fails with States.Timeout, and its function goes on', async () => {
  let finished = false;
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const limits: number[] = [];
  const pace = testPace({
    timer: (milliseconds) => {
      limits.push(milliseconds);
      return { expired: Promise.resolve(), cancel: () => undefined };
    },
  });
  const made = machine(
    {
      Only: task('only', {
        TimeoutSeconds: 7,
        Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'Only2' }],
        End: true,
      }),
      Only2: { Type: 'Succeed' },
    },
    {
      only: async () => {
        await gate;
        finished = true;
      },
    },
    pace,
  );
  const { outcome, states } = await run(made, {});
  assert.ok(outcome.status === 'FAILED');
  assert.equal(outcome.error, 'States.Timeout');
  assert.equal(states[0]?.attempts[0]?.timedOut, true);
  assert.deepEqual(limits, [7000]);
  release();
  await gate;
  assert.ok(finished);
});

test('a catcher takes the error by name and keeps the input where its ResultPath says', async () => {
  const made = machine(
    {
      Only: task('only', { Catch: [{ ErrorEquals: ['PlanStale'], ResultPath: '$.stale', Next: 'After' }], End: true }),
      After: { Type: 'Pass', End: true },
    },
    { only: () => Promise.reject(named('PlanStale', 'x')) },
  );
  const { outcome } = await run(made, { keep: 1 });
  assert.ok(outcome.status === 'SUCCEEDED');
  const output = outcome.output as { keep: number; stale: { Error: string; Cause: string } };
  assert.deepEqual([output.keep, output.stale.Error], [1, 'PlanStale']);
});

test('a state with more than 262,144 bytes fails with States.DataLimitExceeded, which nothing retries or catches', async () => {
  const big = 'ü'.repeat(payloadLimit / 2);
  let calls = 0;
  const made = machine(
    {
      Only: task('only', {
        Retry: [{ ErrorEquals: ['States.ALL'] }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }],
        End: true,
      }),
      After: { Type: 'Succeed' },
    },
    {
      only: async () => {
        calls += 1;
        return big;
      },
    },
  );
  const { outcome } = await run(made, {});
  assert.ok(outcome.status === 'FAILED');
  assert.equal(outcome.error, 'States.DataLimitExceeded');
  assert.equal(calls, 1);
  const exact = machine({ Only: task('only', { End: true }) }, { only: async () => 'x'.repeat(payloadLimit - 2) });
  assert.equal((await run(exact, {})).outcome.status, 'SUCCEEDED');
});

test('a result that fits can still make an output that does not: the state fails', async () => {
  const half = 'x'.repeat(payloadLimit / 2);
  const made = machine(
    { Only: task('only', { ResultPath: '$.more', Next: 'After' }), After: { Type: 'Succeed' } },
    { only: async () => half },
  );
  const { outcome } = await run(made, { half });
  assert.ok(outcome.status === 'FAILED');
  assert.deepEqual([outcome.error, outcome.state], ['States.DataLimitExceeded', 'Only']);
});

test('an execution starts at any state, with the input given', async () => {
  const made = machine(
    { First: task('first', { Next: 'Second' }), Second: task('second', { End: true }) },
    { first: () => Promise.reject(named('Never')), second: async (input) => ({ got: input }) },
  );
  const { outcome, states } = await run(made, { a: 1 }, { from: 'Second' });
  assert.deepEqual(outcome, { status: 'SUCCEEDED', output: { got: { a: 1 } } });
  assert.deepEqual(
    states.map((one) => one.name),
    ['Second'],
  );
  await assert.rejects(run(made, {}, { from: 'Third' }), /no state 'Third'/);
});

test('a stop leaves the execution where it stands, a function under way goes on', async () => {
  const abort = new AbortController();
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let finished = false;
  const made = machine(
    { First: task('first', { Next: 'Second' }), Second: task('second', { End: true }) },
    {
      first: async () => {
        abort.abort();
        await gate;
        finished = true;
      },
      second: async () => assert.fail('a stopped execution went on'),
    },
  );
  const { outcome } = await run(made, { a: 1 }, { signal: abort.signal });
  assert.deepEqual(outcome, { status: 'ABORTED', state: 'First', input: { a: 1 } });
  release();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(finished);
});

test('the whole machine has a time of its own', async () => {
  const pace = testPace({
    timer: (milliseconds) => ({
      expired: milliseconds === 60_000 ? Promise.resolve() : new Promise(() => undefined),
      cancel: () => undefined,
    }),
  });
  const made = machine({ Only: task('only', { End: true }) }, { only: () => new Promise(() => undefined) }, pace, {
    TimeoutSeconds: 60,
  });
  const { outcome } = await run(made, {});
  assert.equal(outcome.status, 'TIMED_OUT');
});

test('placeholders are substituted everywhere, and one without a value is refused', () => {
  assert.deepEqual(substituted({ a: [`$\{X}:$\{Y}`] }, { X: '1', Y: '2' }), { a: ['1:2'] });
  assert.throws(() => substituted({ a: `$\{Z}` }, {}), InvalidDefinition);
});

test('what cannot be run as AWS would run it is refused', () => {
  const only = (state: Record<string, unknown>) => ({ StartAt: 'Only', States: { Only: state } });
  const bad: readonly unknown[] = [
    only({ Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', End: true }),
    only({ ...task('x', { End: true }), QueryLanguage: 'JSONata' }),
    only({ Type: 'Pass', Assign: { x: 1 }, End: true }),
    only({ Type: 'Parallel', Branches: [], End: true }),
    only(task('x', { Retry: [{ ErrorEquals: ['A'], MaxAttempt: 1 }], End: true })),
    only(task('x', { Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }], End: true })),
    only(task('x', { Next: 'Nowhere' })),
  ];
  for (const definition of bad) {
    assert.throws(() => checkedDefinition(definition), InvalidDefinition, JSON.stringify(definition));
  }
});

test('a pause without settings is the documented default: 1 s, doubled, three times', () => {
  const counts: number[] = [];
  const pause = () => pauseBeforeRetry([{ ErrorEquals: ['A'] }], counts, named('A'), () => 0);
  assert.deepEqual([pause(), pause(), pause(), pause()], [1000, 2000, 4000, undefined]);
});
