import { z } from 'zod';
import type { ChangeOutcome } from '../shared/aws/table/changes.ts';
import type { Notices } from '../shared/aws/table/notices.ts';
import { largestBatch } from '../shared/aws/table/turn.ts';
import { subjectId } from '../shared/domain/change.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { noticesPart } from '../shared/runtime/clients/notices.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { askFirewall, disagreementMetric } from '../shared/workflow/ask-firewall.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';
import type { BatchLine, Committed, OutcomeLine, Resolved, Tested } from '../shared/workflow/step-results.ts';

/** What the ways to here have left in the state. */
const Input = HeldState.extend({
  because: z.string().nullish(),
  tested: z.looseObject({}).optional(),
  commit: z.looseObject({}).optional(),
});

const mostOutcomeLines = 20;

/** The part of the outcome that concerns one subject, in a few lines. */
const summaryFor = (line: BatchLine, outcome: readonly OutcomeLine[], because: string | null): string => {
  const id = subjectId(line.subject);
  const about = outcome.filter((each) => id === 'everything' || each.about.includes(id)).map((each) => each.text);
  const shownLines = about.slice(0, mostOutcomeLines);
  const more = about.length > shownLines.length ? [`and ${about.length - shownLines.length} more`] : [];
  return brief([...shownLines, ...more].join('; ') || because || 'Nothing had to be changed.');
};

/**
 * Marks exactly the changes of this plan handled, with their outcome, and hands the turn on. Safe to repeat: a handled change
 * stays as it is, and a turn given up is not given up twice.
 */
export const releaseTurn = defineStep({
  name: 'ReleaseTurn',
  of: 'state',
  input: Input,
  parts: (surroundings, settings, run) => ({
    ...tableParts(surroundings, settings),
    notices: noticesPart(surroundings, settings),
    firewall: firewallPart(surroundings, settings, run),
    writeLog: surroundings.writeLog,
    now: surroundings.world.now,
  }),
  run: async (
    { changes, turns, workings, records, notices, firewall, writeLog, now },
    state,
    { execution, log },
    settings,
  ) => {
    const { fence } = state.turn;
    const turn = await turns.renew(execution, fence, null);
    const batch = (await workings.read(execution.name, fence, 'TakeTurn')) as readonly BatchLine[];
    const { notYet } = (await workings.read(execution.name, fence, 'ResolveInterfaces')) as Resolved;
    const left = new Set(notYet);
    const tested =
      state.tested === undefined ? null : ((await workings.read(execution.name, fence, 'TestRules')) as Tested);
    const committed =
      state.commit === undefined ? null : ((await workings.read(execution.name, fence, 'Commit')) as Committed);
    const handled: string[] = [];
    let count = 0;
    // Its own last: a run that dies here is redriven only while its own change is open, and then takes the others again.
    const isOwn = (line: BatchLine): number => Number(line.execution === execution.name);
    const done = batch.filter(({ pk, sk }) => !left.has(`${pk} ${sk}`)).toSorted((a, b) => isOwn(a) - isOwn(b));
    for (const line of done) {
      const outcome: ChangeOutcome = {
        execution: execution.name,
        summary: summaryFor(line, tested?.lines ?? [], state.because ?? null),
        commitJob: committed?.job ?? null,
      };
      await changes.markHandled(line, outcome);
      count += 1;
      if (line.execution === execution.name) handled.push(`${subjectId(line.subject)}: ${outcome.summary}`);
    }
    await turns.note(execution, fence, { limit: Math.min(largestBatch, turn.limit * 2) });
    await turns.release(execution, fence);
    // The work is done and the turn is somebody else's: what follows only tells, and never fails the execution.
    const told = await tellHouse(notices, tested);
    const { comparisons, notAsked } = await askFirewall(
      firewall,
      tested?.judged ?? [],
      await records.rules(),
      settings,
    );
    const disagreements = comparisons.filter(({ outcome }) => outcome === 'disagrees');
    for (const { text } of disagreements) log('POLICY MATCH DISAGREES', { text });
    if (comparisons.length > 0) writeLog(disagreementMetric(now(), disagreements.length));
    return {
      ...state,
      outcome: { changes: count, commitJob: committed?.job ?? null, own: shown(handled) },
      secondOpinion: section({
        agrees: comparisons.filter(({ outcome }) => outcome === 'agrees').length,
        disagrees: shown(disagreements.map(({ text }) => brief(text))),
        inconclusive: shown(
          comparisons.filter(({ outcome }) => outcome === 'inconclusive').map(({ text }) => brief(text)),
        ),
        ...(notAsked === null ? {} : { notAsked: brief(notAsked) }),
      }),
      ...(told === null ? {} : { notTold: brief(told) }),
    };
  },
});

/** Tells once what others did to rules of ours. Answers why it could not, or null. */
const tellHouse = async (notices: Notices, tested: Tested | null): Promise<string | null> => {
  const texts = [...(tested?.reports ?? []).map(({ text }) => text), ...(tested?.notTouched ?? [])];
  try {
    for (const text of texts) {
      await notices.once(`house ${text}`, {
        subject: 'policy-sync: somebody changed a rule of this system',
        message: text,
      });
    }
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

export const handler = handlerOf(releaseTurn);
