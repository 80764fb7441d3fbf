import { type ErrorName, NamedError } from '../../domain/errors.ts';
import { absent, equals, type Item, type Table } from './table.ts';

/** Who asks for the turn: one execution, in one of its redrives. */
export interface Claimant {
  /** Execution ARN. */
  readonly id: string;
  readonly name: string;
  readonly redriveCount: number;
}

/**
 * The right to write to one firewall: a lease in one item, taken and renewed by a condition on the exact item read
 * (`version`). `fence` grows with each taking; `busyUntil` is set while a step may be writing, and nobody writes before it.
 */
export interface Turn extends Item {
  readonly version: number;
  readonly fence: number;
  /** Execution ARN of the holder; null when released. */
  readonly owner: string | null;
  readonly redriveCount: number;
  /** Milliseconds since the epoch, as are the others. */
  readonly renewedAt: number;
  readonly expiresAt: number;
  readonly busyUntil: number;
  /** When a waiter last asked whether the holder still runs. */
  readonly checkedAt: number;
  /** How many changes one batch may carry; halved by a rejected plan, grows again with success. */
  readonly limit: number;
  /** The commit job this turn waits for; null when none. */
  readonly commit: { readonly job: string; readonly description: string } | null;
  /** How many attempts of steps have begun in a row and were not seen to end: they timed out or died. */
  readonly begun?: number;
  /** Whether the last plan that became stale brought this turn on: it carried too much, or a rule that was then put aside. */
  readonly progressed?: boolean;
  /** Why the firewall took no additions of this execution alone: its removals are carried out without them. Null: none. */
  readonly rejection: { readonly name: ErrorName; readonly message: string } | null;
}

/** The largest number of changes one write carries. */
export const largestBatch = 128;
/** How long a turn lasts without being renewed: longer than any step and its retries between two renewals. */
export const turnSeconds = 1800;
/** A holder that has not renewed for this long may be asked after. */
const quietMilliseconds = 60_000;
/** At most one waiter asks after the holder in this time. */
const askEveryMilliseconds = 30_000;
const keys = { pk: 'turn', sk: 'turn' } as const;

const free: Turn = {
  ...keys,
  format: 1,
  version: 0,
  fence: 0,
  owner: null,
  redriveCount: 0,
  renewedAt: 0,
  expiresAt: 0,
  busyUntil: 0,
  checkedAt: 0,
  limit: largestBatch,
  commit: null,
  rejection: null,
};

/** What the next plan carries after attempts that never ended, one after the other: less, since what they carried may be why. */
const lessAfterDeath = ({ begun = 0, limit }: Turn): Pick<Turn, 'begun' | 'limit'> => ({
  begun: 0,
  limit: begun > 1 ? Math.max(1, Math.floor(limit / 2)) : limit,
});

/** Whether an execution may write to the firewall at this time: the holder, or an attempt that lives on. Null: none ever held it. */
export const isHeld = (turn: Turn | null, now: number): boolean =>
  turn !== null && ((turn.owner !== null && turn.expiresAt > now) || turn.busyUntil > now);

export interface Turns {
  /**
   * Becomes the holder. `isRunning` asks Step Functions whether an execution still runs.
   * @throws TurnTaken naming the holder and until when
   */
  take(claimant: Claimant, isRunning: (executionArn: string) => Promise<boolean>): Promise<Turn>;
  /**
   * Proves the turn is still this claimant's and renews it; every step's first act. With `busyFor` (milliseconds the step
   * has) it also keeps everybody else, a later attempt of this very step included, from writing meanwhile.
   * @throws PlanStale when the turn is lost, TurnTaken when an earlier attempt may still be writing
   */
  renew(claimant: Claimant, fence: number, busyFor: number | null): Promise<Turn>;
  /** Changes fields of the held turn. @throws PlanStale when it is lost. */
  note(
    claimant: Claimant,
    fence: number,
    changed: Partial<Pick<Turn, 'limit' | 'commit' | 'rejection' | 'progressed' | 'begun'>>,
  ): Promise<Turn>;
  /**
   * The attempt that got `renewed` has ended and sends nothing more. `unanswered` (milliseconds since the epoch, 0 for never):
   * until when the firewall had time for what it sent without an answer; whoever holds the turn by then writes only later than
   * that. Null: it only read. Otherwise leaves what a later attempt has renewed alone.
   */
  settle(claimant: Claimant, renewed: Turn, unanswered: number | null): Promise<void>;
  /**
   * Gives the turn up. With a fence: only if it is that plan's; without: whatever this execution still holds, in any of its
   * redrives. True when it was given up; a turn already given up or lost is left alone. `busyUntil` stays: an attempt that
   * was not settled may still be writing, and the next holder waits for it.
   */
  release(claimant: Claimant, fence: number | null): Promise<boolean>;
  /**
   * Takes over at once from an execution that has ended in the given redrive: only if the turn is still that run's. A later
   * redrive of it is another run; where the redrive is not known (null), a turn renewed after `endedAt` is. Null when it is not.
   * @throws TurnTaken while one of its steps may still be writing
   */
  inherit(
    from: { readonly id: string; readonly redriveCount: number | null; readonly endedAt?: number | null },
    heir: Claimant,
  ): Promise<Turn | null>;
  read(): Promise<Turn | null>;
}

export interface TurnSurroundings {
  readonly table: Table;
  readonly now: () => number;
  /**
   * How long (milliseconds) the firewall may take beyond a time limit for what no step awaits any more: added to the deadline of
   * a step that dies, and to the time limit of a request without an answer.
   */
  readonly lateness: number;
  /** The highest fence that any record bears, 0 for none; asked where the turn's item is not there. */
  readonly recordedFence?: () => Promise<number>;
}

export const createTurns = ({ table, now, lateness, recordedFence = async () => 0 }: TurnSurroundings): Turns => {
  const read = async (): Promise<Turn | null> => (await table.get(keys.pk, keys.sk)) as Turn | null;

  /** Writes the successor of exactly the item that was read. */
  const replace = async (was: Turn | null, next: Turn): Promise<Turn | null> => {
    const item = { ...next, version: (was?.version ?? 0) + 1 };
    return (await table.put(item, was === null ? absent : equals('version', was.version))) ? item : null;
  };

  const holds = (turn: Turn | null, claimant: Claimant, fence: number): turn is Turn & { owner: string } =>
    turn !== null &&
    turn.owner === claimant.id &&
    turn.redriveCount === claimant.redriveCount &&
    turn.fence === fence &&
    turn.expiresAt > now();

  const lost = (turn: Turn | null, claimant: Claimant, fence: number): NamedError =>
    new NamedError(
      'PlanStale',
      `The turn is no longer this execution's (fence ${fence}, redrive ${claimant.redriveCount}): it is at fence ${turn?.fence ?? 0}, held by ${turn?.owner ?? 'nobody'}.`,
    );

  const taken = (turn: Turn, why: string): NamedError =>
    new NamedError('TurnTaken', `The turn is held by ${turn.owner ?? 'nobody'} (fence ${turn.fence}): ${why}`);

  /** Changes the turn as its holder. A waiter may mark the item at any time, so a lost race alone proves nothing. */
  const update = async (claimant: Claimant, fence: number, change: (turn: Turn) => Partial<Turn>): Promise<Turn> => {
    for (;;) {
      const turn = await read();
      if (!holds(turn, claimant, fence)) throw lost(turn, claimant, fence);
      const next = await replace(turn, { ...turn, ...change(turn) });
      if (next !== null) return next;
    }
  };

  /** True when the holder is known to have ended. Asked seldom, and by one waiter at a time. */
  const holderHasEnded = async (
    turn: Turn,
    isRunning: (executionArn: string) => Promise<boolean>,
  ): Promise<{ readonly ended: boolean; readonly turn: Turn }> => {
    const quiet = now() - turn.renewedAt >= quietMilliseconds;
    if (turn.owner === null || !quiet || now() - turn.checkedAt < askEveryMilliseconds) return { ended: false, turn };
    const marked = await replace(turn, { ...turn, checkedAt: now() });
    if (marked === null) return { ended: false, turn };
    return { ended: !(await isRunning(turn.owner)), turn: marked };
  };

  /**
   * What to start from without an item: in a table with records it was lost. Fences of turns that recorded nothing were higher
   * still, though never so many as seconds have passed.
   */
  const beginning = async (): Promise<Turn> => {
    const recorded = await recordedFence();
    return { ...free, fence: recorded === 0 ? 0 : Math.max(recorded, Math.floor(now() / 1000)) };
  };

  return {
    read,
    take: async (claimant, isRunning) => {
      let turn = (await read()) ?? (await beginning());
      const isNew = turn.version === 0;
      if (turn.busyUntil > now()) throw taken(turn, `a step may still be writing until ${turn.busyUntil}`);
      const own = turn.owner === claimant.id;
      if (!own && turn.owner !== null && turn.expiresAt > now()) {
        const holder = await holderHasEnded(turn, isRunning);
        if (!holder.ended) throw taken(turn, `it was renewed at ${turn.renewedAt} and lasts until ${turn.expiresAt}`);
        turn = holder.turn;
      }
      const next = await replace(isNew ? null : turn, {
        ...turn,
        fence: turn.fence + 1,
        owner: claimant.id,
        redriveCount: claimant.redriveCount,
        rejection: own && turn.redriveCount === claimant.redriveCount ? (turn.rejection ?? null) : null,
        ...lessAfterDeath(turn),
        progressed: false,
        renewedAt: now(),
        expiresAt: now() + turnSeconds * 1000,
      });
      if (next === null) throw taken(turn, 'another execution was quicker');
      return next;
    },
    renew: (claimant, fence, busyFor) =>
      update(claimant, fence, (turn) => {
        if (busyFor !== null && turn.busyUntil > now()) {
          throw taken(turn, `an earlier attempt of this step may still be writing until ${turn.busyUntil}`);
        }
        return {
          renewedAt: now(),
          expiresAt: now() + turnSeconds * 1000,
          busyUntil: busyFor === null ? turn.busyUntil : now() + busyFor + lateness,
          begun: (turn.begun ?? 0) + 1,
        };
      }),
    note: (claimant, fence, changed) => update(claimant, fence, () => changed),
    settle: async (claimant, renewed, unanswered) => {
      const until = (unanswered ?? 0) === 0 ? 0 : (unanswered ?? 0) + lateness;
      for (;;) {
        const turn = await read();
        const isLast = holds(turn, claimant, renewed.fence) && turn.renewedAt === renewed.renewedAt;
        if (turn === null || (!isLast && turn.busyUntil >= until)) return;
        const own = isLast && unanswered !== null && turn.busyUntil === renewed.busyUntil;
        const busyUntil = Math.max(own ? 0 : turn.busyUntil, until);
        if ((await replace(turn, { ...turn, busyUntil, ...(isLast ? { begun: 0 } : {}) })) !== null) return;
      }
    },
    inherit: async (from, heir) => {
      for (;;) {
        const turn = await read();
        // An earlier attempt of the heir itself may have died holding it.
        const owners = [from.id, heir.id];
        if (turn?.owner == null || !owners.includes(turn.owner)) return null;
        const isThatRun =
          from.redriveCount === null
            ? turn.owner === heir.id || turn.renewedAt <= (from.endedAt ?? 0)
            : turn.redriveCount === from.redriveCount;
        if (!isThatRun) return null;
        if (turn.busyUntil > now()) throw taken(turn, `a step of it may still be writing until ${turn.busyUntil}`);
        const next = await replace(turn, {
          ...turn,
          fence: turn.fence + 1,
          ...lessAfterDeath(turn),
          owner: heir.id,
          redriveCount: heir.redriveCount,
          renewedAt: now(),
          expiresAt: now() + turnSeconds * 1000,
        });
        // A waiter's mark, or the last breath of the run that ended, is no reason to leave its turn.
        if (next !== null) return next;
      }
    },
    release: async (claimant, fence) => {
      for (;;) {
        const turn = await read();
        if (turn === null || turn.owner !== claimant.id || (fence !== null && turn.fence !== fence)) return false;
        const next = { ...turn, owner: null, expiresAt: 0, commit: null, rejection: null, begun: 0 };
        if ((await replace(turn, next)) !== null) return true;
      }
    },
  };
};
