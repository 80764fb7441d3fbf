import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type ChangeItem, createChanges } from '../../../shared/aws/table/changes.ts';
import type { Change } from '../../../shared/domain/change.ts';
import { ownTable } from './own-table.ts';

const change: Change = {
  kind: 'StartInstances',
  subjects: [
    { kind: 'instance', id: 'i-1' },
    { kind: 'group', id: 'sg-1' },
  ],
  who: 'arn:aws:iam::111122223333:user/ann',
  when: '2026-11-02T08:00:00Z',
  eventId: 'e1',
  announced: { instanceStates: { 'i-1': 'pending' }, createdRules: [], removedRules: [] },
};
const everything: Change = { ...change, kind: 'resync', subjects: [{ kind: 'everything' }] };
const run = (name: string, startTime = '2026-11-02T08:00:00Z') => ({ name, startTime });
const outcome = { execution: 'other', summary: 'added i-1-1', commitJob: '7' };

const begin = async () => {
  const own = await ownTable();
  return { ...own, changes: createChanges(own.table, own.now) };
};
const one = async (changes: ReturnType<typeof createChanges>, execution: string): Promise<ChangeItem> => {
  const [item] = await changes.of(execution);
  assert.ok(item);
  return item;
};

test('a change is one pending item per subject of its execution', async () => {
  const { changes } = await begin();
  const recorded = await changes.record(run('a'), change);
  assert.deepEqual(
    recorded.map(({ sk, state, execution, recordedAt }) => [sk, state, execution, recordedAt]),
    [
      ['i-1', 'pending', 'a', '2026-11-02T08:00:00Z'],
      ['sg-1', 'pending', 'a', '2026-11-02T08:00:00Z'],
    ],
  );
  assert.deepEqual(await changes.of('a'), recorded);
  const [instance] = await changes.of('a');
  assert.deepEqual(
    instance?.change,
    { ...change, subjects: [instance?.subject] },
    'each holds its own part of the call',
  );
  assert.deepEqual(await changes.of('b'), []);
  await changes.record(run('r'), everything);
  assert.equal((await one(changes, 'r')).sk, 'everything');
});

test('executions whose names begin alike do not see each other', async () => {
  const { changes } = await begin();
  await changes.record(run('run-1'), everything);
  await changes.record(run('run-10'), change);
  assert.equal((await changes.of('run-1')).length, 1);
});

test('a change recorded again keeps what has become of it', async () => {
  const { changes } = await begin();
  const [item] = await changes.record(run('a'), change);
  assert.ok(item);
  await changes.markHandled(item, outcome);
  const again = await changes.record(run('a', '2027-01-01T00:00:00Z'), { ...change, eventId: 'e2' });
  assert.deepEqual(
    again.map(({ state, recordedAt, change: { eventId } }) => [state, recordedAt, eventId]),
    [
      ['handled', '2026-11-02T08:00:00Z', 'e1'],
      ['pending', '2026-11-02T08:00:00Z', 'e1'],
    ],
  );
});

test('pending changes are listed oldest first, whoever brought them', async () => {
  const { changes } = await begin();
  await changes.record(run('late', '2026-11-02T10:00:00Z'), everything);
  await changes.record(run('early', '2026-11-02T08:00:00Z'), everything);
  await changes.record(run('middle', '2026-11-02T09:00:00Z'), everything);
  const names = async (limit: number) => (await changes.pending(limit)).map(({ execution }) => execution);
  assert.deepEqual(await names(9), ['early', 'middle', 'late']);
  assert.deepEqual(await names(2), ['early', 'middle']);
  await changes.markHandled(await one(changes, 'early'), outcome);
  assert.deepEqual(await names(2), ['middle', 'late']);
});

test('pending changes are listed beyond the first page', async () => {
  const { changes, asked } = await begin();
  const who = randomBytes(170_000).toString('hex');
  for (const name of ['a', 'b', 'c', 'd'])
    await changes.record(run(name, `2026-11-02T08:00:00${name}`), { ...everything, who });
  asked.length = 0;
  assert.equal((await changes.pending(9)).length, 4);
  assert.ok(asked.filter((operation) => operation === 'Query').length > 1);
});

test('a pending change does not expire; a handled one does after thirty days', async () => {
  const { changes, clock } = await begin();
  await changes.record(run('a'), everything);
  assert.equal((await one(changes, 'a')).expiresAt, undefined);
  await changes.markFailed(await one(changes, 'a'), 'CommitFailed: no');
  assert.equal((await one(changes, 'a')).expiresAt, undefined);
  await changes.markHandled(await one(changes, 'a'), outcome);
  assert.equal((await one(changes, 'a')).expiresAt, clock.now / 1000 + 30 * 24 * 3600);
});

test('a handled change never becomes pending or failed again, and keeps its first outcome', async () => {
  const { changes, table } = await begin();
  await changes.record(run('a'), everything);
  const stale = await one(changes, 'a');
  assert.equal(await changes.markHandled(stale, outcome), true);
  assert.equal(await changes.markHandled(stale, { ...outcome, summary: 'second' }), false);
  await changes.markFailed(stale, 'too late');
  await changes.record(run('a'), everything);
  const found = await one(changes, 'a');
  assert.deepEqual([found.state, found.outcome, found.cause], ['handled', outcome, null]);
  assert.equal('pending' in found, false);
  assert.deepEqual(await table.queryPending(9), []);
});

test('of two that mark a change handled at once, one does', async () => {
  const { changes } = await begin();
  await changes.record(run('a'), everything);
  const stale = await one(changes, 'a');
  const done = await Promise.all([
    changes.markHandled(stale, { ...outcome, execution: 'x' }),
    changes.markHandled(stale, { ...outcome, execution: 'y' }),
    changes.markFailed(stale, 'no'),
  ]);
  const found = await one(changes, 'a');
  if (found.state === 'handled') {
    assert.deepEqual([done[0], done[1]].filter(Boolean).length, 1);
    assert.equal(found.outcome?.execution, done[0] ? 'x' : 'y');
  } else assert.deepEqual([found.state, done[0], done[1]], ['failed', false, false]);
});

test('a failed change says why and waits in the index; carried out later, its cause goes', async () => {
  const { changes, table } = await begin();
  await changes.record(run('a'), everything);
  await changes.markFailed(await one(changes, 'a'), 'FirewallRejected: no');
  assert.deepEqual(
    (await table.queryPending(9)).map(({ state, cause }) => [state, cause]),
    [['failed', 'FirewallRejected: no']],
  );
  assert.equal(await changes.markHandled(await one(changes, 'a'), outcome), true);
  const found = await one(changes, 'a');
  assert.deepEqual([found.state, found.cause], ['handled', null]);
  assert.deepEqual(await table.queryPending(9), []);
});

test('a change that the index still shows is read again before it is listed', async () => {
  const own = await begin();
  await own.changes.record(run('a'), everything);
  await own.changes.record(run('b'), everything);
  // The index lags behind the table: it still shows what has been handled, or has gone.
  const listed = await own.table.queryPending(9);
  const lagging = createChanges({ ...own.table, queryPending: async () => listed }, own.now);
  await own.changes.markHandled(await one(own.changes, 'a'), outcome);
  assert.deepEqual(
    (await lagging.pending(9)).map(({ execution }) => execution),
    ['b'],
  );
  await own.table.delete('change#b', 'everything', null);
  assert.deepEqual(await lagging.pending(9), []);
});

test('marking what is not there does nothing', async () => {
  const { changes, table } = await begin();
  assert.equal(await changes.markHandled({ pk: 'change#x', sk: 'i-1' }, outcome), false);
  await changes.markFailed({ pk: 'change#x', sk: 'i-1' }, 'no');
  assert.equal(await table.get('change#x', 'i-1'), null);
});

test('of a call about many instances, each item holds the state of its own', async () => {
  const { changes } = await begin();
  const ids = ['i-1', 'i-2', 'i-3'];
  const many = {
    ...change,
    subjects: ids.map((id) => ({ kind: 'instance', id }) as const),
    announced: { ...change.announced, instanceStates: { 'i-1': 'pending', 'i-2': 'running', 'i-3': 'pending' } },
  };
  const items = await changes.record(run('many'), many);
  assert.deepEqual(
    items.map((item) => item.change.announced.instanceStates),
    [{ 'i-1': 'pending' }, { 'i-2': 'running' }, { 'i-3': 'pending' }],
  );
});

test('each subject of a launch keeps only the interfaces of its own', async () => {
  const { changes } = await begin();
  const attached = (instance: string) =>
    ({ kind: 'attached', interface: `eni-of-${instance}`, instance, attachment: null }) as const;
  const detached = { kind: 'detached', attachment: 'eni-attach-01' } as const;
  const items = await changes.record(run('a'), {
    ...change,
    announced: { ...change.announced, facts: [attached('i-1'), attached('i-2'), detached] },
  });
  assert.deepEqual(
    items.map((item) => item.change.announced.facts),
    [
      [attached('i-1'), detached],
      [attached('i-1'), attached('i-2'), detached],
    ],
  );
});
