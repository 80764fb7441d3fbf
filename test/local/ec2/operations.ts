import * as ec2 from '@aws-sdk/client-ec2';
import type { StaticOperationSchema } from '@smithy/types';
import type { Changed, Changing } from './changing.ts';
import { describeSecurityGroupRules, describeSecurityGroups } from './describe-groups.ts';
import { describeInstances, describeNetworkInterfaces } from './describe-instances.ts';
import { describeRouteTables, describeSubnets, describeVpcEndpoints, describeVpcs } from './describe-network.ts';
import { describeManagedPrefixLists, getManagedPrefixListEntries } from './describe-prefix-lists.ts';
import {
  modifyInstanceAttribute,
  runInstances,
  startInstances,
  stopInstances,
  terminateInstances,
} from './instances.ts';
import {
  assignIpv6Addresses,
  assignPrivateIpAddresses,
  attachNetworkInterface,
  detachNetworkInterface,
  modifyNetworkInterfaceAttribute,
  unassignIpv6Addresses,
  unassignPrivateIpAddresses,
} from './interfaces.ts';
import { modifyManagedPrefixList, restoreManagedPrefixListVersion } from './prefix-lists.ts';
import type { Reading } from './reading.ts';
import {
  associateRouteTable,
  createRoute,
  deleteRoute,
  disableVgwRoutePropagation,
  disassociateRouteTable,
  enableVgwRoutePropagation,
  replaceRoute,
  replaceRouteTableAssociation,
} from './routes.ts';
import {
  authorizeSecurityGroupIngress,
  modifySecurityGroupRules,
  revokeSecurityGroupIngress,
} from './security-group-rules.ts';
import { createSecurityGroup, deleteSecurityGroup } from './security-groups.ts';
import * as trail from './trail.ts';
import { associateVpcCidrBlock, disassociateVpcCidrBlock } from './vpc-ranges.ts';

/** One call of the API. `accepts` lists the parameters that have an effect here; all others are refused. */
export type Operation =
  | {
      readonly kind: 'read';
      readonly schema: StaticOperationSchema;
      readonly accepts: readonly string[];
      readonly run: (reading: Reading, input: object) => object;
    }
  | {
      readonly kind: 'change';
      readonly schema: StaticOperationSchema;
      readonly accepts: readonly string[];
      readonly run: (changing: Changing, input: object) => Changed<object>;
      readonly requestParameters: (input: object) => Readonly<Record<string, unknown>>;
    };

/* The decoded input has been checked against the schema of the same operation, which is what makes the casts right. */
const reading = <Input extends object>(
  schema: StaticOperationSchema,
  accepts: readonly (keyof Input & string)[],
  run: (reading: Reading, input: Input) => object,
): Operation => ({
  kind: 'read',
  schema,
  accepts: [...accepts, 'MaxResults', 'NextToken', 'DryRun'],
  run: (context, input) => run(context, input as Input),
});

const changing = <Input extends object>(
  schema: StaticOperationSchema,
  accepts: readonly (keyof Input & string)[],
  run: (changing: Changing, input: Input) => Changed<object>,
  requestParameters: (input: Input) => Readonly<Record<string, unknown>> = trail.plainTrail,
): Operation => ({
  kind: 'change',
  schema,
  accepts: [...accepts, 'DryRun'],
  run: (context, input) => run(context, input as Input),
  requestParameters: (input) => requestParameters(input as Input),
});

const permissionParameters = [
  'GroupId',
  'GroupName',
  'IpPermissions',
  'IpProtocol',
  'FromPort',
  'ToPort',
  'CidrIp',
] as const;

const routeParameters = [
  'RouteTableId',
  'DestinationCidrBlock',
  'DestinationIpv6CidrBlock',
  'DestinationPrefixListId',
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

/** Every call this endpoint knows. */
export const operations: ReadonlyMap<string, Operation> = new Map([
  [
    'DescribeInstances',
    reading<ec2.DescribeInstancesCommandInput>(
      ec2.DescribeInstances$,
      ['InstanceIds', 'Filters', 'IncludeManagedResources'],
      describeInstances,
    ),
  ],
  [
    'DescribeNetworkInterfaces',
    reading<ec2.DescribeNetworkInterfacesCommandInput>(
      ec2.DescribeNetworkInterfaces$,
      ['NetworkInterfaceIds', 'Filters', 'IncludeManagedResources'],
      describeNetworkInterfaces,
    ),
  ],
  [
    'DescribeSecurityGroups',
    reading<ec2.DescribeSecurityGroupsCommandInput>(
      ec2.DescribeSecurityGroups$,
      ['GroupIds', 'GroupNames', 'Filters'],
      describeSecurityGroups,
    ),
  ],
  [
    'DescribeSecurityGroupRules',
    reading<ec2.DescribeSecurityGroupRulesCommandInput>(
      ec2.DescribeSecurityGroupRules$,
      ['SecurityGroupRuleIds', 'Filters'],
      describeSecurityGroupRules,
    ),
  ],
  [
    'DescribeSubnets',
    reading<ec2.DescribeSubnetsCommandInput>(ec2.DescribeSubnets$, ['SubnetIds', 'Filters'], describeSubnets),
  ],
  ['DescribeVpcs', reading<ec2.DescribeVpcsCommandInput>(ec2.DescribeVpcs$, ['VpcIds', 'Filters'], describeVpcs)],
  [
    'DescribeRouteTables',
    reading<ec2.DescribeRouteTablesCommandInput>(
      ec2.DescribeRouteTables$,
      ['RouteTableIds', 'Filters'],
      describeRouteTables,
    ),
  ],
  [
    'DescribeManagedPrefixLists',
    reading<ec2.DescribeManagedPrefixListsCommandInput>(
      ec2.DescribeManagedPrefixLists$,
      ['PrefixListIds', 'Filters'],
      describeManagedPrefixLists,
    ),
  ],
  [
    'GetManagedPrefixListEntries',
    reading<ec2.GetManagedPrefixListEntriesCommandInput>(
      ec2.GetManagedPrefixListEntries$,
      ['PrefixListId', 'TargetVersion'],
      getManagedPrefixListEntries,
    ),
  ],
  [
    'DescribeVpcEndpoints',
    reading<ec2.DescribeVpcEndpointsCommandInput>(
      ec2.DescribeVpcEndpoints$,
      ['VpcEndpointIds', 'Filters'],
      describeVpcEndpoints,
    ),
  ],
  [
    'StartInstances',
    changing<ec2.StartInstancesCommandInput>(
      ec2.StartInstances$,
      ['InstanceIds'],
      startInstances,
      trail.instancesTrail,
    ),
  ],
  [
    'StopInstances',
    changing<ec2.StopInstancesCommandInput>(
      ec2.StopInstances$,
      ['InstanceIds', 'Force'],
      stopInstances,
      trail.instancesTrail,
    ),
  ],
  [
    'TerminateInstances',
    changing<ec2.TerminateInstancesCommandInput>(
      ec2.TerminateInstances$,
      ['InstanceIds'],
      terminateInstances,
      trail.instancesTrail,
    ),
  ],
  [
    'RunInstances',
    changing<ec2.RunInstancesCommandInput>(
      ec2.RunInstances$,
      [
        'ImageId',
        'InstanceType',
        'MinCount',
        'MaxCount',
        'SubnetId',
        'SecurityGroupIds',
        'PrivateIpAddress',
        'NetworkInterfaces',
        'TagSpecifications',
        'ClientToken',
      ],
      runInstances,
      trail.runTrail,
    ),
  ],
  [
    'ModifyInstanceAttribute',
    changing<ec2.ModifyInstanceAttributeCommandInput>(
      ec2.ModifyInstanceAttribute$,
      ['InstanceId', 'Groups'],
      modifyInstanceAttribute,
      trail.instanceAttributeTrail,
    ),
  ],
  [
    'CreateSecurityGroup',
    changing<ec2.CreateSecurityGroupCommandInput>(
      ec2.CreateSecurityGroup$,
      ['GroupName', 'Description', 'VpcId'],
      createSecurityGroup,
      trail.createGroupTrail,
    ),
  ],
  [
    'DeleteSecurityGroup',
    changing<ec2.DeleteSecurityGroupCommandInput>(ec2.DeleteSecurityGroup$, ['GroupId'], deleteSecurityGroup),
  ],
  [
    'AuthorizeSecurityGroupIngress',
    changing<ec2.AuthorizeSecurityGroupIngressCommandInput>(
      ec2.AuthorizeSecurityGroupIngress$,
      permissionParameters,
      authorizeSecurityGroupIngress,
      trail.permissionsTrail,
    ),
  ],
  [
    'RevokeSecurityGroupIngress',
    changing<ec2.RevokeSecurityGroupIngressCommandInput>(
      ec2.RevokeSecurityGroupIngress$,
      [...permissionParameters, 'SecurityGroupRuleIds'],
      revokeSecurityGroupIngress,
      trail.permissionsTrail,
    ),
  ],
  [
    'ModifySecurityGroupRules',
    changing<ec2.ModifySecurityGroupRulesCommandInput>(
      ec2.ModifySecurityGroupRules$,
      ['GroupId', 'SecurityGroupRules'],
      modifySecurityGroupRules,
      trail.modifyRulesTrail,
    ),
  ],
  [
    'ModifyNetworkInterfaceAttribute',
    changing<ec2.ModifyNetworkInterfaceAttributeCommandInput>(
      ec2.ModifyNetworkInterfaceAttribute$,
      ['NetworkInterfaceId', 'Groups', 'Description', 'SourceDestCheck'],
      modifyNetworkInterfaceAttribute,
      trail.interfaceAttributeTrail,
    ),
  ],
  [
    'AttachNetworkInterface',
    changing<ec2.AttachNetworkInterfaceCommandInput>(
      ec2.AttachNetworkInterface$,
      ['NetworkInterfaceId', 'InstanceId', 'DeviceIndex'],
      attachNetworkInterface,
    ),
  ],
  [
    'DetachNetworkInterface',
    changing<ec2.DetachNetworkInterfaceCommandInput>(
      ec2.DetachNetworkInterface$,
      ['AttachmentId', 'Force'],
      detachNetworkInterface,
    ),
  ],
  [
    'AssignPrivateIpAddresses',
    changing<ec2.AssignPrivateIpAddressesCommandInput>(
      ec2.AssignPrivateIpAddresses$,
      [
        'NetworkInterfaceId',
        'PrivateIpAddresses',
        'SecondaryPrivateIpAddressCount',
        'Ipv4Prefixes',
        'AllowReassignment',
      ],
      assignPrivateIpAddresses,
      trail.assignTrail,
    ),
  ],
  [
    'UnassignPrivateIpAddresses',
    changing<ec2.UnassignPrivateIpAddressesCommandInput>(
      ec2.UnassignPrivateIpAddresses$,
      ['NetworkInterfaceId', 'PrivateIpAddresses', 'Ipv4Prefixes'],
      unassignPrivateIpAddresses,
      trail.assignTrail,
    ),
  ],
  [
    'AssignIpv6Addresses',
    changing<ec2.AssignIpv6AddressesCommandInput>(
      ec2.AssignIpv6Addresses$,
      ['NetworkInterfaceId', 'Ipv6Addresses'],
      assignIpv6Addresses,
      trail.assignIpv6Trail,
    ),
  ],
  [
    'UnassignIpv6Addresses',
    changing<ec2.UnassignIpv6AddressesCommandInput>(
      ec2.UnassignIpv6Addresses$,
      ['NetworkInterfaceId', 'Ipv6Addresses'],
      unassignIpv6Addresses,
      trail.assignIpv6Trail,
    ),
  ],
  [
    'ModifyManagedPrefixList',
    changing<ec2.ModifyManagedPrefixListCommandInput>(
      ec2.ModifyManagedPrefixList$,
      ['PrefixListId', 'CurrentVersion', 'PrefixListName', 'AddEntries', 'RemoveEntries'],
      modifyManagedPrefixList,
      trail.prefixListTrail,
    ),
  ],
  [
    'RestoreManagedPrefixListVersion',
    changing<ec2.RestoreManagedPrefixListVersionCommandInput>(
      ec2.RestoreManagedPrefixListVersion$,
      ['PrefixListId', 'PreviousVersion', 'CurrentVersion'],
      restoreManagedPrefixListVersion,
      trail.wrappedTrail('RestoreManagedPrefixListVersionRequest'),
    ),
  ],
  [
    'AssociateVpcCidrBlock',
    changing<ec2.AssociateVpcCidrBlockCommandInput>(
      ec2.AssociateVpcCidrBlock$,
      ['VpcId', 'CidrBlock'],
      associateVpcCidrBlock,
      trail.wrappedTrail('AssociateVpcCidrBlockRequest'),
    ),
  ],
  [
    'DisassociateVpcCidrBlock',
    changing<ec2.DisassociateVpcCidrBlockCommandInput>(
      ec2.DisassociateVpcCidrBlock$,
      ['AssociationId'],
      disassociateVpcCidrBlock,
      trail.wrappedTrail('DisassociateVpcCidrBlockRequest'),
    ),
  ],
  [
    'EnableVgwRoutePropagation',
    changing<ec2.EnableVgwRoutePropagationCommandInput>(
      ec2.EnableVgwRoutePropagation$,
      ['RouteTableId', 'GatewayId'],
      enableVgwRoutePropagation,
    ),
  ],
  [
    'DisableVgwRoutePropagation',
    changing<ec2.DisableVgwRoutePropagationCommandInput>(
      ec2.DisableVgwRoutePropagation$,
      ['RouteTableId', 'GatewayId'],
      disableVgwRoutePropagation,
    ),
  ],
  ['CreateRoute', changing<ec2.CreateRouteCommandInput>(ec2.CreateRoute$, routeParameters, createRoute)],
  ['ReplaceRoute', changing<ec2.ReplaceRouteCommandInput>(ec2.ReplaceRoute$, routeParameters, replaceRoute)],
  [
    'DeleteRoute',
    changing<ec2.DeleteRouteCommandInput>(
      ec2.DeleteRoute$,
      ['RouteTableId', 'DestinationCidrBlock', 'DestinationIpv6CidrBlock', 'DestinationPrefixListId'],
      deleteRoute,
    ),
  ],
  [
    'AssociateRouteTable',
    changing<ec2.AssociateRouteTableCommandInput>(
      ec2.AssociateRouteTable$,
      ['RouteTableId', 'SubnetId'],
      associateRouteTable,
    ),
  ],
  [
    'DisassociateRouteTable',
    changing<ec2.DisassociateRouteTableCommandInput>(
      ec2.DisassociateRouteTable$,
      ['AssociationId'],
      disassociateRouteTable,
    ),
  ],
  [
    'ReplaceRouteTableAssociation',
    changing<ec2.ReplaceRouteTableAssociationCommandInput>(
      ec2.ReplaceRouteTableAssociation$,
      ['AssociationId', 'RouteTableId'],
      replaceRouteTableAssociation,
    ),
  ],
]);
