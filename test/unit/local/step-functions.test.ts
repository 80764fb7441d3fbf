import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { BusEvent } from '../../local/bus-event.ts';
import { inProcessHandler, listen } from '../../local/http.ts';
import { stepFunctionsService } from '../../local/step-functions/endpoint.ts';
import { createExecutions, type ExecutionsOptions } from '../../local/step-functions/executions.ts';
import { createStateMachine, type LocalFunction } from '../../local/step-functions/interpreter.ts';
import { hurriedPace } from '../../local/step-functions/pace.ts';

const arn = (name: string) => `arn:aws:lambda:eu-central-1:111122223333:function:${name}`;
const stateMachineArn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:sync';
const named = (name: string) => Object.assign(new Error(`because of ${name}`), { name });
const base = { region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 };

const world = (functions: Record<string, LocalFunction>, more: Partial<ExecutionsOptions> = {}) => {
  let now = Date.parse('2026-03-01T10:00:00Z');
  let count = 0;
  const events: BusEvent[] = [];
  const machine = createStateMachine({
    definition: {
      StartAt: 'First',
      States: {
        First: { Type: 'Task', Resource: arn('first'), TimeoutSeconds: 30, ResultPath: '$.first', Next: 'Second' },
        Second: {
          Type: 'Task',
          Resource: arn('second'),
          Parameters: { 'count.$': '$$.Execution.RedriveCount', 'input.$': '$' },
          Retry: [{ ErrorEquals: ['Busy'], MaxAttempts: 2 }],
          End: true,
        },
      },
    },
    functions: Object.fromEntries(Object.entries(functions).map(([name, run]) => [arn(name), run])),
    pace: { ...hurriedPace, now: () => now },
  });
  const executions = createExecutions({
    stateMachines: [{ name: 'sync', machine }],
    ownerId: '111122223333',
    region: 'eu-central-1',
    now: () => now,
    newId: () => {
      count += 1;
      return `id-${count}`;
    },
    emit: (event) => events.push(event),
    ...more,
  });
  const respond = stepFunctionsService(executions);
  const client = new SFNClient({ ...base, requestHandler: inProcessHandler(respond) });
  return {
    client,
    respond,
    executions,
    events,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    start: (name?: string, input?: object) =>
      client.send(
        new StartExecutionCommand({
          stateMachineArn,
          ...(name === undefined ? {} : { name }),
          ...(input === undefined ? {} : { input: JSON.stringify(input) }),
        }),
      ),
  };
};

const works: Record<string, LocalFunction> = { first: async () => 1, second: async (input) => ({ saw: input }) };

test('an execution starts, ends, and is described, listed and told in status events', async () => {
  const { client, executions, start, events } = world(works);
  const { executionArn } = await start('one', { a: 1 });
  assert.equal(executionArn, 'arn:aws:states:eu-central-1:111122223333:execution:sync:one');
  await executions.idle();
  const described = await client.send(new DescribeExecutionCommand({ executionArn }));
  assert.equal(described.status, 'SUCCEEDED');
  assert.equal(described.output, '{"saw":{"count":0,"input":{"a":1,"first":1}}}');
  assert.equal(described.startDate?.toISOString(), '2026-03-01T10:00:00.000Z');
  assert.deepEqual([described.redriveCount, described.redriveStatus], [0, 'NOT_REDRIVABLE']);
  const listed = await client.send(new ListExecutionsCommand({ stateMachineArn, statusFilter: 'SUCCEEDED' }));
  assert.deepEqual(
    listed.executions?.map((one) => one.name),
    ['one'],
  );
  assert.deepEqual(
    events.map((event) => [event.source, event['detail-type'], event.detail['status'], event.resources]),
    [
      ['aws.states', 'Step Functions Execution Status Change', 'RUNNING', [executionArn]],
      ['aws.states', 'Step Functions Execution Status Change', 'SUCCEEDED', [executionArn]],
    ],
  );
  assert.equal(events[1]?.detail['startDate'], Date.parse('2026-03-01T10:00:00Z'));
});

test('starting again with the same name and input while it runs is the same execution, otherwise it exists already', async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { executions, start, pass } = world({ ...works, first: () => gate });
  const first = await start('one', { a: 1 });
  assert.equal((await start('one', { a: 1 })).executionArn, first.executionArn);
  await assert.rejects(start('one', { a: 2 }), { name: 'ExecutionAlreadyExists' });
  release();
  await executions.idle();
  await assert.rejects(start('one', { a: 1 }), { name: 'ExecutionAlreadyExists' });
  pass(90 * 86_400_000);
  await start('one', { a: 1 });
  await executions.idle();
});

test('names, inputs and ARNs are checked as by AWS', async () => {
  const { client, start } = world(works);
  for (const name of ['a b', 'x'.repeat(81), 'a/b', 'a:b', 'a*']) {
    await assert.rejects(start(name), { name: 'InvalidName' }, name);
  }
  await assert.rejects(start('big', { x: 'x'.repeat(262_144) }), { name: 'InvalidExecutionInput' });
  await assert.rejects(client.send(new StartExecutionCommand({ stateMachineArn, input: '{' })), {
    name: 'InvalidExecutionInput',
  });
  await assert.rejects(client.send(new StartExecutionCommand({ stateMachineArn: `${stateMachineArn}x` })), {
    name: 'StateMachineDoesNotExist',
  });
  await assert.rejects(client.send(new DescribeExecutionCommand({ executionArn: 'nonsense' })), { name: 'InvalidArn' });
  await assert.rejects(
    client.send(
      new DescribeExecutionCommand({
        executionArn: 'arn:aws:states:eu-central-1:111122223333:execution:sync:none',
      }),
    ),
    { name: 'ExecutionDoesNotExist' },
  );
});

test('a redrive goes on at the failed state with its input, a count one higher and fresh retries', async () => {
  const seen: unknown[] = [];
  let firsts = 0;
  let failing = true;
  const { client, executions, start, events } = world({
    first: async () => {
      firsts += 1;
      return firsts;
    },
    second: async (input) => {
      seen.push(input);
      if (failing) throw named('Busy');
      return 'done';
    },
  });
  const { executionArn } = await start('one', { a: 1 });
  const failed = await executions.ended(executionArn ?? '');
  assert.deepEqual([failed.status, failed.error], ['FAILED', 'Busy']);
  assert.equal(seen.length, 3);
  const before = await client.send(new DescribeExecutionCommand({ executionArn }));
  assert.equal(before.redriveStatus, 'REDRIVABLE');
  await client.send(new RedriveExecutionCommand({ executionArn }));
  await executions.idle();
  assert.equal(seen.length, 6);
  failing = false;
  await client.send(new RedriveExecutionCommand({ executionArn }));
  const ended = await executions.ended(executionArn ?? '');
  assert.deepEqual([ended.status, ended.redriveCount, firsts], ['SUCCEEDED', 2, 1]);
  assert.deepEqual(seen.at(-1), { count: 2, input: { a: 1, first: 1 } });
  assert.deepEqual(
    events.map((event) => event.detail['status']),
    ['RUNNING', 'FAILED', 'RUNNING', 'FAILED', 'RUNNING', 'SUCCEEDED'],
  );
  const { events: history } = await client.send(new GetExecutionHistoryCommand({ executionArn }));
  const types = history?.map((one) => one.type) ?? [];
  assert.deepEqual(types.slice(0, 8), [
    'ExecutionStarted',
    'TaskStateEntered',
    'LambdaFunctionScheduled',
    'LambdaFunctionStarted',
    'LambdaFunctionSucceeded',
    'TaskStateExited',
    'TaskStateEntered',
    'LambdaFunctionScheduled',
  ]);
  assert.equal(types.filter((type) => type === 'ExecutionRedriven').length, 2);
  assert.deepEqual(types.slice(-6), [
    'ExecutionRedriven',
    'LambdaFunctionScheduled',
    'LambdaFunctionStarted',
    'LambdaFunctionSucceeded',
    'TaskStateExited',
    'ExecutionSucceeded',
  ]);
});

test('only failed, aborted and timed out executions are redriven, at most 14 days after they closed', async () => {
  let fails = false;
  const { client, executions, start, pass } = world({
    ...works,
    first: async () => {
      if (fails) throw named('Broken');
      return 1;
    },
  });
  const redrive = (executionArn: string | undefined, clientToken?: string) =>
    client.send(new RedriveExecutionCommand({ executionArn, ...(clientToken === undefined ? {} : { clientToken }) }));
  const good = await start('good');
  await assert.rejects(redrive(good.executionArn), { name: 'ExecutionNotRedrivable' });
  await executions.idle();
  await assert.rejects(redrive(good.executionArn), { name: 'ExecutionNotRedrivable' });
  fails = true;
  const bad = await start('bad');
  await executions.idle();
  await redrive(bad.executionArn, 'token');
  await executions.idle();
  await redrive(bad.executionArn, 'token');
  await executions.idle();
  assert.equal(executions.find(bad.executionArn ?? '').redriveCount, 1);
  pass(14 * 86_400_000 + 1);
  await assert.rejects(redrive(bad.executionArn), { name: 'ExecutionNotRedrivable' });
});

test('a stop aborts with the reason given, and the execution can be redriven where it stood', async () => {
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let gate = held;
  const { client, executions, start } = world({
    ...works,
    second: async () => {
      enter();
      await gate;
      return 'done';
    },
  });
  const { executionArn } = await start('one');
  await entered;
  await client.send(new StopExecutionCommand({ executionArn, error: 'Operator', cause: 'stopped by hand' }));
  const stopped = await client.send(new DescribeExecutionCommand({ executionArn }));
  assert.deepEqual([stopped.status, stopped.error, stopped.cause], ['ABORTED', 'Operator', 'stopped by hand']);
  release();
  gate = Promise.resolve();
  await client.send(new RedriveExecutionCommand({ executionArn }));
  assert.equal((await executions.ended(executionArn ?? '')).output, '"done"');
});

test('lists are paged, newest first, and know who was redriven', async () => {
  const { client, executions, start, pass } = world(works);
  for (const name of ['a', 'b', 'c']) {
    await start(name);
    pass(1000);
  }
  await executions.idle();
  const first = await client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 2 }));
  assert.deepEqual(
    first.executions?.map((one) => one.name),
    ['c', 'b'],
  );
  const second = await client.send(new ListExecutionsCommand({ stateMachineArn, nextToken: first.nextToken }));
  assert.deepEqual([second.executions?.map((one) => one.name), second.nextToken], [['a'], undefined]);
  const redriven = await client.send(new ListExecutionsCommand({ stateMachineArn, redriveFilter: 'REDRIVEN' }));
  assert.deepEqual(redriven.executions, []);
});

test('the state machine is listed and described with its definition, over HTTP too', async () => {
  const { respond } = world(works);
  const server = await listen(respond);
  const client = new SFNClient({ ...base, endpoint: server.url });
  try {
    const { stateMachines } = await client.send(new ListStateMachinesCommand({}));
    assert.deepEqual(
      stateMachines?.map((one) => one.name),
      ['sync'],
    );
    const described = await client.send(new DescribeStateMachineCommand({ stateMachineArn }));
    assert.equal((JSON.parse(described.definition ?? '') as { StartAt: string }).StartAt, 'First');
  } finally {
    client.destroy();
    await server.close();
  }
});

test('an execution whose history is full fails', async () => {
  const machine = createStateMachine({
    definition: {
      StartAt: 'Only',
      States: {
        Only: {
          Type: 'Task',
          Resource: arn('only'),
          Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 99_999 }],
          End: true,
        },
      },
    },
    functions: { [arn('only')]: () => Promise.reject(named('Busy')) },
    pace: hurriedPace,
  });
  const executions = createExecutions({
    stateMachines: [{ name: 'sync', machine }],
    ownerId: '111122223333',
    region: 'eu-central-1',
    now: () => 0,
    newId: () => 'id',
    historyLimit: 100,
  });
  const { arn: executionArn } = executions.start({ stateMachineArn });
  const ended = await executions.ended(executionArn);
  assert.deepEqual([ended.status, ended.error], ['FAILED', 'States.Runtime']);
  assert.equal(executions.history(executionArn).length, 100);
  assert.equal(executions.redriveStatus(ended).status, 'NOT_REDRIVABLE');
});
