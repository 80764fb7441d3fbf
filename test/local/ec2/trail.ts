import type {
  AssignIpv6AddressesCommandInput,
  AssignPrivateIpAddressesCommandInput,
  AuthorizeSecurityGroupIngressCommandInput,
  CreateSecurityGroupCommandInput,
  IpPermission,
  ModifyInstanceAttributeCommandInput,
  ModifyManagedPrefixListCommandInput,
  ModifyNetworkInterfaceAttributeCommandInput,
  ModifySecurityGroupRulesCommandInput,
  RevokeSecurityGroupIngressCommandInput,
  RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { type BusEvent, eventTime } from '../bus-event.ts';
import type { Account } from './account.ts';
import { type Ec2Error, trailCodeOf } from './refusals.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A list as CloudTrail writes it: `{items: […]}`, and `{}` when it is empty or absent (captured). */
const items = (list: readonly unknown[] | undefined): Fields =>
  list === undefined || list.length === 0 ? {} : { items: list };

const present = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const permissionTrail = (permission: IpPermission): Fields =>
  present({
    ipProtocol: permission.IpProtocol,
    fromPort: permission.FromPort,
    toPort: permission.ToPort,
    groups: items(
      permission.UserIdGroupPairs?.map((pair) =>
        present({
          groupId: pair.GroupId,
          groupName: pair.GroupName,
          userId: pair.UserId,
          description: pair.Description,
        }),
      ),
    ),
    ipRanges: items(
      permission.IpRanges?.map((range) => present({ cidrIp: range.CidrIp, description: range.Description })),
    ),
    ipv6Ranges: items(
      permission.Ipv6Ranges?.map((range) => present({ cidrIpv6: range.CidrIpv6, description: range.Description })),
    ),
    prefixListIds: items(
      permission.PrefixListIds?.map((list) =>
        present({ prefixListId: list.PrefixListId, description: list.Description }),
      ),
    ),
  });

/** `{instancesSet: {items: […]}}` (captured for start, stop and terminate). */
export const instancesTrail = (input: {
  readonly InstanceIds: string[] | undefined;
  readonly Force?: boolean | undefined;
}) =>
  present({
    instancesSet: items(input.InstanceIds?.map((instanceId) => ({ instanceId }))),
    force: input.Force,
  });

/** List form and flat form captured; rule ids inferred, as no record of a revoke by rule id was found. */
export const permissionsTrail = (
  input: AuthorizeSecurityGroupIngressCommandInput &
    Pick<RevokeSecurityGroupIngressCommandInput, 'SecurityGroupRuleIds'>,
) =>
  present({
    groupId: input.GroupId,
    groupName: input.GroupName,
    ipPermissions: items(input.IpPermissions?.map(permissionTrail)),
    ipProtocol: input.IpProtocol,
    fromPort: input.FromPort,
    toPort: input.ToPort,
    cidrIp: input.CidrIp,
    securityGroupRuleIds:
      input.SecurityGroupRuleIds === undefined
        ? undefined
        : items(input.SecurityGroupRuleIds.map((securityGroupRuleId) => ({ securityGroupRuleId }))),
  });

const groupSet = (ids: readonly string[] | undefined): Fields | undefined =>
  ids === undefined ? undefined : items(ids.map((groupId) => ({ groupId })));

/** Captured for launches by services and by Terraform. */
export const runTrail = (input: RunInstancesCommandInput) =>
  present({
    instancesSet: items([present({ imageId: input.ImageId, minCount: input.MinCount, maxCount: input.MaxCount })]),
    instanceType: input.InstanceType,
    blockDeviceMapping: {},
    clientToken: input.ClientToken,
    subnetId: input.SubnetId,
    privateIpAddress: input.PrivateIpAddress,
    groupSet: groupSet(input.SecurityGroupIds),
    networkInterfaceSet:
      input.NetworkInterfaces === undefined
        ? undefined
        : items(
            input.NetworkInterfaces.map((one) =>
              present({
                networkInterfaceId: one.NetworkInterfaceId,
                deviceIndex: one.DeviceIndex,
                subnetId: one.SubnetId,
                groupSet: groupSet(one.Groups),
              }),
            ),
          ),
  });

/** Names as the request has them on the wire (captured). */
export const createGroupTrail = (input: CreateSecurityGroupCommandInput) =>
  present({ groupName: input.GroupName, groupDescription: input.Description, vpcId: input.VpcId });

/** Inferred from the model and from synthetic records: a captured change of groups was not found. */
export const instanceAttributeTrail = (input: ModifyInstanceAttributeCommandInput) =>
  present({ instanceId: input.InstanceId, groupSet: groupSet(input.Groups) });

/** Inferred likewise. */
export const interfaceAttributeTrail = (input: ModifyNetworkInterfaceAttributeCommandInput) =>
  present({
    networkInterfaceId: input.NetworkInterfaceId,
    groupSet: groupSet(input.Groups),
    description: input.Description?.Value === undefined ? undefined : { value: input.Description.Value },
    sourceDestCheck: input.SourceDestCheck?.Value === undefined ? undefined : { value: input.SourceDestCheck.Value },
  });

/** Inferred from the model: no record was found. */
export const assignTrail = (input: Omit<AssignPrivateIpAddressesCommandInput, 'Ipv4PrefixCount'>) =>
  present({
    networkInterfaceId: input.NetworkInterfaceId,
    privateIpAddressesSet:
      input.PrivateIpAddresses === undefined
        ? undefined
        : items(input.PrivateIpAddresses.map((privateIpAddress) => ({ privateIpAddress }))),
    secondaryPrivateIpAddressCount: input.SecondaryPrivateIpAddressCount,
    allowReassignment: input.AllowReassignment,
    ipv4Prefixes:
      input.Ipv4Prefixes === undefined ? undefined : items(input.Ipv4Prefixes.map((ipv4Prefix) => ({ ipv4Prefix }))),
  });

/** Inferred from the model: no record was found. */
export const assignIpv6Trail = (input: AssignIpv6AddressesCommandInput) =>
  present({
    networkInterfaceId: input.NetworkInterfaceId,
    ipv6Addresses: items((input.Ipv6Addresses ?? []).map((ipv6Address) => ({ ipv6Address }))),
  });

/** One is an object, several an array (the first captured in part, the second inferred); each has its position. */
const tagged = (list: readonly Fields[]): unknown => {
  const numbered = list.map((one, position) => ({ ...one, tag: position + 1 }));
  return numbered.length === 1 ? numbered[0] : numbered;
};

/** The wrapped PascalCase form of newer calls (captured in part). */
export const modifyRulesTrail = (input: ModifySecurityGroupRulesCommandInput) => ({
  ModifySecurityGroupRulesRequest: {
    GroupId: input.GroupId,
    SecurityGroupRule: tagged(
      (input.SecurityGroupRules ?? []).map((one) => ({
        SecurityGroupRuleId: one.SecurityGroupRuleId,
        SecurityGroupRule: present({ ...one.SecurityGroupRule }),
      })),
    ),
  },
});

/** The wrapped PascalCase form (from a transcription of a record). */
export const prefixListTrail = (input: ModifyManagedPrefixListCommandInput) => ({
  ModifyManagedPrefixListRequest: present({
    PrefixListId: input.PrefixListId,
    CurrentVersion: input.CurrentVersion,
    PrefixListName: input.PrefixListName,
    AddEntry: input.AddEntries === undefined ? undefined : tagged(input.AddEntries.map((one) => present({ ...one }))),
    RemoveEntry:
      input.RemoveEntries === undefined ? undefined : tagged(input.RemoveEntries.map((one) => present({ ...one }))),
  }),
});

/** The parameters under their own names in the wrapper of newer calls. Inferred from calls captured with it. */
export const wrappedTrail =
  (wrapper: string) =>
  (input: object): Fields => ({ [wrapper]: present({ ...input, DryRun: undefined }) });

/** The parameters under their own names in lower camel case (captured for routes, associations and attachments). */
export const plainTrail = (input: object): Fields =>
  Object.fromEntries(
    Object.entries(input)
      .filter(([name, value]) => value !== undefined && name !== 'DryRun')
      .map(([name, value]) => [`${name.slice(0, 1).toLowerCase()}${name.slice(1)}`, value]),
  );

/** Who called, as CloudTrail names them. */
export interface Caller {
  readonly userIdentity: Fields;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
}

/** An administrator at a command line. */
export const anOperator = (account: Account): Omit<Caller, 'userAgent'> => ({
  userIdentity: {
    type: 'IAMUser',
    principalId: 'AIDAEXAMPLEOPERATOR00',
    arn: `arn:aws:iam::${account.ownerId}:user/operator`,
    accountId: account.ownerId,
    accessKeyId: 'EXAMPLE_KEY_ID',
    userName: 'operator',
  },
  sourceIPAddress: '192.0.2.10',
});

/** One call that changed something, or was refused. */
export interface RecordedCall {
  readonly action: string;
  readonly requestId: string;
  readonly requestParameters: Fields | null;
  /** null for a refused call (captured). */
  readonly responseElements: Fields | null;
  readonly refusal: Ec2Error | undefined;
}

interface Moment {
  readonly now: number;
  readonly newId: () => string;
}

/** The event "AWS API Call via CloudTrail" of one call. */
export const trailEvent = (account: Account, caller: Caller, call: RecordedCall, { now, newId }: Moment): BusEvent => {
  const time = eventTime(now);
  const { refusal } = call;
  return {
    version: '0',
    id: newId(),
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.ec2',
    account: account.ownerId,
    time,
    region: account.region,
    resources: [],
    detail: {
      eventVersion: '1.10',
      userIdentity: caller.userIdentity,
      eventTime: time,
      eventSource: 'ec2.amazonaws.com',
      eventName: call.action,
      awsRegion: account.region,
      sourceIPAddress: caller.sourceIPAddress,
      userAgent: caller.userAgent,
      ...(refusal === undefined ? {} : { errorCode: trailCodeOf(refusal.code), errorMessage: refusal.message }),
      requestParameters: call.requestParameters,
      responseElements: call.responseElements,
      requestID: call.requestId,
      eventID: newId(),
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: account.ownerId,
      eventCategory: 'Management',
      tlsDetails: {
        tlsVersion: 'TLSv1.3',
        cipherSuite: 'TLS_AES_128_GCM_SHA256',
        clientProvidedHostHeader: `ec2.${account.region}.amazonaws.com`,
      },
    },
  };
};

/** The event "EC2 Instance State-change Notification" (documented). */
export const stateChangeEvent = (
  account: Account,
  instanceId: string,
  state: string,
  { now, newId }: Moment,
): BusEvent => ({
  version: '0',
  id: newId(),
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  account: account.ownerId,
  time: eventTime(now),
  region: account.region,
  resources: [`arn:aws:ec2:${account.region}:${account.ownerId}:instance/${instanceId}`],
  detail: { 'instance-id': instanceId, state },
});
