import { NamedError } from '../errors.ts';
import type { PendingEdit, Policy, SecurityRule } from './policy.ts';

/** One configuration in which candidates are judged, and what to call it in an explanation. */
export interface PolicyView {
  readonly policy: Policy;
  /** E.g. `running`, `candidate`. */
  readonly label: string;
}

/** What an xpath of the firewall's list of uncommitted changes is about. */
export interface EditedEntry {
  readonly kind: 'rule' | 'object';
  readonly name: string;
}

const entryPattern = /\/(?!vsys\/|devices\/)([a-z-]+)\/entry\[@name=(?:'([^']*)'|"([^"]*)")\]/g;

/** The rule or object a pending edit is about; null when it is about something with no name, e.g. a whole list or vsys. */
export const editedEntry = (edit: PendingEdit): EditedEntry | null => {
  let entry: EditedEntry | null = null;
  for (const [, container, single, double] of edit.xpath.matchAll(entryPattern)) {
    if (entry?.kind !== 'rule')
      entry = { kind: container === 'rules' ? 'rule' : 'object', name: single ?? double ?? '' };
  }
  return entry;
};

/** Pushed rules stand in a `pre-rulebase` or `post-rulebase` instead. */
const isLocalSecurityRule = (edit: PendingEdit): boolean => /\/rulebase\/security\/rules\//.test(edit.xpath);

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
  const edit = pending.find((one) => isLocalSecurityRule(one) && editedEntry(one)?.name === bottomRule);
  if (edit !== undefined) {
    throw unusable(bottomRule, `carries an uncommitted edit (${edit.action}) of administrator ${edit.administrator}`);
  }
};

/** The rules that stand above the bottom rule, in evaluation order: pushed pre rules and local ones. */
export const rulesAbove = (policy: Policy, bottomRule: string): readonly SecurityRule[] => {
  const at = policy.rules.findIndex((rule) => rule.rulebase === 'local' && rule.name === bottomRule);
  return at === -1 ? policy.rules : policy.rules.slice(0, at);
};
