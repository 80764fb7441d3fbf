import { z } from 'zod';
import type { DescribedExecution } from '../shared/aws/executions.ts';
import type { Turn } from '../shared/aws/table/turn.ts';
import { subjectId } from '../shared/domain/change.ts';
import { errorCatalogue, isNamed } from '../shared/domain/errors.ts';
import { additionsOf } from '../shared/domain/plan/make-plan.ts';
import { unproven } from '../shared/domain/plan/proof.ts';
import { trafficText } from '../shared/domain/sets/traffic.ts';
import type { Firewall } from '../shared/panos/firewall.ts';
import { executionsPart } from '../shared/runtime/clients/executions.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { noticesPart } from '../shared/runtime/clients/notices.ts';
import { type TableParts, tableParts } from '../shared/runtime/clients/table.ts';
import type { Settings } from '../shared/runtime/settings.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { becomeWriter } from '../shared/workflow/become-writer.ts';
import { holding } from '../shared/workflow/held-step.ts';
import { type Results, resultsOf } from '../shared/workflow/results.ts';

const Status = z.looseObject({ executionArn: z.string(), name: z.string(), status: z.string() });

/** What a dead run leaves: what it had decided and did not get done. */
interface Unfinished {
  readonly notOpened: readonly string[];
  readonly stillOpen: readonly string[];
}

/** What the plan of a fence wanted and the running configuration does not show; null when no plan got so far. */
const unfinishedOf = async (results: Results, firewall: Firewall, bottomRule: string): Promise<Unfinished | null> => {
  const plan = await results.find('TestRules');
  if (plan === null) return null;
  const applied = await results.find('ApplyRules');
  const notJudged = [...(plan.obstacle?.candidates ?? []), ...(plan.putAside ?? []).map(({ rule }) => rule)];
  const additions = additionsOf(plan).map(({ group, traffic, destinations }) => {
    const to = [...new Set(destinations.map(({ instance }) => instance))];
    return `${group} ${trafficText(traffic)} to ${to.slice(0, 5).join(', ')}`;
  });
  const waiting = plan.limit.awaitingRules.map((name) => `${name}: what vanished of it waits for approval`);
  if (applied !== null && unproven(await firewall.running(), applied, bottomRule).length === 0) {
    return { notOpened: applied.withheld === null ? notJudged : additions, stillOpen: waiting };
  }
  return {
    notOpened: [...notJudged, ...additions],
    stillOpen: [...[...plan.removals, ...plan.shrinks].map(({ name, why }) => `${name}: ${why}`), ...waiting],
  };
};

const listed = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [`${title}: nothing.`] : [`${title}:`, ...lines.slice(0, 20).map((line) => `  ${line}`)];

const messageFor = (
  name: string,
  described: DescribedExecution,
  state: string | null,
  cleaned: string,
  unfinished: Unfinished | null,
): string => {
  const known = described.error !== null && described.error in errorCatalogue;
  const advice = known
    ? errorCatalogue[described.error as keyof typeof errorCatalogue].whatToDo
    : 'Read the cause; redrive.';
  return [
    `Execution ${name} ended ${described.status}${state === null ? '' : ` in ${state}`}.`,
    `Error: ${described.error ?? 'none given'}`,
    `Cause: ${causeText(described.cause)}`,
    `What to do: ${advice}`,
    cleaned,
    ...(unfinished === null
      ? [
          'What is not opened and still open is not known: it ended before the policy was read. Its changes stay pending.',
        ]
      : [...listed('Not opened', unfinished.notOpened), ...listed('Still open', unfinished.stillOpen)]),
  ].join('\n');
};

/** The cause of a function's error is JSON text with its message inside (documented). */
const causeText = (cause: string | null): string => {
  try {
    const { errorMessage } = JSON.parse(cause ?? '{}') as { errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : (cause ?? 'none given');
  } catch {
    return cause ?? 'none given';
  }
};

/** Withdraws what the dead run staged and frees locks of ours; says what was done. */
const cleanUp = async (parts: TableParts & { readonly firewall: Firewall }, settings: Settings): Promise<string> => {
  const { firewall, records } = parts;
  const { withdrawn, released } = await becomeWriter({ firewall, records, settings });
  const staged =
    withdrawn.length === 0 ? 'Nothing was staged' : `What was staged was withdrawn (${withdrawn.length} entries)`;
  return [staged, ...released.map(({ kind }) => `a ${kind} lock was released`)].join(', ').concat('.');
};

/**
 * Outside the workflow: what happens after an execution failed, timed out or was aborted. Gives its turn up, only if it is
 * still that run's and was not renewed since; withdraws under the turn what it staged; notes its changes as failed; tells
 * somebody once. Safe to repeat, late or doubled, and harmless after a redrive.
 */
export const executionEnded = defineStep({
  name: 'ExecutionEnded',
  of: 'status',
  input: Status,
  parts: (surroundings, settings, run) => ({
    ...tableParts(surroundings, settings),
    executions: executionsPart(surroundings),
    notices: noticesPart(surroundings, settings),
    firewall: firewallPart(surroundings, settings, run),
    now: surroundings.world.now,
    sleep: surroundings.world.sleep,
  }),
  run: async (parts, { executionArn, name }, run, settings) => {
    const { changes, turns, executions, notices, now } = parts;
    const described = await executions.describe(executionArn);
    if (described === null || !['FAILED', 'TIMED_OUT', 'ABORTED'].includes(described.status)) {
      return { done: 'nothing', because: `The execution is ${described?.status ?? 'not known'}.` };
    }
    const heir = { id: `${executionArn} (ended)`, name, redriveCount: described.redriveCount };
    const left = () => run.deadline - now();
    // A function of it that was running when it ended may still be writing: until that is over, nobody takes its turn.
    const turn = await whileBusy(parts, 'TurnTaken', left(), () =>
      turns.inherit({ id: executionArn, redriveCount: described.redriveCount }, heir),
    );
    const { cleaned, unfinished } =
      turn === null
        ? { cleaned: 'It held no turn: nothing of it was staged.', unfinished: null }
        : await underTurn(parts, settings, { name, heir, turn, milliseconds: left() });
    const cause = `${described.error ?? described.status}: ${causeText(described.cause)}`;
    const open = (await changes.of(name)).filter((item) => item.state !== 'handled');
    for (const item of open) await changes.markFailed(item, cause);
    const state = await executions.lastState(executionArn);
    const told = await notices.once(`${executionArn} ${described.redriveCount} ${described.stoppedAt ?? ''}`, {
      subject: `policy-sync: ${described.error ?? described.status} (${firewallName(settings)})`,
      message: messageFor(name, described, state, cleaned, unfinished),
    });
    return { done: 'cleaned up', cleaned, failed: open.map((item) => subjectId(item.subject)), told };
  },
});

const firewallName = (settings: Settings): string => settings.FIREWALL_ENDPOINT.join(', ');

interface Waiting {
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

const waitMilliseconds = 10_000;

/** Tries again while something of ours is still under way, as long as there is time: what it leaves is only known then. */
const whileBusy = async <Value>(
  { now, sleep }: Waiting,
  busy: 'TurnTaken' | 'CommitRunning',
  milliseconds: number,
  act: () => Promise<Value>,
): Promise<Value> => {
  const until = now() + milliseconds - 3 * waitMilliseconds;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isNamed(error, busy) || now() >= until) throw error;
      await sleep(waitMilliseconds);
    }
  }
};

/** The clean-up while the turn is held; the turn is given up whatever happens, since the next holder withdraws as well. */
const underTurn = async (
  parts: TableParts & { readonly firewall: Firewall } & Waiting,
  settings: Settings,
  held: {
    readonly name: string;
    readonly heir: Parameters<TableParts['turns']['renew']>[0];
    readonly turn: Turn;
    readonly milliseconds: number;
  },
): Promise<{ readonly cleaned: string; readonly unfinished: Unfinished | null }> => {
  const { heir, turn, name } = held;
  const { turns, workings, firewall } = parts;
  const results = resultsOf(workings, name, turn.fence - 1);
  const outcome = await holding(turns, heir, turn.fence, held.milliseconds, async () => {
    try {
      const unfinished = await unfinishedOf(results, firewall, settings.BOTTOM_RULE);
      const clean = () => cleanUp(parts, settings);
      return { cleaned: await whileBusy(parts, 'CommitRunning', held.milliseconds, clean), unfinished };
    } catch (error) {
      const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return {
        cleaned: `What it staged could not be withdrawn (${words}); the next run does so before anything else.`,
        unfinished: null,
      };
    }
  });
  await turns.release(heir, turn.fence);
  return outcome;
};

export const handler = handlerOf(executionEnded);
