import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescribedExecution } from '../../../shared/aws/executions.ts';
import { type ErrorName, NamedError } from '../../../shared/domain/errors.ts';
import { howItEnded } from '../../../shared/workflow/ended-run.ts';

const stop = 1_000_000;
const event = { executionArn: 'arn:run', status: 'TIMED_OUT', stopDate: stop };
const failed: DescribedExecution = {
  status: 'FAILED',
  redriveCount: 1,
  stoppedAt: stop,
  redrivenAt: stop - 5_000,
  error: 'CommitFailed',
  cause: 'no',
};
const running: DescribedExecution = {
  ...failed,
  status: 'RUNNING',
  stoppedAt: null,
  redrivenAt: null,
  error: null,
  cause: null,
};

/** Step Functions that says one thing after the other, and the last one from then on. */
const asked = async (...said: readonly (DescribedExecution | null | ErrorName)[]) => {
  let now = stop;
  let nth = 0;
  const describe = async (): Promise<DescribedExecution | null> => {
    const one = said[Math.min(nth, said.length - 1)] ?? null;
    nth += 1;
    if (typeof one === 'string') throw new NamedError(one, 'no answer');
    return one;
  };
  const sleep = async (milliseconds: number) => {
    now += milliseconds;
  };
  const answer = await howItEnded({ describe, now: () => now, sleep }, event, stop + 60_000);
  return { answer, times: nth };
};

const ended = { status: 'FAILED', redriveCount: 1, endedAt: stop, error: 'CommitFailed', cause: 'no' };
const asEvent = { status: 'TIMED_OUT', redriveCount: null, endedAt: stop, error: null, cause: null };

test('the end that the event tells is described with its error and its redrive', async () => {
  assert.deepEqual(await asked(failed), { answer: ended, times: 1 });
  assert.deepEqual((await asked({ ...failed, stoppedAt: stop + 400 })).answer, ended);
});

test('a description that still says RUNNING without a redrive, or shows an earlier end, is asked for again', async () => {
  assert.deepEqual(await asked(running, running, failed), { answer: ended, times: 3 });
  assert.deepEqual(await asked({ ...failed, redriveCount: 0, stoppedAt: stop - 9_000 }, failed), {
    answer: ended,
    times: 2,
  });
  assert.deepEqual(await asked('AwsBusy', failed), { answer: ended, times: 2 });
});

test('one that never agrees is raised, so that it is tried again', async () => {
  await assert.rejects(asked(running), {
    name: 'AwsBusy',
    message: /does not show yet that arn:run has ended: RUNNING/,
  });
});

test('a later redrive is another run: running, about to run, ended since or succeeded', async () => {
  for (const later of [
    { ...running, redriveCount: 2, redrivenAt: stop + 1 },
    { ...running, status: 'PENDING_REDRIVE' },
    { ...failed, redriveCount: 2, redrivenAt: stop + 100, stoppedAt: stop + 500 },
    { ...failed, stoppedAt: stop + 90_000, redrivenAt: stop + 60_000 },
    { ...failed, status: 'SUCCEEDED', stoppedAt: stop + 90_000, redrivenAt: stop + 60_000 },
  ]) {
    const { answer, times } = await asked(later);
    assert.equal(typeof answer, 'string', JSON.stringify(later));
    assert.equal(times, 1);
  }
});

test('where Step Functions does not know it, may not be asked, or does not answer in all the time, the event is believed', async () => {
  assert.deepEqual((await asked(null)).answer, asEvent);
  assert.deepEqual((await asked('AwsBusy')).answer, asEvent);
  assert.deepEqual((await asked('AwsDenied')).answer, asEvent);
});
