import { type Change, type Subject, subjectId } from '../change.ts';
import {
  type Contributions,
  destinationKey,
  type Grant,
  type GrantDestination,
  type GrantSource,
  sourceKey,
} from '../grants/grants.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { type Traffic, trafficKey, trafficText } from '../sets/traffic.ts';
import { destinationBytes, mostSideBytes, sourceBytes } from './record-size.ts';
import { type RuleService, type TranslationSettings, translate } from './translation.ts';

/** The first decryption rule that may decrypt sessions of a rule, and the App-ID that they may turn from and into. */
export interface Decryption {
  readonly rule: string;
  readonly from: string;
  readonly into: string;
}

/** A firewall rule that would let grants through: a rectangle of sources and destinations for one kind of traffic. */
export interface CandidateRule {
  readonly subject: Subject;
  readonly group: string;
  readonly family: AddressFamily;
  readonly traffic: Traffic;
  readonly from: string;
  readonly to: string;
  /** `['any']`, or App-IDs. Never empty. */
  readonly application: readonly string[];
  /** Why `application` also names what decryption turns sessions into; absent where it does not. */
  readonly decryption?: Decryption;
  readonly service: RuleService;
  readonly sources: readonly GrantSource[];
  readonly destinations: readonly GrantDestination[];
  /** The call that brought it, for the rule's description. */
  readonly broughtBy: string;
}

const mostMembersShown = 5;
const membersText = (members: readonly string[]): string => {
  const distinct = [...new Set(members)];
  const more = distinct.length - mostMembersShown;
  return `${distinct.slice(0, mostMembersShown).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** `sg-1 tcp 443 from 0.0.0.0/0 to 10.0.1.5/32` */
export const candidateText = ({ group, traffic, sources, destinations }: CandidateRule): string =>
  `${group} ${trafficText(traffic)} from ${membersText(sources.map(({ source }) => source))} to ${membersText(destinations.map(({ address }) => address))}`;

/** Whom a candidate rule is for: its group, its instances and their interfaces, by id. */
export const idsIn = ({ group, destinations }: CandidateRule): readonly string[] => [
  group,
  ...new Set(destinations.flatMap(({ instance, interface: id }) => [instance, id])),
];

/** The prefix of the names of rules for a candidate rule: the subject's id, as the names have always been built. */
export const namePrefix = ({ subject, group, destinations }: CandidateRule): string =>
  subject.kind === 'everything' ? (destinations[0]?.instance ?? group) : subject.id;

export interface CandidateContext {
  /** The changes this run carries out. Order does not matter: they are taken by their time. */
  readonly changes: readonly Pick<Change, 'kind' | 'subjects' | 'who' | 'when' | 'eventId'>[];
  /** Zone of the sources and zone of the protected addresses. */
  readonly from: string;
  readonly to: string;
  readonly translation: TranslationSettings;
  /** `group`: one rule for each group and kind of traffic, whatever call brings it. Absent: `event`. */
  readonly grouping?: 'event' | 'group';
}

/** Members a rule has at most on either side. */
export const mostMembers = 500;

interface Claim {
  readonly subject: Subject;
  readonly broughtBy: string;
  /** Sorts groups before instances, instances before those that no event named, each by event time. */
  readonly order: string;
}

const describe = ({ kind, who, when, eventId }: CandidateContext['changes'][number]): string =>
  `${kind} by ${who} at ${when}, event ${eventId}`;

/**
 * Who may bring a grant: its group if a change names it, else its instance if one does, else still its instance, though by the
 * call about its interface if there was one.
 */
const claimsOf = (context: CandidateContext): ((grant: Grant) => Claim) => {
  const changes = context.changes.toSorted((a, b) =>
    a.when !== b.when ? (a.when < b.when ? -1 : 1) : a.eventId < b.eventId ? -1 : 1,
  );
  const claims = new Map<string, Claim>();
  const calls = new Map<string, Omit<Claim, 'subject'>>();
  for (const change of changes)
    for (const subject of change.subjects) {
      const id = subjectId(subject);
      if (subject.kind === 'everything' || claims.has(id) || calls.has(id)) continue;
      const call = {
        broughtBy: describe(change),
        order: `${subject.kind === 'group' ? 0 : 1} ${change.when} ${id}`,
      };
      if (subject.kind === 'interface') calls.set(id, call);
      else claims.set(id, { subject, ...call });
    }
  const [first] = changes;
  const whole = changes.find((change) => change.subjects.some((subject) => subject.kind === 'everything')) ?? first;
  const unnamed = whole === undefined ? 'an earlier change' : describe(whole);
  return (grant) => {
    const claim = claims.get(grant.group) ?? claims.get(grant.instance);
    if (context.grouping === 'group') {
      const subject: Subject = { kind: 'group', id: grant.group };
      const { broughtBy } = claim ?? calls.get(grant.interface) ?? { broughtBy: unnamed };
      return { subject, broughtBy, order: claims.get(grant.group)?.order ?? `2 ${grant.group}` };
    }
    if (claim !== undefined) return claim;
    // An interface of an AWS service has no instance: its rules are the group's.
    const subject: Subject = grant.instance.startsWith('i-')
      ? { kind: 'instance', id: grant.instance }
      : { kind: 'group', id: grant.group };
    return { subject, ...(calls.get(grant.interface) ?? { broughtBy: unnamed, order: `2 ${subjectId(subject)}` }) };
  };
};

const byKey = <Item>(items: ReadonlyMap<string, Item>): readonly Item[] =>
  [...items].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);

/**
 * Runs of items with at most 500 different members each, and of no more bytes than a record takes. The items of one member stay
 * together, unless these alone are too many bytes.
 */
const portions = <Item>(
  items: readonly Item[],
  member: (item: Item) => string,
  bytesOf: (item: Item) => number,
): readonly (readonly Item[])[] => {
  const parts: Item[][] = [];
  let members = 0;
  let bytes = 0;
  const begin = (): void => {
    if (parts.at(-1)?.length !== 0) parts.push([]);
    members = 0;
    bytes = 0;
  };
  for (const [, group] of Map.groupBy(items, member)) {
    const more = group.reduce((sum, item) => sum + bytesOf(item), 0);
    if (parts.length === 0 || members === mostMembers || bytes + more > mostSideBytes) begin();
    members += 1;
    for (const item of group) {
      if (bytes + bytesOf(item) > mostSideBytes) begin();
      parts.at(-1)?.push(item);
      bytes += bytesOf(item);
    }
  }
  return parts;
};

type Side = { readonly destination: GrantDestination; readonly sources: Map<string, GrantSource> };

/** What one claim brings of one group, kind of traffic and family: each destination with the sources it is granted to. */
interface Bucket {
  readonly claim: Claim;
  readonly grant: Grant;
  readonly destinations: Map<string, Side>;
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
    const { interface: id, instance, address, vpc } = grant;
    const { source, securityGroupRule, prefixList } = grant;
    const destination = { interface: id, instance, address, ...(vpc === undefined ? {} : { vpc }) };
    addTo(bucket.destinations, destination, { source, securityGroupRule, prefixList });
  }
  return byKey(buckets);
};

const addTo = (destinations: Map<string, Side>, destination: GrantDestination, source: GrantSource): void => {
  const at = destinationKey(destination);
  const side = destinations.get(at) ?? { destination, sources: new Map<string, GrantSource>() };
  destinations.set(at, side);
  side.sources.set(sourceKey(source), source);
};

/**
 * Destinations with exactly the same sources belong in one rectangle, others make one of their own; each in portions that a
 * rule can carry.
 */
const rectanglesOf = (sides: ReadonlyMap<string, Side>): readonly Contributions[] => {
  const bySources = new Map<string, { sources: readonly GrantSource[]; destinations: GrantDestination[] }>();
  for (const { destination, sources } of byKey(sides)) {
    const key = [...sources.keys()].sort().join('\n');
    const rectangle = bySources.get(key) ?? { sources: byKey(sources), destinations: [] };
    rectangle.destinations.push(destination);
    bySources.set(key, rectangle);
  }
  return byKey(bySources).flatMap(({ sources, destinations }) =>
    portions(sources, ({ source }) => source, sourceBytes).flatMap((someSources) =>
      portions(destinations, ({ address }) => address, destinationBytes).map((someDestinations) => ({
        sources: someSources,
        destinations: someDestinations,
      })),
    ),
  );
};

/**
 * The rules that would let these grants through: one per (subject, group, kind of traffic, family), with all its sources
 * and the addresses of all its interfaces, split only where sources differ or a side exceeds 500 members or the bytes of a record. Groups come
 * first, then instances, each by event time. Every grant is in exactly one candidate rule; the answer does not depend on the
 * order of the grants or of the changes. Grants that cannot be expressed must have been left out before.
 */
export const candidateRules = (grants: readonly Grant[], context: CandidateContext): readonly CandidateRule[] =>
  bucketsOf(grants, claimsOf(context)).flatMap(({ claim, grant, destinations }) => {
    const { group, family, traffic } = grant;
    const translated = translate(traffic, family, context.translation);
    if (translated.kind === 'refused') return [];
    const { application, service } = translated;
    const { subject, broughtBy } = claim;
    const { from, to } = context;
    return rectanglesOf(destinations).map(({ sources, destinations: some }) => ({
      subject,
      group,
      family,
      traffic,
      from,
      to,
      application,
      service,
      sources,
      destinations: some,
      broughtBy,
    }));
  });

const bucketOf = ({ subject, group, traffic, family }: CandidateRule): string =>
  [subject.kind, subjectId(subject), group, trafficKey(traffic), family].join('\t');

/** The same candidate rules without the grants that are held: as if these had never been asked for. */
export const withoutHeld = (
  candidates: readonly CandidateRule[],
  isHeld: (candidate: CandidateRule, destination: GrantDestination, source: GrantSource) => boolean,
): readonly CandidateRule[] =>
  [...Map.groupBy(candidates, bucketOf).values()].flatMap((same) => {
    const destinations = new Map<string, Side>();
    let held = false;
    for (const candidate of same)
      for (const destination of candidate.destinations)
        for (const source of candidate.sources) {
          if (isHeld(candidate, destination, source)) held = true;
          else addTo(destinations, destination, source);
        }
    const [first] = same;
    if (!held || first === undefined) return same;
    return rectanglesOf(destinations).map((rectangle) => ({ ...first, ...rectangle }));
  });
