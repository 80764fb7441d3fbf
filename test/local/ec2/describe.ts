import type {
  DescribeInstancesCommandInput,
  DescribeManagedPrefixListsCommandInput,
  DescribeNetworkInterfacesCommandInput,
  DescribeRouteTablesCommandInput,
  DescribeSecurityGroupRulesCommandInput,
  DescribeSecurityGroupsCommandInput,
  DescribeSubnetsCommandInput,
  DescribeVpcEndpointsCommandInput,
  DescribeVpcsCommandInput,
  GetManagedPrefixListEntriesCommandInput,
  Instance,
  Reservation,
  Route,
  SecurityGroup,
} from '@aws-sdk/client-ec2';
import {
  type Account,
  type HeldEndpoint,
  type HeldGroup,
  type HeldInstance,
  type HeldInterface,
  type HeldPrefixList,
  type HeldRouteTable,
  type HeldRule,
  type HeldSubnet,
  type HeldVpc,
  interfacesOf,
  stateShape,
} from './account.ts';
import { type FilterTable, filtered } from './filters.ts';
import { type PageBounds, pageOf } from './paging.ts';
import { permissionsOf } from './permissions.ts';
import { Ec2Error, type IdKind, lookUp, lookUpOne } from './refusals.ts';

/** What a read sees. */
export interface Reading {
  readonly account: Account;
  /** The most items a page holds, whatever was asked. */
  readonly largestPage: number;
}

interface Selected<T> {
  readonly kind: IdKind;
  readonly held: ReadonlyMap<string, T>;
  readonly ids: readonly string[] | undefined;
}

const selected = <T>({ kind, held, ids }: Selected<T>): readonly T[] =>
  ids === undefined || ids.length === 0 ? [...held.values()] : lookUp(kind, held, ids);

const upTo1000: PageBounds = { least: 5, most: 1000 };
const upTo100: PageBounds = { least: 5, most: 100 };

const given = (ids: readonly string[] | undefined, parameter: string) => ({
  given: ids !== undefined && ids.length > 0,
  parameter,
});

/** Resources that a service operates are hidden from those who do not ask for them, by an account setting (model). */
const isShown = (
  held: { readonly Operator?: { readonly HiddenByDefault?: boolean | undefined } | undefined },
  asked: { readonly IncludeManagedResources?: boolean | undefined },
): boolean => held.Operator?.HiddenByDefault !== true || asked.IncludeManagedResources === true;

/** An instance as EC2 shows it now: interfaces, groups and addresses come from what is attached. */
export const shownInstance = (account: Account, held: HeldInstance): Instance => {
  const { state, reservationId: _, ...instance } = held;
  const attached = interfacesOf(account, held.InstanceId);
  const primary = attached.find((one) => one.Attachment?.DeviceIndex === 0);
  return {
    ...instance,
    State: stateShape(state),
    ...(primary?.PrivateIpAddress === undefined ? {} : { PrivateIpAddress: primary.PrivateIpAddress }),
    ...(primary === undefined ? {} : { SubnetId: primary.SubnetId, VpcId: primary.VpcId }),
    SecurityGroups: [...(primary?.Groups ?? [])],
    NetworkInterfaces: attached.map((one) => ({
      NetworkInterfaceId: one.NetworkInterfaceId,
      SubnetId: one.SubnetId,
      VpcId: one.VpcId,
      OwnerId: account.ownerId,
      Status: one.Status,
      InterfaceType: one.InterfaceType,
      Description: one.Description ?? '',
      SourceDestCheck: one.SourceDestCheck ?? true,
      PrivateIpAddress: one.PrivateIpAddress,
      PrivateIpAddresses: one.PrivateIpAddresses.map((address) => ({ ...address })),
      Ipv6Addresses: [...one.Ipv6Addresses],
      Ipv4Prefixes: [...one.Ipv4Prefixes],
      Ipv6Prefixes: [...one.Ipv6Prefixes],
      Groups: [...one.Groups],
      Attachment: {
        AttachmentId: one.Attachment?.AttachmentId,
        AttachTime: one.Attachment?.AttachTime,
        DeleteOnTermination: one.Attachment?.DeleteOnTermination,
        DeviceIndex: one.Attachment?.DeviceIndex,
        NetworkCardIndex: one.Attachment?.NetworkCardIndex,
        Status: one.Attachment?.Status,
      },
    })),
    Tags: [...(instance.Tags ?? [])],
  };
};

interface ShownInstance extends Instance {
  readonly reservationId: string;
}

const instanceFilters: FilterTable<ShownInstance> = {
  'instance-id': (one) => [one.InstanceId],
  'instance-state-name': (one) => [one.State?.Name],
  'instance-state-code': (one) => [String(one.State?.Code)],
  'instance-type': (one) => [one.InstanceType],
  'image-id': (one) => [one.ImageId],
  'vpc-id': (one) => [one.VpcId],
  'subnet-id': (one) => [one.SubnetId],
  'private-ip-address': (one) => [one.PrivateIpAddress],
  'instance.group-id': (one) => (one.SecurityGroups ?? []).map((group) => group.GroupId),
  'instance.group-name': (one) => (one.SecurityGroups ?? []).map((group) => group.GroupName),
  'reservation-id': (one) => [one.reservationId],
  'network-interface.network-interface-id': (one) => (one.NetworkInterfaces ?? []).map((eni) => eni.NetworkInterfaceId),
  'network-interface.group-id': (one) =>
    (one.NetworkInterfaces ?? []).flatMap((eni) => (eni.Groups ?? []).map((group) => group.GroupId)),
  'network-interface.subnet-id': (one) => (one.NetworkInterfaces ?? []).map((eni) => eni.SubnetId),
  'network-interface.vpc-id': (one) => (one.NetworkInterfaces ?? []).map((eni) => eni.VpcId),
};

export const describeInstances = ({ account, largestPage }: Reading, input: DescribeInstancesCommandInput) => {
  const all = selected({ kind: 'instance', held: account.instances, ids: input.InstanceIds })
    .filter((held) => isShown(held, input))
    .map((held) => ({ ...shownInstance(account, held), reservationId: held.reservationId }));
  const { page, ...next } = pageOf(
    filtered(all, input.Filters, instanceFilters),
    input,
    upTo1000,
    given(input.InstanceIds, 'instancesSet'),
    largestPage,
  );
  const reservations = new Map<string, Reservation>();
  for (const { reservationId, ...instance } of page) {
    const reservation = reservations.get(reservationId) ?? {
      ReservationId: reservationId,
      OwnerId: account.ownerId,
      Groups: [],
      Instances: [],
    };
    reservation.Instances?.push(instance);
    reservations.set(reservationId, reservation);
  }
  return { Reservations: [...reservations.values()], ...next };
};

const interfaceFilters: FilterTable<HeldInterface & { readonly Tags?: HeldInterface['TagSet'] }> = {
  'network-interface-id': (one) => [one.NetworkInterfaceId],
  'attachment.attachment-id': (one) => [one.Attachment?.AttachmentId],
  'attachment.instance-id': (one) => [one.Attachment?.InstanceId],
  'attachment.instance-owner-id': (one) => [one.Attachment?.InstanceOwnerId],
  'attachment.device-index': (one) => [one.Attachment?.DeviceIndex?.toString()],
  'attachment.status': (one) => [one.Attachment?.Status],
  'group-id': (one) => one.Groups.map((group) => group.GroupId),
  'group-name': (one) => one.Groups.map((group) => group.GroupName),
  'subnet-id': (one) => [one.SubnetId],
  'vpc-id': (one) => [one.VpcId],
  'private-ip-address': (one) => [one.PrivateIpAddress],
  'addresses.private-ip-address': (one) => one.PrivateIpAddresses.map((address) => address.PrivateIpAddress),
  'ipv6-addresses.ipv6-address': (one) => one.Ipv6Addresses.map((address) => address.Ipv6Address),
  'interface-type': (one) => [one.InterfaceType],
  'requester-id': (one) => [one.RequesterId],
  'requester-managed': (one) => [String(one.RequesterManaged ?? false)],
  status: (one) => [one.Status],
  'availability-zone': (one) => [one.AvailabilityZone],
  description: (one) => [one.Description],
};

export const describeNetworkInterfaces = (
  { account, largestPage }: Reading,
  input: DescribeNetworkInterfacesCommandInput,
) => {
  const all = selected({ kind: 'interface', held: account.interfaces, ids: input.NetworkInterfaceIds })
    .filter((one) => isShown(one, input))
    .map((one) => ({ ...one, Tags: one.TagSet ?? [] }));
  const { page, ...next } = pageOf(
    filtered(all, input.Filters, interfaceFilters),
    input,
    upTo1000,
    given(input.NetworkInterfaceIds, 'networkInterfaceIdSet'),
    largestPage,
  );
  return { NetworkInterfaces: page.map(({ Tags, ...one }) => ({ ...one, TagSet: Tags })), ...next };
};

const rulesOf = (account: Account, groupId: string, isEgress: boolean): readonly HeldRule[] =>
  [...account.rules.values()].filter((rule) => rule.GroupId === groupId && rule.IsEgress === isEgress);

const shownGroup = (account: Account, group: HeldGroup): SecurityGroup & { readonly GroupId: string } => ({
  ...group,
  OwnerId: account.ownerId,
  IpPermissions: permissionsOf(rulesOf(account, group.GroupId, false)),
  IpPermissionsEgress: permissionsOf(rulesOf(account, group.GroupId, true)),
  Tags: [...(group.Tags ?? [])],
});

const permissionFilters = (
  prefix: string,
  permissions: (group: SecurityGroup) => SecurityGroup['IpPermissions'],
): FilterTable<SecurityGroup> => ({
  [`${prefix}cidr`]: (group) =>
    (permissions(group) ?? []).flatMap((one) => (one.IpRanges ?? []).map((range) => range.CidrIp)),
  [`${prefix}ipv6-cidr`]: (group) =>
    (permissions(group) ?? []).flatMap((one) => (one.Ipv6Ranges ?? []).map((range) => range.CidrIpv6)),
  [`${prefix}group-id`]: (group) =>
    (permissions(group) ?? []).flatMap((one) => (one.UserIdGroupPairs ?? []).map((pair) => pair.GroupId)),
  [`${prefix}prefix-list-id`]: (group) =>
    (permissions(group) ?? []).flatMap((one) => (one.PrefixListIds ?? []).map((list) => list.PrefixListId)),
  [`${prefix}protocol`]: (group) => (permissions(group) ?? []).map((one) => one.IpProtocol),
  [`${prefix}from-port`]: (group) => (permissions(group) ?? []).map((one) => one.FromPort?.toString()),
  [`${prefix}to-port`]: (group) => (permissions(group) ?? []).map((one) => one.ToPort?.toString()),
});

const groupFilters: FilterTable<SecurityGroup> = {
  'group-id': (group) => [group.GroupId],
  'group-name': (group) => [group.GroupName],
  'owner-id': (group) => [group.OwnerId],
  'vpc-id': (group) => [group.VpcId],
  description: (group) => [group.Description],
  ...permissionFilters('ip-permission.', (group) => group.IpPermissions),
  ...permissionFilters('egress.ip-permission.', (group) => group.IpPermissionsEgress),
};

const groupIdsByName = (account: Account, names: readonly string[]): readonly string[] =>
  names.map((name) => {
    const group = [...account.groups.values()].find(
      (one) => one.GroupName === name && account.vpcs.get(one.VpcId)?.IsDefault === true,
    );
    if (group === undefined) {
      throw new Ec2Error('InvalidGroup.NotFound', `The security group '${name}' does not exist in default VPC`);
    }
    return group.GroupId;
  });

export const describeSecurityGroups = (
  { account, largestPage }: Reading,
  input: DescribeSecurityGroupsCommandInput,
) => {
  const ids = [...(input.GroupIds ?? []), ...groupIdsByName(account, input.GroupNames ?? [])];
  const all = selected({ kind: 'group', held: account.groups, ids }).map((group) => shownGroup(account, group));
  const { page, ...next } = pageOf(
    filtered(all, input.Filters, groupFilters),
    input,
    upTo1000,
    given(ids, 'groupIds'),
    largestPage,
  );
  return { SecurityGroups: [...page], ...next };
};

const ruleFilters: FilterTable<HeldRule> = {
  'group-id': (rule) => [rule.GroupId],
  'security-group-rule-id': (rule) => [rule.SecurityGroupRuleId],
};

export const describeSecurityGroupRules = (
  { account, largestPage }: Reading,
  input: DescribeSecurityGroupRulesCommandInput,
) => {
  const { page, ...next } = pageOf(
    filtered(
      selected({ kind: 'rule', held: account.rules, ids: input.SecurityGroupRuleIds }),
      input.Filters,
      ruleFilters,
    ),
    input,
    upTo1000,
    given(input.SecurityGroupRuleIds, 'securityGroupRuleIds'),
    largestPage,
  );
  return { SecurityGroupRules: [...page], ...next };
};

const subnetFilters: FilterTable<HeldSubnet> = {
  'subnet-id': (subnet) => [subnet.SubnetId],
  'vpc-id': (subnet) => [subnet.VpcId],
  'cidr-block': (subnet) => [subnet.CidrBlock],
  'ipv6-cidr-block-association.ipv6-cidr-block': (subnet) =>
    subnet.Ipv6CidrBlockAssociationSet.map((association) => association.Ipv6CidrBlock),
  'availability-zone': (subnet) => [subnet.AvailabilityZone],
  'owner-id': (subnet) => [subnet.OwnerId],
  state: (subnet) => [subnet.State],
};

export const describeSubnets = ({ account, largestPage }: Reading, input: DescribeSubnetsCommandInput) => {
  const { page, ...next } = pageOf(
    filtered(selected({ kind: 'subnet', held: account.subnets, ids: input.SubnetIds }), input.Filters, subnetFilters),
    input,
    upTo1000,
    given(input.SubnetIds, 'subnetIds'),
    largestPage,
  );
  return { Subnets: [...page], ...next };
};

const vpcFilters: FilterTable<HeldVpc> = {
  'vpc-id': (vpc) => [vpc.VpcId],
  cidr: (vpc) => [vpc.CidrBlock],
  'cidr-block-association.cidr-block': (vpc) => vpc.CidrBlockAssociationSet.map((one) => one.CidrBlock),
  'cidr-block-association.state': (vpc) => vpc.CidrBlockAssociationSet.map((one) => one.CidrBlockState?.State),
  'ipv6-cidr-block-association.ipv6-cidr-block': (vpc) =>
    vpc.Ipv6CidrBlockAssociationSet.map((one) => one.Ipv6CidrBlock),
  'is-default': (vpc) => [String(vpc.IsDefault)],
  'owner-id': (vpc) => [vpc.OwnerId],
  state: (vpc) => [vpc.State],
};

export const describeVpcs = ({ account, largestPage }: Reading, input: DescribeVpcsCommandInput) => {
  const { page, ...next } = pageOf(
    filtered(selected({ kind: 'vpc', held: account.vpcs, ids: input.VpcIds }), input.Filters, vpcFilters),
    input,
    upTo1000,
    given(input.VpcIds, 'vpcIds'),
    largestPage,
  );
  return { Vpcs: [...page], ...next };
};

/* The implicit association of a subnet with its VPC's main table is nowhere among the associations (documented). */
const routeTableFilters: FilterTable<HeldRouteTable> = {
  'route-table-id': (table) => [table.RouteTableId],
  'vpc-id': (table) => [table.VpcId],
  'owner-id': (table) => [table.OwnerId],
  'association.subnet-id': (table) => table.Associations.map((one) => one.SubnetId),
  'association.gateway-id': (table) => table.Associations.map((one) => one.GatewayId),
  'association.main': (table) => table.Associations.map((one) => String(one.Main ?? false)),
  'association.route-table-association-id': (table) => table.Associations.map((one) => one.RouteTableAssociationId),
  'association.route-table-id': (table) => table.Associations.map((one) => one.RouteTableId),
  'route.destination-cidr-block': (table) => table.Routes.map((route) => route.DestinationCidrBlock),
  'route.destination-ipv6-cidr-block': (table) => table.Routes.map((route) => route.DestinationIpv6CidrBlock),
  'route.destination-prefix-list-id': (table) => table.Routes.map((route) => route.DestinationPrefixListId),
  'route.gateway-id': (table) => table.Routes.map((route) => route.GatewayId),
  'route.instance-id': (table) => table.Routes.map((route) => route.InstanceId),
  'route.nat-gateway-id': (table) => table.Routes.map((route) => route.NatGatewayId),
  'route.transit-gateway-id': (table) => table.Routes.map((route) => route.TransitGatewayId),
  'route.vpc-peering-connection-id': (table) => table.Routes.map((route) => route.VpcPeeringConnectionId),
  'route.state': (table) => table.Routes.map((route) => route.State),
  'route.origin': (table) => table.Routes.map((route) => route.Origin),
};

/** A route whose instance or interface is gone is a blackhole (documented). */
const shownRoute = (account: Account, route: Route): Route => {
  const instance = route.InstanceId === undefined ? undefined : account.instances.get(route.InstanceId);
  const isGone =
    (route.InstanceId !== undefined && (instance === undefined || instance.state === 'terminated')) ||
    (route.NetworkInterfaceId !== undefined && !account.interfaces.has(route.NetworkInterfaceId));
  return isGone ? { ...route, State: 'blackhole' } : route;
};

export const describeRouteTables = ({ account, largestPage }: Reading, input: DescribeRouteTablesCommandInput) => {
  const { page, ...next } = pageOf(
    filtered(
      selected({ kind: 'routeTable', held: account.routeTables, ids: input.RouteTableIds }).map((table) => ({
        ...table,
        Routes: table.Routes.map((route) => shownRoute(account, route)),
      })),
      input.Filters,
      routeTableFilters,
    ),
    input,
    upTo100,
    given(input.RouteTableIds, 'routeTableIds'),
    largestPage,
  );
  return { RouteTables: [...page], ...next };
};

const prefixListFilters: FilterTable<HeldPrefixList> = {
  'owner-id': (list) => [list.OwnerId],
  'prefix-list-id': (list) => [list.PrefixListId],
  'prefix-list-name': (list) => [list.PrefixListName],
};

/** Prefix lists take MaxResults beside ids, from 1 to 100. */
const prefixListBounds: PageBounds = { least: 1, most: 100 };

export const describeManagedPrefixLists = (
  { account, largestPage }: Reading,
  input: DescribeManagedPrefixListsCommandInput,
) => {
  const { page, ...next } = pageOf(
    filtered(
      selected({ kind: 'prefixList', held: account.prefixLists, ids: input.PrefixListIds }),
      input.Filters,
      prefixListFilters,
    ),
    input,
    prefixListBounds,
    given(undefined, 'prefixListIds'),
    largestPage,
  );
  return { PrefixLists: page.map(({ entries: _, ...list }) => list), ...next };
};

export const getManagedPrefixListEntries = (
  { account, largestPage }: Reading,
  input: GetManagedPrefixListEntriesCommandInput,
) => {
  const list = lookUpOne('prefixList', account.prefixLists, input.PrefixListId, 'prefixListId');
  const version = input.TargetVersion ?? list.Version;
  const entries = list.entries.get(version);
  if (entries === undefined) {
    throw new Ec2Error(
      'InvalidPrefixListVersion.NotFound',
      `The prefix list '${list.PrefixListId}' has no version ${version} (inferred code)`,
    );
  }
  const { page, ...next } = pageOf(entries, input, prefixListBounds, given(undefined, 'prefixListId'), largestPage);
  return { Entries: [...page], ...next };
};

const endpointFilters: FilterTable<HeldEndpoint> = {
  'vpc-endpoint-id': (endpoint) => [endpoint.VpcEndpointId],
  'vpc-id': (endpoint) => [endpoint.VpcId],
  'vpc-endpoint-state': (endpoint) => [endpoint.State],
  'vpc-endpoint-type': (endpoint) => [endpoint.VpcEndpointType],
  'service-name': (endpoint) => [endpoint.ServiceName],
};

export const describeVpcEndpoints = ({ account, largestPage }: Reading, input: DescribeVpcEndpointsCommandInput) => {
  const { page, ...next } = pageOf(
    filtered(
      selected({ kind: 'endpoint', held: account.endpoints, ids: input.VpcEndpointIds }),
      input.Filters,
      endpointFilters,
    ),
    input,
    { least: 1, most: 1000 },
    given(undefined, 'vpcEndpointIds'),
    largestPage,
  );
  return { VpcEndpoints: [...page], ...next };
};
