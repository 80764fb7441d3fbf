import assert from 'node:assert/strict';
import type { Account } from '../local/ec2/account.ts';
import { seedAccount } from '../local/ec2/seed.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import { ids } from '../system/demo-account.ts';
import { stateMachineArn } from '../system/local-system.ts';
import { createTestSystem, type TestSystem, type TestSystemOptions } from './system.ts';

const numbered = (prefix: string, at: number): string => `${prefix}-0abc${String(at).padStart(13, '0')}`;
export const serverId = (at: number): string => numbered('i', at);
export const interfaceId = (at: number): string => numbered('eni', at);

/** Running servers of one group, each with an interface behind the firewall; tcp 8443, or several ports from there on, is let in from a range or a `pl-…`. */
export const accountWith =
  (servers: number, from = '0.0.0.0/0', ports = 1) =>
  (clock: { readonly now: () => number; readonly newId: () => string }): Account => {
    const seed = seedAccount({ ownerId: ids.account, region: ids.region, newId: clock.newId, now: clock.now });
    seed.vpc({ id: ids.vpc, cidrs: ['10.0.0.0/16'] });
    seed.subnet({ id: ids.privateSubnet, vpcId: ids.vpc, cidr: '10.0.1.0/24' });
    if (from.startsWith('pl-')) seed.prefixList({ id: from, name: 'partners', entries: ['198.51.100.0/24'] });
    seed.group({
      id: ids.webGroup,
      vpcId: ids.vpc,
      name: 'servers',
      ingress: Array.from({ length: ports }, (_, port) => ({ protocol: 'tcp', from: 8443 + port, sources: [from] })),
    });
    seed.instance({
      id: ids.firewall,
      state: 'running',
      interfaces: [{ id: ids.firewallInside, subnetId: ids.privateSubnet, address: '10.0.1.4' }],
    });
    for (let at = 0; at < servers; at += 1) {
      const one = { id: interfaceId(at), subnetId: ids.privateSubnet, address: `10.0.1.${11 + at}` };
      seed.instance({
        id: serverId(at),
        state: 'running',
        interfaces: [{ ...one, groupIds: [ids.webGroup] }],
      });
    }
    seed.routeTable({
      vpcId: ids.vpc,
      subnetIds: [ids.privateSubnet],
      routes: [{ destination: '0.0.0.0/0', target: ids.firewallInside }],
    });
    return seed.build();
  };

/** A system whose firewall lets in what these servers are granted, one rule for all of them. */
export const serving = async (
  servers: number,
  { from, ...options }: TestSystemOptions & { readonly from?: string } = {},
): Promise<TestSystem> => {
  const started = Date.UTC(2026, 10, 5, 9);
  const next = [0];
  const account = accountWith(
    servers,
    from,
  )({
    now: () => started,
    newId: () => `00000000-0000-4000-8000-${String(next.push(0)).padStart(12, '0')}`,
  });
  const system = await createTestSystem({ account, ...options });
  const run = await firstRun(system);
  assert.equal(run.status, 'SUCCEEDED', run.cause ?? '');
  assert.equal((await opened(system)).length, servers);
  system.clock.advance(3_600_000);
  return system;
};

const resyncEvent = (system: TestSystem) => ({
  version: '0',
  id: system.clock.newId(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: ids.account,
  region: ids.region,
  time: new Date(system.clock.now()).toISOString(),
  resources: [],
  detail: {},
});

/** An execution with this input, when it has ended. */
export const execute = async (system: TestSystem, input: string): Promise<Execution> => {
  const { arn } = system.executions.start({ stateMachineArn, input });
  await system.idle();
  return system.executions.find(arn);
};

const firstRun = (system: TestSystem) => execute(system, JSON.stringify(resyncEvent(system)));

/** EC2's own word on an instance's state, as an event whose instance EC2 may not show. */
export const stateEvent = (system: TestSystem, instance: string, state: string, minutesAgo = 60): string =>
  JSON.stringify({
    ...resyncEvent(system),
    'detail-type': 'EC2 Instance State-change Notification',
    source: 'aws.ec2',
    time: new Date(system.clock.now() - minutesAgo * 60_000).toISOString(),
    detail: { 'instance-id': instance, state },
  });

/** The addresses that rules of ours let in, each once, sorted. */
export const opened = async (system: TestSystem): Promise<readonly string[]> => {
  const ours = (await system.rules()).filter(({ owned }) => owned);
  return [...new Set(ours.flatMap(({ destination }) => destination))].sort();
};

/** EC2 shows these servers no more: neither instances nor interfaces. Answers what makes some of them come back. */
export const lose = (system: TestSystem, ...servers: readonly number[]): ((...servers: readonly number[]) => void) => {
  const [instances, interfaces] = [servers.map(serverId), servers.map(interfaceId)];
  let before: Account | null = null;
  system.parts.ec2.rearrange((account) => {
    before ??= account;
    return {
      ...account,
      instances: new Map([...account.instances].filter(([id]) => !instances.includes(id))),
      interfaces: new Map([...account.interfaces].filter(([id]) => !interfaces.includes(id))),
    };
  });
  return (...back) =>
    system.parts.ec2.rearrange((account) => ({
      ...account,
      instances: new Map([
        ...account.instances,
        ...[...(before?.instances ?? [])].filter(([id]) => back.map(serverId).includes(id)),
      ]),
      interfaces: new Map([
        ...account.interfaces,
        ...[...(before?.interfaces ?? [])].filter(([id]) => back.map(interfaceId).includes(id)),
      ]),
    }));
};

/** Every route of every table that names the firewall, changed. */
export const reroute = (
  system: TestSystem,
  change: (route: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): void =>
  system.parts.ec2.rearrange((account) => ({
    ...account,
    routeTables: new Map(
      [...account.routeTables].map(([id, table]) => [
        id,
        {
          ...table,
          Routes: table.Routes.map((route) =>
            route.NetworkInterfaceId === ids.firewallInside ? (change({ ...route }) as typeof route) : route,
          ),
        },
      ]),
    ),
  }));
