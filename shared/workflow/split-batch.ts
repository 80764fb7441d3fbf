import { largestBatch } from '../aws/table/turn.ts';
import { subjectId } from '../domain/change.ts';
import { NamedError } from '../domain/errors.ts';
import { additionsOf, type Plan } from '../domain/plan/make-plan.ts';
import type { TableParts } from '../runtime/clients/table.ts';
import type { Held } from './held-step.ts';
import type { BatchLine } from './step-results.ts';

/** Enough for the words of the firewall, and little beside the turn. */
const mostCharacters = 8_000;

/** As much of a held step as splitting asks for. */
type Splitting = Pick<Held<unknown>, 'results' | 'execution' | 'fence'> & {
  readonly table: Pick<TableParts, 'changes' | 'turns'>;
};

/** The changes whose subjects the firewall's words name: rules of ours are called after them. */
const namedIn = (words: string, batch: readonly BatchLine[]): ReadonlySet<BatchLine> =>
  new Set(batch.filter(({ subject }) => subject.kind !== 'everything' && words.includes(subject.id)));

/**
 * What follows from a plan that can open nothing: an execution answers for its own changes only, and those of others, which
 * may lack something, stay pending for theirs.
 * @throws PlanStale to plan again alone, when there are others'
 */
export const planAlone = async (
  { table: { turns }, results, execution, fence }: Splitting,
  { message }: { readonly message: string },
): Promise<void> => {
  const batch = await results.read('TakeTurn');
  const own = batch.filter((line) => line.execution === execution.name).length;
  if (batch.length <= own) return;
  await turns.note(execution, fence, { limit: own });
  throw new NamedError('PlanStale', `Nothing can be opened (${message}); the next plan carries ${own}.`);
};

/**
 * What follows a rejection. When other executions' changes were in the plan, those that the firewall's words name are put
 * aside, for their own executions or the resync; without such words the next plan carries half as many, so that the guilty
 * change ends up alone and fails in its own execution. Alone, it is planned once more without its additions, which never hold
 * back removals (`plan` is null when none was made).
 * @throws PlanStale to plan again with fewer changes, or without additions; the rejection when nothing is left to split
 */
export const splitBatch = async (
  { table: { changes, turns }, results, execution, fence }: Splitting,
  rejection: NamedError,
  plan: Plan | null,
): Promise<never> => {
  const again = (what: string, next: string): NamedError =>
    new NamedError('PlanStale', `${what} was rejected (${rejection.message}); the next ${next}.`, { cause: rejection });
  const batch = await results.read('TakeTurn');
  const isOwn = (line: BatchLine): boolean => line.execution === execution.name;
  const own = batch.filter(isOwn).length;
  const guilty = namedIn(rejection.message, batch);
  const isNamed = [...guilty].some(isOwn);
  if (batch.length <= own) {
    // Others need not go in small batches for what is known to be this change's doing.
    if (isNamed) await turns.note(execution, fence, { limit: largestBatch });
    const removes = plan !== null && [plan.removals, plan.shrinks, plan.moves].some((part) => part.length > 0);
    const mayGoWithout = removes && additionsOf(plan).length > 0 && ((await turns.read())?.rejection ?? null) === null;
    if (!mayGoWithout) throw rejection;
    const { name, message } = rejection;
    await turns.note(execution, fence, { rejection: { name, message: message.slice(0, mostCharacters) } });
    throw again('A plan', 'carries no additions');
  }
  const aside = [...guilty].filter((line) => !isOwn(line));
  if (aside.length > 0) {
    for (const line of aside) await changes.markFailed(line, `${rejection.name}: ${rejection.message}`);
    const names = aside.map((line) => subjectId(line.subject)).join(', ');
    throw again(`A plan for ${batch.length} changes`, `goes without ${names}`);
  }
  const limit = isNamed ? own : Math.max(own, Math.floor(batch.length / 2));
  await turns.note(execution, fence, { limit });
  throw again(`A plan for ${batch.length} changes`, `carries ${limit}`);
};
