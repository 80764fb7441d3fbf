import type { Turn, Turns } from '../aws/table/turn.ts';
import { isNamed } from '../domain/errors.ts';
import { additionsOf } from '../domain/plan/plan.ts';
import { unproven } from '../domain/plan/proof.ts';
import { trafficText } from '../domain/sets/traffic.ts';
import type { Firewall } from '../panos/firewall.ts';
import type { TableParts } from '../runtime/clients/table.ts';
import type { Settings } from '../runtime/settings.ts';
import { becomeWriter } from './become-writer.ts';
import { holding, type Writing } from './held-step.ts';
import { type Results, resultsOf } from './results.ts';

/** What a dead run leaves: what it had decided and did not get done. */
export interface Unfinished {
  readonly notOpened: readonly string[];
  readonly stillOpen: readonly string[];
}

/** A sentence on what was cleaned up, and what is left; null when that is not known. */
export interface CleanedUp {
  readonly cleaned: string;
  readonly unfinished: Unfinished | null;
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

/** Withdraws what the dead run staged and frees locks of ours; says what was done. */
const withdrawn = async ({ firewall, records }: CleanUpParts, settings: Settings): Promise<string> => {
  const { withdrawn: taken, released } = await becomeWriter({ firewall, records, settings, revert: null });
  const staged = taken.length === 0 ? 'Nothing was staged' : `What was staged was withdrawn (${taken.length} entries)`;
  return [staged, ...released.map(({ kind }) => `a ${kind} lock was released`)].join(', ').concat('.');
};

export interface CleanUpParts extends Pick<TableParts, 'turns' | 'records' | 'workings'> {
  readonly firewall: Firewall;
  readonly unanswered: Writing['unanswered'];
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

const waitMilliseconds = 10_000;

/** Tries again while something of ours is still under way, as long as there is time: what it leaves is only known then. */
const whileBusy = async <Value>(
  { now, sleep }: CleanUpParts,
  busy: 'TurnTaken' | 'CommitRunning',
  milliseconds: number,
  act: () => Promise<Value>,
): Promise<Value> => {
  const until = now() + milliseconds - waitMilliseconds;
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
  parts: CleanUpParts,
  settings: Settings,
  held: { readonly name: string; readonly heir: Heir; readonly turn: Turn; readonly milliseconds: number },
): Promise<CleanedUp> => {
  const { heir, turn, name, milliseconds } = held;
  const { turns, workings, firewall } = parts;
  const results = resultsOf(workings, name, turn.fence - 1);
  const writing = { busyFor: milliseconds, unanswered: parts.unanswered };
  const outcome = await holding(turns, heir, turn.fence, writing, async () => {
    try {
      const unfinished = await unfinishedOf(results, firewall, settings.BOTTOM_RULE);
      const act = () => withdrawn(parts, settings);
      return { cleaned: await whileBusy(parts, 'CommitRunning', milliseconds, act), unfinished };
    } catch (error) {
      const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      const cleaned = `What it staged could not be withdrawn (${words}); the next run does so before anything else.`;
      return { cleaned, unfinished: null };
    }
  });
  await turns.release(heir, turn.fence);
  return outcome;
};

type Heir = Parameters<Turns['renew']>[0];

/** A run that has ended, by what it may hold the turn under. */
export interface Dead {
  readonly id: string;
  readonly name: string;
  /** Null when it is not known; then only a turn that was not renewed after `endedAt` is its own. */
  readonly redriveCount: number | null;
  readonly endedAt: number | null;
}

/**
 * Gives up the turn of a run that has ended, only if it is still that run's, and withdraws under it what the run staged, by `until`.
 * @throws AwsBusy, AwsDenied, Misconfigured of the table; TurnTaken while a function of the run may still be writing
 */
export const cleanUpAfter = async (
  parts: CleanUpParts,
  settings: Settings,
  { id, name, redriveCount, endedAt }: Dead,
  until: number,
): Promise<CleanedUp> => {
  const left = () => until - parts.now();
  const heir = { id: `${id} (ended)`, name, redriveCount: redriveCount ?? 0 };
  // A function of it that was running when it ended may still be writing: until that is over, nobody takes its turn.
  const turn = await whileBusy(parts, 'TurnTaken', left(), () =>
    parts.turns.inherit({ id, redriveCount, endedAt }, heir),
  );
  if (turn !== null) return underTurn(parts, settings, { name, heir, turn, milliseconds: left() });
  const cleaned =
    'It holds no turn: what it may have staged is withdrawn by the next holder of the turn before anything else.';
  return { cleaned, unfinished: null };
};
