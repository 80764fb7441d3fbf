import type { AddressFamily } from '../grants.ts';
import { type Line, lineCovers, linesOverlap, type Point } from '../lines.ts';
import type { Policy, RuleAction, SecurityRule } from '../policy.ts';
import { type AddressesOf, type AddressSet, addressReader } from './address-sets.ts';
import type { Estimate } from './estimates.ts';
import { scopesInOrder } from './object-look-up.ts';
import { type ApplicationReader, applicationReader } from './rule-applications.ts';
import { narrowSlots, type Slot, slotsOf } from './rule-slots.ts';
import { type ServiceColumn, serviceReader } from './service-sets.ts';

/** `perhaps` where it is not known whether the rule matches sessions of these zones. */
export type ZoneMatch = 'yes' | 'perhaps' | 'no';

/** What a rule surely matches and what it may match, as sets. */
export interface RuleSets {
  readonly name: string;
  readonly uuid: string | null;
  readonly action: RuleAction;
  /** True for a rule that is only going to be added. */
  readonly isNew: boolean;
  readonly zones: (from: string, to: string) => ZoneMatch;
  readonly source: Estimate<AddressSet>;
  readonly destination: Estimate<AddressSet>;
  readonly slots: Estimate<readonly Slot[]>;
  /** Why something of what it matches is not known; empty when all is. */
  readonly doubts: readonly string[];
  /** False when something narrows the whole rule in a way that is not known (users, a schedule, …). */
  readonly everSure: boolean;
  /** Interfaces it counts for: those an owned rule has contributions of. Null: every destination. */
  readonly onlyFor: ReadonlySet<string> | null;
}

/** Reads the rules of one policy against its objects. */
export interface RuleReader {
  readonly sets: (rule: SecurityRule, onlyFor: ReadonlySet<string> | null) => RuleSets;
  readonly applications: ApplicationReader;
}

const slotReader = (services: (members: readonly string[]) => ServiceColumn, applications: ApplicationReader) => {
  const columns = new Map<string, Estimate<readonly Slot[]>>();
  return (rule: SecurityRule): Estimate<readonly Slot[]> => {
    const key = `${rule.application.join('\n')}\n\n${rule.service.join('\n')}`;
    const before = columns.get(key);
    if (before !== undefined) return before;
    const slots = slotsOf(applications.column(rule.application), services(rule.service), applications);
    columns.set(key, slots);
    return slots;
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
      const slots = slotsFor(rule);
      const doubts = [...rule.restrictions, ...source.doubts, ...destination.doubts, ...slots.doubts];
      return {
        name: rule.name,
        uuid: rule.uuid,
        action: rule.action,
        isNew: false,
        zones: (from, to) => zoneMatch(rule, from, to),
        source,
        destination,
        slots,
        doubts: [...new Set(doubts)].sort(),
        everSure: rule.restrictions.length === 0,
        onlyFor,
      };
    },
  };
};

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

const edges = (line: Line): readonly [Point, Point] | null => {
  const first = line[0];
  const last = line[line.length - 1];
  return first === undefined || last === undefined ? null : [first, last];
};

const apart = (a: readonly [Point, Point] | null, b: readonly [Point, Point]): boolean =>
  a === null || a[1] <= b[0] || b[1] <= a[0];

/** The sides of a question by which rules that cannot matter are passed over. */
export interface Outline {
  readonly family: AddressFamily;
  readonly source: Line;
  readonly destination: Line;
  readonly traffic: Line;
}

interface Indexed {
  readonly sets: RuleSets;
  readonly source: readonly [Point, Point] | null;
  readonly destination: readonly [Point, Point] | null;
  readonly traffic: readonly [Point, Point] | null;
}

const slotEdges = (slots: readonly Slot[]): readonly [Point, Point] | null => {
  let low: Point | null = null;
  let high: Point | null = null;
  for (const slot of slots) {
    const ends = edges(slot.traffic);
    if (ends === null) continue;
    if (low === null || ends[0] < low) low = ends[0];
    if (high === null || ends[1] > high) high = ends[1];
  }
  return low === null || high === null ? null : [low, high];
};

/** The rules of one view that stand above the bottom rule, in order, for one pair of zones and one family. */
export interface RuleIndex {
  /** Those that may match something of the outline, in order. */
  readonly near: (outline: Outline) => readonly RuleSets[];
  /** Puts one more rule below the others. */
  readonly append: (sets: RuleSets) => void;
}

/**
 * Passes rules over by the outermost edges of their sets first, which costs a few comparisons a rule: most rules of a
 * big policy concern other destinations. Only what is left is compared exactly.
 */
export const indexRules = (rules: readonly RuleSets[], from: string, to: string, family: AddressFamily): RuleIndex => {
  const indexed: Indexed[] = [];
  const append = (sets: RuleSets): void => {
    const match = sets.zones(from, to);
    if (match === 'no') return;
    indexed.push({
      sets: match === 'yes' ? sets : { ...sets, everSure: false, doubts: [...sets.doubts, 'intrazone'] },
      source: edges(sets.source.maybe[family]),
      destination: edges(sets.destination.maybe[family]),
      traffic: slotEdges(sets.slots.maybe),
    });
  };
  for (const sets of rules) append(sets);
  return {
    append,
    near: (outline) => {
      const source = edges(outline.source);
      const destination = edges(outline.destination);
      const traffic = edges(outline.traffic);
      if (source === null || destination === null || traffic === null) return [];
      const found: RuleSets[] = [];
      for (const one of indexed) {
        if (apart(one.destination, destination) || apart(one.traffic, traffic) || apart(one.source, source)) continue;
        if (!linesOverlap(one.sets.destination.maybe[family], outline.destination)) continue;
        if (!linesOverlap(one.sets.source.maybe[family], outline.source)) continue;
        found.push(one.sets);
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
