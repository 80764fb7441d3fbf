import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Grant, GrantSource } from '../../../shared/domain/grants/grants.ts';
import type { UnexplainedLoss } from '../../../shared/domain/plan/losses.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import { isTooMuch, removeWithinLimit } from '../../../shared/domain/plan/removal-limit.ts';
import { missingCandidates } from '../../../shared/domain/plan/removals.ts';
import { candidatesFor, grantKey, grantsOf } from '../../support/grants.ts';
import { contentFor, destination, ownedRecord, recognised, source, standing } from '../../unit/domain/owned.ts';
import { runs } from '../verdict/runs.ts';

const day = 24;
const sources: readonly GrantSource[] = [
  source('0.0.0.0/0', 'sgr-1'),
  source('198.51.100.0/24', 'sgr-2', 'pl-1'),
  source('203.0.113.0/24', 'sgr-3'),
];

type Fate = 'lives' | 'vanished' | 'shown gone';
type Event =
  | { readonly kind: 'interface'; readonly at: number; readonly fate: Fate }
  | { readonly kind: 'source'; readonly at: number; readonly fate: Fate }
  | { readonly kind: 'approve'; readonly interfaces: readonly number[] };

/** What happens in a history, run by run: hours since the last, what befell the world, and what the run looks at. */
interface Step {
  readonly hours: number;
  readonly events: readonly Event[];
  /** How many interfaces are in scope, from which one on: a random split of the same losses. */
  readonly from: number;
  readonly count: number;
}

const fate = fc.constantFrom<Fate>('lives', 'vanished', 'vanished', 'vanished', 'shown gone');
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('interface' as const), at: fc.nat(), fate }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('source' as const), at: fc.nat(), fate }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('approve' as const), interfaces: fc.array(fc.nat(), { maxLength: 6 }) }),
  },
);
const step: fc.Arbitrary<Step> = fc.record({
  hours: fc.oneof({ weight: 4, arbitrary: fc.constant(0.25) }, { weight: 1, arbitrary: fc.integer({ max: 30 }) }),
  events: fc.array(event, { maxLength: 8 }),
  from: fc.nat(),
  count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
});

const interfaceOf = (at: number): string => `eni-${at}`;

/** The world, the firewall's rules by their records, and the table's memory, carried through a history. */
class House {
  readonly size: number;
  records: readonly RuleRecord[];
  fates: Fate[];
  sourceFates: Fate[] = sources.map(() => 'lives');
  approvals: { at: number; interfaces: readonly string[] }[] = [];
  losses: { at: number; interfaces: readonly string[] }[] = [];
  now = 0;
  made = 0;

  constructor(size: number, perRule: number) {
    this.size = size;
    this.fates = Array.from({ length: size }, () => 'lives');
    const rules: RuleRecord[] = [];
    for (let at = 0; at < size; at += perRule) {
      const destinations = Array.from({ length: Math.min(perRule, size - at) }, (_, more) => destination(at + more));
      rules.push(this.record({ sources, destinations }));
    }
    this.records = rules;
  }

  record(contributions: RuleRecord['contributions']): RuleRecord {
    this.made += 1;
    return ownedRecord({ id: `r-${this.made}`, contributions });
  }

  happens(what: Event): void {
    if (what.kind === 'interface') this.fates[what.at % this.size] = what.fate;
    else if (what.kind === 'source') this.sourceFates[what.at % sources.length] = what.fate;
    else this.approvals.push({ at: this.now, interfaces: what.interfaces.map((at) => interfaceOf(at % this.size)) });
  }

  grants(): readonly Grant[] {
    return this.records.flatMap((record) => grantsOf(record.contributions, record));
  }

  fateOf(grant: Grant): Fate {
    const at = Number(grant.interface.slice('eni-'.length));
    const both = [this.fates[at], this.sourceFates[sources.findIndex((one) => one.source === grant.source)]];
    return both.includes('shown gone') ? 'shown gone' : both.includes('vanished') ? 'vanished' : 'lives';
  }

  within(list: readonly { at: number; interfaces: readonly string[] }[]): readonly string[] {
    return [...new Set(list.filter(({ at }) => at > this.now - day).flatMap(({ interfaces }) => interfaces))];
  }
}

const universe = (house: House): readonly Grant[] =>
  grantsOf({ sources, destinations: Array.from({ length: house.size }, (_, at) => destination(at)) }, ownedRecord());

test('no history of runs, however the losses are split, lets more than the limit go in a day without approval, and what is shown gone always goes', (t) => {
  let held = 0;
  let went = 0;
  runs(
    t,
    250,
    fc.tuple(
      fc.integer({ min: 1, max: 24 }),
      fc.integer({ min: 1, max: 6 }),
      fc.record({ interfaces: fc.integer({ min: 0, max: 8 }), share: fc.constantFrom(0, 0.1, 0.25, 0.5, 1) }),
      fc.array(step, { minLength: 1, maxLength: 12 }),
    ),
    ([size, perRule, limits, history]) => {
      const house = new House(size, perRule);
      for (const { hours, events, from, count } of history) {
        house.now += hours;
        events.forEach((what) => {
          house.happens(what);
        });
        const scope = new Set(
          Array.from({ length: Math.min(count, size) }, (_, more) => interfaceOf((from + more) % size)),
        );
        const before = house.grants();
        const desired = universe(house).filter(
          (grant) => scope.has(grant.interface) && house.fateOf(grant) === 'lives',
        );
        const unexplained = house.records.flatMap(({ group, family, traffic, contributions }) =>
          grantsOf(contributions, { group, family, traffic })
            .filter((grant) => scope.has(grant.interface) && house.fateOf(grant) === 'vanished')
            .map(
              (grant): UnexplainedLoss => ({
                group,
                family,
                traffic,
                because: 'vanished',
                sources: [grant],
                destinations: [grant],
              }),
            ),
        );
        const approved = house.within(house.approvals);
        const candidates = candidatesFor(desired);
        const { removals, aside, limit } = removeWithinLimit(
          recognised({ records: house.records, rules: house.records.map((record) => standing(record)) }),
          candidates,
          scope,
          {
            unexplained,
            lostBefore: house.within(house.losses),
            approved,
            approvedPlans: [],
            noRouteTo: [],
            own: [],
          },
          limits,
          (text) => text,
        );
        house.losses.push({ at: house.now, interfaces: limit.lost });
        house.records = [
          ...removals.kept.map(({ record, contributions }) => ({
            ...record,
            contributions,
            content: contentFor(contributions),
          })),
          ...missingCandidates([...candidates, ...aside], removals.kept).map((candidate) => house.record(candidate)),
        ];

        const after = new Set(house.grants().map(grantKey));
        const lostNow = new Set(
          before
            .filter((grant) => house.fateOf(grant) === 'vanished' && !after.has(grantKey(grant)))
            .map((grant) => grant.interface),
        );
        const unapproved = [...lostNow].filter((id) => !approved.includes(id));
        house.losses.push({ at: house.now, interfaces: unapproved });
        const inADay = new Set(house.within(house.losses));
        const holding = new Set(house.grants().map((grant) => grant.interface));
        const counted = new Set([...inADay, ...[...holding].filter((id) => !approved.includes(id))]);
        if (unapproved.length > 0) {
          went += 1;
          assert.equal(isTooMuch(inADay.size, counted.size, limits), false, `${inADay.size} of ${counted.size}`);
        }
        held += limit.awaiting.length;
        for (const grant of before) {
          if (scope.has(grant.interface) && house.fateOf(grant) === 'shown gone') {
            assert.equal(after.has(grantKey(grant)), false, `${grantKey(grant)} is shown gone and still open`);
          }
          if (house.fateOf(grant) === 'lives') assert.ok(after.has(grantKey(grant)), `${grantKey(grant)} is granted`);
        }
      }
    },
  );
  assert.ok(held > 0 && went > 0, `${held} held, ${went} went`);
});
