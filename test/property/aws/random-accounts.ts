import { BlockList, isIPv6 } from 'node:net';
import fc from 'fast-check';
import type { Account } from '../../local/ec2/account.ts';
import { firewall, firewallInterface, newSeed } from '../../unit/aws/ec2-world.ts';

/** A small account in terms a test can reason about by itself, without the code under test. */
export interface Plan {
  readonly secondRange: boolean;
  readonly tables: readonly (readonly PlannedRoute[])[];
  readonly groups: readonly (readonly PlannedPermission[])[];
  readonly instances: readonly PlannedInstance[];
}
export interface PlannedRoute {
  readonly destination: string;
  readonly target: 'firewall' | 'igw-01' | 'tgw-01' | 'dead firewall';
}
export interface PlannedPermission {
  readonly protocol: string;
  readonly from: number | null;
  readonly to: number | null;
  readonly source: string;
}
export interface PlannedInstance {
  readonly state: 'running' | 'pending' | 'stopped' | 'shutting-down';
  readonly interfaces: readonly {
    readonly subnet: number;
    readonly groups: readonly number[];
    readonly secondary: boolean;
    readonly ipv6: boolean;
  }[];
}

/** Entries of the two prefix lists of every account: one for routes, one for sources. */
export const listEntries: Readonly<Record<string, readonly string[]>> = {
  'pl-0a': ['203.0.113.0/24', '198.51.100.128/25'],
  'pl-0b': ['203.0.113.0/25', '192.0.2.0/24', '10.0.6.0/24'],
};

const ipv4Destinations = ['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '198.51.100.0/24', '198.51.100.0/25', 'pl-0a'];
const ipv6Destinations = ['::/0', '2001:db8:ffff::/48'];
const ipv4Sources = [
  '0.0.0.0/0',
  '198.51.100.0/24',
  '198.51.100.0/25',
  '10.0.0.0/8',
  '10.0.5.0/24',
  '100.64.1.0/24',
  '203.0.113.7/32',
  'pl-0b',
];
const ipv6Sources = ['::/0', '2001:db8:ffff::/48', '2001:db8:0:5::/64'];

const permissions = (
  protocols: readonly (readonly [string, number | null, number | null])[],
  sources: readonly string[],
): fc.Arbitrary<PlannedPermission> =>
  fc
    .tuple(fc.constantFrom(...protocols), fc.constantFrom(...sources))
    .map(([[protocol, from, to], source]) => ({ protocol, from, to, source }));

const both = [
  ...[22, 25, 443, 3389, 9000].map((port) => ['tcp', port, port] as const),
  ['tcp', 80, 90],
  ['tcp', 0, 65535],
  ...[53, 123, 443].map((port) => ['udp', port, port] as const),
  ['-1', null, null],
  ['50', null, null],
  ['51', null, null],
] as const;
const permission = fc.oneof(
  permissions([...both, ['icmp', -1, -1], ['icmp', 8, -1], ['icmp', 3, 4]], ipv4Sources),
  permissions([...both, ['icmpv6', -1, -1], ['icmpv6', 128, -1]], ipv6Sources),
  permissions(both, ['sg-00']),
);

/** Ways to the firewall are drawn more often than others, so that most accounts have something behind it. */
const route = (destinations: readonly string[]): fc.Arbitrary<PlannedRoute> =>
  fc.record({
    destination: fc.constantFrom(...destinations),
    target: fc.constantFrom('firewall', 'firewall', 'firewall', 'igw-01', 'tgw-01', 'dead firewall'),
  });

const table: fc.Arbitrary<readonly PlannedRoute[]> = fc
  .tuple(
    fc.uniqueArray(route(ipv4Destinations), { selector: (each) => each.destination, maxLength: 4 }),
    fc.uniqueArray(route(ipv6Destinations), { selector: (each) => each.destination, maxLength: 2 }),
    fc.constantFrom(true, true, true, false),
  )
  .map(([ipv4, ipv6, plain]) => [
    ...(plain && !ipv4.some(({ destination }) => destination === '0.0.0.0/0')
      ? [{ destination: '0.0.0.0/0', target: 'firewall' as const }]
      : []),
    ...ipv4,
    ...ipv6,
  ]);

export const accountPlan: fc.Arbitrary<Plan> = fc.record({
  secondRange: fc.boolean(),
  tables: fc.array(table, { minLength: 3, maxLength: 3 }),
  groups: fc.array(
    fc.uniqueArray(permission, { selector: (each) => JSON.stringify(each), minLength: 1, maxLength: 5 }),
    {
      minLength: 3,
      maxLength: 3,
    },
  ),
  instances: fc.array(
    fc.record({
      state: fc.constantFrom('running', 'running', 'pending', 'stopped', 'shutting-down'),
      interfaces: fc.array(
        fc.record({
          subnet: fc.nat(3),
          groups: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
          secondary: fc.boolean(),
          ipv6: fc.boolean(),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    }),
    { minLength: 2, maxLength: 4 },
  ),
});

export const instanceId = (index: number): string => `i-0${index}`;
export const interfaceId = (index: number, position: number): string => `eni-0${index}${position}`;
export const groupId = (index: number): string => `sg-0${index}`;

/** Addresses of an interface, by its place. Subnet 0 follows the main table, subnets 1 to 3 have tables 0 to 2. */
export const addressesOf = (plan: Plan, index: number, position: number): readonly string[] => {
  const each = plan.instances[index]?.interfaces[position];
  if (each === undefined) return [];
  const host = 20 + 10 * index + 4 * position;
  return [
    `10.0.${each.subnet}.${host}`,
    ...(each.secondary ? [`10.0.${each.subnet}.${host + 1}`] : []),
    ...(each.ipv6 ? [`2001:db8:0:${each.subnet}::${host}`] : []),
  ];
};

/** The main table is the first of the plan's as well: an implicit association must find it. */
export const routesOfSubnet = (plan: Plan, subnet: number): readonly PlannedRoute[] =>
  plan.tables[subnet === 0 ? 0 : subnet - 1] ?? [];

export const vpcRangesOf = (plan: Plan): readonly string[] => [
  '10.0.0.0/16',
  ...(plan.secondRange ? ['100.64.0.0/16'] : []),
  '2001:db8::/56',
];

/** Builds the account. `merged` puts the sources of equal traffic into one permission, as one call would. */
export const accountOf = (plan: Plan, merged: boolean): Account => {
  const seed = newSeed();
  const { vpcId, mainRouteTableId } = seed.vpc({
    cidrs: plan.secondRange ? ['10.0.0.0/16', '100.64.0.0/16'] : ['10.0.0.0/16'],
    ipv6Cidrs: ['2001:db8::/56'],
    mainRouteTableId: 'rtb-00',
  });
  for (const [id, entries] of Object.entries(listEntries)) seed.prefixList({ id, name: id, entries });
  const subnets = [0, 1, 2, 3].map((subnet) =>
    seed.subnet({
      id: `subnet-0${subnet}`,
      vpcId,
      cidr: `10.0.${subnet}.0/24`,
      ipv6Cidrs: [`2001:db8:0:${subnet}::/64`],
    }),
  );
  const outer = seed.subnet({ vpcId, cidr: '10.0.250.0/24' });
  seed.instance({ id: firewall, interfaces: [{ id: firewallInterface, subnetId: outer }] });
  const routes = (planned: readonly PlannedRoute[]) =>
    planned.map(({ destination, target }) => ({
      destination,
      target: target === 'firewall' || target === 'dead firewall' ? firewallInterface : target,
      blackhole: target === 'dead firewall',
    }));
  for (const each of routes(plan.tables[0] ?? [])) seed.route(mainRouteTableId, each);
  for (const [index, planned] of plan.tables.entries())
    seed.routeTable({ id: `rtb-0${index + 1}`, vpcId, subnetIds: [subnets[index + 1] ?? ''], routes: routes(planned) });
  for (const [index, planned] of plan.groups.entries()) {
    const byTraffic = Map.groupBy(planned, ({ protocol, from, to }) => `${protocol} ${from} ${to}`);
    const ingress = merged
      ? [...byTraffic.values()].flatMap((same) =>
          same.slice(0, 1).map((first) => ({ ...first, sources: same.map(({ source }) => source) })),
        )
      : planned.map((each) => ({ ...each, sources: [each.source] }));
    seed.group({
      id: groupId(index),
      vpcId,
      name: `group ${index}`,
      ingress: ingress.map(({ protocol, from, to, sources }) => ({
        protocol,
        ...(from === null || to === null ? {} : { from, to }),
        sources,
      })),
    });
  }
  for (const [index, { state, interfaces }] of plan.instances.entries())
    seed.instance({
      id: instanceId(index),
      state,
      interfaces: interfaces.map((each, position) => {
        const [address, ...others] = addressesOf(plan, index, position);
        return {
          id: interfaceId(index, position),
          subnetId: subnets[each.subnet] ?? '',
          groupIds: each.groups.map(groupId),
          ...(address === undefined ? {} : { address }),
          secondaryAddresses: others.filter((other) => !isIPv6(other)),
          ipv6Addresses: others.filter((other) => isIPv6(other)),
        };
      }),
    });
  return seed.build();
};

/** The same account, every answer in another order. */
export const reordered = (account: Account): Account => {
  const back = <Key, Value>(map: ReadonlyMap<Key, Value>): ReadonlyMap<Key, Value> => new Map([...map].toReversed());
  return {
    ...account,
    instances: back(account.instances),
    interfaces: back(account.interfaces),
    groups: back(account.groups),
    rules: back(account.rules),
    routeTables: back(account.routeTables),
    subnets: back(account.subnets),
    prefixLists: back(account.prefixLists),
  };
};

const blocks = new Map<string, BlockList>();

/** Whether a CIDR holds an address, by Node's own block lists: a judge apart from the code under test. */
export const holds = (cidr: string, address: string): boolean => {
  let list = blocks.get(cidr);
  if (list === undefined) {
    const [network = '', prefix = ''] = cidr.split('/');
    list = new BlockList();
    list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4');
    blocks.set(cidr, list);
  }
  const [network = ''] = cidr.split('/');
  return isIPv6(network) === isIPv6(address) && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
};

const cidrsOf = (place: string): readonly string[] => listEntries[place] ?? (place.startsWith('sg-') ? [] : [place]);

/** Where a subnet sends a packet to this address, looked up one address at a time. */
export const nextHop = (plan: Plan, subnet: number, address: string): PlannedRoute['target'] | 'local' | null => {
  if (vpcRangesOf(plan).some((range) => holds(range, address))) return 'local';
  let best: { readonly length: number; readonly literal: boolean; readonly target: PlannedRoute['target'] } | null =
    null;
  for (const { destination, target } of routesOfSubnet(plan, subnet))
    for (const cidr of cidrsOf(destination)) {
      const length = Number(cidr.split('/')[1]);
      const literal = cidr === destination;
      if (holds(cidr, address) && (best === null || length > best.length || (length === best.length && literal)))
        best = { length, literal, target };
    }
  return best === null ? null : best.target;
};

/** One packet's worth of traffic: port for tcp and udp, type and code for ICMP. */
export interface Packet {
  readonly protocol: number;
  readonly port: number;
  readonly code: number;
}

export const packets: readonly Packet[] = [
  ...[0, 22, 25, 79, 80, 85, 90, 91, 443, 3389, 9000, 65535].map((port) => ({ protocol: 6, port, code: 0 })),
  ...[53, 123, 443].map((port) => ({ protocol: 17, port, code: 0 })),
  ...[
    [8, 0],
    [8, 1],
    [0, 0],
    [3, 4],
    [3, 1],
  ].map(([port = 0, code = 0]) => ({ protocol: 1, port, code })),
  ...[
    [128, 0],
    [1, 4],
  ].map(([port = 0, code = 0]) => ({ protocol: 58, port, code })),
  ...[47, 50, 51, 132].map((protocol) => ({ protocol, port: 0, code: 0 })),
];

export const sourcesToTry: readonly string[] = [
  '8.8.8.8',
  '198.51.99.1',
  '198.51.100.1',
  '198.51.100.130',
  '200.1.1.1',
  '10.0.5.9',
  '10.0.6.9',
  '10.200.0.1',
  '100.64.1.5',
  '203.0.113.7',
  '203.0.113.8',
  '203.0.113.200',
  '192.0.2.9',
  '2001:db8:ffff::9',
  '2600::9',
  '2001:db8:0:5::9',
];

const protocolNumbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };

const matchesPacket = ({ protocol, from, to }: PlannedPermission, packet: Packet): boolean => {
  if (protocol === '-1') return true;
  if ((protocolNumbers[protocol] ?? Number(protocol)) !== packet.protocol) return false;
  if (packet.protocol === 6 || packet.protocol === 17)
    return (from ?? 0) <= packet.port && packet.port <= (to ?? 65535);
  if (packet.protocol !== 1 && packet.protocol !== 58) return true;
  return (from === -1 || from === packet.port) && (to === -1 || to === packet.code);
};

/** Permissions of a group that let this packet in from this address (group references never do, from outside). */
export const permitting = (plan: Plan, group: number, source: string, packet: Packet): readonly PlannedPermission[] =>
  (plan.groups[group] ?? []).filter(
    (each) => cidrsOf(each.source).some((cidr) => holds(cidr, source)) && matchesPacket(each, packet),
  );

/** Kinds of traffic PAN-OS cannot say exactly: these may be left out. */
export const isExpressible = ({ protocol, from }: PlannedPermission): boolean =>
  protocol !== '51' && !(protocol === 'icmp' && from === 3);
