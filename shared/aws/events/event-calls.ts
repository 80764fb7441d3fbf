import type { Announced, RevokedPermission, Subject } from '../../domain/change.ts';
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

/** A subject that the record does not name by itself and EC2 must be asked for. */
export type LookUp =
  | { readonly kind: 'group-named'; readonly name: string }
  | { readonly kind: 'holder-of-interface'; readonly id: string }
  | { readonly kind: 'groups-with-prefix-list'; readonly id: string };

/** What one call says: whom it is about, whom to ask for, and what it announced. */
export interface CallMeaning {
  readonly subjects: readonly Subject[];
  readonly lookUps: readonly LookUp[];
  readonly announced: Announced;
}

/** Reads a record of one call. A decoder that answers a string says why the call matters to nothing. */
type Decoder = (record: Part) => CallMeaning | string;

const nothingAnnounced: Announced = { instanceStates: {}, createdRules: [], removedRules: [] };
const everything: CallMeaning = {
  subjects: [{ kind: 'everything' }],
  lookUps: [],
  announced: nothingAnnounced,
};
const about = (subjects: readonly Subject[], announced: Announced = nothingAnnounced): CallMeaning => ({
  subjects,
  lookUps: [],
  announced,
});
const asking = (...lookUps: readonly LookUp[]): CallMeaning => ({
  subjects: [],
  lookUps,
  announced: nothingAnnounced,
});

const instance = (id: string): Subject => ({ kind: 'instance', id });
const group = (id: string): Subject => ({ kind: 'group', id });
const networkInterface = (id: string): Subject => ({ kind: 'interface', id });

const request = (record: Part): Part | null => optionalPart(record, 'requestParameters');
const response = (record: Part): Part | null => optionalPart(record, 'responseElements');

/** The request; its absence is a shape we do not know, since every call we decode has parameters. */
const requestOf = (record: Part): Part => {
  const found = request(record);
  if (found === null) throw notUnderstood(`${record.path}.requestParameters`, 'an object', undefined);
  return found;
};

/**
 * Start, Stop, Terminate and RunInstances: `instancesSet.items[]` in request and response. The response may list them
 * in another order (captured), so states are joined by id. Request items of RunInstances carry no ids.
 */
const instanceCall: Decoder = (record) => {
  const asked = request(record);
  const answered = response(record);
  const states: Record<string, string> = {};
  const ids = new Set<string>();
  for (const block of [asked, answered]) {
    if (block === null || isOmitted(block)) continue;
    for (const item of partsOf(block, 'instancesSet')) {
      const id = optionalId(item, 'instanceId', 'i');
      if (id === null) continue;
      ids.add(id);
      const state = optionalPart(item, 'currentState') ?? optionalPart(item, 'instanceState');
      const name = state === null ? null : optionalText(state, 'name');
      if (name !== null) states[id] = name;
    }
  }
  if (ids.size > 0) return about([...ids].sort().map(instance), { ...nothingAnnounced, instanceStates: states });
  if (isOmitted(asked) || isOmitted(answered)) return everything;
  throw notUnderstood(`${record.path}.requestParameters.instancesSet`, 'instance ids', asked?.fields['instancesSet']);
};

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
  if (name !== null) return { ...asking({ kind: 'group-named', name }), announced };
  // Rules revoked by id in a call that does not name the group: their group cannot be read any more.
  if (isOmitted(asked) || isOmitted(answered) || announced.removedRules.length > 0) return { ...everything, announced };
  throw notUnderstood(`${record.path}.requestParameters.groupId`, 'a group id or groupName', undefined);
};

/** Ids of ingress rules in `securityGroupRuleSet` or `revokedSecurityGroupRuleSet` of an answer. */
const ingressRulesIn = (answer: Part | null, name: string): readonly string[] => {
  if (answer === null || isOmitted(answer)) return [];
  return partsOf(answer, name).flatMap((item) => {
    const egress = item.fields['isEgress'];
    const id = optionalId(item, 'securityGroupRuleId', 'sgr');
    return id === null || egress === true || egress === 'true' ? [] : [id];
  });
};

const authorizeIngress: Decoder = (record) => {
  permissionsIn(requestBlock(record));
  return groupCall(record, 'securityGroupRuleSet', {
    ...nothingAnnounced,
    createdRules: ingressRulesIn(response(record), 'securityGroupRuleSet'),
  });
};

const requestBlock = (record: Part): Part | null => {
  const asked = request(record);
  return isOmitted(asked) ? null : asked;
};

/**
 * Revoke names permissions, or rule ids and nothing else. Inferred: no record with rule ids has been seen, so a list of
 * texts and a list of objects with `securityGroupRuleId` are both read. Records of 2019 and 2023 answer without ids
 * (captured); today's API model answers `revokedSecurityGroupRuleSet`.
 */
const revokeIngress: Decoder = (record) => {
  const asked = requestBlock(record);
  const named = asked === null ? [] : ruleIdsIn(asked, 'securityGroupRuleIds');
  const answered = ingressRulesIn(response(record), 'revokedSecurityGroupRuleSet');
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
const permissionsIn = (asked: Part | null): readonly RevokedPermission[] => {
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
  protocol: optionalText(part, 'ipProtocol') ?? '-1',
  fromPort: optionalNumber(part, 'fromPort'),
  toPort: optionalNumber(part, 'toPort'),
});

/** PascalCase wrapper `ModifySecurityGroupRulesRequest` (captured in part); the plain form is read as well. */
const modifyRules: Decoder = (record) => {
  const asked = request(record);
  if (isOmitted(asked)) return everything;
  const block = requestOf(record);
  const wrapped = optionalPart(block, 'ModifySecurityGroupRulesRequest') ?? block;
  const id = optionalId(wrapped, 'GroupId', 'sg') ?? optionalId(wrapped, 'groupId', 'sg');
  return id === null ? everything : about([group(id)]);
};

const deleteGroup: Decoder = (record) => {
  const block = requestBlock(record);
  const answered = response(record);
  const id =
    (block === null ? null : optionalId(block, 'groupId', 'sg')) ??
    (answered === null || isOmitted(answered) ? null : optionalId(answered, 'groupId', 'sg'));
  // By name only: the group is gone, so its name leads nowhere.
  return id === null ? everything : about([group(id)]);
};

/**
 * Of the many attributes of an instance only its groups matter. Records of the generic form hide the value (captured), so
 * the attribute's name decides.
 */
const modifyInstance: Decoder = (record) => {
  const asked = request(record);
  if (isOmitted(asked)) return everything;
  const block = requestOf(record);
  const attribute = optionalText(block, 'attribute');
  const concerns = attribute === null ? block.fields['groupSet'] !== undefined : attribute === 'groupSet';
  if (!concerns) return `ModifyInstanceAttribute changed ${attribute ?? attributesIn(block)}, not the security groups`;
  return about([instance(idOf(block, 'instanceId', 'i'))]);
};

const attributesIn = (block: Part): string =>
  Object.keys(block.fields)
    .filter((name) => name !== 'instanceId')
    .join(', ');

const modifyInterface: Decoder = (record) => {
  const asked = request(record);
  if (isOmitted(asked)) return everything;
  const block = requestOf(record);
  if (block.fields['groupSet'] === undefined)
    return `ModifyNetworkInterfaceAttribute changed ${attributesIn(block)}, not the security groups`;
  return asking({ kind: 'holder-of-interface', id: idOf(block, 'networkInterfaceId', 'eni') });
};

/** Attach names the instance (captured). */
const attachInterface: Decoder = (record) => {
  const block = requestBlock(record);
  return block === null ? everything : about([instance(idOf(block, 'instanceId', 'i'))]);
};

/** Detach names only an attachment id (captured), from which nothing can be found any more. */
const detachInterface: Decoder = () => everything;

/**
 * Made by services for themselves, or for an instance to be attached later: only the answer has the id (captured). What EC2 does
 * not show yet, the resync finds.
 */
const createInterface: Decoder = (record) => {
  const answered = response(record);
  if (isOmitted(answered)) return everything;
  const made = answered === null ? null : optionalPart(answered, 'networkInterface');
  if (made === null) throw notUnderstood(`${record.path}.responseElements.networkInterface`, 'an object', undefined);
  return about([networkInterface(idOf(made, 'networkInterfaceId', 'eni'))]);
};

const deleteInterface: Decoder = (record) => {
  const block = requestBlock(record);
  return block === null ? everything : about([networkInterface(idOf(block, 'networkInterfaceId', 'eni'))]);
};

/** Address calls name the interface; its instance is looked up. */
const addressCall: Decoder = (record) => {
  const block = requestBlock(record);
  if (block === null) return everything;
  const wrapper = Object.keys(block.fields).find((name) => name.endsWith('Request'));
  const inner = wrapper === undefined ? block : (optionalPart(block, wrapper) ?? block);
  const id = optionalId(inner, 'networkInterfaceId', 'eni') ?? optionalId(inner, 'NetworkInterfaceId', 'eni');
  return id === null ? everything : asking({ kind: 'holder-of-interface', id });
};

/** `ModifyManagedPrefixListRequest{PrefixListId, …}` (a transcription): every group that names the list changes with it. */
const prefixListCall: Decoder = (record) => {
  const block = requestBlock(record);
  if (block === null) return everything;
  const wrapper = Object.keys(block.fields).find(
    (name) => name.endsWith('PrefixListRequest') || name.endsWith('VersionRequest'),
  );
  const inner = wrapper === undefined ? block : (optionalPart(block, wrapper) ?? block);
  const id = optionalId(inner, 'PrefixListId', 'pl') ?? optionalId(inner, 'prefixListId', 'pl');
  return id === null ? everything : asking({ kind: 'groups-with-prefix-list', id });
};

/** Routes, associations and ranges of a VPC: which interfaces they touch is not in the record. */
const networkCall: Decoder = () => everything;

/** Every call that can change what the firewall must allow, by its CloudTrail event name. */
export const decoders: Readonly<Record<string, Decoder>> = {
  StartInstances: instanceCall,
  StopInstances: instanceCall,
  AuthorizeSecurityGroupIngress: authorizeIngress,
  RevokeSecurityGroupIngress: revokeIngress,
  RunInstances: instanceCall,
  TerminateInstances: instanceCall,
  ModifyInstanceAttribute: modifyInstance,
  ModifyNetworkInterfaceAttribute: modifyInterface,
  CreateNetworkInterface: createInterface,
  DeleteNetworkInterface: deleteInterface,
  AttachNetworkInterface: attachInterface,
  DetachNetworkInterface: detachInterface,
  AssignPrivateIpAddresses: addressCall,
  UnassignPrivateIpAddresses: addressCall,
  AssignIpv6Addresses: addressCall,
  UnassignIpv6Addresses: addressCall,
  ModifySecurityGroupRules: modifyRules,
  DeleteSecurityGroup: deleteGroup,
  CreateRoute: networkCall,
  ReplaceRoute: networkCall,
  DeleteRoute: networkCall,
  AssociateRouteTable: networkCall,
  DisassociateRouteTable: networkCall,
  ReplaceRouteTableAssociation: networkCall,
  AssociateVpcCidrBlock: networkCall,
  DisassociateVpcCidrBlock: networkCall,
  ModifyManagedPrefixList: prefixListCall,
  RestoreManagedPrefixListVersion: prefixListCall,
};
