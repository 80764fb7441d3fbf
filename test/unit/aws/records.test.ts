import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecords } from '../../../shared/aws/table/records.ts';
import type { ObjectRecord, RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import { ownTable } from './own-table.ts';

const record = (said: Partial<RuleRecord> = {}): RuleRecord => ({
  format: 1,
  id: 'i-1-1',
  state: 'owned',
  name: 'i-1-1',
  uuid: 'u1',
  group: 'sg-1',
  family: 4,
  traffic: { kind: 'ports', protocol: 'tcp', ports: { from: 443, to: 443 } },
  service: { kind: 'ports', protocol: 'tcp', ports: { from: 443, to: 443 } },
  contributions: {
    sources: [{ source: '0.0.0.0/0', securityGroupRule: 'sgr-1', prefixList: null }],
    destinations: [{ interface: 'eni-1', instance: 'i-1', address: '10.0.1.5/32' }],
  },
  content: {
    from: ['untrust'],
    to: ['trust'],
    source: ['0.0.0.0/0'],
    destination: ['10.0.1.5/32'],
    application: ['ssl'],
    service: ['tcp-443'],
    action: 'allow',
    logSetting: null,
    profileGroup: null,
    tags: [],
    description: 'd',
  },
  intent: null,
  fence: 5,
  broughtBy: { eventId: 'e1', execution: 'a' },
  ...said,
});
const object = (said: Partial<ObjectRecord> = {}): ObjectRecord => ({
  format: 1,
  id: 'tcp-443',
  state: 'owned',
  protocol: 'tcp',
  ports: { from: 443, to: 443 },
  fence: 5,
  ...said,
});

const begin = async () => {
  const own = await ownTable();
  return { ...own, records: createRecords(own.table, own.now) };
};

test('records come back as they were put, rules and objects apart', async () => {
  const { records } = await begin();
  assert.deepEqual([await records.rules(), await records.objects()], [[], []]);
  await records.putRule(record());
  await records.putRule(record({ id: 'i-1-2', name: 'renamed', uuid: null, state: 'intended' }));
  await records.putObject(object());
  assert.deepEqual(await records.rules(), [
    record(),
    record({ id: 'i-1-2', name: 'renamed', uuid: null, state: 'intended' }),
  ]);
  assert.deepEqual(await records.objects(), [object()]);
});

test('a record is replaced under the same or a higher fence, never under a lower one', async () => {
  const { records } = await begin();
  await records.putRule(record());
  await records.putRule(record({ name: 'same fence' }));
  await records.putRule(record({ name: 'higher', fence: 7 }));
  await assert.rejects(records.putRule(record({ name: 'lower', fence: 6 })), {
    name: 'PlanStale',
    message: /record of i-1-1 was written by a later turn \(fence 7\) than this one \(6\)/,
  });
  assert.deepEqual(await records.rules(), [record({ name: 'higher', fence: 7 })]);
  await records.putObject(object({ fence: 7 }));
  await assert.rejects(records.putObject(object({ fence: 6 })), { name: 'PlanStale', message: /tcp-443/ });
});

test('fences are compared as numbers', async () => {
  const { records } = await begin();
  await records.putRule(record({ fence: 9 }));
  await records.putRule(record({ fence: 10 }));
  await assert.rejects(records.putRule(record({ fence: 9 })), { name: 'PlanStale' });
});

test('what is forgotten is watched for a day as a tombstone without a uuid: an object by its name', async () => {
  const { records, table, clock } = await begin();
  await records.putRule(record({ uuid: null, state: 'intended' }));
  await records.putObject(object());
  await records.forgetRule(record({ uuid: null, state: 'intended' }));
  await records.forgetObject(object());
  const day = Math.floor(clock.now / 1000) + 24 * 3600;
  assert.deepEqual(
    (await records.rules()).map(({ state, uuid, intent }) => [state, uuid, intent]),
    [['tombstone', null, null]],
  );
  assert.deepEqual([await records.objects(), await records.formerObjects()], [[], ['tcp-443']]);
  assert.deepEqual(
    [(await table.get('rule', 'i-1-1'))?.['expiresAt'], (await table.get('object', 'tcp-443'))?.['expiresAt']],
    [day, day],
  );
});

test('a record is forgotten under the same or a higher fence, never under a lower one', async () => {
  const { records } = await begin();
  await records.putRule(record());
  await records.putObject(object());
  await assert.rejects(records.forgetRule(record({ fence: 4 })), { name: 'PlanStale', message: /i-1-1/ });
  await assert.rejects(records.forgetObject(object({ fence: 4 })), { name: 'PlanStale', message: /tcp-443/ });
  assert.equal((await records.rules()).length + (await records.objects()).length, 2);
  await records.forgetRule(record({ fence: 5 }));
  await records.forgetObject(object({ fence: 6 }));
  assert.deepEqual([(await records.rules()).map(({ state }) => state), await records.objects()], [['tombstone'], []]);
});

test('of two turns that write a record at once, the later one stands', async () => {
  const { records } = await begin();
  await Promise.allSettled([6, 9, 7, 8].map((fence) => records.putRule(record({ fence }))));
  assert.equal((await records.rules())[0]?.fence, 9);
});

test('a tombstone stays in the list and expires after 400 days; what is owned does not expire', async () => {
  const { records, table, clock } = await begin();
  await records.putRule(record());
  assert.equal((await table.get('rule', 'i-1-1'))?.['expiresAt'], undefined);
  await records.putRule(record({ state: 'tombstone' }));
  assert.equal((await table.get('rule', 'i-1-1'))?.['expiresAt'], clock.now / 1000 + 400 * 24 * 3600);
  assert.deepEqual(await records.rules(), [record({ state: 'tombstone' })]);
  await records.putRule(record());
  assert.equal((await table.get('rule', 'i-1-1'))?.['expiresAt'], undefined, 'owned again');
});

test('numbers count up from one, each prefix by itself, several at once', async () => {
  const { records, asked } = await begin();
  assert.deepEqual(await records.nextNumbers('i-1', 1), [1]);
  assert.deepEqual(await records.nextNumbers('i-1', 1), [2]);
  assert.deepEqual(await records.nextNumbers('sg-1', 1), [1]);
  asked.length = 0;
  assert.deepEqual(await records.nextNumbers('i-1', 3), [3, 4, 5]);
  assert.deepEqual(asked, ['GetItem', 'PutItem']);
  assert.deepEqual(await records.nextNumbers('i-1', 1), [6]);
});

test('a number is never given twice, however many ask at once', async () => {
  const { records } = await begin();
  await records.nextNumbers('i-1', 1);
  const numbers = (await Promise.all(Array.from({ length: 12 }, () => records.nextNumbers('i-1', 2)))).flat();
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: 24 }, (_, at) => at + 2),
  );
});

test('a number is not given again after its rule is forgotten', async () => {
  const { records } = await begin();
  const id = `i-1-${(await records.nextNumbers('i-1', 1))[0]}`;
  await records.putRule(record({ id }));
  await records.forgetRule(record({ id }));
  assert.deepEqual(await records.nextNumbers('i-1', 1), [2]);
});

test('the table belongs to the device of the first contact, and to peers of it seen later', async () => {
  const { records } = await begin();
  assert.equal(await records.device(), null);
  await records.putDevice({ serials: ['001', '002'], vsys: 'vsys1' }, null);
  await records.putDevice({ serials: ['999'], vsys: 'vsys2' }, null);
  const device = await records.device();
  assert.deepEqual([device?.serials, device?.vsys], [['001', '002'], 'vsys1']);
  await records.putDevice({ serials: ['001', '002', '003'], vsys: 'vsys1' }, device);
  assert.deepEqual((await records.device())?.serials, ['001', '002', '003']);
});

test('the order proven last is read back, and an earlier turn does not write over it', async () => {
  const { records } = await begin();
  assert.equal(await records.lowest(), null);
  await records.putLowest(['a', 'b'], 2);
  await records.putLowest(['stale'], 1);
  assert.deepEqual(await records.lowest(), ['a', 'b']);
  await records.putLowest([], 3);
  assert.deepEqual(await records.lowest(), []);
});

test('a table has one id, whoever else proposes another at the same time', async () => {
  const { records } = await begin();
  const given = await Promise.all(['a', 'b', 'c'].map((id) => records.identity(() => id)));
  assert.equal(new Set(given).size, 1);
  assert.equal(await records.identity(() => assert.fail('it has one')), given[0]);
});
