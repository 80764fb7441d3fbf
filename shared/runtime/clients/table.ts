import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Changes, createChanges } from '../../aws/table/changes.ts';
import { createRecords, type Records } from '../../aws/table/records.ts';
import { createRefusals, type Refusals } from '../../aws/table/refusals.ts';
import { createRemovalCount, type RemovalCount } from '../../aws/table/removal-limit.ts';
import { createSaid, type SaidParts } from '../../aws/table/said.ts';
import { createTable, type Table } from '../../aws/table/table.ts';
import { createTurns, type Turns } from '../../aws/table/turn.ts';
import { createWorkings, type Workings } from '../../aws/table/workings.ts';
import type { Settings } from '../settings.ts';
import { type Surroundings, sdkClient } from '../surroundings.ts';

export interface TableParts {
  readonly changes: Changes;
  readonly turns: Turns;
  readonly records: Records;
  readonly workings: Workings;
  readonly removalCount: RemovalCount;
  readonly refusals: Refusals;
  readonly said: SaidParts;
  /** Items met in lists that this version cannot read: put aside, and shown to the reader of the execution. */
  readonly unreadable: readonly string[];
}

/** The one table. `putAside` is told of items in lists that this version cannot read. */
export const tableOf = (surroundings: Surroundings, settings: Settings, putAside?: (what: string) => void): Table =>
  createTable(sdkClient(surroundings, 'dynamodb', DynamoDBClient), settings.TABLE_NAME, putAside);

/** Everything that is kept in the one table; records are written until the run's deadline only. */
export const tableParts = (
  surroundings: Surroundings,
  settings: Settings,
  run?: { readonly deadline: number },
): TableParts => {
  const { now } = surroundings.world;
  const unreadable: string[] = [];
  const table = tableOf(surroundings, settings, (what) => unreadable.push(what));
  const records = createRecords(table, now, run?.deadline);
  return {
    changes: createChanges(table, now),
    turns: createTurns({
      table,
      now,
      lateness: settings.LATE_WRITE_SECONDS * 1000,
      recordedFence: records.highestFence,
    }),
    records,
    workings: createWorkings(table, now),
    removalCount: createRemovalCount(table, now, run?.deadline),
    refusals: createRefusals(table, now),
    said: createSaid(table, now),
    unreadable,
  };
};
