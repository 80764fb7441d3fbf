import type { Subject } from '../../domain/change.ts';
import type { AddressFamily, GrantDestination, LeftOut, NetworkInterface } from '../../domain/grants/grants.ts';
import { effectiveTable, familiesBehindFirewall, type NetworkPicture } from '../../domain/grants/routes.ts';
import type { SeenInstance, SeenInterface, SeenRouteTable } from '../../domain/grants/seen.ts';
import { familyOf } from '../../domain/sets/addresses.ts';
import type { Ec2Reads } from './ec2.ts';

export interface InterfaceSettings {
  /** Where route tables send traffic for the firewall: `i-…`, `eni-…`, `vpce-…`. */
  readonly firewallTargets: readonly string[];
  /** Whether interfaces of load balancers, databases, functions and endpoints count like those of instances. */
  readonly serviceInterfaces: 'leave-out' | 'include';
}

/** An interface with contributions that counts no more, and what EC2 shows of it. */
export interface GoneInterface {
  readonly interface: string;
  readonly instance: string;
  /** The recorded addresses it is about. */
  readonly addresses: readonly string[];
  readonly how:
    | 'stopping'
    | 'stopped'
    | 'shutting-down'
    | 'terminated'
    | 'detached'
    | 'absent'
    | 'not routed'
    | 'firewall';
  /** True when EC2 shows nothing that explains it (absent, no longer routed): such removals are braked. */
  readonly vanished: boolean;
}

export interface ResolvedInterfaces {
  readonly interfaces: readonly NetworkInterface[];
  readonly leftOut: readonly LeftOut[];
  readonly gone: readonly GoneInterface[];
  readonly network: NetworkPicture;
}

export interface InterfaceScope {
  readonly subjects: readonly Subject[];
  /** Destinations recorded in owned rules for these subjects or groups; all of them for everything. */
  readonly recorded: readonly GrantDestination[];
}

const living = new Set(['pending', 'running']);

/** Service interfaces that carry other interfaces' traffic: never protected by themselves. */
const carriers = /^(gateway_load_balancer|gateway_load_balancer_endpoint|nat_?gateway|transit_gateway|trunk|branch)$/i;

const idsOf = (subjects: readonly Subject[], kind: 'instance' | 'group'): readonly string[] =>
  subjects.flatMap((subject) => (subject.kind === kind ? [subject.id] : []));

/** Everything EC2 shows that the scope is about. */
interface Seen {
  readonly interfaces: Map<string, SeenInterface>;
  readonly instances: Map<string, SeenInstance>;
}

const remember = (seen: Seen, instances: readonly SeenInstance[], interfaces: readonly SeenInterface[]): void => {
  for (const instance of instances) seen.instances.set(instance.id, instance);
  for (const each of interfaces) seen.interfaces.set(each.id, each);
};

/** Reads the instances of all attached interfaces whose state is not known yet. */
const readHolders = async (reads: Ec2Reads, seen: Seen): Promise<void> => {
  const holders = [...seen.interfaces.values()].flatMap(({ instance }) => (instance === null ? [] : [instance]));
  remember(seen, await reads.instances(holders.filter((id) => !seen.instances.has(id))), []);
};

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

/** A verdict on one interface: it counts with these addresses, or why it does not. */
type Standing =
  | { readonly kind: 'counts'; readonly interface: NetworkInterface; readonly families: readonly AddressFamily[] }
  | { readonly kind: 'left out'; readonly how: GoneInterface['how']; readonly reason: string };

const leftOutAs = (how: GoneInterface['how'], reason: string): Standing => ({ kind: 'left out', how, reason });

const standingOf = (
  each: SeenInterface,
  seen: Seen,
  picture: NetworkPicture,
  settings: InterfaceSettings,
  familiesOf: (table: SeenRouteTable) => readonly AddressFamily[],
): Standing => {
  const { firewallTargets: targets } = settings;
  const holder = each.instance === null ? null : (seen.instances.get(each.instance) ?? null);
  const firewallHolds =
    holder !== null && (targets.includes(holder.id) || holder.interfaces.some(({ id }) => targets.includes(id)));
  if (targets.includes(each.id) || firewallHolds) return leftOutAs('firewall', 'the interface is the firewall’s own');
  if (each.instance === null) {
    const service = each.requester !== null || each.type !== 'interface';
    if (!service) return leftOutAs('detached', 'the interface is attached to no instance');
    if (settings.serviceInterfaces === 'leave-out' || carriers.test(each.type))
      return leftOutAs(
        'detached',
        `an interface of an AWS service (${each.requester ?? each.type}), not of an instance`,
      );
  } else if (holder === null) {
    return leftOutAs('absent', `EC2 does not know its instance ${each.instance}`);
  } else if (!living.has(holder.state)) {
    return leftOutAs(stateOf(holder.state), `its instance ${holder.id} is ${holder.state}`);
  }
  const table = effectiveTable(picture, { id: each.subnet, vpc: each.vpc });
  if (table === null) return leftOutAs('not routed', `no route table found for ${each.subnet}`);
  const families = familiesOf(table);
  const addresses = each.addresses.filter((address) => families.includes(familyOf(address)));
  if (addresses.length === 0)
    return leftOutAs(
      'not routed',
      families.length === 0
        ? `${each.subnet} does not route through the firewall (${table.id})`
        : `${each.subnet} routes only IPv${families.join(' and IPv')} through the firewall (${table.id}), and it has no such address`,
    );
  const { id, vpc, subnet, groups } = each;
  return {
    kind: 'counts',
    interface: { id, instance: each.instance ?? id, vpc, subnet, groups, addresses },
    families,
  };
};

const states = ['stopping', 'stopped', 'shutting-down', 'terminated'] as const;
const stateOf = (state: string): GoneInterface['how'] => states.find((each) => each === state) ?? 'absent';

/** How a recorded interface that EC2 does not show stands: as its instance does, if that is known. */
const missing = (recorded: GrantDestination, seen: Seen): GoneInterface['how'] => {
  const holder = seen.instances.get(recorded.instance);
  return holder === undefined || living.has(holder.state) ? 'absent' : stateOf(holder.state);
};

const vanishedBy = (how: GoneInterface['how']): boolean => how === 'absent' || how === 'not routed';

/** Recorded destinations by interface. */
const byInterface = (recorded: readonly GrantDestination[]): ReadonlyMap<string, readonly GrantDestination[]> =>
  Map.groupBy(recorded, (each) => each.interface);

const goneFrom = (
  recorded: readonly GrantDestination[],
  standings: ReadonlyMap<string, Standing>,
  seen: Seen,
): readonly GoneInterface[] =>
  [...byInterface(recorded)].flatMap(([id, destinations]) => {
    const [first] = destinations;
    if (first === undefined) return [];
    const addresses = [...new Set(destinations.map(({ address }) => address))].sort();
    const gone = (how: GoneInterface['how'], about: readonly string[]): readonly GoneInterface[] =>
      about.length === 0
        ? []
        : [{ interface: id, instance: first.instance, addresses: about, how, vanished: vanishedBy(how) }];
    const standing = standings.get(id);
    if (standing === undefined) return gone(missing(first, seen), addresses);
    if (standing.kind === 'left out') return gone(standing.how, addresses);
    // Of an interface that still counts, only a family that is routed elsewhere by now can vanish; an address it
    // has given up is shown by EC2 as such.
    const held = seen.interfaces.get(id)?.addresses ?? [];
    return gone(
      'not routed',
      addresses.filter((each) => held.includes(each) && !standing.families.includes(familyOf(each))),
    );
  });

/**
 * The interfaces a run decides about: those EC2 shows for the subjects, those recorded in owned rules for them, and those
 * that by now hold a recorded address which its interface no longer has. Only interfaces of running (or pending)
 * instances behind the firewall count; every other is left out with its reason, or, when it was recorded, reported as
 * gone with what EC2 shows. Safe to repeat: it only reads.
 * @throws AwsBusy, AwsDenied
 */
export const resolveInterfaces = async (
  reads: Ec2Reads,
  scope: InterfaceScope,
  settings: InterfaceSettings,
): Promise<ResolvedInterfaces> => {
  const seen: Seen = { interfaces: new Map(), instances: new Map() };
  const instanceIds = idsOf(scope.subjects, 'instance');
  const groupIds = idsOf(scope.subjects, 'group');
  const everything = scope.subjects.some((subject) => subject.kind === 'everything')
    ? await everyInterfaceBehind(reads, settings.firewallTargets)
    : null;

  if (everything !== null) remember(seen, [], everything.interfaces);
  const instances = await reads.instances([
    ...instanceIds,
    ...scope.recorded.map((each) => each.instance).filter(isInstance),
  ]);
  const asked = new Set(instanceIds);
  remember(
    seen,
    instances,
    instances.filter(({ id }) => asked.has(id)).flatMap((instance) => instance.interfaces),
  );
  remember(seen, [], await reads.interfacesOfGroups(groupIds));
  const recordedIds = scope.recorded.map((each) => each.interface);
  remember(seen, [], await reads.interfaces(recordedIds.filter((id) => !seen.interfaces.has(id))));
  const left = scope.recorded.filter(
    (each) => !(seen.interfaces.get(each.interface)?.addresses.includes(each.address) ?? false),
  );
  remember(seen, [], await reads.interfacesWithAddresses(left.map((each) => each.address)));
  await readHolders(reads, seen);

  const network = await pictureOf(reads, seen, everything?.picture ?? null);
  const familiesOf = oncePerTable((table) => familiesBehindFirewall(table, network, settings.firewallTargets));
  const standings = new Map(
    [...seen.interfaces.values()].map(
      (each) => [each.id, standingOf(each, seen, network, settings, familiesOf)] as const,
    ),
  );
  const leftOut: LeftOut[] = await unknownSubjects(reads, seen, instanceIds, groupIds);
  const interfaces: NetworkInterface[] = [];
  for (const [id, standing] of [...standings].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (standing.kind === 'counts') interfaces.push(standing.interface);
    else leftOut.push({ what: id, reason: standing.reason });
  }
  return { interfaces, leftOut, gone: goneFrom(scope.recorded, standings, seen), network };
};

/** Remembers the answer for each table: many interfaces share one. */
const oncePerTable = <Value>(compute: (table: SeenRouteTable) => Value): ((table: SeenRouteTable) => Value) => {
  const known = new Map<string, { readonly value: Value }>();
  return (table) => {
    const found = known.get(table.id) ?? { value: compute(table) };
    known.set(table.id, found);
    return found.value;
  };
};

const isInstance = (id: string): boolean => id.startsWith('i-');

/** The picture for every subnet seen; what a resync has read already is not read again unless an interface lies outside. */
const pictureOf = async (reads: Ec2Reads, seen: Seen, known: NetworkPicture | null): Promise<NetworkPicture> => {
  const interfaces = [...seen.interfaces.values()];
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

const unknownSubjects = async (
  reads: Ec2Reads,
  seen: Seen,
  instanceIds: readonly string[],
  groupIds: readonly string[],
): Promise<LeftOut[]> => {
  const leftOut: LeftOut[] = [];
  for (const id of [...instanceIds].sort()) {
    const instance = seen.instances.get(id);
    if (instance === undefined) leftOut.push({ what: id, reason: 'EC2 does not know this instance' });
    else if (instance.interfaces.length === 0)
      leftOut.push({ what: id, reason: `the instance is ${instance.state} and has no network interface` });
  }
  const carried = new Set([...seen.interfaces.values()].flatMap((each) => each.groups));
  const bare = groupIds.filter((id) => !carried.has(id)).sort();
  const known = new Set((await reads.groups(bare)).map((group) => group.id));
  for (const id of bare)
    leftOut.push({
      what: id,
      reason: known.has(id) ? 'no network interface carries this group' : 'EC2 does not know this security group',
    });
  return leftOut;
};
