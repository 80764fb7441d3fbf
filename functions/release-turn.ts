import { z } from 'zod';
import type { Changes } from '../shared/aws/table/changes.ts';
import type { Failures } from '../shared/aws/table/failures.ts';
import type { Notices } from '../shared/aws/table/notices.ts';
import { largestBatch } from '../shared/aws/table/turn.ts';
import type { Plan } from '../shared/domain/plan/plan.ts';
import { putAsideText } from '../shared/domain/plan/refusals.ts';
import type { Unrecorded } from '../shared/domain/plan/unrecorded.ts';
import type { FirewallReads } from '../shared/panos/firewall.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { failuresPart, noticesPart } from '../shared/runtime/clients/notices.ts';
import { digestOf } from '../shared/runtime/digest.ts';
import { handlerOf } from '../shared/runtime/step.ts';
import { askFirewall, disagreementMetric } from '../shared/workflow/ask-firewall.ts';
import { conclude } from '../shared/workflow/conclude.ts';
import { defineHeldStep, type Held } from '../shared/workflow/held-step.ts';
import { awaitingNotice, noteScopeSettings } from '../shared/workflow/removal-limit.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';
import type { BatchLine } from '../shared/workflow/step-results.ts';

/** What the ways to here have left in the state. */
const Input = HeldState.extend({
  because: z.string().nullish(),
  tested: z.looseObject({}).optional(),
  commit: z.looseObject({}).optional(),
});

interface TellingParts {
  readonly notices: Notices;
  readonly failures: Failures;
  readonly firewall: FirewallReads;
  readonly writeLog: (line: string) => void;
  readonly now: () => number;
}

/**
 * Marks exactly the changes of this plan handled, with their outcome, and hands the turn on. Safe to repeat: a handled change
 * stays as it is, and a turn given up is not given up twice.
 */
export const releaseTurn = defineHeldStep({
  name: 'ReleaseTurn',
  writes: false,
  input: Input,
  parts: (surroundings, settings, run): TellingParts => ({
    notices: noticesPart(surroundings, settings),
    failures: failuresPart(surroundings, settings),
    firewall: firewallPart(surroundings, settings, run),
    writeLog: surroundings.writeLog,
    now: surroundings.world.now,
  }),
  act: async (held, parts) => {
    const { state, execution, fence, turn, results, table } = held;
    const plan = state.tested === undefined ? null : await results.read('TestRules');
    const job = state.commit === undefined ? null : (await results.read('Commit')).job;
    const { done, own } = await conclude(held, plan, { job, because: state.because ?? null });
    // What is true no more must not explain a later loss, also where nothing had to be written.
    await table.removalCount.dropFacts((await results.find('DeriveRules'))?.outdatedFacts ?? []);
    await noteScopeSettings(held, done, plan);
    await table.turns.note(execution, fence, { limit: Math.min(largestBatch, turn.limit * 2) });
    await table.turns.release(execution, fence);
    // The work is done and the turn is another execution's: what follows only tells, and never fails this one.
    const notTold = await tellHouse(parts, table.changes, done, plan);
    const secondOpinion = await askAgain(held, parts, plan);
    return {
      result: null,
      output: {
        outcome: { changes: done.length, commitJob: job, own: shown(own) },
        secondOpinion,
        ...(notTold === null ? {} : { notTold: brief(notTold) }),
      },
    };
  },
});

/**
 * Tells once what others did to rules of ours and what the firewall refused, and, after a resync, which failures are over: only that has looked at everything.
 * Answers why it could not, or null.
 */
const tellHouse = async (
  { notices, failures }: TellingParts,
  changes: Changes,
  done: readonly BatchLine[],
  plan: Plan | null,
): Promise<string | null> => {
  try {
    if (done.some(({ subject }) => subject.kind === 'everything')) {
      const isOpen = async (execution: string): Promise<boolean> =>
        (await changes.of(execution)).some(({ state }) => state !== 'handled');
      await failures.tellOver(isOpen, lastingErrors(plan));
    }
    for (const text of [...(plan?.reports ?? []), ...(plan?.notTouched ?? []), ...(plan?.closed ?? [])]) {
      await notices.once(`house ${text}`, { subject: 'a rule of this system was changed', message: text });
    }
    for (const putAside of plan?.putAside ?? []) {
      await notices.once(`put aside ${putAside.id}`, {
        subject: putAside.hours === null ? 'a security group has its most rules' : 'the firewall refuses a rule',
        message: putAsideText(putAside),
      });
    }
    await tellUnrecorded(notices, plan?.unrecorded ?? { rules: [], tables: [] });
    const waits = plan === null ? null : awaitingNotice(plan.limit);
    if (waits !== null) await notices.once(waits.key, waits.notice);
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

const mostLines = 100;

/** Tells of rules that bear a mark and that no record knows: once for each set of them, and once for each other table. */
const tellUnrecorded = async (notices: Notices, { rules, tables }: Unrecorded): Promise<void> => {
  const more = rules.length > mostLines ? [`And ${rules.length - mostLines} more.`] : [];
  if (rules.length > 0) {
    await notices.once(`unrecorded ${digestOf(rules.join('\n'))}`, {
      subject: 'rules that no record knows',
      message: [...rules.slice(0, mostLines), ...more].join('\n'),
    });
  }
  for (const { table, text } of tables) {
    await notices.once(`marked by ${table}`, { subject: 'rules with the mark of another table', message: text });
  }
};

/** What a plan that was carried out still could not do: failures for it are not over, though nothing waits to be taken on. */
const lastingErrors = (plan: Plan | null): ReadonlySet<string> =>
  new Set([
    ...(plan?.obstacle ? [plan.obstacle.name] : []),
    ...(plan?.putAside ?? []).map(({ name }) => name),
    ...(plan?.limit.awaiting.length ? ['TooMuchToRemove'] : []),
  ]);

/** Asks the firewall itself about a few sessions, and makes a disagreement loud. */
const askAgain = async (
  { table: { records }, settings, run }: Held<unknown>,
  { firewall, writeLog, now }: TellingParts,
  plan: Plan | null,
) => {
  const { comparisons, notAsked } = await askFirewall(firewall, plan?.judged ?? [], await records.rules(), settings);
  const textsOf = (wanted: 'disagrees' | 'inconclusive') =>
    comparisons.filter(({ outcome }) => outcome === wanted).map(({ text }) => text);
  const disagreements = textsOf('disagrees');
  for (const text of disagreements) run.log('POLICY MATCH DISAGREES', { text });
  if (comparisons.length > 0) writeLog(disagreementMetric(now(), disagreements.length));
  return section({
    agrees: comparisons.filter(({ outcome }) => outcome === 'agrees').length,
    disagrees: shown(disagreements.map(brief)),
    inconclusive: shown(textsOf('inconclusive').map(brief)),
    ...(notAsked === null ? {} : { notAsked: brief(notAsked) }),
  });
};

export const handler = handlerOf(releaseTurn);
