import type { Change } from '../change.ts';
import { type Contributions, type GrantDestination, type GrantSource, sourceKey } from '../grants/grants.ts';
import { permissionTraffic } from '../grants/permission-traffic.ts';
import { addressesWhileAway, effectiveTable, type NetworkPicture, vpcRanges } from '../grants/routes.ts';
import type { SeenPrefixList, SeenRule } from '../grants/seen.ts';
import type { GoneInterface, ShownInterface } from '../grants/standing.ts';
import { remembering } from '../remember.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import { familyOf, lineOfCidrs } from '../sets/addresses.ts';
import { lineCovers, linesOverlap } from '../sets/lines.ts';
import { type Announcements, announcedBy } from './announced-losses.ts';
import { type Fact, factOf } from './facts.ts';
import { GrantIndex } from './grant-index.ts';
import type { RuleRecord } from './ownership.ts';

/** What EC2 showed and what was announced: all that can explain why a grant is there no more. */
export interface Explanations {
  readonly gone: readonly GoneInterface[];
  /** The interfaces that EC2 shows, whether they count or not. */
  readonly shown: readonly ShownInterface[];
  readonly network: NetworkPicture;
  readonly firewallTargets: readonly string[];
  /** The address by which clients reach a private one, where a NAT rule translates. */
  readonly preNatAddresses: ReadonlyMap<string, string>;
  /** The settings that decide what counts are those of the last resync: then what they would explain was not their doing. */
  readonly settingsAsBefore: boolean;
  /** The changes in hand. */
  readonly changes: readonly Change[];
  /** What earlier runs have seen. */
  readonly facts: ReadonlySet<string>;
  /** VPCs by the groups that EC2 was asked for and knows. */
  readonly groups: ReadonlyMap<string, string>;
  /** Those of which EC2 shows any rule, of either direction: where it shows none, the read may have come back empty. */
  readonly groupsWithRules: ReadonlySet<string>;
  readonly rules: readonly SeenRule[];
  readonly prefixLists: readonly SeenPrefixList[];
}

/** Grants of one owned rule that EC2 grants no more, though nothing it shows explains it. */
export interface UnexplainedLoss extends Contributions {
  readonly group: string;
  readonly family: RuleRecord['family'];
  readonly traffic: RuleRecord['traffic'];
  /** `away`: their way to the firewall is a blackhole for now, so they are kept. `vanished`: they count against the limit. */
  readonly because: 'away' | 'vanished';
}

/** What is lost without an explanation, and the facts by which the rest is explained. */
export interface ExplainedLosses {
  readonly unexplained: readonly UnexplainedLoss[];
  readonly facts: ReadonlySet<Fact>;
}

type Reason = { readonly shown: Fact | null } | 'away' | 'vanished';

const shownRules = (rules: readonly SeenRule[]): ReadonlySet<string> =>
  new Set(
    rules.flatMap((rule) => {
      const traffic = permissionTraffic(rule.protocol, rule.fromPort, rule.toPort);
      if (traffic === null || rule.source.kind === 'group') return [];
      const { kind } = rule.source;
      const from = kind === 'cidr' ? rule.source.cidr : rule.source.id;
      return [factOf.permission({ group: rule.group, traffic }, { securityGroupRule: rule.id, from })];
    }),
  );

/** Where a source of a record comes from, in the words of its permission: the range, or the prefix list. */
const fromOf = ({ source, prefixList }: GrantSource): string => prefixList ?? source;

/** Tells, of one grant of a record that EC2 does not grant now, whether something shows why. */
const explainer = (said: Explanations): ((record: RuleRecord, to: GrantDestination, source: GrantSource) => Reason) => {
  const gone = new Map(said.gone.map((each) => [each.interface, each] as const));
  const seen = new Map(said.shown.map((each) => [each.id, each] as const));
  const rules = shownRules(said.rules);
  const lists = new Map(said.prefixLists.map((list) => [list.id, list] as const));
  const announced: Announcements = announcedBy(said.changes);
  const vpcsSeen = new Set(said.shown.map(({ vpc }) => vpc));

  const isGone = ({ interface: id, instance }: GrantDestination, group: string): boolean => {
    const found = gone.get(id);
    if (found !== undefined && !found.vanished) return found.how !== 'away';
    if (found?.how !== 'absent') return false;
    if (announced.isDown(instance) || announced.isDeleted(id)) return true;
    // An interface of a service is deleted with it, and nothing remembers it: the VPC was read when another of it is seen.
    return !instance.startsWith('i-') && !seen.has(id) && vpcsSeen.has(said.groups.get(group) ?? '');
  };
  const once = remembering();
  const tableOf = ({ subnet, vpc }: ShownInterface) => effectiveTable(said.network, { id: subnet, vpc });
  const isAway = ({ interface: id }: GrantDestination, { source }: GrantSource): boolean => {
    const at = seen.get(id);
    if (at === undefined) return false;
    const table = tableOf(at);
    if (table === null) return false;
    const family = familyOf(source);
    const away = once(`${table.id} ${family}`, () =>
      addressesWhileAway(table, family, said.network, said.firewallTargets),
    );
    return linesOverlap(away, lineOfCidrs([source], family));
  };
  const beforeNat = new Set(said.preNatAddresses.values());
  const hasGivenUp = ({ vpc, addresses }: ShownInterface, { address }: GrantDestination): boolean => {
    if (addresses.some((each) => each === address || said.preNatAddresses.get(each) === address)) return false;
    // An address before NAT that no setting names any more went with the setting, not with the interface.
    const family = familyOf(address);
    const inVpc = once(`${vpc} ${family}`, () => lineOfCidrs(vpcRanges(said.network, vpc, family), family));
    return beforeNat.has(address) || lineCovers(inVpc, lineOfCidrs([address], family));
  };
  const isRevoked = (record: RuleRecord, source: GrantSource): boolean => {
    const from = fromOf(source);
    if (announced.isRevoked(record, { ...source, from })) return true;
    if (!said.groupsWithRules.has(record.group)) return false;
    return !rules.has(factOf.permission(record, { ...source, from }));
  };
  const hasLeftList = ({ group }: RuleRecord, { source, prefixList }: GrantSource): boolean => {
    const list = prefixList === null ? undefined : lists.get(prefixList);
    if (list === undefined || list.entries.includes(source)) return false;
    return list.entries.length > 0 || announced.changesLists(group);
  };

  return (record, to, source) => {
    const at = seen.get(to.interface);
    const permission = factOf.permission(record, { ...source, from: fromOf(source) });
    const known: readonly Fact[] = [
      factOf.interface(to.interface),
      factOf.address(to.interface, to.address),
      factOf.membership(to.interface, record.group),
      factOf.rerouted(to.interface),
      permission,
    ];
    const before = known.find((fact) => said.facts.has(fact));
    if (before !== undefined) return { shown: before };
    if (isGone(to, record.group)) return { shown: factOf.interface(to.interface) };
    if (at !== undefined && !at.groups.includes(record.group)) {
      return { shown: factOf.membership(to.interface, record.group) };
    }
    if (at !== undefined && hasGivenUp(at, to)) return { shown: factOf.address(to.interface, to.address) };
    if (isRevoked(record, source)) return { shown: permission };
    if (hasLeftList(record, source)) return { shown: null };
    if (isAway(to, source)) return 'away';
    if (at !== undefined && said.settingsAsBefore && announced.changesRoutesOf(tableOf(at)?.id ?? null)) {
      return { shown: factOf.rerouted(to.interface) };
    }
    return 'vanished';
  };
};

/**
 * Of what the records stand for and EC2 no longer grants, what nothing explains: no state that EC2 shows, no event in hand,
 * nothing that an earlier run has seen. Whatever is not positively shown is `vanished`, a read that was denied or came back
 * empty and a changed setting included.
 */
export const explainLosses = (
  records: readonly RuleRecord[],
  candidates: readonly CandidateRule[],
  scope: ReadonlySet<string>,
  said: Explanations,
): ExplainedLosses => {
  const granted = GrantIndex.of(candidates);
  const why = explainer(said);
  const facts = new Set<Fact>();
  const unexplained: UnexplainedLoss[] = [];
  for (const record of records) {
    if (record.state === 'tombstone') continue;
    const { sources, destinations } = record.contributions;
    const rectangles = new Map<
      string,
      { because: 'away' | 'vanished'; sources: GrantSource[]; to: GrantDestination[] }
    >();
    for (const to of destinations) {
      if (!scope.has(to.interface)) continue;
      const lost: Record<'away' | 'vanished', GrantSource[]> = { away: [], vanished: [] };
      for (const source of sources) {
        if (granted.has(record, to, source)) continue;
        const reason = why(record, to, source);
        if (typeof reason === 'string') lost[reason].push(source);
        else if (reason.shown !== null) facts.add(reason.shown);
      }
      for (const because of ['away', 'vanished'] as const) {
        if (lost[because].length === 0) continue;
        const key = `${because} ${lost[because].map(sourceKey).join('\n')}`;
        const at = rectangles.get(key) ?? { because, sources: lost[because], to: [] };
        at.to.push(to);
        rectangles.set(key, at);
      }
    }
    const { group, family, traffic } = record;
    for (const { because, sources: from, to } of rectangles.values()) {
      unexplained.push({ group, family, traffic, because, sources: from, destinations: to });
    }
  }
  return { unexplained, facts };
};

/**
 * Facts that no longer say how it is: what they say is gone counts or is granted, or no record stands for anything they are
 * about. `counting`: interfaces that count now.
 */
export const outdatedFacts = (
  facts: ReadonlySet<string>,
  records: readonly RuleRecord[],
  candidates: readonly CandidateRule[],
  counting: readonly string[],
): readonly string[] => {
  const aboutGrants = (
    { group, traffic }: Pick<CandidateRule, 'group' | 'traffic'>,
    { sources, destinations }: Contributions,
  ): readonly Fact[] => [
    ...destinations.flatMap((to) => [
      factOf.interface(to.interface),
      factOf.address(to.interface, to.address),
      factOf.membership(to.interface, group),
      factOf.rerouted(to.interface),
    ]),
    ...sources.map((source) => factOf.permission({ group, traffic }, { ...source, from: fromOf(source) })),
  ];
  const granted = new Set<string>([
    ...candidates.flatMap((candidate) => aboutGrants(candidate, candidate)),
    ...counting.flatMap((id) => [factOf.interface(id), factOf.rerouted(id)]),
  ]);
  const recorded = new Set<string>(
    records.flatMap((record) => (record.state === 'tombstone' ? [] : aboutGrants(record, record.contributions))),
  );
  return [...facts].filter((fact) => granted.has(fact) || !recorded.has(fact));
};
