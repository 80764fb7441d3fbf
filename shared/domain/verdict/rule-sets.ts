import type { GrantDestination } from '../grants/grants.ts';
import { scopesInOrder } from '../policy/object-look-up.ts';
import type { Policy, RuleAction, SecurityRule } from '../policy/policy.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import type { Estimate } from '../sets/estimates.ts';
import { type Line, lineCovers, linesOverlap, type Point, uniteAll } from '../sets/lines.ts';
import { type AddressesOf, type AddressSet, addressReader } from './address-sets.ts';
import { type ApplicationReader, applicationReader } from './rule-applications.ts';
import { narrowSlots, type Slot, slotsOf } from './rule-slots.ts';
import { type ServiceColumn, serviceReader } from './service-sets.ts';

/** `perhaps` where it is not known whether the rule matches sessions of these zones. */
export type ZoneMatch = 'yes' | 'perhaps' | 'no';

/** What a rule surely matches and what it may match, as sets. */
export interface RuleSets {
  readonly name: string;
  readonly action: RuleAction;
  readonly zones: (from: string, to: string) => ZoneMatch;
  readonly source: Estimate<AddressSet>;
  readonly destination: Estimate<AddressSet>;
  readonly slots: Estimate<readonly Slot[]>;
  /** Outside this traffic it surely matches nothing. */
  readonly traffic: Line;
  /** Why something of what it matches is not known; empty when all is. */
  readonly doubts: readonly string[];
  /** False when something narrows the whole rule in a way that is not known (users, a schedule, …). */
  readonly everSure: boolean;
  /**
   * Destinations it counts for: interfaces that an owned rule has contributions of, or one that is going to be added is made
   * for; those of the instance that a closure belongs to. Null for the rules of others: every destination.
   */
  readonly onlyFor: ((destination: GrantDestination) => boolean) | null;
  /** Set for what an administrator closed in a rule of ours: no rule that stands, but his decision. */
  readonly closes?: true;
  /** Pushed by a Panorama below the place of ours: what it denies is its own, though ours would stand above it. */
  readonly isPushed?: boolean;
}

/** Reads the rules of one policy against its objects. */
export interface RuleReader {
  readonly sets: (rule: SecurityRule, onlyFor: RuleSets['onlyFor']) => RuleSets;
  readonly applications: ApplicationReader;
}

interface SlotColumns {
  readonly slots: Estimate<readonly Slot[]>;
  readonly traffic: Line;
}

export const trafficOf = (slots: readonly Slot[]): Line => uniteAll(slots.map((slot) => slot.traffic));

/** Remembers what columns mean: many rules have the same ones, and `slotsOn` knows them again. */
const slotReader = (services: (members: readonly string[]) => ServiceColumn, applications: ApplicationReader) => {
  const columns = new Map<string, SlotColumns>();
  return (rule: SecurityRule): SlotColumns => {
    const key = JSON.stringify([rule.application, rule.service]);
    const before = columns.get(key);
    if (before !== undefined) return before;
    const slots = slotsOf(applications.column(rule.application), services(rule.service), applications);
    const column = { slots, traffic: trafficOf(slots.maybe) };
    columns.set(key, column);
    return column;
  };
};

export const ruleReader = (policy: Policy): RuleReader => {
  const scopes = scopesInOrder(policy);
  const addresses: AddressesOf = addressReader(scopes);
  const applications = applicationReader(scopes);
  const slotsFor = slotReader(serviceReader(scopes), applications);
  return {
    applications,
    sets: (rule, onlyFor) => {
      const source = addresses(rule.source, rule.negateSource);
      const destination = addresses(rule.destination, rule.negateDestination);
      const { slots, traffic } = slotsFor(rule);
      const doubts = [...rule.restrictions, ...source.doubts, ...destination.doubts, ...slots.doubts];
      return {
        name: rule.name,
        action: rule.action,
        zones: (from, to) => zoneMatch(rule, from, to),
        source,
        destination,
        slots,
        traffic,
        doubts: [...new Set(doubts)].sort(),
        everSure: rule.restrictions.length === 0,
        onlyFor,
      };
    },
  };
};

/** Of a rule that lists a zone on one side only, though it is for sessions within a zone. */
const intrazoneDoubt = 'intrazone, with different zones on its two sides';

const lists = (zones: readonly string[], zone: string): boolean => zones.includes('any') || zones.includes(zone);

/**
 * Whether a rule matches sessions from one zone to another. `interzone` means two different zones even where one
 * stands in both lists; `intrazone` means within one zone. `multicast` is a destination zone of its own.
 * An intrazone rule whose lists differ is refused by the firewall; were there one, it would have to list the zone twice
 * to be sure, and once to be possible.
 */
const zoneMatch = (rule: SecurityRule, from: string, to: string): ZoneMatch => {
  if (!lists(rule.from, from)) return 'no';
  switch (rule.ruleType) {
    case 'universal':
      return lists(rule.to, to) ? 'yes' : 'no';
    case 'interzone':
      return from !== to && lists(rule.to, to) ? 'yes' : 'no';
    case 'intrazone':
      if (from !== to) return 'no';
      return lists(rule.to, to) ? 'yes' : 'perhaps';
  }
};

/** The sides of a question by which rules that cannot matter are passed over. */
export interface Outline {
  readonly family: AddressFamily;
  readonly source: Line;
  readonly destination: Line;
  readonly traffic: Line;
}

/** The rules of one view that stand above the bottom rule, in order, for one pair of zones and one family. */
export interface RuleIndex {
  /** Those that may match something of the outline, in order. */
  readonly near: (outline: Outline) => readonly RuleSets[];
  /** Puts one more rule below the others. */
  readonly append: (sets: RuleSets) => void;
}

/** The outermost edges. No point lies below 0, so those of nothing lie apart from everything. */
type Edges = readonly [Point, Point];
const edges = (line: Line): Edges => [line[0] ?? 0, line[line.length - 1] ?? 0];
const apart = (a: Edges, b: Edges): boolean => a[1] <= b[0] || b[1] <= a[0];

interface Indexed {
  readonly sets: RuleSets;
  readonly source: Edges;
  readonly destination: Edges;
  readonly traffic: Edges;
}

/**
 * Passes rules over by the outermost edges of their sets first, which costs a few comparisons a rule: most rules of a
 * big policy concern other destinations. Only what is left is compared exactly. Nothing but speed hangs on
 * what is passed over here.
 */
export const indexRules = (rules: readonly RuleSets[], from: string, to: string, family: AddressFamily): RuleIndex => {
  const indexed: Indexed[] = [];
  const append = (sets: RuleSets): void => {
    const match = sets.zones(from, to);
    if (match === 'no') return;
    indexed.push({
      sets: match === 'yes' ? sets : { ...sets, everSure: false, doubts: [...sets.doubts, intrazoneDoubt] },
      source: edges(sets.source.maybe[family]),
      destination: edges(sets.destination.maybe[family]),
      traffic: edges(sets.traffic),
    });
  };
  for (const sets of rules) append(sets);
  return {
    append,
    near: (outline) => {
      const source = edges(outline.source);
      const destination = edges(outline.destination);
      const traffic = edges(outline.traffic);
      const found: RuleSets[] = [];
      for (const one of indexed) {
        if (apart(one.destination, destination) || apart(one.traffic, traffic) || apart(one.source, source)) continue;
        const { sets } = one;
        if (!linesOverlap(sets.destination.maybe[family], outline.destination)) continue;
        if (!linesOverlap(sets.source.maybe[family], outline.source)) continue;
        found.push(sets);
      }
      return found;
    },
  };
};

const narrowings = new WeakMap<readonly Slot[], Map<string, readonly Slot[]>>();

/** The slots that matter for this traffic. Remembered, since many rules share columns and many candidates traffic. */
export const slotsOn = (slots: readonly Slot[], traffic: Line): readonly Slot[] => {
  if (slots.length < 4) return slots;
  const byTraffic = narrowings.get(slots) ?? new Map<string, readonly Slot[]>();
  narrowings.set(slots, byTraffic);
  const key = traffic.join(' ');
  const before = byTraffic.get(key);
  if (before !== undefined) return before;
  const narrowed = narrowSlots(slots, traffic);
  byTraffic.set(key, narrowed);
  return narrowed;
};

export const coversAddresses = (sets: RuleSets, family: AddressFamily, source: Line, destination: Line): boolean =>
  lineCovers(sets.source.sure[family], source) && lineCovers(sets.destination.sure[family], destination);
