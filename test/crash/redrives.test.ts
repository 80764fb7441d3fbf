/**
 * What a redrive does, for each state and each kind of failure. Each state with each failure is a test, and the table of
 * README is what they came to.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { NamedError } from '../../shared/domain/errors.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import { tasks } from '../support/deployment.ts';
import { administrator } from '../system/parts.ts';
import { type Blow, type Call, type CrashSystem, createCrashSystem, type Outside } from './crash-system.ts';
import { type House, watchHouse } from './house.ts';
import {
  type Column,
  endedText,
  type Played,
  redriveText,
  silentText,
  tableOf,
  tableOfReadme,
} from './redrive-table.ts';
import { prepare, stop, type World, web2, worlds } from './worlds.ts';

/** A moment of the state that is to fail. */
interface Moment {
  readonly call: Call;
  /** Which call of the state it is, from 1. */
  readonly nth: number;
  /** Whether anything is pending under our administrator. */
  readonly staged: boolean;
  /** How often the fault has struck. */
  readonly struck: number;
}

interface Failure {
  readonly title: string;
  /** What befalls a call of the state, as long as the cause lasts. */
  readonly blow: (moment: Moment) => Blow | null;
  readonly comesTo: 'fails' | 'goes on' | 'either';
  readonly stopped?: boolean;
  /** What happens before the redrive. */
  readonly meanwhile?: (system: CrashSystem) => Promise<unknown>;
}

/** Once in the middle of the state; in the one that writes, when it has written. */
const once =
  (how: Blow['how']): Failure['blow'] =>
  ({ call, nth, staged, struck }) =>
    struck === 0 && (call.invocation.stateName === 'ApplyRules' ? staged : nth >= 2) ? { when: 'before', how } : null;

const throttled = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
const noAnswer = new NamedError('FirewallUnreachable', 'no answer');

const ends: Failure = { title: 'the function ends', blow: once('ends'), comesTo: 'fails' };
const changed: Failure = {
  title: 'the function ends, and the instance is stopped before the redrive',
  blow: once('ends'),
  comesTo: 'fails',
  meanwhile: (system) => stop(web2)(system.ec2),
};
const lostAnswer: Failure = {
  title: 'no answer once (`Lambda.Unknown`)',
  blow: once('dies'),
  comesTo: 'goes on',
};
const byHand: Failure = { title: 'stopped by hand', blow: once('parks'), comesTo: 'fails', stopped: true };
const silent: Failure = {
  title: 'the firewall does not answer for hours',
  blow: ({ call }) => (call.service === 'firewall' ? { when: 'before', how: 'fails', error: noAnswer } : null),
  comesTo: 'either',
};
const throttling: Failure = {
  title: 'AWS throttles for hours',
  blow: ({ call }) => (call.service === 'firewall' ? null : { when: 'before', how: 'fails', error: throttled }),
  comesTo: 'fails',
};
const failures: readonly Failure[] = [ends, changed, lostAnswer, byHand, silent, throttling];

const states = tasks().map(([name]) => name);
const [world] = worlds;
assert.ok(world !== undefined);
const theWorld: World = world;

const isSettled = async (house: House): Promise<boolean> => {
  try {
    await house.checkQuiet({ handled: false });
    return true;
  } catch {
    return false;
  }
};

/** The fault strikes the state, all becomes quiet, and a failed execution is redriven an hour later. */
const played = async (from: Outside, state: string, failure: Failure): Promise<Played> => {
  let lasts = true;
  let nth = 0;
  let struck = 0;
  let wasStaged = false;
  let lost = false;
  let house: House | null = null;
  const system: CrashSystem = await createCrashSystem({
    from,
    copies: () => (lost ? 0 : 1),
    strike: (call) => {
      if (!lasts || call.invocation.stateName !== state) return null;
      nth += 1;
      const staged = isStaged();
      const blow = failure.blow({ call, nth, staged, struck });
      if (blow === null) return null;
      struck += 1;
      wasStaged = staged;
      return blow;
    },
    watch: () => house?.check(),
  });
  const isStaged = (): boolean =>
    system.simulator.state().workspace.journal.some(({ owner }) => owner === administrator);
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
  const attempts = own().states.findLast(({ name }) => name === state)?.attempts.length ?? 0;
  if (own().status === 'SUCCEEDED') {
    await house.checkQuiet();
    return { struck, error: null, attempts, withdrawn: false, done: true, redriven: [] };
  }
  assert.equal(own().states.at(-1)?.name, state, 'the state that failed is the state the console shows');
  const error = own().error ?? own().status;
  const withdrawn = wasStaged && !isStaged();
  const done = await isSettled(house);
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
  const redriven = own()
    .states.slice(count)
    .filter(({ type }) => type === 'Task');
  return { struck, error, attempts, withdrawn, done, redriven };
};

describe('redrives', () => {
  let from: Outside;
  const cells = new Map<string, Played>();
  before(async () => {
    from = await prepare(theWorld);
  });

  for (const state of states) {
    for (const failure of failures) {
      test(`${state}: ${failure.title}`, async () => {
        const cell = await played(from, state, failure);
        cells.set(`${state} ${failure.title}`, cell);
        if (failure.comesTo !== 'either') {
          assert.ok(cell.struck > 0, 'the fault never struck');
          assert.equal(cell.error === null, failure.comesTo === 'goes on', `it came to ${cell.error}`);
        }
        // Something is left to do wherever it failed, so no state may be left out.
        const anew = states.slice(states.indexOf('TakeTurn')).join();
        if (failure.meanwhile !== undefined)
          assert.ok(
            cell.redriven
              .map(({ name }) => name)
              .join()
              .endsWith(anew),
            redriveText(states)(cell),
          );
      });
    }
  }

  test('the table of README says what each failure came to', () => {
    const cellsOf = (some: readonly Failure[]) => (state: string) =>
      some.map(({ title }) => cells.get(`${state} ${title}`) ?? assert.fail(`${state}: ${title} was not played`));
    const failed = (state: string) =>
      cellsOf([ends, byHand, silent, throttling])(state).filter(({ error }) => error !== null);
    const columns: readonly Column[] = [
      { title: 'function ended or execution stopped', plays: cellsOf([ends, byHand]), text: endedText },
      { title: 'firewall silent for hours', plays: cellsOf([silent]), text: silentText },
      { title: 'AWS throttling for hours', plays: cellsOf([throttling]), text: silentText },
      { title: 'a redrive runs', plays: failed, text: redriveText(states) },
    ];
    assert.equal(tableOfReadme(), tableOf(states, columns));
  });
});
