import { idsOf, type Subject } from '../change.ts';
import { destinationKey, type GrantDestination } from '../grants/grants.ts';
import type { RuleRecord } from './ownership.ts';

/** Destinations recorded in rules for these subjects: of an instance its interfaces, of a group all it was recorded for. */
export const recordedIn = (rules: readonly RuleRecord[], subjects: readonly Subject[]): readonly GrantDestination[] => {
  const everything = subjects.some((subject) => subject.kind === 'everything');
  const instances = new Set(idsOf(subjects, 'instance'));
  const groups = new Set(idsOf(subjects, 'group'));
  const found = new Map<string, GrantDestination>();
  for (const rule of rules) {
    if (rule.state === 'tombstone') continue;
    const isOfGroup = everything || groups.has(rule.group);
    for (const destination of rule.contributions.destinations) {
      if (isOfGroup || instances.has(destination.instance)) found.set(destinationKey(destination), destination);
    }
  }
  return [...found.values()];
};
