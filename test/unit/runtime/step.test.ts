import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import { type BuildOptions, build } from 'esbuild';
import { z } from 'zod';
import { type ErrorName, errorCatalogue, NamedError } from '../../../shared/domain/errors.ts';
import { defineStep, handlerOf, type Run } from '../../../shared/runtime/step.ts';
import { deployment } from '../../support/deployment.ts';
import { around, environment } from './around.ts';

const context = (milliseconds = 60_000) => ({ getRemainingTimeInMillis: () => milliseconds }) as Context;
const execution = { id: 'arn:run', name: 'run', startTime: '2026-11-02T08:00:00Z', redriveCount: 1 };
type Invoke = (event: unknown, context: Context) => Promise<unknown>;

const stepThat = (
  run: (input: unknown, run: Run) => Promise<unknown>,
  said: { readonly of?: 'event' | 'state' | 'status'; readonly environment?: Readonly<Record<string, string>> } = {},
) => {
  const { surroundings, clock, log } = around();
  const step = defineStep({
    name: 'Example',
    of: said.of ?? 'state',
    input: z.looseObject({ format: z.literal(1) }),
    parts: () => null,
    run: (_parts, input, one) => run(input, one),
  });
  const world = { ...surroundings.world, environment: said.environment ?? environment };
  return {
    invoke: handlerOf(step, { ...surroundings, world }) as unknown as Invoke,
    clock,
    log: () => log.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
};

test('a step gets its state, its execution and a deadline two seconds before the function ends', async () => {
  const { invoke, clock } = stepThat(async (input, run) => ({
    input,
    execution: run.execution,
    deadline: run.deadline,
  }));
  assert.deepEqual(await invoke({ execution, state: { format: 1, more: 'x' } }, context(30_000)), {
    input: { format: 1, more: 'x' },
    execution,
    deadline: clock.now + 28_000,
  });
});

test('every name of the catalogue comes out as it was thrown, with its message', async () => {
  for (const name of Object.keys(errorCatalogue) as ErrorName[]) {
    const { invoke } = stepThat(async () => {
      throw new NamedError(name, 'what is wrong');
    });
    await assert.rejects(invoke({ execution, state: { format: 1 } }, context()), { name, message: 'what is wrong' });
  }
});

test('an error of no catalogue comes out as it is', async () => {
  const thrown = new TypeError('a fault');
  const { invoke, log } = stepThat(async () => {
    throw thrown;
  });
  await assert.rejects(invoke({ execution, state: { format: 1 } }, context()), (error) => error === thrown);
  assert.deepEqual(log().at(-1)?.['error'], 'TypeError');
});

test('a state of an unknown format is StateNotUnderstood; an event or status is EventNotUnderstood', async () => {
  const run = async () => null;
  const fails = (invoke: Invoke, event: unknown, name: string, words: RegExp) =>
    assert.rejects(invoke(event, context()), { name, message: words });
  const state = stepThat(run).invoke;
  await fails(
    state,
    { execution, state: { format: 2 } },
    'StateNotUnderstood',
    /Example cannot read its input: format/,
  );
  await fails(state, { execution, state: null }, 'StateNotUnderstood', /input:/);
  await fails(state, { state: { format: 1 } }, 'StateNotUnderstood', /Start a new execution from the event/);
  await fails(
    state,
    { execution: { ...execution, redriveCount: -1 }, state: { format: 1 } },
    'StateNotUnderstood',
    /redriveCount/,
  );
  await fails(state, {}, 'StateNotUnderstood', /Example/);
  await fails(stepThat(run, { of: 'event' }).invoke, { execution, event: 5 }, 'EventNotUnderstood', /Example/);
  await fails(stepThat(run, { of: 'status' }).invoke, { detail: { format: 1 } }, 'EventNotUnderstood', /Example/);
});

test('a status event tells the execution by its ARN, name and start', async () => {
  const { invoke } = stepThat(async (_input, run) => run.execution, { of: 'status' });
  const detail = { format: 1, executionArn: 'arn:x', name: 'x', startDate: Date.UTC(2026, 10, 2, 8) };
  assert.deepEqual(await invoke({ detail }, context()), {
    id: 'arn:x',
    name: 'x',
    startTime: '2026-11-02T08:00:00.000Z',
    redriveCount: 0,
  });
});

test('a wrong setting is Misconfigured in the execution, not a fault at the start of the function', async () => {
  const { invoke } = stepThat(async () => null, { environment: { ...environment, TABLE_NAME: '' } });
  await assert.rejects(invoke({ execution, state: { format: 1 } }, context()), {
    name: 'Misconfigured',
    message: /TABLE_NAME is not set/,
  });
});

test('a step that can do without settings is told what is wrong with them, and does not fail for it', async () => {
  const { surroundings } = around();
  const step = defineStep({
    name: 'Example',
    of: 'state',
    input: z.looseObject({ format: z.literal(1) }),
    parts: () => null,
    run: async () => 'with settings',
    withoutSettings: async (_surroundings, input, run, error) => [input.format, run.execution.name, String(error)],
  });
  const invokeIn = (variables: Readonly<Record<string, string>>) =>
    handlerOf(step, { ...surroundings, world: { ...surroundings.world, environment: variables } }) as unknown as Invoke;
  const input = { execution, state: { format: 1 } };
  assert.equal(await invokeIn(environment)(input, context()), 'with settings');
  const [format, name, error] = (await invokeIn({})(input, context())) as readonly string[];
  assert.deepEqual([format, name], [1, 'run']);
  assert.match(error ?? '', /Misconfigured: Settings: FIREWALL_ENDPOINT is not set/);
});

test('start and end are logged with the execution, a failure with its name and cause', async () => {
  const good = stepThat(async () => 'x');
  await good.invoke({ execution, event: { detail: { eventID: 'e1' } }, state: { format: 1 } }, context());
  assert.deepEqual(
    good.log().map(({ message, step, execution: run, redrive }) => [message, step, run, redrive]),
    [
      ['step started', 'Example', 'run', 1],
      ['step ended', 'Example', 'run', 1],
    ],
  );
  assert.equal(good.log()[0]?.['eventId'], 'e1');
  const bad = stepThat(async () => {
    throw new NamedError('CommitFailed', 'no');
  });
  await assert.rejects(bad.invoke({ execution, state: { format: 1 } }, context()));
  const last = bad.log().at(-1);
  assert.deepEqual([last?.['message'], last?.['error'], last?.['cause']], ['step failed', 'CommitFailed', 'no']);
});

/** How the functions are bundled for deployment. */
const bundling = () =>
  (
    deployment() as unknown as {
      readonly custom: {
        readonly esbuild: Required<
          Pick<BuildOptions, 'bundle' | 'minifyWhitespace' | 'minifySyntax' | 'target' | 'banner'>
        >;
      };
    }
  ).custom.esbuild;

test('the bundle of a function raises the names of the catalogue, also with every identifier minified', async () => {
  const { bundle, minifyWhitespace, minifySyntax, target, banner } = bundling();
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  const outfile = join(folder, 'record-change.mjs');
  const settings = { ...environment, AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };
  const before = { ...process.env };
  try {
    await build({
      entryPoints: [new URL('../../../functions/record-change.ts', import.meta.url).pathname],
      outfile,
      bundle,
      minifyWhitespace,
      minifySyntax,
      minifyIdentifiers: true,
      target,
      banner,
      platform: 'node',
      format: 'esm',
    });
    const { handler } = (await import(pathToFileURL(outfile).href)) as { handler: Invoke };
    const event = (eventName: string, more: object = {}) => ({
      source: 'aws.ec2',
      'detail-type': 'AWS API Call via CloudTrail',
      detail: { eventName, eventID: 'e1', ...more },
    });
    await assert.rejects(handler({ execution, event: event('StartInstances') }, context()), {
      name: 'Misconfigured',
      message: /FIREWALL_ENDPOINT is not set/,
    });
    // Nothing listens there: every call of AWS fails.
    Object.assign(process.env, settings, { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '1' });
    await assert.rejects(handler({ execution, event: event('StartInstances') }, context()), {
      name: 'EventNotUnderstood',
    });
    await assert.rejects(handler({ event: {} }, context()), { name: 'EventNotUnderstood', message: /RecordChange/ });
    const resync = {
      source: 'policy-sync',
      'detail-type': 'Scheduled resync',
      id: 'e1',
      time: '2026-11-02T08:00:00Z',
      account: '1',
      region: 'eu-central-1',
      detail: {},
    };
    await assert.rejects(handler({ execution, event: resync }, context()), {
      name: 'AwsBusy',
      message: /dynamodb:PutItem/,
    });
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    await rm(folder, { recursive: true });
  }
});
