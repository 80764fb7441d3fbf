import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNamed } from '../../../shared/domain/errors.ts';
import { newSeed, protectedVpc, worldOf } from './ec2-world.ts';

const manyInstances = (count: number) => {
  const seed = newSeed();
  const { vpcId } = seed.vpc({ cidrs: ['10.0.0.0/16'] });
  const subnetId = seed.subnet({ vpcId, cidr: '10.0.0.0/20' });
  const groupId = seed.group({ vpcId, name: 'web' });
  const ids = Array.from({ length: count }, () => seed.instance({ interfaces: [{ subnetId, groupIds: [groupId] }] }));
  return { account: seed.build(), ids, groupId, vpcId };
};

test('reads take every page, at most 200 ids a call', async () => {
  const { account, ids } = manyInstances(450);
  const { reads, endpoint } = worldOf(account, () => ({ largestPage: 70 }));
  const instances = await reads.instances(ids);
  assert.deepEqual(
    instances.map(({ id }) => id),
    ids.toSorted(),
  );
  // 200 + 200 + 50 ids in pages of 70.
  assert.equal(endpoint.calls.length, 3 + 3 + 1);
});

test('members of a group are asked for by the group, not by listing the region', async () => {
  const { account, groupId } = manyInstances(12);
  const { reads, endpoint } = worldOf(account);
  assert.equal((await reads.interfacesOfGroups([groupId])).length, 12);
  assert.deepEqual(endpoint.calls, ['DescribeNetworkInterfaces']);
});

test('ids EC2 does not know are missing from the answer and spoil nothing', async () => {
  const { account, ids, groupId } = manyInstances(2);
  const { reads } = worldOf(account);
  assert.equal((await reads.instances([...ids, 'i-0dead0000000000ff'])).length, 2);
  assert.deepEqual(await reads.interfaces(['eni-0dead0000000000ff']), []);
  assert.deepEqual(await reads.prefixLists(['pl-0dead0000000000ff']), []);
  assert.deepEqual(
    (await reads.groups([groupId, 'sg-0dead0000000000ff'])).map(({ id }) => id),
    [groupId],
  );
  assert.equal(await reads.holderOfInterface('eni-0dead0000000000ff'), null);
});

test('nothing to ask is no call', async () => {
  const { reads, endpoint } = worldOf(manyInstances(1).account);
  await reads.instances([]);
  await reads.interfacesWithAddresses([]);
  await reads.groupRules([]);
  await reads.prefixLists([]);
  assert.deepEqual(endpoint.calls, []);
});

test('throttling is AwsBusy, a missing permission AwsDenied that names it', async () => {
  const { account, ids } = manyInstances(1);
  await assert.rejects(worldOf(account, () => ({ throttleEvery: 1 })).reads.instances(ids), (error) =>
    isNamed(error, 'AwsBusy'),
  );
  await assert.rejects(
    worldOf(account, () => ({ denied: ['DescribeRouteTables'] })).reads.allRouteTables(),
    (error) => isNamed(error, 'AwsDenied') && error.message.includes('ec2:DescribeRouteTables'),
  );
});

test('an interface shows its primary, secondary and IPv6 addresses and its delegated prefixes', async () => {
  const seed = newSeed();
  const { inner } = protectedVpc(seed);
  const id = seed.instance({
    interfaces: [
      {
        subnetId: inner,
        address: '10.0.1.20',
        secondaryAddresses: ['10.0.1.21'],
        ipv6Addresses: ['2001:db8:0:1::20'],
        ipv4Prefixes: ['10.0.1.64/28'],
        ipv6Prefixes: ['2001:db8:0:1:a::/80'],
      },
    ],
  });
  const { reads } = worldOf(seed.build());
  const [instance] = await reads.instances([id]);
  const [fromInstance] = instance?.interfaces ?? [];
  assert.deepEqual(fromInstance?.addresses, [
    '10.0.1.20/32',
    '10.0.1.21/32',
    '10.0.1.64/28',
    '2001:db8:0:1::20/128',
    '2001:db8:0:1:a::/80',
  ]);
  const [fromInterface] = await reads.interfaces([fromInstance?.id ?? '']);
  assert.deepEqual(fromInterface, fromInstance);
});

test('the holder of a secondary or IPv6 address is found', async () => {
  const seed = newSeed();
  const { inner } = protectedVpc(seed);
  seed.instance({
    interfaces: [
      {
        id: 'eni-0a',
        subnetId: inner,
        address: '10.0.1.20',
        secondaryAddresses: ['10.0.1.21'],
        ipv6Addresses: ['2001:db8:0:1::20'],
      },
    ],
  });
  const { reads } = worldOf(seed.build());
  for (const address of ['10.0.1.20/32', '10.0.1.21/32', '2001:db8:0:1::20/128'])
    assert.deepEqual(
      (await reads.interfacesWithAddresses([address])).map(({ id }) => id),
      ['eni-0a'],
      address,
    );
  assert.deepEqual(await reads.interfacesWithAddresses(['10.0.1.99/32', '10.0.1.64/28']), []);
  assert.deepEqual(
    (await reads.interfacesWithAddresses(['10.0.1.16/28'])).map(({ id }) => id),
    ['eni-0a'],
    'an address of a prefix',
  );
});

test('a group is found by its exact name, in every VPC', async () => {
  const seed = newSeed();
  const one = seed.vpc({ cidrs: ['10.0.0.0/16'] });
  const two = seed.vpc({ cidrs: ['10.1.0.0/16'] });
  seed.group({ id: 'sg-0a', vpcId: one.vpcId, name: 'web*' });
  seed.group({ id: 'sg-0b', vpcId: two.vpcId, name: 'web*' });
  seed.group({ id: 'sg-0c', vpcId: two.vpcId, name: 'website' });
  assert.deepEqual(await worldOf(seed.build()).reads.groupsNamed('web*'), ['sg-0a', 'sg-0b']);
});

test('a prefix list is read with its version and all its entries, however many pages', async () => {
  const seed = newSeed();
  const { vpcId } = seed.vpc({ cidrs: ['10.0.0.0/16'] });
  const entries = Array.from({ length: 240 }, (_, index) => `198.18.${index}.0/24`);
  const list = seed.prefixList({ name: 'partners', entries });
  seed.group({ id: 'sg-0a', vpcId, name: 'web', ingress: [{ protocol: 'tcp', from: 443, sources: [list] }] });
  const { reads } = worldOf(seed.build(), () => ({ largestPage: 30 }));
  const [read] = await reads.prefixLists([list]);
  assert.equal(read?.version, 1);
  assert.deepEqual(read?.entries, entries.toSorted());
  assert.deepEqual(await reads.groupsWithPrefixList(list), ['sg-0a']);
});

test('egress rules of a group are not read as grants', async () => {
  const seed = newSeed();
  const { vpcId } = seed.vpc({ cidrs: ['10.0.0.0/16'] });
  const group = seed.group({
    vpcId,
    name: 'web',
    ingress: [{ protocol: 'tcp', from: 22, sources: ['198.51.100.0/24'] }],
  });
  const bare = seed.group({ vpcId, name: 'bare', ingress: [] });
  const { rules, unreadable, shown } = await worldOf(seed.build()).reads.groupRules([
    group,
    bare,
    'sg-0123456789abcdef0',
  ]);
  assert.deepEqual(shown, [group, bare].toSorted(), 'a group without ingress rules has one for egress');
  assert.deepEqual(
    rules.map(({ protocol, fromPort, toPort, source }) => ({ protocol, fromPort, toPort, source })),
    [{ protocol: 'tcp', fromPort: 22, toPort: 22, source: { kind: 'cidr', cidr: '198.51.100.0/24' } }],
  );
  assert.deepEqual(unreadable, []);
});

test('answers are in the order of ids, whatever the order EC2 gives', async () => {
  const { account, ids } = manyInstances(9);
  const shuffled = { ...account, instances: new Map([...account.instances].toReversed()) };
  const order = (await worldOf(shuffled).reads.instances(ids)).map(({ id }) => id);
  assert.deepEqual(order, ids.toSorted());
});
