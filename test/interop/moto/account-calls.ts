import * as ec2 from '@aws-sdk/client-ec2';
import type { Side } from './two-accounts.ts';

const named = (side: Side, id: string | undefined, name: string): string => {
  if (id === undefined) throw new Error(`No id came for ${name}`);
  side.names.set(id, name);
  return id;
};

const anywhere = (port: number, more: Partial<ec2.IpPermission> = {}): ec2.IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp: '0.0.0.0/0' }],
  ...more,
});

const group = async (side: Side, name: string): Promise<void> => {
  const made = await side.client.send(
    new ec2.CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: side.id('vpc') }),
  );
  named(side, made.GroupId, `sg-${name}`);
};

const run = async (
  side: Side,
  name: string,
  interfaces: readonly { readonly subnet: string; readonly address: string; readonly groups: readonly string[] }[],
): Promise<void> => {
  const { Instances } = await side.client.send(
    new ec2.RunInstancesCommand({
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: 't4g.small',
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: interfaces.map(({ subnet, address, groups }, DeviceIndex) => ({
        DeviceIndex,
        SubnetId: side.id(subnet),
        PrivateIpAddress: address,
        Groups: groups.map(side.id),
      })),
    }),
  );
  const id = named(side, Instances?.[0]?.InstanceId, `i-${name}`);
  const { NetworkInterfaces = [] } = await side.client.send(
    new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [id] }] }),
  );
  for (const one of NetworkInterfaces)
    named(side, one.NetworkInterfaceId, `eni-${name}-${one.Attachment?.DeviceIndex ?? '?'}`);
};

const grant = (side: Side, name: string, ...IpPermissions: ec2.IpPermission[]): Promise<unknown> =>
  side.client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: side.id(name), IpPermissions }));
const revoke = (side: Side, name: string, ...IpPermissions: ec2.IpPermission[]): Promise<unknown> =>
  side.client.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId: side.id(name), IpPermissions }));

const ruleOf = async (side: Side, groupName: string, port: number): Promise<string> => {
  const { SecurityGroupRules = [] } = await side.client.send(
    new ec2.DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [side.id(groupName)] }] }),
  );
  const id = SecurityGroupRules.find((rule) => rule.IsEgress === false && rule.FromPort === port)?.SecurityGroupRuleId;
  if (id === undefined) throw new Error(`${groupName} has no rule for port ${port}`);
  return id;
};

/** The life of an account, call by call: each is made in both, then everything that the workflow reads is compared. */
export const accountCalls: readonly (readonly [title: string, call: (side: Side) => Promise<unknown>])[] = [
  [
    'groups are made',
    async (side) => {
      for (const name of ['web', 'database', 'common']) await group(side, name);
    },
  ],
  ['a port from anywhere', (side) => grant(side, 'sg-web', anywhere(80))],
  [
    'several permissions of every kind of source in one call',
    (side) =>
      grant(
        side,
        'sg-web',
        anywhere(443, { Ipv6Ranges: [{ CidrIpv6: '::/0' }] }),
        { IpProtocol: 'tcp', FromPort: 1024, ToPort: 2048, IpRanges: [{ CidrIp: '192.0.2.0/24', Description: 'lab' }] },
        { IpProtocol: 'udp', FromPort: 53, ToPort: 53, PrefixListIds: [{ PrefixListId: side.id('pl-offices') }] },
        { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '198.51.100.7/32' }] },
        { IpProtocol: 'icmp', FromPort: 8, ToPort: -1, IpRanges: [{ CidrIp: '203.0.113.0/24' }] },
      ),
  ],
  [
    'everything from a group, and of every protocol',
    async (side) => {
      await grant(side, 'sg-database', {
        IpProtocol: 'tcp',
        FromPort: 5432,
        ToPort: 5432,
        UserIdGroupPairs: [{ GroupId: side.id('sg-web') }],
      });
      await grant(side, 'sg-common', { IpProtocol: '-1', IpRanges: [{ CidrIp: '198.51.100.0/24' }] });
      await grant(side, 'sg-common', {
        IpProtocol: '50',
        FromPort: -1,
        ToPort: -1,
        IpRanges: [{ CidrIp: '198.51.100.9/32' }],
      });
    },
  ],
  [
    'a port in the flat form',
    (side) =>
      side.client.send(
        new ec2.AuthorizeSecurityGroupIngressCommand({
          GroupId: side.id('sg-common'),
          IpProtocol: 'tcp',
          FromPort: 22,
          ToPort: 22,
          CidrIp: '10.0.0.0/8',
        }),
      ),
  ],
  [
    'a firewall with two interfaces, and servers',
    async (side) => {
      await run(side, 'firewall', [
        { subnet: 'subnet-outer', address: '10.0.0.4', groups: ['sg-common'] },
        { subnet: 'subnet-inner', address: '10.0.1.4', groups: ['sg-common'] },
      ]);
      await run(side, 'web', [{ subnet: 'subnet-inner', address: '10.0.1.11', groups: ['sg-web', 'sg-common'] }]);
      await run(side, 'database', [
        { subnet: 'subnet-inner', address: '10.0.1.12', groups: ['sg-database'] },
        { subnet: 'subnet-inner', address: '10.0.1.13', groups: ['sg-common'] },
      ]);
      await run(side, 'intranet', [{ subnet: 'subnet-other', address: '10.1.2.13', groups: ['sg-web'] }]);
    },
  ],
  [
    'the inner subnet routes through the firewall',
    async (side) => {
      await side.client.send(
        new ec2.AssociateRouteTableCommand({
          RouteTableId: side.id('inner-table'),
          SubnetId: side.id('subnet-inner'),
        }),
      );
      await side.client.send(
        new ec2.CreateRouteCommand({
          RouteTableId: side.id('inner-table'),
          DestinationCidrBlock: '0.0.0.0/0',
          NetworkInterfaceId: side.id('eni-firewall-1'),
        }),
      );
      await side.client.send(
        new ec2.CreateRouteCommand({
          RouteTableId: side.id('outer-table'),
          DestinationCidrBlock: '0.0.0.0/0',
          GatewayId: side.id('igw-gateway'),
        }),
      );
    },
  ],
  [
    'more routes: by instance, to a prefix list, of the other family',
    async (side) => {
      await side.client.send(
        new ec2.CreateRouteCommand({
          RouteTableId: side.id('main-table'),
          DestinationCidrBlock: '203.0.113.0/24',
          NetworkInterfaceId: side.id('eni-web-0'),
        }),
      );
      await side.client.send(
        new ec2.CreateRouteCommand({
          RouteTableId: side.id('inner-table'),
          DestinationIpv6CidrBlock: '::/0',
          NetworkInterfaceId: side.id('eni-firewall-1'),
        }),
      );
      await side.client.send(
        new ec2.CreateRouteCommand({
          RouteTableId: side.id('outer-table'),
          DestinationPrefixListId: side.id('pl-offices'),
          GatewayId: side.id('igw-gateway'),
        }),
      );
    },
  ],
  [
    'a route is replaced and another deleted',
    async (side) => {
      await side.client.send(
        new ec2.ReplaceRouteCommand({
          RouteTableId: side.id('main-table'),
          DestinationCidrBlock: '203.0.113.0/24',
          GatewayId: side.id('igw-gateway'),
        }),
      );
      await side.client.send(
        new ec2.DeleteRouteCommand({ RouteTableId: side.id('inner-table'), DestinationIpv6CidrBlock: '::/0' }),
      );
    },
  ],
  [
    'an instance stops',
    (side) => side.client.send(new ec2.StopInstancesCommand({ InstanceIds: [side.id('i-database')] })),
  ],
  [
    'it starts again, with one that runs already',
    (side) =>
      side.client.send(new ec2.StartInstancesCommand({ InstanceIds: [side.id('i-web'), side.id('i-database')] })),
  ],
  ['a permission is revoked', (side) => revoke(side, 'sg-web', anywhere(80))],
  [
    'half of a permission is revoked: one family of two',
    (side) =>
      revoke(side, 'sg-web', { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, Ipv6Ranges: [{ CidrIpv6: '::/0' }] }),
  ],
  [
    'a rule is revoked by its id',
    async (side) =>
      side.client.send(
        new ec2.RevokeSecurityGroupIngressCommand({
          GroupId: side.id('sg-common'),
          SecurityGroupRuleIds: [await ruleOf(side, 'sg-common', 22)],
        }),
      ),
  ],
  [
    'a rule is modified in place',
    async (side) =>
      side.client.send(
        new ec2.ModifySecurityGroupRulesCommand({
          GroupId: side.id('sg-web'),
          SecurityGroupRules: [
            {
              SecurityGroupRuleId: await ruleOf(side, 'sg-web', 1024),
              SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 3000, ToPort: 3001, CidrIpv4: '192.0.2.128/25' },
            },
          ],
        }),
      ),
  ],
  [
    'the groups of an interface are changed',
    (side) =>
      side.client.send(
        new ec2.ModifyNetworkInterfaceAttributeCommand({
          NetworkInterfaceId: side.id('eni-web-0'),
          Groups: [side.id('sg-database')],
        }),
      ),
  ],
  [
    'the groups of an instance are changed',
    (side) =>
      side.client.send(
        new ec2.ModifyInstanceAttributeCommand({ InstanceId: side.id('i-web'), Groups: [side.id('sg-web')] }),
      ),
  ],
  [
    'addresses are assigned and given up',
    async (side) => {
      const NetworkInterfaceId = side.id('eni-web-0');
      await side.client.send(
        new ec2.AssignPrivateIpAddressesCommand({
          NetworkInterfaceId,
          PrivateIpAddresses: ['10.0.1.21', '10.0.1.22'],
        }),
      );
      await side.client.send(
        new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: ['10.0.1.21'] }),
      );
    },
  ],
  [
    'an IPv6 address is assigned',
    (side) =>
      side.client.send(
        new ec2.AssignIpv6AddressesCommand({
          NetworkInterfaceId: side.id('eni-web-0'),
          Ipv6Addresses: [side.freeIpv6],
        }),
      ),
  ],
  [
    'a prefix list is modified',
    (side) =>
      side.client.send(
        new ec2.ModifyManagedPrefixListCommand({
          PrefixListId: side.id('pl-offices'),
          CurrentVersion: 1,
          AddEntries: [{ Cidr: '203.0.113.0/26' }],
          RemoveEntries: [{ Cidr: '192.0.2.0/24' }],
        }),
      ),
  ],
  [
    'an interface is detached from one instance and attached to another',
    async (side) => {
      const { NetworkInterfaces } = await side.client.send(
        new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [side.id('eni-database-1')] }),
      );
      await side.client.send(
        new ec2.DetachNetworkInterfaceCommand({ AttachmentId: NetworkInterfaces?.[0]?.Attachment?.AttachmentId }),
      );
      await side.client.send(
        new ec2.AttachNetworkInterfaceCommand({
          NetworkInterfaceId: side.id('eni-database-1'),
          InstanceId: side.id('i-intranet'),
          DeviceIndex: 1,
        }),
      );
    },
  ],
  [
    'an association is replaced, another undone',
    async (side) => {
      const { RouteTables = [] } = await side.client.send(
        new ec2.DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [side.id('vpc')] }] }),
      );
      const associationOf = (subnet: string): string =>
        RouteTables.flatMap(({ Associations = [] }) => Associations).find(
          ({ SubnetId }) => SubnetId === side.id(subnet),
        )?.RouteTableAssociationId ?? '';
      await side.client.send(
        new ec2.ReplaceRouteTableAssociationCommand({
          AssociationId: associationOf('subnet-inner'),
          RouteTableId: side.id('outer-table'),
        }),
      );
      await side.client.send(new ec2.DisassociateRouteTableCommand({ AssociationId: associationOf('subnet-outer') }));
    },
  ],
  [
    'an instance is terminated',
    (side) => side.client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [side.id('i-database')] })),
  ],
];
