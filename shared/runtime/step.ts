import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { z } from 'zod';
import { NamedError } from '../domain/errors.ts';
import { Execution } from './execution.ts';
import { createLog, type Log } from './log.ts';
import { type Settings, settingsFrom } from './settings.ts';
import { realSurroundings, type Surroundings } from './surroundings.ts';
import { isoFromMilliseconds } from './world.ts';

/** What a step knows about the run it is in. */
export interface Run {
  readonly execution: Execution;
  /** Milliseconds since the epoch after which this attempt sends nothing more. */
  readonly deadline: number;
  /**
   * Milliseconds since the epoch until which the firewall has time for what this attempt sent and got no answer to; 0: nothing.
   * Raised by the firewall's client, read when the attempt settles its turn.
   */
  readonly unanswered: { until: number };
  readonly log: Log;
}

/** One Task: its name in the state machine, what it takes, the parts it needs, and what it does. */
export interface Step<Input, Parts> {
  readonly name: string;
  readonly input: z.ZodType<Input>;
  /** Whether `input` is the event (RecordChange), the state left by the step before, or an execution's status event. */
  readonly of: 'event' | 'state' | 'status';
  readonly parts: (surroundings: Surroundings, settings: Settings, run: Run) => Parts;
  readonly run: (parts: Parts, input: Input, run: Run, settings: Settings) => Promise<unknown>;
  /** What it does all the same where the settings cannot be used; left out: it fails with their error. */
  readonly withoutSettings?: (surroundings: Surroundings, input: Input, run: Run, error: unknown) => Promise<unknown>;
}

/** States a step, with its types inferred. */
export const defineStep = <Input, Parts>(step: Step<Input, Parts>): Step<Input, Parts> => step;

/** Kept back from the Lambda deadline, so that an answer can still be returned. */
const reserveMilliseconds = 2_000;

interface StepEvent {
  readonly execution?: unknown;
  readonly event?: unknown;
  readonly state?: unknown;
  readonly detail?: unknown;
}

/** `$$.Execution` from a status event, which has no redrive count (not confirmed that it ever does). */
const executionOfStatus = (detail: unknown): unknown => {
  const { executionArn, name, startDate } = (detail ?? {}) as Readonly<Record<string, unknown>>;
  const startTime = typeof startDate === 'number' ? isoFromMilliseconds(startDate) : undefined;
  return { id: executionArn, name, startTime, redriveCount: 0 };
};

const decode = <Input>(
  step: Pick<Step<Input, unknown>, 'name' | 'of' | 'input'>,
  event: StepEvent,
): { execution: Execution; input: Input } => {
  const isStatus = step.of === 'status';
  const execution = Execution.safeParse(isStatus ? executionOfStatus(event.detail) : event.execution);
  const input = step.input.safeParse(isStatus ? event.detail : step.of === 'event' ? event.event : event.state);
  if (execution.success && input.success) return { execution: execution.data, input: input.data };
  const issues = [...(execution.error?.issues ?? []), ...(input.error?.issues ?? [])];
  const fields = issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; ');
  throw new NamedError(
    step.of === 'state' ? 'StateNotUnderstood' : 'EventNotUnderstood',
    `${step.name} cannot read its input: ${fields}. Start a new execution from the event.`,
  );
};

/**
 * The Lambda handler of a step, wrapped once: decodes the input, logs start and end with the execution, and lets named
 * errors out untouched, since Step Functions matches their names. Settings are read at the first call, so that a
 * mistake shows as `Misconfigured` in the execution.
 */
export const handlerOf = <Input, Parts>(step: Step<Input, Parts>, surroundings: Surroundings = realSurroundings()) => {
  let settings: Settings | null = null;
  const readSettings = (): { readonly error: unknown } | null => {
    try {
      settings ??= settingsFrom(surroundings.world.environment);
      return null;
    } catch (error) {
      return { error };
    }
  };
  return middy<StepEvent, unknown, Error, Context>({ timeoutEarlyInMillis: 0 }).handler(async (event, context) => {
    const { world } = surroundings;
    const started = world.now();
    const say = (fields: Readonly<Record<string, unknown>>) => createLog(world, surroundings.writeLog, fields);
    try {
      const unusable = readSettings();
      if (unusable !== null && step.withoutSettings === undefined) throw unusable.error;
      const { execution, input } = decode(step, event);
      const log = say({ step: step.name, execution: execution.name, redrive: execution.redriveCount });
      const run: Run = {
        execution,
        deadline: started + context.getRemainingTimeInMillis() - reserveMilliseconds,
        unanswered: { until: 0 },
        log,
      };
      log('step started', { eventId: eventIdOf(event) });
      const output =
        settings === null
          ? await step.withoutSettings?.(surroundings, input, run, unusable?.error)
          : await step.run(step.parts(surroundings, settings, run), input, run, settings);
      log('step ended', { milliseconds: world.now() - started });
      return output;
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      say({ step: step.name })('step failed', { error: name, cause: message, milliseconds: world.now() - started });
      throw error;
    }
  });
};

const eventIdOf = ({ event, state }: StepEvent): unknown =>
  (event as { detail?: { eventID?: unknown } } | undefined)?.detail?.eventID ??
  (state as { change?: { eventId?: unknown } } | undefined)?.change?.eventId ??
  null;
