import type { AddressFamily } from '../sets/addresses.ts';
import { familyOf, lineOfCidrs, rangeOfCidr, wholeFamily } from '../sets/addresses.ts';
import { emptyLine, intersect, isEmptyLine, type Line, subtract, unite } from '../sets/lines.ts';
import type { SeenPrefixList, SeenRoute, SeenRouteTable, SeenVpc } from './seen.ts';

/** What of the network the decisions about interfaces and sources rest on. Plain data, as read. */
export interface NetworkPicture {
  readonly tables: readonly SeenRouteTable[];
  readonly vpcs: readonly SeenVpc[];
  /** Those that routes name. One that could not be read is missing: its routes then count for nothing. */
  readonly prefixLists: readonly SeenPrefixList[];
}

/** The table that decides a subnet's routes: the one explicitly associated with it, else the main one of its VPC. */
export const effectiveTable = (
  picture: Pick<NetworkPicture, 'tables'>,
  subnet: { readonly id: string; readonly vpc: string },
): SeenRouteTable | null =>
  picture.tables.find((table) => table.subnets.includes(subnet.id)) ??
  picture.tables.find((table) => table.vpc === subnet.vpc && table.main) ??
  null;

/** Associated ranges of a VPC in one family. */
export const vpcRanges = (
  picture: Pick<NetworkPicture, 'vpcs'>,
  vpc: string,
  family: AddressFamily,
): readonly string[] =>
  (picture.vpcs.find((each) => each.id === vpc)?.ranges ?? []).filter((range) => familyOf(range) === family);

interface Hop {
  readonly line: Line;
  readonly prefixLength: number;
  /** Among equal destinations a written route wins over a prefix list's, and that over a learned one (documented). */
  readonly rank: number;
  /** Whether it leads to a firewall target: `through` it, `away` while that target cannot be reached (`blackhole`). */
  readonly firewall: Way | null;
}

type Way = 'through' | 'away';

const namesTarget = (route: SeenRoute, targets: readonly string[]): boolean =>
  route.targets.some((target) => targets.includes(target));

/** Those of the targets that no route names, whatever its state: nothing is behind the firewall by them. */
export const targetsWithoutRoute = (
  tables: readonly SeenRouteTable[],
  targets: readonly string[],
): readonly string[] => {
  const named = new Set(tables.flatMap((table) => table.routes.flatMap((route) => route.targets)));
  return targets.filter((target) => !named.has(target));
};

const hopsOf = (
  route: SeenRoute,
  picture: NetworkPicture,
  targets: readonly string[],
): readonly (Hop & { readonly family: AddressFamily })[] => {
  // EC2 lists a filtered route but does not use it (API model; inferred that it takes no traffic from others).
  if (route.state === 'filtered') return [];
  const { kind, value } = route.destination;
  const cidrs = kind === 'cidr' ? [value] : (picture.prefixLists.find((list) => list.id === value)?.entries ?? []);
  const rank = route.propagated ? 2 : kind === 'prefix-list' ? 1 : 0;
  // A blackhole still wins by its prefix, and what it takes is lost for now: it never counts as a way through the firewall.
  const firewall = !namesTarget(route, targets) ? null : route.state === 'active' ? 'through' : 'away';
  return cidrs.flatMap((cidr) => {
    const range = rangeOfCidr(cidr);
    const prefixLength = Number(cidr.slice(cidr.indexOf('/') + 1));
    return range === null ? [] : [{ family: range.family, line: range.line, prefixLength, rank, firewall }];
  });
};

/** The addresses outside the VPC whose traffic this table sends one way: longest prefix first, so that a more specific route takes its part away. */
const addressesGoing = (
  way: Way,
  table: SeenRouteTable,
  family: AddressFamily,
  picture: NetworkPicture,
  targets: readonly string[],
): Line => {
  const hops = table.routes.flatMap((route) => hopsOf(route, picture, targets)).filter((hop) => hop.family === family);
  const local = lineOfCidrs(vpcRanges(picture, table.vpc, family), family);
  return sentToFirewall(way, hops, subtract(wholeFamily[family], local));
};

/** What of these addresses the hops send to a firewall target one way, longest prefix first. */
const sentToFirewall = (way: Way, hops: readonly Hop[], addresses: Line): Line => {
  let open = addresses;
  let going = emptyLine;
  for (const hop of hops.toSorted((a, b) => b.prefixLength - a.prefixLength || a.rank - b.rank)) {
    if (isEmptyLine(open)) break;
    if (hop.firewall === way) going = unite(going, intersect(open, hop.line));
    open = subtract(open, hop.line);
  }
  return going;
};

type OfTable = Parameters<typeof addressesGoing> extends [Way, ...infer Rest] ? Rest : never;

/**
 * The addresses outside the VPC whose traffic this table sends to a firewall target. Addresses inside the VPC are local,
 * whatever routes say of them.
 */
export const addressesThroughFirewall = (...of: OfTable): Line => addressesGoing('through', ...of);

/** Those it would send there if the target were not away: the route is a blackhole for as long (a failover, a resize). */
export const addressesWhileAway = (...of: OfTable): Line => addressesGoing('away', ...of);

/**
 * The addresses inside the VPC whose traffic this table sends to a firewall target all the same: by a route more specific
 * than the VPC's local one, or in its place. Learned routes never win over the local one (documented).
 */
export const localThroughFirewall = (
  table: SeenRouteTable,
  family: AddressFamily,
  picture: NetworkPicture,
  targets: readonly string[],
): Line => {
  const ranges = vpcRanges(picture, table.vpc, family);
  const written = table.routes.filter((route) => !route.propagated);
  const implied = ranges
    .filter((range) => written.every(({ destination }) => destination.value !== range))
    .flatMap((value) =>
      hopsOf(
        { destination: { kind: 'cidr', value }, targets: ['local'], state: 'active', propagated: false },
        picture,
        targets,
      ),
    );
  const hops = written.flatMap((route) => hopsOf(route, picture, targets)).filter((hop) => hop.family === family);
  return sentToFirewall('through', [...hops, ...implied], lineOfCidrs(ranges, family));
};

/** The families for which anything outside the VPC is reached through the firewall. */
export const familiesBehindFirewall = (
  table: SeenRouteTable,
  picture: NetworkPicture,
  targets: readonly string[],
): readonly AddressFamily[] =>
  ([4, 6] as const).filter((family) => !isEmptyLine(addressesThroughFirewall(table, family, picture, targets)));

/** Whether anything outside the VPC would be reached through a firewall target that is away. */
export const isFirewallAway = (table: SeenRouteTable, picture: NetworkPicture, targets: readonly string[]): boolean =>
  ([4, 6] as const).some((family) => !isEmptyLine(addressesWhileAway(table, family, picture, targets)));
