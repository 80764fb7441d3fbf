import type { z } from 'zod';
import type { Claimant, Turn, Turns } from '../aws/table/turn.ts';
import { type TableParts, tableParts } from '../runtime/clients/table.ts';
import type { Execution } from '../runtime/execution.ts';
import type { Settings } from '../runtime/settings.ts';
import { defineStep, type Run, type Step } from '../runtime/step.ts';
import type { Surroundings } from '../runtime/surroundings.ts';
import { type Results, resultsOf } from './results.ts';
import { carryLess } from './split-batch.ts';
import type { HeldState } from './states.ts';
import type { StepName, StepResults } from './step-results.ts';

/** How long an act may be writing, and what became of what it sent. */
export interface Writing {
  /** Milliseconds during which no other attempt writes. */
  readonly busyFor: number;
  readonly unanswered: Run['unanswered'];
}

/**
 * Acts while the turn is this claimant's: renews it first, and settles it afterwards however the act ends. What the act sent
 * without an answer keeps everybody from writing until the firewall has had time for it. `writing` null: the act only reads.
 * @throws PlanStale when the turn is lost, TurnTaken when an earlier attempt may still be writing
 */
export const holding = async <Value>(
  turns: Turns,
  claimant: Claimant,
  fence: number,
  writing: Writing | null,
  act: (turn: Turn) => Promise<Value>,
): Promise<Value> => {
  const turn = await turns.renew(claimant, fence, writing?.busyFor ?? null);
  try {
    return await act(turn);
  } finally {
    await turns.settle(claimant, turn, writing?.unanswered.until ?? null);
  }
};

/** What a step knows that runs while its execution holds the turn. */
export interface Held<State> {
  readonly state: State;
  readonly execution: Execution;
  readonly fence: number;
  readonly turn: Turn;
  /** What earlier steps of this plan have handed on. */
  readonly results: Results;
  readonly table: TableParts;
  readonly settings: Settings;
  readonly run: Run;
}

/** One state after TakeTurn. */
interface HeldStep<Name extends StepName, State, Parts> {
  readonly name: Name;
  /** Whether it may write to the firewall. */
  readonly writes: boolean;
  readonly input: z.ZodType<State>;
  readonly parts: (surroundings: Surroundings, settings: Settings, run: Run) => Parts;
  /** `output` is what the state shows beside what it was given, `result` what later steps carry on with. */
  readonly act: (
    held: Held<State>,
    parts: Parts,
  ) => Promise<{ readonly output: Readonly<Record<string, unknown>>; readonly result: StepResults[Name] }>;
}

interface HeldParts<Parts> {
  readonly own: Parts;
  readonly table: TableParts;
  readonly now: () => number;
}

/**
 * States a step that runs while its execution holds the turn: the turn is renewed before it, its result is kept for later
 * steps, and the turn is settled after it.
 */
export const defineHeldStep = <Name extends StepName, State extends HeldState, Parts>({
  name,
  writes,
  input,
  parts,
  act,
}: HeldStep<Name, State, Parts>): Step<State, HeldParts<Parts>> =>
  defineStep({
    name,
    of: 'state',
    input,
    parts: (surroundings, settings, run) => ({
      own: parts(surroundings, settings, run),
      table: tableParts(surroundings, settings, run),
      now: surroundings.world.now,
    }),
    run: ({ own, table, now }, state, run, settings) => {
      const { execution } = run;
      const { fence } = state.turn;
      const results = resultsOf(table.workings, execution.name, fence);
      const writing = writes ? { busyFor: run.deadline - now(), unanswered: run.unanswered } : null;
      return holding(table.turns, execution, fence, writing, async (turn) => {
        await carryLess({ turn, table, results, execution, fence });
        const { output, result } = await act({ state, execution, fence, turn, results, table, settings, run }, own);
        if (result !== null) await results.write(name, result);
        return { ...state, ...output };
      });
    },
  });
