import {
  AuthorizeSecurityGroupIngressCommand,
  type EC2Client,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { SimulatorOptions } from '../simulator/simulator.ts';
import { ruleFields, rulesXpath, ruleXpath, web1, web2, web3 } from '../support/calls.ts';
import { ids } from '../system/demo-account.ts';
import { type CrashSystem, createCrashSystem, type Outside } from './crash-system.ts';
import { dualStackAccount } from './dual-stack.ts';

/** A call to EC2, as somebody makes it. */
export type Ec2Call = (ec2: EC2Client) => Promise<unknown>;

const permission = (port: number, cidr: string) => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp: cidr }],
});
const anywhere = '0.0.0.0/0';
const partnerA = '198.51.100.0/24';
const partnerB = '203.0.113.0/24';
type Grant = readonly [port: number, cidr: string];

export const start =
  (...InstanceIds: string[]): Ec2Call =>
  (ec2) =>
    ec2.send(new StartInstancesCommand({ InstanceIds }));
export const stop =
  (...InstanceIds: string[]): Ec2Call =>
  (ec2) =>
    ec2.send(new StopInstancesCommand({ InstanceIds }));
export const grant =
  (GroupId: string, ...grants: readonly Grant[]): Ec2Call =>
  (ec2) =>
    ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: grants.map((one) => permission(...one)) }),
    );
export const revoke =
  (GroupId: string, ...grants: readonly Grant[]): Ec2Call =>
  (ec2) =>
    ec2.send(
      new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: grants.map((one) => permission(...one)) }),
    );

/** A world in which an event is about to come, and what may come beside it. */
export interface World {
  readonly title: string;
  /** What happened before, one call after the other. Those marked are not told: their events are lost. */
  readonly before: readonly { readonly call: Ec2Call; readonly lost?: boolean; readonly dies?: boolean }[];
  readonly event: Ec2Call;
  /** A later call about another subject. */
  readonly other: Ec2Call;
  /** A later call about the same subject, which undoes part of what the event asked for. */
  readonly same: Ec2Call;
}

const { commonGroup, webGroup } = ids;

/** The four events; in each world the event's run has something to add, to shrink or keep, and to remove. */
export const worlds: readonly World[] = [
  {
    title: 'StartInstances',
    before: [
      { call: grant(commonGroup, [9003, partnerA]) },
      { call: start(web2) },
      { call: grant(webGroup, [9001, anywhere]) },
      { call: stop(web2), lost: true },
      { call: revoke(webGroup, [9001, anywhere]), lost: true },
      { call: grant(webGroup, [9002, anywhere]), lost: true },
    ],
    event: start(web2),
    other: stop(web3),
    same: stop(web2),
  },
  {
    title: 'StopInstances',
    before: [
      { call: grant(commonGroup, [9003, partnerA]) },
      { call: start(web2) },
      { call: grant(webGroup, [9001, anywhere]) },
      { call: grant(commonGroup, [9004, anywhere]), dies: true },
    ],
    event: stop(web1, web2),
    other: revoke(commonGroup, [9003, partnerA]),
    same: start(web2),
  },
  {
    title: 'AuthorizeSecurityGroupIngress',
    before: [
      { call: start(web2) },
      { call: grant(commonGroup, [9003, partnerA]) },
      { call: grant(commonGroup, [9006, partnerA], [9006, partnerB]) },
      { call: revoke(commonGroup, [9003, partnerA], [9006, partnerB]), lost: true },
    ],
    event: grant(commonGroup, [9004, anywhere], [9005, partnerA]),
    other: stop(web2),
    same: revoke(commonGroup, [9004, anywhere]),
  },
  {
    title: 'RevokeSecurityGroupIngress',
    before: [
      { call: start(web2) },
      { call: grant(commonGroup, [9003, partnerA]) },
      { call: grant(commonGroup, [9006, partnerA], [9006, partnerB]) },
      { call: grant(commonGroup, [9004, anywhere]), lost: true },
    ],
    event: revoke(commonGroup, [9003, partnerA], [9006, partnerA]),
    other: stop(web2),
    same: grant(commonGroup, [9003, partnerA]),
  },
];

/** Jobs take a while, so that a run can die while its commit waits. */
const device: Omit<SimulatorOptions, 'now' | 'sleep'> = { jobMilliseconds: 5_000 };

const asColleague = (system: CrashSystem, parameters: Readonly<Record<string, string>>): void => {
  const body = system.simulator.act('colleague', parameters);
  if (!/<response status\s*=\s*["']success/.test(body)) throw new Error(`the colleague was refused: ${body}`);
};

/** Adds an administrator's rule for some tcp ports from some sources, above everything. */
const addRule = (system: CrashSystem, name: string, ports: string, fields: Parameters<typeof ruleFields>[0]): void => {
  const objects = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/service";
  const service = `ports-${ports}`;
  asColleague(system, {
    type: 'config',
    action: 'set',
    xpath: `${objects}/entry[@name='${service}']`,
    element: `<protocol><tcp><port>${ports}</port></tcp></protocol>`,
  });
  asColleague(system, {
    type: 'config',
    action: 'set',
    xpath: ruleXpath(name),
    element: ruleFields({ ...fields, service }),
  });
  asColleague(system, { type: 'config', action: 'move', xpath: ruleXpath(name), where: 'top' });
};

/** An administrator's deny above everything and two rules that allow half of a grant each, committed. */
const furnish = (system: CrashSystem): void => {
  addRule(system, 'Never 9005', '9005', { action: 'deny' });
  addRule(system, 'Lower half of all', '9004', { source: '0.0.0.0/1' });
  addRule(system, 'Lower half of a range', '9007-9008', { source: '2001:db8:ffff::/49' });
  asColleague(system, { type: 'commit', cmd: '<commit></commit>' });
  system.clock.advance(10_000);
};

/** The event's run has a rule of the group to grow by a server whose start was not told, one to add and one to remove. */
export const growing: World = {
  title: 'AuthorizeSecurityGroupIngress that lets a rule grow',
  before: [
    { call: grant(commonGroup, [9003, partnerA], [9006, partnerB]) },
    { call: stop(web3) },
    { call: start(web3), lost: true },
    { call: revoke(commonGroup, [9006, partnerB]), lost: true },
  ],
  event: grant(commonGroup, [9004, anywhere]),
  other: start(web2),
  same: revoke(commonGroup, [9003, partnerA]),
};

/** Edits that a colleague has not committed yet. */
const halfFinished = (system: CrashSystem): void => {
  asColleague(system, {
    type: 'config',
    action: 'set',
    xpath: ruleXpath('Half finished'),
    element: ruleFields({ destination: '10.0.1.12', service: 'tcp-81' }),
  });
  asColleague(system, {
    type: 'config',
    action: 'edit',
    xpath: `${rulesXpath}/entry[@name='Web in']/source`,
    element: '<source><member>192.0.2.0/24</member></source>',
  });
};

/** The world as it stands just before the event. */
export const prepare = async (world: World): Promise<Outside> => {
  let lost = false;
  let dies = false;
  const system = await createCrashSystem({
    account: dualStackAccount,
    simulator: device,
    copies: (_event, rule) => (lost || rule === 'EndedRule' ? 0 : 1),
    strike: (call) => (dies && call.invocation.stateName === 'TakeTurn' ? { when: 'before', how: 'ends' } : null),
  });
  furnish(system);
  for (const one of world.before) {
    lost = one.lost === true;
    dies = one.dies === true;
    await one.call(system.ec2);
    await system.idle();
    system.clock.advance(400_000);
  }
  const failed = system.runs().filter(({ status }) => status !== 'SUCCEEDED');
  const expected = world.before.filter((one) => one.dies === true).length;
  if (failed.length !== expected) {
    throw new Error(`preparing ${world.title}: ${failed.map(({ error, cause }) => `${error} ${cause}`).join('; ')}`);
  }
  halfFinished(system);
  return system.outside();
};

export { web1, web2, web3 };
