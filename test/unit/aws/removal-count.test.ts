import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemovalCount } from '../../../shared/aws/table/removal-limit.ts';
import { ownTable } from './own-table.ts';

const hour = 3_600_000;

const counting = async (deadline?: number) => {
  const { table, clock, now } = await ownTable();
  return { count: createRemovalCount(table, now, deadline), clock, table, now };
};

test('what was lost and approved counts for a day', async () => {
  const { count, clock } = await counting();
  await count.count('run-1', 7, ['eni-1', 'eni-2']);
  await count.approve('run-2', ['eni-3']);
  clock.now += 24 * hour - 1;
  assert.deepEqual(await count.read(), { lost: ['eni-1', 'eni-2'], approved: ['eni-3'] });
  clock.now += 1;
  assert.deepEqual(await count.read(), { lost: [], approved: [] });
});

test('an attempt that is repeated counts nothing twice, and the day begins with the last', async () => {
  const { count, clock, table } = await counting();
  await count.count('run-1', 7, ['eni-1']);
  clock.now += hour;
  await count.count('run-1', 7, ['eni-1']);
  await count.count('run-1', 8, ['eni-1', 'eni-2']);
  assert.equal((await table.query('removal-limit')).length, 2);
  assert.deepEqual((await count.read()).lost, ['eni-1', 'eni-2']);
  clock.now += 24 * hour - 1;
  assert.deepEqual((await count.read()).lost, ['eni-1', 'eni-2']);
});

test('a function that lives on does not make the day begin earlier', async () => {
  const { count, table, now } = await counting();
  await count.count('run-1', 7, ['eni-1']);
  await createRemovalCount(table, () => now() - 20 * hour).count('run-1', 7, ['eni-1']);
  const [item] = await table.query('removal-limit');
  assert.equal(item?.['at'], now());
});

test('a plan that loses nothing writes nothing', async () => {
  const { count, table } = await counting();
  await count.count('run-1', 7, []);
  assert.deepEqual(await table.query('removal-limit'), []);
});

test('an approval holds from its first attempt on: a redrive of it does not renew it', async () => {
  const { count, clock } = await counting();
  await count.approve('run-1', ['eni-1']);
  clock.now += 23 * hour;
  await count.approve('run-1', ['eni-1']);
  clock.now += hour;
  assert.deepEqual((await count.read()).approved, []);
});

test('facts are kept until they are dropped', async () => {
  const { count, clock } = await counting();
  await count.noteFacts(['eni-1', 'eni-2 sg-1']);
  clock.now += 1000 * hour;
  assert.deepEqual(await count.facts(), new Set(['eni-1', 'eni-2 sg-1']));
  await count.dropFacts(['eni-1']);
  assert.deepEqual(await count.facts(), new Set(['eni-2 sg-1']));
});

test('the settings that the last resync went by are remembered', async () => {
  const { count } = await counting();
  assert.equal(await count.settings(), null);
  await count.noteSettings('a');
  await count.noteSettings('b');
  assert.equal(await count.settings(), 'b');
});

test('after its deadline a step writes neither losses nor facts', async () => {
  const { count, table } = await counting(0);
  await assert.rejects(count.count('run-1', 7, ['eni-1']), { name: 'AwsBusy' });
  await assert.rejects(count.noteFacts(['eni-1']), { name: 'AwsBusy' });
  await count.noteFacts([]);
  assert.deepEqual([await table.query('removal-limit'), await table.query('fact')], [[], []]);
});
