import { bottomPlace, isDefaultRule } from '../policy/bottom-rule.ts';
import type { Policy, SecurityRule } from '../policy/policy.ts';
import { ruleReader } from './rule-sets.ts';

/** Where the sessions that our rules are about come from and go to. */
export interface Zones {
  readonly from: string;
  readonly to: string;
}

const between = ({ from, to }: Zones): string => (from === to ? `within zone ${from}` : `from ${from} to ${to}`);

/**
 * What a reader must know of a bottom rule that does not stop the sessions our rules are about, in a sentence or two: it does
 * not match them, or allows them. Null for one that denies, as most do.
 */
export const remarkOnBottomRule = (policy: Policy, bottomRule: string, zones: Zones): string | null => {
  const reader = ruleReader(policy);
  const matches = (rule: SecurityRule): boolean => reader.sets(rule, null).zones(zones.from, zones.to) !== 'no';
  const at = bottomPlace(policy, bottomRule);
  const bottom = isDefaultRule(bottomRule)
    ? policy.rules.find(({ name, rulebase }) => rulebase === 'default' && name === bottomRule)
    : policy.rules[at ?? policy.rules.length];
  if (bottom === undefined) return null;
  const allowed = (name: string) => `"${name}" allows: what reaches it needs no rule of ours, and none is added.`;
  if (matches(bottom)) return bottom.action === 'allow' ? allowed(bottomRule) : null;
  const passed = `"${bottomRule}" does not match sessions ${between(zones)}: they pass it.`;
  const last = policy.rules.find((rule) => rule.rulebase === 'default' && matches(rule));
  if (last === undefined) return passed;
  return last.action === 'allow' ? `${passed} ${allowed(last.name)}` : `${passed} "${last.name}" ends them.`;
};
