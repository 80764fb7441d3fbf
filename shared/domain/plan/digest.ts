import { sideOfBottom } from '../policy/bottom-rule.ts';
import type { PendingEdit } from '../policy/pending-edits.ts';
import type { Policy } from '../policy/policy.ts';
import { policyDigest } from '../policy/policy-digest.ts';
import type { RuleRecord } from './ownership.ts';

/**
 * A text that changes with anything a plan relied on: what verdicts rely on in both configurations, and every local rule
 * that a record knows: whether it stands below the bottom rule, its content, and who is editing the rulebase.
 */
export const planDigest = (
  {
    candidate,
    running,
    pending,
  }: { readonly candidate: Policy; readonly running: Policy; readonly pending: readonly PendingEdit[] },
  records: readonly RuleRecord[],
  bottomRule: string,
): string => {
  const known = new Set(records.map((record) => record.uuid));
  const ours = candidate.rules.filter((rule) => rule.uuid !== null && known.has(rule.uuid));
  const sideOf = sideOfBottom(candidate, bottomRule);
  return JSON.stringify([
    policyDigest(candidate, bottomRule),
    candidate === running ? '' : policyDigest(running, bottomRule),
    ours.map((rule) => [sideOf(rule), rule]),
    pending
      .filter((edit) => edit.xpath.includes('/rulebase/security/'))
      .map((edit) => `${edit.administrator} ${edit.xpath}`)
      .sort(),
  ]);
};
