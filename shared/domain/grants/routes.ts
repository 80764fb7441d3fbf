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
  readonly toFirewall: boolean;
}

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
  // A blackhole still wins by its prefix, and what it takes is lost: it never counts as a way to the firewall.
  const toFirewall = route.state === 'active' && route.targets.some((target) => targets.includes(target));
  return cidrs.flatMap((cidr) => {
    const range = rangeOfCidr(cidr);
    const prefixLength = Number(cidr.slice(cidr.indexOf('/') + 1));
    return range === null ? [] : [{ family: range.family, line: range.line, prefixLength, rank, toFirewall }];
  });
};

/**
 * The addresses outside the VPC whose traffic this table sends to a firewall target: longest prefix first, so that a more
 * specific route (or blackhole) takes its part away. Addresses inside the VPC are local, whatever routes say of them.
 */
export const addressesThroughFirewall = (
  table: SeenRouteTable,
  family: AddressFamily,
  picture: NetworkPicture,
  targets: readonly string[],
): Line => {
  const hops = table.routes.flatMap((route) => hopsOf(route, picture, targets)).filter((hop) => hop.family === family);
  const local = lineOfCidrs(vpcRanges(picture, table.vpc, family), family);
  return sentToFirewall(hops, subtract(wholeFamily[family], local));
};

/** What of these addresses the hops send to a firewall target, longest prefix first. */
const sentToFirewall = (hops: readonly Hop[], addresses: Line): Line => {
  let open = addresses;
  let through = emptyLine;
  for (const hop of hops.toSorted((a, b) => b.prefixLength - a.prefixLength || a.rank - b.rank)) {
    if (isEmptyLine(open)) break;
    if (hop.toFirewall) through = unite(through, intersect(open, hop.line));
    open = subtract(open, hop.line);
  }
  return through;
};

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
  return sentToFirewall([...hops, ...implied], lineOfCidrs(ranges, family));
};

/** The families for which anything outside the VPC is reached through the firewall. */
export const familiesBehindFirewall = (
  table: SeenRouteTable,
  picture: NetworkPicture,
  targets: readonly string[],
): readonly AddressFamily[] =>
  ([4, 6] as const).filter((family) => !isEmptyLine(addressesThroughFirewall(table, family, picture, targets)));
