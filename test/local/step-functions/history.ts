import type { HistoryEventType } from '@aws-sdk/client-sfn';
import type { StateDefinition } from './definition.ts';
import type { Attempt, StateError, StateRecord } from './interpreter.ts';

/** One event of an execution's history. Times are epoch seconds, as the JSON protocol writes them. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: number;
  readonly type: HistoryEventType;
  readonly [details: string]: unknown;
}

/** The most events a history may have; the execution fails with the last of them (documented). */
export const historyLimit = 25_000;

/** A history that grows. */
export interface History {
  readonly events: readonly HistoryEvent[];
  readonly started: (at: number, input: string, roleArn: string) => void;
  readonly redriven: (at: number, redriveCount: number) => void;
  readonly entered: (at: number, name: string, type: StateDefinition['Type'], input: unknown) => void;
  readonly attempted: (attempt: Attempt, timeoutSeconds: number | undefined) => void;
  readonly left: (record: StateRecord) => void;
  readonly succeeded: (at: number, output: string) => void;
  readonly failed: (at: number, failure: StateError) => void;
  readonly timedOut: (at: number) => void;
  readonly aborted: (at: number, failure: Partial<StateError>) => void;
}

const details = { truncated: false };

const enteredTypes: Readonly<Record<StateDefinition['Type'], HistoryEventType>> = {
  Task: 'TaskStateEntered',
  Pass: 'PassStateEntered',
  Wait: 'WaitStateEntered',
  Choice: 'ChoiceStateEntered',
  Succeed: 'SucceedStateEntered',
  Fail: 'FailStateEntered',
};

const exitedTypes: Readonly<Partial<Record<StateDefinition['Type'], HistoryEventType>>> = {
  Task: 'TaskStateExited',
  Pass: 'PassStateExited',
  Wait: 'WaitStateExited',
  Choice: 'ChoiceStateExited',
  Succeed: 'SucceedStateExited',
};

/** Starts a history. `onFull` is told once, when only the last event fits any more. */
export const createHistory = (limit: number, onFull: () => void): History => {
  const events: HistoryEvent[] = [];

  const add = (at: number, type: HistoryEventType, more: Readonly<Record<string, unknown>>): void => {
    if (events.length >= limit) return;
    const id = events.length + 1;
    events.push({ id, previousEventId: id - 1, timestamp: at / 1000, type, ...more });
    if (events.length === limit - 1) onFull();
  };

  return {
    events,
    started: (at, input, roleArn) =>
      add(at, 'ExecutionStarted', { executionStartedEventDetails: { input, inputDetails: details, roleArn } }),
    redriven: (at, redriveCount) => add(at, 'ExecutionRedriven', { executionRedrivenEventDetails: { redriveCount } }),
    entered: (at, name, type, input) =>
      add(at, enteredTypes[type], {
        stateEnteredEventDetails: { name, input: JSON.stringify(input), inputDetails: details },
      }),
    attempted: (attempt, timeoutInSeconds) => {
      add(attempt.startedAt, 'LambdaFunctionScheduled', {
        lambdaFunctionScheduledEventDetails: {
          resource: attempt.resource,
          input: attempt.input,
          inputDetails: details,
          ...(timeoutInSeconds === undefined ? {} : { timeoutInSeconds }),
        },
      });
      add(attempt.startedAt, 'LambdaFunctionStarted', {});
      if (attempt.failure === undefined) {
        add(attempt.endedAt, 'LambdaFunctionSucceeded', {
          lambdaFunctionSucceededEventDetails: { output: attempt.result, outputDetails: details },
        });
      } else if (attempt.timedOut) {
        add(attempt.endedAt, 'LambdaFunctionTimedOut', { lambdaFunctionTimedOutEventDetails: attempt.failure });
      } else {
        add(attempt.endedAt, 'LambdaFunctionFailed', { lambdaFunctionFailedEventDetails: attempt.failure });
      }
    },
    left: (record) => {
      const type = exitedTypes[record.type];
      if (type === undefined || record.output === undefined) return;
      add(record.exitedAt, type, {
        stateExitedEventDetails: {
          name: record.name,
          output: JSON.stringify(record.output),
          outputDetails: details,
        },
      });
    },
    succeeded: (at, output) =>
      add(at, 'ExecutionSucceeded', { executionSucceededEventDetails: { output, outputDetails: details } }),
    failed: (at, failure) => add(at, 'ExecutionFailed', { executionFailedEventDetails: failure }),
    timedOut: (at) => add(at, 'ExecutionTimedOut', { executionTimedOutEventDetails: { error: 'States.Timeout' } }),
    aborted: (at, failure) => add(at, 'ExecutionAborted', { executionAbortedEventDetails: failure }),
  };
};
