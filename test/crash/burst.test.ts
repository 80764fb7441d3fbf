/**
 * Hundreds of instances started within a minute, four fifths of them in one security group, at a firewall whose commits take half
 * a minute. With a guilty one among them there are fewer, since every split plans all that is left again.
 *   INSTANCES=500   so many in each of the tests
 */
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
import { createVirtualClock } from '../system/virtual-clock.ts';

const instances = (otherwise: number): number => Number(process.env['INSTANCES'] ?? otherwise);
const commitMilliseconds = 30_000;

const commitsOf = (system: TestSystem): number =>
  system.parts.simulator.state().jobs.filter(({ user, type }) => user === administrator && type === 'Commit').length;

/** So many stopped instances behind a firewall, one of them guilty. */
const houseOf = (many: number) => {
  const shared = Math.floor((many * 4) / 5);
  const guilty = shared + 3;
  const guiltyService = `tcp-${9000 + guilty}`;
  const hex = (index: number): string => index.toString(16).padStart(9, '0');
  const instanceOf = (index: number): string => `i-0eb5e4e4${hex(index)}`;
  const addressOf = (index: number): string => `10.0.${1 + Math.floor(index / 200)}.${20 + (index % 200)}`;
  /** The first four fifths share a group that grants 9000; each of the others has one that grants a port of its own. */
  const portOf = (index: number): number => (index < shared ? 9000 : 9000 + index);

  const account = (): Account => {
    const clock = createVirtualClock();
    const seed = seedAccount({ ownerId: ids.account, region: ids.region, newId: clock.newId, now: clock.now });
    seed.vpc({ id: ids.vpc, cidrs: ['10.0.0.0/16'] });
    seed.subnet({ id: ids.privateSubnet, vpcId: ids.vpc, cidr: '10.0.0.0/21' });
    const firewall = [{ id: ids.firewallInside, subnetId: ids.privateSubnet, address: '10.0.0.4' }];
    seed.instance({ id: ids.firewall, state: 'running', interfaces: firewall });
    const groupOf = (index: number): string => `sg-0eb5e4e4${hex(index < shared ? 0 : index)}`;
    for (let index = 0; index < many; index += 1) {
      const id = groupOf(index);
      if (index === 0 || index >= shared) {
        const ingress = [{ protocol: 'tcp', from: portOf(index), sources: ['0.0.0.0/0'] }];
        seed.group({ id, vpcId: ids.vpc, name: `group-${index}`, ingress });
      }
      const interfaces = [{ subnetId: ids.privateSubnet, address: addressOf(index), groupIds: [id] }];
      seed.instance({ id: instanceOf(index), state: 'stopped', interfaces });
    }
    const routes = [{ destination: '0.0.0.0/0', target: ids.firewallInside }];
    seed.routeTable({ vpcId: ids.vpc, subnetIds: [ids.privateSubnet], routes });
    return seed.build();
  };

  const createSystem = (simulator: TestSystemOptions['simulator'] = {}): Promise<TestSystem> =>
    createTestSystem({
      account: account(),
      simulator: { jobMilliseconds: ({ type }) => (type === 'Commit' ? commitMilliseconds : 0), ...simulator },
    });

  const burst = async (system: TestSystem) => {
    for (let index = 0; index < many; index += 1) {
      await system.clock.working(() =>
        system.ec2.send(new StartInstancesCommand({ InstanceIds: [instanceOf((index * 7) % many)] })),
      );
      await system.clock.pace.sleep(60_000 / many);
    }
    await system.idle();
    return system.runs();
  };

  /** What runs for each address: pairs of address and port. */
  const open = async (system: TestSystem): Promise<ReadonlySet<string>> =>
    new Set(
      (await system.rules())
        .filter(({ owned }) => owned)
        .flatMap(({ destination, service }) =>
          destination.flatMap((to) => service.map((name) => `${to} ${name.replace('tcp-', '')}`)),
        ),
    );

  const wanted = (without: readonly number[] = []): ReadonlySet<string> =>
    new Set(
      Array.from({ length: many }, (_, index) => index)
        .filter((index) => !without.includes(portOf(index)))
        .map((index) => `${addressOf(index)}/32 ${portOf(index)}`),
    );

  /** Only the run that started the guilty instance has failed, and everything else is open. */
  const onlyGuiltyFailed = async (system: TestSystem, runs: readonly Execution[], error: string): Promise<void> => {
    assert.deepEqual(
      runs
        .filter(({ status }) => status !== 'SUCCEEDED')
        .map((run) => [run.error, run.input.includes(instanceOf(guilty))]),
      [[error, true]],
    );
    assert.deepEqual(await open(system), wanted([portOf(guilty)]));
  };

  return { createSystem, burst, open, wanted, onlyGuiltyFailed, guiltyService };
};

describe('instances started within a minute', () => {
  test(`${instances(500)} of them fail no execution, and take few commits`, async (context) => {
    const many = instances(500);
    const { createSystem, burst, open, wanted } = houseOf(many);
    const system = await createSystem();
    const runs = await burst(system);
    assert.deepEqual(
      runs.filter(({ status }) => status !== 'SUCCEEDED').map((run) => `${run.error} ${causeOf(run)}`),
      [],
    );
    assert.equal(runs.length, many);
    assert.deepEqual(await open(system), wanted());
    const commits = commitsOf(system);
    context.diagnostic(`${many} starts: ${commits} commits`);
    assert.ok(commits <= 6, `${commits} commits`);
  });

  test(`${instances(100)}, one of which the firewall refuses to write: only its execution fails, and as few commits suffice`, async (context) => {
    const many = instances(100);
    const { createSystem, burst, onlyGuiltyFailed, guiltyService } = houseOf(many);
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
    const runs = await burst(system);
    await onlyGuiltyFailed(system, runs, 'FirewallRejected');
    const commits = commitsOf(system);
    context.diagnostic(`${many} starts, one refused at writing: ${commits} commits`);
    assert.ok(commits <= 6, `${commits} commits`);
  });

  test(`${instances(100)}, one of which fails the commit without being named: only its execution fails, after at most 30 commits`, async (context) => {
    const many = instances(100);
    const { createSystem, burst, onlyGuiltyFailed, guiltyService } = houseOf(many);
    let system: TestSystem | null = null;
    system = await createSystem({
      beforeRequest: (_n, request) => {
        if (!request.body.includes('type=commit')) return undefined;
        const candidate = system?.parts.simulator.exportConfiguration('candidate') ?? '';
        if (!candidate.includes(`<service><member>${guiltyService}</member></service>`)) return undefined;
        system?.parts.simulator.control({
          kind: 'add-fault',
          when: { type: 'commit' },
          fault: { kind: 'commit-fails', lines: ['Validation Error:', ' vsys1 is invalid'] },
        });
        return undefined;
      },
    });
    const runs = await burst(system);
    await onlyGuiltyFailed(system, runs, 'CommitFailed');
    const commits = commitsOf(system);
    context.diagnostic(`${many} starts, one fails the commit: ${commits} commits`);
    assert.ok(commits <= 30, `${commits} commits`);
  });
});
