import type { Refusal } from '../../domain/plan/refusals.ts';
import { absent, atMost, either, type Item, type Table } from './table.ts';

/** Long after it would have been tried again: what no run asks for any more goes by itself. */
const keepSeconds = 7 * 24 * 3600;
const partition = 'refusal';

interface RefusalItem extends Refusal, Item {
  readonly fence: number;
  /** Epoch seconds, for DynamoDB's time to live. */
  readonly expiresAt: number;
}

/** What the firewall refused: one item for each candidate rule, by what the rule says. */
export interface Refusals {
  all(): Promise<readonly Refusal[]>;
  /** Leaves what a later turn has written. */
  put(refusal: Refusal, fence: number): Promise<void>;
  /** Leaves what a later turn has written. */
  drop(refusal: Pick<Refusal, 'id'>, fence: number): Promise<void>;
}

export const createRefusals = (table: Table, now: () => number): Refusals => ({
  all: async () =>
    ((await table.query(partition)) as readonly RefusalItem[]).map(
      ({ pk: _pk, sk: _sk, format: _format, fence: _fence, expiresAt: _expiresAt, ...refusal }) => refusal as Refusal,
    ),
  put: async (refusal, fence) => {
    const item: Item = {
      ...refusal,
      pk: partition,
      sk: refusal.id,
      format: 1,
      fence,
      expiresAt: Math.floor(now() / 1000) + keepSeconds,
    };
    await table.put(item, either(absent, atMost('fence', fence)));
  },
  drop: async ({ id }, fence) => {
    await table.delete(partition, id, either(absent, atMost('fence', fence)));
  },
});
