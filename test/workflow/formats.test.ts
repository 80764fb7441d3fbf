import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { takeTurn } from '../../functions/take-turn.ts';
import { handlerOf } from '../../shared/runtime/step.ts';
import { inProcessHandler } from '../local/http.ts';
import { calls, outputOf, web2 } from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { tableName } from '../system/parts.ts';

const putItem = async (system: TestSystem, item: object): Promise<void> => {
  const client = new DynamoDBClient({
    region: ids.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: inProcessHandler(system.parts.dynamoDb.respond) as never,
  });
  await client.send(new PutItemCommand({ TableName: tableName, Item: marshall(item) }));
};

describe('what a newer version wrote', () => {
  test('a rule record of an unknown format is put aside and shown, and the rest goes on', async () => {
    const system = await createTestSystem();
    await putItem(system, { pk: 'rule', sk: 'i-0123456789abcdef0-7', format: 2, name: 'Web in' });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED');
    const { tested } = outputOf(run, 'TestRules') as { tested: { unreadableItems: { first: string[] } } };
    assert.match(tested.unreadableItems.first.join(), /rule \/ i-0123456789abcdef0-7 has format 2/);
    assert.ok((await system.ruleNames()).includes(`${web2}-1`));
    assert.ok((await system.ruleNames()).includes('Web in'));
  });

  test('a pending change of an unknown format is left where it is', async () => {
    const system = await createTestSystem();
    await putItem(system, {
      pk: 'change#old',
      sk: web2,
      format: 3,
      pending: 'pending',
      recordedAt: '2026-01-01T00:00:00Z',
    });
    assert.equal((await calls(system).start(web2)).status, 'SUCCEEDED');
  });

  test('a turn of an unknown format is never taken over', async () => {
    const system = await createTestSystem();
    await putItem(system, { pk: 'turn', sk: 'turn', format: 2, owner: null });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'StateNotUnderstood']);
  });

  test('a state of an unknown format says to start anew from the event', async () => {
    const system = await createTestSystem();
    const handler = handlerOf(takeTurn, system.surroundings);
    const execution = { id: 'arn:x', name: 'x', startTime: '2026-01-01T00:00:00Z', redriveCount: 0 };
    await assert.rejects(
      handler({ execution, state: { format: 2, work: 'pending' } }, {
        getRemainingTimeInMillis: () => 60_000,
      } as never),
      { name: 'StateNotUnderstood', message: /Start a new execution from the event/ },
    );
  });
});
