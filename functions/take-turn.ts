import type { ChangeItem } from '../shared/aws/table/changes.ts';
import { NamedError } from '../shared/domain/errors.ts';
import { executionsPart } from '../shared/runtime/clients/executions.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { becomeWriter } from '../shared/workflow/become-writer.ts';
import { brief, shown, TurnInput } from '../shared/workflow/states.ts';

/** A plan that became stale is made again at most this often in a row. */
const mostPlans = 12;

/** What made the last plan stale: the Catch keeps the error, whose Cause is JSON text with the message (documented). */
const staleCause = (stale: unknown): string => {
  const { Cause = '' } = (stale ?? {}) as { readonly Cause?: string };
  const [, message = Cause] = /"errorMessage":("(?:[^"\\]|\\.)*")/.exec(Cause) ?? [];
  return brief(message);
};

/**
 * Becomes the one writer, with every pending change in hand and a candidate configuration free of leftovers; or learns that
 * another run did the work. Safe to repeat: a turn that is ours already is taken again under a higher fence.
 */
export const takeTurn = defineStep({
  name: 'TakeTurn',
  of: 'state',
  input: TurnInput,
  parts: (surroundings, settings, run) => ({
    ...tableParts(surroundings, settings, run),
    firewall: firewallPart(surroundings, settings, run),
    isRunning: executionsPart(surroundings).isRunning,
    now: surroundings.world.now,
  }),
  run: async ({ changes, turns, records, workings, firewall, isRunning, now }, state, run, settings) => {
    const { execution } = run;
    const { format, change } = state;
    const own = await changes.of(execution.name);
    const open = own.filter((item) => item.state !== 'handled');
    if (own.length > 0 && open.length === 0) {
      await turns.release(execution, null);
      const outcomes = own.map((item) => ({ subject: item.sk, ...item.outcome }));
      return {
        format,
        work: 'handled',
        because: outcomes.every((outcome) => outcome.execution === execution.name)
          ? 'This execution carried it out before.'
          : 'Another execution carried it out.',
        change,
        handled: shown(outcomes),
      };
    }
    const attempt = state.turn?.redriveCount === execution.redriveCount ? state.turn.attempt + 1 : 1;
    if (attempt > mostPlans) {
      await turns.release(execution, null);
      throw new NamedError(
        'PolicyUnsettled',
        `The plan became stale ${mostPlans} times in a row, at last since: ${staleCause(state['stale'])}`,
      );
    }
    const taken = await turns.take(execution, isRunning);
    const turn = await turns.renew(execution, taken.fence, run.deadline - now());
    try {
      const settled = await becomeWriter({ firewall, records, settings });
      // A resync reads everything, so it also carries out what other executions failed to.
      const isResync = open.some((item) => item.subject.kind === 'everything');
      const others = [
        ...(await changes.pending(turn.limit)),
        ...(isResync ? await changes.failed(turn.limit) : []),
      ].filter((item) => item.execution !== execution.name);
      const batch: readonly ChangeItem[] = [...open, ...others].slice(0, Math.max(open.length, turn.limit));
      await workings.write(execution.name, turn.fence, 'TakeTurn', batch);
      return {
        format,
        work: 'pending',
        because: null,
        change,
        turn: {
          fence: turn.fence,
          attempt,
          redriveCount: execution.redriveCount,
          batch: shown(
            batch.map((item) => `${item.change.kind} ${item.sk} (${item.execution})`),
            (line) => line.includes(execution.name),
          ),
          withdrawn: shown(settled.withdrawn.map(brief)),
          working: `working#${execution.name} ${turn.fence}#`,
        },
        firewall: settled.firewall,
      };
    } finally {
      await turns.settle(execution, turn);
    }
  },
});

export const handler = handlerOf(takeTurn);
