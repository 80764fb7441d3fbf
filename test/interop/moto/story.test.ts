import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { tableParts } from '../../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../../shared/runtime/settings.ts';
import { realSurroundings } from '../../../shared/runtime/surroundings.ts';
import type { BusEvent } from '../../local/bus-event.ts';
import { emptyAccount } from '../../local/ec2/account.ts';
import { anOperator, instancesTrail, permissionsTrail, trailEvent } from '../../local/ec2/trail.ts';
import { trailFromValue } from '../../local/ec2/wire.ts';
import { matchesPattern } from '../../local/event-pattern.ts';
import { listen } from '../../local/http.ts';
import { stepFunctionsService } from '../../local/step-functions/endpoint.ts';
import { createExecutions, type Execution } from '../../local/step-functions/executions.ts';
import { createStateMachine } from '../../local/step-functions/interpreter.ts';
import { hurriedPace } from '../../local/step-functions/pace.ts';
import { listen as listenAsFirewall } from '../../simulator/http-shell.ts';
import { createSimulator } from '../../simulator/simulator.ts';
import { administratorsRules, fromAnywhere, statesOf } from '../../support/calls.ts';
import { resourceProperties } from '../../support/deployment.ts';
import { stateMachineName } from '../../system/local-system.ts';
import { administrator } from '../../system/parts.ts';
import { runningRules, type ShownRule, shownRules } from '../../system/rulebase.ts';
import { demoEnvironment } from '../../system/surroundings.ts';
import { localDefinition, localFunctions } from '../../system/system.ts';
import { buildDemo, buildTableAndSecret } from './demo-in-moto.ts';
import { startMoto } from './start-moto.ts';
import { ownerId, region } from './two-accounts.ts';

const moto = await startMoto();
after(() => moto.close());
const simulator = createSimulator();
const firewall = await listenAsFirewall(simulator, { port: 0, tls: true });
after(() => firewall.close());
Object.assign(process.env, {
  AWS_ENDPOINT_URL: moto.url,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
});
const client = new ec2.EC2Client({});
const demo = await buildDemo(client);
await buildTableAndSecret(simulator.keyOf(administrator));
const [, web2 = ''] = demo.webServers;

const surroundings = { ...realSurroundings(), writeLog: () => undefined };
const { NOTIFICATION_TOPIC: _, ...environment } = demoEnvironment;
Object.assign(process.env, environment, {
  FIREWALL_ENDPOINT: firewall.url,
  FIREWALL_CA: firewall.caPem ?? '',
  // moto shows of a route to an interface the interface only.
  FIREWALL_TARGETS: `${demo.firewall},${demo.firewallInside}`,
  ACCOUNT_ID: ownerId,
  EVENT_REGION: region,
});
const executions = createExecutions({
  stateMachines: [
    {
      name: stateMachineName,
      machine: createStateMachine({
        definition: localDefinition(region, ownerId),
        functions: localFunctions(region, ownerId, surroundings),
        pace: hurriedPace,
      }),
    },
  ],
  ownerId,
  region,
  now: hurriedPace.now,
  newId: () => randomUUID(),
});
const states = await listen(stepFunctionsService(executions));
after(() => states.close());
process.env['AWS_ENDPOINT_URL_SFN'] = states.url;

/** The event EventBridge would send of a call: moto sends none. */
const eventOf = (
  action: string,
  requestParameters: Readonly<Record<string, unknown>>,
  schema: Parameters<typeof trailFromValue>[0],
  answer: object,
): BusEvent => {
  const account = emptyAccount(ownerId, region);
  const requestId = randomUUID();
  return trailEvent(
    account,
    { ...anOperator(account), userAgent: 'aws-cli/2.27.1' },
    {
      action,
      requestId,
      requestParameters,
      responseElements: { requestId, ...trailFromValue(schema, answer) },
      refusal: undefined,
    },
    { now: Date.now(), newId: () => randomUUID() },
  );
};

/** What EventBridge and Step Functions do with an event. */
const deliver = async (event: BusEvent): Promise<Execution> => {
  const { EventPattern } = resourceProperties<{ EventPattern: Readonly<Record<string, unknown>> }>('ChangeRule');
  assert.ok(matchesPattern(EventPattern, event));
  const { arn } = executions.start({
    stateMachineArn: `arn:aws:states:${region}:${ownerId}:stateMachine:${stateMachineName}`,
    input: JSON.stringify(event),
  });
  const execution = await executions.ended(arn);
  assert.equal(execution.status, 'SUCCEEDED', `${execution.error}: ${execution.cause}`);
  return execution;
};

const rules = async (): Promise<readonly ShownRule[]> => {
  const { records } = tableParts(surroundings, settingsFrom(process.env));
  const owned = (await records.rules()).filter((record) => record.state === 'owned');
  return shownRules(await runningRules(simulator), new Set(owned.flatMap(({ uuid }) => uuid ?? [])));
};
const ours = async () =>
  (await rules())
    .filter(({ owned }) => owned)
    .map(({ name, source, destination, application, service, action }) => ({
      name,
      source,
      destination,
      application,
      service,
      action,
    }));
const names = async (): Promise<readonly string[]> => (await rules()).map(({ name }) => name);
const untouched = simulator.exportConfiguration('running');

const permission = { source: ['0.0.0.0/0'], destination: ['10.0.1.12/32'], action: 'allow' };
const start = async () => {
  const input = { InstanceIds: [web2] };
  const answer = await client.send(new ec2.StartInstancesCommand(input));
  return eventOf('StartInstances', instancesTrail(input), ec2.StartInstances$[5], answer);
};

describe("the demonstration on moto's EC2, DynamoDB and Secrets Manager", () => {
  test('before anything the four rules of the administrator stand', async () => {
    assert.deepEqual(await names(), administratorsRules);
  });

  test('a start adds one rule for ssl, because 80 is allowed already', async () => {
    const execution = await deliver(await start());
    assert.ok(statesOf(execution).includes('Commit'));
    assert.deepEqual(await names(), ['Web out', 'Web in', 'Clear text', `${web2}-1`, 'Clean up']);
    const [added] = await ours();
    assert.deepEqual(
      { ...added, service: [] },
      { ...permission, name: `${web2}-1`, application: ['ssl'], service: [] },
    );
    assert.equal(added?.service.length, 1);
  });

  test('the same event once more changes nothing and commits nothing', async () => {
    const before = simulator.exportConfiguration('running');
    const execution = await deliver(await start());
    assert.ok(!statesOf(execution).includes('Commit'));
    assert.equal(simulator.exportConfiguration('running'), before);
  });

  test('one call that grants 22 and 8080 adds two rules named after the group', async () => {
    const input = { GroupId: demo.webGroup, IpPermissions: [fromAnywhere(22), fromAnywhere(8080)] };
    const answer = await client.send(new ec2.AuthorizeSecurityGroupIngressCommand(input));
    await deliver(
      eventOf('AuthorizeSecurityGroupIngress', permissionsTrail(input), ec2.AuthorizeSecurityGroupIngress$[5], answer),
    );
    assert.deepEqual((await names()).slice(3), [`${web2}-1`, `${demo.webGroup}-1`, `${demo.webGroup}-2`, 'Clean up']);
    const [, first, second] = await ours();
    assert.deepEqual(
      { ...first, service: [] },
      { ...permission, name: `${demo.webGroup}-1`, application: ['ssh'], service: [] },
    );
    assert.deepEqual(
      { ...second, service: [] },
      { ...permission, name: `${demo.webGroup}-2`, application: ['any'], service: [] },
    );
  });

  test('revoking 22 removes its rule', async () => {
    const input = { GroupId: demo.webGroup, IpPermissions: [fromAnywhere(22)] };
    const answer = await client.send(new ec2.RevokeSecurityGroupIngressCommand(input));
    await deliver(
      eventOf('RevokeSecurityGroupIngress', permissionsTrail(input), ec2.RevokeSecurityGroupIngress$[5], answer),
    );
    assert.deepEqual((await names()).slice(3), [`${web2}-1`, `${demo.webGroup}-2`, 'Clean up']);
  });

  test('a stop removes every rule brought for the instance, and leaves the rest byte for byte', async () => {
    const input = { InstanceIds: [web2] };
    const answer = await client.send(new ec2.StopInstancesCommand(input));
    await deliver(eventOf('StopInstances', instancesTrail(input), ec2.StopInstances$[5], answer));
    assert.deepEqual(await names(), administratorsRules);
    assert.equal(simulator.exportConfiguration('running'), untouched);
    assert.equal(simulator.exportConfiguration('candidate'), untouched);
  });
});
