import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Table } from '../../../shared/aws/table/table.ts';
import { type Claimant, createTurns, type Turn } from '../../../shared/aws/table/turn.ts';
import { ownTable } from '../../unit/aws/own-table.ts';

/** What one Lambda attempt or waiter does next. `writes` in milliseconds: how long it says it may write. */
type Act =
  | { readonly kind: 'take' }
  | { readonly kind: 'renew'; readonly writes: number | null }
  | { readonly kind: 'settle'; readonly isAnswered: boolean }
  | { readonly kind: 'note' }
  | { readonly kind: 'release' }
  | { readonly kind: 'inherit' }
  | { readonly kind: 'wait'; readonly milliseconds: number }
  /** Step Functions says the execution has ended; this attempt of it goes on all the same. */
  | { readonly kind: 'end' };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'take' } as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('renew' as const),
      writes: fc.constantFrom(null, 1_000, 50_000, 300_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const), isAnswered: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'note' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'release' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'inherit' } as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(1_000, 20_000, 31_000, 61_000, 320_000, 1_801_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'end' } as const) },
);

/** How long the firewall may take beyond a time limit, in milliseconds. */
const lateness = 120_000;

/** Two or three attempts, each of one of two executions, in one of two redrives. */
const programs = fc.array(
  fc.record({
    execution: fc.constantFrom('a', 'b'),
    redriveCount: fc.constantFrom(0, 0, 1),
    acts: fc.array(act, { minLength: 2, maxLength: 8 }),
  }),
  { minLength: 2, maxLength: 3 },
);

/** One who may be writing: from its renewal until it settles or its time is over. */
interface Writer {
  readonly fence: number;
  /** Null: it has ended, and what it sent may be carried out still. */
  attempt: number | null;
  until: number;
}

test('under any interleaving fences grow, never repeat, and no two attempts may write at one time', async (t) => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Math.max(1, Math.round((150 * Number(process.env['CASES'] ?? 20_000)) / 20_000));
  t.diagnostic(`seed ${seed}, ${numRuns} cases`);
  const own = await ownTable();
  let takings = 0;
  let crossings = 0;
  await fc.assert(
    fc.asyncProperty(programs, fc.scheduler(), async (attempts, scheduler) => {
      await own.table.delete('turn', 'turn', null);
      let fenceBefore = 0;
      const trace: Turn[] = [];
      const writers: Writer[] = [];
      const fences = new Map<number, number>();
      const ended = new Set<string>();
      // What the state machine hands on: attempts of one execution share its turn.
      const held = new Map<string, Turn>();
      // Each read and write waits for the scheduler: others come in between at its will.
      const table: Table = {
        ...own.table,
        get: async (pk, sk) => {
          await scheduler.schedule(Promise.resolve(), 'read');
          return own.table.get(pk, sk);
        },
        put: async (item, condition) => {
          await scheduler.schedule(Promise.resolve(), 'write');
          const written = await own.table.put(item, condition);
          if (!written) crossings += 1;
          else trace.push(item as Turn);
          return written;
        },
      };
      const turns = createTurns({ table, now: own.now, lateness });
      const isRunning = async (executionArn: string) => {
        await scheduler.schedule(Promise.resolve(), 'describe');
        return !ended.has(executionArn);
      };
      const taken = (turn: Turn, attempt: number) => {
        takings += 1;
        assert.equal(fences.has(turn.fence), false, `fence ${turn.fence} was given twice`);
        fences.set(turn.fence, attempt);
      };
      const run = async (attempt: number, claimant: Claimant, acts: readonly Act[]): Promise<void> => {
        const key = `${claimant.id} ${claimant.redriveCount}`;
        let renewed: Turn | null = null;
        const perform = async (one: Act): Promise<void> => {
          const turn = held.get(key) ?? null;
          switch (one.kind) {
            case 'take': {
              const got = await turns.take(claimant, isRunning);
              taken(got, attempt);
              held.set(key, got);
              return;
            }
            case 'renew': {
              if (turn === null) return;
              const asked = own.now();
              renewed = await turns.renew(claimant, turn.fence, one.writes);
              if (one.writes === null) return;
              const now = own.now();
              for (const writer of writers) {
                assert.ok(
                  writer.attempt === attempt || writer.until <= now,
                  `attempt ${attempt} may write (fence ${turn.fence}) while attempt ${writer.attempt} may (fence ${writer.fence})`,
                );
              }
              // The step's own deadline counts from when it started, not from when the answer came.
              writers.push({ fence: turn.fence, attempt, until: asked + one.writes });
              return;
            }
            case 'settle': {
              if (renewed === null) return;
              let unanswered = 0;
              for (const writer of writers.filter((each) => each.attempt === attempt)) {
                if (!one.isAnswered) unanswered = Math.max(unanswered, writer.until);
                // It has ended its writing before it says so; what has no answer may be carried out later still.
                writer.until = one.isAnswered ? 0 : writer.until + lateness;
                writer.attempt = null;
              }
              await turns.settle(claimant, renewed, unanswered);
              return;
            }
            case 'note':
              if (turn !== null) await turns.note(claimant, turn.fence, { limit: 4 });
              return;
            case 'release': {
              if (turn === null) return;
              await turns.release(claimant, turn.fence);
              return;
            }
            case 'inherit': {
              const from = claimant.id === 'arn:a' ? 'arn:b' : 'arn:a';
              if (!ended.has(from)) return;
              const heir = { ...claimant, id: `${from} (ended)` };
              const inherited = await turns.inherit({ id: from, redriveCount: heir.redriveCount }, heir);
              if (inherited !== null) {
                taken(inherited, attempt);
                assert.equal(inherited.owner, heir.id);
                await turns.release(heir, inherited.fence);
              }
              return;
            }
            case 'wait':
              own.clock.now += one.milliseconds;
              return;
            case 'end':
              ended.add(claimant.id);
              return;
          }
        };
        for (const one of acts) {
          try {
            await perform(one);
          } catch (error) {
            if (!(error instanceof Error) || !['TurnTaken', 'PlanStale'].includes(error.name)) throw error;
          }
        }
      };
      const all = Promise.all(
        attempts.map(({ execution, redriveCount, acts }, attempt) =>
          run(attempt, { id: `arn:${execution}`, name: execution, redriveCount }, acts),
        ),
      );
      await scheduler.waitFor(all);
      let version = 0;
      for (const turn of trace) {
        assert.equal(turn.version, version + 1, 'each item follows exactly the one that was read');
        assert.ok(turn.fence === fenceBefore || turn.fence === fenceBefore + 1, 'a fence grows by one');
        version = turn.version;
        fenceBefore = turn.fence;
      }
    }),
    { seed, numRuns },
  );
  assert.ok(takings > numRuns / 4, `${takings} takings`);
  t.diagnostic(`${takings} turns taken, ${crossings} lost races`);
});
