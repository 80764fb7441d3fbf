import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createWorkings } from '../../../shared/aws/table/workings.ts';
import { ownTable } from './own-table.ts';

const begin = async () => {
  const own = await ownTable();
  return { ...own, workings: createWorkings(own.table, own.now) };
};
/** Text that does not compress: base64 of chance, three quarters of its length in bytes. */
const incompressible = (bytes: number): string => randomBytes(bytes).toString('base64');
const chunk = (at: number) => `3#TestRules#${String(at).padStart(4, '0')}`;
const incomplete = { name: 'StateNotUnderstood', message: /TestRules \(execution run, fence 3\)/ };

test('a working comes back as it was written', async () => {
  const { workings } = await begin();
  for (const content of [{ a: [1, 'ü', null, { b: false }] }, [], null, 'text', 0]) {
    await workings.write('run', 3, 'TestRules', content);
    assert.deepEqual(await workings.read('run', 3, 'TestRules'), content);
  }
});

test('what compresses well takes one item, however long', async () => {
  const { workings, table } = await begin();
  const content = Array.from({ length: 50_000 }, () => 'the same line');
  await workings.write('run', 3, 'TestRules', content);
  assert.equal((await table.query('working#run')).length, 1);
  assert.deepEqual(await workings.read('run', 3, 'TestRules'), content);
});

test('what does not fit one item is kept in as many as it takes', async () => {
  const { workings, table } = await begin();
  const content = incompressible(1_500_000);
  await workings.write('run', 3, 'TestRules', content);
  const items = await table.query('working#run');
  assert.ok(items.length >= 4, `${items.length} items`);
  assert.deepEqual(
    items.map(({ sk }) => sk),
    items.map((_, at) => chunk(at)),
  );
  assert.equal(await workings.read('run', 3, 'TestRules'), content);
});

test('more than ten parts keep their order', async () => {
  const { workings, table } = await begin();
  const content = incompressible(4_300_000);
  await workings.write('run', 3, 'TestRules', content);
  assert.ok((await table.query('working#run')).length > 10);
  assert.equal(await workings.read('run', 3, 'TestRules'), content);
});

test('a repeat with fewer parts is read without those left of the longer one', async () => {
  const { workings, table } = await begin();
  await workings.write('run', 3, 'TestRules', incompressible(1_000_000));
  const before = (await table.query('working#run')).length;
  const second = incompressible(400_000);
  await workings.write('run', 3, 'TestRules', second);
  assert.equal((await table.query('working#run')).length, before, 'the old parts are still there');
  assert.equal(await workings.read('run', 3, 'TestRules'), second);
  await workings.write('run', 3, 'TestRules', 'short');
  assert.equal(await workings.read('run', 3, 'TestRules'), 'short');
});

test('a missing part is told, whichever it is', async () => {
  for (const missing of [0, 1, 2]) {
    const { workings, table } = await begin();
    await workings.write('run', 3, 'TestRules', incompressible(800_000));
    assert.equal((await table.query('working#run')).length, 3);
    await table.delete('working#run', chunk(missing), null);
    await assert.rejects(workings.read('run', 3, 'TestRules'), { ...incomplete, message: /has 2 of 3 parts/ });
  }
});

test('no working at all is told', async () => {
  const { workings } = await begin();
  await assert.rejects(workings.read('run', 3, 'TestRules'), { ...incomplete, message: /has 0 of 1 parts/ });
});

test('a working written over halfway by an attempt that died is told, and never read as a mixture', async () => {
  const { workings, table, now } = await begin();
  await workings.write('run', 3, 'TestRules', incompressible(800_000));
  let puts = 0;
  const dying = createWorkings(
    {
      ...table,
      put: async (item, condition) => {
        puts += 1;
        if (puts > 1) throw new Error('died');
        return table.put(item, condition);
      },
    },
    now,
  );
  await assert.rejects(dying.write('run', 3, 'TestRules', incompressible(700_000)), /died/);
  await assert.rejects(workings.read('run', 3, 'TestRules'), incomplete);
});

test('no step reads the working of another execution, plan or step', async () => {
  const { workings } = await begin();
  await workings.write('run', 3, 'TestRules', 'mine');
  for (const [execution, fence, step] of [
    ['run2', 3, 'TestRules'],
    ['ru', 3, 'TestRules'],
    ['run', 33, 'TestRules'],
    ['run', 4, 'TestRules'],
    ['run', 3, 'TestRule'],
    ['run', 3, 'Commit'],
  ] as const) {
    await assert.rejects(workings.read(execution, fence, step), { name: 'StateNotUnderstood' });
    await workings.write(execution, fence, step, 'another');
    assert.equal(await workings.read('run', 3, 'TestRules'), 'mine');
  }
});

test('workings expire after fourteen days', async () => {
  const { workings, table, clock } = await begin();
  await workings.write('run', 3, 'TestRules', 'x');
  assert.equal((await table.get('working#run', chunk(0)))?.['expiresAt'], clock.now / 1000 + 14 * 24 * 3600);
});
