import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsFailure } from '../../aws/aws-failure.ts';
import { NamedError } from '../../domain/errors.ts';
import { activePeer } from '../../panos/active-peer.ts';
import { createFirewall } from '../../panos/create-firewall.ts';
import type { Firewall } from '../../panos/firewall.ts';
import type { Settings } from '../settings.ts';
import type { Run } from '../step.ts';
import { type Surroundings, sdkClient } from '../surroundings.ts';

/** How long a key read from Secrets Manager is used before it is read again. */
const keyMilliseconds = 300_000;

/** How long a peer of a pair may take to say whether it is the active one; the other one is asked at the same time. */
const probeMilliseconds = 15_000;

/** The key in a secret: the text itself, or `apiKey` of a JSON object. Never shown in any message. */
const keyFromSecret = (secret: string | undefined, secretId: string): string => {
  const text = secret?.trim() ?? '';
  if (text.startsWith('{')) {
    const parsed = parseObject(text);
    const key = parsed?.['apiKey'];
    if (typeof key === 'string' && key !== '') return key;
  } else if (text !== '') return text;
  throw new NamedError(
    'Misconfigured',
    `FIREWALL_API_KEY_SECRET: the secret ${secretId} holds neither an API key as text nor JSON with "apiKey".`,
  );
};

const parseObject = (text: string): Readonly<Record<string, unknown>> | null => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
};

/**
 * The firewall for one attempt of a step. Nothing is sent after the attempt's deadline, and no request is given more time
 * than is left: a step that may write says beforehand until when, and others rely on it.
 */
export const firewallPart = (surroundings: Surroundings, settings: Settings, run: Run): Firewall => {
  const { world, once } = surroundings;
  const secrets = sdkClient(surroundings, 'secretsmanager', SecretsManagerClient);
  const kept = once('api-key', () => ({ key: '', until: 0 }));
  const readKey = async (refused: string | null): Promise<string> => {
    // Another request may have read the renewed key already.
    if (kept.until > world.now() && kept.key !== refused) return kept.key;
    const secretId = settings.FIREWALL_API_KEY_SECRET;
    try {
      const answer = await secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
      kept.key = keyFromSecret(answer.SecretString, secretId);
    } catch (error) {
      throw awsFailure(error, 'secretsmanager:GetSecretValue');
    }
    kept.until = world.now() + keyMilliseconds;
    return kept.key;
  };
  const firewallAt = (endpoint: string, timeoutMilliseconds?: number): Firewall =>
    createFirewall({
      timeoutMilliseconds,
      send: once(`send ${endpoint}`, () => surroundings.sendTo(endpoint, settings)),
      deadline: run.deadline,
      unanswered: (until) => {
        run.unanswered.until = Math.max(run.unanswered.until, until);
      },
      apiKey: readKey,
      vsys: settings.FIREWALL_VSYS,
      administrator: settings.FIREWALL_ADMINISTRATOR,
      applications: [...Object.values(settings.PORT_APPLICATIONS).flat(), ...Object.values(settings.ICMP_APPLICATIONS)],
      sleep: world.sleep,
      now: world.now,
    });
  const [endpoint = '', ...more] = settings.FIREWALL_ENDPOINT;
  const peer = (at: string) => ({
    endpoint: at,
    firewall: firewallAt(at),
    probe: firewallAt(at, probeMilliseconds).device,
  });
  return activePeer([peer(endpoint), ...more.map(peer)]);
};
