import type { ChangeOutcome } from '../aws/table/changes.ts';
import { subjectId } from '../domain/change.ts';
import { lackingFor } from '../domain/plan/failures.ts';
import type { OutcomeLine, Plan } from '../domain/plan/plan.ts';
import type { Held } from './held-step.ts';
import { settleRefusals } from './refusals.ts';
import { brief } from './states.ts';
import type { BatchLine } from './step-results.ts';

const mostOutcomeLines = 20;

/**
 * The part of the outcome that concerns one subject, in a few lines. Of a change that is carried out alone that is all there is:
 * an address may have led from its subject to a rule of another one.
 */
const summaryFor = (
  { subject }: BatchLine,
  isAlone: boolean,
  outcome: readonly OutcomeLine[],
  because: string | null,
): string => {
  const id = subjectId(subject);
  const about = outcome
    .filter((each) => isAlone || id === 'everything' || each.about.includes(id))
    .map(({ text }) => text);
  const shownLines = about.slice(0, mostOutcomeLines);
  const more = about.length > shownLines.length ? [`and ${about.length - shownLines.length} more`] : [];
  return brief([...shownLines, ...more].join('; ') || because || 'Nothing had to be changed.');
};

const lackOf = (plan: Plan, { change, subject }: BatchLine, isOwn: boolean) =>
  lackingFor(plan, { ...change, subjects: [subject] }) ?? (isOwn ? plan.limit.fails : null);

/** What of a batch a plan carried out. */
export interface Conclusion {
  readonly done: readonly BatchLine[];
  /** The outcome of the execution's own changes, in words. */
  readonly own: readonly string[];
}

/**
 * Marks the changes handled that the plan carried out whole, with their outcome. One that lacks something stays open, with the
 * reason. Safe to repeat: a handled change stays as it is. `plan` is null when none had to be made.
 */
export const conclude = async (
  held: Held<unknown>,
  plan: Plan | null,
  { job, because }: { readonly job: string | null; readonly because: string | null },
): Promise<Conclusion> => {
  const { results, execution } = held;
  const { changes } = held.table;
  if (plan !== null) await settleRefusals(held, plan);
  const left = new Set((await results.read('ResolveInterfaces')).notYet);
  const batch = (await results.read('TakeTurn')).filter(({ pk, sk }) => !left.has(`${pk} ${sk}`));
  const done: BatchLine[] = [];
  for (const line of batch) {
    const lack = plan === null ? null : lackOf(plan, line, line.execution === execution.name);
    if (lack === null) done.push(line);
    else await changes.noteLack(line, `${lack.name}: ${lack.message}`);
  }
  const own: string[] = [];
  // Its own last: a run that dies here is redriven only while its own change is open, and then takes the others again.
  const isOwn = (line: BatchLine): number => Number(line.execution === execution.name);
  for (const line of done.toSorted((a, b) => isOwn(a) - isOwn(b))) {
    const summary = summaryFor(line, done.length === 1, plan?.lines ?? [], because);
    const outcome: ChangeOutcome = { execution: execution.name, summary, commitJob: job };
    await changes.markHandled(line, outcome);
    if (line.execution === execution.name) own.push(`${subjectId(line.subject)}: ${summary}`);
  }
  return { done, own };
};
