/**
 * What a redrive does, for each state and each kind of failure. Each cell of the table is a test; the table is printed at the
 * end, as README shows it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NamedError } from '../../shared/domain/errors.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import { tasks } from '../support/deployment.ts';
import { type Blow, type Call, type CrashSystem, createCrashSystem, type Outside } from './crash-system.ts';
import { watchHouse } from './house.ts';
import { prepare, stop, type World, web2, worlds } from './worlds.ts';

interface Failure {
  readonly title: string;
  /** What befalls a call of the state, as long as the cause lasts. */
  readonly blow: (call: Call, nth: number) => Blow | null;
  readonly stopped?: boolean;
  /** What happens before the redrive. */
  readonly meanwhile?: (system: CrashSystem) => Promise<unknown>;
}

const throttled = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });

const failures: readonly Failure[] = [
  { title: 'the function ends', blow: (_call, nth) => (nth === 2 ? { when: 'before', how: 'ends' } : null) },
  {
    title: 'the function ends, and the instance is stopped before the redrive',
    blow: (_call, nth) => (nth === 2 ? { when: 'before', how: 'ends' } : null),
    meanwhile: (system) => stop(web2)(system.ec2),
  },
  {
    title: 'no answer once (`Lambda.Unknown`)',
    blow: (_call, nth) => (nth === 2 ? { when: 'before', how: 'dies' } : null),
  },
  {
    title: 'stopped by hand',
    blow: (_call, nth) => (nth === 2 ? { when: 'before', how: 'parks' } : null),
    stopped: true,
  },
  {
    title: 'the firewall does not answer for hours',
    blow: ({ service }) =>
      service === 'firewall'
        ? { when: 'before', how: 'fails', error: new NamedError('FirewallUnreachable', 'no answer') }
        : null,
  },
  {
    title: 'DynamoDB throttles for hours',
    blow: ({ service }) => (service === 'dynamodb' ? { when: 'before', how: 'fails', error: throttled } : null),
  },
];

const states = tasks().map(([name]) => name);
const [world] = worlds;
assert.ok(world !== undefined);
const theWorld: World = world;

const taskNames = (execution: Execution, from: number): readonly string[] =>
  execution.states
    .slice(from)
    .filter(({ type }) => type === 'Task')
    .map(({ name }) => name);

/** `TakeTurn to ReleaseTurn` for a run of states in their order. */
const shortly = (names: readonly string[]): string => {
  const [first = '', second] = names;
  if (names.length <= 1 || second === undefined) return first;
  const whole = names.slice(1);
  const at = states.indexOf(second);
  const isRun = whole.every((name, index) => states[at + index] === name);
  const isRunWithFirst = isRun && states.indexOf(first) === at - 1;
  if (isRunWithFirst) return `${first} to ${names.at(-1)}`;
  return isRun && whole.length > 1 ? `${first}, then ${second} to ${names.at(-1)}` : names.join(', ');
};

describe('redrives', () => {
  let from: Outside;
  const cells = new Map<string, string>();
  before(async () => {
    from = await prepare(theWorld);
  });
  after(() => {
    console.log(`| state | ${failures.map(({ title }) => title).join(' | ')} |`);
    console.log(`| --- | ${failures.map(() => '---').join(' | ')} |`);
    for (const state of states) {
      console.log(`| ${state} | ${failures.map(({ title }) => cells.get(`${state} ${title}`) ?? '').join(' | ')} |`);
    }
  });

  for (const state of states) {
    for (const failure of failures) {
      test(`${state}: ${failure.title}`, async () => {
        let lasts = true;
        let nth = 0;
        let lost = false;
        const system = await createCrashSystem({
          from,
          copies: () => (lost ? 0 : 1),
          strike: (call) => {
            if (!lasts || call.invocation.stateName !== state) return null;
            nth += 1;
            return failure.blow(call, nth);
          },
          watch: () => house?.check(),
        });
        let house: Awaited<ReturnType<typeof watchHouse>> | null = null;
        house = await watchHouse(system, { lagging: true });
        const own = (): Execution => system.runs()[0] ?? assert.fail('no execution');
        await theWorld.event(system.ec2);
        if (failure.stopped === true) {
          for (let turn = 0; turn < 5000 && system.parked.length === 0; turn += 1) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          await system.executions.stop(own().arn, { error: 'Stopped', cause: 'by hand' });
        }
        await system.idle();
        const attempts = own().states.at(-1)?.attempts.length ?? 0;
        const key = `${state} ${failure.title}`;
        if (own().status === 'SUCCEEDED') {
          const isTouched = nth > 0 && failure.blow.length > 0;
          const tried = own().states.find(({ name }) => name === state)?.attempts.length ?? 0;
          cells.set(key, isTouched && tried > 1 ? `goes on by itself (attempt ${tried})` : 'does not notice');
          await house.checkQuiet();
          return;
        }
        const error = own().error ?? own().status;
        assert.equal(own().states.at(-1)?.name, state, 'the state that failed is the state the console shows');
        const count = own().states.length;
        lasts = false;
        system.clock.advance(3_600_000);
        lost = true;
        await failure.meanwhile?.(system);
        lost = false;
        system.executions.redrive(own().arn);
        await system.idle();
        assert.equal(own().status, 'SUCCEEDED', `${own().error}: ${own().cause?.slice(0, 500)}`);
        await house.checkQuiet();
        const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
        cells.set(key, `\`${error}\`${tries}; redriven: ${shortly(taskNames(own(), count))}`);
      });
    }
  }
});
