import { remembering } from '../remember.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { familyOf, lineOfCidrs } from '../sets/addresses.ts';
import { isEmptyLine, type Line, lineCovers, linesOverlap } from '../sets/lines.ts';
import type { Traffic } from '../sets/traffic.ts';
import type { Grant, GrantSource, LeftOut, NetworkInterface } from './grants.ts';
import { permissionTraffic } from './permission-traffic.ts';
import {
  addressesThroughFirewall,
  effectiveTable,
  localThroughFirewall,
  type NetworkPicture,
  vpcRanges,
} from './routes.ts';
import type { SeenPrefixList, SeenRouteTable, SeenRule } from './seen.ts';

export interface GrantInputs {
  readonly interfaces: readonly NetworkInterface[];
  /** Ingress rules of all groups of these interfaces. */
  readonly rules: readonly SeenRule[];
  /** The prefix lists these rules name, as far as EC2 shows them. */
  readonly prefixLists: readonly SeenPrefixList[];
  readonly network: NetworkPicture;
  readonly firewallTargets: readonly string[];
  /** Why no rule can say exactly this traffic of this family; null when one can. */
  readonly refusalOf: (traffic: Traffic, family: AddressFamily) => string | null;
}

export interface DesiredGrants {
  readonly grants: readonly Grant[];
  readonly leftOut: readonly LeftOut[];
  /** Of these, what EC2 grants and no rule says, since none can or its sources are not shown. The rest does not come through the firewall. */
  readonly notExpressible: readonly LeftOut[];
  /** Expanded prefix lists with the version that was expanded. */
  readonly expanded: readonly { readonly id: string; readonly version: number | null; readonly entries: number }[];
}

const sourcesOf = (rule: SeenRule, lists: ReadonlyMap<string, SeenPrefixList>): readonly GrantSource[] | string => {
  switch (rule.source.kind) {
    case 'cidr':
      return [{ source: rule.source.cidr, securityGroupRule: rule.id, prefixList: null }];
    case 'group':
      return [];
    case 'prefix-list': {
      const list = lists.get(rule.source.id);
      if (list === undefined) return `EC2 does not show the prefix list ${rule.source.id}`;
      if (list.entries.length === 0) return `the prefix list ${list.id} is empty`;
      return list.entries.map((source) => ({ source, securityGroupRule: rule.id, prefixList: list.id }));
    }
  }
};

/** What decides over the sources of all interfaces in one route table of one VPC. */
interface Place {
  readonly vpc: string;
  readonly table: string;
  readonly local: Readonly<Record<AddressFamily, Line>>;
  readonly throughFirewall: Readonly<Record<AddressFamily, Line>>;
  /** What of `local` the table sends through the firewall. */
  readonly localThroughFirewall: Readonly<Record<AddressFamily, Line>>;
}

const placeOf = (vpc: string, table: SeenRouteTable, { network, firewallTargets }: GrantInputs): Place => ({
  vpc,
  table: table.id,
  local: { 4: lineOfCidrs(vpcRanges(network, vpc, 4), 4), 6: lineOfCidrs(vpcRanges(network, vpc, 6), 6) },
  throughFirewall: {
    4: addressesThroughFirewall(table, 4, network, firewallTargets),
    6: addressesThroughFirewall(table, 6, network, firewallTargets),
  },
  localThroughFirewall: {
    4: localThroughFirewall(table, 4, network, firewallTargets),
    6: localThroughFirewall(table, 6, network, firewallTargets),
  },
});

/** Why nothing is opened for a source inside the VPC, also where a route sends its traffic through the firewall. */
const localReason = (source: string, line: Line, family: AddressFamily, place: Place): string => {
  const local = `${source} is local: inside ${place.vpc}`;
  const through = place.localThroughFirewall[family];
  if (!linesOverlap(through, line)) return local;
  const what = lineCovers(through, line) ? 'replies to it' : 'replies to a part of it';
  return `${local}. ${place.table} sends ${what} through the firewall, so that traffic does pass it; but what is allowed inside a VPC is the administrator's to say, and no rule is added`;
};

const groupReason = (group: string, { localThroughFirewall: through, table }: Place): string =>
  `its source is the security group ${group}: ${
    isEmptyLine(through[4]) && isEmptyLine(through[6])
      ? 'traffic between interfaces does not pass the firewall'
      : `what is allowed between interfaces is the administrator's to say, also where ${table} sends it through the firewall`
  }`;

/** Why a source's traffic does not come through the firewall; null when (a part of) it does. */
const bypassReason = (source: string, place: Place): string | null => {
  const family = familyOf(source);
  const line = lineOfCidrs([source], family);
  if (lineCovers(place.local[family], line)) return localReason(source, line, family, place);
  if (!linesOverlap(place.throughFirewall[family], line))
    return `replies to ${source} do not go through the firewall (${place.table})`;
  return null;
};

/** What one rule grants, before it is known on which interface; or why nothing. */
interface RuleGrants {
  readonly rule: SeenRule;
  readonly traffic: Traffic;
  readonly sources: readonly GrantSource[];
}

const readRule = (
  rule: SeenRule,
  lists: ReadonlyMap<string, SeenPrefixList>,
  refusalOf: GrantInputs['refusalOf'],
): { readonly grants: RuleGrants | null; readonly reasons: readonly string[] } => {
  const traffic = permissionTraffic(rule.protocol, rule.fromPort, rule.toPort);
  if (traffic === null) {
    const ports = rule.fromPort === null && rule.toPort === null ? '' : ` ${rule.fromPort}-${rule.toPort}`;
    return { grants: null, reasons: [`protocol "${rule.protocol}"${ports} cannot be read`] };
  }
  const sources = sourcesOf(rule, lists);
  if (typeof sources === 'string') return { grants: null, reasons: [sources] };
  // Why nothing is opened for a group is known for each interface only.
  if (rule.source.kind === 'group') return { grants: { rule, traffic, sources }, reasons: [] };
  const reasons = new Set<string>();
  const kept = sources.filter(({ source }) => {
    const refusal = refusalOf(traffic, familyOf(source));
    if (refusal !== null) reasons.add(refusal);
    return refusal === null;
  });
  return { grants: kept.length === 0 ? null : { rule, traffic, sources: kept }, reasons: [...reasons] };
};

/**
 * Every grant of these interfaces, each from all its groups, that comes through the firewall and can be expressed. What
 * does not or cannot is left out with its reason, never widened. The answer does not depend on any order in the inputs.
 */
export const desiredGrants = (inputs: GrantInputs): DesiredGrants => {
  const lists = new Map(inputs.prefixLists.map((list) => [list.id, list] as const));
  const reasons = new Map<string, LeftOut>();
  const leaveOut = (what: string, reason: string): void => {
    reasons.set(`${what} ${reason}`, { what, reason });
  };
  const notExpressible: LeftOut[] = [];
  const rulesOfGroup = new Map<string, RuleGrants[]>();
  const expanded = new Set<string>();
  for (const rule of inputs.rules) {
    const { grants, reasons: why } = readRule(rule, lists, inputs.refusalOf);
    for (const reason of why) {
      leaveOut(rule.id, reason);
      notExpressible.push({ what: rule.id, reason });
    }
    if (grants === null) continue;
    if (rule.source.kind === 'prefix-list') expanded.add(rule.source.id);
    rulesOfGroup.set(rule.group, [...(rulesOfGroup.get(rule.group) ?? []), grants]);
  }
  const once = remembering();
  const placeIn = (vpc: string, table: SeenRouteTable): Place =>
    once(`${vpc} ${table.id}`, () => placeOf(vpc, table, inputs));
  /** Asked of the same source in the same table again and again, for every interface in it. */
  const bypassIn = (vpc: string, table: SeenRouteTable, source: string): string | null =>
    once(`${vpc} ${table.id} ${source}`, () => bypassReason(source, placeIn(vpc, table)));
  const grants: Grant[] = [];
  for (const each of inputs.interfaces) {
    const table = effectiveTable(inputs.network, { id: each.subnet, vpc: each.vpc });
    if (table === null) {
      leaveOut(each.id, `no route table found for ${each.subnet}`);
      continue;
    }
    for (const group of each.groups)
      for (const { rule, traffic, sources } of rulesOfGroup.get(group) ?? []) {
        if (rule.source.kind === 'group') leaveOut(rule.id, groupReason(rule.source.id, placeIn(each.vpc, table)));
        for (const source of sources) {
          const reason = bypassIn(each.vpc, table, source.source);
          if (reason !== null) {
            leaveOut(rule.id, reason);
            continue;
          }
          const family = familyOf(source.source);
          for (const address of each.addresses)
            if (familyOf(address) === family)
              grants.push({
                ...source,
                interface: each.id,
                instance: each.instance,
                vpc: each.vpc,
                address,
                group,
                family,
                traffic,
              });
        }
      }
  }
  const sorted = <Item>(items: Iterable<Item>, key: (item: Item) => string): readonly Item[] =>
    [...items].toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return {
    grants,
    leftOut: sorted(reasons.values(), ({ what, reason }) => `${what} ${reason}`),
    notExpressible: sorted(notExpressible, ({ what, reason }) => `${what} ${reason}`),
    expanded: sorted(expanded, (id) => id).map((id) => {
      const list = lists.get(id);
      return { id, version: list?.version ?? null, entries: list?.entries.length ?? 0 };
    }),
  };
};
