import type { ChangeItem, Changes } from '../shared/aws/table/changes.ts';
import { isNamed, NamedError } from '../shared/domain/errors.ts';
import { executionsPart } from '../shared/runtime/clients/executions.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import type { Execution } from '../shared/runtime/execution.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { becomeWriter } from '../shared/workflow/become-writer.ts';
import { holding } from '../shared/workflow/held-step.ts';
import { resultsOf } from '../shared/workflow/results.ts';
import { brief, shown, TurnInput } from '../shared/workflow/states.ts';
import type { BatchLine } from '../shared/workflow/step-results.ts';

/** A plan that became stale is made again at most this often in a row. */
const mostPlans = 12;

/** What made the last plan stale: the Catch keeps the error, whose Cause is JSON text with the message (documented). */
const staleCause = (stale: unknown): string => {
  const { Cause = '' } = (stale ?? {}) as { readonly Cause?: string };
  const [, message] = /"errorMessage":("(?:[^"\\]|\\.)*")/.exec(Cause) ?? [];
  return brief(message === undefined ? Cause : String(JSON.parse(message)));
};

const batchLine = ({ pk, sk, execution, subject, change }: ChangeItem): BatchLine => ({
  pk,
  sk,
  execution,
  subject,
  change,
});

/** Its own open changes first, then every other that waits, as many as one plan may carry. */
const takeBatch = async (
  changes: Changes,
  execution: Execution,
  open: readonly ChangeItem[],
  limit: number,
): Promise<readonly BatchLine[]> => {
  // A resync reads everything, so it also carries out what other executions failed to. What an operator asked for was about what
  // he saw then: only his own execution carries it out later.
  const isResync = open.some((item) => item.subject.kind === 'everything');
  const others = [
    ...(await changes.pending(limit)),
    ...(isResync ? (await changes.failed(limit)).filter(({ change }) => change.operator === undefined) : []),
  ].filter((item) => item.execution !== execution.name);
  return [...open, ...others].slice(0, Math.max(open.length, limit)).map(batchLine);
};

/** Edits under our account that the operator who started this execution has confirmed to be taken back. */
const revertedBy = (own: readonly ChangeItem[]): string | null => {
  const [revert = null] = own.flatMap(({ change: { operator } }) =>
    operator !== undefined && 'revert' in operator ? [operator.revert] : [],
  );
  return revert;
};

/** What to end with when the execution's own changes are carried out already. */
const handledOutput = ({ format, change }: TurnInput, execution: Execution, own: readonly ChangeItem[]) => {
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
  run: async (
    { changes, turns, records, workings, firewall, isRunning, now },
    state,
    { execution, deadline, unanswered },
    settings,
  ) => {
    const own = await changes.of(execution.name);
    const open = own.filter((item) => item.state !== 'handled');
    if (own.length > 0 && open.length === 0) {
      await turns.release(execution, null);
      return handledOutput(state, execution, own);
    }
    const { redriveCount } = execution;
    const before = await turns.read();
    // A plan that was smaller, or went without a refused rule, brought this on: only those that repeat themselves count.
    const progressed = before?.owner === execution.id && before.progressed === true;
    const attempt = state.turn?.redriveCount === redriveCount && !progressed ? state.turn.attempt + 1 : 1;
    if (attempt > mostPlans) {
      await turns.release(execution, null);
      throw new NamedError(
        'PolicyUnsettled',
        `The plan became stale ${mostPlans} times in a row, at last since: ${staleCause(state['stale'])}`,
      );
    }
    const { fence } = await turns.take(execution, isRunning);
    const writing = { busyFor: deadline - now(), unanswered };
    const taking = holding(turns, execution, fence, writing, async ({ limit }) => {
      const settled = await becomeWriter({ firewall, records, settings, revert: revertedBy(open) });
      const batch = await takeBatch(changes, execution, open, limit);
      await resultsOf(workings, execution.name, fence).write('TakeTurn', batch);
      const { format, change } = state;
      const lines = batch.map((line) => `${line.change.kind} ${line.sk} (${line.execution})`);
      const turn = {
        fence,
        attempt,
        redriveCount,
        batch: shown(lines, (line) => line.includes(execution.name)),
        withdrawn: shown(settled.withdrawn.map(brief)),
        working: `working#${execution.name} ${fence}#`,
      };
      return { format, work: 'pending', because: null, change, turn, firewall: settled.firewall };
    });
    return taking.catch((error: unknown) => {
      // Every later state goes back to this one; here the turn that was lost again is waited for.
      throw isNamed(error, 'PlanStale') ? new NamedError('TurnTaken', error.message, { cause: error }) : error;
    });
  },
});

export const handler = handlerOf(takeTurn);
