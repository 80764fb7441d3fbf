import type { Contributions } from '../grants/grants.ts';
import { byTrafficColumn, type RuleAction, type SecurityRule, type TrafficColumns } from '../policy/policy.ts';
import { trafficText } from '../sets/traffic.ts';
import type { CandidateRule } from './candidate-rules.ts';
import { marked } from './mark.ts';
import type { RuleService } from './translation.ts';

/** What a rule of ours says on the firewall: a pure function of its contributions and the settings. */
export interface RuleContent extends TrafficColumns {
  readonly action: RuleAction;
  readonly logSetting: string | null;
  readonly profileGroup: string | null;
  readonly tags: readonly string[];
  readonly description: string;
}

/** What every rule of ours carries besides its traffic. */
export interface RuleStyle {
  readonly profileGroup: string | null;
  readonly logSetting: string | null;
  readonly tag: string | null;
}

const distinct = (members: readonly string[]): readonly string[] => [...new Set(members)].sort();

/** The address members of a rule for these contributions: canonical CIDRs with prefix length, each once, sorted. */
export const sourceMembers = (contributions: Contributions): readonly string[] =>
  distinct(contributions.sources.map(({ source }) => source));
export const destinationMembers = (contributions: Contributions): readonly string[] =>
  distinct(contributions.destinations.map(({ address }) => address));

/** The rule for a candidate, as a pure function of its contributions, the service object's name, the style and the table's mark. */
export const contentOf = (candidate: CandidateRule, service: string, style: RuleStyle, mark: string): RuleContent => ({
  from: [candidate.from],
  to: [candidate.to],
  source: sourceMembers(candidate),
  destination: destinationMembers(candidate),
  application: candidate.application,
  service: [service],
  action: 'allow',
  logSetting: style.logSetting,
  profileGroup: style.profileGroup,
  tags: style.tag === null ? [] : [style.tag],
  description: marked(`${candidate.broughtBy} (${candidate.group}, ${trafficText(candidate.traffic)})`, mark),
});

/** What a rule on the firewall says, in the fields we write. */
export const contentOfRule = (rule: SecurityRule): RuleContent => ({
  ...byTrafficColumn((column) => rule[column]),
  action: rule.action,
  logSetting: rule.logSetting,
  profileGroup: rule.profileGroup,
  tags: rule.tags,
  description: rule.description,
});

const sameMembers = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && [...left].sort().join('\n') === [...right].sort().join('\n');

/** The fields in which two contents differ. The order of members never matters. */
export const differences = (left: RuleContent, right: RuleContent): readonly (keyof RuleContent)[] =>
  (Object.keys(left) as (keyof RuleContent)[]).filter((field) => {
    const [a, b] = [left[field], right[field]];
    return Array.isArray(a) && Array.isArray(b) ? !sameMembers(a, b) : a !== b;
  });

/** What a rule lets through, as text that is the same for contents that say the same: by its digest an earlier content is known. */
export const textOfContent = (content: RuleContent): string =>
  JSON.stringify([content.action, byTrafficColumn((column) => [...content[column]].sort())]);

/** The name of the service object for exactly these ports: `tcp-443`, `udp-1000-2000`. */
export const serviceName = (service: Extract<RuleService, { kind: 'ports' }>): string => {
  const { from, to } = service.ports;
  return `${service.protocol}-${from === to ? from : `${from}-${to}`}`;
};

/** Ports as PAN-OS writes them: `443`, `1000-2000`. */
export const portText = ({ from, to }: { readonly from: number; readonly to: number }): string =>
  from === to ? String(from) : `${from}-${to}`;
