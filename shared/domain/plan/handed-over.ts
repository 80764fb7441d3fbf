import type { GrantDestination, GrantSource } from '../grants/grants.ts';
import { destinationKey, sourceKey } from '../grants/grants.ts';
import { localRules, type Policy, type SecurityRule } from '../policy/policy.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import { contentOfRule, portText } from '../rules/rule-content.ts';
import { trafficKey } from '../sets/traffic.ts';
import { GrantIndex } from './grant-index.ts';
import type { RuleRecord } from './ownership.ts';
import { unrecordedRules } from './unrecorded.ts';

/** What an operator asks for a rule, by its name, that bears a mark and that no record knows. */
export interface HandOver {
  readonly verb: 'adopt' | 'remove';
  readonly rule: string;
}

interface House {
  readonly asked: readonly HandOver[];
  readonly records: readonly RuleRecord[];
  readonly candidate: Policy;
  readonly running: Policy;
  /** What EC2 grants the interfaces in scope. */
  readonly granted: readonly CandidateRule[];
}

const sameSet = (one: readonly string[], other: readonly string[]): boolean =>
  [...new Set(one)].sort().join('\n') === [...new Set(other)].sort().join('\n');

/** Whether a rule matches the sessions of a candidate rule, whatever their addresses. */
const isOfTraffic = (
  rule: SecurityRule,
  { from, to, application, service }: CandidateRule,
  policy: Policy,
): boolean => {
  const [name, ...more] = rule.service;
  if (name === undefined || more.length > 0) return false;
  const object = policy.scopes.vsys.services.get(name);
  const isService =
    service.kind === 'any'
      ? name === 'any'
      : object?.protocol === service.protocol && object.port === portText(service.ports) && object.sourcePort === null;
  return isService && sameSet(rule.from, [from]) && sameSet(rule.to, [to]) && sameSet(rule.application, application);
};

/** The grants of one group and kind of traffic that a rule stands for, where they are exactly what it says; else null. */
const standsFor = (rule: SecurityRule, like: CandidateRule, granted: readonly CandidateRule[]) => {
  const isLike = (each: CandidateRule): boolean =>
    each.group === like.group && each.family === like.family && trafficKey(each.traffic) === trafficKey(like.traffic);
  const sources = new Map<string, GrantSource>();
  const destinations = new Map<string, GrantDestination>();
  for (const each of granted.filter(isLike)) {
    for (const from of each.sources) if (rule.source.includes(from.source)) sources.set(sourceKey(from), from);
    for (const to of each.destinations) {
      if (rule.destination.includes(to.address)) destinations.set(destinationKey(to), to);
    }
  }
  const index = GrantIndex.of(granted);
  const isWhole =
    sameSet(
      rule.source,
      [...sources.values()].map(({ source }) => source),
    ) &&
    sameSet(
      rule.destination,
      [...destinations.values()].map(({ address }) => address),
    ) &&
    [...destinations.values()].every((to) => [...sources.values()].every((from) => index.has(like, to, from)));
  return isWhole ? { sources: [...sources.values()], destinations: [...destinations.values()] } : null;
};

const recordOf = (rule: SecurityRule, records: readonly RuleRecord[]): RuleRecord => ({
  format: 1,
  // The counters of a new table begin anew: another rule may have been recorded under this name since.
  id: records.some(({ id }) => id === rule.name) ? `${rule.name} ${rule.uuid}` : rule.name,
  state: 'tombstone',
  name: rule.name,
  uuid: rule.uuid,
  group: '',
  family: 4,
  traffic: { kind: 'all' },
  service: { kind: 'any' },
  contributions: { sources: [], destinations: [] },
  content: contentOfRule(rule),
  intent: null,
  byOperator: true,
  fence: 0,
  broughtBy: { eventId: 'operator', execution: 'operator' },
});

const adopted = (rule: SecurityRule, { records, candidate, running, granted }: House): RuleRecord | null => {
  const isPlain =
    !rule.disabled &&
    rule.action === 'allow' &&
    rule.restrictions.length === 0 &&
    !rule.negateSource &&
    !rule.negateDestination;
  if (!isPlain) return null;
  for (const like of granted) {
    const isLike = [candidate, running].every((policy) => isOfTraffic(rule, like, policy));
    const contributions = isLike ? standsFor(rule, like, granted) : null;
    if (contributions === null) continue;
    const { group, family, traffic, service, application: applications } = like;
    const kind = { group, family, traffic, service, contributions, applications };
    const { byOperator: _removed, ...record } = recordOf(rule, records);
    return { ...record, state: 'owned', ...kind };
  }
  return null;
};

/**
 * What an operator decides over a rule that bears a mark and that no record knows. Adopted, it is owned: only one of which
 * EC2 grants exactly what it says, so that nothing it allows is without a grant. Removed, it is recorded as one that was
 * ours and is back, which goes with the next write.
 */
export const handOver = (
  house: House,
): {
  readonly records: readonly RuleRecord[];
  readonly made: readonly RuleRecord[];
  readonly reports: readonly string[];
} => {
  const { asked, records, candidate, running } = house;
  const staged = new Map(localRules(candidate).map((rule) => [rule.uuid, rule] as const));
  const made: RuleRecord[] = [];
  const reports: string[] = [];
  for (const { verb, rule: name } of asked) {
    const known = [...records, ...made];
    const runs = unrecordedRules(running, known).find((rule) => rule.name === name);
    const rule = runs === undefined ? undefined : staged.get(runs.uuid);
    if (rule === undefined) {
      const why = 'no running rule of that name bears a mark and is in no record';
      if (!known.some((record) => record.name === name))
        reports.push(`"${name}" is not ${verb}${verb === 'adopt' ? 'ed' : 'd'}: ${why}.`);
      continue;
    }
    if (verb === 'remove') {
      made.push(recordOf(rule, known));
      continue;
    }
    const record = adopted(rule, { ...house, records: known });
    if (record !== null) {
      made.push(record);
      reports.push(`"${name}" is this system's again, as an operator asked: EC2 grants exactly what it says.`);
    } else {
      reports.push(
        `"${name}" is not adopted: it does not say exactly what EC2 grants to one group. To have it removed, and what is granted made anew, start an execution with ${JSON.stringify({ operator: { remove: name } })}.`,
      );
    }
  }
  return { records: [...records, ...made], made, reports };
};
