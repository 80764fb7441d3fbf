import { type Account, withEntries } from '../local/ec2/account.ts';
import { demoAccount, ids } from '../system/demo-account.ts';

const webServers: readonly string[] = ids.webServers;

const block = (cidr: string, id: string) => ({
  AssociationId: id,
  Ipv6CidrBlock: cidr,
  Ipv6CidrBlockState: { State: 'associated' as const },
});

const held = <Value>(map: ReadonlyMap<string, Value>, id: string): Value => {
  const one = map.get(id);
  if (one === undefined) throw new Error(`The account has no ${id}`);
  return one;
};

/**
 * The demonstration's account with IPv6 beside IPv4: the private subnet's default route of both families leads to the firewall,
 * every web server has an address of both, and both of their groups grant a port to an IPv6 range.
 */
export const dualStackAccount = (clock: Parameters<typeof demoAccount>[0]): Account => {
  const account = demoAccount(clock);
  const vpc = held(account.vpcs, ids.vpc);
  const subnet = held(account.subnets, ids.privateSubnet);
  return {
    ...account,
    vpcs: withEntries(account.vpcs, [
      ids.vpc,
      { ...vpc, Ipv6CidrBlockAssociationSet: [block('2001:db8:1::/56', 'vpc-cidr-assoc-6')] },
    ]),
    subnets: withEntries(account.subnets, [
      ids.privateSubnet,
      { ...subnet, Ipv6CidrBlockAssociationSet: [block('2001:db8:1:1::/64', 'subnet-cidr-assoc-6')] },
    ]),
    interfaces: new Map(
      [...account.interfaces].map(([id, one]) => {
        const at = webServers.indexOf(one.Attachment?.InstanceId ?? '');
        if (at < 0) return [id, one];
        const Ipv6Address = `2001:db8:1:1::${11 + at}`;
        return [id, { ...one, Ipv6Addresses: [{ Ipv6Address, IsPrimaryIpv6: true }] }];
      }),
    ),
    routeTables: new Map(
      [...account.routeTables].map(([id, table]) => {
        const inner = table.Routes.find(({ NetworkInterfaceId }) => NetworkInterfaceId === ids.firewallInside);
        if (inner === undefined) return [id, table];
        const { DestinationCidrBlock: _ipv4, ...rest } = inner;
        return [id, { ...table, Routes: [...table.Routes, { ...rest, DestinationIpv6CidrBlock: '::/0' }] }];
      }),
    ),
    rules: withEntries(
      account.rules,
      ...[ids.commonGroup, ids.webGroup].map((GroupId, at) => {
        const SecurityGroupRuleId = `sgr-0a11ce0000000006${at}`;
        const rule = {
          SecurityGroupRuleId,
          GroupId,
          GroupOwnerId: account.ownerId,
          IsEgress: false,
          IpProtocol: 'tcp',
          FromPort: 9007,
          ToPort: 9008,
          CidrIpv6: '2001:db8:ffff::/48',
        };
        return [SecurityGroupRuleId, rule] as const;
      }),
    ),
  };
};
