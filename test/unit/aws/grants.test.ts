import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subject } from '../../../shared/domain/change.ts';
import { isNamed } from '../../../shared/domain/errors.ts';
import { withPreNatAddresses } from '../../../shared/domain/grants/pre-nat.ts';
import { trafficKey } from '../../../shared/domain/sets/traffic.ts';
import type { AccountSeed, SeedPermission } from '../../local/ec2/seed.ts';
import { derive, firewallInterface, newSeed, protectedVpc, worldOf } from './ec2-world.ts';

const subjects: readonly Subject[] = [{ kind: 'instance', id: 'i-0aa' }];

/** Grants of one dual-stack instance behind the firewall whose group has these permissions. */
const grantsOf = async (
  ingress: readonly SeedPermission[] | ((seed: AccountSeed, vpcId: string) => readonly SeedPermission[]),
  more: (seed: AccountSeed, vpc: ReturnType<typeof protectedVpc>) => void = () => undefined,
) => {
  const seed = newSeed();
  const vpc = protectedVpc(seed);
  more(seed, vpc);
  const permissions = typeof ingress === 'function' ? ingress(seed, vpc.vpcId) : ingress;
  const groupId = seed.group({ id: 'sg-0a', vpcId: vpc.vpcId, name: 'web', ingress: permissions });
  seed.instance({
    id: 'i-0aa',
    interfaces: [
      {
        id: 'eni-0aa',
        subnetId: vpc.inner,
        groupIds: [groupId],
        address: '10.0.1.20',
        ipv6Addresses: ['2001:db8:0:1::20'],
      },
    ],
  });
  const derived = await derive(worldOf(seed.build()).reads, { subjects });
  return {
    ...derived,
    lines: derived.grants
      .map(({ source, address, traffic }) => `${source} -> ${address} ${trafficKey(traffic)}`)
      .toSorted(),
    reasons: derived.leftOut.filter(({ what }) => what.startsWith('sgr-')).map(({ reason }) => reason),
  };
};

test('a permission for both families grants each on the address of its own family', async () => {
  const { lines } = await grantsOf([{ protocol: 'tcp', from: 443, sources: ['0.0.0.0/0', '::/0'] }]);
  assert.deepEqual(lines, [
    '0.0.0.0/0 -> 10.0.1.20/32 tcp 00443-00443',
    '::/0 -> 2001:db8:0:1::20/128 tcp 00443-00443',
  ]);
});

test('all traffic, ranges, all ports and ICMP are read in every protocol form', async () => {
  const source = ['198.51.100.0/24'];
  const { lines } = await grantsOf([
    { protocol: '-1', sources: source },
    { protocol: '6', from: 80, to: 443, sources: source },
    { protocol: 'udp', sources: source },
    { protocol: 'icmp', from: -1, to: -1, sources: source },
    { protocol: '50', sources: source },
  ]);
  assert.deepEqual(lines, [
    '198.51.100.0/24 -> 10.0.1.20/32 all',
    '198.51.100.0/24 -> 10.0.1.20/32 icmp all/all',
    '198.51.100.0/24 -> 10.0.1.20/32 protocol 050',
    '198.51.100.0/24 -> 10.0.1.20/32 tcp 00080-00443',
    '198.51.100.0/24 -> 10.0.1.20/32 udp 00000-65535',
  ]);
});

test('a protocol that cannot be expressed is left out with its reason, never widened', async () => {
  const { lines, reasons } = await grantsOf([
    { protocol: '51', sources: ['198.51.100.0/24'] },
    { protocol: '132', sources: ['198.51.100.0/24'] },
  ]);
  assert.deepEqual(lines, []);
  assert.deepEqual(reasons.toSorted(), [
    'PAN-OS has no application that is exactly IP protocol 132',
    'PAN-OS has no application that is exactly IP protocol 51',
  ]);
});

test('ICMP types are kept apart: echo is granted, another single type is left out', async () => {
  const { lines, reasons } = await grantsOf([
    { protocol: 'icmp', from: 8, to: -1, sources: ['198.51.100.0/24'] },
    { protocol: 'icmp', from: 3, to: 4, sources: ['198.51.100.0/24'] },
    { protocol: 'icmpv6', from: 128, to: -1, sources: ['2001:db8:ffff::/48'] },
  ]);
  assert.deepEqual(lines, [
    '198.51.100.0/24 -> 10.0.1.20/32 icmp 8/all',
    '2001:db8:ffff::/48 -> 2001:db8:0:1::20/128 icmpv6 128/all',
  ]);
  assert.match(reasons.join(), /no application for icmp\/3\/4 alone/);
});

test('a source inside a secondary range of the VPC is local', async () => {
  const seed = newSeed();
  const { vpcId } = seed.vpc({ cidrs: ['10.0.0.0/16', '100.64.0.0/16'] });
  const subnetId = seed.subnet({ vpcId, cidr: '10.0.1.0/24' });
  seed.endpoint({ id: 'vpce-0a', vpcId, type: 'GatewayLoadBalancer', serviceName: 'firewall' });
  seed.routeTable({ vpcId, subnetIds: [subnetId], routes: [{ destination: '0.0.0.0/0', target: 'vpce-0a' }] });
  const sources = ['10.0.7.0/24', '100.64.3.0/24', '10.1.0.0/16'];
  const groupId = seed.group({ vpcId, name: 'web', ingress: [{ protocol: 'tcp', from: 22, sources }] });
  seed.instance({ id: 'i-0aa', interfaces: [{ subnetId, groupIds: [groupId] }] });
  const { grants, leftOut } = await derive(worldOf(seed.build()).reads, { subjects }, { firewallTargets: ['vpce-0a'] });
  assert.deepEqual(
    grants.map(({ source }) => source),
    ['10.1.0.0/16'],
  );
  assert.deepEqual(leftOut.map(({ reason }) => reason.replace(/vpc-\w+/, 'vpc')).toSorted(), [
    '10.0.7.0/24 is local: inside vpc',
    '100.64.3.0/24 is local: inside vpc',
  ]);
});

/** Reasons for sources inside the VPC, and a group as source, where the protected subnet has these further routes. */
const reasonsInside = async (routes: readonly { readonly destination: string; readonly target: string }[]) => {
  const seed = newSeed();
  const { vpcId, outer } = protectedVpc(seed);
  const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24', ipv6Cidrs: ['2001:db8:0:2::/64'] });
  const outside = { destination: '198.51.100.0/24', target: firewallInterface };
  seed.instance({ id: 'i-0bb', interfaces: [{ id: 'eni-0bb', subnetId: outer }] });
  seed.routeTable({ id: 'rtb-02', vpcId, subnetIds: [subnetId], routes: [outside, ...routes] });
  const sources = ['10.0.7.0/24', '10.0.0.0/16', '2001:db8:0:7::/64', seed.group({ id: 'sg-0b', vpcId, name: 'lb' })];
  const groupId = seed.group({ vpcId, name: 'web', ingress: [{ protocol: 'tcp', from: 22, sources }] });
  seed.instance({ id: 'i-0aa', interfaces: [{ subnetId, groupIds: [groupId] }] });
  const { grants, leftOut } = await derive(worldOf(seed.build()).reads, { subjects });
  assert.deepEqual(grants, [], 'left out, whatever the reason');
  const of = (source: string) =>
    leftOut.find(({ reason }) => reason.includes(source))?.reason.replace(/vpc-\w+/, 'vpc');
  return { some: of('10.0.7.0/24'), all: of('10.0.0.0/16 is'), other: of('2001:db8:0:7::/64'), group: of('sg-0b') };
};

test('a source inside the VPC that is routed through the firewall is left out as the administrator’s, not as passing it by', async () => {
  const inside = await reasonsInside([{ destination: '10.0.7.0/24', target: firewallInterface }]);
  const passes = /rtb-02 sends replies to it through the firewall, so that traffic does pass it.*administrator's/;
  assert.match(inside.some ?? '', passes);
  assert.match(inside.all ?? '', /replies to a part of it through the firewall.*administrator's/);
  assert.equal(inside.other, '2001:db8:0:7::/64 is local: inside vpc');
  assert.match(inside.group ?? '', /administrator's to say, also where rtb-02 sends it through the firewall/);
});

test('a default route to the firewall takes nothing from inside the VPC, nor does a route of another target', async () => {
  for (const routes of [
    [],
    [{ destination: '0.0.0.0/0', target: firewallInterface }],
    [{ destination: '10.0.7.0/24', target: 'eni-0bb' }],
  ]) {
    const { some, all, group } = await reasonsInside(routes);
    assert.deepEqual([some, all], ['10.0.7.0/24 is local: inside vpc', '10.0.0.0/16 is local: inside vpc']);
    assert.match(group ?? '', /traffic between interfaces does not pass the firewall/);
  }
});

test('a source that contains the VPC is kept whole', async () => {
  const { lines } = await grantsOf([{ protocol: 'tcp', from: 22, sources: ['10.0.0.0/8'] }]);
  assert.deepEqual(lines, ['10.0.0.0/8 -> 10.0.1.20/32 tcp 00022-00022']);
});

test('a group reference is left out with the reason', async () => {
  const { lines, reasons } = await grantsOf((seed, vpcId) => {
    const other = seed.group({ id: 'sg-0b', vpcId, name: 'load-balancer' });
    return [{ protocol: 'tcp', from: 8080, sources: [other] }];
  });
  assert.deepEqual(lines, []);
  assert.match(reasons.join(), /its source is the security group sg-0b/);
});

test('a prefix list is expanded, each entry a source of its own, and its version is told', async () => {
  const { lines, expanded, grants } = await grantsOf((seed) => {
    const list = seed.prefixList({
      id: 'pl-0a',
      name: 'partners',
      entries: ['198.51.100.0/24', '203.0.113.7/32', '10.0.5.0/24'],
    });
    return [{ protocol: 'tcp', from: 443, sources: [list] }];
  });
  assert.deepEqual(lines, [
    '198.51.100.0/24 -> 10.0.1.20/32 tcp 00443-00443',
    '203.0.113.7/32 -> 10.0.1.20/32 tcp 00443-00443',
  ]);
  assert.deepEqual(expanded, [{ id: 'pl-0a', version: 1, entries: 3 }]);
  assert.deepEqual([...new Set(grants.map(({ prefixList }) => prefixList))], ['pl-0a']);
});

test('a source whose replies leave by a more specific route is left out, one that contains it is kept', async () => {
  const { lines, reasons } = await grantsOf(
    [{ protocol: 'tcp', from: 22, sources: ['198.51.100.0/25', '198.51.0.0/16', '0.0.0.0/0'] }],
    (seed, { table }) => seed.route(table, { destination: '198.51.100.0/24', target: 'tgw-01' }),
  );
  assert.deepEqual(lines, [
    '0.0.0.0/0 -> 10.0.1.20/32 tcp 00022-00022',
    '198.51.0.0/16 -> 10.0.1.20/32 tcp 00022-00022',
  ]);
  assert.deepEqual(reasons, ['replies to 198.51.100.0/25 do not go through the firewall (rtb-01)']);
});

test('a more specific blackhole takes its sources away from the firewall', async () => {
  const { lines } = await grantsOf([{ protocol: 'tcp', from: 22, sources: ['198.51.100.0/24'] }], (seed, { table }) =>
    seed.route(table, { destination: '198.51.100.0/24', target: 'pcx-01', blackhole: true }),
  );
  assert.deepEqual(lines, []);
});

test('routes by prefix list are followed, to the firewall and around it', async () => {
  const { lines } = await grantsOf(
    [{ protocol: 'tcp', from: 22, sources: ['198.51.100.0/24', '203.0.113.0/24', '192.0.2.0/24'] }],
    (seed, { table }) => {
      seed.route(table, {
        destination: seed.prefixList({ name: 'around', entries: ['198.51.100.0/24', '203.0.113.0/24'] }),
        target: 'tgw-01',
      });
      seed.route(table, {
        destination: seed.prefixList({ name: 'through', entries: ['203.0.113.0/25'] }),
        target: firewallInterface,
      });
    },
  );
  assert.deepEqual(lines, [
    '192.0.2.0/24 -> 10.0.1.20/32 tcp 00022-00022',
    '203.0.113.0/24 -> 10.0.1.20/32 tcp 00022-00022',
  ]);
});

test('grants of an interface come from all its groups, and carry rule and group', async () => {
  const seed = newSeed();
  const { vpcId, inner } = protectedVpc(seed);
  const groups = ['sg-0a', 'sg-0b'].map((id, index) =>
    seed.group({ id, vpcId, name: id, ingress: [{ protocol: 'tcp', from: 80 + index, sources: ['0.0.0.0/0'] }] }),
  );
  seed.instance({ id: 'i-0aa', interfaces: [{ subnetId: inner, groupIds: groups }] });
  const { grants } = await derive(worldOf(seed.build()).reads, { subjects: [{ kind: 'group', id: 'sg-0a' }] });
  assert.deepEqual(grants.map(({ group }) => group).toSorted(), ['sg-0a', 'sg-0b']);
  for (const grant of grants) assert.match(grant.securityGroupRule, /^sgr-/);
});

test('all private addresses of an interface are destinations', async () => {
  const seed = newSeed();
  const { vpcId, inner } = protectedVpc(seed);
  const web = seed.group({ vpcId, name: 'web', ingress: [{ protocol: 'tcp', from: 80, sources: ['0.0.0.0/0'] }] });
  seed.instance({
    id: 'i-0aa',
    interfaces: [
      {
        subnetId: inner,
        groupIds: [web],
        address: '10.0.1.20',
        secondaryAddresses: ['10.0.1.21'],
        ipv4Prefixes: ['10.0.1.64/28'],
      },
    ],
  });
  const { grants } = await derive(worldOf(seed.build()).reads, { subjects });
  assert.deepEqual(grants.map(({ address }) => address).toSorted(), ['10.0.1.20/32', '10.0.1.21/32', '10.0.1.64/28']);
});

test('a setting replaces an address by the one clients use before destination NAT', async () => {
  const { grants } = await grantsOf([{ protocol: 'tcp', from: 443, sources: ['0.0.0.0/0', '::/0'] }]);
  const mapped = withPreNatAddresses(grants, { '10.0.1.20': '198.51.100.7' });
  assert.deepEqual(mapped.map(({ address }) => address).toSorted(), ['198.51.100.7/32', '2001:db8:0:1::20/128']);
  for (const wrong of [{ '10.0.1.20': '2001:db8::7' }, { web: '198.51.100.7' }])
    assert.throws(
      () => withPreNatAddresses(grants, wrong),
      (error) => isNamed(error, 'Misconfigured'),
    );
});
