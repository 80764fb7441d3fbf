import { sideOfBottom } from '../policy/bottom-rule.ts';
import type { Policy } from '../policy/policy.ts';
import { localRules } from '../policy/policy.ts';
import type { RuleContent } from '../rules/rule-content.ts';
import { contentOfRule, differences } from '../rules/rule-content.ts';
import { standsAbove } from './placing.ts';

/** What the running configuration must show of one written rule. */
export interface ExpectedRule {
  readonly kind: 'add' | 'change' | 'move' | 'remove';
  readonly name: string;
  readonly uuid: string;
  /** Null for a removal. */
  readonly content: RuleContent | null;
  /** Of a move to the end of the rulebase: see `PlannedMove.past`. */
  readonly past?: string | null;
}

/**
 * What the running configuration does not show of what was staged; empty means proven. A rule is known by its uuid, must
 * say what was written, and must stand above the bottom rule.
 */
export const unproven = (
  running: Policy,
  {
    expectations,
    deletedObjects,
  }: { readonly expectations: readonly ExpectedRule[]; readonly deletedObjects: readonly string[] },
  bottomRule: string,
): readonly string[] => {
  const local = localRules(running);
  const sideOf = sideOfBottom(running, bottomRule);
  const byUuid = new Map(local.map((rule) => [rule.uuid, rule] as const));
  const problems: string[] = [];
  for (const { kind, name, uuid, content, past } of expectations) {
    const rule = byUuid.get(uuid);
    if (kind === 'remove') {
      if (rule !== undefined) problems.push(`"${name}" is still there`);
    } else if (rule === undefined) problems.push(`"${name}" is missing`);
    else {
      const differ = content === null ? [] : differences(contentOfRule(rule), content);
      if (differ.length > 0) problems.push(`"${name}" has another ${differ.join(', ')}`);
      if (sideOf(rule) === 'below') problems.push(`"${name}" stands below "${bottomRule}"`);
      if (past != null && standsAbove(local, rule, past)) problems.push(`"${name}" has not been moved to the end`);
    }
  }
  for (const name of deletedObjects) {
    if (running.scopes.vsys.services.has(name)) problems.push(`service "${name}" is still there`);
  }
  return problems;
};
