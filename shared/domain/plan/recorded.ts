import { idsOf, type Subject } from '../change.ts';
import { destinationKey, type GrantDestination } from '../grants/grants.ts';
import type { RuleRecord } from './ownership.ts';

/**
 * Destinations recorded in rules for these subjects: of an instance its interfaces, of an interface its own, of a group all it
 * was recorded for. Each with its VPC, where any record of its interface names one: an interface never changes it.
 */
export const recordedIn = (rules: readonly RuleRecord[], subjects: readonly Subject[]): readonly GrantDestination[] => {
  const everything = subjects.some((subject) => subject.kind === 'everything');
  const instances = new Set(idsOf(subjects, 'instance'));
  const interfaces = new Set(idsOf(subjects, 'interface'));
  const groups = new Set(idsOf(subjects, 'group'));
  const found = new Map<string, GrantDestination>();
  const vpcs = new Map<string, string>();
  for (const rule of rules) {
    if (rule.state === 'tombstone') continue;
    const { destinations } = rule.contributions;
    for (const { interface: id, vpc } of destinations) if (vpc !== undefined) vpcs.set(id, vpc);
    const isOfGroup = everything || groups.has(rule.group);
    for (const destination of destinations) {
      const { interface: id, instance } = destination;
      if (isOfGroup || instances.has(instance) || interfaces.has(id))
        found.set(destinationKey(destination), destination);
    }
  }
  return [...found.values()].map((destination) => {
    const vpc = vpcs.get(destination.interface);
    return vpc === undefined || vpc === destination.vpc ? destination : { ...destination, vpc };
  });
};

/** All recorded destinations, for whatever subjects. */
export const allRecorded = (rules: readonly RuleRecord[]): readonly GrantDestination[] =>
  recordedIn(rules, [{ kind: 'everything' }]);
