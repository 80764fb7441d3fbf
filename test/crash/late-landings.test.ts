/**
 * Whatever was sent without an answer is carried out late, by every step of a ladder of delays: before its run tries again, between
 * two attempts, after that run, and when what it says is granted no more.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  administratorsRules,
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  resync,
  resyncRun,
  web2,
} from '../support/calls.ts';
import { ownRules, staged, strangers } from '../support/hands.ts';
import { createMeddledSystem } from '../support/meddling.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';

const minute = 60_000;
const hour = 60 * minute;
/** From at once to as long as names of what had no answer are watched. Some are just before, some just after nobody waits any more. */
const ladder = [
  0,
  1_000,
  30_000,
  100_000,
  119_000,
  121_000,
  177_000,
  179_000,
  239_000,
  241_000,
  10 * minute,
  hour,
  23 * hour,
];

/** What is lost, by what its request contains. */
const kinds = {
  'an addition': 'multi-config',
  'a removal': 'multi-config',
  'a commit': '<commit><description>',
  'a revert': '<revert>',
} as const;
type Kind = keyof typeof kinds;

/** A system that has done what comes before the loss, and what then loses one request of this kind. */
const losing = async (kind: Kind, delay: number) => {
  const system = await createMeddledSystem();
  const { simulator } = system.parts;
  if (kind === 'a removal') await calls(system).start(web2);
  if (kind === 'a revert') {
    simulator.control({
      kind: 'add-fault',
      when: { type: 'commit' },
      fault: { kind: 'commit-fails', lines: ['no room'] },
    });
  }
  const landed: string[] = [];
  simulator.control({ kind: 'add-fault', when: { contains: kinds[kind] }, times: 1, fault: { kind: 'drop-before' } });
  system.beforeRequest(kinds[kind], (body) => {
    const request = Object.fromEntries(body);
    const land = async (): Promise<void> => {
      await system.clock.working(() => system.clock.sleep(delay));
      landed.push(simulator.act(administrator, request));
    };
    void land();
  });
  const act = () => (kind === 'a removal' ? calls(system).stop(web2) : calls(system).start(web2));
  return { system, act, landed, rules: kind === 'a removal' ? 0 : 1 };
};

/** Time passes, and what is to happen by then happens. */
const passing = async (
  { clock }: Awaited<ReturnType<typeof losing>>['system'],
  milliseconds: number,
): Promise<void> => {
  clock.advance(milliseconds);
  await clock.working(() => clock.sleep(1));
};

/** Lets the delay pass; a resync goes on meanwhile. */
const landing = async ({ system, landed }: Awaited<ReturnType<typeof losing>>, delay: number): Promise<void> => {
  await passing(system, delay);
  for (let round = 0; round < 3 && landed.length === 0; round += 1) await resyncRun(system);
  assert.equal(landed.length, 1, 'it was carried out, or refused by then');
};

/** Two resyncs a quarter of an hour apart make everything right: nothing is staged, nothing stands that no record knows. */
const isRight = async ({ system, rules }: Awaited<ReturnType<typeof losing>>, expected = rules): Promise<void> => {
  for (let round = 0; round < 2; round += 1) {
    await passing(system, 15 * minute);
    const run = await resync(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  }
  assert.deepEqual([(await ownRules(system)).length, await strangers(system), staged(system)], [expected, [], []]);
};

for (const kind of Object.keys(kinds) as readonly Kind[]) {
  describe(`${kind} without an answer that is carried out`, () => {
    for (const delay of ladder) {
      test(`${delay / 1000} s later, while its run goes on or after it`, async () => {
        const house = await losing(kind, delay);
        await house.act();
        await isRight(house);
        await passing(house.system, 24 * hour);
        await isRight(house);
        assert.equal(house.landed.length, 1, 'it was carried out, or refused by then');
      });

      test(`${delay / 1000} s later, and is committed by a colleague who commits everything`, async () => {
        const house = await losing(kind, delay);
        await house.act();
        await landing(house, delay);
        colleague(house.system).act({ type: 'commit', cmd: '<commit></commit>' });
        await isRight(house);
      });
    }
  });
}

describe('an addition without an answer whose grant is revoked meanwhile', () => {
  for (const delay of ladder) {
    test(`and that is carried out ${delay / 1000} s later is gone again`, async () => {
      const house = await losing('an addition', delay);
      await calls(house.system).grant(ids.commonGroup, fromAnywhere(8443));
      await calls(house.system).revoke(ids.commonGroup, fromAnywhere(8443));
      await landing(house, delay);
      colleague(house.system).act({ type: 'commit', cmd: '<commit></commit>' });
      await isRight(house, 0);
      assert.deepEqual(await house.system.ruleNames(), administratorsRules);
    });
  }
});
