import type { TestContext } from 'node:test';
import fc from 'fast-check';

/**
 * Runs a property and prints its seed. `cases` is the number for a run in CI, when `CASES` is 20,000; another `CASES=`
 * changes it in proportion. `SEED=` repeats a run.
 */
export const runs = <T>(
  t: TestContext,
  cases: number,
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => void,
): void => {
  const wanted = Number(process.env['CASES'] ?? 20_000);
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Math.max(1, Math.round((cases * wanted) / 20_000));
  t.diagnostic(`seed ${seed}, ${numRuns} cases`);
  fc.assert(fc.property(arbitrary, property), { seed, numRuns });
};
