import type { Respond } from '../http.ts';
import { type JsonOperation, JsonRefusal, jsonService, optionalText, textMember } from '../json-protocol.ts';
import type { Execution, Executions, NamedStateMachine } from './executions.ts';

type Input = Readonly<Record<string, unknown>>;

const seconds = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : milliseconds / 1000;

const present = (fields: Input): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const refuseOthers = (input: Input, ...known: readonly string[]): void => {
  const others = Object.keys(input).filter((name) => !known.includes(name));
  if (others.length > 0) throw new JsonRefusal('ValidationException', `Not supported here: ${others.join(', ')}`);
};

const tokenOf = (position: number): string => Buffer.from(`from:${position}`).toString('base64url');

const positionOf = (token: string | undefined): number => {
  if (token === undefined) return 0;
  const position = /^from:(\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1];
  if (position === undefined) throw new JsonRefusal('InvalidToken', `Invalid Token: '${token}'`);
  return Number(position);
};

/** One page; maxResults 0 or absent means 100, at most 1,000 (documented). */
const pageOf = <T>(all: readonly T[], input: Input): { readonly page: readonly T[]; readonly nextToken?: string } => {
  const asked = input['maxResults'] ?? 0;
  if (typeof asked !== 'number' || asked < 0 || asked > 1000) {
    throw new JsonRefusal('ValidationException', `maxResults must be between 0 and 1000, not ${JSON.stringify(asked)}`);
  }
  const from = positionOf(optionalText(input, 'nextToken'));
  const until = from + (asked === 0 ? 100 : asked);
  const page = all.slice(from, until);
  return until < all.length ? { page, nextToken: tokenOf(until) } : { page };
};

const summaryOf = (execution: Execution): object =>
  present({
    executionArn: execution.arn,
    stateMachineArn: execution.stateMachineArn,
    name: execution.name,
    status: execution.status,
    startDate: seconds(execution.startDate),
    stopDate: seconds(execution.stopDate),
    redriveCount: execution.redriveCount,
    redriveDate: seconds(execution.redriveDate),
  });

const statuses: readonly unknown[] = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'];

/**
 * The Step Functions API over executions on this machine: ListStateMachines, DescribeStateMachine, StartExecution,
 * DescribeExecution, ListExecutions, GetExecutionHistory, StopExecution, RedriveExecution. Signatures are not checked.
 */
export const stepFunctionsService = (executions: Executions): Respond => {
  const machineOf = (arn: string): NamedStateMachine => {
    const machine = executions.stateMachines.get(arn);
    if (machine === undefined) {
      throw new JsonRefusal('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    }
    return machine;
  };

  const operations: Readonly<Record<string, JsonOperation>> = {
    ListStateMachines: async (input) => {
      refuseOthers(input, 'maxResults', 'nextToken');
      const all = [...executions.stateMachines].map(([stateMachineArn, { name }]) => ({
        stateMachineArn,
        name,
        type: 'STANDARD',
        creationDate: seconds(executions.createdAt),
      }));
      const { page, ...next } = pageOf(all, input);
      return { stateMachines: page, ...next };
    },

    DescribeStateMachine: async (input) => {
      refuseOthers(input, 'stateMachineArn');
      const stateMachineArn = textMember(input, 'stateMachineArn');
      const { name, machine } = machineOf(stateMachineArn);
      return {
        stateMachineArn,
        name,
        status: 'ACTIVE',
        type: 'STANDARD',
        definition: JSON.stringify(machine.definition),
        roleArn: `arn:aws:iam::${stateMachineArn.split(':')[4]}:role/local-state-machine`,
        creationDate: seconds(executions.createdAt),
        loggingConfiguration: { level: 'OFF', includeExecutionData: false },
        tracingConfiguration: { enabled: false },
      };
    },

    StartExecution: async (input) => {
      refuseOthers(input, 'stateMachineArn', 'name', 'input', 'traceHeader');
      const execution = executions.start({
        stateMachineArn: textMember(input, 'stateMachineArn'),
        name: optionalText(input, 'name'),
        input: optionalText(input, 'input'),
      });
      return { executionArn: execution.arn, startDate: seconds(execution.startDate) };
    },

    DescribeExecution: async (input) => {
      refuseOthers(input, 'executionArn', 'includedData');
      const execution = executions.find(textMember(input, 'executionArn'));
      const withPayload = input['includedData'] !== 'METADATA_ONLY';
      const redrive = executions.redriveStatus(execution);
      return {
        ...summaryOf(execution),
        ...present({
          input: withPayload ? execution.input : undefined,
          inputDetails: withPayload ? { included: true } : undefined,
          output: withPayload ? execution.output : undefined,
          outputDetails: withPayload && execution.output !== undefined ? { included: true } : undefined,
          error: execution.error,
          cause: execution.cause,
          redriveStatus: redrive.status,
          redriveStatusReason: redrive.reason,
        }),
      };
    },

    ListExecutions: async (input) => {
      refuseOthers(input, 'stateMachineArn', 'statusFilter', 'redriveFilter', 'maxResults', 'nextToken');
      const arn = textMember(input, 'stateMachineArn');
      machineOf(arn);
      const status = optionalText(input, 'statusFilter');
      const redrive = optionalText(input, 'redriveFilter');
      if (status !== undefined && !statuses.includes(status)) {
        throw new JsonRefusal('ValidationException', `There is no status '${status}'`);
      }
      if (redrive !== undefined && redrive !== 'REDRIVEN' && redrive !== 'NOT_REDRIVEN') {
        throw new JsonRefusal('ValidationException', `There is no redrive filter '${redrive}'`);
      }
      /* Newest first (documented); of two started in the same instant the later one is newer. */
      const all = executions
        .all()
        .filter((one) => one.stateMachineArn === arn)
        .filter((one) => status === undefined || one.status === status)
        .filter((one) => redrive === undefined || one.redriveCount > 0 === (redrive === 'REDRIVEN'))
        .toReversed()
        .toSorted((a, b) => b.startDate - a.startDate);
      const { page, ...next } = pageOf(all, input);
      return { executions: page.map(summaryOf), ...next };
    },

    GetExecutionHistory: async (input) => {
      refuseOthers(input, 'executionArn', 'maxResults', 'reverseOrder', 'nextToken', 'includeExecutionData');
      if (input['includeExecutionData'] === false) {
        throw new JsonRefusal('ValidationException', 'Not supported here: includeExecutionData false');
      }
      const events = executions.history(textMember(input, 'executionArn'));
      const { page, ...next } = pageOf(input['reverseOrder'] === true ? events.toReversed() : events, input);
      return { events: page, ...next };
    },

    StopExecution: async (input) => {
      refuseOthers(input, 'executionArn', 'error', 'cause');
      const error = optionalText(input, 'error');
      const cause = optionalText(input, 'cause');
      const execution = await executions.stop(textMember(input, 'executionArn'), {
        ...(error === undefined ? {} : { error }),
        ...(cause === undefined ? {} : { cause }),
      });
      return present({ stopDate: seconds(execution.stopDate) });
    },

    RedriveExecution: async (input) => {
      refuseOthers(input, 'executionArn', 'clientToken');
      const execution = executions.redrive(textMember(input, 'executionArn'), optionalText(input, 'clientToken'));
      return present({ redriveDate: seconds(execution.redriveDate) });
    },
  };

  return jsonService('AWSStepFunctions', '1.0', new Map(Object.entries(operations)));
};
