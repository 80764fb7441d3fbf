import type { Turns } from '../aws/turn.ts';
import type { Workings } from '../aws/workings.ts';
import { NamedError } from '../domain/errors.ts';
import type { BatchLine, Tested } from './plans.ts';
import type { Execution } from './states.ts';

/** Enough for the words of the firewall, and little beside the turn. */
const mostCharacters = 8_000;

interface Held {
  readonly turns: Turns;
  readonly workings: Workings;
  readonly execution: Execution;
  readonly fence: number;
}

/**
 * After a rejection: when other executions' changes were in the plan, the next plan carries half as many, so that the guilty
 * change ends up alone and fails in its own execution. Alone, it is planned once more without its additions, which never hold
 * back removals (`tested` is the plan; null when none was made). Returns when nothing is left to split.
 * @throws PlanStale to plan again with fewer changes, or without additions
 */
export const halveBatch = async (
  { turns, workings, execution, fence }: Held,
  rejection: NamedError,
  tested: Tested | null,
): Promise<void> => {
  const batch = (await workings.read(execution.name, fence, 'TakeTurn')) as readonly BatchLine[];
  const own = batch.filter((line) => line.execution === execution.name).length;
  if (batch.length <= own) {
    if (tested === null) return;
    const { judged, removals, shrinks, moves } = tested;
    const adds = judged.some(({ verdict }) => verdict.kind === 'needed');
    if (!adds || removals.length + shrinks.length + moves.length === 0) return;
    if (((await turns.read())?.rejection ?? null) !== null) return;
    const { name, message } = rejection;
    await turns.note(execution, fence, { rejection: { name, message: message.slice(0, mostCharacters) } });
    throw new NamedError('PlanStale', `A plan was rejected (${message}); the next carries no additions.`, {
      cause: rejection,
    });
  }
  const limit = Math.max(own, Math.floor(batch.length / 2));
  await turns.note(execution, fence, { limit });
  throw new NamedError(
    'PlanStale',
    `A plan for ${batch.length} changes was rejected (${rejection.message}); the next carries ${limit}.`,
    { cause: rejection },
  );
};
