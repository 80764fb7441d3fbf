import { randomUUID } from 'node:crypto';
import * as ec2 from '@aws-sdk/client-ec2';
import { createEc2Reads, type Ec2Reads } from '../../../shared/aws/ec2/ec2.ts';
import { createEc2 } from '../../local/ec2/endpoint.ts';
import { seedAccount } from '../../local/ec2/seed.ts';
import { inProcessHandler } from '../../local/http.ts';

export const region = 'eu-central-1';
/** moto's own account. */
export const ownerId = '123456789012';

/** One emulator of EC2, and a name for each thing in it that has an id of its own there. */
export interface Side {
  readonly client: ec2.EC2Client;
  readonly reads: Ec2Reads;
  readonly names: Map<string, string>;
  /** An address of the inner subnet that nothing has. */
  readonly freeIpv6: string;
  /** The id behind a name. */
  readonly id: (name: string) => string;
}

const sideOf = (client: ec2.EC2Client, names: Map<string, string>, freeIpv6: string): Side => ({
  freeIpv6,
  client,
  reads: createEc2Reads(client),
  names,
  id: (name) => {
    for (const [id, known] of names) if (known === name) return id;
    throw new Error(`Nothing is named ${name}`);
  },
});

const found = <Value>(value: Value | undefined, what: string): Value => {
  if (value === undefined) throw new Error(`moto made no ${what}`);
  return value;
};

/**
 * The ground of both accounts: a VPC of both families, three subnets, two route tables, a prefix list. moto makes it, and
 * the embedded endpoint, which takes no such calls, is given the same with the same ids.
 */
export const twoAccounts = async (motoUrl: string): Promise<{ readonly moto: Side; readonly ours: Side }> => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new ec2.EC2Client({ region, endpoint: motoUrl, credentials, maxAttempts: 1 });
  const { Vpc } = await client.send(
    new ec2.CreateVpcCommand({ CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true }),
  );
  const vpcId = found(Vpc?.VpcId, 'VPC');
  await client.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: vpcId, CidrBlock: '10.1.0.0/16' }));
  const { Vpcs } = await client.send(new ec2.DescribeVpcsCommand({ VpcIds: [vpcId] }));
  const ipv6 = found(Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock, 'IPv6 block');
  const subnetCidrs = { outer: '10.0.0.0/24', inner: '10.0.1.0/24', other: '10.1.2.0/24' } as const;
  const subnets = new Map<string, string>();
  const ipv6OfInner = ipv6.replace(/\/\d+$/, '/64');
  const ipv6Of = (name: string): string | undefined => (name === 'inner' ? ipv6OfInner : undefined);
  for (const [name, CidrBlock] of Object.entries(subnetCidrs)) {
    const { Subnet } = await client.send(
      new ec2.CreateSubnetCommand({ VpcId: vpcId, CidrBlock, Ipv6CidrBlock: ipv6Of(name) }),
    );
    subnets.set(name, found(Subnet?.SubnetId, 'subnet'));
  }
  const subnetId = (name: keyof typeof subnetCidrs): string => subnets.get(name) ?? '';
  const table = async (): Promise<string> =>
    found((await client.send(new ec2.CreateRouteTableCommand({ VpcId: vpcId }))).RouteTable?.RouteTableId, 'table');
  const innerTable = await table();
  const outerTable = await table();
  await client.send(new ec2.AssociateRouteTableCommand({ RouteTableId: outerTable, SubnetId: subnetId('outer') }));
  const { InternetGateway } = await client.send(new ec2.CreateInternetGatewayCommand({}));
  const gateway = found(InternetGateway?.InternetGatewayId, 'internet gateway');
  await client.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpcId }));
  const { PrefixList } = await client.send(
    new ec2.CreateManagedPrefixListCommand({
      PrefixListName: 'offices',
      AddressFamily: 'IPv4',
      MaxEntries: 10,
      Entries: [{ Cidr: '192.0.2.0/24' }, { Cidr: '198.51.100.0/25', Description: 'south' }],
    }),
  );
  const prefixListId = found(PrefixList?.PrefixListId, 'prefix list');
  const { RouteTables } = await client.send(
    new ec2.DescribeRouteTablesCommand({
      Filters: [
        { Name: 'vpc-id', Values: [vpcId] },
        { Name: 'association.main', Values: ['true'] },
      ],
    }),
  );
  const mainTable = found(RouteTables?.[0]?.RouteTableId, 'main table');
  const { SecurityGroups } = await client.send(
    new ec2.DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  );
  const defaultGroup = found(SecurityGroups?.[0]?.GroupId, 'default group');

  const seed = seedAccount({ ownerId, region, newId: () => randomUUID(), now: () => Date.now() });
  seed.vpc({
    id: vpcId,
    cidrs: ['10.0.0.0/16', '10.1.0.0/16'],
    ipv6Cidrs: [ipv6],
    mainRouteTableId: mainTable,
    defaultGroupId: defaultGroup,
  });
  for (const [name, cidr] of Object.entries(subnetCidrs)) {
    const block = ipv6Of(name);
    seed.subnet({ id: subnets.get(name) ?? '', vpcId, cidr, ...(block === undefined ? {} : { ipv6Cidrs: [block] }) });
  }
  seed.routeTable({ id: innerTable, vpcId });
  seed.routeTable({ id: outerTable, vpcId, subnetIds: [subnetId('outer')] });
  seed.prefixList({ id: prefixListId, name: 'offices', entries: ['192.0.2.0/24', '198.51.100.0/25'], maxEntries: 10 });
  const endpoint = createEc2({
    account: seed.build(),
    now: () => Date.now(),
    newId: () => randomUUID(),
    timing: { pendingMilliseconds: 0, stoppingMilliseconds: 0, shuttingDownMilliseconds: 0 },
  });
  const freeIpv6 = ipv6.replace(/\/\d+$/, '11');
  const shared = new Map([
    [vpcId, 'vpc'],
    [mainTable, 'main-table'],
    [innerTable, 'inner-table'],
    [outerTable, 'outer-table'],
    [gateway, 'igw-gateway'],
    [prefixListId, 'pl-offices'],
    [defaultGroup, 'default-group'],
    ...[...subnets].map(([name, id]) => [id, `subnet-${name}`] as const),
  ]);
  return {
    moto: sideOf(client, new Map(shared), freeIpv6),
    ours: sideOf(
      new ec2.EC2Client({ region, credentials, requestHandler: inProcessHandler(endpoint.respond) as never }),
      new Map(shared),
      freeIpv6,
    ),
  };
};
