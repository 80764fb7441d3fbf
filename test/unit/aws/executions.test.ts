import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SFNClient } from '@aws-sdk/client-sfn';
import { createExecutionReads } from '../../../shared/aws/executions.ts';
import { inProcessHandler } from '../../local/http.ts';
import { JsonRefusal, jsonService } from '../../local/json-protocol.ts';

const arn = 'arn:aws:states:eu-central-1:111122223333:execution:policy-sync:run';

/** Step Functions that answers each operation with one value, or refuses. */
const stepFunctions = (answers: Readonly<Record<string, object | JsonRefusal>>) => {
  const asked: Readonly<Record<string, unknown>>[] = [];
  const operations = new Map(
    Object.entries(answers).map(([name, answer]) => [
      name,
      async (input: Readonly<Record<string, unknown>>) => {
        asked.push(input);
        if (answer instanceof JsonRefusal) throw answer;
        return answer;
      },
    ]),
  );
  const client = new SFNClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: inProcessHandler(jsonService('AWSStepFunctions', '1.0', operations)) as never,
  });
  return { reads: createExecutionReads(client), asked };
};

test('an execution is described by status, redrives, end, error and cause', async () => {
  const { reads } = stepFunctions({
    DescribeExecution: {
      executionArn: arn,
      status: 'FAILED',
      redriveCount: 2,
      stopDate: 1_793_606_400.25,
      redriveDate: 1_793_606_000,
      error: 'CommitFailed',
      cause: '{"errorMessage":"no"}',
    },
  });
  assert.deepEqual(await reads.describe(arn), {
    status: 'FAILED',
    redriveCount: 2,
    stoppedAt: 1_793_606_400_250,
    redrivenAt: 1_793_606_000_000,
    error: 'CommitFailed',
    cause: '{"errorMessage":"no"}',
  });
});

test('an execution that runs has no end, error or cause', async () => {
  const { reads } = stepFunctions({ DescribeExecution: { status: 'RUNNING' } });
  assert.deepEqual(await reads.describe(arn), {
    status: 'RUNNING',
    redriveCount: 0,
    stoppedAt: null,
    redrivenAt: null,
    error: null,
    cause: null,
  });
});

test('running means RUNNING or waiting for a redrive; every other status, and none, has ended', async () => {
  for (const [status, running] of [
    ['RUNNING', true],
    ['PENDING_REDRIVE', true],
    ['SUCCEEDED', false],
    ['FAILED', false],
    ['TIMED_OUT', false],
    ['ABORTED', false],
  ] as const) {
    assert.equal(await stepFunctions({ DescribeExecution: { status } }).reads.isRunning(arn), running, status);
  }
});

test('an execution that Step Functions does not know any more does not run', async () => {
  const { reads } = stepFunctions({ DescribeExecution: new JsonRefusal('ExecutionDoesNotExist', 'gone') });
  assert.equal(await reads.describe(arn), null);
  assert.equal(await reads.isRunning(arn), false);
});

test('a refused or throttled question is no answer: it is raised under a name of the catalogue', async () => {
  const denied = stepFunctions({ DescribeExecution: new JsonRefusal('AccessDeniedException', 'no') }).reads;
  await assert.rejects(denied.isRunning(arn), { name: 'AwsDenied', message: /states:DescribeExecution/ });
  const busy = stepFunctions({ DescribeExecution: new JsonRefusal('ThrottlingException', 'slow down') }).reads;
  await assert.rejects(busy.describe(arn), { name: 'AwsBusy' });
  const history = stepFunctions({ GetExecutionHistory: new JsonRefusal('AccessDeniedException', 'no') }).reads;
  await assert.rejects(history.lastState(arn), { name: 'AwsDenied', message: /states:GetExecutionHistory/ });
});

test('the last state is the newest that was entered', async () => {
  const event = (id: number, type: string, details: object = {}) => ({ id, type, timestamp: 0, ...details });
  const { reads, asked } = stepFunctions({
    GetExecutionHistory: {
      events: [
        event(9, 'ExecutionFailed'),
        event(8, 'LambdaFunctionFailed'),
        event(7, 'TaskStateEntered', { stateEnteredEventDetails: { name: 'Commit' } }),
        event(6, 'TaskStateExited', { stateExitedEventDetails: { name: 'ApplyRules' } }),
        event(5, 'TaskStateEntered', { stateEnteredEventDetails: { name: 'ApplyRules' } }),
      ],
    },
  });
  assert.equal(await reads.lastState(arn), 'Commit');
  assert.equal(asked[0]?.['reverseOrder'], true);
});

test('an execution that entered no state has no last one', async () => {
  const { reads } = stepFunctions({ GetExecutionHistory: { events: [] } });
  assert.equal(await reads.lastState(arn), null);
});
