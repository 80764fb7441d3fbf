import { type BusEvent, eventTime } from '../../local/bus-event.ts';
import { deployment } from '../../support/deployment.ts';

type Fields = Readonly<Record<string, unknown>>;

export const account = '111122223333';
export const region = 'eu-central-1';
const partition = 'aws';

/** What CloudFormation puts in the place of a reference. A name it does not know is refused. */
const resolved = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'string' && value.includes('${'))
      throw new Error(`A pattern has a variable that packaging would replace: ${value}`);
    return value;
  }
  const fields = value as Fields;
  const reference = fields['Ref'];
  if (typeof reference === 'string') {
    const pseudo: Fields = { 'AWS::AccountId': account, 'AWS::Region': region, 'AWS::Partition': partition };
    if (Object.hasOwn(pseudo, reference)) return pseudo[reference];
    if (deployment().resources.Resources[reference]?.Type === 'AWS::StepFunctions::StateMachine') return ourMachine;
    throw new Error(`A pattern refers to ${reference}, of which this suite does not know what it becomes`);
  }
  const intrinsic = Object.keys(fields).find((name) => name.startsWith('Fn::'));
  if (intrinsic !== undefined) throw new Error(`A pattern has ${intrinsic}, which this suite does not know`);
  return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, resolved(one)]));
};

export const ourMachine = `arn:aws:states:${region}:${account}:stateMachine:policy-sync`;

/** Every event pattern of the template, by the name of its rule, as EventBridge gets it. */
export const templatePatterns = (): ReadonlyMap<string, Fields> =>
  new Map(
    Object.entries(deployment().resources.Resources).flatMap(([name, { Type, Properties }]) =>
      Type === 'AWS::Events::Rule' && Properties['EventPattern'] !== undefined
        ? [[name, resolved(Properties['EventPattern']) as Fields] as const]
        : [],
    ),
  );

const envelope = (detail: Fields, more: Partial<BusEvent> = {}): BusEvent => ({
  version: '0',
  id: '0c1d2e3f-0000-4000-8000-000000000001',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.ec2',
  account,
  time: eventTime(Date.parse('2026-11-05T10:11:12Z')),
  region,
  resources: [],
  detail,
  ...more,
});

/** A record in the frame that all captured records share. */
const record = (eventName: string, more: Fields = {}): Fields => ({
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    accountId: account,
    sessionContext: { attributes: { mfaAuthenticated: 'false' } },
  },
  eventTime: '2026-11-05T10:11:12Z',
  eventSource: 'ec2.amazonaws.com',
  eventName,
  awsRegion: region,
  sourceIPAddress: '192.0.2.7',
  userAgent: 'console.amazonaws.com',
  requestParameters: { instancesSet: { items: [{ instanceId: 'i-0a1b2c3d4e5f60718' }] }, ipPermissions: {} },
  responseElements: { _return: true, requestId: '5d4c3b2a-0000-4000-8000-00000000000a' },
  readOnly: false,
  eventType: 'AwsApiCall',
  recipientAccountId: account,
  eventCategory: 'Management',
  ...more,
});

/**
 * Which rule must take a successful call, written down from what the call does and not read from the template. The four that
 * the first rule takes are the ones the job is about; the second takes all else that can change what the firewall must allow.
 */
export const ruleOfCall: Readonly<Record<string, 'ChangeRule' | 'MoreChangesRule' | null>> = {
  StartInstances: 'ChangeRule',
  StopInstances: 'ChangeRule',
  AuthorizeSecurityGroupIngress: 'ChangeRule',
  RevokeSecurityGroupIngress: 'ChangeRule',
  // Instances that appear or are gone for good.
  RunInstances: 'MoreChangesRule',
  TerminateInstances: 'MoreChangesRule',
  RebootInstances: null,
  // The groups of an instance or of one of its interfaces.
  ModifyInstanceAttribute: 'MoreChangesRule',
  ModifyNetworkInterfaceAttribute: 'MoreChangesRule',
  // Interfaces count while they are attached; those of services of AWS as long as they exist.
  AttachNetworkInterface: 'MoreChangesRule',
  DetachNetworkInterface: 'MoreChangesRule',
  // Those of services count by themselves, when they are included.
  CreateNetworkInterface: 'MoreChangesRule',
  DeleteNetworkInterface: 'MoreChangesRule',
  // Addresses of an interface.
  AssignPrivateIpAddresses: 'MoreChangesRule',
  UnassignPrivateIpAddresses: 'MoreChangesRule',
  AssignIpv6Addresses: 'MoreChangesRule',
  UnassignIpv6Addresses: 'MoreChangesRule',
  // What a group grants from outside. A new group grants nothing yet.
  ModifySecurityGroupRules: 'MoreChangesRule',
  DeleteSecurityGroup: 'MoreChangesRule',
  AssociateSecurityGroupVpc: 'MoreChangesRule',
  DisassociateSecurityGroupVpc: 'MoreChangesRule',
  CreateSecurityGroup: null,
  AuthorizeSecurityGroupEgress: null,
  RevokeSecurityGroupEgress: null,
  UpdateSecurityGroupRuleDescriptionsIngress: null,
  // What lies behind the firewall.
  CreateRoute: 'MoreChangesRule',
  ReplaceRoute: 'MoreChangesRule',
  DeleteRoute: 'MoreChangesRule',
  AssociateRouteTable: 'MoreChangesRule',
  DisassociateRouteTable: 'MoreChangesRule',
  ReplaceRouteTableAssociation: 'MoreChangesRule',
  EnableVgwRoutePropagation: 'MoreChangesRule',
  DisableVgwRoutePropagation: 'MoreChangesRule',
  CreateRouteTable: null,
  DeleteRouteTable: null,
  // Gateway endpoints come with routes, and leave none.
  CreateVpcEndpoint: 'MoreChangesRule',
  ModifyVpcEndpoint: 'MoreChangesRule',
  DeleteVpcEndpoints: 'MoreChangesRule',
  // What is inside the VPC does not come through the firewall.
  AssociateVpcCidrBlock: 'MoreChangesRule',
  DisassociateVpcCidrBlock: 'MoreChangesRule',
  // Ranges that groups and routes refer to. Nothing refers to a new list, and a list in use cannot be deleted.
  ModifyManagedPrefixList: 'MoreChangesRule',
  RestoreManagedPrefixListVersion: 'MoreChangesRule',
  CreateManagedPrefixList: null,
  DeleteManagedPrefixList: null,
  CreateTags: null,
  DescribeInstances: null,
  DescribeSecurityGroups: null,
  // No calls at all.
  startinstances: null,
  'StartInstances ': null,
  StartInstancesX: null,
};

const allCalls: readonly string[] = Object.keys(ruleOfCall);

/** An event, and whether any rule may take it at all whatever the calls it lists. */
export interface Told {
  readonly title: string;
  readonly event: BusEvent;
  /** The call it is of, when it is a good one of EC2 that a rule may list. */
  readonly goodCall: string | null;
}

/** Every call in every way it may come: done, failed, as a dry run, from elsewhere. */
export const trailEvents = (): readonly Told[] =>
  allCalls.flatMap((name) => [
    { title: `${name}`, event: envelope(record(name)), goodCall: name },
    {
      title: `${name} in a service's name`,
      event: envelope(record(name, { sourceIPAddress: 'autoscaling.amazonaws.com', userAgent: 'AWS Internal' })),
      goodCall: name,
    },
    {
      title: `${name} with blocks left out`,
      event: envelope(record(name, { requestParameters: { omitted: true }, responseElements: { omitted: true } })),
      goodCall: name,
    },
    {
      title: `${name} whose parameters tell of an error`,
      event: envelope(record(name, { requestParameters: { errorCode: 'Client.Made.Up', eventName: 'x' } })),
      goodCall: name,
    },
    {
      title: `${name}, failed`,
      event: envelope(record(name, { errorCode: 'Client.UnauthorizedOperation', responseElements: null })),
      goodCall: null,
    },
    {
      title: `${name}, a dry run`,
      event: envelope(record(name, { errorCode: 'Client.DryRunOperation', responseElements: null })),
      goodCall: null,
    },
    { title: `${name}, failed without words`, event: envelope(record(name, { errorCode: '' })), goodCall: null },
    {
      title: `${name} of another service`,
      event: envelope(record(name, { eventSource: 'autoscaling.amazonaws.com' })),
      goodCall: null,
    },
    {
      title: `${name} from another source`,
      event: envelope(record(name), { source: 'aws.autoscaling' }),
      goodCall: null,
    },
    {
      title: `${name} put by an application`,
      event: envelope(record(name), { source: 'com.example' }),
      goodCall: null,
    },
    {
      title: `${name} as a service's own event`,
      event: envelope(record(name), { 'detail-type': 'AWS Service Event via CloudTrail' }),
      goodCall: null,
    },
    {
      title: `${name} as an insight`,
      event: envelope(record(name), { 'detail-type': 'AWS Insight via CloudTrail' }),
      goodCall: null,
    },
    {
      title: `${name} without its source`,
      event: envelope(Object.fromEntries(Object.entries(record(name)).filter(([field]) => field !== 'eventSource'))),
      goodCall: null,
    },
    { title: `${name} in a list`, event: envelope({ records: [record(name)] }), goodCall: null },
  ]);

export const instanceStates = ['pending', 'running', 'shutting-down', 'stopped', 'stopping', 'terminated'] as const;

/** `EC2 Instance State-change Notification` of each state. */
export const stateChanges = (): readonly { readonly state: string; readonly event: BusEvent }[] =>
  instanceStates.map((state) => ({
    state,
    event: envelope(
      { 'instance-id': 'i-0a1b2c3d4e5f60718', state },
      { 'detail-type': 'EC2 Instance State-change Notification' },
    ),
  }));

export const executionStates = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'] as const;

/** `Step Functions Execution Status Change` of each status, of our state machine and of another. */
export const executionChanges = (): readonly {
  readonly status: string;
  readonly ours: boolean;
  readonly event: BusEvent;
}[] =>
  [ourMachine, `${ourMachine}-2`].flatMap((stateMachineArn) =>
    executionStates.map((status) => ({
      status,
      ours: stateMachineArn === ourMachine,
      event: envelope(
        {
          executionArn: `${stateMachineArn.replace(':stateMachine:', ':execution:')}:one`,
          stateMachineArn,
          name: 'one',
          status,
          startDate: 1_793_000_000_000,
          stopDate: status === 'RUNNING' ? null : 1_793_000_060_000,
          input: '{}',
          output: null,
          error: null,
          cause: null,
        },
        { 'detail-type': 'Step Functions Execution Status Change', source: 'aws.states' },
      ),
    })),
  );
