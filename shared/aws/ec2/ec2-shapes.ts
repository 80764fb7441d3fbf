import type {
  Instance,
  InstanceNetworkInterface,
  NetworkInterface,
  Route,
  RouteTable,
  SecurityGroupRule,
  Vpc,
} from '@aws-sdk/client-ec2';
import type {
  SeenInstance,
  SeenInterface,
  SeenRoute,
  SeenRouteTable,
  SeenRule,
  SeenSource,
  SeenVpc,
} from '../../domain/grants/seen.ts';
import { canonicalCidr } from '../../domain/sets/addresses.ts';

type Text = string | undefined;

const present = (values: readonly Text[]): readonly string[] =>
  values.filter((value): value is string => value !== undefined && value !== '');

const sortedOnce = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();

/** Addresses and prefixes of an interface, in the fields that both shapes of an interface share. */
const addressesOf = (shape: NetworkInterface | InstanceNetworkInterface): readonly string[] =>
  sortedOnce(
    present([
      shape.PrivateIpAddress,
      ...(shape.PrivateIpAddresses ?? []).map((each) => each.PrivateIpAddress),
      ...(shape.Ipv6Addresses ?? []).map((each) => each.Ipv6Address),
      ...(shape.Ipv4Prefixes ?? []).map((each) => each.Ipv4Prefix),
      ...(shape.Ipv6Prefixes ?? []).map((each) => each.Ipv6Prefix),
    ]).map(canonicalCidr),
  );

/** An attachment that is ending or over attaches to nothing; one in the making counts, as a pending instance does. */
export const isAttached = (status: Text): boolean =>
  status === 'attached' || status === 'attaching' || status === undefined;

const interfaceOf = (
  shape: NetworkInterface | InstanceNetworkInterface,
  instance: string | null,
  requester: string | null,
): SeenInterface => ({
  id: shape.NetworkInterfaceId ?? '',
  type: shape.InterfaceType ?? 'interface',
  requester,
  instance,
  vpc: shape.VpcId ?? '',
  subnet: shape.SubnetId ?? '',
  groups: sortedOnce(present((shape.Groups ?? []).map((group) => group.GroupId))),
  addresses: addressesOf(shape),
});

export const seenInterface = (shape: NetworkInterface): SeenInterface =>
  interfaceOf(
    shape,
    shape.Attachment?.InstanceId !== undefined && isAttached(shape.Attachment.Status)
      ? shape.Attachment.InstanceId
      : null,
    shape.RequesterManaged === true ? (shape.RequesterId ?? shape.Description ?? 'a service') : null,
  );

export const seenInstance = (shape: Instance): SeenInstance => {
  const id = shape.InstanceId ?? '';
  return {
    id,
    state: shape.State?.Name ?? 'unknown',
    launchedAt: shape.LaunchTime === undefined ? null : `${shape.LaunchTime.toISOString().slice(0, 19)}Z`,
    interfaces: (shape.NetworkInterfaces ?? [])
      .map((each) => interfaceOf(each, isAttached(each.Attachment?.Status) ? id : null, null))
      .toSorted(byId),
  };
};

const sourceOf = (shape: SecurityGroupRule): SeenSource | null => {
  if (shape.CidrIpv4 !== undefined) return { kind: 'cidr', cidr: canonicalCidr(shape.CidrIpv4) };
  if (shape.CidrIpv6 !== undefined) return { kind: 'cidr', cidr: canonicalCidr(shape.CidrIpv6) };
  if (shape.PrefixListId !== undefined) return { kind: 'prefix-list', id: shape.PrefixListId };
  if (shape.ReferencedGroupInfo?.GroupId !== undefined) return { kind: 'group', id: shape.ReferencedGroupInfo.GroupId };
  return null;
};

/** An ingress rule; null for an egress rule, or one with a source of a kind this version does not know. */
export const seenRule = (shape: SecurityGroupRule): SeenRule | null => {
  const source = sourceOf(shape);
  if (shape.IsEgress === true || source === null) return null;
  return {
    id: shape.SecurityGroupRuleId ?? '',
    group: shape.GroupId ?? '',
    protocol: shape.IpProtocol ?? '',
    fromPort: shape.FromPort ?? null,
    toPort: shape.ToPort ?? null,
    source,
  };
};

const routeOf = (shape: Route): SeenRoute | null => {
  const cidr = shape.DestinationCidrBlock ?? shape.DestinationIpv6CidrBlock;
  const list = shape.DestinationPrefixListId;
  if (cidr === undefined && list === undefined) return null;
  return {
    destination:
      cidr === undefined ? { kind: 'prefix-list', value: list ?? '' } : { kind: 'cidr', value: canonicalCidr(cidr) },
    targets: sortedOnce(
      present([
        shape.GatewayId,
        shape.InstanceId,
        shape.NetworkInterfaceId,
        shape.NatGatewayId,
        shape.TransitGatewayId,
        shape.EgressOnlyInternetGatewayId,
        shape.VpcPeeringConnectionId,
        shape.LocalGatewayId,
        shape.CarrierGatewayId,
        shape.CoreNetworkArn,
      ]),
    ),
    state: shape.State === 'blackhole' || shape.State === 'filtered' ? shape.State : 'active',
    propagated: shape.Origin === 'EnableVgwRoutePropagation' || shape.Origin === 'Advertisement',
  };
};

export const seenRouteTable = (shape: RouteTable): SeenRouteTable => {
  // While an association is being made or undone both tables list the subnet; the one that stays is `associated`.
  const associations = (shape.Associations ?? []).filter(
    (each) => each.AssociationState?.State === undefined || /^associat/.test(each.AssociationState.State),
  );
  return {
    id: shape.RouteTableId ?? '',
    vpc: shape.VpcId ?? '',
    main: associations.some((each) => each.Main === true),
    subnets: sortedOnce(present(associations.map((each) => each.SubnetId))),
    routes: (shape.Routes ?? []).flatMap((route) => routeOf(route) ?? []),
  };
};

/** `CidrBlock` is the primary range only; what counts are the association sets, as far as they are associated. */
export const seenVpc = (shape: Vpc): SeenVpc => ({
  id: shape.VpcId ?? '',
  ranges: sortedOnce(
    present([
      ...(shape.CidrBlockAssociationSet ?? [])
        .filter((each) => each.CidrBlockState?.State === undefined || each.CidrBlockState.State === 'associated')
        .map((each) => each.CidrBlock),
      ...(shape.Ipv6CidrBlockAssociationSet ?? [])
        .filter(
          (each) => each.Ipv6CidrBlockState?.State === undefined || each.Ipv6CidrBlockState.State === 'associated',
        )
        .map((each) => each.Ipv6CidrBlock),
    ]).map(canonicalCidr),
  ),
});

export const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
