import type { FactKind } from '../../domain/announced-facts.ts';
import type { Decoder } from './call-meaning.ts';
import { authorizeIngress, deleteGroup, groupVpcCall, modifyRules, revokeIngress } from './group-calls.ts';
import { modifyInstance, runInstances, startInstances, stopInstances, terminateInstances } from './instance-calls.ts';
import {
  assignAddresses,
  attachInterface,
  createInterface,
  deleteInterface,
  detachInterface,
  modifyInterface,
  unassignAddresses,
} from './interface-calls.ts';
import {
  associateRange,
  associateTable,
  createEndpoint,
  deleteEndpoints,
  deleteRoute,
  disablePropagation,
  disassociateRange,
  disassociateTable,
  enablePropagation,
  modifyEndpoint,
  modifyPrefixList,
  replaceTable,
  restorePrefixList,
  routeCall,
} from './network-calls.ts';

/** What a call announces: states of instances, rules by id, permissions by content, or a fact of a kind. */
export type Announcement = 'instance states' | 'created rules' | 'removed rules' | FactKind;

/** One call of EC2 that can change what the firewall must allow. */
export interface EventCall {
  readonly decode: Decoder;
  /** The EventBridge rule of `serverless.yml` whose pattern lets it through. */
  readonly rule: 'ChangeRule' | 'MoreChangesRule';
  /** What its record announces, to be looked for; or in words why nothing need be. */
  readonly announces: readonly Announcement[] | string;
}

const first = (decode: Decoder, ...announces: readonly Announcement[]): EventCall => ({
  decode,
  rule: 'ChangeRule',
  announces,
});
const more = (decode: Decoder, ...announces: readonly Announcement[]): EventCall => ({
  decode,
  rule: 'MoreChangesRule',
  announces,
});

const used = 'only an interface that carries the group is let in, and giving it the group is a call of its own';

/**
 * Every call that can change what the firewall must allow, by its CloudTrail event name. A contract test holds this table
 * together with the patterns of `serverless.yml` and with a record of each call.
 */
export const eventCalls: Readonly<Record<string, EventCall>> = {
  StartInstances: first(startInstances, 'instance states'),
  StopInstances: first(stopInstances, 'instance states'),
  AuthorizeSecurityGroupIngress: first(authorizeIngress, 'created rules'),
  RevokeSecurityGroupIngress: first(revokeIngress, 'removed rules'),
  RunInstances: more(runInstances, 'instance states', 'attached'),
  TerminateInstances: more(terminateInstances, 'instance states'),
  ModifyInstanceAttribute: more(modifyInstance, 'groups'),
  ModifyNetworkInterfaceAttribute: more(modifyInterface, 'groups'),
  AttachNetworkInterface: more(attachInterface, 'attached'),
  DetachNetworkInterface: more(detachInterface, 'detached'),
  CreateNetworkInterface: more(createInterface, 'interface'),
  DeleteNetworkInterface: more(deleteInterface, 'interface'),
  AssignPrivateIpAddresses: more(assignAddresses, 'address'),
  UnassignPrivateIpAddresses: more(unassignAddresses, 'address'),
  AssignIpv6Addresses: more(assignAddresses, 'address'),
  UnassignIpv6Addresses: more(unassignAddresses, 'address'),
  ModifySecurityGroupRules: more(modifyRules, 'rule'),
  DeleteSecurityGroup: more(deleteGroup, 'group deleted'),
  AssociateSecurityGroupVpc: { decode: groupVpcCall, rule: 'MoreChangesRule', announces: used },
  DisassociateSecurityGroupVpc: { decode: groupVpcCall, rule: 'MoreChangesRule', announces: used },
  CreateRoute: more(routeCall, 'route'),
  ReplaceRoute: more(routeCall, 'route'),
  DeleteRoute: more(deleteRoute, 'route'),
  AssociateRouteTable: more(associateTable, 'association'),
  DisassociateRouteTable: more(disassociateTable, 'association'),
  ReplaceRouteTableAssociation: more(replaceTable, 'association'),
  EnableVgwRoutePropagation: more(enablePropagation, 'propagation'),
  DisableVgwRoutePropagation: more(disablePropagation, 'propagation'),
  CreateVpcEndpoint: more(createEndpoint, 'routes to'),
  ModifyVpcEndpoint: more(modifyEndpoint, 'routes to'),
  DeleteVpcEndpoints: more(deleteEndpoints, 'routes to'),
  AssociateVpcCidrBlock: more(associateRange, 'range'),
  DisassociateVpcCidrBlock: more(disassociateRange, 'range'),
  ModifyManagedPrefixList: more(modifyPrefixList, 'prefix list'),
  RestoreManagedPrefixListVersion: more(restorePrefixList, 'prefix list'),
};
