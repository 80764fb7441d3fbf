import type { Changes } from '../aws/table/changes.ts';
import { largestBatch, type Turns } from '../aws/table/turn.ts';
import type { Workings } from '../aws/table/workings.ts';
import { subjectId } from '../domain/change.ts';
import { NamedError } from '../domain/errors.ts';
import type { Execution } from './states.ts';
import type { BatchLine, Tested } from './step-results.ts';

/** Enough for the words of the firewall, and little beside the turn. */
const mostCharacters = 8_000;

interface Held {
  readonly changes: Pick<Changes, 'markFailed'>;
  readonly turns: Turns;
  readonly workings: Workings;
  readonly execution: Execution;
  readonly fence: number;
}

/** The changes whose subjects the firewall's words name: rules of ours are called after them. */
const namedIn = (words: string, batch: readonly BatchLine[]): ReadonlySet<BatchLine> =>
  new Set(batch.filter(({ subject }) => subject.kind !== 'everything' && words.includes(subject.id)));

/**
 * After a rejection: when other executions' changes were in the plan, those that the firewall's words name are put aside, for
 * their own executions or the resync; without such words the next plan carries half as many, so that the guilty
 * change ends up alone and fails in its own execution. Alone, it is planned once more without its additions, which never hold
 * back removals (`tested` is the plan; null when none was made). Returns when nothing is left to split.
 * @throws PlanStale to plan again with fewer changes, or without additions
 */
export const halveBatch = async (
  { changes, turns, workings, execution, fence }: Held,
  rejection: NamedError,
  tested: Tested | null,
): Promise<void> => {
  const batch = (await workings.read(execution.name, fence, 'TakeTurn')) as readonly BatchLine[];
  const isOwn = (line: BatchLine): boolean => line.execution === execution.name;
  const own = batch.filter(isOwn).length;
  const guilty = namedIn(rejection.message, batch);
  const isNamed = [...guilty].some(isOwn);
  if (batch.length <= own) {
    // Others need not go in small batches for what is known to be this change's doing.
    if (isNamed) await turns.note(execution, fence, { limit: largestBatch });
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
  const aside = [...guilty].filter((line) => !isOwn(line));
  if (aside.length > 0) {
    for (const line of aside) await changes.markFailed(line, `${rejection.name}: ${rejection.message}`);
    throw new NamedError(
      'PlanStale',
      `A plan for ${batch.length} changes was rejected (${rejection.message}); the next goes without ${aside.map((line) => subjectId(line.subject)).join(', ')}.`,
      { cause: rejection },
    );
  }
  const limit = isNamed ? own : Math.max(own, Math.floor(batch.length / 2));
  await turns.note(execution, fence, { limit });
  throw new NamedError(
    'PlanStale',
    `A plan for ${batch.length} changes was rejected (${rejection.message}); the next carries ${limit}.`,
    { cause: rejection },
  );
};
