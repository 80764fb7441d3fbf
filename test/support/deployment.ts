import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const root = new URL('../../', import.meta.url);
export const projectFile = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** CloudFormation's short forms as their long ones, so that the file reads as data. */
const intrinsics = ['Ref', 'GetAtt', 'Sub'].flatMap((name) => [
  { tag: `!${name}`, resolve: (text: string) => ({ [name === 'Ref' ? 'Ref' : `Fn::${name}`]: text }) },
]);

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: string;
}

export interface TaskState {
  readonly Type: 'Task';
  readonly Resource: string;
  readonly TimeoutSeconds: number;
  readonly Retry: readonly Retrier[];
  readonly Catch?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly ResultPath: string;
    readonly Next: string;
  }[];
  readonly Next?: string;
  readonly End?: boolean;
}
export interface ChoiceState {
  readonly Type: 'Choice';
  readonly Choices: readonly { readonly Next: string }[];
  readonly Default: string;
}
export interface EndState {
  readonly Type: 'Succeed';
}
export interface StateMachine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, TaskState | ChoiceState | EndState>>;
}

let parsedMachine: StateMachine | null = null;

export const stateMachine = (): StateMachine => {
  parsedMachine ??= parse(projectFile('statemachine/policy-sync.asl.yml')) as StateMachine;
  return parsedMachine;
};

export const tasks = (): readonly (readonly [string, TaskState])[] =>
  Object.entries(stateMachine().States).flatMap(([name, state]) =>
    state.Type === 'Task' ? [[name, state] as const] : [],
  );

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface Deployment {
  readonly provider: {
    readonly runtime: string;
    readonly architecture: string;
    readonly environment: Readonly<Record<string, unknown>>;
  };
  readonly functions: Readonly<
    Record<
      string,
      { readonly handler: string; readonly timeout: number; readonly role: unknown; readonly environment?: object }
    >
  >;
  readonly resources: { readonly Resources: Readonly<Record<string, Resource>> };
}

let parsedDeployment: Deployment | null = null;

/** `serverless.yml` as data; `${…}` variables stay as they are written. */
export const deployment = (): Deployment => {
  parsedDeployment ??= parse(projectFile('serverless.yml'), {
    customTags: intrinsics as never,
    logLevel: 'silent',
  }) as Deployment;
  return parsedDeployment;
};

/** Resource properties of one resource of `serverless.yml`. */
export const resourceProperties = <Properties>(name: string): Properties => {
  const resource = deployment().resources.Resources[name];
  if (resource === undefined) throw new Error(`serverless.yml has no resource ${name}`);
  return resource.Properties as Properties;
};
