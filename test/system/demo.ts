/**
 * Plays the main job on one machine: three web servers behind a firewall, and what happens to its policy when one of them
 * starts, is granted ports, loses one, and stops.   npm start [--silent -- --json]
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import {
  AuthorizeSecurityGroupIngressCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import { ids } from './demo-account.ts';
import { executionText } from './execution-text.ts';
import { startOnLoopback } from './on-loopback.ts';
import { ruleTable, runningRules, type ShownRule, shownRules } from './rulebase.ts';

const [, web2 = ''] = ids.webServers;
const administrators = ['Web out', 'Web in', 'Clear text', 'Clean up'];

const usage = `npm start                       plays the demonstration and explains each step
npm start --silent -- --json    the same as one JSON document on standard output`;

interface DemoStep {
  readonly title: string;
  readonly event: string | null;
  readonly execution: { readonly status: string; readonly states: readonly string[]; readonly commits: number } | null;
  readonly rules: readonly ShownRule[];
}

const fromAnywhere = (port: number) => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp: '0.0.0.0/0' }],
});

const options = (() => {
  try {
    return parseArgs({
      options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
})();
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const say = (text: string): void => {
  if (!options.json) console.log(text);
};

const system = await startOnLoopback({ hurried: true });
const { simulator } = system.parts;
const ec2 = new EC2Client({});
const { records } = tableParts(system.surroundings, settingsFrom(process.env));
const xmlOfAdministratorsRules = (): string =>
  administrators
    .map(
      (name) =>
        new RegExp(`<entry name="${name}".*?</entry>`, 's').exec(simulator.exportConfiguration('running'))?.[0] ??
        `${name}: gone`,
    )
    .join('\n');
const rulesNow = async (): Promise<readonly ShownRule[]> => {
  const owned = (await records.rules()).filter((record) => record.state === 'owned');
  return shownRules(await runningRules(simulator), new Set(owned.flatMap(({ uuid }) => uuid ?? [])));
};

const commitsOf = (execution: Execution): number =>
  execution.states.filter(
    ({ name, output }) => name === 'Commit' && (output as { commit?: { job?: string } } | undefined)?.commit?.job,
  ).length;

const steps: DemoStep[] = [];
const show = (step: DemoStep): void => {
  steps.push(step);
  say(`${ruleTable(step.rules)}\n`);
};

/** Makes an EC2 call, waits until its workflow has ended, and shows what came of it. */
const play = async (title: string, event: string, call: () => Promise<unknown>): Promise<DemoStep> => {
  say(`── ${title}\n`);
  const before = new Set(system.executions.all().map(({ arn }) => arn));
  await call();
  await system.idle();
  const [execution, ...more] = system.executions.all().filter(({ arn }) => !before.has(arn));
  assert.ok(
    execution !== undefined && more.length === 0,
    `one execution for ${event}, not ${more.length + (execution ? 1 : 0)}`,
  );
  say(`  AWS: ${event} → execution ${execution.name}`);
  say(executionText(execution));
  const step: DemoStep = {
    title,
    event,
    execution: {
      status: execution.status,
      states: execution.states.map(({ name }) => name),
      commits: commitsOf(execution),
    },
    rules: await rulesNow(),
  };
  show(step);
  assert.equal(execution.status, 'SUCCEEDED', `${title}: ${execution.error}: ${execution.cause}`);
  return step;
};

const names = (step: DemoStep): readonly string[] => step.rules.map((rule) => rule.name);

try {
  say(
    "Rules of this system carry a star; the others are the administrator's.\n\n── The policy before anything happens\n",
  );
  show({ title: 'The policy before anything happens', event: null, execution: null, rules: await rulesNow() });
  const untouched = xmlOfAdministratorsRules();

  const started = await play(
    `1. Web server 2 starts: 80 is allowed already by "Web in", 443 is not`,
    'StartInstances',
    () => ec2.send(new StartInstancesCommand({ InstanceIds: [web2] })),
  );
  assert.deepEqual(names(started), ['Web out', 'Web in', 'Clear text', `${web2}-1`, 'Clean up']);
  assert.deepEqual(started.rules.at(-2)?.application, ['ssl']);

  const granted = await play(
    '2. One call grants tcp 22 and tcp 8080 to its group',
    'AuthorizeSecurityGroupIngress',
    () =>
      ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: ids.webGroup,
          IpPermissions: [fromAnywhere(22), fromAnywhere(8080)],
        }),
      ),
  );
  assert.deepEqual(names(granted).slice(3), [`${web2}-1`, `${ids.webGroup}-1`, `${ids.webGroup}-2`, 'Clean up']);

  const revoked = await play('3. tcp 22 is revoked', 'RevokeSecurityGroupIngress', () =>
    ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: ids.webGroup, IpPermissions: [fromAnywhere(22)] })),
  );
  assert.deepEqual(names(revoked).slice(3), [`${web2}-1`, `${ids.webGroup}-2`, 'Clean up']);

  const stopped = await play('4. Web server 2 stops: every rule brought for it goes', 'StopInstances', () =>
    ec2.send(new StopInstancesCommand({ InstanceIds: [web2] })),
  );
  assert.deepEqual(names(stopped), administrators);
  assert.equal(xmlOfAdministratorsRules(), untouched, "the administrator's rules are byte for byte as before");
  say("The administrator's four rules are byte for byte as they were.");
  if (options.json) process.stdout.write(`${JSON.stringify({ steps })}\n`);
} catch (error) {
  console.error(`The demonstration did not go as told: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await system.close();
}
