import type {
  DescribeSecurityGroupRulesCommandInput,
  DescribeSecurityGroupsCommandInput,
  SecurityGroup,
} from '@aws-sdk/client-ec2';
import type { Account, HeldGroup, HeldRule } from './account.ts';
import { type FilterTable, filtered } from './filters.ts';
import { pageOf } from './paging.ts';
import { permissionsOf } from './permissions.ts';
import { given, type Reading, selected, upTo1000 } from './reading.ts';
import { Ec2Error } from './refusals.ts';

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
