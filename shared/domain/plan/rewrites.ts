import type { Contributions } from '../grants/grants.ts';
import type { Policy } from '../policy/policy.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import { contentOfRule, differences, type RuleContent, type RuleStyle } from '../rules/rule-content.ts';
import { trafficKey } from '../sets/traffic.ts';
import type { Judged } from '../verdict/verdict-words.ts';
import { GrantIndex } from './grant-index.ts';
import { standsBetween } from './growths.ts';
import type { RuleRecord } from './ownership.ts';
import type { Recognised } from './recognise.ts';
import type { PlannedFor } from './removals.ts';

/** What of a rule's content settings decide, beside the grants it stands for. */
const settingFields = ['from', 'to', 'application', 'logSetting', 'profileGroup', 'tags'] as const;
type SettingField = (typeof settingFields)[number];
export const rewrittenFields = [...settingFields, 'destination', 'description'] as const;
export type RewrittenField = (typeof rewrittenFields)[number];

/** A rule of ours that stands as it was written, and that is to say something else: by the settings of today, or grown. */
export interface PlannedRewrite extends PlannedFor {
  readonly content: RuleContent;
  readonly fields: readonly RewrittenField[];
  /** What the rule lets through that it did not before: it was judged like an addition. Null: nothing. */
  readonly candidate: CandidateRule | null;
  /** App-IDs by the settings, for the record. */
  readonly applications: readonly string[];
  readonly contributions: Contributions;
  readonly why: string;
}

/** What a rewrite would make a rule say: by that a refusal is remembered. */
export const saysOfRewrite = ({ id, fields, content }: PlannedRewrite): string =>
  JSON.stringify([
    'rewrite',
    id,
    fields.filter((field) => field !== 'description').map((field) => [field, content[field]]),
  ]);

export interface Rewrites {
  readonly rewrites: readonly PlannedRewrite[];
  /** Rules that go on as they are, and why. */
  readonly reports: readonly string[];
}

interface RewriteInputs {
  /** Rules of ours that stay and that nothing else of the plan changes. */
  readonly staying: readonly Recognised[];
  readonly ownUuids: ReadonlySet<string>;
  readonly candidates: readonly CandidateRule[];
  readonly scope: ReadonlySet<string>;
  readonly policy: Policy;
  readonly bottomRule: string;
  readonly zones: { readonly from: string; readonly to: string };
  readonly style: RuleStyle;
  /** How many interfaces may be touched without approval, and those that are approved. */
  readonly limits: { readonly interfaces: number; readonly share: number };
  readonly approved: readonly string[];
  /** Why the firewall refused it before, in its words; null where it did not. */
  readonly refusedWith: (rewrite: PlannedRewrite) => string | null;
  /** With the App-IDs that decryption turns sessions into, as this device can carry it; null where it cannot. */
  readonly fit: (candidate: CandidateRule) => CandidateRule | null;
  /** Judges candidate rules as if these rules of ours, by uuid, did not stand. */
  readonly judge: (candidates: readonly CandidateRule[], without: readonly string[]) => readonly Judged[];
}

const settingNames: Readonly<Record<SettingField, string>> = {
  from: 'UNTRUST_ZONE',
  to: 'TRUST_ZONE',
  application: 'the applications',
  logSetting: 'LOG_SETTING',
  profileGroup: 'PROFILE_GROUP',
  tags: 'RULE_TAG',
};

/** Fields that decide which sessions a rule lets through. */
const opening: readonly SettingField[] = ['from', 'to', 'application'];

const sameSet = (one: readonly string[], other: readonly string[]): boolean =>
  [...one].sort().join('\n') === [...other].sort().join('\n');

const interfacesOf = ({ destinations }: Contributions): readonly string[] => destinations.map((to) => to.interface);

/** What a rule would say today, with what says so of what it opens; null where it would say the same. */
const todays = (
  { record, uuid, name }: Recognised,
  { candidates, zones, style, fit }: RewriteInputs,
): { readonly rewrite: PlannedRewrite; readonly isCarried: boolean } | null => {
  const { content, contributions, group, family, traffic } = record;
  // Some candidate rule of the same permission says what the settings make of it; its sources and addresses do not matter.
  const like = candidates.find(
    (each) => each.group === group && each.family === family && trafficKey(each.traffic) === trafficKey(traffic),
  );
  const applications = like?.application ?? record.applications ?? content.application;
  // What an earlier release wrote does not say from which settings its App-IDs came: they stay as they are.
  const isAnother = record.applications !== undefined && !sameSet(record.applications, applications);
  const asked: CandidateRule | null =
    like === undefined ? null : { ...like, ...contributions, application: applications, ...zones };
  const fitted = isAnother && asked !== null ? fit(asked) : asked;
  const application = isAnother ? (fitted?.application ?? content.application) : content.application;
  const wanted: RuleContent = {
    ...content,
    from: [zones.from],
    to: [zones.to],
    application,
    logSetting: style.logSetting,
    profileGroup: style.profileGroup,
    tags: style.tag === null ? [] : [style.tag],
  };
  const differ = differences(wanted, content);
  const isLacking = isAnother && fitted === null;
  const fields: readonly SettingField[] = settingFields.filter(
    (field) => differ.includes(field) || (field === 'application' && isLacking),
  );
  if (fields.length === 0) return null;
  const opens = fields.some((field) => opening.includes(field));
  const candidate = opens && fitted !== null ? { ...fitted, application } : null;
  const why = changedText(fields);
  return {
    isCarried: !isLacking && (!opens || candidate !== null),
    rewrite: { id: record.id, uuid, name, content: wanted, fields, candidate, applications, contributions, why },
  };
};

const changedText = (fields: readonly SettingField[]): string =>
  `${fields.map((field) => settingNames[field]).join(', ')} changed`;

/** What of a rewrite lets nothing through that the rule did not: profile group, log setting and tag. Null where there is none. */
const inStyle = (rewrite: PlannedRewrite, record: RuleRecord): PlannedRewrite | null => {
  const fields = settingFields.filter((field) => rewrite.fields.includes(field) && !opening.includes(field));
  if (fields.length === 0) return null;
  const { from, to, application } = record.content;
  return {
    ...rewrite,
    fields,
    content: { ...rewrite.content, from, to, application },
    candidate: null,
    applications: record.applications ?? application,
    why: changedText(fields),
  };
};

const isWhole = ({ candidate, verdict }: Judged, { contributions }: PlannedRewrite): boolean =>
  verdict.kind === 'needed' &&
  candidate.sources.length === contributions.sources.length &&
  candidate.destinations.length === contributions.destinations.length;

/** Those that may be touched without approval; all or none. */
const withinLimit = (rewrites: readonly PlannedRewrite[], inputs: RewriteInputs): Rewrites => {
  const distinct = (some: readonly Contributions[]): readonly string[] =>
    [...new Set(some.flatMap(interfacesOf))].sort();
  const touched = distinct(rewrites.map(({ contributions }) => contributions));
  const waiting = touched.filter((id) => !inputs.approved.includes(id));
  const all = distinct(inputs.staying.map(({ record }) => record.contributions)).length;
  const { interfaces, share } = inputs.limits;
  if (waiting.length <= interfaces || waiting.length <= share * all) return { rewrites, reports: [] };
  const names = rewrites.map(({ name }) => `"${name}"`).join(', ');
  const input = JSON.stringify({ operator: { approve: waiting } });
  return {
    rewrites: [],
    reports: [
      `Settings changed that ${rewrites.length} rules would follow (${names}), of ${waiting.length} interfaces: more than may be changed without approval. They go on as they are. If it is meant, start an execution with ${input}; for a day that also approves that their grants go, should they vanish.`,
    ],
  };
};

/**
 * Rules of ours that stand exactly as they were written, enabled, and that the settings of today would write otherwise: rewritten
 * at the nodes that differ. Profile group, log setting and tag in any case; zones and App-IDs where nothing of others stands
 * between the rule and the bottom rule, and it is judged needed whole, like an addition. An administrator's edits stand: such a
 * rule is reported. A content update, a release or a description rewrites nothing.
 */
export const planRewrites = (inputs: RewriteInputs): Rewrites => {
  const reports: string[] = [];
  const found: PlannedRewrite[] = [];
  const granted = GrantIndex.of(inputs.candidates);
  for (const recognised of inputs.staying) {
    const { record, rule, uuid, name, editedBy, changedService } = recognised;
    const { sources, destinations } = record.contributions;
    const isGranted = destinations.every(
      (to) => inputs.scope.has(to.interface) && sources.every((from) => granted.has(record, to, from)),
    );
    const today = isGranted ? todays(recognised, inputs) : null;
    if (today === null) continue;
    const stays = (why: string, { why: what }: PlannedRewrite = today.rewrite) =>
      reports.push(`"${name}" does not follow the settings (${what}): ${why}.`);
    const isAsWritten =
      differences(contentOfRule(rule), record.content).length === 0 &&
      rule.restrictions.length === 0 &&
      !rule.negateSource &&
      !rule.negateDestination;
    if (rule.disabled || !isAsWritten) stays('an administrator has changed it');
    else if (editedBy !== null) stays(`${editedBy} is editing it`);
    else if (changedService !== null) stays(`the service object "${changedService}" that it uses was changed`);
    else {
      const between = today.rewrite.candidate === null ? null : standsBetween(uuid, inputs);
      const isCarried = today.isCarried && between === null;
      if (!today.isCarried) stays('the firewall does not have what they name');
      else if (between !== null) stays(`"${between}" stands between it and the bottom rule`);
      const rewrite = isCarried ? today.rewrite : inStyle(today.rewrite, record);
      const refused = rewrite === null ? null : inputs.refusedWith(rewrite);
      if (refused !== null) stays(`the firewall refused it (${refused})`);
      else if (rewrite !== null) found.push(rewrite);
    }
  }
  const opening = found.flatMap(({ candidate }) => candidate ?? []);
  const judged =
    opening.length === 0
      ? []
      : inputs.judge(
          opening,
          found.flatMap(({ candidate, uuid }) => (candidate ? [uuid] : [])),
        );
  const records = new Map(inputs.staying.map(({ record }) => [record.id, record] as const));
  const kept = found.flatMap((rewrite): readonly PlannedRewrite[] => {
    if (rewrite.candidate === null) return [rewrite];
    const at = opening.indexOf(rewrite.candidate);
    const verdicts = judged.filter(({ input }) => input === at);
    if (verdicts.some((each) => isWhole(each, rewrite))) return [rewrite];
    const why = verdicts.map(({ verdict }) => `${verdict.kind}, ${verdict.explanation}`).join('; ');
    reports.push(`"${rewrite.name}" does not follow the settings (${rewrite.why}): what it would say is ${why}.`);
    const record = records.get(rewrite.id);
    return record === undefined ? [] : [inStyle(rewrite, record) ?? []].flat();
  });
  const within = withinLimit(kept, inputs);
  return { rewrites: within.rewrites, reports: [...reports, ...within.reports] };
};
