import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { IpPermission, SecurityGroupRule } from '@aws-sdk/client-ec2';
import { mergeCidr } from 'cidr-tools';
import type { HeldRule } from './account.ts';
import { Ec2Error, required } from './refusals.ts';

/** What makes a security group rule the rule it is; a description does not. */
export interface RuleContent {
  readonly IpProtocol: string;
  readonly FromPort: number;
  readonly ToPort: number;
  readonly CidrIpv4?: string;
  readonly CidrIpv6?: string;
  readonly PrefixListId?: string;
  readonly ReferencedGroupInfo?: { readonly GroupId: string; readonly UserId: string };
  readonly Description?: string;
}

const namedProtocols: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'icmpv6',
  icmp: 'icmp',
  tcp: 'tcp',
  udp: 'udp',
  icmpv6: 'icmpv6',
  '-1': '-1',
  all: '-1',
};

/** The protocol as EC2 answers it: a name for four of them, `-1`, else a number. @throws Ec2Error for an unknown one. */
export const protocolOf = (text: string | undefined): string => {
  const asked = required(text, 'ipProtocol').toLowerCase();
  const named = namedProtocols[asked];
  if (named !== undefined) return named;
  if (/^[0-9]+$/.test(asked) && Number(asked) <= 255) return String(Number(asked));
  throw new Ec2Error('InvalidParameterValue', `Invalid value '${text}' for IP protocol. Unknown protocol.`);
};

/**
 * The ports as EC2 keeps them. tcp and udp need both; for icmp they are type and code, -1 for all; for every other
 * protocol they do not count and are kept as -1.
 */
export const portsOf = (
  protocol: string,
  from: number | undefined,
  to: number | undefined,
): { readonly FromPort: number; readonly ToPort: number } => {
  if (protocol === 'tcp' || protocol === 'udp') {
    const [low, high] = [required(from, 'fromPort'), required(to, 'toPort')];
    if (![low, high].every((port) => Number.isInteger(port) && port >= 0 && port <= 65_535) || low > high) {
      throw new Ec2Error('InvalidParameterValue', `Invalid value 'port range ${low}-${high}' for portRange.`);
    }
    return { FromPort: low, ToPort: high };
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    const [type, code] = [from ?? -1, to ?? -1];
    if (
      ![type, code].every((one) => Number.isInteger(one) && one >= -1 && one <= 255) ||
      (type === -1 && code !== -1)
    ) {
      throw new Ec2Error('InvalidParameterValue', `Invalid value for ICMP type ${type}, code ${code}.`);
    }
    return { FromPort: type, ToPort: code };
  }
  return { FromPort: -1, ToPort: -1 };
};

/** A CIDR block with its host bits cleared, as EC2 keeps it (documented). @throws Ec2Error for anything else. */
export const canonicalCidr = (text: string, version: 4 | 6): string => {
  const [address, length, ...rest] = text.split('/');
  const isAddress = version === 4 ? isIPv4 : isIPv6;
  const most = version === 4 ? 32 : 128;
  if (
    address === undefined ||
    !isAddress(address) ||
    rest.length > 0 ||
    length === undefined ||
    !/^[0-9]{1,3}$/.test(length) ||
    Number(length) > most
  ) {
    throw new Ec2Error('InvalidParameterValue', `CIDR block ${text} is malformed`);
  }
  return mergeCidr([text])[0] ?? text;
};

/** True for an address of either family without a length. */
export const isAddress = (text: string): boolean => isIP(text) !== 0;

const described = (description: string | undefined): { readonly Description?: string } =>
  description === undefined || description === '' ? {} : { Description: description };

/**
 * The single rules that one permission stands for: one for each source. `groupOf` resolves a referenced group.
 * @throws Ec2Error for a malformed protocol, port or source, and for a permission without a source.
 */
export const rulesOfPermission = (
  permission: IpPermission,
  groupOf: (pair: NonNullable<IpPermission['UserIdGroupPairs']>[number]) => { GroupId: string; UserId: string },
  requirePrefixList: (id: string) => void,
): readonly RuleContent[] => {
  const IpProtocol = protocolOf(permission.IpProtocol);
  const base = { IpProtocol, ...portsOf(IpProtocol, permission.FromPort, permission.ToPort) };
  const rules: RuleContent[] = [
    ...(permission.IpRanges ?? []).map((range) => ({
      ...base,
      CidrIpv4: canonicalCidr(required(range.CidrIp, 'cidrIp'), 4),
      ...described(range.Description),
    })),
    ...(permission.Ipv6Ranges ?? []).map((range) => ({
      ...base,
      CidrIpv6: canonicalCidr(required(range.CidrIpv6, 'cidrIpv6'), 6),
      ...described(range.Description),
    })),
    ...(permission.PrefixListIds ?? []).map((list) => {
      const PrefixListId = required(list.PrefixListId, 'prefixListId');
      requirePrefixList(PrefixListId);
      return { ...base, PrefixListId, ...described(list.Description) };
    }),
    ...(permission.UserIdGroupPairs ?? []).map((pair) => ({
      ...base,
      ReferencedGroupInfo: groupOf(pair),
      ...described(pair.Description),
    })),
  ];
  if (rules.length === 0) {
    throw new Ec2Error('InvalidParameterValue', 'A permission must name at least one source (inferred message)');
  }
  return rules;
};

/** What two rules of a group may not share. */
export const identityOf = (rule: RuleContent | HeldRule | SecurityGroupRule): string =>
  JSON.stringify([
    rule.IpProtocol,
    rule.FromPort,
    rule.ToPort,
    rule.CidrIpv4 ?? null,
    rule.CidrIpv6 ?? null,
    rule.PrefixListId ?? null,
    rule.ReferencedGroupInfo?.GroupId ?? null,
  ]);

/** The rule in the words of EC2's own messages. */
export const wordsOf = (rule: RuleContent): string => {
  const peer = rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? rule.ReferencedGroupInfo?.GroupId ?? '';
  if (rule.IpProtocol === '-1') return `peer: ${peer}, ALL, ALLOW`;
  return `peer: ${peer}, ${rule.IpProtocol.toUpperCase()}, from port: ${rule.FromPort}, to port: ${rule.ToPort}, ALLOW`;
};

/** A group's rules of one direction, as DescribeSecurityGroups shows them: gathered by protocol and ports. */
export const permissionsOf = (rules: readonly HeldRule[]): IpPermission[] => {
  const gathered = new Map<string, IpPermission>();
  for (const rule of rules) {
    const key = `${rule.IpProtocol} ${rule.FromPort} ${rule.ToPort}`;
    const isPortless = rule.IpProtocol === '-1' || /^[0-9]+$/.test(rule.IpProtocol);
    const permission = gathered.get(key) ?? {
      IpProtocol: rule.IpProtocol,
      ...(isPortless ? {} : { FromPort: rule.FromPort, ToPort: rule.ToPort }),
      IpRanges: [],
      Ipv6Ranges: [],
      PrefixListIds: [],
      UserIdGroupPairs: [],
    };
    gathered.set(key, permission);
    const description = described(rule.Description);
    if (rule.CidrIpv4 !== undefined) permission.IpRanges?.push({ CidrIp: rule.CidrIpv4, ...description });
    if (rule.CidrIpv6 !== undefined) permission.Ipv6Ranges?.push({ CidrIpv6: rule.CidrIpv6, ...description });
    if (rule.PrefixListId !== undefined)
      permission.PrefixListIds?.push({ PrefixListId: rule.PrefixListId, ...description });
    const pair = rule.ReferencedGroupInfo;
    if (pair !== undefined)
      permission.UserIdGroupPairs?.push({ GroupId: pair.GroupId, UserId: pair.UserId, ...description });
  }
  return [...gathered.values()];
};
