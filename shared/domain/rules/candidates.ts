import { type Change, type Subject, subjectId } from '../change.ts';
import type { Grant, GrantDestination, GrantSource } from '../grants/grants.ts';
import { trafficKey } from '../grants/permission-traffic.ts';
import type { CandidateRule } from './candidate-rules.ts';
import { type TranslationSettings, translate } from './translation.ts';

export interface CandidateContext {
  /** The changes this run carries out. Order does not matter: they are taken by their time. */
  readonly changes: readonly Pick<Change, 'kind' | 'subjects' | 'who' | 'when' | 'eventId'>[];
  /** Zone of the sources and zone of the protected addresses. */
  readonly from: string;
  readonly to: string;
  readonly translation: TranslationSettings;
}

/** Members a rule has at most on either side. */
export const mostMembers = 500;

interface Claim {
  readonly subject: Subject;
  readonly broughtBy: string;
  /** Sorts groups before instances, instances before those nobody named, each by event time. */
  readonly order: string;
}

const describe = ({ kind, who, when, eventId }: CandidateContext['changes'][number]): string =>
  `${kind} by ${who} at ${when}, event ${eventId}`;

/** Who may bring a grant: its group if a change names it, else its instance if one does, else still its instance. */
const claimsOf = (context: CandidateContext): ((grant: Grant) => Claim) => {
  const changes = context.changes.toSorted((a, b) =>
    a.when !== b.when ? (a.when < b.when ? -1 : 1) : a.eventId < b.eventId ? -1 : 1,
  );
  const claims = new Map<string, Claim>();
  for (const change of changes)
    for (const subject of change.subjects) {
      const id = subjectId(subject);
      if (subject.kind === 'everything' || claims.has(id)) continue;
      claims.set(id, {
        subject,
        broughtBy: describe(change),
        order: `${subject.kind === 'group' ? 0 : 1} ${change.when} ${id}`,
      });
    }
  const [first] = changes;
  const whole = changes.find((change) => change.subjects.some((subject) => subject.kind === 'everything')) ?? first;
  const unnamed = whole === undefined ? 'an earlier change' : describe(whole);
  return (grant) => {
    const claim = claims.get(grant.group) ?? claims.get(grant.instance);
    if (claim !== undefined) return claim;
    // An interface of an AWS service has no instance: its rules are the group's.
    const subject: Subject = grant.instance.startsWith('i-')
      ? { kind: 'instance', id: grant.instance }
      : { kind: 'group', id: grant.group };
    return { subject, broughtBy: unnamed, order: `2 ${subjectId(subject)}` };
  };
};

const sourceKey = ({ source, securityGroupRule, prefixList }: GrantSource): string =>
  `${source} ${securityGroupRule} ${prefixList ?? ''}`;
const destinationKey = (destination: GrantDestination): string => `${destination.interface} ${destination.address}`;

const byKey = <Item>(items: ReadonlyMap<string, Item>): readonly Item[] =>
  [...items].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);

/** Runs of items with at most 500 different members each. */
const portions = <Item>(items: readonly Item[], member: (item: Item) => string): readonly (readonly Item[])[] => {
  const parts: Item[][] = [];
  let members = new Set<string>();
  for (const [, group] of Map.groupBy(items, member)) {
    const [first] = group;
    if (first === undefined) continue;
    if (parts.length === 0 || members.size === mostMembers) {
      parts.push([]);
      members = new Set();
    }
    members.add(member(first));
    parts.at(-1)?.push(...group);
  }
  return parts;
};

/** All grants of one claim, group, kind of traffic and family: each destination with the sources it is granted to. */
interface Bucket {
  readonly claim: Claim;
  readonly grant: Grant;
  readonly destinations: Map<
    string,
    { readonly destination: GrantDestination; readonly sources: Map<string, GrantSource> }
  >;
}

const bucketsOf = (grants: readonly Grant[], claimOf: (grant: Grant) => Claim): readonly Bucket[] => {
  const buckets = new Map<string, Bucket>();
  for (const grant of grants) {
    const claim = claimOf(grant);
    const key = [claim.order, grant.group, trafficKey(grant.traffic), grant.family].join('\t');
    let bucket = buckets.get(key);
    if (bucket === undefined) {
      bucket = { claim, grant, destinations: new Map() };
      buckets.set(key, bucket);
    }
    const { interface: id, instance, address } = grant;
    const destination = { interface: id, instance, address };
    const at = destinationKey(destination);
    const entry = bucket.destinations.get(at) ?? { destination, sources: new Map<string, GrantSource>() };
    bucket.destinations.set(at, entry);
    const { source, securityGroupRule, prefixList } = grant;
    entry.sources.set(sourceKey(grant), { source, securityGroupRule, prefixList });
  }
  return byKey(buckets);
};

/** Destinations with exactly the same sources belong in one rectangle; others make a rule of their own. */
const rectanglesOf = (
  bucket: Bucket,
): readonly { readonly sources: readonly GrantSource[]; readonly destinations: readonly GrantDestination[] }[] => {
  const bySources = new Map<string, { sources: readonly GrantSource[]; destinations: GrantDestination[] }>();
  for (const { destination, sources } of byKey(bucket.destinations)) {
    const key = [...sources.keys()].sort().join('\n');
    const rectangle = bySources.get(key) ?? { sources: byKey(sources), destinations: [] };
    rectangle.destinations.push(destination);
    bySources.set(key, rectangle);
  }
  return byKey(bySources);
};

/**
 * The rules that would let these grants through: one per (subject, group, kind of traffic, family), with all its sources
 * and the addresses of all its interfaces, split only where sources differ or a side exceeds 500 members. Groups come
 * first, then instances, each by event time. Every grant is in exactly one candidate; the answer does not depend on the
 * order of the grants or of the changes. Grants that cannot be expressed must have been left out before.
 */
export const candidateRules = (grants: readonly Grant[], context: CandidateContext): readonly CandidateRule[] =>
  bucketsOf(grants, claimsOf(context)).flatMap((bucket) => {
    const { group, family, traffic } = bucket.grant;
    const translated = translate(traffic, family, context.translation);
    if (translated.kind === 'refused') return [];
    const { application, service } = translated;
    const { subject, broughtBy } = bucket.claim;
    const { from, to } = context;
    return rectanglesOf(bucket).flatMap(({ sources, destinations }) =>
      portions(sources, ({ source }) => source).flatMap((someSources) =>
        portions(destinations, ({ address }) => address).map((someDestinations) => ({
          subject,
          group,
          family,
          traffic,
          from,
          to,
          application,
          service,
          sources: someSources,
          destinations: someDestinations,
          broughtBy,
        })),
      ),
    );
  });
