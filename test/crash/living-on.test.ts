/**
 * A function stands still just before it writes, its attempt times out or its execution is stopped, others take over, and
 * then it goes on. Whenever that is, it writes nothing it should not.
 *   CRASH=all   stands still before every write of all four events, and goes on before every write of those that took over
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Call, type CrashSystem, createCrashSystem, isRead, type Outside } from './crash-system.ts';
import { type House, watchHouse } from './house.ts';
import { prepare, type World, worlds } from './worlds.ts';

const isAll = process.env['CRASH'] === 'all';

/** A write that anybody but the execution itself could be harmed by. */
const isWrite = (call: Call): boolean => !isRead(call) && !call.item.startsWith('working#');

/** How the function comes to be on its own. */
interface Loss {
  readonly title: string;
  readonly stopped: boolean;
}
const losses: readonly Loss[] = [
  { title: 'its attempt times out and the state machine tries again', stopped: false },
  { title: 'its execution is stopped and another about the same subject comes', stopped: true },
];

const untold = (_event: unknown, rule: string): number => (rule === 'EndedRule' ? 0 : 1);

/** Lets others work until the function has run to its end, or sleeps. */
const whileOthersStand = async (work: Promise<void>): Promise<void> => {
  let over = false;
  void work.finally(() => {
    over = true;
  });
  for (let turn = 0; turn < 400 && !over; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

interface Played {
  readonly system: CrashSystem;
  readonly house: House;
  /** Writes of those that took over, in order. */
  readonly writes: readonly Call[];
}

/**
 * One history: stands still after call `parksAt`, with its answer in hand, and goes on before the `resumesAt`-th write of those that took over, or when
 * all is quiet (null).
 */
const playOn = async (
  world: World,
  from: Outside,
  loss: Loss,
  parksAt: number,
  resumesAt: number | null,
): Promise<Played> => {
  let house: House | null = null;
  const writes: Call[] = [];
  let isReleased = false;
  const release = async (): Promise<void> => {
    const [standing] = system.parked;
    if (isReleased || standing === undefined) return;
    isReleased = true;
    await whileOthersStand(standing.release());
  };
  const system: CrashSystem = await createCrashSystem({
    from,
    copies: untold,
    strike: (call) => (call.n === parksAt ? { when: 'after', how: 'parks' } : null),
    watch: async (when, call) => {
      house?.check();
      if (isReleased || system.parked.length === 0 || when === 'after' || !isWrite(call)) return;
      writes.push(call);
      if (resumesAt === writes.length) await release();
    },
  });
  house = await watchHouse(system, { lagging: true });
  const running = world.event(system.ec2);
  if (loss.stopped) {
    for (let turn = 0; turn < 5000 && system.parked.length === 0; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [run] = system.runs();
    assert.ok(run !== undefined && system.parked.length === 1, 'the function stands still');
    await system.executions.stop(run.arn, { error: 'Stopped', cause: 'by hand' });
    await running;
    system.clock.advance(10_000);
    await world.same(system.ec2);
  }
  await running;
  await system.idle();
  if (!isReleased) {
    const before = await house.fingerprint();
    await release();
    await system.idle();
    house.check();
    const after = await house.fingerprint();
    const was = new Set(before.split('\n'));
    if (resumesAt === null) {
      // That its changes were carried out, and what their events said, is as true later. The last line is the time, which a sleeping function lets pass.
      const written = after
        .split('\n')
        .slice(0, -1)
        .filter((line) => !was.has(line) && !/"pk":"(?:change|said)#/.test(line));
      assert.deepEqual(written, [], 'a function that was left behind wrote something');
    }
  }
  if (loss.stopped) {
    const [run] = system.runs();
    system.clock.advance(600_000);
    system.executions.redrive(run?.arn ?? '');
    await system.idle();
  }
  const failed = system.runs().filter(({ status }) => status !== 'SUCCEEDED');
  assert.deepEqual(
    failed.map(({ error, cause }) => `${error ?? ''}: ${cause?.slice(0, 500) ?? ''}`),
    [],
  );
  await house.checkQuiet();
  return { system, house, writes };
};

/** The calls of the undisturbed run before which a function may stand still. */
const standsAt = async (world: World, from: Outside): Promise<readonly Call[]> => {
  const system = await createCrashSystem({ from, copies: untold });
  await world.event(system.ec2);
  await system.idle();
  return system.calls.filter((call) => call.n > 1 && isWrite(call));
};

for (const world of isAll ? worlds : worlds.slice(0, 1)) {
  describe(`a function lives on during ${world.title}`, () => {
    let from: Outside;
    let stands: readonly Call[];
    before(async () => {
      from = await prepare(world);
      stands = await standsAt(world, from);
    });
    for (const loss of losses) {
      test(loss.title, async (context) => {
        let histories = 0;
        for (const call of stands) {
          const where = `${call.invocation.stateName} stands still before call ${call.n} (${call.operation} ${call.item})`;
          try {
            const { writes } = await playOn(world, from, loss, call.n - 1, null);
            histories += 1;
            const chosen = writes
              .map((write, index) => ({ write, at: index + 1 }))
              .filter(({ write }) => isAll || write.service === 'firewall')
              .slice(0, isAll ? undefined : 1);
            for (const { write, at } of chosen) {
              try {
                await playOn(world, from, loss, call.n - 1, at);
              } catch (error) {
                if (error instanceof Error)
                  error.message = `goes on before ${write.operation} ${write.item}: ${error.message}`;
                throw error;
              }
              histories += 1;
            }
          } catch (error) {
            if (error instanceof Error) error.message = `${where}; ${loss.title}; ${error.message}`;
            throw error;
          }
        }
        context.diagnostic(`${world.title}, ${loss.title}: ${histories} histories`);
      });
    }
  });
}
