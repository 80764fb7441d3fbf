import { ExecutionError, StateMachine as LocalStateMachine } from 'aws-local-stepfunctions';
import {
  checkedDefinition,
  type Definition,
  endMark,
  type Retrier,
  type StateDefinition,
  singleState,
} from './definition.ts';

/** What a function is told about the invocation. */
export interface Invocation {
  readonly functionArn: string;
  readonly stateName: string;
  readonly executionArn: string;
  /** From 1. */
  readonly attempt: number;
  /** Milliseconds since the epoch after which the state no longer waits; undefined without TimeoutSeconds. */
  readonly stateDeadline: number | undefined;
}

/** A Lambda function: JSON in, JSON out. What it throws becomes the state's error by its `name`. */
export type LocalFunction = (input: unknown, invocation: Invocation) => Promise<unknown>;

/** Runs out after some time, unless cancelled. */
export interface Timer {
  readonly expired: Promise<void>;
  readonly cancel: () => void;
}

/** Time and chance as the interpreter needs them. */
export interface Pace {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Waits between attempts and in Wait states. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** In [0, 1): jitter. */
  readonly random: () => number;
  /** Limits a Task or the whole machine. */
  readonly timer: (milliseconds: number) => Timer;
}

/** `$$.Execution` and what belongs to it. */
export interface ExecutionContext {
  readonly Id: string;
  readonly Name: string;
  /** ISO 8601. */
  readonly StartTime: string;
  readonly RedriveCount: number;
  readonly RedriveTime?: string;
  readonly RoleArn?: string;
  readonly Input?: unknown;
}

export interface StateError {
  readonly error: string;
  readonly cause: string;
}

/** One attempt of a Task. */
export interface Attempt {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly resource: string;
  readonly input: string;
  /** The result as JSON, or undefined when it failed. */
  readonly result: string | undefined;
  readonly failure: StateError | undefined;
  /** The error was States.Timeout: the function was still running. */
  readonly timedOut: boolean;
  /** Before the next attempt, in milliseconds; undefined when there is none. */
  readonly delayMilliseconds: number | undefined;
}

/** What happened in one state. */
export interface StateRecord {
  readonly name: string;
  readonly type: StateDefinition['Type'];
  readonly input: unknown;
  /** undefined when the state failed or was left unfinished. */
  readonly output: unknown;
  readonly failure: StateError | undefined;
  /** The state that followed; undefined at the end. */
  readonly next: string | undefined;
  readonly attempts: readonly Attempt[];
  readonly enteredAt: number;
  readonly exitedAt: number;
}

export type Outcome =
  | { readonly status: 'SUCCEEDED'; readonly output: unknown }
  | ({ readonly status: 'FAILED'; readonly state: string; readonly input: unknown } & StateError)
  | { readonly status: 'TIMED_OUT'; readonly state: string; readonly input: unknown }
  | { readonly status: 'ABORTED'; readonly state: string; readonly input: unknown };

export interface RunOptions {
  readonly input: unknown;
  readonly execution: ExecutionContext;
  /** Where to start; by default the definition's StartAt. */
  readonly from?: string;
  /** Told when a state is entered, and when it is left. */
  readonly onEntered?: (name: string, type: StateDefinition['Type'], input: unknown) => void;
  readonly onLeft?: (record: StateRecord) => void;
  /** Told when an attempt of a Task has ended. */
  readonly onAttempt?: (name: string, attempt: Attempt) => void;
  /** Stops the execution where it stands. A function that is running goes on, as on AWS. */
  readonly signal?: AbortSignal;
}

export interface StateMachine {
  readonly definition: Definition;
  readonly run: (
    options: RunOptions,
  ) => Promise<{ readonly outcome: Outcome; readonly states: readonly StateRecord[] }>;
}

/** The most bytes of UTF-8 that a state's input, result or output may have (documented). */
export const payloadLimit = 262_144;

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:none';

/*
 * The interpreter tells a timeout from other errors by the class of the error, which it does not export: States.Timeout
 * is what States.TaskFailed does not cover. So one state is let time out to learn the class.
 */
const learnTimeoutError = async (): Promise<new () => Error> => {
  const machine = new LocalStateMachine(
    { StartAt: 'T', States: { T: { Type: 'Task', Resource: functionArn, TimeoutSeconds: 0.001, End: true } } },
    { validationOptions: { noValidate: true } },
  );
  const never = () => new Promise<never>(() => undefined);
  const { result } = machine.run({}, { overrides: { taskResourceLocalHandlers: { T: never } } });
  try {
    await result;
  } catch (error) {
    const cause = error instanceof ExecutionError ? error.cause : undefined;
    if (cause instanceof Error && cause.name === 'States.Timeout') return cause.constructor as new () => Error;
  }
  throw new Error('The interpreter did not fail a state that ran out of time with States.Timeout');
};

let knownTimeoutError: Promise<new () => Error> | undefined;
const timeoutErrorClass = (): Promise<new () => Error> => {
  knownTimeoutError ??= learnTimeoutError();
  return knownTimeoutError;
};

/** An error that no retrier and no catcher takes, not even States.ALL (documented for these two names). */
class TerminalError extends Error {
  override readonly name: 'States.DataLimitExceeded' | 'States.Runtime';
  readonly isRetryable = false;
  readonly isCatchable = false;

  constructor(name: TerminalError['name'], message: string) {
    super(message);
    this.name = name;
  }
}

/** An error of a function, with the cause that AWS makes of it: JSON text of type, message and trace. */
class FunctionError extends Error {
  override readonly name: string;

  constructor(thrown: unknown) {
    const error = thrown instanceof Error ? thrown : undefined;
    const errorType = error?.name ?? typeof thrown;
    const trace = (error?.stack ?? '').split('\n').map((line) => line.trim());
    super(JSON.stringify({ errorType, errorMessage: error?.message ?? String(thrown), trace }), { cause: thrown });
    this.name = errorType;
  }
}

const jsonOf = (value: unknown, what: string): string => {
  const text = JSON.stringify(value ?? null) as string | undefined;
  if (text === undefined) throw new TerminalError('States.Runtime', `${what} is not JSON`);
  if (Buffer.byteLength(text, 'utf8') > payloadLimit) {
    throw new TerminalError(
      'States.DataLimitExceeded',
      `${what} has a size exceeding the maximum number of bytes service limit.`,
    );
  }
  return text;
};

const covers = (retrier: Retrier, error: Error): boolean =>
  retrier.ErrorEquals.some(
    (name) =>
      name === error.name || name === 'States.ALL' || (name === 'States.TaskFailed' && error.name !== 'States.Timeout'),
  );

/**
 * The pause before the next attempt, in milliseconds: documented as interval × rate ^ (retries before), at most
 * MaxDelaySeconds, with full jitter anywhere between nothing and that. undefined when there is no next attempt.
 * `counts` holds the retries of each retrier and is counted up.
 */
export const pauseBeforeRetry = (
  retriers: readonly Retrier[],
  counts: number[],
  error: Error,
  random: () => number,
): number | undefined => {
  const index = retriers.findIndex((retrier) => covers(retrier, error));
  const retrier = retriers[index];
  if (retrier === undefined || error instanceof TerminalError) return undefined;
  const made = counts[index] ?? 0;
  if (made >= (retrier.MaxAttempts ?? 3)) return undefined;
  counts[index] = made + 1;
  const whole = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** made;
  const seconds = Math.min(whole, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
  return seconds * 1000 * (retrier.JitterStrategy === 'FULL' ? random() : 1);
};

interface Step {
  readonly name: string;
  readonly state: StateDefinition;
  readonly input: unknown;
  readonly execution: ExecutionContext;
  /** Rejects when the execution is over, so that nothing waits for this step any more. */
  readonly over: Promise<never>;
  readonly onAttempt: RunOptions['onAttempt'];
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/**
 * A state machine that runs on this machine: aws-local-stepfunctions interprets each state, its paths, choices, retriers
 * and catchers; here is what it leaves out or gets wrong: timeouts and pauses by an injected clock, sizes, JSON between
 * states, the context object, starting anywhere, stopping, and a record of all of it.
 *
 * `functions` maps each function ARN of the definition to what it runs. @throws InvalidDefinition, also for an ARN
 * without a function.
 */
export const createStateMachine = (options: {
  /** After substitution of placeholders. */
  readonly definition: unknown;
  readonly functions: Readonly<Record<string, LocalFunction>>;
  readonly pace: Pace;
}): StateMachine => {
  const definition = checkedDefinition(options.definition);
  const { pace } = options;
  const machines = new Map<string, LocalStateMachine>();
  for (const [name, state] of Object.entries(definition.States)) {
    if (state.Type === 'Task' && !Object.hasOwn(options.functions, state.Resource ?? '')) {
      throw new Error(`State ${name}: there is no function ${state.Resource}`);
    }
    const single = singleState(name, state) as ConstructorParameters<typeof LocalStateMachine>[0];
    machines.set(name, new LocalStateMachine(single, { validationOptions: { noValidate: true } }));
  }

  const invoke = async (step: Step, input: string, attempt: number): Promise<unknown> => {
    const { state, name } = step;
    const arn = state.Resource ?? '';
    const run = options.functions[arn];
    if (run === undefined) throw new TerminalError('States.Runtime', `There is no function ${arn}`);
    const limit = state.TimeoutSeconds === undefined ? undefined : state.TimeoutSeconds * 1000;
    const work = (async () => {
      try {
        return await run(JSON.parse(input), {
          functionArn: arn,
          stateName: name,
          executionArn: step.execution.Id,
          attempt,
          stateDeadline: limit === undefined ? undefined : pace.now() + limit,
        });
      } catch (thrown) {
        throw new FunctionError(thrown);
      }
    })();
    if (limit === undefined) return work;
    /* A function that fails after its state has timed out is nobody's concern any more. */
    work.catch(() => undefined);
    const TimeoutError = await timeoutErrorClass();
    const timer = pace.timer(limit);
    try {
      return await Promise.race([
        work,
        timer.expired.then(() => {
          throw new TimeoutError();
        }),
      ]);
    } finally {
      timer.cancel();
    }
  };

  const taskHandler = (step: Step, attempts: Attempt[]) => {
    const counts: number[] = [];
    const keep = (attempt: Attempt): void => {
      attempts.push(attempt);
      step.onAttempt?.(step.name, attempt);
    };
    return async (given: unknown): Promise<never> => {
      const startedAt = pace.now();
      const { name, state } = step;
      const record = { startedAt, resource: state.Resource ?? '', input: '', result: undefined, timedOut: false };
      let input = '';
      try {
        input = jsonOf(given, `The input of the state '${name}'`);
        const result = jsonOf(
          await Promise.race([invoke(step, input, attempts.length + 1), step.over]),
          `The state/task '${state.Resource}' returned a result that`,
        );
        keep({
          ...record,
          input,
          result,
          endedAt: pace.now(),
          failure: undefined,
          delayMilliseconds: undefined,
        });
        return JSON.parse(result) as never;
      } catch (thrown) {
        const error = thrown as Error;
        const delayMilliseconds = pauseBeforeRetry(state.Retry ?? [], counts, error, pace.random);
        const failure = { error: error.name, cause: error.message };
        const timedOut = error.name === 'States.Timeout';
        keep({ ...record, input, endedAt: pace.now(), failure, timedOut, delayMilliseconds });
        if (delayMilliseconds !== undefined) await Promise.race([pace.sleep(delayMilliseconds), step.over]);
        throw error;
      }
    };
  };

  /** Evaluates a path of a Wait state as the interpreter evaluates paths. */
  const pathValue = async (path: string, step: Step, context: object): Promise<unknown> => {
    const machine = new LocalStateMachine(
      {
        StartAt: 'P',
        States: { P: { Type: 'Pass', Parameters: { 'value.$': path.replace('$$', '$$$$.Given') }, End: true } },
      },
      { validationOptions: { noValidate: true } },
    );
    const result = (await machine.run(step.input as never, { context: context as never }).result) as { value: unknown };
    return result.value;
  };

  const waitMilliseconds = async (step: Step, context: object): Promise<number> => {
    const { state } = step;
    const path = state['SecondsPath'] ?? state['TimestampPath'];
    const value = typeof path === 'string' ? await pathValue(path, step, context) : (state.Seconds ?? state.Timestamp);
    const milliseconds = typeof value === 'number' ? value * 1000 : Date.parse(String(value)) - pace.now();
    if (Number.isNaN(milliseconds))
      throw new TerminalError('States.Runtime', `Cannot wait for ${JSON.stringify(value)}`);
    return Math.max(0, milliseconds);
  };

  const contextOf = (step: Step, enteredAt: number): object => ({
    Given: {
      Execution: { Input: step.execution.Input ?? null, ...step.execution },
      State: { Name: step.name, EnteredTime: new Date(enteredAt).toISOString(), RetryCount: 0 },
    },
  });

  const interpret = async (
    step: Step,
    attempts: Attempt[],
  ): Promise<{ readonly next: string; readonly output: unknown }> => {
    const machine = machines.get(step.name);
    if (machine === undefined) throw new TerminalError('States.Runtime', `There is no state ${step.name}`);
    const context = contextOf(step, pace.now());
    if (step.state.Type === 'Wait') await pace.sleep(await waitMilliseconds(step, context));
    const { result } = machine.run(step.input as never, {
      context: context as never,
      overrides: {
        taskResourceLocalHandlers: { [step.name]: taskHandler(step, attempts) },
        retryIntervalOverrides: { [step.name]: 0 },
        waitTimeOverrides: { [step.name]: 0 },
      },
    });
    const { next, output } = (await result) as unknown as { readonly next: string; readonly output: unknown };
    return { next, output: JSON.parse(jsonOf(output, `The output of the state '${step.name}'`)) as unknown };
  };

  const errorOf = (thrown: unknown): StateError => {
    const error = thrown instanceof ExecutionError ? thrown.cause : thrown;
    if (error instanceof Error) return { error: error.name, cause: error.message };
    throw thrown;
  };

  const stopped = (signal: AbortSignal | undefined): Promise<'ABORTED'> =>
    new Promise((resolve) => {
      if (isAborted(signal)) resolve('ABORTED');
      signal?.addEventListener('abort', () => resolve('ABORTED'), { once: true });
    });

  const run: StateMachine['run'] = async (given) => {
    const states: StateRecord[] = [];
    const limit = definition.TimeoutSeconds === undefined ? undefined : pace.timer(definition.TimeoutSeconds * 1000);
    const ends: Promise<'ABORTED' | 'TIMED_OUT'>[] = [stopped(given.signal)];
    if (limit !== undefined) ends.push(limit.expired.then(() => 'TIMED_OUT' as const));
    const { promise: over, reject: giveUp } = Promise.withResolvers<never>();
    over.catch(() => undefined);
    let name = given.from ?? definition.StartAt;
    let input: unknown = given.input;

    const leave = (record: StateRecord): void => {
      states.push(record);
      given.onLeft?.(record);
    };

    try {
      for (;;) {
        const state = definition.States[name];
        if (state === undefined) throw new Error(`The state machine has no state '${name}'`);
        const enteredAt = pace.now();
        const attempts: Attempt[] = [];
        const at = { name, type: state.Type, input, enteredAt, attempts };
        const step: Step = { name, state, input, execution: given.execution, over, onAttempt: given.onAttempt };
        given.onEntered?.(name, state.Type, input);
        if (isAborted(given.signal)) return { outcome: { status: 'ABORTED', state: name, input }, states };
        const work = interpret(step, attempts);
        work.catch(() => undefined);
        try {
          const ended = await Promise.race([work, ...ends]);
          if (ended === 'ABORTED' || ended === 'TIMED_OUT') {
            leave({ ...at, output: undefined, failure: undefined, next: undefined, exitedAt: pace.now() });
            return { outcome: { status: ended, state: name, input }, states };
          }
          const next = ended.next === endMark ? undefined : ended.next;
          leave({ ...at, output: ended.output, failure: undefined, next, exitedAt: pace.now() });
          if (next === undefined) return { outcome: { status: 'SUCCEEDED', output: ended.output }, states };
          name = next;
          input = ended.output;
        } catch (thrown) {
          const failure = errorOf(thrown);
          leave({ ...at, output: undefined, failure, next: undefined, exitedAt: pace.now() });
          return { outcome: { status: 'FAILED', state: name, input, ...failure }, states };
        }
      }
    } finally {
      limit?.cancel();
      giveUp(new TerminalError('States.Runtime', 'The execution is over'));
    }
  };

  return { definition, run };
};
