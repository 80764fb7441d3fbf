import type {
  AuthorizeSecurityGroupIngressCommandInput,
  IpPermission,
  ModifySecurityGroupRulesCommandInput,
  RevokeSecurityGroupIngressCommandInput,
} from '@aws-sdk/client-ec2';
import { type Account, type HeldGroup, type HeldRule, withEntries, withoutKeys } from './account.ts';
import { type Changed, type Changing, freshId } from './changing.ts';
import {
  canonicalCidr,
  identityOf,
  permissionsOf,
  portsOf,
  protocolOf,
  type RuleContent,
  rulesOfPermission,
  wordsOf,
} from './permissions.ts';
import { Ec2Error, lookUp, lookUpOne, required } from './refusals.ts';

interface FlatForm {
  readonly GroupId?: string | undefined;
  readonly GroupName?: string | undefined;
  readonly IpPermissions?: IpPermission[] | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
  readonly SourceSecurityGroupName?: string | undefined;
}

/** By id, or by name in the default VPC. */
const groupOfRequest = (account: Account, input: FlatForm): HeldGroup => {
  if (input.GroupId !== undefined) return lookUpOne('group', account.groups, input.GroupId, 'groupId');
  const name = required(input.GroupName, 'groupName or groupId');
  const group = [...account.groups.values()].find(
    (one) => one.GroupName === name && account.vpcs.get(one.VpcId)?.IsDefault === true,
  );
  if (group === undefined) {
    throw new Ec2Error('InvalidGroup.NotFound', `The security group '${name}' does not exist in default VPC`);
  }
  return group;
};

/** The permissions of a request: its list, or the flat parameters as a list of one. Never both (documented). */
const permissionsOfRequest = (input: FlatForm): readonly IpPermission[] => {
  const isFlat = input.IpProtocol !== undefined || input.CidrIp !== undefined;
  const listed = input.IpPermissions ?? [];
  if (isFlat && listed.length > 0) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'The parameter ipPermissions may not be used with ipProtocol or cidrIp',
    );
  }
  if (isFlat) {
    return [
      {
        IpProtocol: input.IpProtocol,
        FromPort: input.FromPort,
        ToPort: input.ToPort,
        IpRanges: [{ CidrIp: required(input.CidrIp, 'cidrIp') }],
      },
    ];
  }
  if (listed.length === 0) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter ipPermissions or ipProtocol');
  }
  return listed;
};

const contentOf = (account: Account, group: HeldGroup, input: FlatForm): readonly RuleContent[] =>
  permissionsOfRequest(input).flatMap((permission) =>
    rulesOfPermission(
      permission,
      (pair) => {
        const referenced =
          pair.GroupId === undefined
            ? [...account.groups.values()].find((one) => one.GroupName === pair.GroupName && one.VpcId === group.VpcId)
            : account.groups.get(pair.GroupId);
        if (referenced === undefined) {
          throw new Ec2Error(
            'InvalidGroup.NotFound',
            `The security group '${pair.GroupId ?? pair.GroupName}' does not exist`,
          );
        }
        return { GroupId: referenced.GroupId, UserId: pair.UserId ?? account.ownerId };
      },
      (id) => lookUpOne('prefixList', account.prefixLists, id, 'prefixListId'),
    ),
  );

const ingressOf = (account: Account, groupId: string): readonly HeldRule[] =>
  [...account.rules.values()].filter((rule) => rule.GroupId === groupId && !rule.IsEgress);

const refuseTwins = (rules: readonly RuleContent[]): void => {
  const seen = new Set<string>();
  for (const rule of rules) {
    if (seen.has(identityOf(rule))) {
      throw new Ec2Error('InvalidParameterValue', 'The same permission must not appear multiple times');
    }
    seen.add(identityOf(rule));
  }
};

/** A rule as the account keeps it. */
export const heldRule = (
  account: Account,
  groupId: string,
  id: string,
  content: RuleContent,
  isEgress: boolean,
): HeldRule => {
  const { ReferencedGroupInfo, ...rest } = content;
  return {
    ...rest,
    ...(ReferencedGroupInfo === undefined ? {} : { ReferencedGroupInfo: { ...ReferencedGroupInfo } }),
    SecurityGroupRuleId: id,
    GroupId: groupId,
    GroupOwnerId: account.ownerId,
    IsEgress: isEgress,
    SecurityGroupRuleArn: `arn:aws:ec2:${account.region}:${account.ownerId}:security-group-rule/${id}`,
    Tags: [],
  };
};

export const authorizeSecurityGroupIngress = (changing: Changing, input: AuthorizeSecurityGroupIngressCommandInput) => {
  const { account } = changing;
  if (input.SourceSecurityGroupName !== undefined || input.SourceSecurityGroupOwnerId !== undefined) {
    throw new Ec2Error('InvalidParameterValue', 'sourceSecurityGroupName is not supported by this endpoint');
  }
  const group = groupOfRequest(account, input);
  const wanted = contentOf(account, group, input);
  refuseTwins(wanted);
  const present = new Set(ingressOf(account, group.GroupId).map(identityOf));
  const twin = wanted.find((rule) => present.has(identityOf(rule)));
  if (twin !== undefined) {
    throw new Ec2Error('InvalidPermission.Duplicate', `the specified rule "${wordsOf(twin)}" already exists`);
  }
  const added = wanted.map((rule) => heldRule(account, group.GroupId, freshId(changing, 'sgr-'), rule, false));
  return {
    account: {
      ...account,
      rules: withEntries(account.rules, ...added.map((rule) => [rule.SecurityGroupRuleId, rule] as const)),
    },
    output: { Return: true, SecurityGroupRules: added.map(({ Tags: _, ...rule }) => rule) },
  };
};

const revokedShape = (rule: HeldRule) => ({
  SecurityGroupRuleId: rule.SecurityGroupRuleId,
  GroupId: rule.GroupId,
  IsEgress: rule.IsEgress,
  IpProtocol: rule.IpProtocol,
  FromPort: rule.FromPort,
  ToPort: rule.ToPort,
  CidrIpv4: rule.CidrIpv4,
  CidrIpv6: rule.CidrIpv6,
  PrefixListId: rule.PrefixListId,
  ReferencedGroupId: rule.ReferencedGroupInfo?.GroupId,
  Description: rule.Description,
});

export const revokeSecurityGroupIngress = (changing: Changing, input: RevokeSecurityGroupIngressCommandInput) => {
  const { account } = changing;
  const group = groupOfRequest(account, input);
  const byId = input.SecurityGroupRuleIds ?? [];
  if (byId.length > 0 && (input.IpPermissions !== undefined || input.IpProtocol !== undefined)) {
    throw new Ec2Error('InvalidParameterCombination', 'Security group rule IDs may not be used with permissions');
  }
  const ingress = ingressOf(account, group.GroupId);
  const present = new Map(ingress.map((rule) => [identityOf(rule), rule]));
  const wanted = byId.length > 0 ? [] : contentOf(account, group, input);
  const unknown = wanted.filter((rule) => !present.has(identityOf(rule)));
  const inDefaultVpc = account.vpcs.get(group.VpcId)?.IsDefault === true;
  if (unknown.length > 0 && !inDefaultVpc) {
    throw new Ec2Error('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
  }
  const revoked =
    byId.length > 0
      ? lookUp('rule', new Map(ingress.map((rule) => [rule.SecurityGroupRuleId, rule])), byId)
      : wanted.flatMap((rule) => present.get(identityOf(rule)) ?? []);
  const shown = {
    Return: true,
    ...(unknown.length === 0
      ? {}
      : {
          UnknownIpPermissions: permissionsOf(unknown.map((rule) => heldRule(account, group.GroupId, '', rule, false))),
        }),
    RevokedSecurityGroupRules: revoked.map(revokedShape),
  };
  return {
    account: { ...account, rules: withoutKeys(account.rules, ...revoked.map((rule) => rule.SecurityGroupRuleId)) },
    output: shown,
    /* Captured records of 2019 and 2023 show `_return` alone; whether newer ones list what was revoked is not known. */
    responseElements: { _return: true },
  };
};

export const modifySecurityGroupRules = (
  { account }: Changing,
  input: ModifySecurityGroupRulesCommandInput,
): Changed<object> => {
  const group = lookUpOne('group', account.groups, input.GroupId, 'groupId');
  const own = new Map([...account.rules].filter(([, rule]) => rule.GroupId === group.GroupId));
  const changed = required(input.SecurityGroupRules, 'SecurityGroupRule').map((one): HeldRule => {
    const held = lookUpOne('rule', own, one.SecurityGroupRuleId, 'SecurityGroupRuleId');
    const wanted = required(one.SecurityGroupRule, 'SecurityGroupRule');
    const sources = [wanted.CidrIpv4, wanted.CidrIpv6, wanted.PrefixListId, wanted.ReferencedGroupId];
    if (sources.filter((source) => source !== undefined).length !== 1) {
      throw new Ec2Error('InvalidParameterCombination', 'A security group rule must have exactly one source');
    }
    if (wanted.PrefixListId !== undefined)
      lookUpOne('prefixList', account.prefixLists, wanted.PrefixListId, 'PrefixListId');
    if (wanted.ReferencedGroupId !== undefined) {
      lookUpOne('group', account.groups, wanted.ReferencedGroupId, 'ReferencedGroupId');
    }
    const IpProtocol = protocolOf(wanted.IpProtocol);
    const content: RuleContent = {
      IpProtocol,
      ...portsOf(IpProtocol, wanted.FromPort, wanted.ToPort),
      ...(wanted.CidrIpv4 === undefined ? {} : { CidrIpv4: canonicalCidr(wanted.CidrIpv4, 4) }),
      ...(wanted.CidrIpv6 === undefined ? {} : { CidrIpv6: canonicalCidr(wanted.CidrIpv6, 6) }),
      ...(wanted.PrefixListId === undefined ? {} : { PrefixListId: wanted.PrefixListId }),
      ...(wanted.ReferencedGroupId === undefined
        ? {}
        : { ReferencedGroupInfo: { GroupId: wanted.ReferencedGroupId, UserId: account.ownerId } }),
      ...(wanted.Description === undefined ? {} : { Description: wanted.Description }),
    };
    return heldRule(account, group.GroupId, held.SecurityGroupRuleId, content, held.IsEgress);
  });
  const rules = withEntries(account.rules, ...changed.map((rule) => [rule.SecurityGroupRuleId, rule] as const));
  for (const isEgress of [false, true]) {
    const identities = [...rules.values()]
      .filter((rule) => rule.GroupId === group.GroupId && rule.IsEgress === isEgress)
      .map(identityOf);
    if (new Set(identities).size !== identities.length) {
      throw new Ec2Error('InvalidPermission.Duplicate', 'The specified rule already exists');
    }
  }
  return { account: { ...account, rules }, output: { Return: true } };
};
