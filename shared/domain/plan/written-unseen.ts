import type { SecurityRule } from '../policy/policy.ts';
import { tableMarked } from '../rules/mark.ts';
import type { RuleContent } from '../rules/rule-content.ts';
import type { RuleRecord } from './ownership.ts';

/** What the rule was made with. */
export const contentWritten = ({ intent, content }: RuleRecord): RuleContent =>
  intent?.kind === 'add' ? intent.content : content;
const descriptionOf = (record: RuleRecord): string => contentWritten(record).description;

/**
 * Running rules that no record knows by uuid, each by the id of the record without a uuid that it was written for: of its marked
 * description, and of its name where a later attempt wrote the same. None where copies leave it open. Nobody else writes a mark.
 */
export const writtenUnseen = (
  records: readonly RuleRecord[],
  rules: readonly SecurityRule[],
  runningUuids: ReadonlySet<string | null>,
): ReadonlyMap<string, SecurityRule> => {
  const known = new Set(records.map(({ uuid }) => uuid));
  const unknown = rules.filter(
    ({ uuid, description }) => !known.has(uuid) && runningUuids.has(uuid) && tableMarked(description) !== null,
  );
  const found = new Map<string, SecurityRule>();
  for (const [description, some] of Map.groupBy(unknown, (rule) => rule.description)) {
    const attempts = records.filter((record) => record.uuid === null && descriptionOf(record) === description);
    for (const rule of some) {
      const record =
        attempts.find(({ name }) => name === rule.name) ??
        (some.length > 1 ? undefined : (attempts.find(({ state }) => state === 'intended') ?? attempts[0]));
      if (record !== undefined) found.set(record.id, rule);
    }
  }
  return found;
};
