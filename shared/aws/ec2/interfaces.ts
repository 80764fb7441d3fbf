import { idsOf } from '../../domain/change.ts';
import { preNatPairs } from '../../domain/grants/pre-nat.ts';
import { effectiveTable, familiesBehindFirewall, type NetworkPicture } from '../../domain/grants/routes.ts';
import { type Known, type Reach, reachOf } from '../../domain/grants/scope.ts';
import type { SeenInterface, SeenRouteTable } from '../../domain/grants/seen.ts';
import {
  bareGroupsIn,
  type InterfaceScope,
  type InterfaceSettings,
  instancesOf,
  type ResolvedInterfaces,
  type Seen,
  standingsOf,
} from '../../domain/grants/standing.ts';
import type { Ec2Reads } from './ec2.ts';
import { type RoutesToFirewall, routesToFirewall } from './firewall-routes.ts';

/** Tables, ranges and prefix lists that decide over these subnets. */
const readPicture = async (
  reads: Ec2Reads,
  tables: readonly SeenRouteTable[],
  vpcs: readonly string[],
): Promise<NetworkPicture> => {
  const lists = tables.flatMap((table) =>
    table.routes.flatMap(({ destination }) => (destination.kind === 'prefix-list' ? [destination.value] : [])),
  );
  return { tables, vpcs: await reads.vpcs(vpcs), prefixLists: await reads.prefixLists(lists) };
};

/** All interfaces in all subnets that route through the firewall, for a resync. */
const everyInterfaceBehind = async (
  reads: Ec2Reads,
  targets: readonly string[],
): Promise<{
  readonly interfaces: readonly SeenInterface[];
  readonly picture: NetworkPicture;
  readonly tables: readonly SeenRouteTable[];
}> => {
  const tables = await reads.allRouteTables();
  const mentions = tables.filter((table) =>
    table.routes.some((route) => route.targets.some((target) => targets.includes(target))),
  );
  const vpcs = mentions.map((table) => table.vpc);
  const inVpcs = tables.filter((table) => vpcs.includes(table.vpc));
  const picture = await readPicture(reads, inVpcs, vpcs);
  const behind = new Set(
    inVpcs.filter((table) => familiesBehindFirewall(table, picture, targets).length > 0).map((table) => table.id),
  );
  const subnets = (await reads.subnetsOfVpcs(vpcs)).filter((subnet) =>
    behind.has(effectiveTable(picture, subnet)?.id ?? ''),
  );
  return { interfaces: await reads.interfacesInSubnets(subnets.map((subnet) => subnet.id)), picture, tables };
};

/** The picture for every subnet seen; what a resync has read already is not read again unless an interface lies outside. */
const pictureOf = async (
  reads: Ec2Reads,
  interfaces: readonly SeenInterface[],
  known: NetworkPicture | null,
): Promise<NetworkPicture> => {
  const knownVpcs = new Set(known?.vpcs.map((vpc) => vpc.id));
  const unknown = interfaces.filter(({ vpc }) => !knownVpcs.has(vpc));
  if (known !== null && unknown.length === 0) return known;
  const vpcs = unknown.map(({ vpc }) => vpc);
  const tables = await reads.routeTablesFor(
    unknown.map(({ subnet }) => subnet),
    vpcs,
  );
  const read = await readPicture(reads, tables, vpcs);
  return {
    tables: [...(known?.tables ?? []), ...read.tables],
    vpcs: [...(known?.vpcs ?? []), ...read.vpcs],
    prefixLists: [
      ...new Map([...(known?.prefixLists ?? []), ...read.prefixLists].map((list) => [list.id, list])).values(),
    ],
  };
};

/** Everything that EC2 shows of interfaces, as it is read. */
class Reading implements Known {
  readonly interfaces = new Map<string, SeenInterface>();
  readonly askedInterfaces = new Set<string>();
  readonly askedAddresses = new Set<string>();

  /** Answers with the ids of what was added. */
  add(items: readonly SeenInterface[]): readonly string[] {
    for (const item of items) this.interfaces.set(item.id, item);
    return items.map(({ id }) => id);
  }

  async readMore(reads: Ec2Reads, { interfaces, addresses }: Reach['toRead']): Promise<void> {
    this.add(await reads.interfaces(interfaces));
    for (const id of interfaces) this.askedInterfaces.add(id);
    this.add(await reads.interfacesWithAddresses(addresses));
    for (const address of addresses) this.askedAddresses.add(address);
  }
}

/** The private addresses behind each address that clients use instead. */
const behindNatOf = (preNatAddresses: InterfaceSettings['preNatAddresses']): ReadonlyMap<string, readonly string[]> =>
  new Map([...preNatPairs(preNatAddresses)].map(([behind, before]) => [before, [behind]]));

/** Reads everything that the scope is about: from the subjects on, until nothing more comes in. */
const see = async (
  reads: Ec2Reads,
  scope: InterfaceScope,
  settings: InterfaceSettings,
): Promise<Seen & RoutesToFirewall> => {
  const { subjects, recorded, held } = scope;
  const everything = subjects.some((subject) => subject.kind === 'everything')
    ? await everyInterfaceBehind(reads, settings.firewallTargets)
    : null;
  const known = new Reading();
  const asked = await reads.instances(idsOf(subjects, 'instance'));
  const begin = {
    interfaces: [
      ...known.add(everything?.interfaces ?? []),
      ...known.add(asked.flatMap((instance) => instance.interfaces)),
      ...known.add(await reads.interfacesOfGroups(idsOf(subjects, 'group'))),
      ...idsOf(subjects, 'interface'),
    ],
    recorded,
    held,
    behindNat: behindNatOf(settings.preNatAddresses),
  };
  let reach = reachOf(begin, known);
  while (reach.toRead.interfaces.length > 0 || reach.toRead.addresses.length > 0) {
    await known.readMore(reads, reach.toRead);
    reach = reachOf(begin, known);
  }

  const interfaces = new Map([...known.interfaces].filter(([id]) => reach.interfaces.has(id)));
  const instances = new Map(asked.map((instance) => [instance.id, instance]));
  const holders = [
    ...[...interfaces.values()].flatMap(({ instance }) => instance ?? []),
    ...instancesOf(scope, reach.recorded),
  ].filter((id) => !instances.has(id));
  for (const instance of await reads.instances(holders)) instances.set(instance.id, instance);
  const network = await pictureOf(reads, [...interfaces.values()], everything?.picture ?? null);
  const groups = await reads.groups(bareGroupsIn(scope, interfaces.values()));
  const tables = everything === null ? network.tables : everything.tables;
  return {
    inScope: [...reach.interfaces].sort(),
    recorded: reach.recorded,
    byAddressAlone: reach.byAddressAlone,
    interfaces,
    instances,
    bareGroups: new Set(groups.map(({ id }) => id)),
    network,
    ...(await routesToFirewall(reads, settings.firewallTargets, tables, everything !== null)),
  };
};

/**
 * The interfaces a run decides about: those EC2 shows for the subjects, those recorded in owned rules for them, and all that
 * addresses lead to from there, from EC2 to the records and back (`reachOf`). Of whatever EC2 shows by the address only: a
 * prefix delegated to an interface cannot be asked for, and is found from that interface on alone. Safe to repeat: it only reads.
 * @throws AwsBusy, AwsDenied; Misconfigured where the addresses before NAT are no pairs of addresses
 */
export const resolveInterfaces = async (
  reads: Ec2Reads,
  scope: InterfaceScope,
  settings: InterfaceSettings,
): Promise<ResolvedInterfaces & RoutesToFirewall> => {
  const { targets, noRouteTo, targetsUnnamed, ...seen } = await see(reads, scope, settings);
  const standings = standingsOf(scope, seen, { ...settings, firewallTargets: targets });
  return { ...standings, targets, noRouteTo, targetsUnnamed };
};
