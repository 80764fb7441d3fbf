import { ExecutionError, StateMachine as LocalStateMachine } from 'aws-local-stepfunctions';
import { FunctionError, jsonOf, pauseBeforeRetry, TerminalError } from './attempts.ts';
import { checkedDefinition, endMark, type StateDefinition, singleState } from './definition.ts';
import type {
  Attempt,
  ExecutionContext,
  LocalFunction,
  Pace,
  RunOptions,
  StateError,
  StateMachine,
  StateRecord,
} from './workflow-run.ts';

export { pauseBeforeRetry, payloadLimit } from './attempts.ts';
export type {
  Attempt,
  ExecutionContext,
  Invocation,
  LocalFunction,
  Outcome,
  Pace,
  RunOptions,
  StateError,
  StateMachine,
  StateRecord,
  Timer,
} from './workflow-run.ts';

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

/** Ends what still waits for a step when its execution is over; no retrier and no catcher takes it. */
class ExecutionOver extends TerminalError {
  constructor() {
    super('States.Runtime', 'The execution is over');
  }
}

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
    if (limit === undefined) return Promise.race([work, step.over]);
    /* A function that fails after its state has timed out is nobody's concern any more. */
    work.catch(() => undefined);
    const TimeoutError = await timeoutErrorClass();
    const timer = pace.timer(limit);
    try {
      return await Promise.race([
        work,
        step.over,
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
          await invoke(step, input, attempts.length + 1),
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
        if (error instanceof ExecutionOver) throw error;
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
      giveUp(new ExecutionOver());
    }
  };

  return { definition, run };
};
