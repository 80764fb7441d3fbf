import type {
  AssociateRouteTableCommandInput,
  CreateRouteCommandInput,
  DeleteRouteCommandInput,
  DisassociateRouteTableCommandInput,
  EnableVgwRoutePropagationCommandInput,
  ReplaceRouteCommandInput,
  ReplaceRouteTableAssociationCommandInput,
  Route,
  RouteTableAssociation,
} from '@aws-sdk/client-ec2';
import { type Account, type HeldRouteTable, interfacesOf, withEntries } from './account.ts';
import { type Changed, type Changing, freshId } from './changing.ts';
import { canonicalCidr } from './permissions.ts';
import { Ec2Error, lookUpOne, notFound, required, requireWellFormed } from './refusals.ts';

type Destination = Pick<Route, 'DestinationCidrBlock' | 'DestinationIpv6CidrBlock' | 'DestinationPrefixListId'>;

const destinationOf = (account: Account, input: Destination): Destination => {
  const given = [input.DestinationCidrBlock, input.DestinationIpv6CidrBlock, input.DestinationPrefixListId];
  if (given.filter((one) => one !== undefined).length !== 1) {
    throw new Ec2Error('InvalidParameterCombination', 'A route must have exactly one destination');
  }
  if (input.DestinationCidrBlock !== undefined) {
    return { DestinationCidrBlock: canonicalCidr(input.DestinationCidrBlock, 4) };
  }
  if (input.DestinationIpv6CidrBlock !== undefined) {
    return { DestinationIpv6CidrBlock: canonicalCidr(input.DestinationIpv6CidrBlock, 6) };
  }
  const list = lookUpOne('prefixList', account.prefixLists, input.DestinationPrefixListId, 'destinationPrefixListId');
  return { DestinationPrefixListId: list.PrefixListId };
};

/** The destination of a route as text: what must be unique in a table. */
export const destinationText = (route: Destination): string =>
  route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId ?? '';

const targetNames = [
  'GatewayId',
  'VpcEndpointId',
  'NatGatewayId',
  'TransitGatewayId',
  'NetworkInterfaceId',
  'InstanceId',
  'EgressOnlyInternetGatewayId',
  'VpcPeeringConnectionId',
  'LocalGatewayId',
  'CarrierGatewayId',
  'CoreNetworkArn',
] as const;

/**
 * The target as a table shows it: a Gateway Load Balancer endpoint is given as VpcEndpointId and comes back as
 * GatewayId (seen in the code of infrastructure tools); an appliance shows instance, owner and interface together.
 */
const targetOf = (account: Account, input: CreateRouteCommandInput | ReplaceRouteCommandInput): Route => {
  const given = targetNames.filter((name) => input[name] !== undefined);
  if (given.length > 1) {
    throw new Ec2Error('InvalidParameterCombination', `A route must have exactly one target, not ${given.length}`);
  }
  const name = required(given[0], 'gatewayId');
  switch (name) {
    case 'VpcEndpointId': {
      const endpoint = lookUpOne('endpoint', account.endpoints, input.VpcEndpointId, 'vpcEndpointId');
      return { GatewayId: endpoint.VpcEndpointId };
    }
    case 'NetworkInterfaceId': {
      const held = lookUpOne('interface', account.interfaces, input.NetworkInterfaceId, 'networkInterfaceId');
      const instanceId = held.Attachment?.InstanceId;
      const appliance = instanceId === undefined ? {} : { InstanceId: instanceId, InstanceOwnerId: account.ownerId };
      return { NetworkInterfaceId: held.NetworkInterfaceId, ...appliance };
    }
    case 'InstanceId': {
      const instance = lookUpOne('instance', account.instances, input.InstanceId, 'instanceId');
      const attached = interfacesOf(account, instance.InstanceId);
      if (attached.length !== 1) {
        throw new Ec2Error(
          'InvalidInstanceID',
          `There are multiple interfaces attached to instance '${instance.InstanceId}'. Please specify an interface ID for the operation instead.`,
        );
      }
      return {
        InstanceId: instance.InstanceId,
        InstanceOwnerId: account.ownerId,
        NetworkInterfaceId: attached[0]?.NetworkInterfaceId,
      };
    }
    case 'GatewayId':
    case 'NatGatewayId':
    case 'TransitGatewayId':
    case 'EgressOnlyInternetGatewayId':
    case 'VpcPeeringConnectionId':
    case 'LocalGatewayId':
    case 'CarrierGatewayId':
    case 'CoreNetworkArn':
      return { [name]: input[name] };
  }
};

const withRoutes = (account: Account, table: HeldRouteTable, routes: readonly Route[]): Account => ({
  ...account,
  routeTables: withEntries(account.routeTables, [table.RouteTableId, { ...table, Routes: [...routes] }]),
});

/** A route as a table keeps it. @throws Ec2Error for a target or destination that does not exist or is not single. */
export const routeFrom = (account: Account, input: CreateRouteCommandInput | ReplaceRouteCommandInput): Route => ({
  ...destinationOf(account, input),
  ...targetOf(account, input),
  Origin: 'CreateRoute',
  State: 'active',
});

export const createRoute = ({ account }: Changing, input: CreateRouteCommandInput) => {
  const table = lookUpOne('routeTable', account.routeTables, input.RouteTableId, 'routeTableId');
  const route = routeFrom(account, input);
  if (table.Routes.some((one) => destinationText(one) === destinationText(route))) {
    throw new Ec2Error('RouteAlreadyExists', `The route identified by ${destinationText(route)} already exists.`);
  }
  return { account: withRoutes(account, table, [...table.Routes, route]), output: { Return: true } };
};

const indexOfRoute = (table: HeldRouteTable, destination: Destination): number => {
  const index = table.Routes.findIndex((one) => destinationText(one) === destinationText(destination));
  if (index < 0) {
    throw new Ec2Error(
      'InvalidRoute.NotFound',
      `no route with destination ${destinationText(destination)} in route table ${table.RouteTableId}`,
    );
  }
  if (table.Routes[index]?.GatewayId === 'local') {
    throw new Ec2Error('InvalidParameterValue', `cannot remove local route ${destinationText(destination)}`);
  }
  return index;
};

export const replaceRoute = ({ account }: Changing, input: ReplaceRouteCommandInput): Changed<object> => {
  const table = lookUpOne('routeTable', account.routeTables, input.RouteTableId, 'routeTableId');
  const route = routeFrom(account, input);
  return { account: withRoutes(account, table, table.Routes.with(indexOfRoute(table, route), route)), output: {} };
};

export const deleteRoute = ({ account }: Changing, input: DeleteRouteCommandInput): Changed<object> => {
  const table = lookUpOne('routeTable', account.routeTables, input.RouteTableId, 'routeTableId');
  const index = indexOfRoute(table, destinationOf(account, input));
  return { account: withRoutes(account, table, table.Routes.toSpliced(index, 1)), output: {} };
};

const associated = (table: HeldRouteTable, association: RouteTableAssociation): HeldRouteTable => ({
  ...table,
  Associations: [...table.Associations, { ...association, RouteTableId: table.RouteTableId }],
});

const locate = (account: Account, id: string): readonly [HeldRouteTable, RouteTableAssociation] => {
  requireWellFormed('association', [id]);
  for (const table of account.routeTables.values()) {
    const association = table.Associations.find((one) => one.RouteTableAssociationId === id);
    if (association !== undefined) return [table, association];
  }
  throw notFound('association', [id]);
};

export const associateRouteTable = (changing: Changing, input: AssociateRouteTableCommandInput) => {
  const { account } = changing;
  const table = lookUpOne('routeTable', account.routeTables, input.RouteTableId, 'routeTableId');
  const subnet = lookUpOne('subnet', account.subnets, input.SubnetId, 'subnetId');
  if (subnet.VpcId !== table.VpcId) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Route table ${table.RouteTableId} and subnet ${subnet.SubnetId} belong to different networks`,
    );
  }
  const present = [...account.routeTables.values()].find((one) =>
    one.Associations.some((association) => association.SubnetId === subnet.SubnetId),
  );
  if (present !== undefined) {
    throw new Ec2Error(
      'Resource.AlreadyAssociated',
      `the specified association for route table ${present.RouteTableId} conflicts with an existing association`,
    );
  }
  const AssociationId = freshId(changing, 'rtbassoc-');
  const state = { State: 'associated' } as const;
  const held = associated(table, {
    RouteTableAssociationId: AssociationId,
    SubnetId: subnet.SubnetId,
    Main: false,
    AssociationState: state,
  });
  return {
    account: { ...account, routeTables: withEntries(account.routeTables, [table.RouteTableId, held]) },
    output: { AssociationId, AssociationState: state },
  };
};

const without = (table: HeldRouteTable, id: string): HeldRouteTable => ({
  ...table,
  Associations: table.Associations.filter((one) => one.RouteTableAssociationId !== id),
});

export const disassociateRouteTable = (
  { account }: Changing,
  input: DisassociateRouteTableCommandInput,
): Changed<object> => {
  const id = required(input.AssociationId, 'associationId');
  const [table, association] = locate(account, id);
  if (association.Main === true) {
    throw new Ec2Error('InvalidParameterValue', `cannot disassociate the main route table association ${id}`);
  }
  return {
    account: { ...account, routeTables: withEntries(account.routeTables, [table.RouteTableId, without(table, id)]) },
    output: {},
  };
};

/** Also swaps a VPC's main table, when the association is the main one (documented). */
export const replaceRouteTableAssociation = (changing: Changing, input: ReplaceRouteTableAssociationCommandInput) => {
  const { account } = changing;
  const id = required(input.AssociationId, 'associationId');
  const [from, association] = locate(account, id);
  const to = lookUpOne('routeTable', account.routeTables, input.RouteTableId, 'routeTableId');
  if (to.VpcId !== from.VpcId) {
    throw new Ec2Error('InvalidParameterValue', `Route table ${to.RouteTableId} belongs to a different network`);
  }
  const NewAssociationId = freshId(changing, 'rtbassoc-');
  const emptied = withEntries(account.routeTables, [from.RouteTableId, without(from, id)]);
  const target = emptied.get(to.RouteTableId) ?? to;
  const held = associated(target, { ...association, RouteTableAssociationId: NewAssociationId });
  return {
    account: { ...account, routeTables: withEntries(emptied, [to.RouteTableId, held]) },
    output: { NewAssociationId, AssociationState: { State: 'associated' } as const },
  };
};

const propagation =
  (on: boolean) =>
  ({ account }: Changing, input: EnableVgwRoutePropagationCommandInput): Changed<object> => {
    const table = lookUpOne('routeTable', account.routeTables, input.RouteTableId, 'routeTableId');
    const GatewayId = required(input.GatewayId, 'gatewayId');
    const others = (table.PropagatingVgws ?? []).filter((one) => one.GatewayId !== GatewayId);
    const held = { ...table, PropagatingVgws: on ? [...others, { GatewayId }] : others };
    return {
      account: { ...account, routeTables: withEntries(account.routeTables, [table.RouteTableId, held]) },
      output: {},
    };
  };

/** Learned routes themselves do not appear: what a gateway announces is not part of the account. */
export const enableVgwRoutePropagation = propagation(true);
export const disableVgwRoutePropagation = propagation(false);
