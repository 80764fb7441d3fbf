/**
 * Keeps the whole system up on loopback ports until Ctrl-C, and prints the environment by which anything reaches it.
 *   npm run local
 */
import { parseArgs } from 'node:util';
import { ids } from './demo-account.ts';
import { executionText } from './execution-text.ts';
import { startOnLoopback } from './on-loopback.ts';

const usage = `npm run local                    brings EC2, DynamoDB, Secrets Manager, Step Functions, EventBridge and a firewall up on
                                 loopback ports, prints the environment to export, and runs until Ctrl-C
npm run local -- --hurried       the same without waiting between retries`;

const options = (() => {
  try {
    return parseArgs({
      options: { hurried: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
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

const quoted = (value: string): string =>
  /^[\w.:/@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;

const system = await startOnLoopback({ hurried: options.hurried });
for (const [name, value] of Object.entries(system.environment)) console.log(`export ${name}=${quoted(value)}`);
console.log(`# The firewall's administrators: admin / ${system.parts.simulator.passwordOf('admin')}, colleague / ${system.parts.simulator.passwordOf('colleague')}
# Try: aws ec2 start-instances --instance-ids ${ids.webServers[1]} --endpoint-url ${system.environment['AWS_ENDPOINT_URL_EC2']}
#      aws stepfunctions list-executions --state-machine-arn ${system.environment['STATE_MACHINE_ARN']} --endpoint-url ${system.environment['AWS_ENDPOINT_URL_SFN']}
# Executions are told on standard error. Ctrl-C ends it.`);

const told = new Set<string>();
const watch = setInterval(() => {
  for (const execution of system.executions.all()) {
    const key = `${execution.arn} ${execution.redriveCount}`;
    if (execution.status === 'RUNNING' || told.has(key)) continue;
    told.add(key);
    console.error(
      `\n${execution.name} ${execution.status}${execution.redriveCount > 0 ? ` (redrive ${execution.redriveCount})` : ''}`,
    );
    console.error(executionText(execution));
  }
}, 200);

const stop = async (): Promise<void> => {
  clearInterval(watch);
  await system.close();
  process.exit(0);
};
process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());
