import type { ExecutionRedriveStatus, ExecutionStatus } from '@aws-sdk/client-sfn';
import { type BusEvent, eventTime } from '../bus-event.ts';
import { JsonRefusal } from '../json-protocol.ts';
import { createHistory, type History, historyLimit } from './history.ts';
import { type Outcome, payloadLimit, type StateMachine, type StateRecord } from './interpreter.ts';

/** A state machine with its name, as the account holds it. */
export interface NamedStateMachine {
  readonly name: string;
  readonly machine: StateMachine;
}

/** An execution as it stands. Times are milliseconds since the epoch. */
export interface Execution {
  readonly arn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly input: string;
  readonly status: ExecutionStatus;
  readonly startDate: number;
  readonly stopDate: number | undefined;
  readonly output: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly redriveCount: number;
  readonly redriveDate: number | undefined;
  /** Every state of every run, redrives included, in order. */
  readonly states: readonly StateRecord[];
}

export interface ExecutionsOptions {
  readonly stateMachines: readonly NamedStateMachine[];
  readonly ownerId: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
  /** Takes "Step Functions Execution Status Change" events. */
  readonly emit?: (event: BusEvent) => void;
  /** The most events of a history; by default AWS's 25,000. */
  readonly historyLimit?: number;
  /** What is not confirmed of the status event; by default no failure in its detail, and RUNNING once more after a redrive. */
  readonly unconfirmed?: { readonly failureInDetail?: boolean; readonly noRunningAfterRedrive?: boolean };
}

export interface Executions {
  readonly stateMachines: ReadonlyMap<string, NamedStateMachine>;
  readonly createdAt: number;
  /** Begins and returns at once; the states run afterwards. @throws JsonRefusal by the rules of StartExecution. */
  readonly start: (request: {
    readonly stateMachineArn: string;
    readonly name?: string | undefined;
    readonly input?: string | undefined;
  }) => Execution;
  readonly redrive: (executionArn: string, clientToken?: string) => Execution;
  /** Resolves when the execution stands still; functions under way may go on. */
  readonly stop: (
    executionArn: string,
    why: { readonly error?: string; readonly cause?: string },
  ) => Promise<Execution>;
  /** @throws JsonRefusal ExecutionDoesNotExist, InvalidArn */
  readonly find: (executionArn: string) => Execution;
  readonly all: () => readonly Execution[];
  readonly history: (executionArn: string) => History['events'];
  readonly redriveStatus: (execution: Execution) => {
    readonly status: ExecutionRedriveStatus;
    readonly reason: string | undefined;
  };
  /** Resolves when the execution has ended, with what it came to. */
  readonly ended: (executionArn: string) => Promise<Execution>;
  /** Resolves when no execution is running. */
  readonly idle: () => Promise<void>;
}

const day = 86_400_000;

/** Names keep clear of white space, brackets, wildcards, special and control characters (documented). */
const isName = (name: string): boolean =>
  name.length >= 1 &&
  name.length <= 80 &&
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  !/[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff\ud800-\udfff]/.test(name);

const parsed = (input: string): unknown => {
  if (Buffer.byteLength(input, 'utf8') > payloadLimit) {
    throw new JsonRefusal('InvalidExecutionInput', `The input is longer than ${payloadLimit} bytes`);
  }
  try {
    return JSON.parse(input) as unknown;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new JsonRefusal('InvalidExecutionInput', `Invalid State Machine Execution Input: '${cause.message}'`);
  }
};

interface Held {
  execution: Execution;
  readonly history: History;
  readonly isFull: () => boolean;
  readonly tokens: { readonly token: string; readonly at: number }[];
  /** Where a redrive goes on. */
  resume: { readonly from: string; readonly input: unknown } | undefined;
  stopping: { readonly error?: string; readonly cause?: string } | undefined;
  abort: AbortController;
  run: Promise<void>;
}

/** Above this, input and output are left out of status events (documented: 248 KB). */
const eventPayloadLimit = 248 * 1024;

/** Executions of Standard workflows, with AWS's rules for names, idempotency, stops and redrives. */
export const createExecutions = (options: ExecutionsOptions): Executions => {
  const { ownerId, region, now, newId } = options;
  const createdAt = now();
  const mostEvents = options.historyLimit ?? historyLimit;
  const stateMachines = new Map(
    options.stateMachines.map((one) => [`arn:aws:states:${region}:${ownerId}:stateMachine:${one.name}`, one]),
  );
  const held = new Map<string, Held>();

  const locate = (arn: string): Held => {
    if (!/^arn:aws[a-z-]*:states:[^:]+:\d{12}:execution:[^:]+:[^:]+$/.test(arn)) {
      throw new JsonRefusal('InvalidArn', `Invalid Arn: '${arn}'`);
    }
    const one = held.get(arn);
    if (one === undefined) throw new JsonRefusal('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return one;
  };

  const machineOf = (arn: string): NamedStateMachine => {
    if (!/^arn:aws[a-z-]*:states:[^:]+:\d{12}:stateMachine:[^:]+$/.test(arn)) {
      throw new JsonRefusal('InvalidArn', `Invalid Arn: '${arn}'`);
    }
    const machine = stateMachines.get(arn);
    if (machine === undefined) {
      throw new JsonRefusal('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    }
    return machine;
  };

  const shown = (
    text: string | undefined,
  ): { readonly text: string | null; readonly included: boolean } | undefined => {
    if (text === undefined) return undefined;
    const included = Buffer.byteLength(text, 'utf8') <= eventPayloadLimit;
    return { text: included ? text : null, included };
  };

  const tell = ({ execution }: Held): void => {
    const input = shown(execution.input);
    const output = shown(execution.output);
    options.emit?.({
      version: '0',
      id: newId(),
      'detail-type': 'Step Functions Execution Status Change',
      source: 'aws.states',
      account: ownerId,
      time: eventTime(now()),
      region,
      resources: [execution.arn],
      detail: {
        executionArn: execution.arn,
        stateMachineArn: execution.stateMachineArn,
        name: execution.name,
        status: execution.status,
        startDate: execution.startDate,
        stopDate: execution.stopDate ?? null,
        input: input?.text ?? null,
        inputDetails: { included: input?.included ?? false },
        output: output?.text ?? null,
        outputDetails: output === undefined ? null : { included: output.included },
        ...(options.unconfirmed?.failureInDetail === true
          ? { error: execution.error ?? null, cause: execution.cause ?? null, redriveCount: execution.redriveCount }
          : {}),
      },
    });
  };

  const conclude = (one: Held, outcome: Outcome): void => {
    const at = now();
    const end = (changes: Partial<Execution> & Pick<Execution, 'status'>): void => {
      one.execution = { ...one.execution, stopDate: at, ...changes };
    };
    if (outcome.status !== 'SUCCEEDED') one.resume = { from: outcome.state, input: outcome.input };
    if (outcome.status === 'ABORTED' && one.isFull() && one.stopping === undefined) {
      const cause = `The execution reached the maximum number of history events (${mostEvents}).`;
      one.history.failed(at, { error: 'States.Runtime', cause });
      end({ status: 'FAILED', error: 'States.Runtime', cause });
      return;
    }
    switch (outcome.status) {
      case 'SUCCEEDED': {
        const output = JSON.stringify(outcome.output);
        one.history.succeeded(at, output);
        end({ status: 'SUCCEEDED', output });
        return;
      }
      case 'FAILED': {
        const { error, cause } = outcome;
        one.history.failed(at, { error, cause });
        end({ status: 'FAILED', error, cause });
        return;
      }
      case 'TIMED_OUT':
        one.history.timedOut(at);
        end({ status: 'TIMED_OUT', error: 'States.Timeout' });
        return;
      case 'ABORTED':
        one.history.aborted(at, one.stopping ?? {});
        end({ status: 'ABORTED', error: one.stopping?.error, cause: one.stopping?.cause });
        return;
    }
  };

  const runOf = async (one: Held, machine: StateMachine, from: string | undefined, input: unknown): Promise<void> => {
    const { execution, history } = one;
    const redriven =
      execution.redriveDate === undefined ? {} : { RedriveTime: new Date(execution.redriveDate).toISOString() };
    /* The caller gets its answer before the first state runs. */
    await Promise.resolve();
    let isFirst = true;
    const { outcome } = await machine.run({
      input,
      execution: {
        Id: execution.arn,
        Name: execution.name,
        StartTime: new Date(execution.startDate).toISOString(),
        RedriveCount: execution.redriveCount,
        RoleArn: roleArn,
        Input: JSON.parse(execution.input) as unknown,
        ...redriven,
      },
      ...(from === undefined ? {} : { from }),
      signal: one.abort.signal,
      onEntered: (name, type, entering) => {
        /* Inferred: a redriven Task is scheduled again without being entered again; a Fail state is entered again. */
        const isResumed = isFirst && from !== undefined && type === 'Task';
        isFirst = false;
        if (!isResumed) history.entered(now(), name, type, entering);
      },
      onAttempt: (name, attempt) => history.attempted(attempt, machine.definition.States[name]?.TimeoutSeconds),
      onLeft: (record) => {
        one.execution = { ...one.execution, states: [...one.execution.states, record] };
        history.left(record);
      },
    });
    conclude(one, outcome);
    tell(one);
  };

  const roleArn = `arn:aws:iam::${ownerId}:role/local-state-machine`;

  const redriveStatus: Executions['redriveStatus'] = (execution) => {
    const not = (reason: string) => ({ status: 'NOT_REDRIVABLE' as const, reason });
    const { status, stopDate, arn } = execution;
    if (status === 'RUNNING') return not('Execution is RUNNING and cannot be redriven');
    if (status === 'SUCCEEDED') return not('Execution is SUCCEEDED and cannot be redriven');
    if (stopDate !== undefined && now() - stopDate > 14 * day) {
      return not('Execution exceeded the redrivable period of 14 days and cannot be redriven');
    }
    if ((held.get(arn)?.history.events.length ?? 0) >= mostEvents - 1) {
      return not('Execution event history limit exceeded and cannot be redriven');
    }
    return { status: 'REDRIVABLE', reason: undefined };
  };

  const start: Executions['start'] = (request) => {
    const { machine, name: machineName } = machineOf(request.stateMachineArn);
    const name = request.name ?? newId();
    if (!isName(name)) throw new JsonRefusal('InvalidName', `Invalid Name: '${name}'`);
    const input = request.input ?? '{}';
    const value = parsed(input);
    const arn = `arn:aws:states:${region}:${ownerId}:execution:${machineName}:${name}`;
    const earlier = held.get(arn);
    if (earlier !== undefined) {
      const { execution } = earlier;
      if (execution.status === 'RUNNING' && execution.input === input) return execution;
      if (execution.stopDate === undefined || now() - execution.stopDate < 90 * day) {
        throw new JsonRefusal('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
      }
    }
    const abort = new AbortController();
    let isFull = false;
    const one: Held = {
      execution: {
        arn,
        stateMachineArn: request.stateMachineArn,
        name,
        input,
        status: 'RUNNING',
        startDate: now(),
        stopDate: undefined,
        output: undefined,
        error: undefined,
        cause: undefined,
        redriveCount: 0,
        redriveDate: undefined,
        states: [],
      },
      history: createHistory(mostEvents, () => {
        isFull = true;
        one.abort.abort();
      }),
      isFull: () => isFull,
      tokens: [],
      resume: undefined,
      stopping: undefined,
      abort,
      run: Promise.resolve(),
    };
    held.set(arn, one);
    one.history.started(now(), input, roleArn);
    tell(one);
    one.run = runOf(one, machine, undefined, value);
    return one.execution;
  };

  const redrive: Executions['redrive'] = (arn, clientToken) => {
    const one = locate(arn);
    const earlier = one.tokens.slice(-10).find((used) => used.token === clientToken && now() - used.at < 900_000);
    if (earlier !== undefined) return one.execution;
    const { status, reason } = redriveStatus(one.execution);
    if (status !== 'REDRIVABLE' || one.resume === undefined) {
      throw new JsonRefusal('ExecutionNotRedrivable', `Execution Not Redrivable: '${arn}': ${reason}`);
    }
    const { machine } = machineOf(one.execution.stateMachineArn);
    if (clientToken !== undefined) one.tokens.push({ token: clientToken, at: now() });
    one.execution = {
      ...one.execution,
      status: 'RUNNING',
      stopDate: undefined,
      error: undefined,
      cause: undefined,
      redriveCount: one.execution.redriveCount + 1,
      redriveDate: now(),
    };
    one.abort = new AbortController();
    one.stopping = undefined;
    one.history.redriven(now(), one.execution.redriveCount);
    if (options.unconfirmed?.noRunningAfterRedrive !== true) tell(one);
    one.run = runOf(one, machine, one.resume.from, one.resume.input);
    return one.execution;
  };

  return {
    stateMachines,
    createdAt,
    start,
    redrive,
    stop: async (arn, why) => {
      const one = locate(arn);
      if (one.execution.status === 'RUNNING') {
        one.stopping = why;
        one.abort.abort();
        await one.run;
      }
      return one.execution;
    },
    find: (arn) => locate(arn).execution,
    all: () => [...held.values()].map((one) => one.execution),
    history: (arn) => locate(arn).history.events,
    redriveStatus,
    ended: async (arn) => {
      const one = locate(arn);
      await one.run;
      return one.execution;
    },
    idle: async () => {
      for (;;) {
        const running = [...held.values()].filter((one) => one.execution.status === 'RUNNING');
        if (running.length === 0) return;
        await Promise.all(running.map((one) => one.run));
      }
    },
  };
};
