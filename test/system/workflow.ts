/**
 * Runs the workflow with the real handlers against whatever the environment points to, and prints each state's input and output
 * as JSON, one document a line.   npm run workflow -- EVENT.json …
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  paginateListExecutions,
  RedriveExecutionCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { realSurroundings } from '../../shared/runtime/surroundings.ts';
import { listen } from '../local/http.ts';
import { stepFunctionsService } from '../local/step-functions/endpoint.ts';
import { createExecutions, type Execution } from '../local/step-functions/executions.ts';
import { createStateMachine, type StateRecord } from '../local/step-functions/interpreter.ts';
import { realPace } from '../local/step-functions/pace.ts';
import { ids } from './demo-account.ts';
import { stateMachineName } from './local-system.ts';
import { localDefinition, localFunctions } from './system.ts';

const usage = `npm run workflow -- EVENT.json …                 runs the workflow once for each EventBridge event
npm run workflow -- --from STATE --input FILE [--name NAME]
                                                 starts at a state with the given input
npm run workflow -- --redrive NAME               redrives a failed execution of the local system (npm run local)

The environment is the one the functions have (FIREWALL_ENDPOINT, TABLE_NAME, …), with the AWS SDK's own variables
(AWS_REGION, credentials, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>).`;

const refuse = (message: string): never => {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
};

const fromFile = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    return refuse(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const print = (document: object): void => {
  process.stdout.write(`${JSON.stringify(document)}\n`);
};

const printState = ({ name, type, input, output, failure, attempts }: StateRecord): void =>
  print({
    state: name,
    type,
    input,
    ...(failure ? { error: failure.error, cause: failure.cause } : { output }),
    ...(attempts.length > 1 ? { attempts: attempts.map(({ failure: failed }) => failed?.error ?? 'succeeded') } : {}),
  });

const parsed = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        input: { type: 'string' },
        name: { type: 'string' },
        redrive: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
})();
const { values, positionals } = parsed;
if (values.help) {
  console.log(usage);
  process.exit(0);
}

/** Prints the states of an execution that another process runs, from its history. */
const printHistory = async (client: SFNClient, executionArn: string, after: number): Promise<void> => {
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new GetExecutionHistoryCommand({ executionArn, nextToken, includeExecutionData: true }),
    );
    for (const event of page.events ?? []) if ((event.id ?? 0) > after) printEvent(event);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
};

const printEvent = (event: HistoryEvent): void => {
  const {
    stateEnteredEventDetails: entered,
    stateExitedEventDetails: left,
    lambdaFunctionFailedEventDetails: failed,
  } = event;
  if (entered) print({ state: entered.name, input: JSON.parse(entered.input ?? 'null') });
  if (left) print({ state: left.name, output: JSON.parse(left.output ?? 'null') });
  if (failed) print({ error: failed.error, cause: failed.cause });
};

const redrive = async (name: string): Promise<number> => {
  if (!process.env['AWS_ENDPOINT_URL_SFN'] && !process.env['AWS_ENDPOINT_URL']) {
    return refuse('--redrive needs the environment that `npm run local` prints.');
  }
  const client = new SFNClient({});
  const stateMachineArn = process.env['STATE_MACHINE_ARN'] ?? '';
  let executionArn: string | undefined;
  for await (const page of paginateListExecutions({ client }, { stateMachineArn })) {
    executionArn ??= page.executions?.find((execution) => execution.name === name)?.executionArn;
  }
  if (executionArn === undefined) return refuse(`${stateMachineArn} has no execution named ${name}.`);
  const before = await client.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 1 }));
  await client.send(new RedriveExecutionCommand({ executionArn }));
  for (;;) {
    const { status, error, cause } = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING') {
      await printHistory(client, executionArn, before.events?.[0]?.id ?? 0);
      print({ execution: name, status, ...(error ? { error, cause } : {}) });
      return status === 'SUCCEEDED' ? 0 : 1;
    }
    await realPace.sleep(200);
  }
};

const runHere = async (): Promise<number> => {
  const surroundings = realSurroundings();
  const region = process.env['AWS_REGION'] ?? ids.region;
  const machine = createStateMachine({
    definition: localDefinition(region, ids.account),
    functions: localFunctions(region, ids.account, {
      ...surroundings,
      writeLog: (line) => process.stderr.write(`${line}\n`),
    }),
    pace: realPace,
  });
  const executions = createExecutions({
    stateMachines: [{ name: stateMachineName, machine }],
    ownerId: ids.account,
    region,
    now: realPace.now,
    newId: () => randomUUID(),
  });
  // Where no Step Functions is given, the executions of this process are all there are.
  const endpoint = process.env['AWS_ENDPOINT_URL_SFN'] ? null : await listen(stepFunctionsService(executions));
  if (endpoint !== null) process.env['AWS_ENDPOINT_URL_SFN'] = endpoint.url;
  let failed = 0;
  const tell = (execution: Pick<Execution, 'name' | 'status' | 'error' | 'cause'>): void => {
    const { name, status, error, cause } = execution;
    print({ execution: name, status, ...(error ? { error, cause } : {}) });
    if (status !== 'SUCCEEDED') failed += 1;
  };
  try {
    if (values.from !== undefined) {
      if (values.input === undefined) return refuse('--from needs --input FILE.');
      if (!(values.from in machine.definition.States)) return refuse(`The state machine has no state ${values.from}.`);
      const name = values.name ?? randomUUID();
      const { outcome } = await machine.run({
        from: values.from,
        input: fromFile(values.input),
        execution: {
          Id: `arn:aws:states:${region}:${ids.account}:execution:${stateMachineName}:${name}`,
          Name: name,
          StartTime: new Date().toISOString(),
          RedriveCount: 0,
        },
        onLeft: printState,
      });
      const { error, cause } = outcome.status === 'FAILED' ? outcome : { error: undefined, cause: undefined };
      tell({ name, status: outcome.status, error, cause });
    }
    for (const [index, file] of positionals.entries()) {
      const name =
        values.name === undefined
          ? randomUUID()
          : positionals.length === 1
            ? values.name
            : `${values.name}-${index + 1}`;
      const started = executions.start({
        stateMachineArn: `arn:aws:states:${region}:${ids.account}:stateMachine:${stateMachineName}`,
        name,
        input: JSON.stringify(fromFile(file)),
      });
      const ended = await executions.ended(started.arn);
      for (const state of ended.states) printState(state);
      tell(ended);
    }
  } finally {
    await endpoint?.close();
  }
  return failed === 0 ? 0 : 1;
};

if (values.redrive !== undefined) process.exitCode = await redrive(values.redrive);
else if (positionals.length === 0 && values.from === undefined) refuse('No event file given.');
else process.exitCode = await runHere();
