import fc from 'fast-check';
import { histories } from './history.ts';
import { play } from './play.ts';

/** Plays so many histories from a seed; a failure is shrunk and told with the seed and path that repeat it. */
export const simulate = async (
  numRuns: number,
  seed: number,
  { path, shrinks = true }: { readonly path?: string | undefined; readonly shrinks?: boolean } = {},
  progress: (played: number) => void = () => undefined,
): Promise<{ readonly played: number; readonly failure: string | null }> => {
  let played = 0;
  const law = fc.asyncProperty(histories, async (history) => {
    await play(history);
    played += 1;
    progress(played);
  });
  const details = await fc.check(law, {
    numRuns,
    seed,
    ...(path === undefined ? {} : { path }),
    endOnFailure: !shrinks,
    // Shrinking plays on: a failure must not take hours to be told.
    interruptAfterTimeLimit: numRuns * 2_000 + 60_000,
  });
  if (!details.failed) return { played, failure: null };
  const { counterexample, counterexamplePath, errorInstance } = details;
  const text = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return {
    played,
    failure: `seed ${seed}, path ${counterexamplePath}\n${JSON.stringify(counterexample?.[0])}\n${text}`,
  };
};
