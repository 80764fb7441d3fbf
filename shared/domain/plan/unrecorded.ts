import { localRules, type Policy, type SecurityRule } from '../policy/policy.ts';
import { markOf, tableMarked } from '../rules/mark.ts';
import type { RuleRecord } from './ownership.ts';
import type { Recognition } from './recognise.ts';

/** Running rules that bear a mark and that no record knows: not ours until somebody decides. */
export interface Unrecorded {
  /** One line for each that bears the mark of this table. */
  readonly rules: readonly string[];
  /** One line for each other table whose mark rules bear. */
  readonly tables: readonly { readonly table: string; readonly text: string }[];
}

const members = (some: readonly string[]): string =>
  `${some.slice(0, 5).join(', ')}${some.length > 5 ? ` and ${some.length - 5} more` : ''}`;

/** What a rule lets through, in a few words. */
const allowsText = (rule: SecurityRule): string => {
  const traffic = `${members(rule.source)} to ${members(rule.destination)}, ${members(rule.service)} (${members(rule.application)})`;
  if (rule.disabled) return `is disabled; it names ${traffic}`;
  return rule.action === 'allow' ? `allows ${traffic}` : `is set to ${rule.action}; it names ${traffic}`;
};

/** Running local rules that bear the mark of any table and that no record knows. */
export const unrecordedRules = (running: Policy, records: readonly RuleRecord[]): readonly SecurityRule[] => {
  const known = new Set(records.map(({ uuid }) => uuid));
  return localRules(running).filter(
    ({ uuid, description }) => uuid !== null && !known.has(uuid) && tableMarked(description) !== null,
  );
};

const howToDecide = (rule: string): string =>
  `To make it this system's or have it removed, start an execution with ${JSON.stringify({ operator: { adopt: rule } })} or ${JSON.stringify({ operator: { remove: rule } })}.`;

const mostNames = 20;

/** What a reader is told of rules that bear a mark and that no record knows. */
export const reportUnrecorded = (
  running: Policy,
  records: readonly RuleRecord[],
  { owned, repaired, reports }: Recognition,
  mark: string,
): Unrecorded => {
  const told = new Set(reports.flatMap(({ rule, what }) => (what === 'look-alike' ? [rule] : [])));
  const found = unrecordedRules(running, [...records, ...repaired]).filter(({ name }) => !told.has(name));
  const originals = new Map(owned.map(({ record, name }) => [record.content.description, name] as const));
  const rules: string[] = [];
  const tables = new Map<string, string[]>();
  for (const rule of found) {
    const table = tableMarked(rule.description) ?? '';
    if (markOf(table) !== mark) {
      tables.set(table, [...(tables.get(table) ?? []), `"${rule.name}"`]);
      continue;
    }
    const original = originals.get(rule.description);
    const what =
      original === undefined
        ? "bears this system's mark and no record knows it"
        : `is a copy of "${original}", which is this system's; the copy is not`;
    rules.push(`"${rule.name}" (uuid ${rule.uuid}) ${what}: it ${allowsText(rule)}. ${howToDecide(rule.name)}`);
  }
  return {
    rules,
    tables: [...tables].map(([table, names]) => {
      const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
      return {
        table,
        text: `${names.slice(0, mostNames).join(', ')}${more}: rules with the mark of another table (${table}), which are not this system's. They are another deployment's, or were written before the table was replaced. Only in the latter case: ${howToDecide('NAME')}`,
      };
    }),
  };
};
