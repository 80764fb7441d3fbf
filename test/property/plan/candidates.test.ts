import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Subject } from '../../../shared/domain/change.ts';
import type { Grant } from '../../../shared/domain/grants/grants.ts';
import { heldTexts, missingCandidates } from '../../../shared/domain/plan/removals.ts';
import { type CandidateContext, candidateRules, candidateText } from '../../../shared/domain/rules/candidate-rules.ts';
import { grantKey, grantsOf } from '../../support/grants.ts';
import { destination, ownedRecord, source, tcp } from '../../unit/domain/owned.ts';
import { runs } from '../verdict/runs.ts';

const sources = [
  source('0.0.0.0/0', 'sgr-1'),
  source('203.0.113.0/24', 'sgr-2'),
  source('198.51.100.7/32', 'sgr-3'),
  source('198.51.100.7/32', 'sgr-4'),
  source('198.51.100.7/32', 'sgr-4', 'pl-1'),
];
const destinations = [destination(1), destination(2), destination(2, '10.0.1.64/28'), destination(3)];
const kinds = ['sg-1', 'sg-2'].flatMap((group) =>
  [tcp(443), tcp(80), { kind: 'all' } as const].map((traffic) => ({ group, family: 4 as const, traffic })),
);

const contributions = fc.record({
  sources: fc.subarray(sources, { minLength: 1 }),
  destinations: fc.subarray(destinations, { minLength: 1 }),
});
const rectangles = (most: number) =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), contributions }), { maxLength: most });

const subjects: readonly Subject[] = [
  { kind: 'instance', id: 'i-1' },
  { kind: 'instance', id: 'i-2' },
  { kind: 'group', id: 'sg-2' },
  { kind: 'everything' },
];
const context = fc.subarray([...subjects]).map(
  (about): CandidateContext => ({
    changes: about.map((subject, at) => ({
      kind: 'StartInstances',
      subjects: [subject],
      who: 'ann',
      when: `2026-11-02T08:00:0${at}Z`,
      eventId: `e${at}`,
    })),
    from: 'untrust',
    to: 'trust',
    translation: { applications: 'app-id', portApplications: {}, icmpApplications: {} },
  }),
);

const world = fc.record({ desired: rectangles(5), held: rectangles(4), context });

test('candidate rules without what is held are those of the grants that are missing, each in its place', (t) => {
  let partly = 0;
  let whole = 0;
  runs(t, 5_000, world, ({ desired, held, context: changes }) => {
    const grants: readonly Grant[] = [
      ...new Map(
        desired.flatMap((each) => grantsOf(each.contributions, each.kind)).map((grant) => [grantKey(grant), grant]),
      ).values(),
    ];
    const holdings = held.map((each, at) => ({
      record: ownedRecord({ id: `r-${at}`, ...each.kind }),
      contributions: each.contributions,
    }));
    const isHeld = new Set(held.flatMap((each) => grantsOf(each.contributions, each.kind).map(grantKey)));
    const all = candidateRules(grants, changes);
    const missing = missingCandidates(all, holdings);
    assert.deepEqual(
      missing,
      candidateRules(
        grants.filter((grant) => !isHeld.has(grantKey(grant))),
        changes,
      ),
    );

    const told = heldTexts(all, holdings);
    const expected = all.flatMap((candidate) => {
      const held = grantsOf(candidate, candidate).filter((grant) => isHeld.has(grantKey(grant))).length;
      const count = grantsOf(candidate, candidate).length;
      whole += Number(held === count);
      partly += Number(held > 0 && held < count);
      return held === 0 ? [] : [`${candidateText(candidate)}${held === count ? '' : ' (in part)'}`];
    });
    assert.deepEqual(told, expected);
  });
  assert.ok(partly > 500 && whole > 500, `${partly} with a part held, ${whole} candidate rules wholly held`);
});

test('of more members than a rule can carry, the portions are those of the grants that are missing', (t) => {
  const many = Array.from({ length: 1_300 }, (_, at) => source(`10.${at >> 8}.${at & 255}.0/24`, 'sgr-1'));
  const some = fc.record({ from: fc.nat(1_299), count: fc.nat(900), context });
  runs(t, 20, some, ({ from, count, context: changes }) => {
    const kind = { group: 'sg-1', family: 4 as const, traffic: tcp(443) };
    const to = destinations.slice(0, 2);
    const grants = grantsOf({ sources: many, destinations: to }, kind);
    const held = { sources: many.slice(from, from + count), destinations: to };
    const isHeld = new Set(grantsOf(held, kind).map(grantKey));
    assert.deepEqual(
      missingCandidates(candidateRules(grants, changes), [{ record: ownedRecord(kind), contributions: held }]),
      candidateRules(
        grants.filter((grant) => !isHeld.has(grantKey(grant))),
        changes,
      ),
    );
  });
});
