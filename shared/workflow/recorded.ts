import type { Records } from '../aws/table/records.ts';
import type { Subject } from '../domain/change.ts';
import type { GrantDestination } from '../domain/grants/grants.ts';
import type { RuleRecord } from '../domain/plan/ownership.ts';

/** Destinations recorded in rules for these subjects: of an instance its interfaces, of a group all it was recorded for. */
export const recordedIn = (rules: readonly RuleRecord[], subjects: readonly Subject[]): readonly GrantDestination[] => {
  const everything = subjects.some((subject) => subject.kind === 'everything');
  const instances = new Set(subjects.flatMap((subject) => (subject.kind === 'instance' ? [subject.id] : [])));
  const groups = new Set(subjects.flatMap((subject) => (subject.kind === 'group' ? [subject.id] : [])));
  const found = new Map<string, GrantDestination>();
  for (const rule of rules) {
    const held = rule.state === 'tombstone' ? rule.declined : rule.contributions;
    const isOfGroup = everything || groups.has(rule.group);
    for (const destination of held?.destinations ?? []) {
      if (isOfGroup || instances.has(destination.instance)) {
        found.set(`${destination.interface} ${destination.address}`, destination);
      }
    }
  }
  return [...found.values()];
};

export const recordedFor = async (
  records: Pick<Records, 'rules'>,
  subjects: readonly Subject[],
): Promise<readonly GrantDestination[]> => recordedIn(await records.rules(), subjects);
