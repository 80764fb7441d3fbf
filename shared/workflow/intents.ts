import type { Records } from '../aws/table/records.ts';
import { sideBySide } from '../aws/table/side-by-side.ts';
import { NamedError } from '../domain/errors.ts';
import type { Addition, Chosen } from '../domain/plan/edits.ts';
import type { RuleRecord } from '../domain/plan/ownership.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { PlannedMove } from '../domain/plan/removals.ts';
import type { SecurityRule } from '../domain/policy/policy.ts';
import { contentOfRule, textOfContent } from '../domain/rules/rule-content.ts';
import { digestOf } from '../runtime/digest.ts';
import type { Writing } from './naming.ts';
import type { Expectation } from './step-results.ts';

/**
 * Writes down what is about to be done to each rule and object, before the firewall is asked to do it.
 * @throws PlanStale when a record has disappeared, or a later turn has written it
 */
export const recordIntents = async (
  records: Records,
  plan: Plan,
  { additions, made }: Chosen,
  { execution, fence }: Writing,
): Promise<void> => {
  const all = new Map((await records.rules()).map((record) => [record.id, record] as const));
  const before = (record: RuleRecord): string => digestOf(textOfContent(record.content));
  const intend = async (id: string, intent: (record: RuleRecord) => RuleRecord['intent']) => {
    const record = all.get(id);
    if (record === undefined) throw new NamedError('PlanStale', `The record of ${id} has disappeared.`);
    await records.putRule({ ...record, intent: intent(record), fence });
  };
  await sideBySide(plan.removals, ({ id }) => intend(id, () => ({ kind: 'remove', execution: execution.name })));
  await sideBySide(plan.shrinks, (shrink) =>
    intend(shrink.id, (record) => ({
      kind: 'change',
      execution: execution.name,
      contributions: shrink.contributions,
      content: {
        ...record.content,
        source: shrink.source ?? record.content.source,
        destination: shrink.destination ?? record.content.destination,
        description: shrink.description ?? record.content.description,
      },
      before: before(record),
    })),
  );
  await sideBySide(plan.rewrites ?? [], ({ id, content, contributions, applications }) =>
    intend(id, (record) => ({
      kind: 'change',
      execution: execution.name,
      content,
      contributions,
      applications,
      before: before(record),
    })),
  );
  const shrunk = new Set([...plan.shrinks, ...(plan.rewrites ?? [])].map(({ id }) => id));
  await sideBySide(
    plan.moves.filter((move) => !shrunk.has(move.id)),
    ({ id }) => intend(id, () => ({ kind: 'move', execution: execution.name })),
  );
  await sideBySide(made, ([id, { protocol, ports }]) =>
    records.putObject({ format: 1, id, state: 'intended', protocol, ports, fence }),
  );
  await sideBySide(additions, ({ record }) => records.putRule(record));
};

/**
 * Writes down the uuids of the rules that were added, and says what the commit must show of every rule of the plan.
 * @throws Misconfigured on a release without uuids
 */
export const learnUuids = async (
  records: Records,
  plan: Plan,
  additions: readonly Addition[],
  rules: ReadonlyMap<string, SecurityRule>,
  { fence }: Writing,
): Promise<readonly Expectation[]> => {
  const expectations: Expectation[] = [];
  const learnt: RuleRecord[] = [];
  for (const { record, content, says } of additions) {
    const uuid = rules.get(record.id)?.uuid ?? null;
    if (uuid === null) {
      throw new NamedError('Misconfigured', `"${record.name}" has no uuid: PAN-OS 9.0 or later is needed.`);
    }
    learnt.push({ ...record, uuid, fence });
    expectations.push({ id: record.id, kind: 'add', name: record.name, uuid, content, says });
  }
  await sideBySide(learnt, (record) => records.putRule(record));
  for (const { id, name, uuid } of plan.removals) {
    expectations.push({ id, kind: 'remove', name, uuid, content: null });
  }
  const standing =
    (kind: 'change' | 'move') =>
    ({ id, name, uuid, past = null }: PlannedMove) => {
      const rule = rules.get(id);
      const content = rule === undefined ? null : contentOfRule(rule);
      expectations.push({ id, name, uuid, kind, content, ...(past === null ? {} : { past }) });
    };
  [...plan.shrinks, ...(plan.rewrites ?? [])].forEach(standing('change'));
  plan.moves.forEach(standing('move'));
  return expectations;
};
