import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vanishedLoss } from '../../../shared/domain/plan/removal-limit.ts';
import { planRemovals } from '../../../shared/domain/plan/removals.ts';
import { candidatesFor, grantsOf } from '../../support/grants.ts';
import { destination, edit, ownedRecord, recognised, ruleXpath, source, standing } from './owned.ts';

/** `total` interfaces with one rule each; `gone` of them lose all their grants; `limits` as given. */
const loss = (total: number, gone: number, limits: { interfaces: number; share: number }, vanished = gone) => {
  const records = Array.from({ length: total }, (_, at) =>
    ownedRecord({
      id: `i-${at}-1`,
      contributions: { sources: [source('0.0.0.0/0')], destinations: [destination(at)] },
    }),
  );
  const recognition = recognised({ records, rules: records.map((record) => standing(record)) });
  const desired = records.slice(gone).flatMap((record) => grantsOf(record.contributions, record));
  const scope = new Set(records.map((_, at) => `eni-${at}`));
  const removals = planRemovals(recognition, candidatesFor(desired), scope);
  return vanishedLoss(recognition, removals, new Set(Array.from({ length: vanished }, (_, at) => `eni-${at}`)), limits);
};

test('too much is more than both limits: neither limit alone, nor exactly the limit', () => {
  const limits = { interfaces: 4, share: 0.25 };
  assert.equal(loss(20, 5, limits).tooMuch, false, 'five is more than four, and exactly a quarter of twenty');
  assert.equal(loss(19, 5, limits).tooMuch, true, 'five is more than four, and than a quarter of nineteen');
  assert.equal(loss(10, 4, limits).tooMuch, false, 'four of ten is more than a quarter, and exactly four');
  assert.equal(loss(4, 4, limits).tooMuch, false, 'all of four');
  assert.equal(loss(5, 5, limits).tooMuch, true, 'all of five');
  assert.equal(loss(100, 20, limits).tooMuch, false, 'a fifth, however many');
});

test('limits of nothing stop every loss by vanishing, and of everything none', () => {
  assert.equal(loss(10, 1, { interfaces: 0, share: 0 }).tooMuch, true);
  assert.equal(loss(10, 0, { interfaces: 0, share: 0 }).tooMuch, false);
  assert.equal(loss(10, 10, { interfaces: 0, share: 1 }).tooMuch, false);
  assert.equal(loss(10, 10, { interfaces: 10, share: 0 }).tooMuch, false);
});

test('what EC2 shows stopped or revoked never counts', () => {
  const found = loss(10, 10, { interfaces: 0, share: 0 }, 0);
  assert.deepEqual(found, { interfaces: [], owned: 10, tooMuch: false });
});

test('the interfaces are named, each once and sorted, with how many hold grants', () => {
  const found = loss(12, 11, { interfaces: 0, share: 0 });
  assert.equal(found.owned, 12);
  assert.deepEqual(found.interfaces, found.interfaces.toSorted());
  assert.equal(found.interfaces.length, 11);
});

test('an interface in several rules counts once', () => {
  const records = ['a', 'b'].map((id) => ownedRecord({ id }));
  const recognition = recognised({ records, rules: records.map((record) => standing(record)) });
  const removals = planRemovals(recognition, [], new Set(['eni-1']));
  const found = vanishedLoss(recognition, removals, new Set(['eni-1']), { interfaces: 0, share: 0 });
  assert.deepEqual([found.interfaces, found.owned], [['eni-1'], 1]);
});

test('an interface that leaves a rule which others keep counts', () => {
  const record = ownedRecord({
    contributions: { sources: [source('0.0.0.0/0')], destinations: [destination(1), destination(2)] },
  });
  const recognition = recognised({ records: [record], rules: [standing(record)] });
  const desired = grantsOf({ ...record.contributions, destinations: [destination(2)] }, record);
  const removals = planRemovals(recognition, candidatesFor(desired), new Set(['eni-1', 'eni-2']));
  const found = vanishedLoss(recognition, removals, new Set(['eni-1']), { interfaces: 0, share: 0 });
  assert.deepEqual([found.interfaces, found.owned], [['eni-1'], 2]);
});

test('what a rule keeps since somebody is editing it is no loss', () => {
  const record = ownedRecord();
  const pending = [edit('colleague', ruleXpath('i-1-1'))];
  const recognition = recognised({ records: [record], rules: [standing(record)], pending });
  const removals = planRemovals(recognition, [], new Set(['eni-1']));
  assert.deepEqual(vanishedLoss(recognition, removals, new Set(['eni-1']), { interfaces: 0, share: 0 }).interfaces, []);
});
