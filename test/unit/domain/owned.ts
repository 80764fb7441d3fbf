import type { Contributions, Grant, GrantDestination, GrantSource } from '../../../shared/domain/grants/grants.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import { type Recognition, recognise } from '../../../shared/domain/plan/recognise.ts';
import type { PendingEdit } from '../../../shared/domain/policy/pending-edits.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import type { RuleContent } from '../../../shared/domain/rules/rule-content.ts';
import { destinationMembers, sourceMembers } from '../../../shared/domain/rules/rule-content.ts';
import type { RuleService } from '../../../shared/domain/rules/translation.ts';
import type { Traffic } from '../../../shared/domain/sets/traffic.ts';
import { cleanUp, policy, rule } from './verdict-policies.ts';

export const tcp = (port: number): Traffic => ({ kind: 'ports', protocol: 'tcp', ports: { from: port, to: port } });
export const source = (cidr: string, securityGroupRule = 'sgr-1', prefixList: string | null = null): GrantSource => ({
  source: cidr,
  securityGroupRule,
  prefixList,
});
export const destination = (number: number, address = `10.0.1.${number}/32`): GrantDestination => ({
  interface: `eni-${number}`,
  instance: `i-${number}`,
  address,
});

export const contentFor = (contributions: Contributions, service = 'tcp-443'): RuleContent => ({
  from: ['untrust'],
  to: ['trust'],
  source: sourceMembers(contributions),
  destination: destinationMembers(contributions),
  application: ['ssl'],
  service: [service],
  action: 'allow',
  logSetting: null,
  profileGroup: null,
  tags: [],
  description: 'StartInstances by ann (sg-1, tcp 443)',
});

const service: RuleService = { kind: 'ports', protocol: 'tcp', ports: { from: 443, to: 443 } };

/** An owned rule for tcp 443 of sg-1, from anywhere to eni-1, but for what is said; its content follows its contributions. */
export const ownedRecord = (said: Partial<RuleRecord> = {}): RuleRecord => {
  const id = said.id ?? 'i-1-1';
  const contributions = said.contributions ?? { sources: [source('0.0.0.0/0')], destinations: [destination(1)] };
  return {
    format: 1,
    id,
    state: 'owned',
    name: id,
    uuid: `uuid of ${id}`,
    group: 'sg-1',
    family: 4,
    traffic: tcp(443),
    service,
    contributions,
    content: contentFor(contributions),
    intent: null,
    fence: 1,
    broughtBy: { eventId: 'e1', execution: 'run' },
    ...said,
  };
};

/** The rule as it stands on the firewall when nobody has touched it. */
export const standing = (record: RuleRecord, said: Partial<SecurityRule> = {}): SecurityRule =>
  rule(record.name, { ...record.content, uuid: record.uuid, ...said });

export const ours = 'policy-sync';
export const ruleXpath = (name: string): string => `/config/vsys/rulebase/security/rules/entry[@name='${name}']`;
export const edit = (administrator: string, xpath: string, action = 'EDIT'): PendingEdit => ({
  administrator,
  xpath,
  action,
});

/** What is recognised of these records, with `Clean up` as the bottom rule below all but what stands `below`. */
export const recognised = (house: {
  readonly records: readonly RuleRecord[];
  readonly rules: readonly SecurityRule[];
  readonly below?: readonly SecurityRule[];
  /** The running configuration, where it differs. */
  readonly running?: readonly SecurityRule[];
  readonly pending?: readonly PendingEdit[];
}): Recognition => {
  const candidate = policy([...house.rules, cleanUp, ...(house.below ?? [])]);
  return recognise({
    records: house.records,
    candidate,
    running: house.running === undefined ? candidate : policy([...house.running, cleanUp]),
    pending: house.pending ?? [],
    administrator: ours,
    bottomRule: 'Clean up',
    ruleXpath,
  });
};

export const grantFor = (
  from: GrantSource,
  to: GrantDestination,
  rest: Pick<Grant, 'group' | 'family' | 'traffic'> = { group: 'sg-1', family: 4, traffic: tcp(443) },
): Grant => ({ ...from, ...to, ...rest });
