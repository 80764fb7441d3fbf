import { idsOf, type Subject } from '../change.ts';
import { remembering } from '../remember.ts';
import { type AddressFamily, contains, familyOf } from '../sets/addresses.ts';
import { ByAddress } from './by-address.ts';
import type { GrantDestination, LeftOut, NetworkInterface } from './grants.ts';
import { effectiveTable, familiesBehindFirewall, isFirewallAway, type NetworkPicture } from './routes.ts';
import type { SeenInstance, SeenInterface, SeenRouteTable } from './seen.ts';

/** What a run looks at. */
export interface InterfaceScope {
  readonly subjects: readonly Subject[];
  /** Destinations recorded in owned rules for these subjects or groups; all of them for everything. */
  readonly recorded: readonly GrantDestination[];
  /** Further instances to ask after: those that administrators closed something for. */
  readonly closedFor?: readonly string[];
  /** Destinations recorded in owned rules for whatever subjects, these included: an address leads to those that belong here. */
  readonly held: readonly GrantDestination[];
}

export interface InterfaceSettings {
  /** Where route tables send traffic for the firewall: `i-…`, `eni-…`, `vpce-…`. */
  readonly firewallTargets: readonly string[];
  /** Whether interfaces of load balancers, databases, functions and endpoints count like those of instances. */
  readonly serviceInterfaces: 'leave-out' | 'include';
  /** The address clients use, by the private address that a NAT rule translates it to. */
  readonly preNatAddresses: Readonly<Record<string, string>>;
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
    | 'deleted'
    | 'absent'
    | 'elsewhere'
    | 'not routed'
    | 'away'
    | 'setting'
    | 'firewall';
  /** True when EC2 shows nothing that explains it (absent, no longer routed, or only a setting does): counted against the removal limit. */
  readonly vanished: boolean;
}

/** An interface that EC2 shows, with all it carries and holds. */
export type ShownInterface = Pick<SeenInterface, 'id' | 'vpc' | 'subnet' | 'groups' | 'addresses'>;

export interface ResolvedInterfaces {
  /** Ids of all interfaces the run decides about: shown by EC2 or only recorded, counting or not. */
  readonly inScope: readonly string[];
  /** The destinations recorded for them. */
  readonly recorded: readonly GrantDestination[];
  /** In words: what is in scope by an address alone, since the VPC of a recorded interface is not known any more. */
  readonly byAddressAlone: readonly string[];
  readonly interfaces: readonly NetworkInterface[];
  readonly leftOut: readonly LeftOut[];
  readonly gone: readonly GoneInterface[];
  /** Instances of the scope that EC2 shows ending or ended: they never come back. */
  readonly terminated: readonly string[];
  /** Instances of the scope that EC2 does not show. */
  readonly unknown: readonly string[];
  /** Interfaces left out whose instance is stopped or stopping: it may just be starting. */
  readonly mayReturn: readonly string[];
  /** The interfaces that EC2 shows and that count or are recorded: rules may stand for them. */
  readonly shown: readonly ShownInterface[];
  readonly network: NetworkPicture;
}

const living = new Set(['pending', 'running']);

/** Service interfaces that carry other interfaces' traffic: never protected by themselves. */
const carriers = /^(gateway_load_balancer|gateway_load_balancer_endpoint|nat_?gateway|transit_gateway|trunk)$/i;

/** Everything EC2 shows that the scope is about, and all that turned out to belong to it. */
export interface Seen extends Pick<ResolvedInterfaces, 'inScope' | 'recorded' | 'byAddressAlone'> {
  readonly interfaces: ReadonlyMap<string, SeenInterface>;
  readonly instances: ReadonlyMap<string, SeenInstance>;
  /** Those of the scope's groups that EC2 knows, as far as no interface carries them. */
  readonly bareGroups: ReadonlySet<string>;
  readonly network: NetworkPicture;
}

/** A verdict on one interface: it counts with these addresses, or why it does not. */
type Standing =
  | { readonly kind: 'counts'; readonly interface: NetworkInterface; readonly families: readonly AddressFamily[] }
  | { readonly kind: 'left out'; readonly how: GoneInterface['how']; readonly reason: string };

const leftOutAs = (how: GoneInterface['how'], reason: string): Standing => ({ kind: 'left out', how, reason });

/** Why an interface that no instance holds does not count; null when it does. */
const withoutInstance = (
  { type, requester }: SeenInterface,
  { serviceInterfaces }: Pick<InterfaceSettings, 'serviceInterfaces'>,
): Standing | null => {
  // Of a pod or task, reached through the trunk interface of an instance. Inferred: EC2 shows no attachment of it.
  const isBranch = type === 'branch';
  if (requester === null && type === 'interface')
    return leftOutAs('detached', 'the interface is attached to no instance');
  if (carriers.test(type))
    return leftOutAs(
      'detached',
      `an interface of an AWS service (${requester ?? type}) that carries the traffic of others`,
    );
  if (serviceInterfaces === 'include') return null;
  const what = isBranch ? 'a branch interface' : `an interface of an AWS service (${requester ?? type})`;
  return leftOutAs('setting', `${what}, not of an instance: only SERVICE_INTERFACES=include protects it`);
};

const standingOf = (
  each: SeenInterface,
  seen: Seen,
  settings: InterfaceSettings,
  familiesOf: (table: SeenRouteTable) => readonly AddressFamily[],
  isAway: (table: SeenRouteTable) => boolean,
): Standing => {
  const { firewallTargets: targets } = settings;
  const holder = each.instance === null ? null : (seen.instances.get(each.instance) ?? null);
  const firewallHolds =
    holder !== null && (targets.includes(holder.id) || holder.interfaces.some(({ id }) => targets.includes(id)));
  if (targets.includes(each.id) || firewallHolds) return leftOutAs('firewall', 'the interface is the firewall’s own');
  if (each.instance === null) {
    const left = withoutInstance(each, settings);
    if (left !== null) return left;
  } else if (holder === null) {
    return leftOutAs('absent', `EC2 does not know its instance ${each.instance}`);
  } else if (!living.has(holder.state)) {
    return leftOutAs(stateOf(holder.state), `its instance ${holder.id} is ${holder.state}`);
  }
  const table = effectiveTable(seen.network, { id: each.subnet, vpc: each.vpc });
  if (table === null) return leftOutAs('not routed', `no route table found for ${each.subnet}`);
  const families = familiesOf(table);
  const addresses = each.addresses.filter((address) => families.includes(familyOf(address)));
  if (addresses.length === 0 && isAway(table))
    return leftOutAs(
      'away',
      `the route of ${each.subnet} to the firewall is a blackhole (${table.id}): the firewall is away, so what is there is kept and nothing is opened`,
    );
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
  if (holder === undefined) return 'absent';
  // The instance is shown, and the interface is not among what it holds.
  return living.has(holder.state) ? 'deleted' : stateOf(holder.state);
};

/**
 * Whether EC2 shows that another interface of the same VPC has all of the recorded address now: then its interface has it no more.
 * Without a recorded VPC the address alone proves nothing.
 */
const isElsewhere = ({ interface: id, address, vpc }: GrantDestination, shownAt: ByAddress<SeenInterface>): boolean =>
  shownAt
    .overlapping(address)
    .some((each) => each.id !== id && each.vpc === vpc && each.addresses.some((held) => contains(held, address)));

const unexplained = new Set<GoneInterface['how']>(['absent', 'not routed', 'setting', 'firewall']);
const vanishedBy = (how: GoneInterface['how']): boolean => unexplained.has(how);

/** Recorded destinations by interface. */
const byInterface = (recorded: readonly GrantDestination[]): ReadonlyMap<string, readonly GrantDestination[]> =>
  Map.groupBy(recorded, (each) => each.interface);

const goneFrom = (
  recorded: readonly GrantDestination[],
  standings: ReadonlyMap<string, Standing>,
  seen: Seen,
): readonly GoneInterface[] => {
  const shownAt = new ByAddress<SeenInterface>();
  for (const each of seen.interfaces.values()) for (const address of each.addresses) shownAt.add(address, each);
  return [...byInterface(recorded)].flatMap(([id, destinations]) => {
    const [first] = destinations;
    if (first === undefined) return [];
    const addresses = [...new Set(destinations.map(({ address }) => address))].sort();
    const gone = (how: GoneInterface['how'], about: readonly string[]): readonly GoneInterface[] =>
      about.length === 0
        ? []
        : [{ interface: id, instance: first.instance, addresses: about, how, vanished: vanishedBy(how) }];
    const standing = standings.get(id);
    if (standing === undefined) {
      const how = missing(first, seen);
      if (how !== 'absent') return gone(how, addresses);
      const elsewhere = destinations.filter((each) => isElsewhere(each, shownAt)).map(({ address }) => address);
      const unexplained = addresses.filter((address) => !elsewhere.includes(address));
      return [...gone(how, unexplained), ...gone('elsewhere', elsewhere)];
    }
    if (standing.kind === 'left out') return gone(standing.how, addresses);
    // Of an interface that still counts, only a family that is routed elsewhere by now can vanish; an address it
    // has given up is shown by EC2 as such.
    const held = seen.interfaces.get(id)?.addresses ?? [];
    return gone(
      'not routed',
      addresses.filter((each) => held.includes(each) && !standing.families.includes(familyOf(each))),
    );
  });
};

const isInstance = (id: string): boolean => id.startsWith('i-');

/** Every instance that a scope is about, each once, sorted. */
export const instancesOf = (
  { subjects, closedFor = [] }: Pick<InterfaceScope, 'subjects' | 'closedFor'>,
  recorded: readonly GrantDestination[],
): readonly string[] =>
  [...new Set([...idsOf(subjects, 'instance'), ...recorded.map(({ instance }) => instance), ...closedFor])]
    .filter(isInstance)
    .sort();

/** The scope's groups that no interface carries. */
export const bareGroupsIn = (
  scope: Pick<InterfaceScope, 'subjects'>,
  interfaces: Iterable<SeenInterface>,
): readonly string[] => {
  const carried = new Set([...interfaces].flatMap((each) => each.groups));
  return idsOf(scope.subjects, 'group').filter((id) => !carried.has(id));
};

const unknownSubjects = (scope: Pick<InterfaceScope, 'subjects' | 'closedFor'>, seen: Seen): readonly LeftOut[] => [
  ...idsOf(scope.subjects, 'instance').flatMap((id) => {
    const instance = seen.instances.get(id);
    if (instance === undefined) return [{ what: id, reason: 'EC2 does not know this instance' }];
    if (instance.interfaces.length > 0) return [];
    return [{ what: id, reason: `the instance is ${instance.state} and has no network interface` }];
  }),
  ...idsOf(scope.subjects, 'interface').flatMap((id) =>
    seen.interfaces.has(id) ? [] : [{ what: id, reason: 'EC2 does not know this interface' }],
  ),
  ...bareGroupsIn(scope, seen.interfaces.values()).map((id) => ({
    what: id,
    reason: seen.bareGroups.has(id)
      ? 'no network interface carries this group'
      : 'EC2 does not know this security group',
  })),
];

/**
 * Which interfaces count: those of running (or pending) instances behind the firewall. Every other is left out with its reason,
 * or, when it was recorded, reported as gone with what EC2 shows.
 */
export const standingsOf = (
  scope: Pick<InterfaceScope, 'subjects' | 'closedFor'>,
  seen: Seen,
  settings: InterfaceSettings,
): ResolvedInterfaces => {
  const once = remembering();
  const familiesOf = (table: SeenRouteTable): readonly AddressFamily[] =>
    once(table.id, () => familiesBehindFirewall(table, seen.network, settings.firewallTargets));
  const isAway = (table: SeenRouteTable): boolean =>
    once(`away ${table.id}`, () => isFirewallAway(table, seen.network, settings.firewallTargets));
  const standings = new Map(
    [...seen.interfaces.values()]
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((each) => [each.id, standingOf(each, seen, settings, familiesOf, isAway)] as const),
  );
  const asked = instancesOf(scope, seen.recorded);
  const isRecorded = new Set(seen.recorded.map((each) => each.interface));
  const leftOut = [...standings].flatMap(([id, standing]) =>
    standing.kind === 'left out' ? [{ id, how: standing.how, reason: standing.reason }] : [],
  );
  const { inScope, recorded, byAddressAlone } = seen;
  return {
    inScope,
    recorded,
    byAddressAlone,
    interfaces: [...standings.values()].flatMap((standing) => (standing.kind === 'counts' ? [standing.interface] : [])),
    leftOut: [...unknownSubjects(scope, seen), ...leftOut.map(({ id, reason }) => ({ what: id, reason }))],
    gone: goneFrom(recorded, standings, seen),
    terminated: asked.filter((id) => /^(shutting-down|terminated)$/.test(seen.instances.get(id)?.state ?? '')),
    unknown: asked.filter((id) => !seen.instances.has(id)),
    mayReturn: leftOut.filter(({ how }) => how === 'stopped' || how === 'stopping').map(({ id }) => id),
    shown: [...seen.interfaces.values()]
      .filter(({ id }) => isRecorded.has(id) || standings.get(id)?.kind === 'counts')
      .map(({ id, vpc, subnet, groups, addresses }) => ({ id, vpc, subnet, groups, addresses })),
    network: seen.network,
  };
};
