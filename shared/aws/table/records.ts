import { NamedError } from '../../domain/errors.ts';
import type { ClosureRecord } from '../../domain/plan/closures.ts';
import type { ObjectRecord, RuleRecord } from '../../domain/plan/ownership.ts';
import { absent, atMost, either, equals, type Item, type Table } from './table.ts';

/** A tombstone outlives any old configuration somebody may plausibly load again. */
const keepTombstoneSeconds = 400 * 24 * 3600;
/** How long something may still land whose write had no answer. */
const keepUnseenSeconds = 24 * 3600;

/** The ownership table: what is ours, what is about to be, and what once was. */
export interface Records {
  rules(): Promise<readonly RuleRecord[]>;
  objects(): Promise<readonly ObjectRecord[]>;
  /** Names of service objects that were ours, or were to be, within a day: what is written late appears under one of them. */
  formerObjects(): Promise<readonly string[]>;
  /** @throws PlanStale when a turn with a higher fence has written the record meanwhile */
  putRule(record: RuleRecord): Promise<void>;
  putObject(record: ObjectRecord): Promise<void>;
  /** Gives up an addition that has not been seen on the firewall. It may still land, so its name is watched for a day. */
  forgetRule(record: RuleRecord): Promise<void>;
  /** Drops the record of an addition that the firewall has refused: it never lands. */
  dropRule(record: RuleRecord): Promise<void>;
  forgetObject(record: ObjectRecord): Promise<void>;
  /** What administrators have closed in rules of ours. */
  closures(): Promise<readonly ClosureRecord[]>;
  /** @throws PlanStale like putRule */
  putClosure(record: ClosureRecord): Promise<void>;
  dropClosure(record: ClosureRecord): Promise<void>;
  /** The next numbers, as many as asked for, for rules named after an instance or group; never the same twice. */
  nextNumbers(prefix: string, count: number): Promise<readonly number[]>;
  /** The id of this table, recorded once: a new table has another. `propose` makes the id where none is recorded. */
  identity(propose: () => string): Promise<string>;
  /** The serials and vsys the table belongs to; written by the first contact, and again when a peer is seen first. */
  device(): Promise<DeviceRecord | null>;
  /** Writes the record in the place of the one that was read, null for none; leaves one that is there by now. */
  putDevice(record: DeviceRecord, was: DeviceRecord | null): Promise<void>;
  /** The lowest local rules of others in the last proven order, by uuid, the lowest last; null when never recorded. */
  lowest(): Promise<readonly string[] | null>;
  /** The highest fence that any of these records bears; 0 for none. */
  highestFence(): Promise<number>;
  /** Leaves what a later turn has written. */
  putLowest(uuids: readonly string[], fence: number): Promise<void>;
}

export interface DeviceRecord {
  readonly serials: readonly string[];
  readonly vsys: string;
}

const parts = {
  rule: 'rule',
  object: 'object',
  closure: 'closure',
  counter: 'counter',
  device: 'device',
  order: 'order',
} as const;

/**
 * `deadline` (milliseconds since the epoch): nothing is written from then on. The fence keeps a function that lives on after
 * its attempt from what a later turn wrote; the deadline keeps it from what nobody has written since.
 */
export const createRecords = (
  table: Table,
  now: () => number,
  deadline: number = Number.POSITIVE_INFINITY,
): Records => {
  const checkTime = (what: string): void => {
    if (now() < deadline) return;
    throw new NamedError('AwsBusy', `The time of this step is over; the record of ${what} was not written.`);
  };
  const put = async (pk: string, record: RuleRecord | ObjectRecord | ClosureRecord): Promise<void> => {
    checkTime(record.id);
    const item: Item = {
      ...record,
      pk,
      sk: record.id,
      ...('state' in record && record.state === 'tombstone'
        ? {
            expiresAt:
              Math.floor(now() / 1000) +
              ('uuid' in record && record.uuid !== null ? keepTombstoneSeconds : keepUnseenSeconds),
          }
        : {}),
    };
    if (await table.put(item, either(absent, atMost('fence', record.fence)))) return;
    const found = await table.get(pk, record.id);
    throw new NamedError(
      'PlanStale',
      `The record of ${record.id} was written by a later turn (fence ${String(found?.['fence'])}) than this one (${record.fence}).`,
    );
  };
  const drop = async (pk: string, record: RuleRecord | ClosureRecord): Promise<void> => {
    checkTime(record.id);
    if (!(await table.delete(pk, record.id, either(absent, atMost('fence', record.fence))))) {
      throw new NamedError('PlanStale', `The record of ${record.id} was written by a later turn.`);
    }
  };
  const stripKeys = <Kind>(item: Item): Kind => {
    const { pk: _pk, sk: _sk, expiresAt: _expiresAt, ...record } = item;
    return record as Kind;
  };
  const allObjects = async () => (await table.query(parts.object)).map((item) => stripKeys<ObjectRecord>(item));
  return {
    rules: async () => (await table.query(parts.rule)).map((item) => stripKeys<RuleRecord>(item)),
    objects: async () => (await allObjects()).filter(({ state }) => state !== 'tombstone'),
    formerObjects: async () => (await allObjects()).flatMap(({ id, state }) => (state === 'tombstone' ? [id] : [])),
    putRule: (record) => put(parts.rule, record),
    putObject: (record) => put(parts.object, record),
    dropRule: (record) => drop(parts.rule, record),
    forgetRule: (record) => put(parts.rule, { ...record, state: 'tombstone', intent: null }),
    forgetObject: (record) => put(parts.object, { ...record, state: 'tombstone' }),
    closures: async () => (await table.query(parts.closure)).map((item) => stripKeys<ClosureRecord>(item)),
    putClosure: (record) => put(parts.closure, record),
    dropClosure: (record) => drop(parts.closure, record),
    nextNumbers: async (prefix, count) => {
      for (;;) {
        const found = await table.get(parts.counter, prefix);
        const last = (found?.['last'] as number | undefined) ?? 0;
        checkTime(`numbers of ${prefix}`);
        const item: Item = { pk: parts.counter, sk: prefix, format: 1, last: last + count };
        if (await table.put(item, found === null ? absent : equals('last', last)))
          return Array.from({ length: count }, (_, at) => last + 1 + at);
      }
    },
    identity: async (propose) => {
      const [pk, sk] = [parts.device, 'identity'];
      if ((await table.get(pk, sk)) === null) await table.put({ pk, sk, format: 1, id: propose() }, absent);
      return String((await table.get(pk, sk))?.['id']);
    },
    device: async () => {
      const item = await table.get(parts.device, parts.device);
      return item === null ? null : stripKeys<DeviceRecord>(item);
    },
    putDevice: async (record, was) => {
      const condition = was === null ? absent : equals('vsys', was.vsys);
      await table.put({ ...record, pk: parts.device, sk: parts.device, format: 1 }, condition);
    },
    lowest: async () => {
      const item = await table.get(parts.order, parts.order);
      return item === null ? null : stripKeys<{ readonly lowest: readonly string[] }>(item).lowest;
    },
    highestFence: async () => {
      const items = (await Promise.all(Object.values(parts).map((pk) => table.query(pk)))).flat();
      return items.reduce((highest, { fence }) => (typeof fence === 'number' ? Math.max(highest, fence) : highest), 0);
    },
    putLowest: async (lowest, fence) => {
      checkTime('the order of rules');
      const item: Item = { pk: parts.order, sk: parts.order, format: 1, lowest, fence };
      await table.put(item, either(absent, atMost('fence', fence)));
    },
  };
};
