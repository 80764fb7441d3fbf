import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthorizeSecurityGroupIngressCommand, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { createExecutionReads } from '../../shared/aws/executions.ts';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import { seedAccount } from '../local/ec2/seed.ts';
import { inProcessHandler } from '../local/http.ts';
import { JsonRefusal, jsonService } from '../local/json-protocol.ts';
import {
  administratorsRules,
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resyncRun,
  ruleFields,
  ruleXpath,
  statesOf,
  web1,
  web2,
} from '../support/calls.ts';
import { deployment, resourceProperties } from '../support/deployment.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { createVirtualClock } from '../system/virtual-clock.ts';

const vsys = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']";
const serviceXpath = (name: string): string => `${vsys}/service/entry[@name='${name}']`;
const portElement = (port: string): string => `<port>${port}</port>`;

const partsOf = (system: TestSystem) =>
  tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment));

const ours = async (system: TestSystem) => (await system.rules()).filter(({ owned }) => owned);

/** A device that refuses to write anything which names `text`, for good. */
const refusing = (system: TestSystem, text: string, words = `${text} is invalid`): void =>
  system.parts.simulator.control({
    kind: 'add-fault',
    when: { type: 'config', action: 'multi-config', contains: text },
    times: 1000,
    fault: {
      kind: 'reply',
      status: 200,
      body: `<response status="error" code="12"><msg><line>${words}</line></msg></response>`,
    },
  });

describe('service objects', () => {
  test('one that somebody made his own under our name is not deleted', async () => {
    const system = await createTestSystem();
    const { grant, revoke } = calls(system);
    const admin = colleague(system);
    await grant(ids.commonGroup, fromAnywhere(8443));
    admin.addRule('Theirs', ruleFields({ destination: '10.9.9.9', service: 'tcp-8443' }));
    admin.commit();
    await revoke(ids.commonGroup, fromAnywhere(8443));
    admin.edit(`${serviceXpath('tcp-8443')}/protocol/tcp/port`, portElement('8443-8450'));
    admin.delete(ruleXpath('Theirs'));
    admin.commit();
    const run = await resyncRun(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.match(system.parts.simulator.exportConfiguration('running'), /8443-8450/);
  });

  test('one that still runs in a rule which somebody has deleted but not committed is left alone', async () => {
    const system = await createTestSystem();
    const { grant, revoke } = calls(system);
    const admin = colleague(system);
    await grant(ids.commonGroup, fromAnywhere(8443));
    admin.addRule('Theirs', ruleFields({ destination: '10.9.9.9', service: 'tcp-8443' }));
    admin.commit();
    admin.delete(ruleXpath('Theirs'));
    const run = await revoke(ids.commonGroup, fromAnywhere(8443));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.equal((await ours(system)).length, 0);
  });

  test('one that runs with another value than its candidate says is not used', async () => {
    const system = await createTestSystem();
    const { grant } = calls(system);
    const admin = colleague(system);
    await grant(ids.commonGroup, fromAnywhere(8443, '198.51.100.0/24'));
    admin.edit(`${serviceXpath('tcp-8443')}/protocol/tcp/port`, portElement('1-65535'));
    admin.commit();
    admin.edit(`${serviceXpath('tcp-8443')}/protocol/tcp/port`, portElement('8443'));
    const run = await grant(ids.commonGroup, fromAnywhere(8443, '203.0.113.0/24'));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const rule = (await ours(system)).find(({ source }) => source.includes('203.0.113.0/24'));
    assert.ok(rule !== undefined);
    assert.deepEqual(rule.service, ['tcp-8443-2']);
  });
});

describe('what an administrator did to a rule of ours', () => {
  test('a negated source keeps the members that were revoked: without them it would let them in', async () => {
    const system = await createTestSystem();
    const { grant, revoke } = calls(system);
    await grant(ids.commonGroup, fromAnywhere(8443, '198.51.100.0/24'), fromAnywhere(8443, '203.0.113.0/24'));
    const admin = colleague(system);
    admin.set(ruleXpath(`${ids.commonGroup}-1`), '<negate-source>yes</negate-source>');
    admin.commit();
    const run = await revoke(ids.commonGroup, fromAnywhere(8443, '203.0.113.0/24'));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const [rule] = await ours(system);
    assert.deepEqual(rule?.source, ['198.51.100.0/24', '203.0.113.0/24']);
    await revoke(ids.commonGroup, fromAnywhere(8443, '198.51.100.0/24'));
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });
});

describe('a rejected addition', () => {
  /** A grant revoked and another made, of which no event told. */
  const untold = async (service = 2000, ...more: ReturnType<typeof fromAnywhere>[]): Promise<TestSystem> => {
    let deaf = false;
    const system = await createTestSystem({
      copies: (_event, rule) => (deaf && rule === 'ChangeRule' ? 0 : 1),
      simulator: { limits: { service } },
    });
    await calls(system).grant(ids.commonGroup, fromAnywhere(8443));
    deaf = true;
    await system.ec2.send(
      new RevokeSecurityGroupIngressCommand({ GroupId: ids.commonGroup, IpPermissions: [fromAnywhere(8443)] }),
    );
    await system.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: ids.commonGroup,
        IpPermissions: [fromAnywhere(9001), ...more],
      }),
    );
    system.clock.advance(600_000);
    return system;
  };

  test('never holds back removals: those are committed alone, and the run fails with the words of the firewall', async () => {
    const system = await untold();
    refusing(system, 'tcp-9001', 'this firewall does not take everything');
    const run = await resyncRun(system);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallRejected'], causeOf(run));
    assert.match(causeOf(run), /does not take everything.* What the plan removes was committed, without what it opens/);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    assert.deepEqual(statesOf(run).slice(-2), ['ApplyRules', 'Commit']);
    const [notice] = system.parts.sns.published;
    assert.match(notice?.message ?? '', /Not opened:\n {2}sg-\S+ tcp 9001[\s\S]*Still open: nothing/);
  });

  test('that only the commit finds out about holds back nothing either', async () => {
    const system = await untold();
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'commit' },
      fault: { kind: 'commit-fails', lines: ['a thorn in the side'] },
    });
    const run = await resyncRun(system);
    assert.deepEqual([run.status, run.error], ['FAILED', 'CommitFailed'], causeOf(run));
    assert.match(causeOf(run), /thorn/);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    const again = await resyncRun(system);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.equal((await ours(system)).length, 2);
  });

  test('for which there is no room holds back nothing either', async () => {
    const system = await untold(4, fromAnywhere(9002));
    const run = await resyncRun(system);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallFull'], causeOf(run));
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });
});

describe('failed changes', () => {
  test('are carried out by the resync, and do not crowd out pending ones meanwhile', async () => {
    const system = await createTestSystem();
    refusing(system, `${web2}-`);
    const failed = await calls(system).start(web2);
    assert.equal(failed.error, 'FirewallRejected');
    const { changes } = partsOf(system);
    await changes.record(
      { name: 'later', startTime: '2099-01-01T00:00:00.000Z' },
      {
        kind: 'StopInstances',
        subjects: [{ kind: 'instance', id: web1 }],
        who: 'x',
        when: '2099-01-01T00:00:00.000Z',
        eventId: 'e',
        announced: { instanceStates: {}, createdRules: [], removedRules: [] },
      },
    );
    assert.deepEqual(
      (await changes.pending(1)).map((item) => item.execution),
      ['later'],
    );
    system.parts.simulator.control({ kind: 'clear-faults' });
    system.clock.advance(600_000);
    const run = await resyncRun(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(
      (await changes.of(failed.name)).map((item) => item.state),
      ['handled'],
    );
  });
});

describe('the brake', () => {
  test("somebody else's change in hand that needs approval does not fail an innocent run", async () => {
    const system = await createTestSystem({ environment: { BRAKE_INTERFACES: '0', BRAKE_PERCENT: '0' } });
    await calls(system).grant(ids.commonGroup, fromAnywhere(8443));
    system.parts.ec2.rearrange((account) => ({
      ...account,
      instances: new Map([...account.instances].filter(([id]) => id !== web1)),
      interfaces: new Map([...account.interfaces].filter(([, one]) => one.Attachment?.InstanceId !== web1)),
    }));
    system.clock.advance(3_600_000);
    const { changes } = partsOf(system);
    await changes.record(
      { name: 'waiting-resync', startTime: '2000-01-01T00:00:00.000Z' },
      {
        kind: 'Scheduled resync',
        subjects: [{ kind: 'everything' }],
        who: 'x',
        when: '2000-01-01T00:00:00.000Z',
        eventId: 'e',
        announced: { instanceStates: {}, createdRules: [], removedRules: [] },
      },
    );
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.ok((await system.ruleNames()).includes(`${web2}-1`));
  });
});

describe('the clean-up after a failure', () => {
  test('that dies with the turn in hand is no execution that may still run, though AWS takes its name for no ARN', async () => {
    const refuse = async () => {
      throw new JsonRefusal('InvalidArn', "Invalid Arn: 'Invalid ARN'");
    };
    const client = new SFNClient({
      region: ids.region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: inProcessHandler(
        jsonService('AWSStepFunctions', '1.0', new Map([['DescribeExecution', refuse]])),
      ) as never,
    });
    assert.equal(await createExecutionReads(client).isRunning('arn:aws:states:… (ended)'), false);
  });
});

describe('the template', () => {
  test('lets every function into a VPC: each of their roles may make network interfaces there', () => {
    const { functions } = deployment();
    for (const [name, { role }] of Object.entries(functions)) {
      const [id = ''] = ((role as { 'Fn::GetAtt': string })['Fn::GetAtt'] ?? '').split('.');
      const policies = resourceProperties<{ ManagedPolicyArns: readonly unknown[] }>(id).ManagedPolicyArns;
      assert.ok(JSON.stringify(policies).includes('NetworkPolicy'), `${name} (${id})`);
    }
  });
});

/** Sixty stopped instances of one group that opens one port, in a subnet behind the firewall. */
const manyInstances = (clock: { readonly now: () => number; readonly newId: () => string }) => {
  const seed = seedAccount({ ownerId: ids.account, region: ids.region, newId: clock.newId, now: clock.now });
  seed.vpc({ id: ids.vpc, cidrs: ['10.0.0.0/16'] });
  seed.subnet({ id: ids.privateSubnet, vpcId: ids.vpc, cidr: '10.0.1.0/24' });
  seed.group({
    id: ids.webGroup,
    vpcId: ids.vpc,
    name: 'webserver_sg',
    ingress: [{ protocol: 'tcp', from: 9999, sources: ['0.0.0.0/0'] }],
  });
  seed.instance({
    id: ids.firewall,
    state: 'running',
    interfaces: [{ id: ids.firewallInside, subnetId: ids.privateSubnet, address: '10.0.1.4' }],
  });
  const instances = Array.from({ length: 60 }, (_, n) =>
    seed.instance({
      state: 'stopped',
      interfaces: [{ subnetId: ids.privateSubnet, address: `10.0.1.${100 + n}`, groupIds: [ids.webGroup] }],
    }),
  );
  seed.routeTable({
    vpcId: ids.vpc,
    subnetIds: [ids.privateSubnet],
    routes: [{ destination: '0.0.0.0/0', target: ids.firewallInside }],
  });
  return { account: seed.build(), instances };
};

describe('a call about many instances', () => {
  test('ends with at most fifty lines about its own, and the count', async () => {
    const { account, instances } = manyInstances(createVirtualClock());
    const system = await createTestSystem({ account });
    const run = await calls(system).start(...instances);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const { own } = outputOf(run, 'ReleaseTurn')['outcome'] as { own: { count: number; first: readonly string[] } };
    assert.deepEqual([own.count, own.first.length], [60, 50]);
  });
});

describe('pre-NAT addresses', () => {
  test('one that two servers share is refused: a rule for one would open ports of the other', async () => {
    const system = await createTestSystem({
      environment: { PRE_NAT_ADDRESSES: '{"10.0.1.11":"192.0.2.7","10.0.1.12":"192.0.2.7"}' },
    });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'Misconfigured']);
    assert.match(causeOf(run), /10\.0\.1\.11\/32 and 10\.0\.1\.12\/32 are both behind 192\.0\.2\.7\/32/);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });
});

describe('a clean-up that fails for good', () => {
  test('is kept in the queue of undelivered events, which its role may write to', () => {
    const config = resourceProperties<{ DestinationConfig: object }>('EndedInvocations');
    assert.match(JSON.stringify(config.DestinationConfig), /"OnFailure".*UndeliveredEvents\.Arn/);
    assert.match(JSON.stringify(resourceProperties<object>('TurnRole')), /sqs:SendMessage.*UndeliveredEvents\.Arn/);
  });
});
