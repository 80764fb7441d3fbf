import { AsyncLocalStorage } from 'node:async_hooks';
import type { Respond } from '../local/http.ts';
import type { Executions } from '../local/step-functions/executions.ts';
import type { Invocation } from '../local/step-functions/interpreter.ts';
import { decodedAws, decodedRequest, replyStatus } from './decode.ts';
import { writeRecording } from './write-recording.ts';

/**
 * What a recording holds of one exchange, notice or write, in the place it was made from. Ordinals tell which of them were
 * under way side by side.
 */
export interface Seen {
  readonly kind: 'firewall' | 'table' | 'notice';
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly began: number;
  ended: number | null;
  answer: string | null;
}

/** One run of one function: what it did outside. */
export interface Lane {
  readonly execution: string;
  readonly state: string;
  readonly attempt: number;
  readonly seen: Seen[];
  /** What it answered, or failed with. */
  result?: { readonly output: unknown } | { readonly error: string; readonly message: string };
}

/** One system of a test. */
export interface RecordedSystem {
  readonly test: string;
  readonly startedAt: number;
  /** Whether its clock is the machine's: times mean nothing then. */
  readonly isRealTime: boolean;
  readonly lanes: Lane[];
  executions: Executions | null;
}

type Send<
  Request extends { readonly body: string },
  Reply extends { readonly status: number; readonly body: string },
> = (request: Request) => Promise<Reply>;

const lanes = new AsyncLocalStorage<Lane>();
const outsideTests = '(outside tests)';
let currentTest = outsideTests;
let ordinal = 0;
let ids = 0;

/** What the recorder adds around one system's edges. */
export interface SystemRecorder {
  readonly respond: (respond: Respond) => Respond;
  readonly invoked: (invocation: Invocation, run: () => Promise<unknown>) => Promise<unknown>;
  readonly afterFailure: (execution: string, run: () => Promise<unknown>) => Promise<unknown>;
  readonly executions: (executions: Executions) => void;
}

const observed = async <Answer>(
  lane: Lane | undefined,
  what: Pick<Seen, 'kind' | 'name' | 'value'> | null,
  work: () => Promise<Answer>,
  answerOf: (answer: Answer) => string,
): Promise<Answer> => {
  if (lane === undefined || what === null) return work();
  ordinal += 1;
  const seen: Seen = { ...what, began: ordinal, ended: null, answer: null };
  lane.seen.push(seen);
  try {
    const answer = await work();
    seen.answer = answerOf(answer);
    return answer;
  } catch (error) {
    seen.answer = `no answer: ${error instanceof Error ? error.name : 'unknown'}`;
    throw error;
  } finally {
    ordinal += 1;
    seen.ended = ordinal;
  }
};

const createRecorder = (directory: string) => {
  const systems: RecordedSystem[] = [];
  /** Over sockets nothing leads from a request to who made it; there, one function runs at a time. */
  const active = new Set<Lane>();
  const laneNow = (): Lane | undefined => lanes.getStore() ?? (active.size === 1 ? [...active][0] : undefined);
  process.once('exit', () => writeRecording(directory, systems));

  const during = async (lane: Lane, isRealTime: boolean, run: () => Promise<unknown>): Promise<unknown> => {
    if (isRealTime) active.add(lane);
    try {
      const output = await lanes.run(lane, run);
      lane.result = { output };
      return output;
    } catch (error) {
      lane.result =
        error instanceof Error
          ? { error: error.name, message: error.message }
          : { error: 'unknown', message: String(error) };
      throw error;
    } finally {
      active.delete(lane);
    }
  };

  return {
    /** What is made from now on belongs to this test; null: to none. */
    begin: (test: string | null): void => {
      currentTest = test ?? outsideTests;
    },
    system: (now: () => number): SystemRecorder => {
      const system: RecordedSystem = {
        test: currentTest,
        startedAt: now(),
        isRealTime: Math.abs(now() - Date.now()) < 60_000,
        lanes: [],
        executions: null,
      };
      systems.push(system);
      const laneOf = (execution: string, state: string, attempt: number): Lane => {
        const lane: Lane = { execution, state, attempt, seen: [] };
        system.lanes.push(lane);
        return lane;
      };
      return {
        respond: (respond) => (request) =>
          observed(
            laneNow(),
            decodedAws(request),
            () => respond(request),
            ({ status, body }) =>
              status === 200
                ? 'done'
                : (/[\w.]*(?:Exception|NotFound|InvalidParameter)\b/.exec(body)?.[0] ?? String(status)),
          ),
        invoked: ({ executionArn, stateName, attempt }, run) =>
          during(laneOf(executionArn, stateName, attempt), system.isRealTime, run),
        afterFailure: (execution, run) => during(laneOf(execution, 'ExecutionEnded', 1), system.isRealTime, run),
        executions: (executions) => {
          system.executions = executions;
        },
      };
    },
    /** Ids of a system on the machine's clock: lists that are in the order of their ids come out the same each time. */
    newId: (): string => {
      ids += 1;
      const hex = ids.toString(16);
      return `${hex.padStart(8, '0')}-0000-4000-8000-${hex.padStart(12, '0')}`;
    },
    /** Around whatever carries a request to a firewall. */
    sends:
      <Request extends { readonly body: string }, Reply extends { readonly status: number; readonly body: string }>(
        send: Send<Request, Reply>,
      ): Send<Request, Reply> =>
      (request) =>
        observed(laneNow(), decodedRequest(request.body), () => send(request), replyStatus),
  };
};

const directory = process.env['RECORD'];

/** Records into the directory that RECORD names; null, and nothing at all is done, without it. */
export const recorder: ReturnType<typeof createRecorder> | null =
  directory === undefined || directory === '' ? null : createRecorder(directory);
