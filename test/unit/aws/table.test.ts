import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { absent, all, atMost, createTable, either, equals, type Item } from '../../../shared/aws/table/table.ts';
import { ownTable, refusal, tableName } from './own-table.ts';

const item = (sk: string, more: Readonly<Record<string, unknown>> = {}): Item => ({ pk: 'p', sk, format: 1, ...more });

test('an item comes back as it was put, and an absent one is null', async () => {
  const { table } = await ownTable();
  const put = item('a', {
    text: 'ü',
    number: 1.5,
    none: null,
    list: ['x', { y: [] }],
    bytes: new Uint8Array([0, 255]),
  });
  assert.equal(await table.put(put, null), true);
  assert.deepEqual(await table.get('p', 'a'), put);
  assert.equal(await table.get('p', 'b'), null);
});

test('an attribute that is undefined is not written', async () => {
  const { table } = await ownTable();
  await table.put(item('a', { gone: undefined, nested: { gone: undefined, kept: 1 } }), null);
  assert.deepEqual(await table.get('p', 'a'), item('a', { nested: { kept: 1 } }));
});

test('a put under a condition that does not hold changes nothing and answers false', async () => {
  const { table } = await ownTable();
  await table.put(item('a', { n: 1 }), absent);
  assert.equal(await table.put(item('a', { n: 2 }), absent), false);
  assert.equal(await table.put(item('a', { n: 2 }), equals('n', 7)), false);
  assert.equal(await table.put(item('a', { n: 2 }), atMost('n', 0)), false);
  assert.equal(await table.put(item('a', { n: 2 }), all(equals('n', 1), equals('sk', 'b'))), false);
  assert.deepEqual(await table.get('p', 'a'), item('a', { n: 1 }));
  assert.equal(await table.put(item('a', { n: 2 }), either(absent, atMost('n', 1))), true);
  assert.equal(await table.put(item('b', { n: 2 }), either(absent, atMost('n', 1))), true);
  assert.equal(await table.put(item('a', { n: 3 }), all(equals('n', 2), equals('sk', 'a'))), true);
  assert.deepEqual(await table.get('p', 'a'), item('a', { n: 3 }));
});

test('a delete under a condition that does not hold leaves the item', async () => {
  const { table } = await ownTable();
  await table.put(item('a', { n: 2 }), null);
  assert.equal(await table.delete('p', 'a', atMost('n', 1)), false);
  assert.notEqual(await table.get('p', 'a'), null);
  assert.equal(await table.delete('p', 'a', atMost('n', 2)), true);
  assert.equal(await table.get('p', 'a'), null);
  assert.equal(await table.delete('p', 'a', null), true);
});

test('a partition is read in sort key order, over every page, and by prefix', async () => {
  const { table, asked } = await ownTable();
  // A page holds 1 MB: eight items of 300 KB need at least three.
  const big = randomBytes(150_000).toString('hex');
  for (const sk of ['1#d', '2#a', '1#b', '1#a', '2#b', '1#c', '3', '10#a']) await table.put(item(sk, { big }), null);
  await table.put({ ...item('1#z'), pk: 'another' }, null);
  asked.length = 0;
  assert.deepEqual(
    (await table.query('p')).map(({ sk }) => sk),
    ['1#a', '1#b', '1#c', '1#d', '10#a', '2#a', '2#b', '3'],
  );
  assert.ok(asked.length >= 3, `${asked.length} pages`);
  assert.deepEqual(
    (await table.query('p', { prefix: '1#' })).map(({ sk }) => sk),
    ['1#a', '1#b', '1#c', '1#d'],
  );
  assert.deepEqual(await table.query('nothing'), []);
});

test('the pending index lists oldest first, over pages, at most as many as asked for', async () => {
  const { table, asked } = await ownTable();
  const big = randomBytes(150_000).toString('hex');
  for (const day of [5, 3, 7, 1, 6, 2, 4]) {
    await table.put(item(`s${day}`, { pending: 'pending', recordedAt: `2026-11-0${day}`, big }), null);
  }
  await table.put(item('handled', { recordedAt: '2026-11-01' }), null);
  const sks = async (limit: number) => (await table.queryPending(limit)).map(({ sk }) => sk);
  asked.length = 0;
  assert.deepEqual(await sks(100), ['s1', 's2', 's3', 's4', 's5', 's6', 's7']);
  assert.ok(asked.length >= 2, `${asked.length} pages`);
  asked.length = 0;
  assert.deepEqual(await sks(2), ['s1', 's2']);
  assert.equal(asked.length, 1, 'a page that is enough is the last one asked for');
  assert.deepEqual(await sks(5), ['s1', 's2', 's3', 's4', 's5']);
});

test('an item of an unknown format, asked for by its key, is refused by name with its keys', async () => {
  const { table } = await ownTable();
  await table.put({ ...item('future'), format: 2 } as unknown as Item, null);
  await assert.rejects(table.get('p', 'future'), {
    name: 'StateNotUnderstood',
    message: /p \/ future has format 2; this version knows format 1/,
  });
  await table.put({ ...item('none'), format: undefined } as unknown as Item, null);
  await assert.rejects(table.get('p', 'none'), { name: 'StateNotUnderstood', message: /has format undefined/ });
});

test('an item of an unknown format in a list is told of and left where it is; the rest goes on', async () => {
  const { client } = await ownTable();
  const told: string[] = [];
  const table = createTable(client, tableName, (what) => told.push(what));
  await table.put(item('a', { pending: 'pending', recordedAt: '1' }), null);
  const future = { ...item('b', { pending: 'pending', recordedAt: '2' }), format: 2 } as unknown as Item;
  await table.put(future, null);
  await table.put(item('c', { pending: 'pending', recordedAt: '3' }), null);
  const sks = (items: readonly Item[]) => items.map(({ sk }) => sk);
  assert.deepEqual(sks(await table.query('p')), ['a', 'c']);
  assert.deepEqual(sks(await table.queryPending(2)), ['a', 'c']);
  assert.equal(told.length, 2);
  for (const what of told) assert.match(what, /p \/ b has format 2/);
  await assert.rejects(table.get('p', 'b'), { name: 'StateNotUnderstood' });
});

test('what DynamoDB refuses comes out under a name of the catalogue, naming the permission', async () => {
  const refusals = [
    ['ProvisionedThroughputExceededException', 400, 'AwsBusy'],
    ['ThrottlingException', 400, 'AwsBusy'],
    ['InternalServerError', 500, 'AwsBusy'],
    ['AccessDeniedException', 400, 'AwsDenied'],
    ['ResourceNotFoundException', 400, 'Misconfigured'],
  ] as const;
  for (const [code, status, name] of refusals) {
    const { table } = await ownTable(() => refusal(code, 'no', status));
    const named = (permission: string) => ({ name, message: new RegExp(`dynamodb:${permission}.*no`) });
    await assert.rejects(table.get('p', 'a'), named('GetItem'));
    await assert.rejects(table.put(item('a'), null), named('PutItem'));
    await assert.rejects(table.delete('p', 'a', null), named('DeleteItem'));
    await assert.rejects(table.query('p'), named('Query'));
    await assert.rejects(table.queryPending(1), named('Query'));
  }
});

test('reads are strongly consistent, except on the index, which cannot be', async () => {
  const consistent: unknown[] = [];
  const { table } = await ownTable((_operation, request) => {
    consistent.push((JSON.parse(request.body) as Record<string, unknown>)['ConsistentRead']);
    return null;
  });
  await table.get('p', 'a');
  await table.query('p');
  await table.queryPending(1);
  assert.deepEqual(consistent, [true, true, undefined]);
});
