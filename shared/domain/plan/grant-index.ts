import type { Grant, GrantDestination, GrantSource } from '../grants/grants.ts';
import { trafficText } from '../rules/rule-content.ts';
import type { Contributions, RuleRecord } from './ownership.ts';

const sourceKey = (source: GrantSource): string =>
  `${source.source} ${source.securityGroupRule} ${source.prefixList ?? ''}`;
const destinationKey = (destination: GrantDestination): string => `${destination.interface} ${destination.address}`;
const kindKey = (kind: Pick<Grant, 'group' | 'family' | 'traffic'>): string =>
  `${kind.group} ${kind.family} ${trafficText(kind.traffic)} ${kind.traffic.kind === 'icmp' ? kind.traffic.code : ''}`;

/** Desired or held grants as kind of traffic -> destination -> sources: rectangles stay small however large they are. */
export class GrantIndex {
  readonly #sources = new Map<string, Map<string, Set<string>>>();

  static of(grants: readonly Grant[]): GrantIndex {
    const index = new GrantIndex();
    for (const grant of grants) index.#at(kindKey(grant), destinationKey(grant)).add(sourceKey(grant));
    return index;
  }

  /** Adds a whole rectangle. */
  addRectangle(kind: Pick<Grant, 'group' | 'family' | 'traffic'>, contributions: Contributions): void {
    const key = kindKey(kind);
    for (const destination of contributions.destinations) {
      const at = this.#at(key, destinationKey(destination));
      for (const source of contributions.sources) at.add(sourceKey(source));
    }
  }

  has(kind: Pick<Grant, 'group' | 'family' | 'traffic'>, destination: GrantDestination, source: GrantSource): boolean {
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
