import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StartInstancesCommand } from '@aws-sdk/client-ec2';
import type { Account } from '../local/ec2/account.ts';
import { seedAccount } from '../local/ec2/seed.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import { causeOf } from '../support/calls.ts';
import { createTestSystem, type TestSystem, type TestSystemOptions } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';
import { createVirtualClock, type VirtualClock } from '../system/virtual-clock.ts';

const many = 20;
const firstPort = 9101;
const guiltyPort = 9113;
const guiltyService = `tcp-${guiltyPort}`;

const allPorts = Array.from({ length: many }, (_, index) => firstPort + index);

const hex = (port: number): string => port.toString(16).padStart(9, '0');
const instanceOf = (port: number): string => `i-0eb5e4e4${hex(port)}`;

/** Twenty stopped instances behind the firewall, each with a group of its own that grants one port of its own. */
const account = (clock: VirtualClock): Account => {
  const seed = seedAccount({ ownerId: ids.account, region: ids.region, newId: clock.newId, now: clock.now });
  seed.vpc({ id: ids.vpc, cidrs: ['10.0.0.0/16'] });
  seed.subnet({ id: ids.privateSubnet, vpcId: ids.vpc, cidr: '10.0.1.0/24' });
  const firewall = [{ id: ids.firewallInside, subnetId: ids.privateSubnet, address: '10.0.1.4' }];
  seed.instance({ id: ids.firewall, state: 'running', interfaces: firewall });
  for (const port of allPorts) {
    const groupId = `sg-0eb5e4e4${hex(port)}`;
    const ingress = [{ protocol: 'tcp', from: port, sources: ['0.0.0.0/0'] }];
    seed.group({ id: groupId, vpcId: ids.vpc, name: `group-${port}`, ingress });
    const address = `10.0.1.${port - firstPort + 20}`;
    const interfaces = [{ subnetId: ids.privateSubnet, address, groupIds: [groupId] }];
    seed.instance({ id: instanceOf(port), state: 'stopped', interfaces });
  }
  const routes = [{ destination: '0.0.0.0/0', target: ids.firewallInside }];
  seed.routeTable({ vpcId: ids.vpc, subnetIds: [ids.privateSubnet], routes });
  return seed.build();
};

/** A system with that account; `createTestSystem` makes its clock itself, so the account is made with one like it. */
const createSystem = (options: TestSystemOptions = {}): Promise<TestSystem> =>
  createTestSystem({ account: account(createVirtualClock()), ...options });

/** Twenty starts within a moment, each its own call, event and execution. */
const twentyStarts = async (system: TestSystem): Promise<readonly Execution[]> => {
  for (const port of allPorts) {
    await system.ec2.send(new StartInstancesCommand({ InstanceIds: [instanceOf(port)] }));
  }
  await system.idle();
  return system.runs();
};

const commitsOf = (system: TestSystem): number =>
  system.parts.simulator.state().jobs.filter(({ user, type }) => user === administrator && type === 'Commit').length;

const portsOpen = async (system: TestSystem): Promise<readonly number[]> =>
  (await system.rules())
    .filter(({ owned }) => owned)
    .flatMap(({ service }) => service.map((name) => Number(name.replace('tcp-', ''))))
    .toSorted((a, b) => a - b);

const innocent = allPorts.filter((port) => port !== guiltyPort);

/** Only the run that brought the guilty port has failed. */
const onlyGuiltyFailed = (runs: readonly Execution[], error: string, words: RegExp): void => {
  assert.equal(runs.length, many);
  const failed = runs.filter(({ status }) => status === 'FAILED');
  assert.deepEqual(
    failed.map((run) => [run.error, run.input.includes(instanceOf(guiltyPort))]),
    [[error, true]],
    failed.map((run) => `${run.error}: ${causeOf(run)}`).join('\n'),
  );
  assert.match(failed.map(causeOf).join(), words);
  assert.deepEqual(
    runs.filter(({ status }) => status !== 'FAILED').map(({ status }) => status),
    Array.from({ length: many - 1 }, () => 'SUCCEEDED'),
  );
};

describe('twenty changes at once', () => {
  test('are carried out by few commits, and each execution tells the outcome of its own', async (context) => {
    const system = await createSystem();
    const runs = await twentyStarts(system);
    assert.deepEqual(
      runs.map(({ status }) => status),
      allPorts.map(() => 'SUCCEEDED'),
    );
    assert.deepEqual(await portsOpen(system), allPorts);
    const commits = commitsOf(system);
    context.diagnostic(`${many} changes: ${commits} commits`);
    assert.ok(commits <= 2, `${commits} commits`);
  });

  test('one of which the firewall refuses to write: only its own execution fails', async (context) => {
    const system = await createSystem();
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'config', action: 'multi-config', contains: `'${guiltyService}'` },
      times: 1000,
      fault: {
        kind: 'reply',
        status: 200,
        body: `<response status="error" code="12"><msg><line>${guiltyService} is not to the taste of this firewall</line></msg></response>`,
      },
    });
    const runs = await twentyStarts(system);
    onlyGuiltyFailed(runs, 'FirewallRejected', /not to the taste of this firewall/);
    assert.deepEqual(await portsOpen(system), innocent);
    const commits = commitsOf(system);
    context.diagnostic(`${many} changes, one refused at writing: ${commits} commits`);
    assert.ok(commits <= 6, `${commits} commits`);
  });

  for (const [title, most, lines] of [
    ['without naming it', 14, ['Validation Error:', ' vsys1 is invalid']],
    ['naming its rule', 3, ['Validation Error:', ' rulebase -> security -> rules -> NAME is invalid']],
  ] as const) {
    test(`one of which the commit fails, ${title}: only its own execution fails`, async (context) => {
      let system: TestSystem | null = null;
      system = await createSystem({
        simulator: {
          beforeRequest: (_n, request) => {
            if (!request.body.includes('type=commit')) return undefined;
            const candidate = system?.parts.simulator.exportConfiguration('candidate') ?? '';
            const rule = candidate
              .split('<entry ')
              .find((entry) => entry.includes(`<service><member>${guiltyService}</member></service>`));
            if (rule === undefined) return undefined;
            const name = /^name="([^"]+)"/.exec(rule)?.[1] ?? '';
            system?.parts.simulator.control({
              kind: 'add-fault',
              when: { type: 'commit' },
              fault: { kind: 'commit-fails', lines: lines.map((line) => line.replace('NAME', name)) },
            });
            return undefined;
          },
        },
      });
      const runs = await twentyStarts(system);
      onlyGuiltyFailed(runs, 'CommitFailed', /is invalid/);
      assert.deepEqual(await portsOpen(system), innocent);
      const commits = commitsOf(system);
      context.diagnostic(`${many} changes, one fails the commit ${title}: ${commits} commits`);
      assert.ok(commits <= most, `${commits} commits`);
    });
  }
});
