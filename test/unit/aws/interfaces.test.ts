import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subject } from '../../../shared/domain/change.ts';
import type { AccountSeed } from '../../local/ec2/seed.ts';
import { derive, firewall, firewallInterface, newSeed, protectedVpc, worldOf } from './ec2-world.ts';

const instance = (id: string): Subject => ({ kind: 'instance', id });
const group = (id: string): Subject => ({ kind: 'group', id });
const everything: Subject = { kind: 'everything' };

type Scope = Parameters<typeof derive>[1];
type Choices = Parameters<typeof derive>[2];

/** The interfaces that count, by id, in a VPC that `arrange` fills. */
const resolve = async (
  arrange: (seed: AccountSeed, vpc: ReturnType<typeof protectedVpc>) => void,
  scope: Scope,
  choices: Choices = {},
) => {
  const seed = newSeed();
  arrange(seed, protectedVpc(seed));
  const world = worldOf(seed.build());
  const { resolved } = await derive(world.reads, scope, choices);
  return {
    ...resolved,
    calls: world.endpoint.calls,
    ids: resolved.interfaces.map(({ id }) => id),
    reason: (what: string) =>
      resolved.leftOut
        .filter((each) => each.what === what)
        .map(({ reason }) => reason)
        .join('; '),
  };
};

const web = (seed: AccountSeed, subnetId: string, more: Partial<Parameters<AccountSeed['instance']>[0]> = {}) =>
  seed.instance({
    id: 'i-0aa',
    interfaces: [{ id: 'eni-0aa', subnetId, ...(subnetId === 'subnet-01' ? { address: '10.0.1.20' } : {}) }],
    ...more,
  });

test('an instance in a subnet whose default route leads to the firewall counts', async () => {
  const { ids, interfaces } = await resolve((seed, { inner }) => web(seed, inner), { subjects: [instance('i-0aa')] });
  assert.deepEqual(ids, ['eni-0aa']);
  assert.deepEqual(interfaces[0]?.addresses, ['10.0.1.20/32']);
});

test('a group change resolves its interfaces like an instance start, route check included', async () => {
  const { ids, reason } = await resolve(
    (seed, { vpcId, inner }) => {
      const web = seed.group({ id: 'sg-0a', vpcId, name: 'web' });
      const other = seed.subnet({ vpcId, cidr: '10.0.2.0/24' });
      seed.instance({ id: 'i-0aa', interfaces: [{ id: 'eni-0aa', subnetId: inner, groupIds: [web] }] });
      seed.instance({ id: 'i-0bb', interfaces: [{ id: 'eni-0bb', subnetId: other, groupIds: [web] }] });
    },
    { subjects: [group('sg-0a')] },
  );
  assert.deepEqual(ids, ['eni-0aa']);
  assert.match(reason('eni-0bb'), /does not route through the firewall \(rtb-0a\)/);
});

test('a subnet without an explicit association follows the main route table', async () => {
  const { ids } = await resolve(
    (seed, { vpcId, mainRouteTableId }) => {
      seed.route(mainRouteTableId, { destination: '0.0.0.0/0', target: firewallInterface });
      web(seed, seed.subnet({ vpcId, cidr: '10.0.2.0/24' }));
    },
    { subjects: [instance('i-0aa')] },
  );
  assert.deepEqual(ids, ['eni-0aa']);
});

test('an explicit association wins over a main table that leads to the firewall', async () => {
  const { ids, reason } = await resolve(
    (seed, { vpcId, mainRouteTableId }) => {
      seed.route(mainRouteTableId, { destination: '0.0.0.0/0', target: firewallInterface });
      const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24' });
      seed.routeTable({
        id: 'rtb-02',
        vpcId,
        subnetIds: [subnetId],
        routes: [{ destination: '0.0.0.0/0', target: 'igw-01' }],
      });
      web(seed, subnetId);
    },
    { subjects: [instance('i-0aa')] },
  );
  assert.deepEqual(ids, []);
  assert.match(reason('eni-0aa'), /rtb-02/);
});

const targetCases: Readonly<
  Record<string, { readonly target: string; readonly firewallTargets: readonly string[]; readonly counts: boolean }>
> = {
  'an interface id, the firewall known by its instance': {
    target: firewallInterface,
    firewallTargets: [firewall],
    counts: true,
  },
  'an interface id, the firewall known by it': {
    target: firewallInterface,
    firewallTargets: [firewallInterface],
    counts: true,
  },
  'an instance id': { target: 'i-0f2', firewallTargets: ['i-0f2'], counts: true },
  'a Gateway Load Balancer endpoint, which comes back as GatewayId': {
    target: 'vpce-0a',
    firewallTargets: ['vpce-0a'],
    counts: true,
  },
  'the second of several configured targets': {
    target: 'vpce-0a',
    firewallTargets: ['vpce-0b', 'vpce-0a'],
    counts: true,
  },
  'an internet gateway': { target: 'igw-01', firewallTargets: [firewall], counts: false },
  'a NAT gateway': { target: 'nat-01', firewallTargets: [firewall], counts: false },
  'a transit gateway': { target: 'tgw-01', firewallTargets: [firewall], counts: false },
};

for (const [title, { target, firewallTargets, counts }] of Object.entries(targetCases)) {
  test(`a default route to ${title} ${counts ? 'counts' : 'does not count'}`, async () => {
    const { ids } = await resolve(
      (seed, { vpcId, outer }) => {
        const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24' });
        seed.endpoint({ id: 'vpce-0a', vpcId, type: 'GatewayLoadBalancer', serviceName: 'firewall' });
        seed.instance({ id: 'i-0f2', interfaces: [{ subnetId: outer }] });
        seed.routeTable({ vpcId, subnetIds: [subnetId], routes: [{ destination: '0.0.0.0/0', target }] });
        web(seed, subnetId);
      },
      { subjects: [instance('i-0aa')] },
      { firewallTargets },
    );
    assert.deepEqual(ids, counts ? ['eni-0aa'] : []);
  });
}

test('a gateway endpoint beside a default route to an internet gateway is not a way to the firewall', async () => {
  const { ids } = await resolve(
    (seed, { vpcId }) => {
      const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24' });
      seed.endpoint({ id: 'vpce-0c', vpcId, type: 'Gateway', serviceName: 'com.amazonaws.eu-central-1.s3' });
      const list = seed.prefixList({
        name: 'com.amazonaws.eu-central-1.s3',
        entries: ['203.0.113.0/24'],
        ownerId: 'AWS',
      });
      seed.routeTable({
        vpcId,
        subnetIds: [subnetId],
        routes: [
          { destination: list, target: 'vpce-0c' },
          { destination: '0.0.0.0/0', target: 'igw-01' },
        ],
      });
      web(seed, subnetId);
    },
    { subjects: [instance('i-0aa')] },
    { firewallTargets: ['vpce-0a'] },
  );
  assert.deepEqual(ids, []);
});

test('a blackholed default route does not count', async () => {
  const { ids } = await resolve(
    (seed, { vpcId }) => {
      const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24' });
      seed.routeTable({
        vpcId,
        subnetIds: [subnetId],
        routes: [{ destination: '0.0.0.0/0', target: firewallInterface, blackhole: true }],
      });
      web(seed, subnetId);
    },
    { subjects: [instance('i-0aa')] },
  );
  assert.deepEqual(ids, []);
});

test('a default route split in two halves counts', async () => {
  const { ids } = await resolve(
    (seed, { vpcId }) => {
      const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24' });
      seed.routeTable({
        vpcId,
        subnetIds: [subnetId],
        routes: [
          { destination: '0.0.0.0/0', target: 'igw-01' },
          { destination: '0.0.0.0/1', target: firewallInterface },
          { destination: '128.0.0.0/1', target: firewallInterface },
        ],
      });
      web(seed, subnetId);
    },
    { subjects: [instance('i-0aa')] },
  );
  assert.deepEqual(ids, ['eni-0aa']);
});

test('only the addresses of the family that is routed through the firewall count', async () => {
  const { interfaces } = await resolve(
    (seed, { vpcId }) => {
      const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24', ipv6Cidrs: ['2001:db8:0:2::/64'] });
      seed.routeTable({
        vpcId,
        subnetIds: [subnetId],
        routes: [
          { destination: '0.0.0.0/0', target: 'nat-01' },
          { destination: '::/0', target: firewallInterface },
        ],
      });
      seed.instance({
        id: 'i-0aa',
        interfaces: [{ id: 'eni-0aa', subnetId, address: '10.0.2.20', ipv6Addresses: ['2001:db8:0:2::20'] }],
      });
    },
    { subjects: [instance('i-0aa')] },
  );
  assert.deepEqual(
    interfaces.map(({ addresses }) => addresses),
    [['2001:db8:0:2::20/128']],
  );
});

test('all interfaces of an instance are looked at, each by its own subnet', async () => {
  const { ids, reason } = await resolve(
    (seed, { inner, outer }) =>
      web(seed, inner, {
        interfaces: [
          { id: 'eni-0aa', subnetId: inner },
          { id: 'eni-0ab', subnetId: outer },
          { id: 'eni-0ac', subnetId: inner },
        ],
      }),
    { subjects: [instance('i-0aa')] },
  );
  assert.deepEqual(ids, ['eni-0aa', 'eni-0ac']);
  assert.match(reason('eni-0ab'), /does not route/);
});

for (const [state, counts] of [
  ['pending', true],
  ['running', true],
  ['stopping', false],
  ['stopped', false],
  ['shutting-down', false],
  ['terminated', false],
] as const)
  test(`the state decides, not the call: ${state} ${counts ? 'counts' : 'does not count'}`, async () => {
    const { ids, reason } = await resolve((seed, { inner }) => web(seed, inner, { state }), {
      subjects: [instance('i-0aa')],
    });
    assert.deepEqual(ids, counts ? ['eni-0aa'] : []);
    if (!counts) assert.match(reason('eni-0aa'), new RegExp(state));
  });

test("the firewall's own interfaces never count, however it is configured", async () => {
  for (const firewallTargets of [[firewall], [firewallInterface]]) {
    const { ids, reason } = await resolve(() => undefined, { subjects: [instance(firewall)] }, { firewallTargets });
    assert.deepEqual(ids, []);
    assert.match(reason(firewallInterface), /firewall’s own/);
    assert.match(reason('eni-0f0f0f0f0f0f0f0f1'), /firewall’s own/);
  }
});

const managed = (seed: AccountSeed, vpcId: string, inner: string) => {
  const web = seed.group({ id: 'sg-0a', vpcId, name: 'web' });
  seed.interface({
    id: 'eni-01b',
    subnetId: inner,
    groupIds: [web],
    type: 'network_load_balancer',
    requesterId: 'amazon-elb',
  });
  seed.interface({ id: 'eni-01d', subnetId: inner, groupIds: [web], type: 'interface', requesterId: 'amazon-rds' });
  seed.interface({
    id: 'eni-01e',
    subnetId: inner,
    groupIds: [web],
    type: 'gateway_load_balancer_endpoint',
    requesterId: 'amazon',
  });
  seed.interface({ id: 'eni-01f', subnetId: inner, groupIds: [web] });
};

test('interfaces of load balancers, databases and endpoints are left out, and so are free ones', async () => {
  const { ids, reason } = await resolve((seed, { vpcId, inner }) => managed(seed, vpcId, inner), {
    subjects: [group('sg-0a')],
  });
  assert.deepEqual(ids, []);
  assert.match(reason('eni-01b'), /AWS service \(amazon-elb\)/);
  assert.match(reason('eni-01d'), /AWS service \(amazon-rds\)/);
  assert.match(reason('eni-01f'), /attached to no instance/);
});

test('interfaces of services are included by a setting, those that carry the traffic of others never', async () => {
  const { ids, interfaces } = await resolve(
    (seed, { vpcId, inner }) => managed(seed, vpcId, inner),
    { subjects: [group('sg-0a')] },
    { serviceInterfaces: 'include' },
  );
  assert.deepEqual(ids, ['eni-01b', 'eni-01d']);
  assert.equal(interfaces[0]?.instance, 'eni-01b');
});

test('the interface of a pod is included by the setting as well, and its reason is true where it is left out', async () => {
  const branch = (seed: AccountSeed, inner: string) =>
    void seed.interface({ id: 'eni-01b', subnetId: inner, type: 'branch' });
  const left = await resolve((seed, { inner }) => branch(seed, inner), {
    subjects: [{ kind: 'interface', id: 'eni-01b' }],
  });
  assert.deepEqual(left.ids, []);
  assert.equal(
    left.reason('eni-01b'),
    'a branch interface, not of an instance: only SERVICE_INTERFACES=include protects it',
  );
  const { ids } = await resolve(
    (seed, { inner }) => branch(seed, inner),
    { subjects: [{ kind: 'interface', id: 'eni-01b' }] },
    { serviceInterfaces: 'include' },
  );
  assert.deepEqual(ids, ['eni-01b']);
});

test('an interface that carries the traffic of others is left out for that, whatever the setting', async () => {
  for (const serviceInterfaces of ['include', 'leave-out'] as const) {
    const { reason } = await resolve(
      (seed, { vpcId, inner }) => managed(seed, vpcId, inner),
      { subjects: [group('sg-0a')] },
      { serviceInterfaces },
    );
    assert.equal(reason('eni-01e'), 'an interface of an AWS service (amazon) that carries the traffic of others');
  }
});

test('an instance, a group and a group without members are each said to be so', async () => {
  const { reason } = await resolve((seed, { vpcId }) => void seed.group({ id: 'sg-0b', vpcId, name: 'empty' }), {
    subjects: [
      instance('i-0dead0000000000ff'),
      { kind: 'interface', id: 'eni-0dead0000000000ff' },
      group('sg-0dead0000000000ff'),
      group('sg-0b'),
    ],
  });
  assert.equal(reason('eni-0dead0000000000ff'), 'EC2 does not know this interface');
  assert.equal(reason('i-0dead0000000000ff'), 'EC2 does not know this instance');
  assert.equal(reason('sg-0dead0000000000ff'), 'EC2 does not know this security group');
  assert.equal(reason('sg-0b'), 'no network interface carries this group');
});

test('a resync finds every interface behind the firewall and asks for no other', async () => {
  const { ids, calls } = await resolve(
    (seed, { vpcId, mainRouteTableId, inner }) => {
      seed.route(mainRouteTableId, { destination: '0.0.0.0/0', target: firewallInterface });
      web(seed, inner);
      seed.instance({
        id: 'i-0bb',
        interfaces: [{ id: 'eni-0bb', subnetId: seed.subnet({ vpcId, cidr: '10.0.2.0/24' }) }],
      });
      const elsewhere = seed.vpc({ cidrs: ['10.9.0.0/16'] });
      seed.instance({ interfaces: [{ subnetId: seed.subnet({ vpcId: elsewhere.vpcId, cidr: '10.9.0.0/24' }) }] });
    },
    { subjects: [everything] },
  );
  assert.deepEqual(ids, ['eni-0aa', 'eni-0bb']);
  assert.deepEqual(
    calls.toSorted(),
    [
      'DescribeInstances',
      'DescribeNetworkInterfaces',
      'DescribeRouteTables',
      'DescribeSubnets',
      'DescribeVpcs',
      'DescribeSecurityGroupRules',
    ].toSorted(),
  );
});

const recorded = (id: string, holder: string, address: string) => ({ interface: id, instance: holder, address });

const goneCases: Readonly<
  Record<
    string,
    {
      readonly arrange: (seed: AccountSeed, vpc: ReturnType<typeof protectedVpc>) => void;
      readonly how: string | null;
      readonly vanished: boolean;
    }
  >
> = {
  'its instance is stopped': {
    arrange: (seed, { inner }) => web(seed, inner, { state: 'stopped' }),
    how: 'stopped',
    vanished: false,
  },
  'its instance is terminated and the interface gone with it': {
    arrange: (seed) => seed.instance({ id: 'i-0aa', state: 'terminated', interfaces: [] }),
    how: 'terminated',
    vanished: false,
  },
  'its instance is running but the interface is gone': {
    arrange: (seed, { inner }) => seed.instance({ id: 'i-0aa', interfaces: [{ id: 'eni-0ab', subnetId: inner }] }),
    how: 'deleted',
    vanished: false,
  },
  'EC2 knows neither instance nor interface': { arrange: () => undefined, how: 'absent', vanished: true },
  'the interface is attached to nothing': {
    arrange: (seed, { inner }) => seed.interface({ id: 'eni-0aa', subnetId: inner, address: '10.0.1.20' }),
    how: 'detached',
    vanished: false,
  },
  'the subnet no longer routes through the firewall': {
    arrange: (seed, { outer }) => web(seed, outer),
    how: 'not routed',
    vanished: true,
  },
  'the route through the firewall is a blackhole: the firewall is away': {
    arrange: (seed, { vpcId }) => {
      const subnetId = seed.subnet({ vpcId, cidr: '10.0.3.0/24' });
      seed.routeTable({
        vpcId,
        subnetIds: [subnetId],
        routes: [{ destination: '0.0.0.0/0', target: firewallInterface, blackhole: true }],
      });
      web(seed, subnetId);
    },
    how: 'away',
    vanished: false,
  },
  'it is of a service, and the setting leaves those out': {
    arrange: (seed, { inner }) =>
      seed.interface({ id: 'eni-0aa', subnetId: inner, address: '10.0.1.20', requesterId: 'amazon-elb' }),
    how: 'setting',
    vanished: true,
  },
  'nothing has happened': { arrange: (seed, { inner }) => web(seed, inner), how: null, vanished: false },
};

for (const [title, { arrange, how, vanished }] of Object.entries(goneCases))
  test(`a recorded interface is in scope and told apart: ${title}`, async () => {
    const { gone } = await resolve(arrange, { recorded: [recorded('eni-0aa', 'i-0aa', '10.0.1.20/32')] });
    assert.deepEqual(
      gone.map((each) => ({ how: each.how, vanished: each.vanished })),
      how === null ? [] : [{ how, vanished }],
    );
  });

test('an address whose family is no longer routed through the firewall is reported by itself', async () => {
  const { gone, ids } = await resolve(
    (seed, { vpcId }) => {
      const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24', ipv6Cidrs: ['2001:db8:0:2::/64'] });
      seed.routeTable({
        vpcId,
        subnetIds: [subnetId],
        routes: [{ destination: '0.0.0.0/0', target: firewallInterface }],
      });
      seed.instance({
        id: 'i-0aa',
        interfaces: [{ id: 'eni-0aa', subnetId, address: '10.0.2.20', ipv6Addresses: ['2001:db8:0:2::20'] }],
      });
    },
    { recorded: [recorded('eni-0aa', 'i-0aa', '10.0.2.20/32'), recorded('eni-0aa', 'i-0aa', '2001:db8:0:2::20/128')] },
  );
  assert.deepEqual(ids, ['eni-0aa']);
  assert.deepEqual(
    gone.map(({ how, addresses }) => ({ how, addresses })),
    [{ how: 'not routed', addresses: ['2001:db8:0:2::20/128'] }],
  );
});

test('an address that an interface has given up is no sign of a lost route', async () => {
  const { gone } = await resolve(
    (seed, { vpcId }) => {
      const subnetId = seed.subnet({ vpcId, cidr: '10.0.2.0/24', ipv6Cidrs: ['2001:db8:0:2::/64'] });
      seed.routeTable({
        vpcId,
        subnetIds: [subnetId],
        routes: [{ destination: '0.0.0.0/0', target: firewallInterface }],
      });
      seed.instance({ id: 'i-0aa', interfaces: [{ id: 'eni-0aa', subnetId, address: '10.0.2.20' }] });
    },
    { recorded: [recorded('eni-0aa', 'i-0aa', '2001:db8:0:2::20/128'), recorded('eni-0aa', 'i-0aa', '10.0.2.21/32')] },
  );
  assert.deepEqual(gone, []);
});

test('the new holder of a recorded address comes into scope', async () => {
  const { ids, gone } = await resolve(
    (seed, { inner }) =>
      seed.instance({ id: 'i-0bb', interfaces: [{ id: 'eni-0bb', subnetId: inner, address: '10.0.1.20' }] }),
    { recorded: [recorded('eni-0aa', 'i-0aa', '10.0.1.20/32')] },
  );
  assert.deepEqual(ids, ['eni-0bb']);
  assert.deepEqual(
    gone.map((each) => each.interface),
    ['eni-0aa'],
  );
});

for (const [title, { address = '10.0.1.20/32', vpcs, expected }] of Object.entries({
  'in its VPC: it has moved, which EC2 shows': { vpcs: (own: string) => [own], expected: [['elsewhere', false]] },
  'in another VPC: it may have vanished': { vpcs: () => ['vpc-0e'], expected: [['absent', true]] },
  'and its record names no VPC: it may have vanished': { vpcs: () => [], expected: [['absent', true]] },
  'for a part only: it may have vanished': {
    address: '10.0.1.16/28',
    vpcs: (own: string) => [own],
    expected: [['absent', true]],
  },
} as Record<string, { address?: string; vpcs: (own: string) => readonly string[]; expected: readonly unknown[] }>))
  test(`what was recorded of an interface that EC2 does not show is now another's ${title}`, async () => {
    const seed = newSeed();
    const { vpcId, inner } = protectedVpc(seed);
    seed.instance({ id: 'i-0bb', interfaces: [{ id: 'eni-0bb', subnetId: inner, address: '10.0.1.20' }] });
    const [vpc] = vpcs(vpcId);
    const one = { ...recorded('eni-0aa', 'i-0aa', address), ...(vpc === undefined ? {} : { vpc }) };
    const { resolved } = await derive(worldOf(seed.build()).reads, { recorded: [one] });
    assert.deepEqual(
      resolved.gone.map(({ how, vanished }) => [how, vanished]),
      expected,
    );
  });

/** A second VPC with the ranges of the first, in which an interface has the address 10.0.1.20 as well. */
const twin = (seed: AccountSeed) => {
  const { vpcId } = seed.vpc({ id: 'vpc-0e', cidrs: ['10.0.0.0/16'] });
  const subnetId = seed.subnet({ id: 'subnet-0e', vpcId, cidr: '10.0.1.0/24' });
  seed.endpoint({ id: 'vpce-0a', vpcId, type: 'GatewayLoadBalancer', serviceName: 'firewall' });
  seed.routeTable({ vpcId, subnetIds: [subnetId], routes: [{ destination: '0.0.0.0/0', target: 'vpce-0a' }] });
  seed.instance({ id: 'i-0ee', interfaces: [{ id: 'eni-0ee', subnetId, address: '10.0.1.20' }] });
};

for (const [title, { one, shown, inScope, alone }] of Object.entries({
  'an interface that EC2 shows in another VPC is no holder of it': {
    one: recorded('eni-0aa', 'i-0aa', '10.0.1.20/32'),
    shown: true,
    inScope: ['eni-0ee'],
    alone: [],
  },
  'an interface recorded in another VPC is none either, though EC2 does not show it any more': {
    one: { ...recorded('eni-0aa', 'i-0aa', '10.0.1.20/32'), vpc: 'vpc-0a' },
    shown: false,
    inScope: ['eni-0ee'],
    alone: [],
  },
  'where nothing tells the VPC any more, the address alone decides, and that is said': {
    one: recorded('eni-0aa', 'i-0aa', '10.0.1.20/32'),
    shown: false,
    inScope: ['eni-0aa', 'eni-0ee'],
    alone: [
      '10.0.1.20/32 of eni-0aa, now of eni-0ee: by the address alone, since EC2 does not show any more in which VPC it was',
    ],
  },
  'one in the same VPC belongs to the scope': {
    one: { ...recorded('eni-0aa', 'i-0aa', '10.0.1.20/32'), vpc: 'vpc-0e' },
    shown: false,
    inScope: ['eni-0aa', 'eni-0ee'],
    alone: [],
  },
}))
  test(`an address is one of its VPC: ${title}`, async () => {
    const resolved = await resolve(
      (seed, { inner }) => {
        twin(seed);
        if (shown) web(seed, inner);
      },
      { subjects: [instance('i-0ee')], recorded: [], held: [one] },
      { firewallTargets: [firewall, 'vpce-0a'] },
    );
    assert.deepEqual(resolved.inScope, inScope);
    assert.deepEqual(resolved.byAddressAlone, alone);
  });
