import { z } from 'zod';
import type { Failure, Failures } from '../shared/aws/table/failures.ts';
import { subjectId } from '../shared/domain/change.ts';
import { executionsPart } from '../shared/runtime/clients/executions.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { failuresPart, publisher } from '../shared/runtime/clients/notices.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import type { Surroundings } from '../shared/runtime/surroundings.ts';
import { type CleanedUp, cleanUpAfter } from '../shared/workflow/clean-up.ts';
import { type EndedRun, howItEnded } from '../shared/workflow/ended-run.ts';
import { causeOf, causeText, failureText } from '../shared/workflow/failure-notice.ts';

const Status = z.looseObject({
  executionArn: z.string(),
  name: z.string(),
  status: z.string(),
  stopDate: z.number().nullish(),
});
type Status = z.infer<typeof Status>;

/** Kept back from the clean-up, so that a firewall or table that hangs leaves time to tell. */
const tellingMilliseconds = 20_000;

const wordsOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

interface Parts {
  readonly executions: ReturnType<typeof executionsPart>;
  readonly publish: ReturnType<typeof publisher>;
  /** What was told where the table could not note it, for as long as this process lives: Lambda asks again after a failure. */
  readonly toldWithoutTable: Set<string>;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

const tellingParts = (surroundings: Surroundings): Parts => ({
  executions: executionsPart(surroundings),
  publish: publisher(surroundings),
  toldWithoutTable: surroundings.once('told without the table', () => new Set<string>()),
  now: surroundings.world.now,
  sleep: surroundings.world.sleep,
});

const howEnded = (parts: Parts, { executionArn, status, stopDate = null }: Status, until: number) =>
  howItEnded({ ...parts, describe: parts.executions.describe }, { executionArn, status, stopDate }, until);

/** Tells of a failed run, counted by its cause; where the table cannot count, as a message of its own. */
const tell = async (
  { executions, publish, toldWithoutTable, now }: Parts,
  { executionArn, name }: Status,
  ended: EndedRun,
  cleanedUp: CleanedUp,
  failures: Failures | null,
): Promise<boolean> => {
  // The state only adds to what is told: without it the rest is told all the same.
  const state = await executions.lastState(executionArn).catch(() => null);
  const error = ended.error ?? ended.status;
  const failure: Failure = {
    cause: causeOf(error, ended.cause),
    error,
    execution: name,
    end: `${ended.redriveCount ?? ''} ${ended.endedAt ?? ''}`,
    endedAt: ended.endedAt ?? now(),
    message: failureText(name, ended, state, cleanedUp),
  };
  let notCounted = '';
  if (failures !== null) {
    try {
      return await failures.tell(failure);
    } catch (trouble) {
      notCounted = `\nFailures of one cause could not be counted (${wordsOf(trouble)}): each is told by itself.`;
    }
  }
  const key = `${executionArn} ${failure.end}`;
  if (toldWithoutTable.has(key)) return false;
  await publish({ subject: error, message: `${failure.message}${notCounted}` });
  toldWithoutTable.add(key);
  return true;
};

/**
 * Outside the workflow: what happens after an execution failed, timed out or was aborted. Gives its turn up, only if it is
 * still that run's; withdraws under the turn what it staged; notes its changes as failed; tells people, which needs nothing but the
 * topic. Safe to repeat, late or doubled, and harmless after a redrive. What AWS kept it from is told and raised: Lambda tries
 * again.
 */
export const executionEnded = defineStep({
  name: 'ExecutionEnded',
  of: 'status',
  input: Status,
  parts: (surroundings, settings, run) => ({
    ...tableParts(surroundings, settings),
    ...tellingParts(surroundings),
    failures: failuresPart(surroundings, settings),
    firewall: firewallPart(surroundings, settings, { ...run, deadline: run.deadline - tellingMilliseconds }),
    unanswered: run.unanswered,
  }),
  run: async (parts, status, run, settings) => {
    const { executionArn, name } = status;
    const until = run.deadline - tellingMilliseconds;
    const ended = await howEnded(parts, status, until);
    if (typeof ended === 'string') return { done: 'nothing', because: ended };
    const failed: string[] = [];
    let trouble: unknown = null;
    let cleanedUp: CleanedUp;
    try {
      cleanedUp = await cleanUpAfter(parts, settings, { ...ended, id: executionArn, name }, until);
      const cause = `${ended.error ?? ended.status}: ${causeText(ended.cause)}`;
      for (const item of (await parts.changes.of(name)).filter(({ state }) => state !== 'handled')) {
        await parts.changes.markFailed(item, cause);
        failed.push(subjectId(item.subject));
      }
    } catch (error) {
      trouble = error;
      const cleaned = `Its turn could not be cleaned up (${wordsOf(error)}); the next run does so before anything else.`;
      cleanedUp = { cleaned, unfinished: null };
    }
    const told = await tell(parts, status, ended, cleanedUp, parts.failures);
    if (trouble !== null) throw trouble;
    return { done: 'cleaned up', cleaned: cleanedUp.cleaned, failed, told };
  },
  withoutSettings: async (surroundings, status, run, error) => {
    const parts = tellingParts(surroundings);
    const ended = await howEnded(parts, status, run.deadline - tellingMilliseconds);
    if (typeof ended === 'string') return { done: 'nothing', because: ended };
    const cleaned = `Nothing was cleaned up (${wordsOf(error)}); the next run does so before anything else.`;
    const told = await tell(parts, status, ended, { cleaned, unfinished: null }, null);
    return { done: 'told', cleaned, failed: [], told };
  },
});

export const handler = handlerOf(executionEnded);
