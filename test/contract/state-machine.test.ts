import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { errorCatalogue } from '../../shared/domain/errors.ts';
import { aboutSetting, settingNames } from '../../shared/runtime/settings.ts';
import {
  deployment,
  projectFile,
  resourceProperties,
  stateMachine,
  type TaskState,
  tasks,
} from '../support/deployment.ts';

const root = new URL('../../', import.meta.url);
const kebab = (name: string) => name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
const awsErrors = /^(Lambda\.|States\.|Sandbox\.)/;
const retriedIn = (state: TaskState) => state.Retry.flatMap((retrier) => retrier.ErrorEquals);

const raisedNames = (): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const folder of ['functions', 'shared']) {
    for (const file of readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('errors.ts')) continue;
      for (const [, name] of readFileSync(new URL(`${folder}/${file}`, root), 'utf8').matchAll(/'([A-Z][A-Za-z]+)'/g)) {
        if (name !== undefined && name in errorCatalogue) found.add(name);
      }
    }
  }
  return found;
};

describe('the state machine and the functions', () => {
  for (const [name, state] of tasks()) {
    test(`${name} runs the function of its name, which exports a handler`, async () => {
      assert.equal(state.Resource, `\${${name}Function}`);
      const { handler, timeout } = deployment().functions[camel(name)] ?? { handler: '', timeout: 0 };
      assert.equal(handler, `functions/${kebab(name)}.handler`);
      const module = (await import(`../../functions/${kebab(name)}.ts`)) as Record<string, unknown>;
      assert.equal(typeof module['handler'], 'function');
      assert.equal((module[camel(name)] as { name: string }).name, name);
      assert.ok(state.TimeoutSeconds > timeout, 'the Task outlasts its function');
      assert.ok(timeout > 6, 'the function has a timeout of its own');
    });
  }

  test('every function is run by a Task, save the one that runs after a failure', () => {
    assert.deepEqual(
      Object.keys(deployment().functions).sort(),
      [...tasks().map(([name]) => camel(name)), 'executionEnded'].sort(),
    );
  });

  test('every placeholder is substituted, and nothing else is', () => {
    const used = [...JSON.stringify(stateMachine()).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    const { DefinitionSubstitutions } = resourceProperties<{ DefinitionSubstitutions: object }>('StateMachine');
    assert.deepEqual(Object.keys(DefinitionSubstitutions).sort(), [...new Set(used)].sort());
  });

  test('only the four allowed fields of the execution are taken from the context', () => {
    const used = [...JSON.stringify(stateMachine()).matchAll(/\$\$\.([\w.]+)/g)].map(([, path]) => path);
    assert.deepEqual([...new Set(used)].sort(), [
      'Execution.Id',
      'Execution.Name',
      'Execution.RedriveCount',
      'Execution.StartTime',
    ]);
  });
});

describe('error names', () => {
  test('every name that is retried or caught exists', () => {
    for (const [, state] of tasks()) {
      const names = [...retriedIn(state), ...(state.Catch ?? []).flatMap((catcher) => catcher.ErrorEquals)];
      for (const name of names.filter((each) => !awsErrors.test(each))) assert.ok(name in errorCatalogue, name);
    }
  });

  test('every name is raised somewhere, so the catalogue promises nothing that never comes', () => {
    const raised = raisedNames();
    assert.deepEqual(
      Object.keys(errorCatalogue).filter((name) => !raised.has(name)),
      [],
    );
  });

  test('a name that says retry is retried, one that says final never is, and only PlanStale is caught', () => {
    for (const [name, { next }] of Object.entries(errorCatalogue)) {
      const retriers = tasks().filter(([, state]) => retriedIn(state).includes(name));
      assert.equal(retriers.length > 0, next === 'retry', name);
    }
    for (const [, state] of tasks()) {
      for (const { ErrorEquals, Next, ResultPath } of state.Catch ?? []) {
        assert.deepEqual(
          { ErrorEquals, Next, ResultPath },
          { ErrorEquals: ['PlanStale'], Next: 'TakeTurn', ResultPath: '$.stale' },
        );
      }
    }
  });
});

describe('the turn', () => {
  const { States } = stateMachine();

  test('every way from TakeTurn that does the work passes ReleaseTurn', () => {
    const ends: string[] = [];
    const walk = (name: string, path: readonly string[]): void => {
      const state = States[name];
      assert.ok(state !== undefined, `${name} exists`);
      if (path.includes(name)) return;
      const here = [...path, name];
      if (state.Type === 'Succeed') ends.push(here.join(' '));
      else if (state.Type === 'Choice') {
        for (const next of [...state.Choices.map(({ Next }) => Next), state.Default]) walk(next, here);
      } else if (state.Next === undefined) ends.push(here.join(' '));
      else walk(state.Next, here);
    };
    walk('TakeTurn', []);
    // Work that another execution did leaves no turn in hand.
    assert.deepEqual(
      ends.filter((way) => !way.includes('ReleaseTurn')),
      ['TakeTurn IsItHandled HandledByAnother'],
    );
  });

  /**
   * Seconds that all retries of a Task may take: each attempt to its timeout, each delay as long as it can be. One that finds
   * the turn taken ends at once, since the turn is what it looks at first.
   */
  const longest = (state: TaskState): number =>
    state.TimeoutSeconds +
    state.Retry.reduce((sum, retrier) => {
      let delay = retrier.IntervalSeconds;
      let total = 0;
      for (let attempt = 0; attempt < retrier.MaxAttempts; attempt += 1) {
        const lasts = retrier.ErrorEquals.includes('TurnTaken') ? 1 : state.TimeoutSeconds;
        total += lasts + Math.min(delay, retrier.MaxDelaySeconds ?? delay);
        delay *= retrier.BackoffRate;
      }
      return sum + total;
    }, 0);

  test('waiting for the turn outlasts the longest hold of it', () => {
    const held = tasks().filter(([name]) => !['RecordChange', 'TakeTurn'].includes(name));
    const longestHold = held.reduce((sum, [, state]) => sum + longest(state), 0);
    const turn = tasks()
      .find(([name]) => name === 'TakeTurn')?.[1]
      .Retry.find(({ ErrorEquals }) => ErrorEquals.includes('TurnTaken'));
    assert.ok(turn !== undefined);
    assert.equal(turn.JitterStrategy, 'FULL');
    assert.ok((turn.MaxDelaySeconds ?? Number.POSITIVE_INFINITY) <= 20, 'a waiter comes at least every 20 seconds');
    // Full jitter waits half of each delay on average.
    const waits = (turn.MaxAttempts * (turn.MaxDelaySeconds ?? 0)) / 2;
    assert.ok(waits > longestHold, `waits ${waits} s, the longest hold is ${longestHold} s`);
    assert.ok(turn.MaxAttempts * 3 < 20_000, 'and its history stays below the 25,000 events of an execution');
  });
});

describe('the deployment', () => {
  test('every setting reaches the functions, and no variable is set that nobody reads', () => {
    assert.deepEqual(
      Object.keys(deployment().provider.environment).sort(),
      settingNames.filter((name) => name !== 'FIREWALL_ALLOW_HTTP').sort(),
    );
  });

  test('functions run on Node 24 on arm64', () => {
    const { runtime, architecture } = deployment().provider;
    assert.deepEqual({ runtime, architecture }, { runtime: 'nodejs24.x', architecture: 'arm64' });
  });

  test('no role has a wildcard action', () => {
    const actions: string[] = [];
    const collect = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(collect);
      else if (typeof value === 'object' && value !== null) {
        for (const [key, inner] of Object.entries(value)) {
          if (key === 'Action') actions.push(...[inner].flat().map(String));
          else collect(inner);
        }
      }
    };
    collect(deployment().resources.Resources);
    assert.ok(actions.length > 10);
    assert.deepEqual(
      actions.filter((action) => action.includes('*')),
      [],
    );
  });

  test('failed calls are kept out by the event pattern', () => {
    const { EventPattern } = resourceProperties<{ EventPattern: { detail: object } }>('ChangeRule');
    assert.deepEqual((EventPattern.detail as { errorCode: unknown }).errorCode, [{ exists: false }]);
  });

  test('the API key is in no setting, only the name of the secret that holds it', () => {
    assert.ok(settingNames.includes('FIREWALL_API_KEY_SECRET'));
    assert.doesNotMatch(projectFile('serverless.yml'), /LUFRPT|X-PAN-KEY|apiKey:/i);
  });
});

describe('the README', () => {
  const readme = projectFile('README.md');

  test('tells every error as the catalogue does', () => {
    for (const [name, { means, whatToDo }] of Object.entries(errorCatalogue)) {
      assert.ok(readme.includes(`| \`${name}\` |`) && readme.includes(means) && readme.includes(whatToDo), name);
    }
  });

  test('tells every setting and what it is for', () => {
    for (const name of settingNames) assert.ok(readme.includes(`| \`${name}\` | ${aboutSetting(name)} |`), name);
  });

  test('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(projectFile('package.json')) as { scripts: Record<string, string> };
    for (const [, name = ''] of readme.matchAll(/npm (?:run )?(start|test(?::\w+)?|run [\w:]+|(?<=run )[\w:]+)/g)) {
      assert.ok(name.replace('run ', '') in scripts, name);
    }
  });
});
