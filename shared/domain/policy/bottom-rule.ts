import { NamedError } from '../errors.ts';
import { editedEntry, isOfLocalRule, type PendingEdit } from './pending-edits.ts';
import { type Policy, type SecurityRule, trafficColumns } from './policy.ts';

/** One configuration in which candidates are judged, and what to call it in an explanation. */
export interface PolicyView {
  readonly policy: Policy;
  /** E.g. `running`, `candidate`. */
  readonly label: string;
}

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

const whyUnusableIn = ({ policy, label }: PolicyView, bottomRule: string): string | null => {
  const at = bottomPlace(policy, bottomRule);
  if (at === null) {
    const pushed = policy.rules.some((rule) => rule.name === bottomRule);
    return pushed
      ? `is pushed by Panorama in the ${label} configuration, not a rule of the firewall itself`
      : `does not exist in the ${label} configuration`;
  }
  const isDisabled = !isDefaultRule(bottomRule) && policy.rules[at]?.disabled === true;
  return isDisabled ? `is disabled in the ${label} configuration` : null;
};

/**
 * Why nothing can stand above the bottom rule, as a sentence: it must be a local, enabled rule in every view, that no other
 * administrator edits; or a default rule, which is always there and cannot be moved. Null when it can.
 */
export const whyUnusable = (
  views: readonly PolicyView[],
  bottomRule: string,
  pending: readonly PendingEdit[],
): string | null => {
  const edit = pending.find((one) => isOfLocalRule(one) && editedEntry(one)?.name === bottomRule);
  const reasons = [
    ...views.map((view) => whyUnusableIn(view, bottomRule)),
    edit === undefined ? null : `carries an uncommitted edit (${edit.action}) of administrator ${edit.administrator}`,
  ];
  const why = reasons.find((reason) => reason !== null) ?? null;
  return why === null ? null : `The bottom rule "${bottomRule}" ${why}.`;
};

/** @throws BottomRuleUnusable when nothing can stand above the bottom rule */
export const checkBottomRule = (...place: Parameters<typeof whyUnusable>): void => {
  const why = whyUnusable(...place);
  if (why !== null) throw new NamedError('BottomRuleUnusable', why);
};
