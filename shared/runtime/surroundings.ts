import { NodeHttpHandler } from '@smithy/node-http-handler';
import { remembering } from '../domain/remember.ts';
import type { Send } from '../panos/firewall.ts';
import { httpsSend } from './firewall-transport.ts';
import type { Settings } from './settings.ts';
import { realWorld, type World } from './world.ts';

/** What the AWS SDK clients are built from; empty in Lambda, where the SDK finds everything itself. */
export interface SdkConfiguration {
  readonly requestHandler?: unknown;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly region?: string;
  readonly endpoint?: string;
  readonly maxAttempts?: number;
}

/** Everything outside the code: one value in Lambda and on one machine, another in each test. */
export interface Surroundings {
  readonly world: World;
  readonly sdk: SdkConfiguration;
  /** The transport to one firewall endpoint. */
  readonly sendTo: (endpoint: string, settings: Settings) => Send;
  readonly writeLog: (line: string) => void;
  /** Keeps clients and their connections for the life of the surroundings. */
  readonly once: ReturnType<typeof remembering>;
}

/** The SDK client of one service, made once. */
export const sdkClient = <Client>(
  { sdk, once }: Pick<Surroundings, 'sdk' | 'once'>,
  service: string,
  Client: new (configuration: never) => Client,
): Client => once(service, () => new Client(sdk as never));

/** A call that is not answered in time is given up: a step's deadline allows for one call that is still under way. */
const sdkTransport = (): NodeHttpHandler =>
  new NodeHttpHandler({ connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true });

export const realSurroundings = (): Surroundings => ({
  world: realWorld,
  sdk: { requestHandler: sdkTransport(), maxAttempts: 3 },
  sendTo: (endpoint, settings) =>
    httpsSend({
      endpoint,
      ca: settings.FIREWALL_CA ?? null,
      fingerprint: settings.FIREWALL_FINGERPRINT ?? null,
      allowHttp: settings.FIREWALL_ALLOW_HTTP === 'yes',
    }),
  writeLog: (line) => {
    process.stdout.write(`${line}\n`);
  },
  once: remembering(),
});
