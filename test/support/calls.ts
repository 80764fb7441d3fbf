import assert from 'node:assert/strict';
import {
  AuthorizeSecurityGroupIngressCommand,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Execution } from '../local/step-functions/executions.ts';
import { ids } from '../system/demo-account.ts';
import { stateMachineArn } from '../system/local-system.ts';
import type { TestSystem } from './system.ts';

export const [web1 = '', web2 = '', web3 = ''] = ids.webServers;
export const administratorsRules = ['Web out', 'Web in', 'Clear text', 'Clean up'] as const;

/** One permission for anywhere, as a console user grants it. */
export const fromAnywhere = (port: number, cidr = '0.0.0.0/0') => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp: cidr }],
});

/** The four EC2 calls, each waited for until nothing is under way; the last execution started is returned. */
export const calls = (system: TestSystem) => {
  const after = async (call: Promise<unknown>): Promise<Execution> => {
    await call;
    await system.idle();
    const last = system.runs().at(-1);
    if (last === undefined) throw new Error('The call started no execution');
    return last;
  };
  return {
    start: (...InstanceIds: string[]) => after(system.ec2.send(new StartInstancesCommand({ InstanceIds }))),
    stop: (...InstanceIds: string[]) => {
      system.clock.advance(60_000);
      return after(system.ec2.send(new StopInstancesCommand({ InstanceIds })));
    },
    grant: (GroupId: string, ...IpPermissions: ReturnType<typeof fromAnywhere>[]) =>
      after(system.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))),
    revoke: (GroupId: string, ...IpPermissions: ReturnType<typeof fromAnywhere>[]) =>
      after(system.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }))),
  };
};

/**
 * A resync a minute later, as the schedule asks for it; with `detail` as an operator does, who may approve a plan. The
 * execution may have failed.
 */
export const resyncRun = async (
  system: TestSystem,
  detail: Readonly<Record<string, unknown>> | null = null,
): Promise<Execution> => {
  system.clock.advance(60_000);
  const { arn } = system.executions.start({
    stateMachineArn,
    input: JSON.stringify({
      version: '0',
      id: system.clock.newId(),
      ...(detail === null
        ? { 'detail-type': 'Scheduled Event', source: 'aws.events' }
        : { 'detail-type': 'Scheduled resync', source: 'policy-sync' }),
      account: ids.account,
      region: ids.region,
      time: new Date(system.clock.now()).toISOString(),
      resources: [],
      detail: detail ?? {},
    }),
  });
  await system.idle();
  return system.executions.find(arn);
};

/** A resync that must succeed. */
export const resync = async (system: TestSystem): Promise<Execution> => {
  const run = await resyncRun(system);
  assert.equal(run.status, 'SUCCEEDED', `${run.error}: ${causeOf(run)}`);
  return run;
};

/** The output of a state of an execution; undefined when it did not succeed there. */
export const outputOf = (execution: Execution, state: string): Readonly<Record<string, unknown>> =>
  (execution.states.findLast(({ name }) => name === state)?.output ?? {}) as Readonly<Record<string, unknown>>;

/** The message of the error an execution failed with: AWS puts it in a JSON text. */
export const causeOf = (execution: Execution): string =>
  (JSON.parse(execution.cause ?? '{}') as { errorMessage?: string }).errorMessage ?? '';

export const statesOf = (execution: Execution): readonly string[] =>
  execution.states.filter(({ type }) => type === 'Task').map(({ name }) => name);

export const vsysXpath = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']";
export const rulesXpath = `${vsysXpath}/rulebase/security/rules`;
export const ruleXpath = (name: string): string => `${rulesXpath}/entry[@name='${name}']`;

/** What a colleague does at the firewall, over the API as in the web interface. */
export const colleague = (system: TestSystem, user = 'colleague') => {
  const act = (parameters: Readonly<Record<string, string>>): string => {
    const body = system.parts.simulator.act(user, parameters);
    if (!/<response status\s*=\s*["']success/.test(body)) throw new Error(`${user} was refused: ${body}`);
    return body;
  };
  const config = (action: string, xpath: string, more: Readonly<Record<string, string>> = {}) =>
    act({ type: 'config', action, xpath, ...more });
  return {
    act,
    set: (xpath: string, element: string) => config('set', xpath, { element }),
    edit: (xpath: string, element: string) => config('edit', xpath, { element }),
    delete: (xpath: string) => config('delete', xpath),
    rename: (xpath: string, newname: string) => config('rename', xpath, { newname }),
    move: (xpath: string, where: string, dst?: string) => config('move', xpath, { where, ...(dst ? { dst } : {}) }),
    clone: (from: string, newname: string) => config('clone', rulesXpath, { from, newname }),
    commit: () => act({ type: 'commit', cmd: '<commit></commit>' }),
    addRule: (name: string, fields: string) => config('set', ruleXpath(name), { element: fields }),
  };
};

/** The children of a rule entry that allows what is given from untrust to trust. */
export const ruleFields = (fields: {
  readonly source?: string;
  readonly destination?: string;
  readonly application?: string;
  readonly service?: string;
  readonly action?: string;
}): string => {
  const member = (tag: string, value: string) => `<${tag}><member>${value}</member></${tag}>`;
  const { source = 'any', destination = 'any', application = 'any', service = 'any', action = 'allow' } = fields;
  return [
    member('from', 'untrust'),
    member('to', 'trust'),
    member('source', source),
    member('destination', destination),
    member('application', application),
    member('service', service),
    `<action>${action}</action>`,
  ].join('');
};
