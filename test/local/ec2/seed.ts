import type { Route, State, Tag } from '@aws-sdk/client-ec2';
import { emptyAccount, type HeldInterface, idOf, withEntries } from './account.ts';
import type { Changing } from './changing.ts';
import { newInterface, privateAddress, settledGroups } from './interfaces.ts';
import { canonicalCidr, type RuleContent, rulesOfPermission } from './permissions.ts';
import { routeFrom } from './routes.ts';
import { heldRule } from './security-group-rules.ts';
import type { AccountSeed, SeedInterface, SeedPermission } from './seed-shapes.ts';

export type { AccountSeed, SeedInterface, SeedPermission, SeedRoute } from './seed-shapes.ts';

const tagsOf = (tags: Readonly<Record<string, string>> | undefined): Tag[] =>
  Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));

const localRoutes = (cidrs: readonly string[], ipv6Cidrs: readonly string[]): Route[] => [
  ...cidrs.map(
    (cidr): Route => ({
      DestinationCidrBlock: cidr,
      GatewayId: 'local',
      Origin: 'CreateRouteTable',
      State: 'active',
    }),
  ),
  ...ipv6Cidrs.map(
    (cidr): Route => ({
      DestinationIpv6CidrBlock: cidr,
      GatewayId: 'local',
      Origin: 'CreateRouteTable',
      State: 'active',
    }),
  ),
];

const targetMember = (target: string): Readonly<Record<string, string>> => {
  if (target.startsWith('i-')) return { InstanceId: target };
  if (target.startsWith('eni-')) return { NetworkInterfaceId: target };
  if (target.startsWith('nat-')) return { NatGatewayId: target };
  if (target.startsWith('tgw-')) return { TransitGatewayId: target };
  if (target.startsWith('pcx-')) return { VpcPeeringConnectionId: target };
  if (target.startsWith('eigw-')) return { EgressOnlyInternetGatewayId: target };
  if (target.startsWith('vpce-')) return { VpcEndpointId: target };
  return { GatewayId: target };
};

const destinationMember = (destination: string): Readonly<Record<string, string>> => {
  if (destination.startsWith('pl-')) return { DestinationPrefixListId: destination };
  return destination.includes(':') ? { DestinationIpv6CidrBlock: destination } : { DestinationCidrBlock: destination };
};

const permissionOf = (permission: SeedPermission) => {
  const described = permission.description === undefined ? {} : { Description: permission.description };
  const { sources } = permission;
  const lists = sources.filter((source) => source.startsWith('pl-'));
  const groups = sources.filter((source) => source.startsWith('sg-'));
  const cidrs = sources.filter((source) => source.includes('/'));
  const strange = sources.filter((source) => ![...lists, ...groups, ...cidrs].includes(source));
  if (strange.length > 0) throw new TypeError(`Not a CIDR, pl-… or sg-…: ${strange.join(', ')}`);
  return {
    IpProtocol: permission.protocol,
    FromPort: permission.from,
    ToPort: permission.to ?? permission.from,
    IpRanges: cidrs.filter((cidr) => !cidr.includes(':')).map((CidrIp) => ({ CidrIp, ...described })),
    Ipv6Ranges: cidrs.filter((cidr) => cidr.includes(':')).map((CidrIpv6) => ({ CidrIpv6, ...described })),
    PrefixListIds: lists.map((PrefixListId) => ({ PrefixListId, ...described })),
    UserIdGroupPairs: groups.map((GroupId) => ({ GroupId, ...described })),
  };
};

const withPorts = (permission: SeedPermission): SeedPermission =>
  (permission.protocol === 'tcp' || permission.protocol === 'udp') && permission.from === undefined
    ? { ...permission, from: 0, to: 65_535 }
    : permission;

/** Starts an account. `newId` gives ids in UUID form, `now` milliseconds since the epoch. */
export const seedAccount = (options: {
  readonly ownerId: string;
  readonly region: string;
  readonly newId: () => string;
  readonly now: () => number;
}): AccountSeed => {
  let account = emptyAccount(options.ownerId, options.region);
  const fresh = (prefix: string): string => idOf(prefix, options.newId());
  const changing = (): Changing => ({
    account,
    now: options.now(),
    newId: options.newId,
    timing: {
      pendingMilliseconds: 0,
      stoppingMilliseconds: 0,
      shuttingDownMilliseconds: 0,
      prefixListMilliseconds: 0,
      rangeMilliseconds: 0,
    },
  });

  const rulesOf = (permission: SeedPermission): readonly RuleContent[] =>
    rulesOfPermission(
      permissionOf(withPorts(permission)),
      (pair) => ({ GroupId: pair.GroupId ?? '', UserId: options.ownerId }),
      () => undefined,
    );

  const addRule = (groupId: string, content: RuleContent, isEgress: boolean): void => {
    const rule = heldRule(account, groupId, fresh('sgr-'), content, isEgress);
    account = { ...account, rules: withEntries(account.rules, [rule.SecurityGroupRuleId, rule]) };
  };

  const group: AccountSeed['group'] = (seed) => {
    const GroupId = seed.id ?? fresh('sg-');
    account = {
      ...account,
      groups: withEntries(account.groups, [
        GroupId,
        {
          GroupId,
          GroupName: seed.name,
          VpcId: seed.vpcId,
          Description: seed.description ?? seed.name,
          OwnerId: account.ownerId,
          SecurityGroupArn: `arn:aws:ec2:${account.region}:${account.ownerId}:security-group/${GroupId}`,
          Tags: tagsOf(seed.tags),
        },
      ]),
    };
    addRule(GroupId, { IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '0.0.0.0/0' }, true);
    for (const permission of seed.ingress ?? []) for (const rule of rulesOf(permission)) addRule(GroupId, rule, false);
    return GroupId;
  };

  const route: AccountSeed['route'] = (routeTableId, seed) => {
    const table = account.routeTables.get(routeTableId);
    if (table === undefined) throw new TypeError(`There is no route table ${routeTableId}`);
    const members = { ...destinationMember(seed.destination), ...targetMember(seed.target) };
    const made: Route =
      seed.blackhole === true
        ? { ...members, Origin: 'CreateRoute', State: 'blackhole' }
        : routeFrom(account, { RouteTableId: routeTableId, ...members });
    const held = { ...table, Routes: [...table.Routes, made] };
    account = { ...account, routeTables: withEntries(account.routeTables, [routeTableId, held]) };
  };

  const addTable = (RouteTableId: string, vpcId: string, tags: Tag[]): void => {
    const vpc = account.vpcs.get(vpcId);
    if (vpc === undefined) throw new TypeError(`There is no VPC ${vpcId}`);
    const Routes = localRoutes(
      vpc.CidrBlockAssociationSet.map((one) => one.CidrBlock ?? ''),
      vpc.Ipv6CidrBlockAssociationSet.map((one) => one.Ipv6CidrBlock ?? ''),
    );
    account = {
      ...account,
      routeTables: withEntries(account.routeTables, [
        RouteTableId,
        {
          RouteTableId,
          VpcId: vpcId,
          OwnerId: account.ownerId,
          Routes,
          Associations: [],
          PropagatingVgws: [],
          Tags: tags,
        },
      ]),
    };
  };

  const associate = (tableId: string, association: { readonly Main: boolean; readonly SubnetId?: string }): void => {
    const table = account.routeTables.get(tableId);
    if (table === undefined) throw new TypeError(`There is no route table ${tableId}`);
    const held = {
      ...table,
      Associations: [
        ...table.Associations,
        {
          ...association,
          RouteTableId: tableId,
          RouteTableAssociationId: fresh('rtbassoc-'),
          AssociationState: { State: 'associated' as const },
        },
      ],
    };
    account = { ...account, routeTables: withEntries(account.routeTables, [tableId, held]) };
  };

  const makeInterface = (seed: SeedInterface): HeldInterface => {
    const made = newInterface(changing(), seed.subnetId, {
      groupIds: seed.groupIds,
      address: seed.address,
      description: seed.description,
    });
    return {
      ...made,
      NetworkInterfaceId: seed.id ?? made.NetworkInterfaceId,
      Groups: seed.groupIds === undefined ? made.Groups : settledGroups(account, seed.groupIds),
      PrivateIpAddresses: [
        ...made.PrivateIpAddresses,
        ...(seed.secondaryAddresses ?? []).map((address) => privateAddress(account, address, false)),
      ],
      Ipv6Addresses: (seed.ipv6Addresses ?? []).map((Ipv6Address, position) => ({
        Ipv6Address,
        IsPrimaryIpv6: position === 0,
      })),
      Ipv4Prefixes: (seed.ipv4Prefixes ?? []).map((Ipv4Prefix) => ({ Ipv4Prefix })),
      Ipv6Prefixes: (seed.ipv6Prefixes ?? []).map((Ipv6Prefix) => ({ Ipv6Prefix })),
      InterfaceType: seed.type ?? 'interface',
      RequesterManaged: seed.requesterId !== undefined,
      ...(seed.requesterId === undefined ? {} : attachedToService(seed.requesterId)),
      TagSet: tagsOf(seed.tags),
    };
  };

  /* The attachment of a service's interface names its owner and no instance (captured for RDS and load balancers). */
  const attachedToService = (requesterId: string): Partial<HeldInterface> => ({
    RequesterId: requesterId,
    Status: 'in-use',
    Attachment: {
      AttachmentId: fresh('ela-attach-'),
      DeleteOnTermination: false,
      DeviceIndex: 1,
      InstanceOwnerId: requesterId,
      Status: 'attached',
    },
  });

  const keepInterface = (held: HeldInterface): string => {
    account = { ...account, interfaces: withEntries(account.interfaces, [held.NetworkInterfaceId, held]) };
    return held.NetworkInterfaceId;
  };

  return {
    vpc: (seed) => {
      const VpcId = seed.id ?? fresh('vpc-');
      const [primary] = seed.cidrs;
      if (primary === undefined) throw new TypeError('A VPC needs an IPv4 CIDR block');
      account = {
        ...account,
        vpcs: withEntries(account.vpcs, [
          VpcId,
          {
            VpcId,
            CidrBlock: canonicalCidr(primary, 4),
            CidrBlockAssociationSet: seed.cidrs.map((cidr) => ({
              AssociationId: fresh('vpc-cidr-assoc-'),
              CidrBlock: canonicalCidr(cidr, 4),
              CidrBlockState: { State: 'associated' },
            })),
            Ipv6CidrBlockAssociationSet: (seed.ipv6Cidrs ?? []).map((cidr) => ({
              AssociationId: fresh('vpc-cidr-assoc-'),
              Ipv6CidrBlock: canonicalCidr(cidr, 6),
              Ipv6CidrBlockState: { State: 'associated' },
            })),
            IsDefault: seed.isDefault ?? false,
            OwnerId: account.ownerId,
            State: 'available',
            InstanceTenancy: 'default',
            Tags: tagsOf(seed.tags),
          },
        ]),
      };
      const mainRouteTableId = seed.mainRouteTableId ?? fresh('rtb-');
      addTable(mainRouteTableId, VpcId, []);
      associate(mainRouteTableId, { Main: true });
      const defaultGroupId = group({
        ...(seed.defaultGroupId === undefined ? {} : { id: seed.defaultGroupId }),
        vpcId: VpcId,
        name: 'default',
        description: 'default VPC security group',
      });
      for (const rule of rulesOf({ protocol: '-1', sources: [defaultGroupId] })) addRule(defaultGroupId, rule, false);
      return { vpcId: VpcId, mainRouteTableId, defaultGroupId };
    },
    subnet: (seed) => {
      const SubnetId = seed.id ?? fresh('subnet-');
      account = {
        ...account,
        subnets: withEntries(account.subnets, [
          SubnetId,
          {
            SubnetId,
            VpcId: seed.vpcId,
            CidrBlock: canonicalCidr(seed.cidr, 4),
            Ipv6CidrBlockAssociationSet: (seed.ipv6Cidrs ?? []).map((cidr) => ({
              AssociationId: fresh('subnet-cidr-assoc-'),
              Ipv6CidrBlock: canonicalCidr(cidr, 6),
              Ipv6CidrBlockState: { State: 'associated' },
            })),
            AvailabilityZone: seed.zone ?? `${account.region}a`,
            OwnerId: account.ownerId,
            State: 'available',
            Tags: tagsOf(seed.tags),
          },
        ]),
      };
      return SubnetId;
    },
    routeTable: (seed) => {
      const id = seed.id ?? fresh('rtb-');
      addTable(id, seed.vpcId, tagsOf(seed.tags));
      for (const SubnetId of seed.subnetIds ?? []) associate(id, { Main: false, SubnetId });
      for (const one of seed.routes ?? []) route(id, one);
      return id;
    },
    route,
    group,
    interface: (seed) => keepInterface(makeInterface(seed)),
    instance: (seed) => {
      const InstanceId = seed.id ?? fresh('i-');
      account = {
        ...account,
        instances: withEntries(account.instances, [
          InstanceId,
          {
            InstanceId,
            ImageId: 'ami-0123456789abcdef0',
            InstanceType: 't4g.small',
            LaunchTime: new Date(options.now()),
            state: seed.state ?? 'running',
            reservationId: fresh('r-'),
            Tags: tagsOf(seed.tags),
          },
        ]),
      };
      for (const [DeviceIndex, one] of seed.interfaces.entries()) {
        keepInterface({
          ...makeInterface(one),
          Status: 'in-use',
          Attachment: {
            AttachmentId: fresh('eni-attach-'),
            AttachTime: new Date(options.now()),
            DeleteOnTermination: DeviceIndex === 0,
            DeviceIndex,
            InstanceId,
            InstanceOwnerId: account.ownerId,
            NetworkCardIndex: 0,
            Status: 'attached',
          },
        });
      }
      return InstanceId;
    },
    prefixList: (seed) => {
      const PrefixListId = seed.id ?? fresh('pl-');
      const family = seed.family ?? 'IPv4';
      account = {
        ...account,
        prefixLists: withEntries(account.prefixLists, [
          PrefixListId,
          {
            PrefixListId,
            PrefixListName: seed.name,
            AddressFamily: family,
            MaxEntries: seed.maxEntries ?? Math.max(seed.entries.length, 10),
            Version: 1,
            State: 'create-complete',
            OwnerId: seed.ownerId ?? account.ownerId,
            PrefixListArn: `arn:aws:ec2:${account.region}:${seed.ownerId ?? account.ownerId}:prefix-list/${PrefixListId}`,
            Tags: [],
            entries: new Map([
              [1, seed.entries.map((cidr) => ({ Cidr: canonicalCidr(cidr, family === 'IPv6' ? 6 : 4) }))],
            ]),
          },
        ]),
      };
      return PrefixListId;
    },
    endpoint: (seed) => {
      const VpcEndpointId = seed.id ?? fresh('vpce-');
      account = {
        ...account,
        endpoints: withEntries(account.endpoints, [
          VpcEndpointId,
          {
            VpcEndpointId,
            VpcId: seed.vpcId,
            VpcEndpointType: seed.type,
            /* The model writes `Available`, the service answers `available` (botocore's own examples). */
            State: 'available' as State,
            ServiceName: seed.serviceName,
            OwnerId: account.ownerId,
            SubnetIds: [...(seed.subnetIds ?? [])],
            NetworkInterfaceIds: [...(seed.interfaceIds ?? [])],
            Tags: [],
          },
        ]),
      };
      return VpcEndpointId;
    },
    build: () => account,
  };
};
