import { localRules, type Policy, type SecurityRule } from '../policy/policy.ts';
import { contentOfRule, textOfContent } from '../rules/rule-content.ts';
import type { RuleRecord } from './ownership.ts';
import type { Recognition, ReturnedRule } from './recognise.ts';

/** Ids of the records whose rules say what they said earlier, in each configuration. */
export interface RolledBack {
  readonly candidate: ReadonlySet<string>;
  readonly running: ReadonlySet<string>;
}

/** Whether nothing but the lists of a rule decides what it lets through. */
const isPlain = (rule: SecurityRule): boolean =>
  !rule.disabled &&
  !rule.negateSource &&
  !rule.negateDestination &&
  rule.ruleType === 'universal' &&
  rule.restrictions.length === 0;

/**
 * Rules that an older configuration, loaded again, has brought back to what they said before a change of ours: those that say exactly
 * that. One alone may be an administrator's own edit and counts as that. With another one that went back the same way, that is
 * missing since it was added later, or that is there again since it was removed later, no administrator edited them one by one.
 */
const rolledBackIn = (
  records: readonly RuleRecord[],
  policy: Policy,
  digestOf: (text: string) => string,
): ReadonlySet<string> => {
  const byUuid = new Map(localRules(policy).map((rule) => [rule.uuid, rule] as const));
  const owned = records.filter(({ state, uuid }) => state === 'owned' && uuid !== null);
  const living = new Set(owned.map(({ uuid }) => uuid));
  const back = owned.filter(({ uuid, content, earlier = [] }) => {
    const rule = byUuid.get(uuid);
    if (rule === undefined || earlier.length === 0 || !isPlain(rule)) return false;
    const says = textOfContent(contentOfRule(rule));
    return says !== textOfContent(content) && earlier.includes(digestOf(says));
  });
  if (back.length === 0) return new Set();
  const missing = owned.filter(({ uuid, intent }) => !byUuid.has(uuid) && intent?.kind !== 'remove');
  const returned = records.filter(
    ({ state, uuid }) => state === 'tombstone' && uuid !== null && !living.has(uuid) && byUuid.has(uuid),
  );
  const isOlder = back.length + missing.length + returned.length > 1;
  return new Set(isOlder ? back.map(({ id }) => id) : []);
};

/** The rules that an older configuration has brought back to what they said earlier. */
export const rolledBackRules = (
  records: readonly RuleRecord[],
  { candidate, running }: { readonly candidate: Policy; readonly running: Policy },
  digestOf: (text: string) => string,
): RolledBack => {
  const staged = rolledBackIn(records, candidate, digestOf);
  return { candidate: staged, running: candidate === running ? staged : rolledBackIn(records, running, digestOf) };
};

/**
 * Brings rules forward that run as they were earlier: each is replaced by what EC2 grants now, in one plan, since what it says is
 * judged like an addition; writing back what it said last could open what an administrator has closed meanwhile. Only where
 * all its interfaces are looked at; until then it stays as it is. What it says is no administrator's change in either case.
 */
export const bringForward = (
  recognition: Recognition,
  { candidate, running }: RolledBack,
  scope: ReadonlySet<string>,
): Recognition => {
  const back = recognition.owned.filter(({ record: { id } }) => candidate.has(id) && running.has(id));
  if (back.length === 0) return recognition;
  const isSeen = ({ record }: Recognition['owned'][number]): boolean =>
    record.contributions.destinations.every((to) => scope.has(to.interface));
  const replaced = back.filter(isSeen);
  const names = new Set(back.map(({ rule }) => rule.name));
  return {
    ...recognition,
    owned: recognition.owned.filter((each) => !replaced.includes(each)),
    returned: [
      ...recognition.returned,
      ...replaced.map(
        (each): ReturnedRule => ({ ...each, why: 'an older configuration brought back what it said earlier' }),
      ),
    ],
    reports: [
      ...recognition.reports.filter(({ rule, what }) => !names.has(rule) || !['changed', 'widened'].includes(what)),
      ...back.map(({ rule: { name } }) => ({
        rule: name,
        what: 'rolled back' as const,
        text: `"${name}" says what it said before a later change of this system, as an older configuration has it that was loaded: it is replaced by what is granted now, and counts as nothing that an administrator closed.`,
      })),
    ],
  };
};
