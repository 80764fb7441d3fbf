import { EventEmitter } from 'node:events';
import dynalite from 'dynalite';
import type { Respond, WireRequest, WireResponse } from './http.ts';

/** The properties of an AWS::DynamoDB::Table resource, as serverless.yml states them. */
export type TableProperties = Readonly<Record<string, unknown>> & { readonly TableName?: unknown };

export interface LocalDynamoDb {
  readonly respond: Respond;
  /** Makes a table of the resource's properties and waits until it is active. `name` replaces its TableName. */
  readonly createTable: (properties: TableProperties, name: string) => Promise<void>;
}

/** What dynalite reads of a request: headers and the events `data` and `end`. */
class PlainRequest extends EventEmitter {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(request: WireRequest) {
    super();
    this.method = request.method;
    this.url = request.query === '' ? request.path : `${request.path}?${request.query}`;
    this.headers = request.headers;
  }
}

/** What dynalite writes of a response. */
class PlainResponse {
  statusCode = 200;
  contentType = '';
  readonly #headers: Record<string, string> = {};
  readonly #done: (response: WireResponse) => void;

  constructor(done: (response: WireResponse) => void) {
    this.#done = done;
  }

  setHeader(name: string, value: unknown): void {
    this.#headers[name.toLowerCase()] = String(value);
  }

  end(body = ''): void {
    this.#done({ status: this.statusCode, headers: this.#headers, body });
  }
}

/** What of a table's properties the local DynamoDB can hold; the rest (TTL, recovery, encryption) has no effect on items. */
const heldProperties = [
  'AttributeDefinitions',
  'KeySchema',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
  'BillingMode',
  'ProvisionedThroughput',
] as const;

/**
 * DynamoDB in memory, over dynalite, called without sockets. It has no transactions and returns no item with a failed
 * condition; items past their time to live stay, as they may on AWS.
 */
export const createDynamoDb = (): LocalDynamoDb => {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });

  const respond: Respond = (request) =>
    new Promise((resolve) => {
      const plain = new PlainRequest(request);
      server.emit('request', plain, new PlainResponse(resolve));
      if (request.body !== '') plain.emit('data', Buffer.from(request.body, 'utf8'));
      plain.emit('end');
    });

  const call = async (operation: string, input: object): Promise<Readonly<Record<string, unknown>>> => {
    const response = await respond({
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

  return {
    respond,
    createTable: async (properties, name) => {
      const held = Object.fromEntries(
        heldProperties.flatMap((one) => (properties[one] === undefined ? [] : [[one, properties[one]] as const])),
      );
      await call('CreateTable', { ...held, TableName: name });
      for (;;) {
        const described = await call('DescribeTable', { TableName: name });
        const table = described['Table'] as { readonly TableStatus: string };
        if (table.TableStatus === 'ACTIVE') return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
};
