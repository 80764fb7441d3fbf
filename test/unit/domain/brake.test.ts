import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../../shared/domain/change.ts';
import type { UnexplainedLoss } from '../../../shared/domain/plan/losses.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import { isTooMuch, type LimitInputs, removeWithinLimit } from '../../../shared/domain/plan/removal-limit.ts';
import { approvalInputs } from '../../../shared/domain/plan/removal-words.ts';
import { candidatesFor, grantsOf } from '../../support/grants.ts';
import { destination, edit, ownedRecord, recognised, ruleXpath, source, standing } from './owned.ts';

const digestOf = (text: string): string => `digest of ${text}`;
const lossOf = (
  { group, family, traffic, contributions }: RuleRecord,
  because: UnexplainedLoss['because'] = 'vanished',
): UnexplainedLoss => ({ group, family, traffic, because, ...contributions });
const inputs = (said: Partial<LimitInputs> = {}): LimitInputs => ({
  unexplained: [],
  lostBefore: [],
  approved: [],
  approvedPlans: [],
  noRouteTo: [],
  own: [],
  ...said,
});
const none = { interfaces: 0, share: 0 };

/** `total` interfaces with one rule each; EC2 grants nothing to the first `gone`, of which the first `vanished` unexplained. */
const limited = (
  total: number,
  gone: number,
  limits: { interfaces: number; share: number },
  said: Partial<LimitInputs> = {},
  vanished = gone,
) => {
  const records = Array.from({ length: total }, (_, at) =>
    ownedRecord({
      id: `i-${at}-1`,
      contributions: { sources: [source('0.0.0.0/0')], destinations: [destination(at)] },
    }),
  );
  const recognition = recognised({ records, rules: records.map((record) => standing(record)) });
  const desired = records.slice(gone).flatMap((record) => grantsOf(record.contributions, record));
  const scope = new Set(records.map((_, at) => `eni-${at}`));
  const unexplained = records.slice(0, vanished).map((record) => lossOf(record));
  return removeWithinLimit(
    recognition,
    candidatesFor(desired),
    scope,
    inputs({ unexplained, ...said }),
    limits,
    digestOf,
  );
};
const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `eni-${at}`).sort();

test('too much is more than both limits, everything, and more than half of at least three', () => {
  const limits = { interfaces: 4, share: 0.25 };
  const cases: readonly (readonly [number, number, boolean, string])[] = [
    [5, 20, false, 'five is more than four, and exactly a quarter of twenty'],
    [5, 19, true, 'five is more than four, and than a quarter of nineteen'],
    [4, 10, false, 'four of ten is more than a quarter, and exactly four'],
    [4, 4, true, 'all of four'],
    [1, 1, true, 'all of one'],
    [0, 0, false, 'nothing of nothing'],
    [20, 100, false, 'a fifth, however many'],
    [3, 5, true, 'more than half, and three'],
    [3, 6, false, 'half'],
    [2, 3, false, 'more than half, but two'],
  ];
  for (const [lost, owned, expected, why] of cases) assert.equal(isTooMuch(lost, owned, limits), expected, why);
  assert.equal(isTooMuch(1, 10, none), true, 'limits of nothing');
  assert.equal(isTooMuch(40, 100, { interfaces: 0, share: 1 }), false, 'limits of everything');
  assert.equal(isTooMuch(51, 100, { interfaces: 100, share: 1 }), true, 'but half and everything ask always');
});

test('over the limit nothing that vanished goes, and it is named by interfaces and rules', () => {
  const { removals, limit } = limited(10, 6, none);
  assert.deepEqual(removals.removals, []);
  assert.deepEqual(limit.awaiting, ids(6));
  assert.deepEqual(
    limit.awaitingRules,
    Array.from({ length: 6 }, (_, at) => `i-${at}-1`),
  );
  assert.deepEqual([limit.lost, limit.fails], [[], null]);
});

test('within the limit it goes, and is counted', () => {
  const { removals, limit } = limited(10, 2, { interfaces: 2, share: 0.25 });
  assert.equal(removals.removals.length, 2);
  assert.deepEqual(limit, { awaiting: [], awaitingRules: [], lost: ids(2), fails: null });
});

test('what EC2 shows is never held back, beside what is', () => {
  const { removals, limit } = limited(10, 10, none, {}, 4);
  assert.deepEqual(
    removals.removals.map(({ id }) => id),
    [4, 5, 6, 7, 8, 9].map((at) => `i-${at}-1`),
  );
  assert.deepEqual(limit.awaiting, ids(4));
});

test('what was lost before counts with what is lost now, each interface once', () => {
  const limits = { interfaces: 3, share: 0.1 };
  assert.deepEqual(limited(20, 2, limits, { lostBefore: ['eni-90', 'eni-91'] }).limit.awaiting, ids(2));
  assert.deepEqual(limited(20, 2, limits, { lostBefore: ['eni-90'] }).limit.lost, ids(2));
  assert.deepEqual(limited(20, 2, limits, { lostBefore: ['eni-0', 'eni-1', 'eni-90'] }).limit.lost, ids(2));
});

test('an approval lets those go that it names, and the others count anew', () => {
  const { removals, limit } = limited(10, 6, none, { approved: [...ids(5), 'eni-77'] });
  assert.equal(removals.removals.length, 5);
  assert.deepEqual([limit.awaiting, limit.lost], [['eni-5'], []]);
  const all = limited(10, 6, none, { approved: ids(6) });
  assert.deepEqual([all.removals.removals.length, all.limit.awaiting, all.limit.lost], [6, [], []]);
});

test('an approval of the release before names the hash of exactly these interfaces', () => {
  const hash = digestOf(ids(6).join(' ')).slice(0, 16);
  assert.deepEqual(limited(10, 6, none, { approvedPlans: [hash] }).limit.awaiting, []);
  assert.equal(limited(10, 6, none, { approvedPlans: ['another'] }).limit.awaiting.length, 6);
});

test('without any route to a target nothing that vanished goes, however little it is', () => {
  const { removals, limit } = limited(10, 1, { interfaces: 9, share: 1 }, { noRouteTo: ['eni-fw'] });
  assert.deepEqual([removals.removals, limit.awaiting], [[], ['eni-0']]);
});

const change = (said: Partial<Change>): Change => ({
  kind: 'x',
  subjects: [{ kind: 'everything' }],
  who: 'ann',
  when: '2026-11-05T10:00:00Z',
  eventId: 'e',
  announced: { instanceStates: {}, createdRules: [], removedRules: [] },
  ...said,
});

test('an execution fails by what waits only where its own instance is among it', () => {
  const failing = (...own: readonly Change[]) => limited(10, 6, none, { own }).limit.fails?.name ?? null;
  assert.equal(failing(change({ subjects: [{ kind: 'instance', id: 'i-5' }] })), 'TooMuchToRemove');
  assert.equal(failing(change({ subjects: [{ kind: 'instance', id: 'i-6' }] })), null);
  assert.equal(failing(change({ subjects: [{ kind: 'group', id: 'sg-1' }] })), null);
  assert.equal(failing(change({})), null, 'a resync lists it');
});

test('an interface in several rules counts once', () => {
  const records = ['a', 'b'].map((id) => ownedRecord({ id }));
  const recognition = recognised({ records, rules: records.map((record) => standing(record)) });
  const unexplained = records.map((record) => lossOf(record));
  const { limit } = removeWithinLimit(recognition, [], new Set(['eni-1']), inputs({ unexplained }), none, digestOf);
  assert.deepEqual([limit.awaiting, limit.awaitingRules], [['eni-1'], ['a', 'b']]);
});

test('an interface counts once any of its grants goes: a source that vanished takes one from each', () => {
  const contributions = {
    sources: [source('0.0.0.0/0'), source('198.51.100.0/24', 'sgr-2', 'pl-1')],
    destinations: [destination(1), destination(2)],
  };
  const record = ownedRecord({ contributions });
  const recognition = recognised({ records: [record], rules: [standing(record)] });
  const desired = candidatesFor(grantsOf({ ...contributions, sources: contributions.sources.slice(0, 1) }, record));
  const lost = { ...lossOf(record), sources: contributions.sources.slice(1) };
  const scope = new Set(['eni-1', 'eni-2']);
  const { limit, removals } = removeWithinLimit(
    recognition,
    desired,
    scope,
    inputs({ unexplained: [lost] }),
    none,
    digestOf,
  );
  assert.deepEqual(limit.awaiting, ['eni-1', 'eni-2']);
  assert.deepEqual(removals.kept[0]?.contributions, contributions);
});

test('what is kept because the firewall is away is no loss, and does not wait', () => {
  const record = ownedRecord();
  const recognition = recognised({ records: [record], rules: [standing(record)] });
  const unexplained = [lossOf(record, 'away')];
  const { limit, removals } = removeWithinLimit(
    recognition,
    [],
    new Set(['eni-1']),
    inputs({ unexplained }),
    none,
    digestOf,
  );
  assert.deepEqual([limit.awaiting, limit.lost, removals.removals], [[], [], []]);
});

test('what a rule keeps since somebody is editing it is no loss', () => {
  const record = ownedRecord();
  const pending = [edit('colleague', ruleXpath('i-1-1'))];
  const recognition = recognised({ records: [record], rules: [standing(record)], pending });
  const unexplained = [lossOf(record)];
  const { limit } = removeWithinLimit(recognition, [], new Set(['eni-1']), inputs({ unexplained }), none, digestOf);
  assert.deepEqual([limit.awaiting, limit.lost], [[], []]);
});

test('approvals are complete inputs that name every interface once, a few hundred in each', () => {
  const many = Array.from({ length: 1001 }, (_, at) => `eni-${at}`);
  const named = approvalInputs(many).map(
    (input) => (JSON.parse(input) as { operator: { approve: readonly string[] } }).operator.approve,
  );
  assert.deepEqual(named.flat(), many);
  assert.ok(named.every(({ length }) => length <= 400));
});
