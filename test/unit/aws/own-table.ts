import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTable, type Table } from '../../../shared/aws/table/table.ts';
import { createDynamoDb, type TableProperties } from '../../local/dynamodb.ts';
import { inProcessHandler, type WireRequest, type WireResponse } from '../../local/http.ts';
import { resourceProperties } from '../../support/deployment.ts';

/** The deployed table in memory, empty, with a clock that a test sets. */
export interface OwnTable {
  readonly table: Table;
  readonly client: DynamoDBClient;
  readonly clock: { now: number };
  readonly now: () => number;
  /** The operations asked of DynamoDB, in order: `GetItem`, `PutItem`, … */
  readonly asked: string[];
}

export const tableName = 'policy-sync';
const start = Date.UTC(2026, 10, 2, 8, 0, 0);

/** `answer` may answer a request instead of the table, by its operation. */
export const ownTable = async (
  answer: (operation: string, request: WireRequest) => WireResponse | null = () => null,
): Promise<OwnTable> => {
  const dynamoDb = createDynamoDb();
  await dynamoDb.createTable(resourceProperties<TableProperties>('Table'), tableName);
  const asked: string[] = [];
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: inProcessHandler(async (request) => {
      const operation = (request.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
      asked.push(operation);
      return answer(operation, request) ?? (await dynamoDb.respond(request));
    }) as never,
  });
  const clock = { now: start };
  return { table: createTable(client, tableName), client, clock, now: () => clock.now, asked };
};

/** What the JSON protocol answers for an error of the service. */
export const refusal = (code: string, message: string, status = 400): WireResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message }),
});
