import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ec2 from '@aws-sdk/client-ec2';
import type { BusEvent } from '../../local/bus-event.ts';
import { createEc2 } from '../../local/ec2/endpoint.ts';
import { inProcessHandler } from '../../local/http.ts';
import { countedIds, idsOfCalls, newSeed, now } from '../aws/ec2-world.ts';

/** Two interfaces in one subnet, the first with a secondary address, and a prefix list of one entry. */
const world = (timing: { readonly prefixListMilliseconds?: number; readonly rangeMilliseconds?: number } = {}) => {
  const seed = newSeed();
  const { vpcId } = seed.vpc({ id: 'vpc-0a', cidrs: ['10.0.0.0/16'], mainRouteTableId: 'rtb-0a' });
  const subnetId = seed.subnet({ id: 'subnet-0a', vpcId, cidr: '10.0.1.0/24' });
  seed.interface({ id: 'eni-0a', subnetId, address: '10.0.1.10', secondaryAddresses: ['10.0.1.20'] });
  seed.interface({ id: 'eni-0b', subnetId, address: '10.0.1.11' });
  seed.prefixList({ id: 'pl-0a', name: 'partners', entries: ['192.0.2.0/24'] });
  let clock = now;
  const events: BusEvent[] = [];
  const endpoint = createEc2({
    account: seed.build(),
    now: () => clock,
    newId: countedIds(idsOfCalls),
    timing,
    emit: (event) => void events.push(event),
  });
  const client = new ec2.EC2Client({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'EXAMPLE', secretAccessKey: 'EXAMPLE' },
    endpoint: 'http://127.0.0.1',
    maxAttempts: 1,
    requestHandler: inProcessHandler(endpoint.respond),
  });
  const list = async () => {
    const answer = await client.send(new ec2.DescribeManagedPrefixListsCommand({ PrefixListIds: ['pl-0a'] }));
    const { State, Version } = answer.PrefixLists?.[0] ?? {};
    const { Entries = [] } = await client.send(new ec2.GetManagedPrefixListEntriesCommand({ PrefixListId: 'pl-0a' }));
    return [State, Version, Entries.map(({ Cidr }) => Cidr)];
  };
  const range = async () => {
    const answer = await client.send(new ec2.DescribeVpcsCommand({ VpcIds: ['vpc-0a'] }));
    return answer.Vpcs?.[0]?.CidrBlockAssociationSet?.map((one) => [one.CidrBlock, one.CidrBlockState?.State]);
  };
  const addresses = async (id: string) => {
    const answer = await client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }));
    return answer.NetworkInterfaces?.[0]?.PrivateIpAddresses?.map((one) => one.PrivateIpAddress);
  };
  return { client, events, list, range, addresses, later: (milliseconds: number) => (clock += milliseconds) };
};

const add = (CurrentVersion: number) =>
  new ec2.ModifyManagedPrefixListCommand({
    PrefixListId: 'pl-0a',
    CurrentVersion,
    AddEntries: [{ Cidr: '198.51.100.0/24' }],
  });

test('a prefix list shows its earlier version while a change is in progress, and can be changed by nothing else', async () => {
  const { client, list, later } = world({ prefixListMilliseconds: 5_000 });
  await client.send(add(1));
  assert.deepEqual(await list(), ['modify-in-progress', 1, ['192.0.2.0/24']]);
  await assert.rejects(client.send(add(1)), { name: 'IncorrectState' });
  later(5_000);
  assert.deepEqual(await list(), ['modify-complete', 2, ['192.0.2.0/24', '198.51.100.0/24']]);
});

test('restoring a version of a prefix list makes a new one with its entries', async () => {
  const { client, list, later } = world({ prefixListMilliseconds: 5_000 });
  await client.send(add(1));
  later(5_000);
  const restore = (CurrentVersion: number, PreviousVersion = 1) =>
    client.send(
      new ec2.RestoreManagedPrefixListVersionCommand({ PrefixListId: 'pl-0a', PreviousVersion, CurrentVersion }),
    );
  await assert.rejects(restore(1), { name: 'PrefixListVersionMismatch' });
  await assert.rejects(restore(2, 7), { name: 'InvalidParameterValue' });
  await restore(2);
  assert.deepEqual(await list(), ['restore-in-progress', 2, ['192.0.2.0/24', '198.51.100.0/24']]);
  later(5_000);
  assert.deepEqual(await list(), ['restore-complete', 3, ['192.0.2.0/24']]);
});

test('a range of a VPC is associated, and given up, in the background', async () => {
  const { client, range, later } = world({ rangeMilliseconds: 5_000 });
  const associate = (CidrBlock: string) =>
    client.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: 'vpc-0a', CidrBlock }));
  const made = await associate('10.1.0.0/16');
  assert.deepEqual((await range())?.at(-1), ['10.1.0.0/16', 'associating']);
  await assert.rejects(associate('10.1.2.0/24'), { name: 'InvalidVpc.Range' });
  later(5_000);
  assert.deepEqual((await range())?.at(-1), ['10.1.0.0/16', 'associated']);
  const giveUp = (AssociationId: string | undefined) =>
    client.send(new ec2.DisassociateVpcCidrBlockCommand({ AssociationId }));
  await giveUp(made.CidrBlockAssociation?.AssociationId);
  assert.deepEqual((await range())?.at(-1), ['10.1.0.0/16', 'disassociating']);
  later(5_000);
  assert.deepEqual((await range())?.at(-1), ['10.1.0.0/16', 'disassociated']);
  await assert.rejects(giveUp('vpc-cidr-assoc-0ff'), { name: 'InvalidVpcCidrBlockAssociationID.NotFound' });
  const { Vpcs } = await client.send(new ec2.DescribeVpcsCommand({}));
  await assert.rejects(giveUp(Vpcs?.[0]?.CidrBlockAssociationSet?.[0]?.AssociationId), {
    name: 'OperationNotPermitted',
  });
});

test('an address that another interface holds is moved only with reassignment, and a primary one never', async () => {
  const { client, events, addresses } = world();
  const assign = (address: string, AllowReassignment?: boolean) =>
    client.send(
      new ec2.AssignPrivateIpAddressesCommand({
        NetworkInterfaceId: 'eni-0b',
        PrivateIpAddresses: [address],
        AllowReassignment,
      }),
    );
  await assert.rejects(assign('10.0.1.20'), { name: 'InvalidIPAddress.InUse' });
  await assert.rejects(assign('10.0.1.10', true), { name: 'InvalidIPAddress.InUse' });
  await assert.rejects(assign('10.0.2.20', true), { name: 'InvalidParameterValue' });
  await assign('10.0.1.20', true);
  assert.deepEqual(await addresses('eni-0a'), ['10.0.1.10']);
  assert.deepEqual(await addresses('eni-0b'), ['10.0.1.11', '10.0.1.20']);
  assert.ok(!JSON.stringify(events.at(-1)).includes('eni-0a'), 'the record names only the new interface');
});

test('a route table lists the gateways whose routes it learns', async () => {
  const { client } = world();
  const at = { RouteTableId: 'rtb-0a', GatewayId: 'vgw-0a' };
  const learns = async () =>
    (await client.send(new ec2.DescribeRouteTablesCommand({}))).RouteTables?.[0]?.PropagatingVgws ?? [];
  await client.send(new ec2.EnableVgwRoutePropagationCommand(at));
  await client.send(new ec2.EnableVgwRoutePropagationCommand(at));
  assert.deepEqual(await learns(), [{ GatewayId: 'vgw-0a' }]);
  await client.send(new ec2.DisableVgwRoutePropagationCommand(at));
  assert.deepEqual(await learns(), []);
});
