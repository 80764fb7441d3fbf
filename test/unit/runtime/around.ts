import { remembering } from '../../../shared/domain/remember.ts';
import type { Surroundings } from '../../../shared/runtime/surroundings.ts';
import { inProcessHandler, type Respond } from '../../local/http.ts';

export const environment: Readonly<Record<string, string>> = {
  FIREWALL_ENDPOINT: 'https://192.0.2.1',
  FIREWALL_API_KEY_SECRET: 'firewall/key',
  FIREWALL_ADMINISTRATOR: 'policy-sync',
  FIREWALL_TARGETS: 'i-0123456789abcdef0',
  BOTTOM_RULE: 'Clean up',
  UNTRUST_ZONE: 'untrust',
  TRUST_ZONE: 'trust',
  TABLE_NAME: 'policy-sync',
};

/** Surroundings with a clock in the test's hands; every SDK client speaks to `respond`. */
export const around = (said: Partial<Surroundings> & { readonly respond?: Respond } = {}) => {
  const clock = { now: Date.UTC(2026, 10, 2, 8, 0, 0) };
  const log: string[] = [];
  const { respond, ...rest } = said;
  const surroundings: Surroundings = {
    world: {
      now: () => clock.now,
      sleep: async (milliseconds) => {
        clock.now += milliseconds;
      },
      environment,
    },
    sdk: {
      region: 'eu-central-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
      requestHandler: inProcessHandler(
        respond ??
          (async () => {
            throw new Error('nothing answers here');
          }),
      ),
    },
    sendTo: () => async () => {
      throw new Error('no firewall here');
    },
    writeLog: (line) => {
      log.push(line);
    },
    once: remembering(),
    ...rest,
  };
  return { surroundings, clock, log };
};
