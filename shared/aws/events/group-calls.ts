import type { AnnouncedFact, CreatedPermission, NamedPermission } from '../../domain/announced-facts.ts';
import { type Announced, nothingAnnounced } from '../../domain/change.ts';
import {
  about,
  announcing,
  asking,
  type CallMeaning,
  type Decoder,
  everything,
  group,
  nameIn,
  request,
  requestBlock,
  requestOf,
  response,
  responseBlock,
  textIn,
} from './call-meaning.ts';
import {
  idOf,
  isId,
  isOmitted,
  membersOf,
  notUnderstood,
  optionalId,
  optionalNumber,
  optionalPart,
  optionalText,
  type Part,
  partOf,
  partsOf,
} from './event-fields.ts';

/** The group a rule call is about: the request's id, else an id in the answer, else its name, to be looked up. */
const groupCall = (record: Part, answeredSet: string, announced: Announced): CallMeaning => {
  const asked = request(record);
  const answered = response(record);
  const ids = new Set<string>();
  if (asked !== null && !isOmitted(asked)) {
    const id = optionalId(asked, 'groupId', 'sg');
    if (id !== null) ids.add(id);
  }
  if (answered !== null && !isOmitted(answered)) {
    for (const item of partsOf(answered, answeredSet)) {
      const id = optionalId(item, 'groupId', 'sg');
      if (id !== null) ids.add(id);
    }
  }
  if (ids.size > 0) return about([...ids].sort().map(group), announced);
  const name = asked === null || isOmitted(asked) ? null : optionalText(asked, 'groupName');
  if (name !== null) return asking({ kind: 'group-named', name }, announced);
  // Rules revoked by id in a call that does not name the group: their group cannot be read any more.
  if (isOmitted(asked) || isOmitted(answered) || announced.removedRules.length > 0) return everything(announced);
  throw notUnderstood(`${record.path}.requestParameters.groupId`, 'a group id or groupName', undefined);
};

const isEgress = (item: Part): boolean => item.fields['isEgress'] === true || item.fields['isEgress'] === 'true';

/** Ingress rules in `securityGroupRuleSet` or `revokedSecurityGroupRuleSet` of an answer. */
const ingressRulesIn = (
  answer: Part | null,
  name: string,
): readonly { readonly id: string; readonly permission: NamedPermission | null }[] => {
  if (answer === null || isOmitted(answer)) return [];
  return partsOf(answer, name).flatMap((item) => {
    const id = optionalId(item, 'securityGroupRuleId', 'sgr');
    return id === null || isEgress(item) ? [] : [{ id, permission: permissionOfRule(item) }];
  });
};

const permissionOfRule = (item: Part): NamedPermission | null => {
  const referenced = optionalPart(item, 'referencedGroupInfo');
  const source =
    optionalText(item, 'cidrIpv4') ??
    optionalText(item, 'cidrIpv6') ??
    optionalText(item, 'prefixListId') ??
    (referenced === null ? null : optionalText(referenced, 'groupId'));
  return source === null ? null : { ...trafficOf(item), source };
};

/** With ids in the answer those are looked for; records of before 2022, and answers left out, name only content (captured). */
export const authorizeIngress: Decoder = (record) => {
  const asked = permissionsIn(blockOf(record));
  const created = ingressRulesIn(response(record), 'securityGroupRuleSet');
  const createdPermissions: readonly CreatedPermission[] =
    created.length > 0
      ? created.flatMap(({ id, permission }) => (permission === null ? [] : [{ ...permission, rule: id }]))
      : asked.map((permission) => ({ ...permission, rule: null }));
  return groupCall(record, 'securityGroupRuleSet', {
    ...nothingAnnounced,
    createdRules: created.map(({ id }) => id),
    ...(createdPermissions.length > 0 ? { createdPermissions } : {}),
  });
};

const blockOf = (record: Part): Part | null => {
  const asked = request(record);
  return isOmitted(asked) ? null : asked;
};

/**
 * Revoke names permissions, or rule ids and nothing else. Inferred: no record with rule ids has been seen, so a list of
 * texts and a list of objects with `securityGroupRuleId` are both read. Records of 2019 and 2023 answer without ids
 * (captured); today's API model answers `revokedSecurityGroupRuleSet`.
 */
export const revokeIngress: Decoder = (record) => {
  const asked = blockOf(record);
  const named = asked === null ? [] : ruleIdsIn(asked, 'securityGroupRuleIds');
  const answered = ingressRulesIn(response(record), 'revokedSecurityGroupRuleSet').map(({ id }) => id);
  const revokedPermissions = permissionsIn(asked);
  return groupCall(record, 'revokedSecurityGroupRuleSet', {
    ...nothingAnnounced,
    removedRules: [...new Set([...named, ...answered])].sort(),
    ...(revokedPermissions.length > 0 ? { revokedPermissions } : {}),
  });
};

const ruleIdsIn = (block: Part, name: string): readonly string[] =>
  membersOf(block, name).flatMap(({ path, value }) => {
    if (typeof value === 'string') {
      if (!isId(value, 'sgr')) throw notUnderstood(path, 'an id sgr-…', value);
      return [value];
    }
    const item = partOf(path, value);
    const key = ['securityGroupRuleId', 'SecurityGroupRuleId'].find((each) => item.fields[each] !== undefined);
    if (key !== undefined) return [idOf(item, key, 'sgr')];
    return membersOf(block, name).length > 1 || Object.keys(item.fields).length > 0
      ? [notASecurityGroupRule(item)]
      : [];
  });

const notASecurityGroupRule = (item: Part): never => {
  throw notUnderstood(`${item.path}.securityGroupRuleId`, 'an id sgr-…', undefined);
};

/**
 * The permissions a request names, one per source. Two forms (both captured): `ipPermissions.items[]`, and the flat one
 * with `cidrIp` and ports at the top beside an empty `ipPermissions`. Every key may be missing in old records.
 */
const permissionsIn = (asked: Part | null): readonly NamedPermission[] => {
  if (asked === null) return [];
  const flat = optionalText(asked, 'cidrIp');
  const listed = partsOf(asked, 'ipPermissions').flatMap((permission) => {
    const common = trafficOf(permission);
    return [
      ...partsOf(permission, 'ipRanges').map((range) => ({ ...common, source: optionalText(range, 'cidrIp') })),
      ...partsOf(permission, 'ipv6Ranges').map((range) => ({ ...common, source: optionalText(range, 'cidrIpv6') })),
      ...partsOf(permission, 'prefixListIds').map((list) => ({
        ...common,
        source: optionalId(list, 'prefixListId', 'pl'),
      })),
    ].flatMap(({ source, ...rest }) => (source === null ? [] : [{ ...rest, source }]));
  });
  return flat === null ? listed : [...listed, { ...trafficOf(asked), source: flat }];
};

const trafficOf = (part: Part) => ({
  protocol: optionalText(part, nameIn(part, 'ipProtocol')) ?? '-1',
  fromPort: optionalNumber(part, nameIn(part, 'fromPort')),
  toPort: optionalNumber(part, nameIn(part, 'toPort')),
});

/** `{SecurityGroupRuleId, SecurityGroupRule{IpProtocol, FromPort, ToPort, CidrIpv4}}`, one or several (captured in part). */
const modifiedRulesIn = (block: Part, of: string): readonly AnnouncedFact[] =>
  partsOf(block, nameIn(block, 'securityGroupRule')).flatMap((item) => {
    const id = textIn(item, 'securityGroupRuleId');
    const content = optionalPart(item, nameIn(item, 'securityGroupRule'));
    if (id === null || content === null) return [];
    const source = ['cidrIpv4', 'cidrIpv6', 'prefixListId', 'referencedGroupId']
      .map((name) => textIn(content, name))
      .find((each) => each !== null);
    return source === undefined || source === null
      ? []
      : [{ kind: 'rule', group: of, id, permission: { ...trafficOf(content), source } }];
  });

/** PascalCase wrapper `ModifySecurityGroupRulesRequest` (captured in part); the plain form is read as well. */
export const modifyRules: Decoder = (record) => {
  if (isOmitted(request(record))) return everything();
  const block = requestBlock(record) ?? requestOf(record);
  const id = optionalId(block, nameIn(block, 'groupId'), 'sg');
  const announced = announcing(...modifiedRulesIn(block, id ?? ''));
  return id === null ? everything(announced) : about([group(id)], announced);
};

export const deleteGroup: Decoder = (record) => {
  const ids = [requestBlock(record), responseBlock(record)].map((block) =>
    block === null ? null : optionalId(block, 'groupId', 'sg'),
  );
  const id = ids.find((each) => each !== null) ?? null;
  // By name only: the group is gone, so its name leads nowhere.
  return id === null ? everything() : about([group(id)], announcing({ kind: 'group deleted', id }));
};

/** `{groupId, vpcId}` (API model; no record was found). */
export const groupVpcCall: Decoder = (record) => {
  const id = textIn(requestBlock(record), 'groupId');
  return id === null || !isId(id, 'sg') ? everything() : about([group(id)]);
};
