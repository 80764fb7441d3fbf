import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNotices, type Notice } from '../../../shared/aws/table/notices.ts';
import { ownTable } from './own-table.ts';

const notice = { subject: 'policy-sync: CommitFailed', message: 'what to do' };
const day = 24 * 3600 * 1000;

const begin = async () => {
  const own = await ownTable();
  const told: Notice[] = [];
  const state = { fails: false };
  const notices = createNotices(own.table, own.now, async (one) => {
    if (state.fails) throw new Error('the topic is down');
    told.push(one);
  });
  return { ...own, notices, told, state };
};

test('a notice is told once under its key, also when another text comes under it', async () => {
  const { notices, told } = await begin();
  assert.equal(await notices.once('k', notice), true);
  assert.equal(await notices.once('k', notice), false);
  assert.equal(await notices.once('k', { ...notice, message: 'another' }), false);
  assert.equal(await notices.once('other', notice), true);
  assert.deepEqual(told, [notice, notice]);
});

test('a condition that lasts is told again after a week, whether DynamoDB has dropped the item or not', async () => {
  const { notices, told, clock } = await begin();
  await notices.once('k', notice);
  clock.now += 7 * day - 1000;
  assert.equal(await notices.once('k', notice), false);
  clock.now += 1000;
  assert.equal(await notices.once('k', notice), true);
  clock.now += 7 * day - 1000;
  assert.equal(await notices.once('k', notice), false, 'the second week counts from the second notice');
  assert.equal(told.length, 2);
});

test('a notice that could not be published is told by the next run', async () => {
  const { notices, told, state } = await begin();
  state.fails = true;
  await assert.rejects(notices.once('k', notice), /topic is down/);
  state.fails = false;
  assert.equal(await notices.once('k', notice), true);
  assert.equal(await notices.once('k', notice), false);
  assert.equal(told.length, 1);
});

test('a run that died between telling and noting it tells once more, not less', async () => {
  const { table, now, told } = await begin();
  const dying = createNotices(
    {
      ...table,
      put: async (item, condition) =>
        item['state'] === 'sent' ? Promise.reject(new Error('died')) : table.put(item, condition),
    },
    now,
    async (one) => {
      told.push(one);
    },
  );
  await assert.rejects(dying.once('k', notice), /died/);
  const notices = createNotices(table, now, async (one) => {
    told.push(one);
  });
  assert.equal(await notices.once('k', notice), true);
  assert.equal(await notices.once('k', notice), false);
  assert.equal(told.length, 2);
});

test('a notice expires with its week', async () => {
  const { notices, table, clock } = await begin();
  await notices.once('k', notice);
  const item = await table.get('notice', 'k');
  assert.deepEqual([item?.['state'], item?.['expiresAt']], ['sent', clock.now / 1000 + 7 * 24 * 3600]);
});
