import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFailures, type Failure, type Telling } from '../../../shared/aws/table/failures.ts';
import { ownTable } from './own-table.ts';

const hour = 3_600_000;

const begin = async () => {
  const own = await ownTable();
  const told: Telling[] = [];
  const state = { fails: false };
  const failures = createFailures({
    table: own.table,
    now: own.now,
    publish: async (telling) => {
      if (state.fails) throw new Error('the topic is down');
      told.push(telling);
    },
    timeText: (milliseconds) => `t${(milliseconds - own.clock.now) / hour}`,
  });
  let runs = 0;
  const fail = (over: Partial<Failure> = {}) => {
    runs += 1;
    const failure = { cause: 'C no', error: 'C', execution: `run ${runs}`, end: '0', endedAt: own.clock.now };
    return failures.tell({ ...failure, message: `message ${runs}`, ...over });
  };
  return { ...own, failures, fail, told, state, subjects: () => told.map(({ subject }) => subject) };
};
const nothingOpen = async (): Promise<boolean> => false;

test('the first failure of a cause is told as it is', async () => {
  const { fail, told } = await begin();
  assert.equal(await fail(), true);
  assert.deepEqual(told, [{ subject: 'C', message: 'message 1' }]);
});

test('further ones are told at ten times as many, with their count and the executions', async () => {
  const { fail, told, subjects } = await begin();
  for (let count = 0; count < 100; count += 1) await fail();
  assert.deepEqual(subjects(), ['C', 'C, 10 failures', 'C, 100 failures']);
  assert.match(
    told[1]?.message ?? '',
    /^message 10\n10 failures of this cause since t0, the last ones of:\n {2}run 1\n/,
  );
  assert.equal(told[2]?.message.split('\n').length, 22, 'twenty executions at most');
});

test('one more is told a day after the last message, and nothing while nothing fails', async () => {
  const { fail, clock, subjects } = await begin();
  await fail();
  clock.now += 24 * hour - 1;
  assert.equal(await fail(), false);
  clock.now += 1;
  assert.equal(await fail(), true);
  assert.deepEqual(subjects(), ['C', 'C, 3 failures']);
});

test('the same end of an execution counts once, however often its event comes', async () => {
  const { fail, table, subjects } = await begin();
  for (let copy = 0; copy < 3; copy += 1) await fail({ execution: 'run', end: '0 5' });
  assert.equal((await table.get('failure', 'C no'))?.['count'], 1);
  assert.deepEqual(subjects(), ['C']);
  assert.equal(await fail({ execution: 'run', end: '1 6' }), true, 'a redrive that failed again');
  assert.deepEqual(subjects(), ['C', 'C, 2 failures']);
});

test('what could not be published is told when the same event comes again, and counted once', async () => {
  const { fail, state, subjects } = await begin();
  state.fails = true;
  await assert.rejects(fail({ execution: 'run' }), /topic is down/);
  state.fails = false;
  assert.equal(await fail({ execution: 'run' }), true);
  assert.deepEqual(subjects(), ['C']);
});

test('failures counted at one time are all counted', async () => {
  const { fail, table } = await begin();
  await Promise.all(Array.from({ length: 8 }, () => fail()));
  assert.equal((await table.get('failure', 'C no'))?.['count'], 8);
});

test('a cause is over when nothing that failed with it is open; that is told once, and the next failure is a first', async () => {
  const { fail, failures, subjects } = await begin();
  await fail();
  await fail();
  await fail({ cause: 'D no', error: 'D' });
  assert.deepEqual(await failures.tellOver(async (execution) => execution === 'run 2'), ['D']);
  assert.deepEqual(await failures.tellOver(nothingOpen), ['C']);
  assert.deepEqual(await failures.tellOver(nothingOpen), []);
  await fail();
  assert.deepEqual(subjects(), ['C', 'D', 'D, over after 1 failure', 'C, over after 2 failures', 'C']);
});

test('a failure that comes while its cause is being called over is not forgotten', async () => {
  const { fail, failures, table } = await begin();
  await fail();
  await failures.tellOver(async () => {
    await fail();
    return false;
  });
  assert.equal((await table.get('failure', 'C no'))?.['count'], 2);
});

test('a cause that nothing ends goes by itself after thirty days', async () => {
  const { fail, table, clock } = await begin();
  await fail();
  assert.equal((await table.get('failure', 'C no'))?.['expiresAt'], clock.now / 1000 + 30 * 24 * 3600);
});
