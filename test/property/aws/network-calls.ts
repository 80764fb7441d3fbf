import * as ec2 from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { instanceId, interfaceId } from './random-accounts.ts';

type Call = (client: ec2.EC2Client) => Promise<unknown>;

const table = fc.constantFrom('rtb-00', 'rtb-01', 'rtb-02');
const place = fc.tuple(fc.nat(3), fc.nat(1)).map(([index, position]) => interfaceId(index, position));

const tables = async (client: ec2.EC2Client) =>
  (await client.send(new ec2.DescribeRouteTablesCommand({}))).RouteTables ?? [];

/** An explicit association of a subnet, the nth there is. */
const nthAssociation = async (client: ec2.EC2Client, nth: number) => {
  const all = (await tables(client)).flatMap(({ Associations = [] }) =>
    Associations.filter(({ Main }) => Main !== true),
  );
  return all[nth % Math.max(1, all.length)];
};

/** Calls on addresses, attachments, associations, ranges and versions. Some will fail: those must change nothing. */
export const networkCalls: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(place, fc.constantFrom('10.0.0.200', '10.0.1.200', '10.0.2.200')).map(
    ([NetworkInterfaceId, address]): Call =>
      (client) =>
        client.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: [address] })),
  ),
  place.map(
    (NetworkInterfaceId): Call =>
      async (client) => {
        const answer = await client.send(
          new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
        );
        const secondary = answer.NetworkInterfaces?.[0]?.PrivateIpAddresses?.find(({ Primary }) => Primary !== true);
        return secondary?.PrivateIpAddress === undefined
          ? null
          : client.send(
              new ec2.UnassignPrivateIpAddressesCommand({
                NetworkInterfaceId,
                PrivateIpAddresses: [secondary.PrivateIpAddress],
              }),
            );
      },
  ),
  fc.tuple(place, fc.nat(3).map(instanceId)).map(
    ([NetworkInterfaceId, InstanceId]): Call =>
      (client) =>
        client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 7 })),
  ),
  fc.tuple(fc.nat(5), table).map(
    ([nth, RouteTableId]): Call =>
      async (client) => {
        const found = await nthAssociation(client, nth);
        return found === undefined
          ? null
          : client.send(
              new ec2.ReplaceRouteTableAssociationCommand({
                AssociationId: found.RouteTableAssociationId,
                RouteTableId,
              }),
            );
      },
  ),
  fc.tuple(fc.nat(5), table).map(
    ([nth, RouteTableId]): Call =>
      async (client) => {
        const found = await nthAssociation(client, nth);
        if (found === undefined) return null;
        await client.send(new ec2.DisassociateRouteTableCommand({ AssociationId: found.RouteTableAssociationId }));
        return client.send(new ec2.AssociateRouteTableCommand({ RouteTableId, SubnetId: found.SubnetId }));
      },
  ),
  fc.constantFrom('198.51.0.0/17', '198.51.100.0/24', '100.64.0.0/16').map(
    (CidrBlock): Call =>
      async (client) => {
        const [vpc] = (await client.send(new ec2.DescribeVpcsCommand({}))).Vpcs ?? [];
        return client.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: vpc?.VpcId, CidrBlock }));
      },
  ),
  fc.constant<Call>(async (client) => {
    const [vpc] = (await client.send(new ec2.DescribeVpcsCommand({}))).Vpcs ?? [];
    const ranges = vpc?.CidrBlockAssociationSet?.filter(({ CidrBlockState }) => CidrBlockState?.State === 'associated');
    return client.send(new ec2.DisassociateVpcCidrBlockCommand({ AssociationId: ranges?.at(-1)?.AssociationId }));
  }),
  fc.constantFrom('pl-0a', 'pl-0b').map(
    (PrefixListId): Call =>
      async (client) => {
        const answer = await client.send(new ec2.DescribeManagedPrefixListsCommand({ PrefixListIds: [PrefixListId] }));
        const CurrentVersion = answer.PrefixLists?.[0]?.Version;
        return client.send(
          new ec2.RestoreManagedPrefixListVersionCommand({ PrefixListId, PreviousVersion: 1, CurrentVersion }),
        );
      },
  ),
);
