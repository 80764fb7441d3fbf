import type { SecurityRule } from '../policy/policy.ts';
import { contentOfRule, differences } from '../rules/rule-content.ts';
import type { RuleRecord } from './ownership.ts';

/**
 * Finds, for a record whose uuid is nowhere, a rule of its name and exactly its content under a uuid that no record knows:
 * what a loaded configuration leaves where it came without uuids, so that the firewall gave new ones (inferred; captured is
 * that a rule sent without its uuid gets a new one). It is not ours: an administrator may as well have made it.
 */
export const lookAlikes = (
  records: readonly RuleRecord[],
  rules: readonly SecurityRule[],
): ((record: RuleRecord) => SecurityRule | null) => {
  const known = new Set(records.map(({ uuid }) => uuid));
  const byName = new Map(rules.map((rule) => [rule.name, rule] as const));
  return (record) => {
    const rule = byName.get(record.name);
    if (record.uuid === null || rule === undefined || rule.uuid === null || known.has(rule.uuid)) return null;
    return differences(contentOfRule(rule), record.content).length === 0 ? rule : null;
  };
};

/** What the look-alike of a rule is, and what an administrator does with it. */
export const lookAlikeText = ({ name, uuid }: RuleRecord, rule: SecurityRule): string =>
  `"${name}" with uuid ${uuid} is gone, and a rule of the same name and content stands with uuid ${rule.uuid}, as after loading a configuration without uuids. That rule is not this system's: it ${rule.disabled ? 'is disabled, and this system will' : 'allows what it says, and this system will'} never remove it. An administrator who wants to keep it renames it; anybody else should delete it: what EC2 still grants is then added again.`;
