import type { Surroundings } from '../../shared/runtime/surroundings.ts';
import type { BusEvent } from '../local/bus-event.ts';
import { type BusRule, createEventBus, type EventBus } from '../local/event-bus.ts';
import type { Respond } from '../local/http.ts';
import { stepFunctionsService } from '../local/step-functions/endpoint.ts';
import { createExecutions, type Executions } from '../local/step-functions/executions.ts';
import { createStateMachine, type Invocation, type Pace } from '../local/step-functions/interpreter.ts';
import { recorder, type SystemRecorder } from '../recorder/recorder.ts';
import { resourceProperties } from '../support/deployment.ts';
import { ids } from './demo-account.ts';
import { type Clock, createParts, type Parts, type PartsOptions } from './parts.ts';
import { endedFunction, localDefinition, localFunctions } from './system.ts';

export const stateMachineName = 'policy-sync-local';
export const stateMachineArn = `arn:aws:states:${ids.region}:${ids.account}:stateMachine:${stateMachineName}`;

/** The whole system on one machine: the embedded parts, the state machine with the real handlers, and the bus between them. */
export interface LocalSystem {
  readonly parts: Parts;
  readonly executions: Executions;
  readonly states: Respond;
  readonly bus: EventBus;
  readonly surroundings: Surroundings;
  /** Resolves when no event is under way and no execution is running. */
  readonly idle: () => Promise<void>;
}

export interface LocalSystemOptions extends Omit<PartsOptions, 'clock' | 'emit'> {
  readonly clock: Clock;
  readonly pace: Pace;
  /** The surroundings of the handlers, once the parts are there. */
  readonly surroundings: (parts: Parts, states: Respond) => Surroundings | Promise<Surroundings>;
  readonly around?: (invocation: Invocation, run: () => Promise<unknown>) => Promise<unknown>;
  /** Whether the second rule is on, for everything beside the four calls. Off by default: the first alone tells a story. */
  readonly moreEvents?: boolean;
  /** Around what runs after a failed execution. */
  readonly afterFailure?: (event: BusEvent, run: () => Promise<unknown>) => Promise<unknown>;
  /** How often an event is delivered: 0 loses it, 2 doubles it. */
  readonly copies?: (event: BusEvent, rule: string) => number;
}

/** The EventBridge rules of `serverless.yml` whose target is the state machine, by their names there. */
const patternOf = (rule: string): Readonly<Record<string, unknown>> =>
  resourceProperties<{ EventPattern: Record<string, unknown> }>(rule).EventPattern;

/** The rule for failed executions, with this machine's state machine in the place of the reference. */
const endedPattern = (): Readonly<Record<string, unknown>> => {
  const pattern = patternOf('EndedRule');
  return { ...pattern, detail: { ...(pattern['detail'] as object), stateMachineArn: [stateMachineArn] } };
};

/** The parts with every write and notice recorded, when a recording is made. */
const recordedParts = (parts: Parts, recording: SystemRecorder | null): Parts =>
  recording === null
    ? parts
    : {
        ...parts,
        dynamoDb: { ...parts.dynamoDb, respond: recording.respond(parts.dynamoDb.respond) },
        sns: { ...parts.sns, respond: recording.respond(parts.sns.respond) },
      };

/** Pauses before Lambda invokes a function again that failed on an event, in milliseconds: one minute, then two (documented). */
const pausesOfLambda = [60_000, 120_000];

const invokedAgain = async (pace: Pace, invoke: () => Promise<unknown>): Promise<unknown> => {
  const { MaximumRetryAttempts: most } = resourceProperties<{ readonly MaximumRetryAttempts: number }>(
    'EndedInvocations',
  );
  for (const pause of pausesOfLambda.slice(0, most)) {
    try {
      return await invoke();
    } catch {
      await pace.sleep(pause);
    }
  }
  return invoke();
};

export const createLocalSystem = async (options: LocalSystemOptions): Promise<LocalSystem> => {
  const { clock, pace } = options;
  let put: (event: BusEvent) => void = () => undefined;
  const emit = (event: BusEvent) => put(event);
  const recording = recorder?.system(clock.now) ?? null;
  const parts = recordedParts(await createParts({ ...options, clock, emit }), recording);
  const around = options.around ?? ((_invocation, run) => run());
  // The functions need the Step Functions endpoint, which needs the state machine, which needs the functions.
  let answer: Respond = () => Promise.reject(new Error('Step Functions is not up yet'));
  const states: Respond = (request) => answer(request);
  const surroundings = await options.surroundings(parts, states);
  const machine = createStateMachine({
    definition: localDefinition(ids.region, ids.account),
    functions: localFunctions(ids.region, ids.account, surroundings, (invocation, run) =>
      recording === null ? around(invocation, run) : recording.invoked(invocation, () => around(invocation, run)),
    ),
    pace,
  });
  const executions = createExecutions({
    stateMachines: [{ name: stateMachineName, machine }],
    ownerId: ids.account,
    region: ids.region,
    now: clock.now,
    newId: clock.newId,
    emit,
  });
  recording?.executions(executions);
  answer = stepFunctionsService(executions);
  const start = async (event: BusEvent) => executions.start({ stateMachineArn, input: JSON.stringify(event) });
  const ended = endedFunction(surroundings);
  const told = options.afterFailure ?? ((_event, run) => run());
  const afterFailure = (event: BusEvent): Promise<unknown> => {
    const invoke = () => invokedAgain(pace, () => told(event, () => ended(event)));
    return recording === null ? invoke() : recording.afterFailure(event.resources[0] ?? '', invoke);
  };
  const rules: readonly BusRule[] = [
    { name: 'ChangeRule', pattern: patternOf('ChangeRule'), targets: [start] },
    ...(options.moreEvents === true
      ? [{ name: 'MoreChangesRule', pattern: patternOf('MoreChangesRule'), targets: [start] }]
      : []),
    { name: 'EndedRule', pattern: endedPattern(), targets: [afterFailure] },
  ];
  const bus = createEventBus({ rules, ...(options.copies === undefined ? {} : { copies: options.copies }) });
  put = bus.put;
  const idle = async (): Promise<void> => {
    for (let before = -1; before !== bus.sent.length; ) {
      before = bus.sent.length;
      await bus.idle();
      await executions.idle();
    }
  };
  return { parts, executions, states, bus, surroundings, idle };
};
