import { idsOf, type Subject } from '../change.ts';
import { remembering } from '../remember.ts';
import { type AddressFamily, familyOf } from '../sets/addresses.ts';
import type { GrantDestination, LeftOut, NetworkInterface } from './grants.ts';
import { effectiveTable, familiesBehindFirewall, type NetworkPicture } from './routes.ts';
import type { SeenInstance, SeenInterface, SeenRouteTable } from './seen.ts';

/** What a run looks at. */
export interface InterfaceScope {
  readonly subjects: readonly Subject[];
  /** Destinations recorded in owned rules for these subjects or groups; all of them for everything. */
  readonly recorded: readonly GrantDestination[];
  /** Further instances to ask after: those that administrators closed something for. */
  readonly closedFor?: readonly string[];
}

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
  /** Instances of the scope that EC2 shows ending or ended: they never come back. */
  readonly terminated: readonly string[];
  /** Instances of the scope that EC2 does not show. */
  readonly unknown: readonly string[];
  /** Interfaces left out whose instance is stopped or stopping: it may just be starting. */
  readonly mayReturn: readonly string[];
  readonly network: NetworkPicture;
}

const living = new Set(['pending', 'running']);

/** Service interfaces that carry other interfaces' traffic: never protected by themselves. */
const carriers = /^(gateway_load_balancer|gateway_load_balancer_endpoint|nat_?gateway|transit_gateway|trunk|branch)$/i;

/** Everything EC2 shows that the scope is about. */
export interface Seen {
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

const standingOf = (
  each: SeenInterface,
  seen: Seen,
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
  const table = effectiveTable(seen.network, { id: each.subnet, vpc: each.vpc });
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

const isInstance = (id: string): boolean => id.startsWith('i-');

/** Every instance that a scope is about, each once, sorted. */
export const instancesOf = ({ subjects, recorded, closedFor = [] }: InterfaceScope): readonly string[] =>
  [...new Set([...idsOf(subjects, 'instance'), ...recorded.map(({ instance }) => instance), ...closedFor])]
    .filter(isInstance)
    .sort();

/** The scope's groups that no interface carries. */
export const bareGroupsIn = (scope: InterfaceScope, interfaces: Iterable<SeenInterface>): readonly string[] => {
  const carried = new Set([...interfaces].flatMap((each) => each.groups));
  return idsOf(scope.subjects, 'group').filter((id) => !carried.has(id));
};

const unknownSubjects = (scope: InterfaceScope, seen: Seen): readonly LeftOut[] => [
  ...idsOf(scope.subjects, 'instance').flatMap((id) => {
    const instance = seen.instances.get(id);
    if (instance === undefined) return [{ what: id, reason: 'EC2 does not know this instance' }];
    if (instance.interfaces.length > 0) return [];
    return [{ what: id, reason: `the instance is ${instance.state} and has no network interface` }];
  }),
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
export const standingsOf = (scope: InterfaceScope, seen: Seen, settings: InterfaceSettings): ResolvedInterfaces => {
  const once = remembering();
  const familiesOf = (table: SeenRouteTable): readonly AddressFamily[] =>
    once(table.id, () => familiesBehindFirewall(table, seen.network, settings.firewallTargets));
  const standings = new Map(
    [...seen.interfaces.values()]
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((each) => [each.id, standingOf(each, seen, settings, familiesOf)] as const),
  );
  const asked = instancesOf(scope);
  const leftOut = [...standings].flatMap(([id, standing]) =>
    standing.kind === 'left out' ? [{ id, how: standing.how, reason: standing.reason }] : [],
  );
  return {
    interfaces: [...standings.values()].flatMap((standing) => (standing.kind === 'counts' ? [standing.interface] : [])),
    leftOut: [...unknownSubjects(scope, seen), ...leftOut.map(({ id, reason }) => ({ what: id, reason }))],
    gone: goneFrom(scope.recorded, standings, seen),
    terminated: asked.filter((id) => /^(shutting-down|terminated)$/.test(seen.instances.get(id)?.state ?? '')),
    unknown: asked.filter((id) => !seen.instances.has(id)),
    mayReturn: leftOut.filter(({ how }) => how === 'stopped' || how === 'stopping').map(({ id }) => id),
    network: seen.network,
  };
};
