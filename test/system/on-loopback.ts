import { randomUUID } from 'node:crypto';
import { realSurroundings } from '../../shared/runtime/surroundings.ts';
import { type Listening, listen } from '../local/http.ts';
import { hurriedPace, realPace } from '../local/step-functions/pace.ts';
import { recorder } from '../recorder/recorder.ts';
import { listen as listenAsFirewall } from '../simulator/http-shell.ts';
import { demoAccount, ids } from './demo-account.ts';
import { createLocalSystem, type LocalSystem, stateMachineArn } from './local-system.ts';
import { demoEnvironment } from './surroundings.ts';

/** The whole system listening on loopback ports, and the environment by which anything reaches it. */
export interface LoopbackSystem extends LocalSystem {
  readonly environment: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

/**
 * Brings everything up on the loopback address: the handlers reach EC2, DynamoDB, Secrets Manager, Step Functions and the
 * firewall through sockets and clients, exactly as they reach the real ones. Sets the environment of this process.
 */
export const startOnLoopback = async (options: {
  /** Retries and waits take no time. */
  readonly hurried: boolean;
  readonly ports?: Readonly<
    Partial<Record<'ec2' | 'dynamodb' | 'secretsmanager' | 'states' | 'sns' | 'firewall', number>>
  >;
  readonly writeLog?: (line: string) => void;
}): Promise<LoopbackSystem> => {
  const { ports = {} } = options;
  const clock = { now: realPace.now, sleep: realPace.sleep, newId: recorder?.newId ?? (() => randomUUID()) };
  const open: { close: () => Promise<void> }[] = [];
  const opened = async <One extends { close: () => Promise<void> }>(listening: Promise<One>): Promise<One> => {
    const one = await listening;
    open.push(one);
    return one;
  };
  let environment: Record<string, string> = {};
  const system = await createLocalSystem({
    account: demoAccount(clock),
    clock,
    pace: options.hurried ? hurriedPace : realPace,
    ec2: {
      // An instance takes seconds to start or stop; in a hurry, none of it is waited for.
      ...(options.hurried
        ? { timing: { pendingMilliseconds: 0, stoppingMilliseconds: 0, shuttingDownMilliseconds: 0 } }
        : {}),
      later: (milliseconds, run) => {
        setTimeout(run, Math.max(0, milliseconds)).unref();
      },
    },
    surroundings: async (parts, states) => {
      const at = (name: keyof typeof ports, respond: Parameters<typeof listen>[0]): Promise<Listening> =>
        opened(listen(respond, { port: ports[name] ?? 0 }));
      const firewall = await opened(
        listenAsFirewall(
          { respond: recorder?.sends(parts.simulator.respond) ?? parts.simulator.respond },
          { port: ports.firewall ?? 0, tls: true },
        ),
      );
      environment = {
        ...demoEnvironment,
        FIREWALL_ENDPOINT: firewall.url,
        // On one line, as an environment file holds it.
        FIREWALL_CA: (firewall.caPem ?? '').trim().replaceAll('\n', '\\n'),
        AWS_ENDPOINT_URL_EC2: (await at('ec2', parts.ec2.respond)).url,
        AWS_ENDPOINT_URL_DYNAMODB: (await at('dynamodb', parts.dynamoDb.respond)).url,
        AWS_ENDPOINT_URL_SECRETS_MANAGER: (await at('secretsmanager', parts.secrets)).url,
        AWS_ENDPOINT_URL_SNS: (await at('sns', parts.sns.respond)).url,
        AWS_ENDPOINT_URL_SFN: (await at('states', states)).url,
        AWS_REGION: ids.region,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        STATE_MACHINE_ARN: stateMachineArn,
      };
      Object.assign(process.env, environment);
      return { ...realSurroundings(), writeLog: options.writeLog ?? (() => undefined) };
    },
  });
  return {
    ...system,
    environment,
    close: async () => {
      await Promise.all(open.map((one) => one.close()));
    },
  };
};
