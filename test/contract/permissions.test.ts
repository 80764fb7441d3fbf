import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { deployment, projectFile, resourceProperties, tasks } from '../support/deployment.ts';

/** The project's files that a file needs when it runs; what is imported for its types alone is left out. */
const reachedFrom = (file: string, reached = new Set<string>()): ReadonlySet<string> => {
  if (reached.has(file)) return reached;
  reached.add(file);
  const imports = projectFile(file).matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+'(\.[^']+)'/gms);
  for (const [, imported = ''] of imports) reachedFrom(join(dirname(file), imported), reached);
  return reached;
};

const services: Readonly<Record<string, string>> = {
  'client-dynamodb': 'dynamodb',
  'client-ec2': 'ec2',
  'client-secrets-manager': 'secretsmanager',
  'client-sfn': 'states',
  'client-sns': 'sns',
};

/** IAM actions of the commands and paginators that a function's code imports from the SDK. */
const actionsOf = (file: string): ReadonlySet<string> => {
  const actions = new Set<string>();
  for (const each of reachedFrom(file)) {
    for (const [, names = '', client = ''] of projectFile(each).matchAll(
      /import\s*\{([^}]*)\}\s*from\s*'@aws-sdk\/([a-z0-9-]+)'/g,
    )) {
      for (const name of names.split(',').map((one) => one.trim())) {
        const called = /^(?:paginate(\w+)|(\w+)Command)$/.exec(name);
        if (called !== null) actions.add(`${services[client] ?? client}:${called[1] ?? called[2]}`);
      }
    }
  }
  return actions;
};

/** Every text below a value: of `!If` the names on both of its ways. */
const textsIn = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : [];

interface Policy {
  readonly PolicyDocument: {
    readonly Statement: readonly { readonly Effect: string; readonly Action: string | string[] }[];
  };
}
const allowedBy = ({ PolicyDocument }: Policy): readonly string[] =>
  PolicyDocument.Statement.flatMap(({ Effect, Action }) => (Effect === 'Allow' ? Action : []));

const roleOf = (name: string): string => textsIn(deployment().functions[name]?.role)[0]?.replace(/\.Arn$/, '') ?? '';
const allowedTo = (role: string): ReadonlySet<string> => {
  const { ManagedPolicyArns, Policies = [] } = resourceProperties<{
    readonly ManagedPolicyArns: unknown;
    readonly Policies?: readonly Policy[];
  }>(role);
  const managed = textsIn(ManagedPolicyArns).filter((name) => /Policy$/.test(name) && name !== 'NetworkPolicy');
  return new Set([...managed.map((name) => resourceProperties<Policy>(name)), ...Policies].flatMap(allowedBy));
};
const fileOf = (name: string): string => `${deployment().functions[name]?.handler.replace(/\.handler$/, '')}.ts`;

describe('what a function may do in AWS', () => {
  const names = Object.keys(deployment().functions);

  for (const name of names) {
    test(`${name} may make every call that its code knows`, () => {
      const file = fileOf(name);
      assert.ok(existsSync(new URL(`../../${file}`, import.meta.url)), file);
      const actions = actionsOf(file);
      assert.ok(actions.size > 0, 'it calls AWS');
      const allowed = allowedTo(roleOf(name));
      assert.deepEqual(
        [...actions].filter((action) => !allowed.has(action)),
        [],
      );
    });
  }

  test('and no role may do what none of its functions does', () => {
    // What Lambda itself does in the name of the role: logs, and the events on which a function failed.
    const ofLambda = ['logs:CreateLogStream', 'logs:PutLogEvents', 'sqs:SendMessage'];
    for (const role of new Set(names.map(roleOf))) {
      const used = new Set(
        names.filter((name) => roleOf(name) === role).flatMap((name) => [...actionsOf(fileOf(name))]),
      );
      assert.deepEqual(
        [...allowedTo(role)].filter((action) => !used.has(action) && !ofLambda.includes(action)),
        [],
        role,
      );
    }
  });
});

describe('the deployment', () => {
  test('lets the state machine invoke every function that it names', () => {
    const { Policies } = resourceProperties<{ readonly Policies: readonly unknown[] }>('StateMachineRole');
    const { DefinitionSubstitutions } = resourceProperties<{ readonly DefinitionSubstitutions: object }>(
      'StateMachine',
    );
    const invoked = textsIn(Policies).filter((text) => /LambdaFunction\.Arn$/.test(text));
    assert.deepEqual(invoked.toSorted(), textsIn(DefinitionSubstitutions).toSorted());
    assert.deepEqual(
      tasks()
        .map(([, { Resource }]) => Resource)
        .toSorted(),
      Object.keys(DefinitionSubstitutions)
        .map((name) => `\${${name}}`)
        .toSorted(),
    );
  });

  test('lets items expire by the attribute that the code writes', () => {
    const { TimeToLiveSpecification } = resourceProperties<{ readonly TimeToLiveSpecification: object }>('Table');
    assert.deepEqual(TimeToLiveSpecification, { AttributeName: 'expiresAt', Enabled: true });
    for (const file of ['changes', 'failures', 'notices', 'records']) {
      assert.match(projectFile(`shared/aws/table/${file}.ts`), /\bexpiresAt:/, file);
    }
  });

  test('resyncs every quarter of an hour unless told otherwise', () => {
    const { ScheduleExpression, State } = resourceProperties<{
      readonly ScheduleExpression: string;
      readonly State: string;
    }>('ResyncRule');
    assert.deepEqual([ScheduleExpression, State], [`\${param:resyncSchedule}`, 'ENABLED']);
    assert.match(projectFile('serverless.yml'), /resyncSchedule: \$\{env:RESYNC_SCHEDULE, 'rate\(15 minutes\)'\}/);
  });

  test('tells ExecutionEnded of every end but success, and may invoke it', () => {
    const { EventPattern, Targets, State } = resourceProperties<{
      readonly EventPattern: { readonly detail: { readonly status: readonly string[] } };
      readonly Targets: unknown;
      readonly State: string;
    }>('EndedRule');
    assert.deepEqual([EventPattern.detail.status, State], [['FAILED', 'TIMED_OUT', 'ABORTED'], 'ENABLED']);
    assert.ok(textsIn(Targets).includes('ExecutionEndedLambdaFunction.Arn'));
    const { SourceArn } = resourceProperties<{ readonly SourceArn: unknown }>('EndedPermission');
    assert.deepEqual(textsIn(SourceArn), ['EndedRule.Arn']);
  });

  test('names the secret with the random end that its ARN has', () => {
    const [resource] = textsIn(resourceProperties('SecretPolicy')).filter((text) => text.startsWith('arn:'));
    assert.match(resource ?? '', /:secret:\$\{param:firewallApiKeySecret\}-\*$/);
  });
});
