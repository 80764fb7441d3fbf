import { NamedError } from '../../domain/errors.ts';
import { absent, atMost, either, type Item, type Table } from './table.ts';

const dayMilliseconds = 24 * 3600 * 1000;
/** Kept well beyond the day in which it counts: DynamoDB deletes what has expired when it likes. */
const keepSeconds = 7 * 24 * 3600;
/** A fact is dropped once it is carried out; one that no run asks about again goes by itself. */
const keepFactSeconds = 400 * 24 * 3600;

/** What counts within the last day. */
export interface Counted {
  /** Interfaces that lost grants because these vanished, without approval. */
  readonly lost: readonly string[];
  /** Interfaces whose loss an operator has approved. */
  readonly approved: readonly string[];
}

/** What is remembered so that the removal limit cannot be worn down: one small item for each plan, approval and fact. */
export interface RemovalCount {
  read(): Promise<Counted>;
  /**
   * Counts the interfaces that this plan takes vanished grants from. Called before the plan is written, so that no death
   * between commit and count loses one, and again when the commit is proven, so that the day begins there. Repeating it
   * counts nothing twice.
   */
  count(execution: string, fence: number, interfaces: readonly string[]): Promise<void>;
  /** Approves the loss of these interfaces for a day from the first call on. */
  approve(execution: string, interfaces: readonly string[]): Promise<void>;
  /** What runs have seen gone and no run has carried out yet. */
  facts(): Promise<ReadonlySet<string>>;
  noteFacts(facts: readonly string[]): Promise<void>;
  dropFacts(facts: readonly string[]): Promise<void>;
  /** The digest of the settings that the last resync went by; null before the first. */
  settings(): Promise<string | null>;
  noteSettings(digest: string): Promise<void>;
}

const limitPartition = 'removal-limit';
const factPartition = 'fact';
const settingsKeys = { pk: 'settings', sk: 'scope' } as const;

interface CountItem extends Item {
  readonly kind: 'lost' | 'approved';
  readonly interfaces: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** `deadline` (milliseconds since the epoch): a function that lives on after its attempt writes nothing from then on. */
export const createRemovalCount = (
  table: Table,
  now: () => number,
  deadline: number = Number.POSITIVE_INFINITY,
): RemovalCount => {
  const checkTime = (): void => {
    if (now() < deadline) return;
    throw new NamedError(
      'AwsBusy',
      'The time of this step is over; what counts against the removal limit was not written.',
    );
  };
  const inSeconds = (keep: number): number => Math.floor(now() / 1000) + keep;
  const itemOf = (kind: CountItem['kind'], of: string, interfaces: readonly string[]): CountItem => ({
    pk: limitPartition,
    sk: `${kind} ${of}`,
    format: 1,
    kind,
    interfaces,
    at: now(),
    expiresAt: inSeconds(keepSeconds),
  });
  return {
    read: async () => {
      const items = (await table.query(limitPartition)) as readonly CountItem[];
      const since = now() - dayMilliseconds;
      const within = (kind: CountItem['kind']): readonly string[] => [
        ...new Set(items.filter((item) => item.kind === kind && item.at > since).flatMap((item) => item.interfaces)),
      ];
      return { lost: within('lost'), approved: within('approved') };
    },
    count: async (execution, fence, interfaces) => {
      if (interfaces.length === 0) return;
      checkTime();
      const item = itemOf('lost', `${execution} ${fence}`, interfaces);
      // A function that lives on after its attempt says an earlier time: the later one stands.
      await table.put(item, either(absent, atMost('at', item.at)));
    },
    approve: async (execution, interfaces) => {
      await table.put(itemOf('approved', execution, interfaces), absent);
    },
    facts: async () => new Set((await table.query(factPartition)).map(({ sk }) => sk)),
    noteFacts: async (facts) => {
      if (facts.length > 0) checkTime();
      const expiresAt = inSeconds(keepFactSeconds);
      await Promise.all(facts.map((sk) => table.put({ pk: factPartition, sk, format: 1, expiresAt }, null)));
    },
    dropFacts: async (facts) => {
      if (facts.length > 0) checkTime();
      await Promise.all(facts.map((sk) => table.delete(factPartition, sk, null)));
    },
    settings: async () => {
      const item = await table.get(settingsKeys.pk, settingsKeys.sk);
      return item === null ? null : String(item['digest']);
    },
    noteSettings: async (digest) => {
      await table.put({ ...settingsKeys, format: 1, digest }, null);
    },
  };
};
