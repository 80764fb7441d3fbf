import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChanges } from '../../../shared/aws/table/changes.ts';
import type { Table } from '../../../shared/aws/table/table.ts';
import { createTurns } from '../../../shared/aws/table/turn.ts';
import { createWorkings } from '../../../shared/aws/table/workings.ts';
import type { Change, Subject } from '../../../shared/domain/change.ts';
import { NamedError } from '../../../shared/domain/errors.ts';
import { recordedIn } from '../../../shared/domain/plan/recorded.ts';
import { resultsOf } from '../../../shared/workflow/results.ts';
import { splitBatch } from '../../../shared/workflow/split-batch.ts';
import type { BatchLine } from '../../../shared/workflow/step-results.ts';
import { isYoung } from '../../../shared/workflow/visibility.ts';
import { ownTable } from '../aws/own-table.ts';
import { destination, ownedRecord, source } from '../domain/owned.ts';

const instance = (id: string): Subject => ({ kind: 'instance', id });
const group = (id: string): Subject => ({ kind: 'group', id });
const everything: Subject = { kind: 'everything' };
const changeOf = (...subjects: Subject[]): Change => ({
  kind: 'StartInstances',
  subjects,
  who: 'ann',
  when: '2026-11-02T08:00:00Z',
  eventId: 'e1',
  announced: { instanceStates: {}, createdRules: [], removedRules: [] },
});

test('a change is young until EC2 has had its time, to the millisecond', () => {
  const at = Date.UTC(2026, 10, 2, 8);
  const settings = { VISIBILITY_SECONDS: 300 };
  const change = changeOf(instance('i-1'));
  assert.equal(isYoung(change, at, settings), true);
  assert.equal(isYoung(change, at + 299_999, settings), true);
  assert.equal(isYoung(change, at + 300_000, settings), false);
  assert.equal(isYoung(change, at - 3_600_000, settings), true, 'an event from the future');
  assert.equal(isYoung(change, at, { VISIBILITY_SECONDS: 0 }), false);
  assert.equal(
    isYoung({ ...change, when: 'some day' }, at, settings),
    false,
    'a time nobody can read is believed at once',
  );
});

const contributions = (...numbers: number[]) => ({
  sources: [source('0.0.0.0/0')],
  destinations: numbers.map((each) => destination(each)),
});
const rules = [
  ownedRecord({ id: 'a', group: 'sg-1', contributions: contributions(1, 2) }),
  ownedRecord({ id: 'b', group: 'sg-2', contributions: contributions(2, 3) }),
  ownedRecord({ id: 'c', group: 'sg-2', state: 'intended', contributions: contributions(4) }),
  ownedRecord({ id: 'd', group: 'sg-1', state: 'tombstone', contributions: contributions(5) }),
];
const interfaces = (...subjects: Subject[]) => recordedIn(rules, subjects).map((each) => each.interface);

test('recorded for an instance: its own interfaces, in rules of any group', () => {
  assert.deepEqual(interfaces(instance('i-2')), ['eni-2']);
  assert.deepEqual(interfaces(instance('i-9')), []);
});

test('recorded for a group: every interface in its rules, also in those only intended, never in tombstones', () => {
  assert.deepEqual(interfaces(group('sg-2')), ['eni-2', 'eni-3', 'eni-4']);
  assert.deepEqual(interfaces(group('sg-1')), ['eni-1', 'eni-2']);
  assert.deepEqual(interfaces(instance('i-5')), []);
});

test('recorded for everything: all, each once', () => {
  assert.deepEqual(interfaces(everything), ['eni-1', 'eni-2', 'eni-3', 'eni-4']);
  assert.deepEqual(interfaces(), []);
});

test('two addresses of one interface are two destinations', () => {
  const both = ownedRecord({
    contributions: { sources: [source('0.0.0.0/0')], destinations: [destination(1), destination(1, '10.0.1.9/32')] },
  });
  const found = recordedIn([both, both], [instance('i-1')]);
  assert.deepEqual(
    found.map(({ address }) => address),
    ['10.0.1.1/32', '10.0.1.9/32'],
  );
});

const execution = { id: 'arn:run', name: 'run', startTime: '2026-11-02T08:00:00Z', redriveCount: 0 };
const rejection = new NamedError('FirewallRejected', 'the words of the firewall');

const empty = { removals: [], shrinks: [], moves: [], judged: [] };

/** What a step knows of a plan of `run`, as far as splitting asks for it. */
const heldIn = (table: Table, now: () => number, fence: number) => ({
  execution,
  fence,
  table: { changes: createChanges(table, now), turns: createTurns({ table, now, lateness: 10_000 }) },
  results: resultsOf(createWorkings(table, now), 'run', fence),
});

/** A turn of `run` whose plan carries `own` changes of its own and `others` of other executions. */
const rejected = async (own: number, others: number) => {
  const { table, now } = await ownTable();
  const [turns, workings] = [createTurns({ table, now, lateness: 10_000 }), createWorkings(table, now)];
  const { fence } = await turns.take(execution, async () => true);
  const line = (name: string, at: number): BatchLine => ({
    pk: `change#${name}`,
    sk: `i-${at}`,
    execution: name,
    subject: instance(`i-${at}`),
    change: changeOf(instance(`i-${at}`)),
  });
  const batch = [
    ...Array.from({ length: own }, (_, at) => line('run', at)),
    ...Array.from({ length: others }, (_, at) => line(`other-${at}`, at)),
  ];
  await workings.write('run', fence, 'TakeTurn', batch);
  const before = (await turns.read())?.limit;
  const error = await splitBatch(heldIn(table, now, fence), rejection, empty).catch((one: Error) => one);
  const after = (await turns.read())?.limit;
  return { error, limit: after === before ? null : after };
};

test('a rejected plan with changes of others is planned again with half as many', async () => {
  for (const [own, others, limit] of [
    [1, 19, 10],
    [1, 2, 1],
    [1, 1, 1],
    [3, 1, 3],
    [0, 5, 2],
    [0, 1, 1],
  ] as const) {
    const found = await rejected(own, others);
    assert.equal(found.error.name, 'PlanStale');
    assert.match(found.error.message, /\(the words of the firewall\); the next carries/);
    assert.equal(found.error.cause, rejection);
    assert.equal(found.limit, limit, `${own} own of ${own + others}`);
  }
});

test('a rejected plan of its own changes alone is its own failure', async () => {
  assert.deepEqual(await rejected(1, 0), { error: rejection, limit: null });
  assert.deepEqual(await rejected(4, 0), { error: rejection, limit: null });
});

test('halving ends with the execution’s own changes alone, whatever it started with', async () => {
  for (const own of [1, 3]) {
    let others = 100;
    let plans = 0;
    for (let found = await rejected(own, others); found.error !== rejection; found = await rejected(own, others)) {
      plans += 1;
      others = (found.limit ?? 0) - own;
      assert.ok(plans < 9, 'it ends, within the plans a run may make');
    }
    assert.equal(others, 0);
  }
});

test('a turn that was lost halves nothing', async () => {
  const { table, now, clock } = await ownTable();
  const [turns, workings] = [createTurns({ table, now, lateness: 10_000 }), createWorkings(table, now)];
  const { fence, expiresAt } = await turns.take(execution, async () => true);
  await workings.write(
    'run',
    fence,
    'TakeTurn',
    ['run', 'other'].map((name) => ({
      pk: `change#${name}`,
      sk: 'i-1',
      execution: name,
      subject: instance('i-1'),
      change: changeOf(instance('i-1')),
    })),
  );
  clock.now = expiresAt;
  const next = await turns.take({ ...execution, id: 'arn:next' }, async () => true);
  await assert.rejects(splitBatch(heldIn(table, now, fence), rejection, empty), {
    name: 'PlanStale',
    message: /no longer/,
  });
  assert.equal((await turns.read())?.limit, next.limit);
});
