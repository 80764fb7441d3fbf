import { type Changes, changesInUse } from './changes.ts';
import { type Difference, differencesOf } from './differences.ts';
import type { Recording } from './recording.ts';

export interface Comparison {
  /** Not meant. */
  readonly differences: readonly Difference[];
  /** How many are meant, by the list. */
  readonly meant: number;
  /** Entries of the list that nothing needed: it says more than what happened. */
  readonly unused: readonly string[];
  /** Tests that only one of the recordings has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  readonly compared: number;
}

export const compareRecordings = (before: Recording, after: Recording, changes: Changes): Comparison => {
  const inUse = changesInUse(changes);
  const differences: Difference[] = [];
  let meant = 0;
  let compared = 0;
  for (const [file, test] of before) {
    const other = after.get(file);
    if (other === undefined) continue;
    compared += 1;
    for (const difference of differencesOf(inUse.renamed(test), other)) {
      if (inUse.covers(difference)) meant += 1;
      else differences.push(difference);
    }
  }
  return {
    differences,
    meant,
    unused: inUse.unused(),
    onlyBefore: [...before.keys()].filter((file) => !after.has(file)),
    onlyAfter: [...after.keys()].filter((file) => !before.has(file)),
    compared,
  };
};
