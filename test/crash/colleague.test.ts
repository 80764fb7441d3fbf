/**
 * At every external call of every event a colleague does one thing; in the end he commits or reverts. However it goes, nothing wedges:
 * the resync that follows makes everything right, nothing of ours is left staged or unknown, and no edit of his is lost or committed.
 *   MEDDLING=all   every moment with everything he does (hours); otherwise a share by the seed
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkEnd, checkTable } from '../simulation/quiet.ts';
import { isManaged, isShut, openingsOf, othersText, rulesOf, shutBy } from '../simulation/rules.ts';
import { ids } from '../system/demo-account.ts';
import { stateMachineArn } from '../system/local-system.ts';
import { type Call, type CrashSystem, createCrashSystem, isRead, type Outside } from './crash-system.ts';
import { endsBy, type Meddling, meddlings } from './meddlers.ts';
import type { Opening } from './sessions.ts';
import { prepare, type World, worlds } from './worlds.ts';

const minute = 60_000;

/** Calls of a run that nothing disturbs. */
const callsOf = async (world: World, from: Outside): Promise<readonly Call[]> => {
  const system = await createCrashSystem({ from });
  await world.event(system.ec2);
  await system.idle();
  return system.calls;
};

const resync = async (system: CrashSystem): Promise<ReturnType<CrashSystem['executions']['find']>> => {
  const { clock } = system;
  await clock.pace.sleep(15 * minute);
  const event = { version: '0', id: clock.newId(), 'detail-type': 'Scheduled Event', source: 'aws.events' };
  const time = new Date(clock.now()).toISOString();
  const input = JSON.stringify({ ...event, time, resources: [], account: ids.account, region: ids.region, detail: {} });
  const { arn } = system.executions.start({ stateMachineArn, input });
  await system.idle();
  return system.executions.find(arn);
};

/** Everything a colleague may have decided by now: what managed rules that are shut, or narrowed, let through as written. */
const openedBy = (system: CrashSystem): ReadonlySet<Opening> => {
  const { candidate } = system.simulator.state().workspace;
  const managed = rulesOf(candidate).filter(isManaged);
  return new Set([
    ...openingsOf(candidate, managed),
    ...managed.filter(isShut).flatMap((rule) => [...shutBy(candidate, rule)]),
  ]);
};

/** Where two texts begin to differ. */
const changed = (was: string, is: string): string => {
  const at = [...was].findIndex((letter, index) => is[index] !== letter);
  return `${was.slice(Math.max(0, at - 120), at + 200)} → ${is.slice(Math.max(0, at - 20), at + 200)}`;
};

const play = async (world: World, from: Outside, at: number, meddling: Meddling, end: 'commits' | 'reverts') => {
  const decided = new Set<Opening>();
  let others = '';
  let committed = new Set<string>();
  let broken: Error | null = null;
  let isDone = false;
  const look = (): void => {
    const { running, workspace } = system.simulator.state();
    others = othersText(workspace.candidate);
    committed = new Set([othersText(running), ...committed]);
  };
  const byHim = (act: (simulator: CrashSystem['simulator']) => void, commits: boolean): void => {
    act(system.simulator);
    look();
    if (commits) committed.add(others);
  };
  const check = (): void => {
    const { running, workspace } = system.simulator.state();
    try {
      assert.ok(
        othersText(workspace.candidate) === others,
        `what is not ours has changed in the candidate configuration: ${changed(others, othersText(workspace.candidate))}`,
      );
      assert.ok(committed.has(othersText(running)), "a colleague's edit was committed or undone by us");
    } catch (error) {
      broken ??= error as Error;
    }
  };
  const system: CrashSystem = await createCrashSystem({
    from,
    watch: (moment, { n }) => {
      if (moment === 'before' && n === at && !isDone) {
        isDone = true;
        const before = openedBy(system);
        byHim(meddling.act, /commits/.test(meddling.title));
        if (meddling.decides) for (const one of [...before, ...openedBy(system)]) decided.add(one);
      } else if (moment === 'before' && n === at + 12 && meddling.undo !== undefined) byHim(meddling.undo, false);
      else check();
    },
  });
  look();
  await world.event(system.ec2);
  await system.idle();
  byHim(endsBy(end), end === 'commits');
  await system.clock.pace.sleep(minute);
  system.simulator.act('colleague', { type: 'op', cmd: '<show><jobs><all></all></jobs></show>' });
  look();
  await resync(system);
  const last = await resync(system);
  if (broken !== null) throw broken;
  assert.equal(last.status, 'SUCCEEDED', `the last resync: ${last.error} ${last.cause?.slice(0, 600)}`);
  checkEnd(system, new Set(), decided);
  await checkTable(system);
};

/** Even numbers in [0, 1) from a seed. */
const chances = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

describe('a colleague at every moment of', () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const share = process.env['MEDDLING'] === 'all' ? 1 : Number(process.env['MEDDLING'] ?? 0.02);
  for (const world of worlds) {
    test(world.title, async (context) => {
      const from = await prepare(world);
      const calls = await callsOf(world, from);
      const chance = chances(seed);
      const failures: string[] = [];
      let played = 0;
      for (const [index, call] of calls.entries()) {
        // Between two reads of the table or of EC2 nothing is different for him.
        if (isRead(call) && call.service !== 'firewall') continue;
        for (const meddling of meddlings) {
          const end = chance() < 0.5 ? 'commits' : 'reverts';
          if (chance() >= share) continue;
          played += 1;
          try {
            await play(world, from, call.n, meddling, end);
          } catch (error) {
            failures.push(
              `a colleague ${meddling.title} before call ${index + 1}, ${call.invocation.stateName} ${call.operation}, and in the end ${end}: ${(error as Error).message.slice(0, 700)}`,
            );
          }
        }
      }
      context.diagnostic(`seed ${seed}, ${world.title}: ${played} played`);
      assert.ok(played > 0);
      assert.deepEqual(failures, []);
    });
  }
});
