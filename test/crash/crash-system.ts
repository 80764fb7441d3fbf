import { AsyncLocalStorage } from 'node:async_hooks';
import { EC2Client } from '@aws-sdk/client-ec2';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Surroundings } from '../../shared/runtime/surroundings.ts';
import type { BusEvent } from '../local/bus-event.ts';
import type { Account } from '../local/ec2/account.ts';
import { inProcessHandler } from '../local/http.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import type { Invocation } from '../local/step-functions/interpreter.ts';
import type { Simulator, SimulatorOptions } from '../simulator/simulator.ts';
import { ids } from '../system/demo-account.ts';
import { createLocalSystem, type LocalSystem, type LocalSystemOptions } from '../system/local-system.ts';
import { type Parts, tableName } from '../system/parts.ts';
import { inProcess, sendToSimulator } from '../system/surroundings.ts';
import { createVirtualClock, type VirtualClock } from '../system/virtual-clock.ts';

/** One external call of a function under test, as it is about to be made. */
export interface Call {
  /** From 1, over the life of the system. */
  readonly n: number;
  readonly service: 'firewall' | 'dynamodb' | 'ec2' | 'secretsmanager' | 'states' | 'sns';
  /** E.g. `PutItem`, `config multi-config`. */
  readonly operation: string;
  /** Partition key of the item that is written; empty for anything else. */
  readonly item: string;
  readonly invocation: Invocation;
}

/** What befalls a function at a call. `before`: the call is not made; `after`: it is, and the answer never seen. */
export interface Blow {
  readonly when: 'before' | 'after';
  /**
   * `ends`: the function dies of something the state machine does not retry. `dies`: of something it does. `parks`: it
   * stands still, and goes on when released, however late. `fails`: the call raises an error, and the function goes on.
   */
  readonly how: 'ends' | 'dies' | 'parks' | 'fails';
  /** What a call that fails raises. */
  readonly error?: Error;
}

/** A function that stands still in the middle of a call. */
export interface Parked {
  readonly call: Call;
  /** Lets it go on; resolves when it has run to its end. */
  readonly release: () => Promise<void>;
}

interface Life {
  readonly invocation: Invocation;
  fate: Error | null;
  /** Resolved when the function parks. */
  readonly parked: PromiseWithResolvers<void>;
}

/** The state of everything outside the code: enough to begin another system exactly there. */
export interface Outside {
  readonly account: Account;
  readonly simulator: Simulator;
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly now: number;
  readonly idsUsed: number;
}

export interface CrashSystemOptions {
  readonly from?: Outside;
  readonly account?: (clock: VirtualClock) => Account;
  readonly simulator?: Omit<SimulatorOptions, 'now' | 'sleep'>;
  readonly ec2?: LocalSystemOptions['ec2'];
  readonly environment?: Readonly<Record<string, string>>;
  readonly copies?: (event: BusEvent, rule: string) => number;
  /** Asked at each external call. */
  readonly strike?: (call: Call) => Blow | null;
  /** Told after each external call, and before it whether or not it is made. */
  readonly watch?: (moment: 'before' | 'after', call: Call) => void | Promise<void>;
}

export interface CrashSystem extends LocalSystem {
  readonly clock: VirtualClock;
  readonly ec2: EC2Client;
  readonly simulator: Simulator;
  readonly calls: readonly Call[];
  readonly parked: readonly Parked[];
  readonly runs: () => readonly Execution[];
  readonly items: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly outside: () => Promise<Outside>;
}

/** As Lambda names a function whose process was ended; no state retries it. */
class Ended extends Error {
  override readonly name = 'Runtime.ExitError';
}
class Died extends Error {
  override readonly name = 'Lambda.Unknown';
}

const dynamo = async (parts: Parts, operation: string, input: object): Promise<Readonly<Record<string, unknown>>> => {
  const response = await parts.dynamoDb.respond({
    method: 'POST',
    path: '/',
    query: '',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization: 'AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=local',
    },
    body: JSON.stringify(input),
  });
  if (response.status !== 200) throw new Error(`DynamoDB refused ${operation}: ${response.body}`);
  return JSON.parse(response.body) as Record<string, unknown>;
};

const rawItems = async (parts: Parts): Promise<readonly Record<string, unknown>[]> => {
  const { Items, LastEvaluatedKey } = await dynamo(parts, 'Scan', { TableName: tableName });
  if (LastEvaluatedKey !== undefined) throw new Error('The table of a crash test fits one page');
  return Items as Record<string, unknown>[];
};

const serviceOf = (hostname: string): Call['service'] => hostname.split('.')[0] as Call['service'];

const sdkOperation = (request: {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}): string =>
  request.headers['x-amz-target']?.split('.')[1] ??
  new URLSearchParams(String(request.body ?? '')).get('Action') ??
  'unknown';

const itemOf = (body: unknown): string => {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body ?? '');
  if (!text.startsWith('{')) return '';
  const { Item, Key } = JSON.parse(text) as Readonly<Record<string, { readonly pk?: { readonly S?: string } }>>;
  return (Item ?? Key)?.pk?.S ?? '';
};

const firewallOperation = (body: string): string => {
  const parameters = new URLSearchParams(body);
  const type = parameters.get('type') ?? '';
  const command = [...(parameters.get('cmd') ?? '').matchAll(/<([a-z-]+)>/g)].map(([, tag]) => tag).slice(0, 3);
  return [type, parameters.get('action') ?? '', type === 'op' ? command.join(' ') : ''].filter(Boolean).join(' ');
};

/** How long a request to AWS may take. */
const sdkMilliseconds = 10_000;

/** Operations that change nothing outside. */
const reads = /^(GetItem|Query|GetSecretValue|Describe\w*|config (get|show)|op (show|test|check).*)$/;
export const isRead = (call: Pick<Call, 'operation'>): boolean => reads.test(call.operation);

/**
 * The whole system in one process, every external call of its functions in the hands of a test: a function can be ended,
 * made to die, or stopped and released later, before or after the work of any call. Can begin where another one stood.
 */
export const createCrashSystem = async (options: CrashSystemOptions): Promise<CrashSystem> => {
  const { from } = options;
  const clock = createVirtualClock(from === undefined ? {} : { start: from.now });
  for (let used = 0; used < (from?.idsUsed ?? 0); used += 1) clock.newId();
  const lives = new AsyncLocalStorage<Life>();
  const calls: Call[] = [];
  const parked: Parked[] = [];

  const met = async <Answer>(
    what: Pick<Call, 'service' | 'operation' | 'item'>,
    timeoutMilliseconds: number,
    work: () => Promise<Answer>,
  ): Promise<Answer> => {
    const life = lives.getStore();
    if (life === undefined) return work();
    if (life.fate !== null) throw life.fate;
    const call: Call = { n: calls.length + 1, ...what, invocation: life.invocation };
    calls.push(call);
    await options.watch?.('before', call);
    const blow = options.strike?.(call) ?? null;
    const strike = async (): Promise<void> => {
      if (blow === null) return;
      if (blow.how === 'parks') {
        const begun = clock.now();
        const { promise: released, resolve } = Promise.withResolvers<void>();
        const { promise: over, resolve: end } = Promise.withResolvers<void>();
        ends.set(life, end);
        parked.push({
          call,
          release: () =>
            clock.working(async () => {
              resolve();
              await over;
            }),
        });
        life.parked.resolve();
        await released;
        // A transport gives up once a request's time is over, and then nothing more goes out on its connection.
        if (blow.when === 'before' && clock.now() - begun > timeoutMilliseconds) {
          throw Object.assign(new Error('the time of the request is over'), { name: 'FirewallUnreachable' });
        }
        return;
      }
      if (blow.how === 'fails') throw blow.error ?? new Error('the call failed');
      life.fate =
        blow.how === 'ends' ? new Ended('the process was ended') : new Died('the function did not answer any more');
      throw life.fate;
    };
    if (blow?.when === 'before') await strike();
    const answer = await work();
    // A call of a function that died meanwhile does its work, and nobody sees the answer.
    if (life.fate !== null) throw life.fate;
    await options.watch?.('after', call);
    if (blow?.when === 'after') await strike();
    return answer;
  };
  const ends = new Map<Life, () => void>();

  let simulator: Simulator | null = null;
  const system = await createLocalSystem({
    account: from?.account ?? options.account?.(clock) ?? fail('an account is needed'),
    ...(options.simulator === undefined ? {} : { simulator: options.simulator }),
    ...(options.ec2 === undefined ? {} : { ec2: options.ec2 }),
    ...(options.copies === undefined ? {} : { copies: options.copies }),
    clock,
    pace: clock.pace,
    surroundings: (parts, states): Surroundings => {
      const device = from?.simulator.fork({ now: clock.now, sleep: clock.sleep }) ?? parts.simulator;
      simulator = device;
      const plain = inProcess({ ...parts, simulator: device }, clock, {
        states,
        environment: options.environment ?? {},
      });
      const handler = plain.sdk.requestHandler as {
        handle: (request: { hostname: string; headers: Record<string, string>; body?: unknown }) => Promise<unknown>;
      };
      return {
        ...plain,
        sdk: {
          ...plain.sdk,
          requestHandler: {
            ...handler,
            handle: (request: { hostname: string; headers: Record<string, string>; body?: unknown }) =>
              met(
                {
                  service: serviceOf(request.hostname),
                  operation: sdkOperation(request),
                  item: itemOf(request.body),
                },
                sdkMilliseconds,
                () => handler.handle(request),
              ),
          },
        },
        sendTo: () => {
          const send = sendToSimulator(device);
          return (request) =>
            met(
              { service: 'firewall', operation: firewallOperation(request.body), item: '' },
              request.timeoutMilliseconds,
              () => send(request),
            );
        },
      };
    },
    around: async (invocation, run) => {
      const life: Life = { invocation, fate: null, parked: Promise.withResolvers<void>() };
      const whole = lives
        .run(life, run)
        .then(
          (result) => ({ result, error: life.fate }),
          (error: unknown) => ({ result: undefined, error: life.fate ?? error }),
        )
        .finally(() => ends.get(life)?.());
      const outcome = await clock.working(() => Promise.race([whole, life.parked.promise]));
      // One that stands still never answers: its state times out, or its execution is stopped.
      if (outcome === undefined) return new Promise<never>(() => undefined);
      if (outcome.error !== null) throw outcome.error;
      return outcome.result;
    },
    afterFailure: (_event, run) => clock.working(run),
  });
  const { parts } = system;
  const device = simulator ?? parts.simulator;
  for (const Item of from?.items ?? []) await dynamo(parts, 'PutItem', { TableName: tableName, Item });
  return {
    ...system,
    clock,
    simulator: device,
    calls,
    parked,
    ec2: new EC2Client({
      region: ids.region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: inProcessHandler(parts.ec2.respond) as never,
    }),
    runs: () => system.executions.all().toSorted((a, b) => a.startDate - b.startDate),
    items: async () => (await rawItems(parts)).map((item) => unmarshall(item as Parameters<typeof unmarshall>[0])),
    outside: async () => ({
      account: parts.ec2.account(),
      simulator: device.fork(),
      items: await rawItems(parts),
      now: clock.now(),
      idsUsed: Number.parseInt(clock.newId().slice(0, 8), 16),
    }),
  };
};

const fail = (why: string): never => {
  throw new Error(why);
};
