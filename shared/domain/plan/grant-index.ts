import {
  type Contributions,
  destinationKey,
  type Grant,
  type GrantDestination,
  type GrantSource,
  sourceKey,
} from '../grants/grants.ts';
import { trafficKey } from '../sets/traffic.ts';
import type { RuleRecord } from './ownership.ts';

type Kind = Pick<Grant, 'group' | 'family' | 'traffic'>;

const kindKey = ({ group, family, traffic }: Kind): string => `${group} ${family} ${trafficKey(traffic)}`;

/** Desired or held grants as kind of traffic -> destination -> sources: rectangles stay small however large they are. */
export class GrantIndex {
  readonly #sources = new Map<string, Map<string, Set<string>>>();

  /** The grants of these rectangles, such as candidate rules. */
  static of(rectangles: readonly (Kind & Contributions)[]): GrantIndex {
    const index = new GrantIndex();
    for (const rectangle of rectangles) index.addRectangle(rectangle, rectangle);
    return index;
  }

  addRectangle(kind: Kind, { sources, destinations }: Contributions): void {
    const key = kindKey(kind);
    for (const destination of destinations) {
      const at = this.#at(key, destinationKey(destination));
      for (const source of sources) at.add(sourceKey(source));
    }
  }

  has(kind: Kind, destination: GrantDestination, source: GrantSource): boolean {
    return this.#sources.get(kindKey(kind))?.get(destinationKey(destination))?.has(sourceKey(source)) ?? false;
  }

  #at(kind: string, destination: string): Set<string> {
    const byDestination = this.#sources.get(kind) ?? new Map<string, Set<string>>();
    this.#sources.set(kind, byDestination);
    const sources = byDestination.get(destination) ?? new Set<string>();
    byDestination.set(destination, sources);
    return sources;
  }
}

/**
 * The part of a rule's rectangle that is still desired. Interfaces out of scope keep all they have. Where what is left is
 * no rectangle, whole interfaces leave: those with the most sources stay, of several such sets the one most interfaces have.
 */
export const remaining = (record: RuleRecord, desired: GrantIndex, scope: ReadonlySet<string>): Contributions => {
  const { sources, destinations } = record.contributions;
  const wanted = destinations.map((destination) => ({
    destination,
    sources: scope.has(destination.interface)
      ? sources.filter((source) => desired.has(record, destination, source))
      : sources,
  }));
  const groups = new Map<string, { sources: readonly GrantSource[]; destinations: GrantDestination[] }>();
  for (const { destination, sources: left } of wanted) {
    if (left.length === 0) continue;
    const key = left.map(sourceKey).sort().join('\n');
    const group = groups.get(key) ?? { sources: left, destinations: [] };
    group.destinations.push(destination);
    groups.set(key, group);
  }
  const [best] = [...groups.entries()].sort(
    ([keyA, a], [keyB, b]) =>
      b.sources.length - a.sources.length ||
      b.destinations.length - a.destinations.length ||
      (keyA < keyB ? -1 : keyA > keyB ? 1 : 0),
  );
  return best === undefined ? { sources: [], destinations: [] } : best[1];
};

/**
 * Like `remaining`, for a rule that lets nothing through, because an administrator disabled it or set it to deny: it goes on
 * holding every grant it has, in the smallest rectangle around them, so that none is opened by another rule.
 */
export const bounding = (
  record: RuleRecord,
  held: Contributions,
  desired: GrantIndex,
  scope: ReadonlySet<string>,
): Contributions => {
  const isWanted = (destination: GrantDestination, source: GrantSource) =>
    !scope.has(destination.interface) || desired.has(record, destination, source);
  return {
    sources: held.sources.filter((source) => held.destinations.some((to) => isWanted(to, source))),
    destinations: held.destinations.filter((to) => held.sources.some((source) => isWanted(to, source))),
  };
};

export const nothing: Contributions = { sources: [], destinations: [] };
/** How many grants a rectangle stands for. */
export const size = ({ sources, destinations }: Contributions): number => sources.length * destinations.length;
