import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Changes, createChanges } from '../../aws/table/changes.ts';
import { createRecords, type Records } from '../../aws/table/records.ts';
import { createTable } from '../../aws/table/table.ts';
import { createTurns, type Turns } from '../../aws/table/turn.ts';
import { createWorkings, type Workings } from '../../aws/table/workings.ts';
import type { Settings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';

export interface TableParts {
  readonly changes: Changes;
  readonly turns: Turns;
  readonly records: Records;
  readonly workings: Workings;
  /** Items met in lists that this version cannot read: put aside, and shown to the reader of the execution. */
  readonly unreadable: readonly string[];
}

/** Everything that is kept in the one table. With a run, records are written until its deadline only. */
export const tableParts = (
  { world, sdk, once }: Surroundings,
  settings: Settings,
  run?: { readonly deadline: number },
): TableParts => {
  const client = once(
    'dynamodb',
    () => new DynamoDBClient(sdk as ConstructorParameters<typeof DynamoDBClient>[0] & object),
  );
  const unreadable: string[] = [];
  const table = createTable(client, settings.TABLE_NAME, (what) => unreadable.push(what));
  return {
    changes: createChanges(table, world.now),
    turns: createTurns({ table, now: world.now }),
    records: createRecords(table, world.now, run?.deadline),
    workings: createWorkings(table, world.now),
    unreadable,
  };
};
