import { bottomPlace, isDefaultRule } from '../policy/bottom-rule.ts';
import type { Policy, SecurityRule } from '../policy/policy.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { type Box, boxesOverlap } from '../sets/boxes.ts';
import type { Zones } from '../verdict/bottom-remark.ts';
import { type RuleReader, ruleReader } from '../verdict/rule-sets.ts';
import type { RuleRecord } from './ownership.ts';
import type { HouseReport, Recognised } from './recognise.ts';

/** The first few of many names. */
export const named = (names: readonly string[]): string => {
  const shown = names.slice(0, 3).map((name) => `"${name}"`);
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
};

/** Ours among the rules of others. */
export interface Overruled {
  readonly candidate: Policy;
  readonly records: readonly RuleRecord[];
  /** Rules of ours that stay. */
  readonly staying: readonly Recognised[];
  readonly bottomRule: string;
  readonly zones: Zones;
  /** Whether ours are meant to stand above what pushed rules may deny: then it is not reported. */
  readonly openPushedDenies?: boolean;
}

const families: readonly AddressFamily[] = [4, 6];

/** Everything a rule may match of sessions between these zones, by family. */
const mostOf = (reader: RuleReader, rule: SecurityRule, { from, to }: Zones): readonly (readonly Box[])[] => {
  const { source, destination, slots, zones } = reader.sets(rule, null);
  if (zones(from, to) === 'no') return [];
  return families.map((family) =>
    slots.maybe.map((slot) => ({ ...slot, source: source.maybe[family], destination: destination.maybe[family] })),
  );
};

/**
 * The denies of others that ours stand above, so that ours decide what both match: those between ours and an ordinary bottom
 * rule; with a default rule as bottom those that a Panorama pushed below the local ones after ours were made.
 */
export const withoutEffect = (house: Overruled): readonly HouseReport[] => {
  const { candidate, staying, bottomRule, zones } = house;
  const ours = new Set(house.records.map(({ uuid }) => uuid));
  const places = new Map(candidate.rules.map((rule, at) => [rule, at] as const));
  const at = (rule: SecurityRule): number => places.get(rule) ?? -1;
  const bottom = bottomPlace(candidate, bottomRule) ?? -1;
  const allowing = staying.filter(({ rule }) => !rule.disabled && rule.action === 'allow' && at(rule) < bottom);
  const first = Math.min(...allowing.map(({ rule }) => at(rule)));
  const isBetween = (rule: SecurityRule): boolean =>
    isDefaultRule(bottomRule)
      ? rule.rulebase === 'pushed-post' && house.openPushedDenies !== true
      : at(rule) < bottom && !ours.has(rule.uuid);
  const denies = candidate.rules.filter(
    (rule) => !rule.disabled && rule.action !== 'allow' && at(rule) > first && isBetween(rule),
  );
  if (denies.length === 0) return [];
  const reader = ruleReader(candidate);
  const allowed = allowing.map(({ rule }) => ({ rule, most: mostOf(reader, rule, zones) }));
  return denies.flatMap((deny): readonly HouseReport[] => {
    const denied = mostOf(reader, deny, zones);
    const meets = (most: readonly (readonly Box[])[]): boolean =>
      most.some((boxes, family) => boxes.some((box) => denied[family]?.some((other) => boxesOverlap(box, other))));
    const over = allowed.filter(({ rule, most }) => at(rule) < at(deny) && meets(most));
    if (over.length === 0) return [];
    const text = `"${deny.name}" stands below ${named(over.map(({ rule }) => rule.name))} of ours and has no effect on what they allow.`;
    return [{ rule: deny.name, what: 'without effect', text }];
  });
};
