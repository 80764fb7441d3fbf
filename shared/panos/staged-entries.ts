import type { Connection } from './connection.ts';
import { sameEntry } from './entries.ts';
import { getNodes, showNode } from './read-configuration.ts';
import { canonicalText } from './rules-reader.ts';
import { child, childrenOf, nameOf, type XmlElement } from './xml.ts';
import { canonicalXpath, type Places, type Target, targetOf } from './xpath.ts';

/** A rule, a node of one, or a service, by its xpath. */
export interface Asked {
  readonly xpath: string;
  readonly target: Exclude<Target, { readonly kind: 'other' }>;
  /** The xpath of the whole rule or service. */
  readonly entry: string;
  /** Only where the rule stands is asked after: its nodes are asked after by themselves. */
  readonly placeOnly?: true;
}

interface Entries {
  readonly rules: readonly XmlElement[];
  readonly services: readonly XmlElement[];
}

/** The entries of the candidate and of the running configuration. */
export interface Both {
  readonly candidate: Entries;
  readonly running: Entries;
  /** Rules of both that the same rule follows, counting only rules of both. */
  readonly standing: ReadonlySet<string>;
}

/** Rules and services of both configurations: four requests. */
export const readBoth = async (connection: Connection, place: Places): Promise<Both> => {
  const [[candidateRules], [candidateServices], runningRules, runningServices] = await Promise.all([
    getNodes(connection, place.rules),
    getNodes(connection, place.services),
    showNode(connection, place.rules),
    showNode(connection, place.services),
  ]);
  const candidate = { rules: childrenOf(candidateRules, 'entry'), services: childrenOf(candidateServices, 'entry') };
  const running = { rules: childrenOf(runningRules, 'entry'), services: childrenOf(runningServices, 'entry') };
  return { candidate, running, standing: standingIn(orderOf(candidate), orderOf(running)) };
};

const followers = (order: readonly string[], common: ReadonlySet<string>): ReadonlyMap<string, string | null> => {
  const kept = order.filter((name) => common.has(name));
  return new Map(kept.map((name, index) => [name, kept[index + 1] ?? null]));
};

const standingIn = (now: readonly string[], was: readonly string[]): ReadonlySet<string> => {
  const common = commonOf(now, was);
  const before = followers(was, common);
  return new Set([...followers(now, common)].flatMap(([name, next]) => (before.get(name) === next ? [name] : [])));
};

/** The entry of that name. */
export const find = (entries: readonly XmlElement[], name: string): XmlElement | null =>
  entries.find((entry) => nameOf(entry) === name) ?? null;

/** The rule that follows a rule among those that both orders have; null at the end. */
export const followerIn = (order: readonly string[], name: string, common: ReadonlySet<string>): string | null =>
  order.slice(order.indexOf(name) + 1).find((each) => common.has(each)) ?? null;

const sameNode = (one: XmlElement | null, other: XmlElement | null): boolean =>
  one === null || other === null ? one === other : canonicalText(one) === canonicalText(other);

/** True when the candidate holds at an xpath what runs there. */
export const contentRestored = (both: Both, { target, placeOnly }: Asked): boolean => {
  if (placeOnly) return true;
  if (target.kind === 'service') {
    return sameEntry(find(both.candidate.services, target.name), find(both.running.services, target.name));
  }
  const now = find(both.candidate.rules, target.name);
  const was = find(both.running.rules, target.name);
  if (target.field === null) return sameEntry(now, was);
  return (now === null) === (was === null) && sameNode(child(now, target.field), child(was, target.field));
};

/** The names of the nodes in which a rule of both configurations differs. */
export const differingNodes = (both: Both, name: string): readonly string[] => {
  const [now, was] = [find(both.candidate.rules, name), find(both.running.rules, name)];
  const names = new Set([...(now?.children ?? []), ...(was?.children ?? [])].map((node) => node.name));
  return [...names].filter((each) => !sameNode(child(now, each), child(was, each)));
};

/** Rule names in order. */
export const orderOf = (entries: Entries): readonly string[] => entries.rules.map(nameOf);

/** Names in both orders. */
export const commonOf = (one: readonly string[], other: readonly string[]): ReadonlySet<string> => {
  const others = new Set(other);
  return new Set(one.filter((name) => others.has(name)));
};

const placeRestored = (both: Both, { target }: Asked): boolean =>
  target.kind !== 'rule' ||
  target.field !== null ||
  both.standing.has(target.name) ||
  find(both.candidate.rules, target.name) === null ||
  find(both.running.rules, target.name) === null;

/** True when content and place are as they run. */
export const restored = (both: Both, asked: Asked): boolean =>
  contentRestored(both, asked) && placeRestored(both, asked);

/** The xpaths among these that name what this client writes. */
export const askedFrom = (place: Places, xpaths: readonly string[]): readonly Asked[] =>
  xpaths.flatMap((xpath): readonly Asked[] => {
    const target = targetOf(place, xpath);
    if (target.kind === 'other') return [];
    return [{ xpath, target, entry: target.kind === 'rule' ? place.rule(target.name) : place.service(target.name) }];
  });

/**
 * Those of these xpaths at which the candidate equals the running configuration, bookkeeping aside; a rule must also stand
 * where it stands in running. Answers with the strings it was given.
 */
export const unchangedAt = async (
  connection: Connection,
  place: Places,
  xpaths: readonly string[],
): Promise<readonly string[]> => {
  if (xpaths.length === 0) return [];
  const wanted = xpaths.map((given) => ({ given, asked: askedFrom(place, [canonicalXpath(given)])[0] ?? null }));
  const both = wanted.some(({ asked }) => asked !== null) ? await readBoth(connection, place) : null;
  const verdicts = await Promise.all(
    wanted.map(async ({ given, asked }) => {
      if (asked !== null && both !== null) return restored(both, asked);
      const [candidate, running] = await Promise.all([getNodes(connection, given), showNode(connection, given)]);
      // Several nodes at one xpath cannot be shown in running: then nothing is known.
      return candidate.length <= 1 && sameNode(candidate[0] ?? null, running);
    }),
  );
  return wanted.filter((_, index) => verdicts[index] === true).map(({ given }) => given);
};
