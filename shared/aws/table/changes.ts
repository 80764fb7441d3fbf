import { type Change, type Subject, subjectId } from '../../domain/change.ts';
import { absent, equals, type Item, type Table } from './table.ts';

/** How a change ended: by which execution, with what to tell the one that brought it. */
export interface ChangeOutcome {
  readonly execution: string;
  readonly summary: string;
  readonly commitJob: string | null;
}

/**
 * One item per (subject, execution). `pending` until an execution has carried it out, however long that takes; then
 * `handled`, kept longer than a redrive can come. An absent item is not handled.
 */
export interface ChangeItem extends Item {
  readonly state: 'pending' | 'handled' | 'failed';
  /** Present only while pending or failed: what the index lists. */
  readonly pending?: 'pending';
  /** Start of the execution that brought it, ISO 8601: the order in which changes are taken. */
  readonly recordedAt: string;
  readonly execution: string;
  readonly subject: Subject;
  readonly change: Change;
  readonly outcome: ChangeOutcome | null;
  /** Why its own execution failed, or what another one could not carry out of it; null otherwise. */
  readonly cause: string | null;
  /** Epoch seconds, for DynamoDB's time to live; absent while pending. */
  readonly expiresAt?: number;
}

/** A redrive can come for 14 days, an execution's history is kept for 90: handled changes are kept for 30. */
const keepHandledSeconds = 30 * 24 * 3600;

const partition = (execution: string): string => `change#${execution}`;

export interface Changes {
  /** Writes down each subject of the change, unless it is there already. */
  record(
    execution: { readonly name: string; readonly startTime: string },
    change: Change,
  ): Promise<readonly ChangeItem[]>;
  /** All subjects that an execution brought, in any state. */
  of(execution: string): Promise<readonly ChangeItem[]>;
  /** Changes waiting to be carried out, oldest first, at most `limit`. Those whose own execution failed are not among them. */
  pending(limit: number): Promise<readonly ChangeItem[]>;
  /** Changes whose own execution failed and that nobody has carried out since, oldest first, at most `limit`. */
  failed(limit: number): Promise<readonly ChangeItem[]>;
  /** Marks a change as carried out. False when it was marked meanwhile. */
  markHandled(item: Pick<ChangeItem, 'pk' | 'sk'>, outcome: ChangeOutcome): Promise<boolean>;
  /** Notes what another execution could not carry out of it. It stays open, as it was. */
  noteLack(item: Pick<ChangeItem, 'pk' | 'sk'>, cause: string): Promise<void>;
  /** Notes why its own execution failed. It is left to a redrive or to the resync. */
  markFailed(item: Pick<ChangeItem, 'pk' | 'sk'>, cause: string): Promise<void>;
}

/** The part of a change that is about one subject: a call about a thousand instances is not kept a thousand times. */
const partOf = (change: Change, subject: Subject): Change => {
  const { instanceStates, facts, ...announced } = change.announced;
  const isOfAnother = (id: string): boolean => subject.kind === 'instance' && id.startsWith('i-') && id !== subject.id;
  const own = (facts ?? []).filter((fact) => fact.kind !== 'attached' || !isOfAnother(fact.instance));
  return {
    ...change,
    subjects: [subject],
    announced: {
      ...announced,
      instanceStates: Object.fromEntries(Object.entries(instanceStates).filter(([id]) => !isOfAnother(id))),
      ...(own.length > 0 ? { facts: own } : {}),
    },
  };
};

export const createChanges = (table: Table, now: () => number): Changes => {
  const read = async (pk: string, sk: string): Promise<ChangeItem | null> =>
    (await table.get(pk, sk)) as ChangeItem | null;
  const waiting = async (state: ChangeItem['state'], limit: number): Promise<readonly ChangeItem[]> => {
    const listed = (await table.queryPending(limit, state)) as readonly ChangeItem[];
    const items = await Promise.all(listed.map((item) => read(item.pk, item.sk)));
    return items.filter((item): item is ChangeItem => item !== null && item.state === state);
  };
  return {
    record: (execution, change) =>
      Promise.all(
        change.subjects.map(async (subject) => {
          const item: ChangeItem = {
            pk: partition(execution.name),
            sk: subjectId(subject),
            format: 1,
            state: 'pending',
            pending: 'pending',
            recordedAt: execution.startTime,
            execution: execution.name,
            subject,
            change: partOf(change, subject),
            outcome: null,
            cause: null,
          };
          if (await table.put(item, absent)) return item;
          return (await read(item.pk, item.sk)) ?? item;
        }),
      ),
    of: async (execution) => (await table.query(partition(execution))) as readonly ChangeItem[],
    pending: (limit) => waiting('pending', limit),
    failed: (limit) => waiting('failed', limit),
    markHandled: async ({ pk, sk }, outcome) => {
      // Its own execution may note a failure in between: what is carried out is handled all the same.
      for (;;) {
        const item = await read(pk, sk);
        if (item === null || item.state === 'handled') return false;
        const { pending: _pending, ...rest } = item;
        const handled: Item = {
          ...rest,
          state: 'handled',
          outcome,
          cause: null,
          expiresAt: Math.floor(now() / 1000) + keepHandledSeconds,
        };
        if (await table.put(handled, equals('state', item.state))) return true;
      }
    },
    noteLack: async ({ pk, sk }, cause) => {
      const item = await read(pk, sk);
      if (item === null || item.state === 'handled') return;
      await table.put({ ...item, cause } satisfies ChangeItem, equals('state', item.state));
    },
    markFailed: async ({ pk, sk }, cause) => {
      const item = await read(pk, sk);
      if (item === null || item.state === 'handled') return;
      await table.put({ ...item, state: 'failed', cause } satisfies ChangeItem, equals('state', item.state));
    },
  };
};
