import type { SecurityRule } from '../policy/policy.ts';
import { contentOfRule, differences, type RuleContent } from '../rules/rule-content.ts';
import { changedRecord, type RuleRecord } from './ownership.ts';

/**
 * An intent left by a run that died: carried out if the firewall shows it, dropped otherwise. One that opens something and is
 * staged only stays as it is.
 */
export const settleIntent = (record: RuleRecord, rule: SecurityRule, runs: SecurityRule | undefined): RuleRecord => {
  const { intent } = record;
  if (intent === null) return record;
  const shows = (one: SecurityRule): boolean =>
    intent.kind === 'change' && differences(contentOfRule(one), intent.content).length === 0;
  if (intent.kind !== 'change' || !shows(rule)) return { ...record, intent: null };
  // What a change opens is the rule's own only once it runs: until then the record would call it taken out.
  return takesAway(record.content, intent.content) || (runs !== undefined && shows(runs))
    ? changedRecord(record, intent)
    : record;
};

/** Whether a change leaves out members of source or destination, and opens nothing. */
const takesAway = (was: RuleContent, becomes: RuleContent): boolean =>
  differences(was, becomes).every((field) => ['source', 'destination', 'description'].includes(field)) &&
  becomes.source.every((member) => was.source.includes(member)) &&
  becomes.destination.every((member) => was.destination.includes(member));
