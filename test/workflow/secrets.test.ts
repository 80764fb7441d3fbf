import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { inProcessHandler } from '../local/http.ts';
import { calls, fromAnywhere, web2 } from '../support/calls.ts';
import { projectFile } from '../support/deployment.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { administrator, tableName } from '../system/parts.ts';

/** Everything the system leaves anywhere, as one text: states, causes, logs, table items (unpacked), notices. */
const everythingLeft = async (system: TestSystem): Promise<string> => {
  const dynamoDb = new DynamoDBClient({
    region: ids.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: inProcessHandler(system.parts.dynamoDb.respond) as never,
  });
  const { Items = [] } = await dynamoDb.send(new ScanCommand({ TableName: tableName }));
  const unpacked = Items.map((item) => {
    const bytes = item['bytes']?.B;
    return `${JSON.stringify(item)} ${bytes === undefined ? '' : gunzipSync(bytes).toString('utf8')}`;
  });
  assert.ok(Items.length > 5);
  return [
    JSON.stringify(system.runs()),
    ...system.runs().map(({ arn }) => JSON.stringify(system.executions.history(arn))),
    system.log.join('\n'),
    JSON.stringify(system.parts.sns.published),
    JSON.stringify(system.bus.sent),
    ...unpacked,
  ].join('\n');
};

describe('the API key', () => {
  const stories: Readonly<Record<string, (system: TestSystem) => Promise<unknown>>> = {
    'when all goes well': async (system) => {
      await calls(system).start(web2);
      await calls(system).grant(ids.webGroup, fromAnywhere(22));
      await calls(system).stop(web2);
    },
    'when the key has expired, which the firewall says by showing it': async (system) => {
      await calls(system).start(web2);
      system.parts.simulator.control({ kind: 'expire-keys' });
      assert.equal((await calls(system).grant(ids.webGroup, fromAnywhere(22))).error, 'FirewallDenied');
    },
    'when the firewall answers with nonsense': async (system) => {
      await calls(system).start(web2);
      const key = system.parts.simulator.keyOf(administrator);
      system.parts.simulator.control({
        kind: 'add-fault',
        times: 1,
        fault: { kind: 'reply', status: 200, body: `<what key="${key}">${encodeURIComponent(key)}</what>` },
      });
      assert.equal((await calls(system).grant(ids.webGroup, fromAnywhere(22))).error, 'ReplyNotUnderstood');
    },
    'when the commit fails': async (system) => {
      system.parts.simulator.control({
        kind: 'add-fault',
        when: { type: 'commit' },
        fault: { kind: 'commit-fails', lines: ['no'] },
      });
      assert.equal((await calls(system).start(web2)).error, 'CommitFailed');
    },
  };

  for (const [when, story] of Object.entries(stories)) {
    test(`is in no state, cause, log, table item, history or notice ${when}`, async () => {
      const key = (await createTestSystem()).parts.simulator.keyOf(administrator);
      // Kept in the secret whatever happens, so that what the firewall says of it is raised.
      const system = await createTestSystem({ secret: () => key });
      assert.equal(system.parts.simulator.keyOf(administrator), key);
      await story(system);
      const left = await everythingLeft(system);
      for (const form of [
        key,
        encodeURIComponent(key),
        Buffer.from(key).toString('base64'),
        key.replaceAll('=', '\\u003d'),
      ]) {
        assert.ok(form.length > 10 && !left.includes(form), 'the key is nowhere');
      }
      assert.ok(!left.includes(system.parts.simulator.passwordOf(administrator)));
    });
  }

  test('is sent in a header, never in an address or a form', async () => {
    const system = await createTestSystem();
    const key = system.parts.simulator.keyOf(administrator);
    const requests: string[] = [];
    const { respond } = system.parts.simulator;
    Object.assign(system.parts.simulator, {
      respond: (request: { path: string; body: string; headers: Record<string, string> }) => {
        requests.push(`${request.path} ${decodeURIComponent(request.body)}`);
        assert.equal(request.headers['x-pan-key'], key);
        return respond(request as never);
      },
    });
    await calls(system).start(web2);
    assert.ok(requests.length > 10);
    assert.ok(!requests.some((request) => request.includes(key)));
  });

  test('has no place in the template: only the name of its secret', () => {
    assert.match(projectFile('serverless.yml'), /FIREWALL_API_KEY_SECRET/);
    assert.doesNotMatch(projectFile('serverless.yml'), /dynamic reference|resolve:secretsmanager/i);
  });
});
