import type { Announced } from '../../../shared/domain/change.ts';

/** One record of a call, and everything it announces. */
export interface CallRecord {
  readonly request: unknown;
  readonly response: unknown;
  readonly announced: Partial<Announced>;
}

const done = { _return: true, requestId: '5d4c3b2a-0000-4000-8000-00000000000a' };
const instances = (...items: readonly object[]) => ({ instancesSet: { items } });
const moving = (name: string) => ({ ...done, ...instances({ instanceId: 'i-0aa', currentState: { code: 0, name } }) });
const https = { protocol: 'tcp', fromPort: 443, toPort: 443 };
const httpsRule = { groupId: 'sg-0a', isEgress: false, ipProtocol: 'tcp', fromPort: 443, toPort: 443 };
const httpsPermission = (ranges: object) => ({
  ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: 443, toPort: 443, ...ranges }] },
});
const address = (text: string, held: boolean) =>
  ({ kind: 'address', interface: 'eni-0e', address: text, held }) as const;
const modified = (content: object, id = 'sgr-01') => ({ SecurityGroupRuleId: id, SecurityGroupRule: content, tag: 1 });

/** Records of every call, by its name: those seen in the form in which they were seen, others as the API model has them. */
export const callRecords: Readonly<Record<string, readonly CallRecord[]>> = {
  StartInstances: [
    {
      request: instances({ instanceId: 'i-0aa' }),
      response: moving('pending'),
      announced: { instanceStates: { 'i-0aa': 'pending' } },
    },
    // An answer that CloudTrail left out, and one that names the state of only some.
    {
      request: instances({ instanceId: 'i-0aa' }),
      response: { omitted: true },
      announced: { instanceStates: { 'i-0aa': 'pending' } },
    },
    {
      request: instances({ instanceId: 'i-0aa' }, { instanceId: 'i-0bb' }),
      response: moving('running'),
      announced: { instanceStates: { 'i-0aa': 'running', 'i-0bb': 'pending' } },
    },
    // A null among the instances is none.
    {
      request: { instancesSet: { items: [null, { instanceId: 'i-0aa' }] } },
      response: { instancesSet: { items: [null] } },
      announced: { instanceStates: { 'i-0aa': 'pending' } },
    },
  ],
  StopInstances: [
    {
      request: instances({ instanceId: 'i-0aa' }),
      response: null,
      announced: { instanceStates: { 'i-0aa': 'stopping' } },
    },
  ],
  TerminateInstances: [
    {
      request: instances({ instanceId: 'i-0aa' }),
      response: { omitted: true },
      announced: { instanceStates: { 'i-0aa': 'shutting-down' } },
    },
  ],
  RunInstances: [
    {
      request: instances({ minCount: 1, maxCount: 1 }),
      response: {
        ownerId: '210987654321',
        ...instances({
          instanceId: 'i-0aa',
          instanceState: { code: 0, name: 'pending' },
          networkInterfaceSet: {
            items: [
              { networkInterfaceId: 'eni-0e', attachment: { attachmentId: 'eni-attach-01', status: 'attaching' } },
            ],
          },
        }),
      },
      announced: {
        instanceStates: { 'i-0aa': 'pending' },
        facts: [{ kind: 'attached', interface: 'eni-0e', instance: 'i-0aa', attachment: 'eni-attach-01' }],
      },
    },
  ],
  AuthorizeSecurityGroupIngress: [
    {
      request: { groupId: 'sg-0a', ...httpsPermission({ ipRanges: { items: [{ cidrIp: '203.0.113.0/24' }] } }) },
      response: {
        ...done,
        securityGroupRuleSet: {
          items: [{ ...httpsRule, securityGroupRuleId: 'sgr-01', cidrIpv4: '203.0.113.0/24' }],
        },
      },
      announced: {
        createdRules: ['sgr-01'],
        createdPermissions: [{ ...https, source: '203.0.113.0/24', rule: 'sgr-01' }],
      },
    },
    {
      request: { groupId: 'sg-0a' },
      response: {
        ...done,
        securityGroupRuleSet: {
          items: [
            { ...httpsRule, securityGroupRuleId: 'sgr-01', cidrIpv6: '2001:db8::/32' },
            { ...httpsRule, securityGroupRuleId: 'sgr-02', prefixListId: 'pl-0a' },
            { ...httpsRule, securityGroupRuleId: 'sgr-03', referencedGroupInfo: { groupId: 'sg-0f' } },
          ],
        },
      },
      announced: {
        createdRules: ['sgr-01', 'sgr-02', 'sgr-03'],
        createdPermissions: [
          { ...https, source: '2001:db8::/32', rule: 'sgr-01' },
          { ...https, source: 'pl-0a', rule: 'sgr-02' },
          { ...https, source: 'sg-0f', rule: 'sgr-03' },
        ],
      },
    },
    // Before 2022 the answer named no rules.
    {
      request: { groupId: 'sg-0a', ...httpsPermission({ ipRanges: { items: [{ cidrIp: '203.0.113.0/24' }] } }) },
      response: { _return: true },
      announced: { createdPermissions: [{ ...https, source: '203.0.113.0/24', rule: null }] },
    },
  ],
  RevokeSecurityGroupIngress: [
    {
      request: { groupId: 'sg-0a', securityGroupRuleIds: { items: [{ securityGroupRuleId: 'sgr-01' }] } },
      response: done,
      announced: { removedRules: ['sgr-01'] },
    },
    {
      request: { groupId: 'sg-0a', ...httpsPermission({ prefixListIds: { items: [{ prefixListId: 'pl-0a' }] } }) },
      response: done,
      announced: { revokedPermissions: [{ ...https, source: 'pl-0a' }] },
    },
  ],
  ModifyInstanceAttribute: [
    {
      request: { instanceId: 'i-0aa', groupSet: { items: [{ groupId: 'sg-0b' }, { groupId: 'sg-0a' }] } },
      response: done,
      announced: { facts: [{ kind: 'groups', of: 'i-0aa', groups: ['sg-0b', 'sg-0a'] }] },
    },
  ],
  ModifyNetworkInterfaceAttribute: [
    {
      request: { networkInterfaceId: 'eni-0e', groupSet: { items: [{ groupId: 'sg-0a' }] } },
      response: done,
      announced: { facts: [{ kind: 'groups', of: 'eni-0e', groups: ['sg-0a'] }] },
    },
  ],
  AttachNetworkInterface: [
    {
      request: { networkInterfaceId: 'eni-0e', instanceId: 'i-0aa', deviceIndex: 1 },
      response: { attachmentId: 'eni-attach-01' },
      announced: {
        facts: [{ kind: 'attached', interface: 'eni-0e', instance: 'i-0aa', attachment: 'eni-attach-01' }],
      },
    },
  ],
  DetachNetworkInterface: [
    {
      request: { attachmentId: 'eni-attach-01', force: false },
      response: done,
      announced: { facts: [{ kind: 'detached', attachment: 'eni-attach-01' }] },
    },
  ],
  CreateNetworkInterface: [
    {
      request: { subnetId: 'subnet-01', groupSet: { items: [{ groupId: 'sg-0a' }] } },
      response: {
        networkInterface: {
          networkInterfaceId: 'eni-0e',
          requesterManaged: true,
          interfaceType: 'interface',
          groupSet: { items: [{ groupId: 'sg-0a', groupName: 'a' }] },
        },
      },
      announced: { facts: [{ kind: 'interface', id: 'eni-0e', there: true }] },
    },
  ],
  DeleteNetworkInterface: [
    {
      request: { networkInterfaceId: 'eni-0e' },
      response: done,
      announced: { facts: [{ kind: 'interface', id: 'eni-0e', there: false }] },
    },
  ],
  AssignPrivateIpAddresses: [
    {
      request: { networkInterfaceId: 'eni-0e', secondaryPrivateIpAddressCount: 1 },
      response: { ...done, assignedPrivateIpAddressesSet: { items: [{ privateIpAddress: '10.0.1.7' }] } },
      announced: { facts: [address('10.0.1.7/32', true)] },
    },
    {
      request: {
        networkInterfaceId: 'eni-0e',
        allowReassignment: true,
        privateIpAddressesSet: { item: [{ privateIpAddress: '10.0.1.7', primary: false }] },
      },
      response: done,
      announced: { facts: [address('10.0.1.7/32', true)] },
    },
    {
      request: { networkInterfaceId: 'eni-0e', ipv4PrefixCount: 1 },
      response: { ...done, assignedIpv4PrefixSet: { items: [{ ipv4Prefix: '10.0.1.16/28' }] } },
      announced: { facts: [address('10.0.1.16/28', true)] },
    },
  ],
  UnassignPrivateIpAddresses: [
    {
      request: { networkInterfaceId: 'eni-0e', privateIpAddressesSet: { items: [{ privateIpAddress: '10.0.1.7' }] } },
      response: done,
      announced: { facts: [address('10.0.1.7/32', false)] },
    },
  ],
  AssignIpv6Addresses: [
    {
      request: { networkInterfaceId: 'eni-0e', ipv6AddressCount: 1 },
      response: { ...done, assignedIpv6Addresses: { items: ['2001:db8::7'] } },
      announced: { facts: [address('2001:db8::7/128', true)] },
    },
    {
      request: {
        AssignIpv6AddressesRequest: { NetworkInterfaceId: 'eni-0e', Ipv6Prefix: { tag: 1, content: '2001:db8::/80' } },
      },
      response: done,
      announced: { facts: [address('2001:db8::/80', true)] },
    },
  ],
  UnassignIpv6Addresses: [
    {
      request: { networkInterfaceId: 'eni-0e', ipv6Addresses: { items: [{ ipv6Address: '2001:db8::7' }] } },
      response: done,
      announced: { facts: [address('2001:db8::7/128', false)] },
    },
  ],
  ModifySecurityGroupRules: [
    {
      request: {
        ModifySecurityGroupRulesRequest: {
          GroupId: 'sg-0a',
          SecurityGroupRule: modified({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIpv4: '0.0.0.0/0' }),
        },
      },
      response: done,
      announced: {
        facts: [{ kind: 'rule', group: 'sg-0a', id: 'sgr-01', permission: { ...https, source: '0.0.0.0/0' } }],
      },
    },
    {
      request: {
        ModifySecurityGroupRulesRequest: {
          GroupId: 'sg-0a',
          SecurityGroupRule: [
            modified({ IpProtocol: '-1', PrefixListId: 'pl-0a' }),
            modified({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, ReferencedGroupId: 'sg-0f' }, 'sgr-02'),
          ],
        },
      },
      response: done,
      announced: {
        facts: [
          {
            kind: 'rule',
            group: 'sg-0a',
            id: 'sgr-01',
            permission: { protocol: '-1', fromPort: null, toPort: null, source: 'pl-0a' },
          },
          { kind: 'rule', group: 'sg-0a', id: 'sgr-02', permission: { ...https, source: 'sg-0f' } },
        ],
      },
    },
  ],
  DeleteSecurityGroup: [
    {
      request: { groupId: 'sg-0a' },
      response: done,
      announced: { facts: [{ kind: 'group deleted', id: 'sg-0a' }] },
    },
  ],
  AssociateSecurityGroupVpc: [
    {
      request: { AssociateSecurityGroupVpcRequest: { GroupId: 'sg-0a', VpcId: 'vpc-0b' } },
      response: { state: 'associating' },
      announced: {},
    },
  ],
  DisassociateSecurityGroupVpc: [{ request: { groupId: 'sg-0a', vpcId: 'vpc-0b' }, response: done, announced: {} }],
  CreateRoute: [
    {
      request: { routeTableId: 'rtb-01', destinationCidrBlock: '0.0.0.0/0', gatewayId: 'igw-01' },
      response: done,
      announced: { facts: [{ kind: 'route', table: 'rtb-01', destination: '0.0.0.0/0', target: 'igw-01' }] },
    },
    {
      request: { routeTableId: 'rtb-01', destinationIpv6CidrBlock: '::/0', vpcEndpointId: 'vpce-01' },
      response: done,
      announced: { facts: [{ kind: 'route', table: 'rtb-01', destination: '::/0', target: 'vpce-01' }] },
    },
  ],
  ReplaceRoute: [
    {
      request: { routeTableId: 'rtb-01', destinationPrefixListId: 'pl-0a', networkInterfaceId: 'eni-0f' },
      response: done,
      announced: { facts: [{ kind: 'route', table: 'rtb-01', destination: 'pl-0a', target: 'eni-0f' }] },
    },
    {
      request: { routeTableId: 'rtb-01', destinationCidrBlock: '10.0.1.5/24', localTarget: true },
      response: done,
      announced: { facts: [{ kind: 'route', table: 'rtb-01', destination: '10.0.1.0/24', target: 'local' }] },
    },
  ],
  DeleteRoute: [
    {
      request: { routeTableId: 'rtb-01', destinationCidrBlock: '0.0.0.0/0' },
      response: done,
      announced: { facts: [{ kind: 'route', table: 'rtb-01', destination: '0.0.0.0/0', target: null }] },
    },
  ],
  AssociateRouteTable: [
    {
      request: { routeTableId: 'rtb-01', subnetId: 'subnet-01' },
      response: { associationId: 'rtbassoc-01', associationState: { state: 'associated' } },
      announced: { facts: [{ kind: 'association', id: 'rtbassoc-01', table: 'rtb-01' }] },
    },
  ],
  DisassociateRouteTable: [
    {
      request: { associationId: 'rtbassoc-01' },
      response: { associationState: { state: 'disassociating' } },
      announced: { facts: [{ kind: 'association', id: 'rtbassoc-01', table: null }] },
    },
  ],
  ReplaceRouteTableAssociation: [
    {
      request: { associationId: 'rtbassoc-01', routeTableId: 'rtb-02' },
      response: { newAssociationId: 'rtbassoc-02', associationState: { state: 'associated' } },
      announced: {
        facts: [
          { kind: 'association', id: 'rtbassoc-02', table: 'rtb-02' },
          { kind: 'association', id: 'rtbassoc-01', table: null },
        ],
      },
    },
  ],
  EnableVgwRoutePropagation: [
    {
      request: { routeTableId: 'rtb-01', gatewayId: 'vgw-01' },
      response: done,
      announced: { facts: [{ kind: 'propagation', table: 'rtb-01', gateway: 'vgw-01', on: true }] },
    },
  ],
  DisableVgwRoutePropagation: [
    {
      request: { routeTableId: 'rtb-01', gatewayId: 'vgw-01' },
      response: done,
      announced: { facts: [{ kind: 'propagation', table: 'rtb-01', gateway: 'vgw-01', on: false }] },
    },
  ],
  CreateVpcEndpoint: [
    {
      request: { CreateVpcEndpointRequest: { VpcId: 'vpc-0a', RouteTableId: { tag: 1, content: 'rtb-01' } } },
      response: { CreateVpcEndpointResponse: { vpcEndpoint: { vpcEndpointId: 'vpce-01' } } },
      announced: { facts: [{ kind: 'routes to', target: 'vpce-01', tables: ['rtb-01'], there: true }] },
    },
  ],
  ModifyVpcEndpoint: [
    {
      request: {
        ModifyVpcEndpointRequest: {
          VpcEndpointId: 'vpce-01',
          AddRouteTableId: [
            { tag: 1, content: 'rtb-01' },
            { tag: 2, content: 'rtb-02' },
          ],
          RemoveRouteTableId: { tag: 1, content: 'rtb-03' },
        },
      },
      response: done,
      announced: {
        facts: [
          { kind: 'routes to', target: 'vpce-01', tables: ['rtb-01', 'rtb-02'], there: true },
          { kind: 'routes to', target: 'vpce-01', tables: ['rtb-03'], there: false },
        ],
      },
    },
  ],
  DeleteVpcEndpoints: [
    {
      request: { DeleteVpcEndpointsRequest: { VpcEndpointId: { tag: 1, content: 'vpce-01' } } },
      response: done,
      announced: { facts: [{ kind: 'routes to', target: 'vpce-01', tables: null, there: false }] },
    },
  ],
  AssociateVpcCidrBlock: [
    {
      request: { AssociateVpcCidrBlockRequest: { VpcId: 'vpc-0a', CidrBlock: '10.9.0.0/16' } },
      response: {
        AssociateVpcCidrBlockResponse: {
          vpcId: 'vpc-0a',
          cidrBlockAssociation: { associationId: 'vpc-cidr-assoc-01', cidrBlockState: { state: 'associating' } },
        },
      },
      announced: { facts: [{ kind: 'range', association: 'vpc-cidr-assoc-01', there: true }] },
    },
    {
      request: { vpcId: 'vpc-0a', amazonProvidedIpv6CidrBlock: true },
      response: { ipv6CidrBlockAssociation: { associationId: 'vpc-cidr-assoc-06' } },
      announced: { facts: [{ kind: 'range', association: 'vpc-cidr-assoc-06', there: true }] },
    },
  ],
  DisassociateVpcCidrBlock: [
    {
      request: { DisassociateVpcCidrBlockRequest: { AssociationId: 'vpc-cidr-assoc-01' } },
      response: done,
      announced: { facts: [{ kind: 'range', association: 'vpc-cidr-assoc-01', there: false }] },
    },
  ],
  ModifyManagedPrefixList: [
    {
      request: {
        ModifyManagedPrefixListRequest: {
          PrefixListId: 'pl-0a',
          CurrentVersion: 3,
          AddEntry: { Cidr: '198.51.100.0/24', tag: 1 },
          RemoveEntry: [{ Cidr: '203.0.113.9/24', tag: 1 }],
        },
      },
      response: done,
      announced: {
        facts: [
          { kind: 'prefix list', id: 'pl-0a', version: 4, added: ['198.51.100.0/24'], removed: ['203.0.113.0/24'] },
        ],
      },
    },
    // A new name or size makes no version.
    {
      request: { ModifyManagedPrefixListRequest: { PrefixListId: 'pl-0a', PrefixListName: 'partners' } },
      response: done,
      announced: { facts: [{ kind: 'prefix list', id: 'pl-0a', version: null, added: [], removed: [] }] },
    },
  ],
  RestoreManagedPrefixListVersion: [
    {
      request: {
        RestoreManagedPrefixListVersionRequest: { PrefixListId: 'pl-0a', PreviousVersion: 1, CurrentVersion: 3 },
      },
      response: done,
      announced: { facts: [{ kind: 'prefix list', id: 'pl-0a', version: 4, added: [], removed: [] }] },
    },
  ],
};
