import { type Contributions, destinationKey, sourceKey } from '../grants/grants.ts';
import { bottomPlace } from '../policy/bottom-rule.ts';
import type { Policy } from '../policy/policy.ts';
import { type CandidateRule, mostMembers, namePrefix } from '../rules/candidate-rules.ts';
import { destinationBytes, mostSideBytes } from '../rules/record-size.ts';
import { contentOfRule, destinationMembers, differences, type RuleStyle } from '../rules/rule-content.ts';
import { trafficKey } from '../sets/traffic.ts';
import type { Judged } from '../verdict/verdict-words.ts';
import type { Recognised } from './recognise.ts';
import type { PlannedRewrite } from './rewrites.ts';

/** Where a rule of ours stands: the first rule of others between it and the place where ours stand; null when there is none. */
export const standsBetween = (
  uuid: string,
  place: { readonly policy: Policy; readonly bottomRule: string; readonly ownUuids: ReadonlySet<string> },
): string | null => {
  const { policy, bottomRule, ownUuids } = place;
  const end = bottomPlace(policy, bottomRule) ?? policy.rules.length;
  const at = policy.rules.findIndex((rule) => rule.uuid === uuid);
  const other = policy.rules.slice(at + 1, end).find((rule) => rule.uuid === null || !ownUuids.has(rule.uuid));
  return other?.name ?? null;
};

interface GrowthInputs {
  /** Rules of ours that stay and that nothing else of the plan changes. */
  readonly staying: readonly Recognised[];
  readonly ownUuids: ReadonlySet<string>;
  readonly judged: readonly Judged[];
  readonly policy: Policy;
  readonly bottomRule: string;
  readonly style: RuleStyle;
  readonly refusedWith: (rewrite: PlannedRewrite) => string | null;
}

export interface Growths {
  readonly growths: readonly PlannedRewrite[];
  /** Places, among the judged ones, of the candidate rules that they carry. */
  readonly carried: readonly number[];
}

const same = (one: readonly string[], other: readonly string[]): boolean =>
  [...one].sort().join('\n') === [...other].sort().join('\n');

/** Whether a rule was named after the subject of a candidate rule: `i-1-7` after `i-1`. */
const isOfSubject = (candidate: CandidateRule, id: string): boolean => {
  const prefix = `${namePrefix(candidate)}-`;
  return id.startsWith(prefix) && /^[0-9]+$/.test(id.slice(prefix.length));
};

/** Whether a rule says of a candidate rule's traffic what would be written, for the same sources. */
const isLike = ({ record }: Recognised, candidate: CandidateRule, style: RuleStyle): boolean => {
  const { content, contributions } = record;
  return (
    record.group === candidate.group &&
    record.family === candidate.family &&
    trafficKey(record.traffic) === trafficKey(candidate.traffic) &&
    JSON.stringify(record.service) === JSON.stringify(candidate.service) &&
    same(content.application, candidate.application) &&
    same(content.from, [candidate.from]) &&
    same(content.to, [candidate.to]) &&
    content.profileGroup === style.profileGroup &&
    content.logSetting === style.logSetting &&
    same(content.tags, style.tag === null ? [] : [style.tag]) &&
    same(contributions.sources.map(sourceKey), candidate.sources.map(sourceKey))
  );
};

const isAsWritten = ({ record, rule, editedBy, changedService }: Recognised): boolean =>
  editedBy === null &&
  changedService === null &&
  !rule.disabled &&
  rule.restrictions.length === 0 &&
  !rule.negateSource &&
  !rule.negateDestination &&
  differences(contentOfRule(rule), record.content).length === 0;

const grown = ({ record, name, uuid }: Recognised, candidate: CandidateRule, before: Contributions): PlannedRewrite => {
  const known = new Set(before.destinations.map(destinationKey));
  const more = candidate.destinations.filter((to) => !known.has(destinationKey(to)));
  const contributions = { ...before, destinations: [...before.destinations, ...more] };
  const addresses = [...new Set(candidate.destinations.map(({ address }) => address))];
  return {
    id: record.id,
    name,
    uuid,
    content: { ...record.content, destination: destinationMembers(contributions) },
    fields: ['destination'],
    candidate,
    applications: record.applications ?? record.content.application,
    contributions,
    why: `grown by ${addresses.slice(0, 5).join(', ')}${addresses.length > 5 ? ` and ${addresses.length - 5} more` : ''}`,
  };
};

/** Whether a rule would have more members than a rule has, or its record more bytes than the table takes. */
const isTooBig = ({ content, contributions }: PlannedRewrite): boolean =>
  content.destination.length > mostMembers ||
  contributions.destinations.reduce((sum, to) => sum + destinationBytes(to), 0) > mostSideBytes;

/**
 * The needed candidate rules that a standing rule of ours carries by growing: one of the same subject, group, traffic and sources
 * that says exactly what was written, enabled, with nothing of others between it and the bottom rule, so that it decides what a
 * new rule would. It gets their addresses, up to 500 members and the bytes of a record. One that the firewall refused to grow stays as it is.
 */
export const planGrowths = (inputs: GrowthInputs): Growths => {
  const { staying, judged, style } = inputs;
  const growths = new Map<string, PlannedRewrite>();
  const carried: number[] = [];
  for (const [at, { candidate, verdict }] of judged.entries()) {
    if (verdict.kind !== 'needed') continue;
    for (const one of staying) {
      if (!isOfSubject(candidate, one.record.id) || !isLike(one, candidate, style) || !isAsWritten(one)) continue;
      if (standsBetween(one.uuid, inputs) !== null) continue;
      const growth = grown(one, candidate, growths.get(one.record.id)?.contributions ?? one.record.contributions);
      if (isTooBig(growth) || inputs.refusedWith(growth) !== null) continue;
      growths.set(one.record.id, growth);
      carried.push(at);
      break;
    }
  }
  return { growths: [...growths.values()], carried };
};
