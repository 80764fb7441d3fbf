import { NamedError } from '../errors.ts';
import { editedEntry, isOfLocalRule, type PendingEdit } from './pending-edits.ts';
import { type Policy, type SecurityRule, trafficColumns } from './policy.ts';

/** One configuration in which candidates are judged, and what to call it in an explanation. */
export interface PolicyView {
  readonly policy: Policy;
  /** E.g. `running`, `candidate`. */
  readonly label: string;
}

const unusable = (bottomRule: string, why: string): NamedError =>
  new NamedError('BottomRuleUnusable', `The bottom rule "${bottomRule}" ${why}.`);

/** The two rules every vsys ends with. No local rule can have their names (documented). */
const defaultRules: readonly string[] = ['intrazone-default', 'interzone-default'];

/** Whether the bottom rule is one of the default rules: ours then stand at the end of the local rulebase. */
export const isDefaultRule = (bottomRule: string): boolean => defaultRules.includes(bottomRule);

/**
 * Where the bottom rule is: rules of ours stand before this place in the policy's rules. With a default rule that is where the
 * local rulebase ends, whatever a Panorama pushed below it. Null when there is no such local rule.
 */
export const bottomPlace = (policy: Policy, bottomRule: string): number | null => {
  const at = isDefaultRule(bottomRule)
    ? policy.rules.findIndex(({ rulebase }) => rulebase === 'pushed-post' || rulebase === 'default')
    : policy.rules.findIndex((rule) => rule.rulebase === 'local' && rule.name === bottomRule);
  if (at !== -1) return at;
  return isDefaultRule(bottomRule) ? policy.rules.length : null;
};

/** On which side of the bottom rule a rule of the policy stands: `above` or `below`, itself included; null when there is no bottom rule. */
export const sideOfBottom = (
  policy: Policy,
  bottomRule: string,
): ((rule: SecurityRule) => 'above' | 'below' | null) => {
  const at = bottomPlace(policy, bottomRule);
  const below = new Set(at === null ? [] : policy.rules.slice(at));
  return (rule) => (at === null ? null : below.has(rule) ? 'below' : 'above');
};

/** The rules that stand above the bottom rule, in evaluation order: pushed pre rules and local ones; all when there is none. */
export const rulesAbove = (policy: Policy, bottomRule: string): readonly SecurityRule[] =>
  policy.rules.slice(0, bottomPlace(policy, bottomRule) ?? policy.rules.length);

const isAny = (members: readonly string[]): boolean => members.includes('any');

/** Whether no session gets past a rule. */
const catchesAll = (rule: SecurityRule): boolean =>
  !rule.disabled &&
  !rule.negateSource &&
  !rule.negateDestination &&
  rule.ruleType === 'universal' &&
  rule.restrictions.length === 0 &&
  trafficColumns.every((column) => isAny(rule[column]));

/**
 * The rules that decide what reaches the bottom rule, in evaluation order: itself and those below it, down to the first that
 * no session gets past.
 */
export const rulesBelow = (policy: Policy, bottomRule: string): readonly SecurityRule[] => {
  const below = policy.rules.slice(bottomPlace(policy, bottomRule) ?? policy.rules.length);
  const last = below.findIndex(catchesAll);
  return last === -1 ? below : below.slice(0, last + 1);
};

const checkIn = ({ policy, label }: PolicyView, bottomRule: string): void => {
  const at = bottomPlace(policy, bottomRule);
  if (at === null) {
    const pushed = policy.rules.some((rule) => rule.name === bottomRule);
    const what = pushed
      ? `is pushed by Panorama in the ${label} configuration, not a rule of the firewall itself`
      : `does not exist in the ${label} configuration`;
    throw unusable(bottomRule, what);
  }
  if (!isDefaultRule(bottomRule) && policy.rules[at]?.disabled === true) {
    throw unusable(bottomRule, `is disabled in the ${label} configuration`);
  }
};

/**
 * Checks that the bottom rule can be stood above: a local, enabled rule in every view, that nobody is editing; or a default
 * rule, which is always there and cannot be moved.
 * Throws `BottomRuleUnusable` saying which of these does not hold.
 */
export const checkBottomRule = (
  views: readonly PolicyView[],
  bottomRule: string,
  pending: readonly PendingEdit[],
): void => {
  for (const view of views) checkIn(view, bottomRule);
  const edit = pending.find((one) => isOfLocalRule(one) && editedEntry(one)?.name === bottomRule);
  if (edit !== undefined) {
    throw unusable(bottomRule, `carries an uncommitted edit (${edit.action}) of administrator ${edit.administrator}`);
  }
};
