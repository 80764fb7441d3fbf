import type { Turn, Turns } from '../aws/table/turn.ts';
import { NamedError } from '../domain/errors.ts';
import { closes, opens, type Plan } from '../domain/plan/plan.ts';
import type { TableParts } from '../runtime/clients/table.ts';
import type { Held } from './held-step.ts';

/** Enough for the words of the firewall, and little beside the turn. */
const mostCharacters = 8_000;

/** As much of a held step as splitting asks for. */
type Splitting = Pick<Held<unknown>, 'results' | 'execution' | 'fence'> & {
  readonly table: Pick<TableParts, 'turns'>;
};

/**
 * What follows when attempts of a step of this plan began and never ended, as those do that run out of time or memory:
 * with others' changes in the plan the next one carries half as many, so that what is too much ends up alone.
 * @throws PlanStale to plan again with fewer changes
 */
export const carryLess = async ({
  turn,
  table: { turns },
  results,
  execution,
  fence,
}: Splitting & { readonly turn: Pick<Turn, 'begun'> }): Promise<void> => {
  // One that dies may have had bad luck; two in a row, before this one, carried too much.
  if ((turn.begun ?? 0) <= 2) return;
  const batch = await results.read('TakeTurn');
  const own = batch.filter((line) => line.execution === execution.name).length;
  if (batch.length <= own) return;
  const limit = Math.max(1, own, Math.floor(batch.length / 2));
  await turns.note(execution, fence, { limit, progressed: true, begun: 1 });
  throw new NamedError(
    'PlanStale',
    `A step of a plan for ${batch.length} changes began and did not end, more than once; the next carries ${limit}.`,
  );
};

/**
 * What follows a rejection that names no rule that was added. When other executions' changes were in the plan, the next one
 * carries half as many, so that the guilty change ends up alone and fails in its own execution. Alone, it is planned once more
 * without all that only opens, which never holds back removals.
 * @throws PlanStale to plan again with fewer changes, or closing only; the rejection when nothing is left to split
 */
export const splitBatch = async (
  { table: { turns }, results, execution, fence }: Splitting,
  rejection: NamedError,
  plan: Pick<Plan, 'removals' | 'shrinks' | 'moves' | 'judged'>,
): Promise<never> => {
  const again = async (changed: Parameters<Turns['note']>[2], what: string, next: string): Promise<never> => {
    await turns.note(execution, fence, { ...changed, progressed: true });
    throw new NamedError('PlanStale', `${what} was rejected (${rejection.message}); the next carries ${next}.`, {
      cause: rejection,
    });
  };
  const batch = await results.read('TakeTurn');
  const own = batch.filter((line) => line.execution === execution.name).length;
  if (batch.length > own) {
    const limit = Math.max(1, own, Math.floor(batch.length / 2));
    return again({ limit }, `A plan for ${batch.length} changes`, String(limit));
  }
  const isFirst = ((await turns.read())?.rejection ?? null) === null;
  if (!closes(plan) || !opens(plan) || !isFirst) throw rejection;
  const { name, message } = rejection;
  return again({ rejection: { name, message: message.slice(0, mostCharacters) } }, 'A plan', 'nothing that opens');
};
