import { sideOfBottom } from '../policy/bottom-rule.ts';
import type { Policy, SecurityRule } from '../policy/policy.ts';
import { localRules } from '../policy/policy.ts';
import type { RuleContent } from '../rules/rule-content.ts';
import { contentOfRule, differences } from '../rules/rule-content.ts';
import { standsAbove } from './placing.ts';
import type { PlannedMove, PlannedRemoval, PlannedShrink } from './removals.ts';
import type { PlannedRewrite } from './rewrites.ts';

/** What was just written to the candidate configuration. */
export interface Written {
  readonly removals: readonly PlannedRemoval[];
  readonly shrinks: readonly PlannedShrink[];
  readonly moves: readonly PlannedMove[];
  readonly rewrites?: readonly PlannedRewrite[];
  readonly additions: readonly {
    readonly record: { readonly id: string; readonly name: string };
    readonly content: RuleContent;
  }[];
}

/**
 * Holds what the candidate configuration says now against what was written: each entry as intended, under its name nobody
 * else's, above the bottom rule. The rules found, by record id, and what is not as it should be.
 */
export const readBack = (
  policy: Policy,
  { removals, shrinks, moves, rewrites = [], additions }: Written,
  bottomRule: string,
): { readonly rules: ReadonlyMap<string, SecurityRule>; readonly problems: readonly string[] } => {
  const local = localRules(policy);
  const sideOf = sideOfBottom(policy, bottomRule);
  const rules = new Map<string, SecurityRule>();
  const problems: string[] = [];
  for (const { record, content } of additions) {
    const named = local.filter((rule) => rule.name === record.name);
    const [rule] = named;
    if (rule === undefined || named.length > 1) problems.push(`"${record.name}" is there ${named.length} times`);
    else if (differences(contentOfRule(rule), content).length > 0) {
      problems.push(`"${record.name}" reads back with another ${differences(contentOfRule(rule), content).join(', ')}`);
    } else if (sideOf(rule) !== 'above') problems.push(`"${record.name}" is below "${bottomRule}"`);
    else rules.set(record.id, rule);
  }
  const byUuid = new Map(local.map((rule) => [rule.uuid, rule] as const));
  for (const { uuid, name } of removals) if (byUuid.has(uuid)) problems.push(`"${name}" is still there`);
  for (const shrink of shrinks) {
    const rule = byUuid.get(shrink.uuid);
    if (rule === undefined) problems.push(`"${shrink.name}" has disappeared`);
    else {
      const { source, destination, description } = shrink;
      const differ = differences(contentOfRule(rule), {
        ...contentOfRule(rule),
        source: source ?? rule.source,
        destination: destination ?? rule.destination,
        description: description ?? rule.description,
      });
      if (differ.length > 0) problems.push(`"${shrink.name}" reads back with another ${differ.join(', ')}`);
      else rules.set(shrink.id, rule);
    }
  }
  for (const { id, uuid, name, content } of rewrites) {
    const rule = byUuid.get(uuid);
    const differ = rule === undefined ? [] : differences(contentOfRule(rule), content);
    if (rule === undefined) problems.push(`"${name}" has disappeared`);
    else if (differ.length > 0) problems.push(`"${name}" reads back with another ${differ.join(', ')}`);
    else rules.set(id, rule);
  }
  for (const { id, uuid, name, past } of moves) {
    const rule = byUuid.get(uuid);
    if (rule === undefined || sideOf(rule) !== 'above') problems.push(`"${name}" is not above "${bottomRule}"`);
    else if (past != null && standsAbove(local, rule, past)) problems.push(`"${name}" has not been moved to the end`);
    else rules.set(id, rule);
  }
  return { rules, problems };
};
