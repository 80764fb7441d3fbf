import { NamedError } from '../../shared/domain/errors.ts';
import { remembering } from '../../shared/domain/remember.ts';
import type { Send } from '../../shared/panos/firewall.ts';
import type { Surroundings } from '../../shared/runtime/surroundings.ts';
import { inProcessHandler, type Respond } from '../local/http.ts';
import { recorder } from '../recorder/recorder.ts';
import { ConnectionLost } from '../simulator/faults.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { ids } from './demo-account.ts';
import type { Clock, Parts } from './parts.ts';
import { administrator, secretName, tableName, topicArn } from './parts.ts';

/** The settings of the demonstration, as environment variables. */
export const demoEnvironment: Readonly<Record<string, string>> = {
  FIREWALL_ENDPOINT: 'https://127.0.0.1',
  FIREWALL_API_KEY_SECRET: secretName,
  FIREWALL_ADMINISTRATOR: administrator,
  FIREWALL_TARGETS: ids.firewall,
  BOTTOM_RULE: 'Clean up',
  UNTRUST_ZONE: 'untrust',
  TRUST_ZONE: 'trust',
  PROFILE_GROUP: 'default-profile',
  LOG_SETTING: 'default',
  RULE_TAG: 'aws-policy-sync',
  TABLE_NAME: tableName,
  NOTIFICATION_TOPIC: topicArn,
};

/** Sends to the simulator without sockets; a connection that breaks is what the transport makes of it. */
export const sendToSimulator = (simulator: Pick<Simulator, 'respond'>): Send => {
  const send: Send = async ({ method, path, headers, body }) => {
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    try {
      return await simulator.respond({ method, path, headers: lower, body, contentType: lower['content-type'] ?? '' });
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      throw new NamedError('FirewallUnreachable', `${error.message}; the request may have been carried out`, {
        cause: error,
      });
    }
  };
  return recorder?.sends(send) ?? send;
};

/** What answers at an address; `hangs` takes requests and never answers, so that each ends with its own time limit. */
export type Answering = Pick<Simulator, 'respond'> & { readonly hangs?: boolean };

/** An SDK request handler that finds the part by the service's host name. */
const routed = (services: Readonly<Record<string, Respond>>) => {
  const handlers = new Map(
    Object.entries(services).map(([name, respond]) => [name, inProcessHandler(respond)] as const),
  );
  const any = [...handlers.values()][0];
  return {
    ...any,
    handle: (request: { readonly hostname: string }) => {
      const handler = handlers.get(request.hostname.split('.')[0] ?? '');
      if (handler === undefined) throw new Error(`No embedded part answers at ${request.hostname}`);
      return handler.handle(request as never);
    },
  };
};

/** Surroundings of the handlers in one process: no sockets, the clock in the test's hands. */
export const inProcess = (
  parts: Parts,
  clock: Clock,
  options: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly states?: Respond;
    readonly writeLog?: (line: string) => void;
    /** The firewall that answers at an address, asked anew at every request; the embedded one when left out. */
    readonly firewallAt?: (endpoint: string) => Answering;
  } = {},
): Surroundings => ({
  world: {
    now: clock.now,
    sleep: clock.sleep,
    environment: { ...demoEnvironment, ...options.environment },
  },
  sdk: {
    region: ids.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: routed({
      ec2: parts.ec2.respond,
      dynamodb: parts.dynamoDb.respond,
      secretsmanager: parts.secrets,
      sns: parts.sns.respond,
      ...(options.states === undefined ? {} : { states: options.states }),
    }),
  },
  sendTo: (endpoint) => async (request) => {
    const answering: Answering = options.firewallAt?.(endpoint) ?? parts.simulator;
    if (answering.hangs !== true) return sendToSimulator(answering)(request);
    await clock.sleep(request.timeoutMilliseconds);
    throw new NamedError('FirewallUnreachable', `${endpoint}: no reply within ${request.timeoutMilliseconds} ms`);
  },
  writeLog: options.writeLog ?? (() => undefined),
  once: remembering(),
});
