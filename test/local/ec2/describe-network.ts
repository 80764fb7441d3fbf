import type {
  DescribeRouteTablesCommandInput,
  DescribeSubnetsCommandInput,
  DescribeVpcEndpointsCommandInput,
  DescribeVpcsCommandInput,
  Route,
} from '@aws-sdk/client-ec2';
import type { Account, HeldEndpoint, HeldRouteTable, HeldSubnet, HeldVpc } from './account.ts';
import { type FilterTable, filtered } from './filters.ts';
import { pageOf } from './paging.ts';
import { given, type Reading, selected, upTo100, upTo1000 } from './reading.ts';

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
  'cidr-block-association.association-id': (vpc) => vpc.CidrBlockAssociationSet.map((one) => one.AssociationId),
  'cidr-block-association.state': (vpc) => vpc.CidrBlockAssociationSet.map((one) => one.CidrBlockState?.State),
  'ipv6-cidr-block-association.ipv6-cidr-block': (vpc) =>
    vpc.Ipv6CidrBlockAssociationSet.map((one) => one.Ipv6CidrBlock),
  'ipv6-cidr-block-association.association-id': (vpc) =>
    vpc.Ipv6CidrBlockAssociationSet.map((one) => one.AssociationId),
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
