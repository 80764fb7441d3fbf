import { NamedError } from '../errors.ts';
import { sideOfBottom } from '../policy/bottom-rule.ts';
import { foreignEditor, type PendingEdit } from '../policy/pending-edits.ts';
import { localRules, type Policy, type SecurityRule, trafficColumns } from '../policy/policy.ts';
import { contentOfRule, differences, type RuleContent } from '../rules/rule-content.ts';
import { contains, isCidr } from '../sets/addresses.ts';
import { lookAlikes, lookAlikeText } from './look-alikes.ts';
import type { RuleRecord } from './ownership.ts';
import { changedService } from './service-objects.ts';
import { settleIntent } from './settle-intent.ts';
import { contentWritten, writtenUnseen } from './written-unseen.ts';

declare const ofOurs: unique symbol;

/**
 * The name of a rule on the firewall that `recognise` found to be ours. Nothing else makes one, and the edits that change,
 * move or delete a rule demand one: what was not recognised cannot be touched.
 */
export type OwnedRuleName = string & { readonly [ofOurs]: true };

/** What somebody else did to a rule of ours, in the words of the reader. */
export interface HouseReport {
  readonly rule: string;
  readonly what:
    | 'deleted'
    | 'disabled'
    | 'changed'
    | 'denies'
    | 'widened'
    | 'renamed'
    | 'below the bottom rule'
    /** Stands above what an administrator added below it. */
    | 'passed'
    /** A rule that is not ours, which ours decide before. */
    | 'without effect'
    | 'returned'
    | 'rolled back'
    | 'being edited'
    | 'name taken'
    | 'look-alike';
  readonly text: string;
}

/** A rule of ours as it stands in the candidate configuration. */
interface FoundRule<Known extends RuleRecord> {
  readonly record: Known;
  readonly rule: SecurityRule;
  readonly uuid: string;
  readonly name: OwnedRuleName;
  /** Who else has uncommitted edits on it; null when nobody. */
  readonly editedBy: string | null;
  /** Whether it lets anything through as it runs, whatever is staged. */
  readonly allowsRunning: boolean;
}

/** A rule of ours that goes, since it says what it must say no more. */
export interface ReturnedRule extends FoundRule<RuleRecord> {
  /** Why, where its record does not tell. */
  readonly why?: string;
}

/** A record that has its rule on the firewall. */
export interface Recognised extends FoundRule<RuleRecord & { readonly state: 'owned'; readonly uuid: string }> {
  /** The service object through which it says something else than was written, though it is as written itself; else null. */
  readonly changedService: string | null;
}

export interface Recognition {
  readonly owned: readonly Recognised[];
  /** Rules that were ours, were deleted, and are back with an old configuration. */
  readonly returned: readonly ReturnedRule[];
  /** Records to write as they are: repaired halves of a pair of record and rule. */
  readonly repaired: readonly RuleRecord[];
  /** Records of additions that never reached the firewall. */
  readonly forgotten: readonly RuleRecord[];
  readonly reports: readonly HouseReport[];
}

interface House {
  readonly records: readonly RuleRecord[];
  readonly candidate: Policy;
  readonly running: Policy;
  readonly pending: readonly PendingEdit[];
  readonly administrator: string;
  readonly bottomRule: string;
  /** The xpath of a local rule's entry. */
  readonly ruleXpath: (name: string) => string;
}

/** Whether a member lets through nothing that these do not: one of them, or an address within one of them. */
const isNoWider = (member: string, members: readonly string[]): boolean =>
  members.includes(member) || (isCidr(member) && members.some((each) => isCidr(each) && contains(each, member)));

const isTraffic = (field: keyof RuleContent): boolean => (trafficColumns as readonly string[]).includes(field);

/** How the rule differs from what we wrote: reported, and left as it is. */
const driftOf = (record: RuleRecord, rule: SecurityRule): readonly HouseReport[] => {
  const reports: HouseReport[] = [];
  const report = (what: HouseReport['what'], text: string) => reports.push({ rule: rule.name, what, text });
  if (rule.name !== record.name) report('renamed', `"${record.name}" is now called "${rule.name}" and is still ours.`);
  if (rule.disabled)
    report('disabled', `"${rule.name}" was disabled: what it granted stays closed, unless another rule allows it.`);
  if (rule.action !== 'allow')
    report(
      'denies',
      `"${rule.name}" was set to ${rule.action}: what it granted stays closed, unless a rule above allows it.`,
    );
  const changed = differences(contentOfRule(rule), record.content).filter((field) => field !== 'action');
  const members = (content: RuleContent, field: keyof RuleContent): readonly string[] => {
    const value = content[field];
    return Array.isArray(value) ? (value as readonly string[]) : [];
  };
  const now = contentOfRule(rule);
  const widened = changed.filter(
    (field) =>
      isTraffic(field) && members(now, field).some((member) => !isNoWider(member, members(record.content, field))),
  );
  if (widened.length > 0) {
    report(
      'widened',
      `"${rule.name}" says more than was written in ${widened.join(', ')}; it goes with its last grant.`,
    );
  }
  const others = changed.filter((field) => !widened.includes(field));
  if (rule.restrictions.length > 0 || rule.negateSource || rule.negateDestination || others.length > 0) {
    const negated = [
      ...(rule.negateSource ? ['negate-source'] : []),
      ...(rule.negateDestination ? ['negate-destination'] : []),
    ];
    const what = [...others, ...rule.restrictions, ...negated];
    const matching = others.some((field) => isTraffic(field)) || what.length > others.length;
    report(
      'changed',
      `"${rule.name}" was changed in ${what.join(', ')}; that stands${matching ? ', and what it no longer lets through stays closed' : ''}.`,
    );
  }
  return reports;
};

/**
 * Matches records and rules by uuid, and settles half-done pairs. Names decide nothing, except for an addition whose uuid
 * was never read back: it is adopted on its name and exactly its content, or on the marked description that it was written with.
 *
 *   record     rule in candidate   rule in running   outcome
 *   intended   same name, content  the same          adopted
 *   intended   its uuid            the same          adopted, however it was changed
 *   set aside  disabled            disabled          returned: this system disabled it where it could not be taken back
 *   intended   its description     the same          adopted, however it was changed: descriptions end in the table's mark
 *   intended   its uuid            absent            stays: an edit of others keeps it from being taken back
 *   intended   absent              absent            forgotten: a tombstone without a uuid
 *   owned      present             any               owned
 *   owned      absent              present           somebody is deleting it: left alone
 *   owned      absent              absent            deleted by somebody: tombstone
 *   tombstone  present             any               returned: removed again; without a uuid: same name and content
 *   tombstone  its description     the same          without a uuid: adopted where an administrator has changed it
 */
export const recognise = (house: House): Recognition => {
  const candidateRules = localRules(house.candidate);
  const runningRules = localRules(house.running);
  const runningUuids = new Set(runningRules.map((rule) => rule.uuid));
  const byUuid = new Map(candidateRules.map((rule) => [rule.uuid, rule] as const));
  const byName = new Map(candidateRules.map((rule) => [rule.name, rule] as const));
  const sideOf = sideOfBottom(house.candidate, house.bottomRule);
  const owned: Recognised[] = [];
  const returned: ReturnedRule[] = [];
  const repaired: RuleRecord[] = [];
  const forgotten: RuleRecord[] = [];
  const reports: HouseReport[] = [];
  const lookAlikeOf = lookAlikes(house.records, candidateRules);
  const editorOf = (name: string) => foreignEditor(house.pending, house.administrator, house.ruleXpath(name));

  const found = <Known extends RuleRecord>(record: Known, rule: SecurityRule, uuid: string): FoundRule<Known> => ({
    record,
    rule,
    uuid,
    name: rule.name as OwnedRuleName,
    editedBy: editorOf(rule.name),
    allowsRunning: runningRules.some((each) => each.uuid === uuid && !each.disabled && each.action === 'allow'),
  });

  const accept = (record: RuleRecord, rule: SecurityRule, uuid: string) => {
    const ours = found({ ...record, state: 'owned' as const, uuid }, rule, uuid);
    const { editedBy } = ours;
    // What of ours is staged only, since an edit of others keeps it from being taken back, is no administrator's change.
    const drift = record.intent === null ? driftOf(record, rule) : [];
    reports.push(...drift);
    if (editedBy !== null) {
      reports.push({
        rule: rule.name,
        what: 'being edited',
        text: `${editedBy} has uncommitted edits on "${rule.name}": it is not touched until they are committed or reverted.`,
      });
    }
    if (sideOf(rule) === 'below') {
      reports.push({
        rule: rule.name,
        what: 'below the bottom rule',
        text: `"${rule.name}" stands below "${house.bottomRule}", where it has no effect.`,
      });
    }
    // Only another service column excuses: whatever else was edited, an object of ours must say what was written.
    const isServiceAsWritten = !differences(contentOfRule(rule), record.content).includes('service');
    const lets = !rule.disabled && rule.action === 'allow';
    const changed = isServiceAsWritten && lets ? changedService(rule.service, record.service, house) : null;
    if (changed !== null) {
      reports.push({
        rule: rule.name,
        what: 'widened',
        text: `Somebody has changed the service object "${changed}" that "${rule.name}" uses: the rule is replaced.`,
      });
    }
    owned.push({ ...ours, changedService: changed });
  };

  const reportLookAlike = (record: RuleRecord): boolean => {
    const rule = lookAlikeOf(record);
    if (rule !== null) reports.push({ rule: rule.name, what: 'look-alike', text: lookAlikeText(record, rule) });
    return rule !== null;
  };

  checkUuids(house.records);
  const unseen = writtenUnseen(house.records, candidateRules, runningUuids);
  // A living record of the same rule decides: a tombstone never takes one away that is ours by another record.
  const living = new Set(house.records.flatMap(({ state, uuid }) => (state === 'tombstone' ? [] : [uuid])));
  for (const record of house.records) {
    const rule = record.uuid === null ? byName.get(record.name) : byUuid.get(record.uuid);
    const written = unseen.get(record.id);
    const staged = written ?? (record.uuid === null ? undefined : rule);
    if (record.setAside && record.state !== 'owned' && staged?.disabled && runningUuids.has(staged.uuid)) {
      const { name, uuid } = staged;
      if (uuid === null) continue;
      returned.push({
        ...found(record, staged, uuid),
        why: 'it was staged, could not be taken back, and runs disabled',
      });
      const text = `"${name}" was committed with an edit of another administrator after this system had disabled it: removed, and what is granted is made anew.`;
      reports.push({ rule: name, what: 'returned', text });
      continue;
    }
    const isAsWritten = rule !== undefined && differences(contentOfRule(rule), contentWritten(record)).length === 0;
    if (written !== undefined && written.uuid !== null && (!isAsWritten || written.disabled)) {
      const settled: RuleRecord = {
        ...record,
        name: written.name,
        state: 'owned',
        uuid: written.uuid,
        content: contentWritten(record),
        intent: null,
      };
      repaired.push(settled);
      accept(settled, written, written.uuid);
      continue;
    }
    if (record.state === 'tombstone') {
      // An earlier release kept here what closures keep now.
      if (record.declined) repaired.push({ ...record, declined: null });
      const isOurs = record.uuid !== null || isAsWritten;
      if (rule?.uuid && isOurs && !living.has(rule.uuid)) {
        returned.push(found(record, rule, rule.uuid));
        const text = record.byOperator
          ? `"${rule.name}" is removed, as an operator asked.`
          : record.uuid === null
            ? `"${rule.name}" was written without an answer and has landed since: removed, and what is granted is made anew.`
            : `"${rule.name}" was deleted by this system and is back with an old configuration: removed again.`;
        reports.push({ rule: rule.name, what: 'returned', text });
      } else reportLookAlike(record);
      continue;
    }
    if (record.state === 'intended') {
      const intended = contentWritten(record);
      // Once its uuid was read back, the rule is ours whatever somebody has made of it since.
      const ours =
        rule !== undefined &&
        rule.uuid !== null &&
        (record.uuid !== null || isAsWritten) &&
        runningUuids.has(rule.uuid);
      if (ours && rule.uuid !== null) {
        const settled: RuleRecord = { ...record, state: 'owned', uuid: rule.uuid, content: intended, intent: null };
        repaired.push(settled);
        accept(settled, rule, rule.uuid);
      } else if (record.uuid === null) forgotten.push(record);
      else if (rule === undefined) repaired.push({ ...record, state: 'tombstone', intent: null });
      continue;
    }
    if (rule !== undefined && record.uuid !== null) {
      const runs = runningRules.find(({ uuid }) => uuid === record.uuid);
      const settled = settleIntent(record, rule, runs);
      if (settled !== record || rule.name !== record.name) repaired.push({ ...settled, name: rule.name });
      accept(settled, rule, record.uuid);
      continue;
    }
    if (record.uuid !== null && runningUuids.has(record.uuid)) {
      const editedBy = editorOf(record.name);
      const allows = runningRules.some(
        ({ uuid, disabled, action }) => uuid === record.uuid && !disabled && action === 'allow',
      );
      reports.push({
        rule: record.name,
        what: 'being edited',
        text: `${editedBy ?? 'Somebody'} has deleted "${record.name}" without committing yet: ${allows ? 'what it grants stays open until then' : 'what was closed in it stays closed'}.`,
      });
      continue;
    }
    repaired.push({ ...record, state: 'tombstone', intent: null });
    if (!reportLookAlike(record) && record.intent?.kind !== 'remove') {
      reports.push({
        rule: record.name,
        what: 'deleted',
        text: `"${record.name}" was deleted by an administrator: what is granted is made again. To close it, disable the rule instead.`,
      });
    }
  }
  return { owned, returned, repaired, forgotten, reports };
};

/** The names of all rules of ours on the firewall, by uuid: owned, or returned with an old configuration. */
export const namesOfOurs = ({ owned, returned }: Recognition): ReadonlyMap<string, OwnedRuleName> =>
  new Map([...owned, ...returned].map(({ uuid, name }) => [uuid, name]));

/** @throws OwnershipClash when two records claim one rule: neither may decide over it */
const checkUuids = (records: readonly RuleRecord[]): void => {
  const claimed = new Map<string, string>();
  for (const { uuid, id, state } of records) {
    if (uuid === null || state === 'tombstone') continue;
    const other = claimed.get(uuid);
    if (other !== undefined) {
      throw new NamedError(
        'OwnershipClash',
        `The records "${other}" and "${id}" both claim the rule with uuid ${uuid}.`,
      );
    }
    claimed.set(uuid, id);
  }
};
