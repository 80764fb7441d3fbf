import type { CreateSecurityGroupCommandInput, DeleteSecurityGroupCommandInput } from '@aws-sdk/client-ec2';
import { withEntries, withoutKeys } from './account.ts';
import { type Changing, freshId } from './changing.ts';
import { Ec2Error, lookUpOne, required } from './refusals.ts';
import { heldRule } from './security-group-rules.ts';

/** A group with the egress rule that every new group has: everything to anywhere. */
export const createSecurityGroup = (changing: Changing, input: CreateSecurityGroupCommandInput) => {
  const { account } = changing;
  const GroupName = required(input.GroupName, 'groupName');
  const Description = required(input.Description, 'groupDescription');
  const vpc = lookUpOne('vpc', account.vpcs, input.VpcId, 'vpcId');
  if (/^sg-/i.test(GroupName) || GroupName.length > 255) {
    throw new Ec2Error('InvalidParameterValue', `Value (${GroupName}) for parameter groupName is invalid`);
  }
  if ([...account.groups.values()].some((one) => one.VpcId === vpc.VpcId && one.GroupName === GroupName)) {
    throw new Ec2Error(
      'InvalidGroup.Duplicate',
      `The security group '${GroupName}' already exists for VPC '${vpc.VpcId}'`,
    );
  }
  const GroupId = freshId(changing, 'sg-');
  const SecurityGroupArn = `arn:aws:ec2:${account.region}:${account.ownerId}:security-group/${GroupId}`;
  const everything = { IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '0.0.0.0/0' };
  const egress = heldRule(account, GroupId, freshId(changing, 'sgr-'), everything, true);
  return {
    account: {
      ...account,
      groups: withEntries(account.groups, [
        GroupId,
        { GroupId, GroupName, VpcId: vpc.VpcId, Description, OwnerId: account.ownerId, SecurityGroupArn, Tags: [] },
      ]),
      rules: withEntries(account.rules, [egress.SecurityGroupRuleId, egress]),
    },
    output: { GroupId, SecurityGroupArn },
    /* Captured: the record shows the id and `_return`. */
    responseElements: { groupId: GroupId, _return: true },
  };
};

/** A group goes only when no interface carries it and no other group's rule names it (documented). */
export const deleteSecurityGroup = ({ account }: Changing, input: DeleteSecurityGroupCommandInput) => {
  const group = lookUpOne('group', account.groups, input.GroupId, 'groupId');
  if (group.GroupName === 'default') {
    throw new Ec2Error(
      'CannotDelete',
      `the specified group: "${group.GroupId}" name: "default" cannot be deleted by a user`,
    );
  }
  const isCarried = [...account.interfaces.values()].some((one) =>
    one.Groups.some((carried) => carried.GroupId === group.GroupId),
  );
  const isNamed = [...account.rules.values()].some(
    (rule) => rule.GroupId !== group.GroupId && rule.ReferencedGroupInfo?.GroupId === group.GroupId,
  );
  if (isCarried || isNamed) {
    throw new Ec2Error('DependencyViolation', `resource ${group.GroupId} has a dependent object`);
  }
  const own = [...account.rules.values()].filter((rule) => rule.GroupId === group.GroupId);
  return {
    account: {
      ...account,
      groups: withoutKeys(account.groups, group.GroupId),
      rules: withoutKeys(account.rules, ...own.map((rule) => rule.SecurityGroupRuleId)),
    },
    output: { Return: true, GroupId: group.GroupId },
    /* Captured records show `_return` alone. */
    responseElements: { _return: true },
  };
};
