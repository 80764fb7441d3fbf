import { NamedError } from '../errors.ts';
import { editedEntry, isOfLocalRule, type PendingEdit } from './pending-edits.ts';
import type { Policy, SecurityRule } from './policy.ts';

/** One configuration in which candidates are judged, and what to call it in an explanation. */
export interface PolicyView {
  readonly policy: Policy;
  /** E.g. `running`, `candidate`. */
  readonly label: string;
}

const unusable = (bottomRule: string, why: string): NamedError =>
  new NamedError('BottomRuleUnusable', `The bottom rule "${bottomRule}" ${why}.`);

const findIn = ({ policy, label }: PolicyView, bottomRule: string): SecurityRule => {
  const named = policy.rules.filter((rule) => rule.name === bottomRule);
  const local = named.find((rule) => rule.rulebase === 'local');
  if (local === undefined) {
    const [other] = named;
    if (other === undefined) throw unusable(bottomRule, `does not exist in the ${label} configuration`);
    const what = other.rulebase === 'default' ? 'a default rule' : 'pushed by Panorama';
    throw unusable(bottomRule, `is ${what} in the ${label} configuration, not a rule of the firewall itself`);
  }
  if (local.disabled) throw unusable(bottomRule, `is disabled in the ${label} configuration`);
  return local;
};

/**
 * Checks that the bottom rule can be stood above: a local, enabled rule in every view, that nobody is editing.
 * Throws `BottomRuleUnusable` saying which of these does not hold.
 */
export const checkBottomRule = (
  views: readonly PolicyView[],
  bottomRule: string,
  pending: readonly PendingEdit[],
): void => {
  for (const view of views) findIn(view, bottomRule);
  const edit = pending.find((one) => isOfLocalRule(one) && editedEntry(one)?.name === bottomRule);
  if (edit !== undefined) {
    throw unusable(bottomRule, `carries an uncommitted edit (${edit.action}) of administrator ${edit.administrator}`);
  }
};

/** The rules that stand above the bottom rule, in evaluation order: pushed pre rules and local ones. */
export const rulesAbove = (policy: Policy, bottomRule: string): readonly SecurityRule[] => {
  const at = policy.rules.findIndex((rule) => rule.rulebase === 'local' && rule.name === bottomRule);
  return at === -1 ? policy.rules : policy.rules.slice(0, at);
};
