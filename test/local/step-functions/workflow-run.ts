import type { Definition, StateDefinition } from './definition.ts';

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
