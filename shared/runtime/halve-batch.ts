import type { Turns } from '../aws/turn.ts';
import type { Workings } from '../aws/workings.ts';
import { NamedError } from '../domain/errors.ts';
import type { BatchLine } from './plans.ts';
import type { Execution } from './states.ts';

interface Held {
  readonly turns: Turns;
  readonly workings: Workings;
  readonly execution: Execution;
  readonly fence: number;
}

/**
 * After a rejection: when other executions' changes were in the plan, the next plan carries half as many, so that the guilty
 * change ends up alone and fails in its own execution. Returns when the rejected plan was this execution's alone.
 * @throws PlanStale to plan again with fewer changes
 */
export const halveBatch = async ({ turns, workings, execution, fence }: Held, rejection: Error): Promise<void> => {
  const batch = (await workings.read(execution.name, fence, 'TakeTurn')) as readonly BatchLine[];
  const own = batch.filter((line) => line.execution === execution.name).length;
  if (batch.length <= own) return;
  const limit = Math.max(own, Math.floor(batch.length / 2));
  await turns.note(execution, fence, { limit });
  throw new NamedError(
    'PlanStale',
    `A plan for ${batch.length} changes was rejected (${rejection.message}); the next carries ${limit}.`,
    { cause: rejection },
  );
};
