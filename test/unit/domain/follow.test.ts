import assert from 'node:assert/strict';
import { test } from 'node:test';
import { following } from '../../../shared/domain/plan/follow.ts';
import { allRecorded, recordedIn } from '../../../shared/domain/plan/recorded.ts';
import { planRemovals } from '../../../shared/domain/plan/removals.ts';
import { candidatesFor } from '../../support/grants.ts';
import { destination, grantFor, ownedRecord, recognised, source, standing } from './owned.ts';

const everywhere = source('0.0.0.0/0');
const elsewhere = source('203.0.113.0/24', 'sgr-2');

/** The plan's removals for one record, where these destinations are granted now from these sources. */
const planned = (
  record: ReturnType<typeof ownedRecord>,
  now: readonly ReturnType<typeof destination>[],
  sources = [everywhere],
  name = record.name,
) => {
  const recognition = recognised({ records: [record], rules: [standing(record, { name })] });
  const candidates = candidatesFor(now.flatMap((to) => sources.map((from) => grantFor(from, to))));
  return following(planRemovals(recognition, candidates, new Set(['eni-1', 'eni-2'])), recognition, candidates);
};
const holdersIn = (contributions: { readonly destinations: readonly { readonly instance: string }[] } | undefined) =>
  contributions?.destinations.map(({ instance }) => instance);

const moved = { ...destination(1), instance: 'i-9' };

test('a record follows its interface to another instance, and nothing is written to the firewall for it', () => {
  const record = ownedRecord();
  const { repaired, shrinks, removals, kept } = planned(record, [moved]);
  assert.deepEqual([shrinks, removals], [[], []]);
  assert.deepEqual(repaired, [{ ...record, contributions: { ...record.contributions, destinations: [moved] } }]);
  assert.deepEqual(holdersIn(kept[0]?.contributions), ['i-9']);
});

test('a record whose interfaces are where they were is not written', () => {
  const record = ownedRecord();
  const vpc = { ...destination(1), vpc: 'vpc-1' };
  assert.deepEqual(planned(record, [destination(1)]).repaired, []);
  // What an earlier release recorded without the VPC stays as it is.
  assert.deepEqual(planned(record, [vpc]).repaired, []);
});

test('a rule that shrinks in the same run follows with what is left of it', () => {
  const record = ownedRecord({
    contributions: { sources: [everywhere, elsewhere], destinations: [destination(1), destination(2)] },
  });
  const { repaired, shrinks } = planned(record, [moved, destination(2)]);
  assert.deepEqual(repaired, []);
  assert.deepEqual(holdersIn(shrinks[0]?.contributions), ['i-9', 'i-2']);
});

test('a rule that an administrator has renamed follows under its new name', () => {
  const { repaired } = planned(ownedRecord(), [moved], [everywhere], 'Web shop');
  assert.deepEqual(
    repaired.map(({ name, id }) => [name, id]),
    [['Web shop', 'i-1-1']],
  );
});

test('what is recorded is found by instance, by interface and by group', () => {
  const records = [
    ownedRecord({ contributions: { sources: [everywhere], destinations: [destination(1), destination(2)] } }),
    ownedRecord({
      id: 'sg-2-1',
      group: 'sg-2',
      contributions: { sources: [everywhere], destinations: [destination(3)] },
    }),
  ];
  const found = (kind: 'instance' | 'interface' | 'group', id: string) =>
    recordedIn(records, [{ kind, id }]).map((each) => each.interface);
  assert.deepEqual(found('instance', 'i-2'), ['eni-2']);
  assert.deepEqual(found('interface', 'eni-1'), ['eni-1']);
  assert.deepEqual(found('group', 'sg-2'), ['eni-3']);
  assert.deepEqual(
    allRecorded(records).map((each) => each.interface),
    ['eni-1', 'eni-2', 'eni-3'],
  );
});

test('the VPC of an interface is known once any record of it names it', () => {
  const to = destination(1);
  const records = [
    ownedRecord({ id: 'a', contributions: { sources: [everywhere], destinations: [{ ...to, vpc: 'vpc-1' }] } }),
    ownedRecord({
      id: 'b',
      contributions: { sources: [everywhere], destinations: [to, destination(1, '10.0.1.9/32')] },
    }),
  ];
  for (const order of [records, records.toReversed()])
    assert.deepEqual(
      allRecorded(order).map(({ vpc }) => vpc),
      ['vpc-1', 'vpc-1'],
    );
});
