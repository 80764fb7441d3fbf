import type { Change } from '../../domain/change.ts';
import { type Statement, statementsOf } from '../../domain/grants/statements.ts';
import type { Item, Table } from './table.ts';

/** What an event said about one thing. One item per (thing, event), in the order of the events' times. */
interface SaidItem extends Item {
  /** The event's time, ISO 8601 in UTC, whole seconds. */
  readonly when: string;
  readonly eventId: string;
  /** The event's name. */
  readonly kind: string;
  readonly statements: readonly Statement[];
  /** Epoch seconds, for DynamoDB's time to live. */
  readonly expiresAt: number;
}

/** A statement, and the event that makes it. */
export interface Said extends Pick<SaidItem, 'when' | 'eventId' | 'kind'> {
  readonly statement: Statement;
}

/** Longer than anybody may let EC2 lag; what is older settles nothing. */
const keepSeconds = 24 * 3600;

const partition = (about: string): string => `said#${about}`;

/** What the events of the last hours said, by the thing they are about: it outlasts the changes that were carried out. */
export interface SaidParts {
  /** Writes down what a change says. Safe to repeat. */
  put(change: Change): Promise<void>;
  /** All that was said about a thing, in the order of the events' times. */
  about(thing: string): Promise<readonly Said[]>;
}

export const createSaid = (table: Table, now: () => number): SaidParts => ({
  put: async (change) => {
    const { when, eventId, kind } = change;
    const byThing = Map.groupBy(statementsOf(change), ({ about }) => about);
    await Promise.all(
      [...byThing].map(([about, statements]) =>
        table.put(
          {
            pk: partition(about),
            sk: `${when} ${eventId}`,
            format: 1,
            when,
            eventId,
            kind,
            statements,
            expiresAt: Math.floor(now() / 1000) + keepSeconds,
          } satisfies SaidItem,
          null,
        ),
      ),
    );
  },
  about: async (thing) =>
    ((await table.query(partition(thing))) as readonly SaidItem[]).flatMap(({ when, eventId, kind, statements }) =>
      statements.map((statement) => ({ when, eventId, kind, statement })),
    ),
});
