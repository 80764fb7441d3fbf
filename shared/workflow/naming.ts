import type { Records } from '../aws/table/records.ts';
import { sideBySide } from '../aws/table/side-by-side.ts';
import type { Addition, Chosen } from '../domain/plan/edits.ts';
import type { ObjectRecord } from '../domain/plan/ownership.ts';
import { additionsOf, type Plan } from '../domain/plan/plan.ts';
import { saysOf } from '../domain/plan/refusals.ts';
import { type Configurations, chooseService } from '../domain/plan/service-objects.ts';
import { type CandidateRule, namePrefix } from '../domain/rules/candidate-rules.ts';
import { contentOf, type RuleStyle } from '../domain/rules/rule-content.ts';
import type { RuleService } from '../domain/rules/translation.ts';
import { digestOf } from '../runtime/digest.ts';
import type { Execution } from '../runtime/execution.ts';

/** What everything that one execution writes has in common. */
export interface Writing {
  readonly execution: Execution;
  readonly fence: number;
  readonly eventId: string;
  readonly style: RuleStyle;
  /** The mark of the table. */
  readonly mark: string;
}

/** Names that no rule has: the next numbers of the subject that are free in every rulebase of both configurations. */
const freeNames = async (
  records: Records,
  prefix: string,
  count: number,
  taken: ReadonlySet<string>,
): Promise<string[]> => {
  const names: string[] = [];
  while (names.length < count) {
    const numbers = await records.nextNumbers(prefix, count - names.length);
    names.push(...numbers.map((number) => `${prefix}-${number}`).filter((name) => !taken.has(name)));
  }
  return names;
};

const additionFor = (
  candidate: CandidateRule,
  name: string,
  service: string,
  { execution, fence, style, mark, eventId }: Writing,
): Addition => {
  const content = contentOf(candidate, service, style, mark);
  const { group, family, traffic, sources, destinations } = candidate;
  return {
    content,
    says: digestOf(saysOf(candidate, style)),
    record: {
      format: 1,
      id: name,
      state: 'intended',
      name,
      uuid: null,
      group,
      family,
      traffic,
      service: candidate.service,
      contributions: { sources, destinations },
      content,
      applications: candidate.application.filter((each) => each !== candidate.decryption?.into),
      intent: { kind: 'add', execution: execution.name, content },
      fence,
      broughtBy: { eventId, execution: execution.name },
    },
  };
};

/** The additions of the plan, with names and service objects chosen; nothing is written yet but the counters. */
export const chooseNames = async (
  plan: Pick<Plan, 'judged' | 'carried'>,
  configurations: Configurations,
  records: Records,
  objects: readonly ObjectRecord[],
  writing: Writing,
): Promise<Chosen> => {
  const { candidate, running } = configurations;
  const taken = new Set([...candidate.rules, ...running.rules].map((rule) => rule.name));
  const made = new Map<string, Extract<RuleService, { kind: 'ports' }>>();
  const additions: Addition[] = [];
  const wanted = additionsOf(plan);
  const names = new Map<string, string[]>();
  await sideBySide(Map.groupBy(wanted, namePrefix), async ([prefix, some]) => {
    names.set(prefix, await freeNames(records, prefix, some.length, taken));
  });
  for (const addition of wanted) {
    const choice = chooseService(addition.service, configurations, objects, made);
    if (choice.kind === 'new') made.set(choice.name, choice.service);
    const name = names.get(namePrefix(addition))?.shift();
    if (name === undefined) throw new Error(`There are fewer names after ${namePrefix(addition)} than rules.`);
    additions.push(additionFor(addition, name, choice.kind === 'any' ? 'any' : choice.name, writing));
  }
  return { additions, made };
};
