import type { Change } from '../../../shared/domain/change.ts';

/** Made-up account of all fixtures. */
export const origin = { account: '210987654321', region: 'eu-central-1' };

type Fields = Readonly<Record<string, unknown>>;

/** A CloudTrail record in the shape of real ones, with made-up values. */
export const record = (eventName: string, request: unknown, response: unknown, more: Fields = {}): Fields => ({
  eventVersion: '1.10',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLE:deploy',
    arn: 'arn:aws:sts::210987654321:assumed-role/deploy/deploy',
    accountId: '210987654321',
  },
  eventTime: '2026-11-05T10:11:12Z',
  eventSource: 'ec2.amazonaws.com',
  eventName,
  awsRegion: 'eu-central-1',
  sourceIPAddress: '192.0.2.7',
  userAgent: 'aws-cli/2.27.1',
  requestParameters: request,
  responseElements: response,
  requestID: '5d4c3b2a-0000-4000-8000-00000000000a',
  eventID: '0e1d2c3b-0000-4000-8000-000000000001',
  readOnly: false,
  eventType: 'AwsApiCall',
  recipientAccountId: '210987654321',
  eventCategory: 'Management',
  ...more,
});

export const enveloped = (detail: Fields, more: Fields = {}): Fields => ({
  version: '0',
  id: 'aaaaaaaa-0000-4000-8000-00000000000e',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.ec2',
  account: '210987654321',
  time: '2026-11-05T10:11:12Z',
  region: 'eu-central-1',
  resources: [],
  detail,
  ...more,
});

const call = (name: string, request: unknown, response: unknown, more: Fields = {}): Fields =>
  enveloped(record(name, request, response, more));

const state = (instanceId: string, now: string, before: string) => ({
  instanceId,
  currentState: { code: 0, name: now },
  previousState: { code: 80, name: before },
});

const group = 'sg-0a1b2c3d4e5f60718';
const done = { _return: true, requestId: '5d4c3b2a-0000-4000-8000-00000000000a' };
const rule = (id: string, more: Fields = {}) => ({
  groupOwnerId: '210987654321',
  groupId: group,
  securityGroupRuleId: id,
  isEgress: false,
  ipProtocol: 'tcp',
  fromPort: 443,
  toPort: 443,
  cidrIpv4: '203.0.113.0/24',
  ...more,
});
const rangePermission = (cidrIp: string, more: Fields = {}) => ({
  ipProtocol: 'tcp',
  fromPort: 443,
  toPort: 443,
  groups: {},
  ipRanges: { items: [{ cidrIp }] },
  ipv6Ranges: {},
  prefixListIds: {},
  ...more,
});

/** What a fixture must mean: subjects and what was announced, or that it means nothing and why. */
export type Expected =
  | {
      readonly subjects: readonly string[];
      readonly announced?: Partial<Change['announced']>;
      readonly lookUps?: readonly unknown[];
      readonly who?: string;
      readonly when?: string;
    }
  | { readonly nothing: RegExp };

/** One fixture per shape. */
export const shapes: Readonly<Record<string, { readonly event: unknown; readonly expected: Expected }>> = {
  'StartInstances of one instance': {
    event: call(
      'StartInstances',
      { instancesSet: { items: [{ instanceId: 'i-0aa' }] } },
      { ...done, instancesSet: { items: [state('i-0aa', 'pending', 'stopped')] } },
    ),
    expected: { subjects: ['i-0aa'], announced: { instanceStates: { 'i-0aa': 'pending' } } },
  },
  'StartInstances of three, answered in another order': {
    event: call(
      'StartInstances',
      { instancesSet: { items: [{ instanceId: 'i-0aa' }, { instanceId: 'i-0bb' }, { instanceId: 'i-0cc' }] } },
      {
        instancesSet: {
          items: [
            state('i-0cc', 'pending', 'stopped'),
            state('i-0aa', 'running', 'running'),
            state('i-0bb', 'pending', 'stopped'),
          ],
        },
      },
    ),
    expected: {
      subjects: ['i-0aa', 'i-0bb', 'i-0cc'],
      announced: { instanceStates: { 'i-0aa': 'running', 'i-0bb': 'pending', 'i-0cc': 'pending' } },
    },
  },
  'StopInstances with force': {
    event: call(
      'StopInstances',
      { instancesSet: { items: [{ instanceId: 'i-0aa' }] }, force: true },
      { instancesSet: { items: [state('i-0aa', 'stopping', 'running')] } },
    ),
    expected: { subjects: ['i-0aa'], announced: { instanceStates: { 'i-0aa': 'stopping' } } },
  },
  'lists in the form item and as a bare array': {
    event: call(
      'StartInstances',
      { instancesSet: { item: [{ instanceId: 'i-0aa' }] } },
      { instancesSet: [state('i-0bb', 'pending', 'stopped')] },
      { additionalEventData: {} },
    ),
    expected: { subjects: ['i-0aa', 'i-0bb'] },
  },
  'a list of one as a bare object': {
    event: call('StopInstances', { instancesSet: { instanceId: 'i-0aa' } }, null),
    expected: { subjects: ['i-0aa'] },
  },
  'StartInstances whose answer is omitted is taken from the request': {
    event: call('StartInstances', { instancesSet: { items: [{ instanceId: 'i-0aa' }] } }, { omitted: true }),
    expected: { subjects: ['i-0aa'], announced: { instanceStates: { 'i-0aa': 'pending' } } },
  },
  'StartInstances with both blocks omitted: everything is read again': {
    event: call('StartInstances', { omitted: true }, { omitted: true }),
    expected: { subjects: ['everything'] },
  },
  'AuthorizeSecurityGroupIngress in list form': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      { groupId: group, ipPermissions: { items: [rangePermission('203.0.113.0/24')] } },
      { ...done, securityGroupRuleSet: { items: [rule('sgr-01')] } },
    ),
    expected: { subjects: [group], announced: { createdRules: ['sgr-01'] } },
  },
  'AuthorizeSecurityGroupIngress in flat form beside an empty ipPermissions': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      { groupId: group, ipPermissions: {}, ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0' },
      { ...done, securityGroupRuleSet: { items: [rule('sgr-01')] } },
    ),
    expected: { subjects: [group], announced: { createdRules: ['sgr-01'] } },
  },
  'AuthorizeSecurityGroupIngress with several permissions and both families': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      {
        groupId: group,
        ipPermissions: {
          items: [
            rangePermission('0.0.0.0/0', { ipv6Ranges: { items: [{ cidrIpv6: '::/0', description: 'all' }] } }),
            rangePermission('198.51.100.0/24', { fromPort: 8080, toPort: 8090 }),
          ],
        },
      },
      {
        ...done,
        securityGroupRuleSet: {
          items: [rule('sgr-03'), rule('sgr-01', { cidrIpv4: undefined, cidrIpv6: '::/0' }), rule('sgr-02')],
        },
      },
    ),
    expected: { subjects: [group], announced: { createdRules: ['sgr-03', 'sgr-01', 'sgr-02'] } },
  },
  'AuthorizeSecurityGroupIngress with protocol -1 and ports absent': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      {
        groupId: group,
        ipPermissions: {
          items: [{ ipProtocol: '-1', groups: {}, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] }, ipv6Ranges: {} }],
        },
      },
      { ...done, securityGroupRuleSet: { items: [rule('sgr-01', { ipProtocol: '-1', fromPort: -1, toPort: -1 })] } },
    ),
    expected: { subjects: [group], announced: { createdRules: ['sgr-01'] } },
  },
  'AuthorizeSecurityGroupIngress with a group reference and empty ipRanges': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      {
        groupId: group,
        ipPermissions: {
          items: [
            {
              ipProtocol: 'tcp',
              fromPort: 5432,
              toPort: 5432,
              groups: { items: [{ groupId: 'sg-0ff' }] },
              ipRanges: {},
              prefixListIds: {},
            },
          ],
        },
      },
      done,
    ),
    expected: { subjects: [group], announced: { createdRules: [] } },
  },
  'AuthorizeSecurityGroupIngress with ports as texts': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      {
        groupId: group,
        ipPermissions: { items: [rangePermission('0.0.0.0/0', { fromPort: '443', toPort: '443' })] },
      },
      done,
    ),
    expected: { subjects: [group] },
  },
  'AuthorizeSecurityGroupIngress by groupName, the id from the answer': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      { groupName: 'web', ipPermissions: { items: [rangePermission('0.0.0.0/0')] } },
      { ...done, securityGroupRuleSet: { items: [rule('sgr-01')] } },
    ),
    expected: { subjects: [group], announced: { createdRules: ['sgr-01'] } },
  },
  'AuthorizeSecurityGroupIngress by groupName in an old record without ids: looked up': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      { groupName: 'web', ipPermissions: { items: [rangePermission('0.0.0.0/0')] } },
      { _return: true },
    ),
    expected: { subjects: [], lookUps: [{ kind: 'group-named', name: 'web' }] },
  },
  'AuthorizeSecurityGroupIngress with both blocks omitted: everything is read again': {
    event: call('AuthorizeSecurityGroupIngress', { omitted: true }, { omitted: true }),
    expected: { subjects: ['everything'] },
  },
  'AuthorizeSecurityGroupIngress with the request omitted is taken from the answer': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      { omitted: true, originalSize: 120000 },
      { ...done, securityGroupRuleSet: { items: [rule('sgr-01')] } },
    ),
    expected: { subjects: [group], announced: { createdRules: ['sgr-01'] } },
  },
  'RevokeSecurityGroupIngress by permissions, answered without ids': {
    event: call(
      'RevokeSecurityGroupIngress',
      { groupId: group, ipPermissions: { items: [rangePermission('203.0.113.0/24')] } },
      done,
    ),
    expected: {
      subjects: [group],
      announced: {
        removedRules: [],
        revokedPermissions: [{ protocol: 'tcp', fromPort: 443, toPort: 443, source: '203.0.113.0/24' }],
      },
    },
  },
  'RevokeSecurityGroupIngress in flat form': {
    event: call(
      'RevokeSecurityGroupIngress',
      { groupId: group, ipPermissions: {}, ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0' },
      done,
    ),
    expected: {
      subjects: [group],
      announced: { revokedPermissions: [{ protocol: 'tcp', fromPort: 22, toPort: 22, source: '0.0.0.0/0' }] },
    },
  },
  'RevokeSecurityGroupIngress with protocol -1 and 0/0': {
    event: call(
      'RevokeSecurityGroupIngress',
      {
        groupId: group,
        ipPermissions: { items: [rangePermission('0.0.0.0/0', { ipProtocol: '-1', fromPort: 0, toPort: 0 })] },
      },
      done,
    ),
    expected: {
      subjects: [group],
      announced: { revokedPermissions: [{ protocol: '-1', fromPort: 0, toPort: 0, source: '0.0.0.0/0' }] },
    },
  },
  'RevokeSecurityGroupIngress by rule ids as objects, with no ipPermissions': {
    event: call(
      'RevokeSecurityGroupIngress',
      {
        groupId: group,
        securityGroupRuleIds: { items: [{ securityGroupRuleId: 'sgr-02' }, { securityGroupRuleId: 'sgr-01' }] },
      },
      done,
    ),
    expected: { subjects: [group], announced: { removedRules: ['sgr-01', 'sgr-02'] } },
  },
  'RevokeSecurityGroupIngress by rule ids as texts': {
    event: call(
      'RevokeSecurityGroupIngress',
      { groupId: group, ipPermissions: {}, securityGroupRuleIds: { items: ['sgr-02'] } },
      done,
    ),
    expected: { subjects: [group], announced: { removedRules: ['sgr-02'] } },
  },
  'RevokeSecurityGroupIngress answered with revokedSecurityGroupRuleSet': {
    event: call(
      'RevokeSecurityGroupIngress',
      { groupId: group, securityGroupRuleIds: { items: [{ securityGroupRuleId: 'sgr-01' }] } },
      { ...done, revokedSecurityGroupRuleSet: { items: [rule('sgr-01'), rule('sgr-09', { isEgress: true })] } },
    ),
    expected: { subjects: [group], announced: { removedRules: ['sgr-01'] } },
  },
  'RevokeSecurityGroupIngress by rule ids without the group: everything is read again': {
    event: call(
      'RevokeSecurityGroupIngress',
      { securityGroupRuleIds: { items: [{ securityGroupRuleId: 'sgr-01' }] } },
      done,
    ),
    expected: { subjects: ['everything'], announced: { removedRules: ['sgr-01'] } },
  },
  'a call made by CloudFormation counts like any other': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      { groupId: group, ipPermissions: { items: [rangePermission('0.0.0.0/0')] } },
      done,
      {
        sourceIPAddress: 'cloudformation.amazonaws.com',
        userAgent: 'cloudformation.amazonaws.com',
        userIdentity: { type: 'AWSService', invokedBy: 'cloudformation.amazonaws.com' },
      },
    ),
    expected: { subjects: [group], who: 'cloudformation.amazonaws.com' },
  },
  'an old record without ipv6Ranges, prefixListIds, managementEvent and userIdentity details': {
    event: call(
      'AuthorizeSecurityGroupIngress',
      {
        groupId: group,
        ipPermissions: {
          items: [{ ipProtocol: 'tcp', fromPort: 80, toPort: 80, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] } }],
        },
      },
      { _return: true },
      { eventVersion: '1.05', userIdentity: { type: 'Root', principalId: '210987654321' }, eventCategory: undefined },
    ),
    expected: { subjects: [group], who: '210987654321' },
  },
  'a record whose time a pipeline rewrote': {
    event: call('StopInstances', { instancesSet: { items: [{ instanceId: 'i-0aa' }] } }, null, {
      eventTime: '2026-11-05 10:11:12.000000000',
    }),
    expected: { subjects: ['i-0aa'], when: '2026-11-05T10:11:12Z' },
  },
  'a failed call': {
    event: call('StopInstances', { instancesSet: { items: [{ instanceId: 'i-0aa' }] } }, null, {
      errorCode: 'Client.IncorrectInstanceState',
      errorMessage: 'not in a state from which it can be stopped',
    }),
    expected: { nothing: /StopInstances failed with Client\.IncorrectInstanceState/ },
  },
  'a dry run': {
    event: call('AuthorizeSecurityGroupIngress', { groupId: group }, null, {
      errorCode: 'Client.DryRunOperation',
      errorMessage: 'Request would have succeeded, but DryRun flag is set.',
    }),
    expected: { nothing: /dry run/ },
  },
  'an egress permission': {
    event: call('AuthorizeSecurityGroupEgress', { groupId: group, ipPermissions: {} }, done),
    expected: { nothing: /AuthorizeSecurityGroupEgress does not change/ },
  },
  'a call named like a method of every object': {
    event: call('toString', {}, done),
    expected: { nothing: /toString does not change/ },
  },
  'a call to another service': {
    event: call('StopInstances', {}, done, { eventSource: 'gamelift.amazonaws.com' }),
    expected: { nothing: /gamelift/ },
  },
  'an event of another source': {
    event: enveloped({}, { source: 'aws.s3', 'detail-type': 'Object Created' }),
    expected: { nothing: /none of EC2/ },
  },
  'RunInstances is taken from the answer, the request has no ids': {
    event: call(
      'RunInstances',
      { instancesSet: { items: [{ minCount: 2, maxCount: 2 }] }, subnetId: 'subnet-01' },
      {
        groupSet: {},
        instancesSet: {
          items: [
            { instanceId: 'i-0bb', instanceState: { code: 0, name: 'pending' } },
            { instanceId: 'i-0aa', instanceState: { code: 0, name: 'pending' } },
          ],
        },
      },
    ),
    expected: {
      subjects: ['i-0aa', 'i-0bb'],
      announced: { instanceStates: { 'i-0aa': 'pending', 'i-0bb': 'pending' } },
    },
  },
  'RunInstances with an omitted answer: everything is read again': {
    event: call('RunInstances', { instancesSet: { items: [{ minCount: 900, maxCount: 900 }] } }, { omitted: true }),
    expected: { subjects: ['everything'] },
  },
  'RunInstances of another account in a subnet shared with it': {
    event: call(
      'RunInstances',
      { instancesSet: { items: [{ minCount: 1, maxCount: 1 }] } },
      { ownerId: '999999999999', instancesSet: { items: [{ instanceId: 'i-0aa' }] } },
    ),
    expected: { nothing: /999999999999/ },
  },
  'StartInstances of another account: nothing of it will be shown here': {
    event: call('StartInstances', { instancesSet: { items: [{ instanceId: 'i-0aa' }] } }, null, {
      userIdentity: {
        type: 'AssumedRole',
        accountId: '999999999999',
        arn: 'arn:aws:sts::999999999999:assumed-role/x/y',
      },
    }),
    expected: { subjects: ['i-0aa'], announced: { instanceStates: {} } },
  },
  'StopInstances by another account, which may be a service of AWS': {
    event: call('StopInstances', { instancesSet: { items: [{ instanceId: 'i-0aa' }] } }, null, {
      userIdentity: { type: 'AWSAccount', accountId: '999999999999' },
    }),
    expected: { subjects: ['i-0aa'], announced: { instanceStates: { 'i-0aa': 'stopping' } } },
  },
  'CreateNetworkInterface while service interfaces are left out': {
    event: call('CreateNetworkInterface', { subnetId: 'subnet-01' }, { networkInterface: { requesterManaged: true } }),
    expected: { nothing: /SERVICE_INTERFACES/ },
  },
  'CreateVpcEndpoint that names no route table': {
    event: call('CreateVpcEndpoint', { CreateVpcEndpointRequest: { VpcId: 'vpc-0a' } }, done),
    expected: { nothing: /changes no route/ },
  },
  TerminateInstances: {
    event: call(
      'TerminateInstances',
      { instancesSet: { items: [{ instanceId: 'i-0aa' }] } },
      { instancesSet: { items: [state('i-0aa', 'shutting-down', 'running')] } },
    ),
    expected: { subjects: ['i-0aa'], announced: { instanceStates: { 'i-0aa': 'shutting-down' } } },
  },
  'EC2 Instance State-change Notification': {
    event: enveloped(
      { 'instance-id': 'i-0aa', state: 'stopped' },
      { 'detail-type': 'EC2 Instance State-change Notification' },
    ),
    expected: {
      subjects: ['i-0aa'],
      announced: { instanceStates: { 'i-0aa': 'stopped' } },
      who: 'ec2.amazonaws.com',
    },
  },
  'ModifyInstanceAttribute of groups': {
    event: call('ModifyInstanceAttribute', { instanceId: 'i-0aa', groupSet: { items: [{ groupId: group }] } }, done),
    expected: { subjects: ['i-0aa'] },
  },
  'ModifyInstanceAttribute of groups in the generic form': {
    event: call(
      'ModifyInstanceAttribute',
      { instanceId: 'i-0aa', attribute: 'groupSet', value: '<sensitiveDataRemoved>' },
      done,
    ),
    expected: { subjects: ['i-0aa'] },
  },
  'ModifyInstanceAttribute of something else': {
    event: call('ModifyInstanceAttribute', { instanceId: 'i-0aa', disableApiTermination: { value: false } }, done),
    expected: { nothing: /disableApiTermination, not the security groups/ },
  },
  'ModifyNetworkInterfaceAttribute of groups': {
    event: call(
      'ModifyNetworkInterfaceAttribute',
      { networkInterfaceId: 'eni-0e', groupSet: { items: [{ groupId: group }] } },
      done,
    ),
    expected: { subjects: [], lookUps: [{ kind: 'holder-of-interface', id: 'eni-0e' }] },
  },
  'ModifyNetworkInterfaceAttribute of its description': {
    event: call('ModifyNetworkInterfaceAttribute', { networkInterfaceId: 'eni-0e', description: { value: 'x' } }, done),
    expected: { nothing: /description, not the security groups/ },
  },
  AttachNetworkInterface: {
    event: call(
      'AttachNetworkInterface',
      { networkInterfaceId: 'eni-0e', instanceId: 'i-0aa', deviceIndex: 1 },
      { attachmentId: 'eni-attach-01' },
    ),
    expected: { subjects: ['i-0aa'] },
  },
  'DetachNetworkInterface names only an attachment: everything is read again': {
    event: call('DetachNetworkInterface', { attachmentId: 'eni-attach-01', force: false }, done),
    expected: { subjects: ['everything'] },
  },
  AssignPrivateIpAddresses: {
    event: call('AssignPrivateIpAddresses', { networkInterfaceId: 'eni-0e', secondaryPrivateIpAddressCount: 1 }, done),
    expected: { subjects: [], lookUps: [{ kind: 'holder-of-interface', id: 'eni-0e' }] },
  },
  UnassignIpv6Addresses: {
    event: call(
      'UnassignIpv6Addresses',
      { networkInterfaceId: 'eni-0e', ipv6Addresses: { items: ['2001:db8::1'] } },
      done,
    ),
    expected: { subjects: [], lookUps: [{ kind: 'holder-of-interface', id: 'eni-0e' }] },
  },
  'ModifySecurityGroupRules of one rule, an object': {
    event: call(
      'ModifySecurityGroupRules',
      {
        ModifySecurityGroupRulesRequest: {
          GroupId: group,
          SecurityGroupRule: {
            SecurityGroupRuleId: 'sgr-01',
            tag: 1,
            SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIpv4: '0.0.0.0/0' },
          },
        },
      },
      done,
    ),
    expected: { subjects: [group] },
  },
  'ModifySecurityGroupRules that names no group: everything is read again': {
    event: call('ModifySecurityGroupRules', { ModifySecurityGroupRulesRequest: {} }, done),
    expected: { subjects: ['everything'] },
  },
  DeleteSecurityGroup: {
    event: call('DeleteSecurityGroup', { groupId: group }, done),
    expected: { subjects: [group] },
  },
  'DeleteSecurityGroup by name: everything is read again': {
    event: call('DeleteSecurityGroup', { groupName: 'web' }, done),
    expected: { subjects: ['everything'] },
  },
  'ReplaceRoute: everything is read again': {
    event: call(
      'ReplaceRoute',
      { routeTableId: 'rtb-01', destinationCidrBlock: '0.0.0.0/0', networkInterfaceId: 'eni-0f' },
      done,
    ),
    expected: { subjects: ['everything'] },
  },
  'DisassociateRouteTable names only an association: everything is read again': {
    event: call(
      'DisassociateRouteTable',
      { associationId: 'rtbassoc-01' },
      { associationState: { state: 'disassociating' } },
    ),
    expected: { subjects: ['everything'] },
  },
  ModifyManagedPrefixList: {
    event: call(
      'ModifyManagedPrefixList',
      { ModifyManagedPrefixListRequest: { PrefixListId: 'pl-0a', AddEntry: { Cidr: '198.51.100.0/24', tag: 1 } } },
      done,
    ),
    expected: { subjects: [], lookUps: [{ kind: 'groups-with-prefix-list', id: 'pl-0a' }] },
  },
  'a bare CloudTrail record': {
    event: record('DeleteSecurityGroup', { groupId: group }, done),
    expected: { subjects: [group] },
  },
  'an event inside an SNS message to a Lambda': {
    event: {
      Records: [
        {
          EventSource: 'aws:sns',
          Sns: { Message: JSON.stringify(call('DeleteSecurityGroup', { groupId: group }, done)) },
        },
      ],
    },
    expected: { subjects: [group] },
  },
  'a bare record inside an SNS notification': {
    event: {
      Type: 'Notification',
      MessageId: 'x',
      Message: JSON.stringify(record('DeleteSecurityGroup', { groupId: group }, done)),
    },
    expected: { subjects: [group] },
  },
  'the scheduled resync': {
    event: enveloped({}, { source: 'policy-sync', 'detail-type': 'Scheduled resync' }),
    expected: { subjects: ['everything'], who: 'schedule' },
  },
  'a scheduled event as a rule without input sends it': {
    event: enveloped({}, { source: 'aws.events', 'detail-type': 'Scheduled Event' }),
    expected: { subjects: ['everything'], who: 'schedule' },
  },
  'a resync written by hand with no detail': {
    event: enveloped({}, { source: 'policy-sync', 'detail-type': 'Scheduled resync', detail: undefined }),
    expected: { subjects: ['everything'] },
  },
};

/** Shapes nobody has seen: each must be refused with the field's name. */
export const strangeShapes: Readonly<Record<string, { readonly event: unknown; readonly names: string }>> = {
  'an array': { event: [], names: 'the event' },
  'a text': { event: 'StartInstances', names: 'the event' },
  'an event without source': { event: { 'detail-type': 'x' }, names: 'source' },
  'an event without detail': { event: enveloped({}, { detail: null }), names: 'detail' },
  'an event without account': { event: enveloped({}, { account: undefined }), names: 'account' },
  'a record of major version 2': {
    event: call('StartInstances', {}, {}, { eventVersion: '2.0' }),
    names: 'detail.eventVersion',
  },
  'a record without name': {
    event: enveloped({ eventSource: 'ec2.amazonaws.com', eventTime: '2026-11-05T10:11:12Z' }),
    names: 'eventName',
  },
  'a time in words': { event: call('StartInstances', {}, {}, { eventTime: 'yesterday' }), names: 'detail.eventTime' },
  'StartInstances without instances': {
    event: call('StartInstances', {}, {}),
    names: 'detail.requestParameters.instancesSet',
  },
  'CreateNetworkInterface whose answer has no interface': {
    event: call('CreateNetworkInterface', { subnetId: 'subnet-01' }, {}),
    names: 'detail.responseElements.networkInterface',
  },
  'DeleteNetworkInterface without an interface': {
    event: call('DeleteNetworkInterface', {}, null),
    names: 'detail.requestParameters.networkInterfaceId',
  },
  'instancesSet as a text': {
    event: call('StartInstances', { instancesSet: 'i-0aa' }, null),
    names: 'detail.requestParameters.instancesSet',
  },
  'an instance id that is none': {
    event: call('StartInstances', { instancesSet: { items: [{ instanceId: 'web 2' }] } }, null),
    names: 'detail.requestParameters.instancesSet.items[0].instanceId',
  },
  'a group id that is none': {
    event: call('RevokeSecurityGroupIngress', { groupId: 'i-0aa' }, null),
    names: 'detail.requestParameters.groupId',
  },
  'a rule call that names no group': {
    event: call('AuthorizeSecurityGroupIngress', {}, null),
    names: 'detail.requestParameters.groupId',
  },
  'a port that is no number': {
    event: call(
      'RevokeSecurityGroupIngress',
      { groupId: group, ipPermissions: { items: [rangePermission('0.0.0.0/0', { fromPort: 'https' })] } },
      null,
    ),
    names: 'detail.requestParameters.ipPermissions.items[0].fromPort',
  },
  'ipPermissions as a text': {
    event: call('AuthorizeSecurityGroupIngress', { groupId: group, ipPermissions: 'all' }, null),
    names: 'detail.requestParameters.ipPermissions',
  },
  'rule ids that are none': {
    event: call('RevokeSecurityGroupIngress', { groupId: group, securityGroupRuleIds: { items: [{ id: 7 }] } }, null),
    names: 'detail.requestParameters.securityGroupRuleIds.items[0].securityGroupRuleId',
  },
  'two records in one SNS event': { event: { Records: [{}, {}] }, names: 'Records' },
  'an SNS message that is no JSON': {
    event: { Records: [{ Sns: { Message: 'hello' } }] },
    names: 'Records[0].Sns.Message',
  },
};
