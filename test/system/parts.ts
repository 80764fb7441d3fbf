import type { BusEvent } from '../local/bus-event.ts';
import { createDynamoDb, type LocalDynamoDb } from '../local/dynamodb.ts';
import type { Account } from '../local/ec2/account.ts';
import { createEc2, type Ec2Endpoint, type Ec2Options } from '../local/ec2/endpoint.ts';
import type { Respond } from '../local/http.ts';
import { createSecrets } from '../local/secrets.ts';
import { createSns, type LocalSns } from '../local/sns.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../simulator/simulator.ts';
import { resourceProperties } from '../support/deployment.ts';
import { ids } from './demo-account.ts';

/** Time and ids of a whole system. */
export interface Clock {
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly newId: () => string;
}

export interface PartsOptions {
  readonly account: Account;
  readonly clock: Clock;
  readonly emit: (event: BusEvent) => void;
  readonly simulator?: Omit<SimulatorOptions, 'now' | 'sleep'>;
  readonly ec2?: Partial<Pick<Ec2Options, 'faults' | 'timing' | 'later'>>;
  /** What the secret holds; the key of the dedicated administrator when left out. */
  readonly secret?: () => string;
}

/** The embedded parts around the code, each a function from request to response. */
export interface Parts {
  readonly ec2: Ec2Endpoint;
  readonly dynamoDb: LocalDynamoDb;
  readonly secrets: Respond;
  readonly simulator: Simulator;
  readonly sns: LocalSns;
}

export const tableName = 'policy-sync';
export const secretName = 'policy-sync/firewall-api-key';
export const administrator = 'policy-sync';
export const topicArn = `arn:aws:sns:${ids.region}:${ids.account}:policy-sync`;

export const createParts = async (options: PartsOptions): Promise<Parts> => {
  const { account, clock, emit } = options;
  const ec2 = createEc2({ account, now: clock.now, newId: clock.newId, emit, ...options.ec2 });
  const simulator = createSimulator({ ...options.simulator, now: clock.now, sleep: clock.sleep });
  const secret = options.secret ?? (() => JSON.stringify({ apiKey: simulator.keyOf(administrator) }));
  const secrets = createSecrets({
    ownerId: account.ownerId,
    region: account.region,
    secrets: () => [{ name: secretName, value: secret(), createdAt: clock.now(), versionId: 'local' }],
  });
  const dynamoDb = createDynamoDb();
  await dynamoDb.createTable(resourceProperties('Table'), tableName);
  const sns = createSns({ topics: [topicArn], newId: clock.newId });
  return { ec2, dynamoDb, secrets, simulator, sns };
};
