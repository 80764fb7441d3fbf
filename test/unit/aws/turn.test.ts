import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Claimant, createTurns, largestBatch, turnSeconds } from '../../../shared/aws/table/turn.ts';
import { ownTable } from './own-table.ts';

const claimant = (name: string, redriveCount = 0): Claimant => ({ id: `arn:${name}`, name, redriveCount });
const [ann, bob, eve] = [claimant('ann'), claimant('bob'), claimant('eve')];
const minute = 60_000;
const lateness = 2 * minute;

const begin = async () => {
  const own = await ownTable();
  const questions: string[] = [];
  const ended = new Set<string>();
  const isRunning = async (executionArn: string): Promise<boolean> => {
    questions.push(executionArn);
    return !ended.has(executionArn);
  };
  const turns = createTurns({ table: own.table, now: own.now, lateness });
  return { ...own, turns, take: (who: Claimant) => turns.take(who, isRunning), questions, ended };
};

const taken = { name: 'TurnTaken' };
const stale = { name: 'PlanStale' };

test('the first one takes the turn, with the largest batch and nothing under way', async () => {
  const { turns, take, clock } = await begin();
  assert.equal(await turns.read(), null);
  const turn = await take(ann);
  assert.deepEqual(
    [
      turn.fence,
      turn.owner,
      turn.redriveCount,
      turn.renewedAt,
      turn.expiresAt,
      turn.busyUntil,
      turn.limit,
      turn.commit,
    ],
    [1, ann.id, 0, clock.now, clock.now + turnSeconds * 1000, 0, largestBatch, null],
  );
  assert.deepEqual(await turns.read(), turn);
});

test('a turn that is held is refused, naming the holder, its fence and until when', async () => {
  const { take } = await begin();
  const { expiresAt } = await take(ann);
  await assert.rejects(take(bob), {
    ...taken,
    message: new RegExp(`held by arn:ann \\(fence 1\\).*until ${expiresAt}`),
  });
});

test('a turn that was given up is taken at once, under a higher fence', async () => {
  const { turns, take } = await begin();
  const { fence } = await take(ann);
  assert.equal(await turns.release(ann, fence), true);
  assert.equal((await turns.read())?.owner, null);
  const turn = await take(bob);
  assert.deepEqual([turn.owner, turn.fence], [bob.id, 2]);
});

test('an execution takes its own turn again, under a higher fence, and so does its redrive', async () => {
  const { turns, take } = await begin();
  await take(ann);
  assert.equal((await take(ann)).fence, 2);
  const redriven = await take(claimant('ann', 1));
  assert.deepEqual([redriven.fence, redriven.redriveCount], [3, 1]);
  await assert.rejects(turns.renew(ann, 3, null), stale);
});

test('a turn is taken over when it expires, and not a millisecond before', async () => {
  const { take, clock } = await begin();
  const { expiresAt } = await take(ann);
  clock.now = expiresAt - 1;
  await assert.rejects(take(bob), taken);
  clock.now = expiresAt;
  assert.equal((await take(bob)).owner, bob.id);
});

test('whether the holder runs is asked only when it was quiet for a minute', async () => {
  const { turns, take, clock, questions, ended } = await begin();
  const { fence } = await take(ann);
  ended.add(ann.id);
  clock.now += minute - 1;
  await assert.rejects(take(bob), taken);
  assert.deepEqual(questions, []);
  await turns.renew(ann, fence, null);
  clock.now += minute - 1;
  await assert.rejects(take(bob), taken);
  assert.deepEqual(questions, []);
  clock.now += 1;
  const turn = await take(bob);
  assert.deepEqual([turn.owner, turn.fence, questions], [bob.id, 2, [ann.id]]);
});

test('a quiet holder that runs keeps its turn, and is asked after once in half a minute', async () => {
  const { turns, take, clock, questions } = await begin();
  const { fence } = await take(ann);
  clock.now += minute;
  await assert.rejects(take(bob), taken);
  await assert.rejects(take(eve), taken);
  clock.now += 29_999;
  await assert.rejects(take(eve), taken);
  assert.equal(questions.length, 1);
  clock.now += 1;
  await assert.rejects(take(eve), taken);
  assert.equal(questions.length, 2);
  assert.equal((await turns.renew(ann, fence, null)).fence, fence);
});

test('of many waiters at one moment, one asks after the holder and one gets its turn', async () => {
  const { take, clock, questions, ended } = await begin();
  await take(ann);
  ended.add(ann.id);
  clock.now += minute;
  const waiters = Array.from({ length: 8 }, (_, at) => take(claimant(`w${at}`)));
  const results = await Promise.allSettled(waiters);
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const result of results) {
    if (result.status === 'rejected') assert.equal((result.reason as Error).name, 'TurnTaken');
  }
  assert.equal(questions.length, 1);
});

test('when Step Functions does not answer, nobody takes the turn over', async () => {
  const { turns, take, clock } = await begin();
  await take(ann);
  clock.now += minute;
  const asking = turns.take(bob, async () => {
    throw new Error('throttled');
  });
  await assert.rejects(asking, /throttled/);
  assert.equal((await turns.read())?.owner, ann.id);
});

test('a holder that comes back while it is asked after keeps its turn', async () => {
  const { turns, take, clock } = await begin();
  const { fence } = await take(ann);
  clock.now += minute;
  const asking = turns.take(bob, async () => {
    await turns.renew(ann, fence, null);
    return false;
  });
  await assert.rejects(asking, { ...taken, message: /quicker/ });
  assert.equal((await turns.renew(ann, fence, null)).owner, ann.id);
});

test("a waiter's mark never costs the holder its turn", async () => {
  const { take, clock, table } = await begin();
  const { fence } = await take(ann);
  clock.now += minute;
  // The waiter marks the item each time between the holder's reading and its writing.
  let marks = 0;
  const disturbed = createTurns({
    table: {
      ...table,
      put: async (item, condition) => {
        if (marks < 3) {
          marks += 1;
          clock.now += 30_000;
          await assert.rejects(take(bob), taken);
        }
        return table.put(item, condition);
      },
    },
    now: () => clock.now,
    lateness,
  });
  const renewed = await disturbed.renew(ann, fence, 1000);
  assert.deepEqual([marks, renewed.owner, renewed.fence], [3, ann.id, fence]);
  assert.ok(renewed.checkedAt > 0, 'the mark stays');
  assert.equal((await disturbed.note(ann, fence, { limit: 4 })).limit, 4);
});

test('nobody writes before busyUntil: not a waiter, not a redrive, not a later attempt', async () => {
  const { turns, take, clock, ended } = await begin();
  const { fence } = await take(ann);
  const { busyUntil } = await turns.renew(ann, fence, turnSeconds * 1000 * 2);
  assert.equal(busyUntil, clock.now + turnSeconds * 2000 + lateness, 'what was sent last may still be under way');
  ended.add(ann.id);
  clock.now += minute;
  await assert.rejects(take(bob), { ...taken, message: /may still be writing/ });
  await assert.rejects(take(ann), { ...taken, message: /may still be writing/ });
  await assert.rejects(take(claimant('ann', 1)), { ...taken, message: /may still be writing/ });
  await assert.rejects(turns.renew(ann, fence, 1000), { ...taken, message: /earlier attempt/ });
  await assert.rejects(turns.inherit(ann, eve), { ...taken, message: /may still be writing/ });
  assert.equal((await turns.renew(ann, fence, null)).busyUntil, busyUntil, 'a step that only reads may go on');
  clock.now = busyUntil - 1;
  await assert.rejects(take(bob), taken, 'also when the turn itself has expired');
  clock.now = busyUntil;
  assert.equal((await take(bob)).owner, bob.id);
});

test('renewing extends the turn of exactly this claimant, fence and redrive', async () => {
  const { turns, take, clock } = await begin();
  const { fence } = await take(ann);
  clock.now += 1000;
  const renewed = await turns.renew(ann, fence, null);
  assert.deepEqual([renewed.renewedAt, renewed.expiresAt], [clock.now, clock.now + turnSeconds * 1000]);
  await assert.rejects(turns.renew(bob, fence, null), { ...stale, message: /at fence 1, held by arn:ann/ });
  await assert.rejects(turns.renew(ann, fence - 1, null), stale);
  await assert.rejects(turns.renew(ann, fence + 1, null), stale);
  await assert.rejects(turns.renew(claimant('ann', 1), fence, null), { ...stale, message: /redrive 1/ });
  clock.now = renewed.expiresAt;
  await assert.rejects(turns.renew(ann, fence, null), stale, 'an expired turn is lost, although nobody took it');
});

test('nobody renews a turn that never was, or was given up', async () => {
  const { turns, take } = await begin();
  await assert.rejects(turns.renew(ann, 1, null), { ...stale, message: /at fence 0, held by nobody/ });
  const { fence } = await take(ann);
  await turns.release(ann, fence);
  await assert.rejects(turns.renew(ann, fence, null), { ...stale, message: /held by nobody/ });
  await assert.rejects(turns.note(ann, fence, { limit: 1 }), stale);
});

test('what a turn notes stays with it; the limit outlives it, the commit job does not', async () => {
  const { turns, take } = await begin();
  const { fence } = await take(ann);
  await turns.note(ann, fence, { limit: 16 });
  await turns.note(ann, fence, { commit: { job: '9', description: 'd' } });
  const noted = await turns.renew(ann, fence, null);
  assert.deepEqual([noted.limit, noted.commit], [16, { job: '9', description: 'd' }]);
  await turns.release(ann, fence);
  const next = await take(bob);
  assert.deepEqual([next.limit, next.commit], [16, null]);
});

test('an attempt that has ended frees the way for the next', async () => {
  const { turns, take } = await begin();
  const { fence } = await take(ann);
  const renewed = await turns.renew(ann, fence, 1000);
  await turns.settle(ann, renewed, 0);
  assert.equal((await turns.read())?.busyUntil, 0);
  await turns.renew(ann, fence, 1000);
});

test("an earlier attempt's end leaves a later attempt's busyUntil alone", async () => {
  const { turns, take, clock } = await begin();
  const { fence } = await take(ann);
  const first = await turns.renew(ann, fence, 1000);
  clock.now = first.busyUntil;
  const second = await turns.renew(ann, fence, 1000);
  await turns.settle(ann, first, 0);
  assert.equal((await turns.read())?.busyUntil, second.busyUntil);
  const later = await take(bob).catch((error: Error) => error.name);
  assert.equal(later, 'TurnTaken');
});

test('an end that is told late, when the next attempt has come in between, leaves the next one alone', async () => {
  const { turns, take, clock, table } = await begin();
  const { fence } = await take(ann);
  const first = await turns.renew(ann, fence, 1000);
  let second = first;
  let isFirstRead = true;
  const slow = createTurns({
    table: {
      ...table,
      get: async (pk, sk) => {
        const found = await table.get(pk, sk);
        if (!isFirstRead) return found;
        isFirstRead = false;
        clock.now = first.busyUntil;
        second = await turns.renew(ann, fence, 1000);
        return found;
      },
    },
    now: () => clock.now,
    lateness,
  });
  await slow.settle(ann, first, 0);
  assert.equal((await turns.read())?.busyUntil, second.busyUntil);
});

test('a turn given up while an earlier attempt may still be writing is taken when that is over', async () => {
  for (const fence of [1, null]) {
    const { turns, take, clock } = await begin();
    await take(ann);
    const { busyUntil } = await turns.renew(ann, 1, 1000);
    assert.equal(await turns.release(ann, fence), true);
    await assert.rejects(take(bob), { ...taken, message: /held by nobody.*may still be writing/ });
    clock.now = busyUntil;
    assert.equal((await take(bob)).owner, bob.id);
  }
});

test('an attempt that ends after the turn was lost says nothing and changes nothing', async () => {
  const { turns, take, clock } = await begin();
  const { fence } = await take(ann);
  const mine = await turns.renew(ann, fence, 1000);
  clock.now += turnSeconds * 1000;
  const other = await take(bob);
  const busy = await turns.renew(bob, other.fence, 1000);
  await turns.settle(ann, mine, 0);
  assert.deepEqual(await turns.read(), busy);
});

test('only the plan of this fence gives the turn up; without a fence, whatever the execution holds', async () => {
  const { turns, take } = await begin();
  const { fence } = await take(ann);
  await take(claimant('ann', 1));
  assert.equal(await turns.release(ann, fence), false);
  assert.equal((await turns.read())?.owner, ann.id);
  assert.equal(await turns.release(bob, null), false);
  assert.equal(await turns.release(ann, null), true);
  assert.equal(await turns.release(ann, null), false, 'given up once');
  assert.equal((await turns.read())?.owner, null);
  assert.equal(
    await createTurns({ table: (await ownTable()).table, now: () => 0, lateness }).release(ann, null),
    false,
  );
});

test("a waiter's mark does not keep the holder from giving the turn up", async () => {
  const { turns, take, clock, table } = await begin();
  const { fence } = await take(ann);
  clock.now += minute;
  let marked = false;
  const disturbed = createTurns({
    table: {
      ...table,
      put: async (item, condition) => {
        if (!marked) {
          marked = true;
          await assert.rejects(take(bob), taken);
        }
        return table.put(item, condition);
      },
    },
    now: () => clock.now,
    lateness,
  });
  assert.equal(await disturbed.release(ann, fence), true);
  assert.equal((await turns.read())?.owner, null);
});

test('a turn is inherited from an execution that has ended, at once and under a higher fence', async () => {
  const { turns, take, clock } = await begin();
  const { fence } = await take(ann);
  clock.now += 1;
  const turn = await turns.inherit(ann, eve);
  assert.deepEqual([turn?.owner, turn?.fence, turn?.redriveCount], [eve.id, fence + 1, 0]);
  await assert.rejects(turns.renew(ann, fence, null), stale);
});

test('nothing is inherited that is another execution’s, given up, or a later redrive’s', async () => {
  const { turns, take, clock } = await begin();
  assert.equal(await turns.inherit(ann, eve), null, 'nobody ever had a turn');
  clock.now += 1;
  const redriven = await take(claimant('ann', 1));
  assert.equal(await turns.inherit(ann, eve), null, 'a redrive has taken it since');
  assert.equal(await turns.inherit(bob, eve), null, "another's");
  await turns.release(claimant('ann', 1), redriven.fence);
  assert.equal(await turns.inherit(ann, eve), null, 'given up');
});

test('where the redrive is not known, only a turn that was not renewed since the end is inherited', async () => {
  const { turns, take, clock } = await begin();
  const { fence, renewedAt } = await take(claimant('ann', 3));
  const from = { id: ann.id, redriveCount: null };
  assert.equal(await turns.inherit({ ...from, endedAt: renewedAt - 1 }, eve), null, 'renewed since');
  assert.equal(await turns.inherit(from, eve), null, 'not known when it ended');
  clock.now += minute;
  const turn = await turns.inherit({ ...from, endedAt: renewedAt + 1 }, eve);
  assert.deepEqual([turn?.owner, turn?.fence], [eve.id, fence + 1]);
  assert.equal((await turns.inherit({ ...from, endedAt: renewedAt + 1 }, eve))?.fence, fence + 2, 'again by the heir');
});

test('of two that inherit at once, one does', async () => {
  const { turns, take } = await begin();
  await take(ann);
  const heirs = await Promise.all([turns.inherit(ann, bob), turns.inherit(ann, eve)]);
  assert.equal(heirs.filter((turn) => turn !== null).length, 1);
});

test('a turn of an unknown format is refused by name', async () => {
  const { take, table } = await begin();
  await table.put({ pk: 'turn', sk: 'turn', format: 2 } as never, null);
  await assert.rejects(take(ann), { name: 'StateNotUnderstood', message: /turn \/ turn has format 2/ });
});

test('after two steps that began and never ended the next holder carries half, whoever it is, and never nothing', async () => {
  const { turns, take, ended, clock } = await begin();
  for (const next of [ann, bob, eve]) {
    const { fence, limit } = await take(next);
    await turns.renew(next, fence, null);
    await turns.renew(next, fence, null);
    clock.now += turnSeconds * 1000;
    ended.add(next.id);
    assert.ok(limit >= 1);
  }
  assert.equal((await take(ann)).limit, largestBatch / 8);
  for (let round = 0; round < 10; round += 1) {
    const { fence } = (await turns.read()) ?? { fence: 0 };
    await turns.renew(ann, fence, null);
    await turns.renew(ann, fence, null);
    const heir = await turns.inherit({ id: ann.id, redriveCount: 0 }, ann);
    assert.ok((heir?.limit ?? 0) >= 1);
  }
  assert.equal((await turns.read())?.limit, 1);
});
