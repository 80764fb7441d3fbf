import { idsOf } from '../../domain/change.ts';
import type { GrantDestination } from '../../domain/grants/grants.ts';
import { effectiveTable, familiesBehindFirewall, type NetworkPicture } from '../../domain/grants/routes.ts';
import type { SeenInstance, SeenInterface, SeenRouteTable } from '../../domain/grants/seen.ts';
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
): Promise<{ readonly interfaces: readonly SeenInterface[]; readonly picture: NetworkPicture }> => {
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
  return { interfaces: await reads.interfacesInSubnets(subnets.map((subnet) => subnet.id)), picture };
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

/** Recorded addresses that their interfaces do not hold any more. */
const addressesLeft = (
  recorded: readonly GrantDestination[],
  seen: ReadonlyMap<string, SeenInterface>,
): readonly string[] =>
  recorded
    .filter((each) => !(seen.get(each.interface)?.addresses.includes(each.address) ?? false))
    .map(({ address }) => address);

/** Reads everything that the scope is about. */
const see = async (reads: Ec2Reads, scope: InterfaceScope, targets: readonly string[]): Promise<Seen> => {
  const interfaces = new Map<string, SeenInterface>();
  const instances = new Map<string, SeenInstance>();
  const add = <Item extends { readonly id: string }>(to: Map<string, Item>, items: readonly Item[]): void => {
    for (const item of items) to.set(item.id, item);
  };
  const { subjects, recorded } = scope;
  const everything = subjects.some((subject) => subject.kind === 'everything')
    ? await everyInterfaceBehind(reads, targets)
    : null;
  add(interfaces, everything?.interfaces ?? []);

  const asked = new Set(idsOf(subjects, 'instance'));
  add(instances, await reads.instances(instancesOf(scope)));
  add(
    interfaces,
    [...instances.values()].filter(({ id }) => asked.has(id)).flatMap((instance) => instance.interfaces),
  );
  add(interfaces, await reads.interfacesOfGroups(idsOf(subjects, 'group')));
  add(interfaces, await reads.interfaces(recorded.map((each) => each.interface).filter((id) => !interfaces.has(id))));
  add(interfaces, await reads.interfacesWithAddresses(addressesLeft(recorded, interfaces)));

  const holders = [...interfaces.values()].flatMap(({ instance }) => instance ?? []);
  add(instances, await reads.instances(holders.filter((id) => !instances.has(id))));
  const network = await pictureOf(reads, [...interfaces.values()], everything?.picture ?? null);
  const groups = await reads.groups(bareGroupsIn(scope, interfaces.values()));
  return { interfaces, instances, bareGroups: new Set(groups.map(({ id }) => id)), network };
};

/**
 * The interfaces a run decides about: those EC2 shows for the subjects, those recorded in owned rules for them, and those
 * that by now hold a recorded address which its interface no longer has. Safe to repeat: it only reads.
 * @throws AwsBusy, AwsDenied
 */
export const resolveInterfaces = async (
  reads: Ec2Reads,
  scope: InterfaceScope,
  settings: InterfaceSettings,
): Promise<ResolvedInterfaces> => standingsOf(scope, await see(reads, scope, settings.firewallTargets), settings);
