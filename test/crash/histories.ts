import assert from 'node:assert/strict';
import { NamedError } from '../../shared/domain/errors.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import { ids } from '../system/demo-account.ts';
import { stateMachineArn } from '../system/local-system.ts';
import { type Blow, type Call, type CrashSystem, createCrashSystem, type Outside } from './crash-system.ts';
import { type House, watchHouse } from './house.ts';
import type { World } from './worlds.ts';

/** A moment at which a function can be struck. */
export interface Moment {
  /** The n-th external call after the event. */
  readonly n: number;
  readonly when: Blow['when'];
  readonly state: string;
  readonly operation: string;
  /** False when something outside had not changed since the moment before it, in the same state of the workflow. */
  readonly distinct: boolean;
}

const untold = (_event: unknown, rule: string): number => (rule === 'EndedRule' ? 0 : 1);

/** Plays the event once, undisturbed, and lists every moment of it. */
export const momentsOf = async (world: World, from: Outside): Promise<readonly Moment[]> => {
  const moments: Moment[] = [];
  const seen = new Set<string>();
  let house: House | null = null;
  const system = await createCrashSystem({
    from,
    copies: untold,
    watch: async (when, call) => {
      house?.check();
      const key = `${call.invocation.stateName}\n${await house?.fingerprint()}`;
      const { n, operation, invocation } = call;
      moments.push({ n, when, state: invocation.stateName, operation, distinct: !seen.has(key) });
      seen.add(key);
    },
  });
  house = await watchHouse(system);
  await world.event(system.ec2);
  await system.idle();
  const [run] = system.runs();
  assert.equal(run?.status, 'SUCCEEDED', `${world.title} undisturbed: ${run?.error ?? ''} ${run?.cause ?? ''}`);
  await house.checkQuiet();
  return moments;
};

/** A history under way: the event has come, and its function has been struck. */
export interface Struck {
  readonly system: CrashSystem;
  readonly house: House;
  /** The event's own execution. */
  readonly own: () => Execution;
  readonly succeeds: (execution: Execution) => void;
}

/** How a history goes on after the blow. */
export interface Sequel {
  readonly title: string;
  readonly how: Blow['how'];
  /** Whether what runs after a failure is told of it. */
  readonly told: boolean;
  /** Played at every third moment only, unless all are asked for. */
  readonly sparse: boolean;
  readonly play: (struck: Struck, world: World, moment: Moment) => Promise<void>;
}

const later = async ({ system }: Struck, call: (ec2: CrashSystem['ec2']) => Promise<unknown>): Promise<Execution> => {
  system.clock.advance(30_000);
  await call(system.ec2);
  await system.idle();
  const last = system.runs().at(-1);
  assert.ok(last !== undefined);
  return last;
};

const redrive = async ({ system, own, succeeds }: Struck): Promise<void> => {
  system.executions.redrive(own().arn);
  await system.idle();
  succeeds(own());
};

/** The scheduled look at everything. */
const resync = async (struck: Struck): Promise<Execution> => {
  const { system } = struck;
  const id = system.clock.newId();
  const time = new Date(system.clock.now()).toISOString();
  const event = { version: '0', id, 'detail-type': 'Scheduled Event', source: 'aws.events', time, resources: [] };
  const input = JSON.stringify({ ...event, account: ids.account, region: ids.region, detail: {} });
  return later(struck, async () => system.executions.start({ stateMachineArn, input }));
};

/** Whether the change was in the table before the blow: the first thing a run does. */
const isRecorded = ({ n, when }: Moment): boolean => n > 1 || when === 'after';

export const sequels: readonly Sequel[] = [
  {
    title: 'the failed execution is redriven',
    how: 'ends',
    told: false,
    sparse: false,
    play: async (struck) => {
      assert.equal(struck.own().status, 'FAILED');
      struck.system.clock.advance(3_600_000);
      await redrive(struck);
      await struck.house.checkQuiet();
    },
  },
  {
    title: 'nobody redrives it, and an event about another subject comes',
    how: 'ends',
    told: false,
    sparse: false,
    play: async (struck, world, moment) => {
      struck.succeeds(await later(struck, world.other));
      await struck.house.checkQuiet({ settled: isRecorded(moment) });
    },
  },
  {
    title: 'another execution about the same subject comes, then the failed one is redriven',
    how: 'ends',
    told: false,
    sparse: false,
    play: async (struck, world) => {
      struck.succeeds(await later(struck, world.same));
      await redrive(struck);
      await struck.house.checkQuiet();
    },
  },
  {
    title: 'what runs after a failure cleans up, then the failed one is redriven',
    how: 'ends',
    told: true,
    sparse: true,
    play: async (struck) => {
      const { house, system } = struck;
      // A commit that was queued may still be under way.
      system.clock.advance(10_000);
      await house.checkQuiet({ settled: false, recorded: false, handled: false });
      await redrive(struck);
      await house.checkQuiet();
    },
  },
  {
    title: 'a colleague commits everything, what was staged included, then the failed one is redriven',
    how: 'ends',
    told: false,
    sparse: true,
    play: async (struck) => {
      const { house, system } = struck;
      system.clock.advance(10_000);
      system.simulator.act('colleague', { type: 'commit', cmd: '<commit></commit>' });
      system.clock.advance(10_000);
      house.rebase();
      await redrive(struck);
      await house.checkQuiet({ settled: false });
      // What the colleague committed concerns other instances as well: those are the resync's.
      struck.succeeds(await resync(struck));
      await house.checkQuiet();
    },
  },
  {
    title: 'only the answer is lost, and the state machine tries again by itself',
    how: 'fails',
    told: true,
    sparse: true,
    play: async ({ house, own, succeeds }) => {
      succeeds(own());
      await house.checkQuiet();
    },
  },
  {
    title: 'the state machine tries again by itself',
    how: 'dies',
    told: true,
    sparse: true,
    play: async ({ house, own, succeeds }) => {
      succeeds(own());
      await house.checkQuiet();
    },
  },
];

/** What a function sees of an answer that never came. */
const lostAnswer = ({ service }: Call): Error =>
  service === 'firewall'
    ? new NamedError('FirewallUnreachable', 'the connection broke; the request may have been carried out')
    : Object.assign(new Error('the connection broke'), { name: 'TimeoutError' });

/** One history from its beginning. @throws AssertionError saying what is broken, and after which blow */
export const play = async (world: World, from: Outside, moment: Moment, sequel: Sequel): Promise<void> => {
  let house: House | null = null;
  const system = await createCrashSystem({
    from,
    copies: sequel.told ? () => 1 : untold,
    strike: (call: Call) =>
      call.n === moment.n ? { when: moment.when, how: sequel.how, error: lostAnswer(call) } : null,
    watch: () => house?.check(),
  });
  house = await watchHouse(system);
  const own = (): Execution => system.runs()[0] ?? assert.fail('the event started no execution');
  const succeeds = (execution: Execution): void =>
    assert.equal(execution.status, 'SUCCEEDED', `${execution.error ?? ''}: ${execution.cause?.slice(0, 600) ?? ''}`);
  try {
    await world.event(system.ec2);
    await system.idle();
    await sequel.play({ system, house, own, succeeds }, world, moment);
  } catch (error) {
    const where = `${world.title}: ${moment.state} ended ${moment.when} call ${moment.n} (${moment.operation}); ${sequel.title}`;
    if (error instanceof Error) error.message = `${where}: ${error.message}`;
    throw error;
  }
};

/**
 * The moments at which the state outside differs from the moment before: between them a failure leaves the same behind. Of sparse
 * sequels every third of those, and with `CRASH=all` all moments of all sequels.
 */
export const chosen = (moments: readonly Moment[], sequel: Sequel): readonly Moment[] => {
  if (process.env['CRASH'] === 'all') return moments;
  const distinct = moments.filter((moment) => moment.distinct);
  const first = sequels.indexOf(sequel) % 3;
  return sequel.sparse ? distinct.filter((_, index) => index % 3 === first) : distinct;
};
