import { isDefaultRule } from '../policy/bottom-rule.ts';
import { localRules, type Policy, type SecurityRule } from '../policy/policy.ts';
import type { RuleRecord } from './ownership.ts';
import type { HouseReport, Recognised } from './recognise.ts';
import type { PlannedMove } from './removals.ts';
import { named, type Overruled, withoutEffect } from './without-effect.ts';

/** How many rules of others are recorded: the lowest ones, so that some are left when an administrator deletes one. */
const mostRecorded = 50;

/** Whether a rule stands above the one with this uuid; false when there is none. */
export const standsAbove = (local: readonly SecurityRule[], rule: SecurityRule, uuid: string): boolean =>
  local.indexOf(rule) < local.findIndex((each) => each.uuid === uuid);

interface Rulebases {
  readonly candidate: Policy;
  readonly running: Policy;
}

/** The local rules of others that run, in the order they have now. What a colleague is still adding does not count yet. */
const rulesOfOthers = (
  { candidate, running }: Rulebases,
  records: readonly Pick<RuleRecord, 'uuid'>[],
): readonly SecurityRule[] => {
  const ours = new Set(records.map(({ uuid }) => uuid));
  const run = new Set(localRules(running).map(({ uuid }) => uuid));
  return localRules(candidate).filter(({ uuid }) => uuid !== null && !ours.has(uuid) && run.has(uuid));
};

/**
 * The uuids of the lowest local rules of others, the lowest last: what is recorded once a commit has proven that ours stand
 * where the plan put them, with a default rule as bottom.
 */
export const lowestOfOthers = (rulebases: Rulebases, records: readonly Pick<RuleRecord, 'uuid'>[]): readonly string[] =>
  rulesOfOthers(rulebases, records)
    .slice(-mostRecorded)
    .flatMap(({ uuid }) => uuid ?? []);

/** What an administrator's rules among ours mean for the place of ours. */
export interface Placing {
  readonly moves: readonly PlannedMove[];
  readonly reports: readonly HouseReport[];
}

interface Placed extends Rulebases, Overruled {
  /** As last recorded, see `lowestOfOthers`; null when never. */
  readonly lowest: readonly string[] | null;
}

/**
 * With a default rule as bottom: rules of others that appeared below ours since the last proven order are passed by moving ours
 * to the end. One of ours that stands above the lowest rule known then was moved up by an administrator, and stays; so does
 * everything while no order was ever recorded. Also which denies of others have no effect on ours.
 */
export const placing = (placed: Placed): Placing => {
  const { moves, reports } = isDefaultRule(placed.bottomRule) ? passing(passersOf(placed)) : { moves: [], reports: [] };
  return { moves, reports: [...reports, ...withoutEffect(placed)] };
};

/** Those of ours that what an administrator added later stands below. What he disabled or set to deny is left in its place. */
const passersOf = ({
  staying,
  lowest,
  ...placed
}: Placed): readonly (Recognised & { readonly passes: readonly SecurityRule[] })[] => {
  if (lowest === null) return [];
  const places = new Map(localRules(placed.candidate).map(({ uuid }, at) => [uuid, at] as const));
  const at = (uuid: string | null): number => places.get(uuid) ?? -1;
  const others = rulesOfOthers(placed, placed.records);
  const lowestOther = at(others.at(-1)?.uuid ?? null);
  const known = lowest.findLast((uuid) => others.some((other) => other.uuid === uuid));
  return staying
    .filter(({ rule, editedBy }) => editedBy === null && !rule.disabled && rule.action === 'allow')
    .filter(({ uuid }) => at(uuid) < lowestOther && (known === undefined || at(uuid) > at(known)))
    .map((each) => ({ ...each, passes: others.filter(({ uuid }) => at(uuid) > at(each.uuid)) }))
    .toSorted((one, other) => at(one.uuid) - at(other.uuid));
};

const passing = (passers: ReturnType<typeof passersOf>): Placing => ({
  moves: passers.map(({ record, name, uuid, passes }) => ({
    id: record.id,
    name,
    uuid,
    past: passes.at(-1)?.uuid ?? null,
  })),
  reports: passers.map(({ rule, passes }) => ({
    rule: rule.name,
    what: 'passed',
    text: `"${rule.name}" stands above ${named(passes.map(({ name }) => name))}, added there later: moved to the end of the rulebase.`,
  })),
});
