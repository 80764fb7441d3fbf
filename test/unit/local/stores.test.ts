import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createDynamoDb } from '../../local/dynamodb.ts';
import { inProcessHandler, listen } from '../../local/http.ts';
import { oneEndpoint } from '../../local/one-endpoint.ts';
import { createSecrets, type HeldSecret } from '../../local/secrets.ts';

const base = { region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 };

const table = {
  TableName: { 'Fn::Sub': 'x' },
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'index', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byIndex',
      KeySchema: [{ AttributeName: 'index', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
};

test('a table of the template holds items under conditions, without a socket', async () => {
  const db = createDynamoDb();
  await db.createTable(table, 'sync');
  const client = new DynamoDBClient({ ...base, requestHandler: inProcessHandler(db.respond) });
  const Item = { pk: { S: 'a' }, sk: { S: '1' }, index: { S: 'x' }, n: { N: '1' } };
  await client.send(new PutItemCommand({ TableName: 'sync', Item, ConditionExpression: 'attribute_not_exists(pk)' }));
  await assert.rejects(
    client.send(new PutItemCommand({ TableName: 'sync', Item, ConditionExpression: 'attribute_not_exists(pk)' })),
    ConditionalCheckFailedException,
  );
  await client.send(
    new UpdateItemCommand({
      TableName: 'sync',
      Key: { pk: { S: 'a' }, sk: { S: '1' } },
      UpdateExpression: 'SET #n = #n + :one',
      ConditionExpression: '#n = :one',
      ExpressionAttributeNames: { '#n': 'n' },
      ExpressionAttributeValues: { ':one': { N: '1' } },
    }),
  );
  const got = await client.send(
    new GetItemCommand({ TableName: 'sync', Key: { pk: { S: 'a' }, sk: { S: '1' } }, ConsistentRead: true }),
  );
  assert.equal(got.Item?.['n']?.N, '2');
  const query = await client.send(
    new QueryCommand({
      TableName: 'sync',
      IndexName: 'byIndex',
      KeyConditionExpression: '#i = :x',
      ExpressionAttributeNames: { '#i': 'index' },
      ExpressionAttributeValues: { ':x': { S: 'x' } },
    }),
  );
  assert.equal(query.Count, 1);
});

test('a secret is read by name and by ARN, and the refusals have the names of the service', async () => {
  let secrets: readonly HeldSecret[] = [{ name: 'firewall/key', value: 'k', createdAt: 0, versionId: 'v1' }];
  let denied = false;
  const respond = createSecrets({
    ownerId: '111122223333',
    region: 'eu-central-1',
    secrets: () => secrets,
    denied: () => denied,
  });
  const client = new SecretsManagerClient({ ...base, requestHandler: inProcessHandler(respond) });
  const read = (SecretId: string) => client.send(new GetSecretValueCommand({ SecretId }));
  const first = await read('firewall/key');
  assert.equal(first.SecretString, 'k');
  assert.equal((await read(first.ARN ?? '')).Name, 'firewall/key');
  await assert.rejects(read('other'), { name: 'ResourceNotFoundException' });
  secrets = secrets.map((one) => ({ ...one, kind: 'scheduled for deletion' as const }));
  await assert.rejects(read('firewall/key'), { name: 'InvalidRequestException' });
  denied = true;
  await assert.rejects(read('firewall/key'), { name: 'AccessDeniedException' });
});

test('the table answers over HTTP as well', async () => {
  const db = createDynamoDb();
  await db.createTable(table, 'sync');
  const server = await listen(db.respond);
  const client = new DynamoDBClient({ ...base, endpoint: server.url });
  try {
    const got = await client.send(new GetItemCommand({ TableName: 'sync', Key: { pk: { S: 'a' }, sk: { S: 'ü' } } }));
    assert.equal(got.Item, undefined);
  } finally {
    client.destroy();
    await server.close();
  }
});

test('all parts answer behind one address, each its own protocol', async () => {
  const db = createDynamoDb();
  await db.createTable(table, 'sync');
  const respond = oneEndpoint({
    dynamodb: db.respond,
    secretsManager: createSecrets({
      ownerId: '111122223333',
      region: 'eu-central-1',
      secrets: () => [{ name: 'one', value: 'k', createdAt: 0, versionId: 'v1' }],
    }),
  });
  const requestHandler = inProcessHandler(respond);
  const secrets = new SecretsManagerClient({ ...base, requestHandler });
  assert.equal((await secrets.send(new GetSecretValueCommand({ SecretId: 'one' }))).SecretString, 'k');
  const client = new DynamoDBClient({ ...base, requestHandler });
  await client.send(new GetItemCommand({ TableName: 'sync', Key: { pk: { S: 'a' }, sk: { S: '1' } } }));
  const absent = await respond({
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'x-amz-target': 'AWSStepFunctions.ListStateMachines' },
    body: '{}',
  });
  assert.equal(absent.status, 404);
});
