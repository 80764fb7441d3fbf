import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../../shared/aws/table/turn.ts';
import { createWorkings } from '../../../shared/aws/table/workings.ts';
import { NamedError } from '../../../shared/domain/errors.ts';
import { holding } from '../../../shared/workflow/held-step.ts';
import { resultsOf } from '../../../shared/workflow/results.ts';
import { carryLess } from '../../../shared/workflow/split-batch.ts';
import { ownTable } from '../aws/own-table.ts';

const execution = { id: 'arn:run', name: 'run', startTime: '2026-11-02T08:00:00Z', redriveCount: 0 };

const writing = () => ({ busyFor: 60_000, unanswered: { until: 0 } });

const heldTurn = async () => {
  const { table, now, clock } = await ownTable();
  const turns = createTurns({ table, now, lateness: 10_000 });
  const { fence } = await turns.take(execution, async () => true);
  return { table, now, clock, turns, fence, results: resultsOf(createWorkings(table, now), 'run', fence) };
};

test('a step that may write keeps everybody else from writing while it acts, and nobody afterwards', async () => {
  const { turns, fence, now } = await heldTurn();
  const busy = async () => (await turns.read())?.busyUntil ?? 0;
  const during = await holding(turns, execution, fence, writing(), busy);
  assert.ok(during > now());
  assert.equal(await busy(), 0);
});

test('a step that may write is settled also when it fails', async () => {
  const { turns, fence } = await heldTurn();
  const failure = new NamedError('FirewallRejected', 'no');
  await assert.rejects(
    holding(turns, execution, fence, writing(), () => Promise.reject(failure)),
    failure,
  );
  assert.equal((await turns.read())?.busyUntil, 0);
});

test('what a step sent without an answer keeps everybody from writing until the firewall has had time for it', async () => {
  for (const isLost of [false, true]) {
    const { turns, fence, now, clock } = await heldTurn();
    const { unanswered, ...rest } = writing();
    const until = now() + 90_000;
    const failure = new NamedError('FirewallUnreachable', 'no answer');
    const act = () => {
      unanswered.until = until;
      return Promise.reject(failure);
    };
    const acting = holding(turns, execution, fence, { ...rest, unanswered }, async () => {
      if (isLost) await turns.release(execution, fence);
      return act();
    });
    await assert.rejects(acting, failure);
    assert.equal((await turns.read())?.busyUntil, until + 10_000, isLost ? 'also when the turn was lost' : '');
    clock.now = until + 9_999;
    await assert.rejects(
      turns.take({ ...execution, id: 'arn:next' }, async () => false),
      { name: 'TurnTaken' },
    );
    if (!isLost) await assert.rejects(turns.renew(execution, fence, 60_000), { name: 'TurnTaken' });
    await (isLost ? turns.take(execution, async () => true) : turns.renew(execution, fence, null)).catch(() => null);
    clock.now += 1;
    assert.equal((await turns.take(execution, async () => true)).owner, execution.id);
  }
});

test('a step that only reads leaves alone how long what was sent before it may last', async () => {
  const { turns, fence, now } = await heldTurn();
  const act = () => Promise.resolve();
  await holding(turns, execution, fence, { busyFor: 60_000, unanswered: { until: now() + 5_000 } }, act);
  await holding(turns, execution, fence, null, act);
  assert.equal((await turns.read())?.busyUntil, now() + 15_000);
});

test('a step that only reads keeps nobody from writing, and acts only while the turn is its own', async () => {
  const { turns, fence } = await heldTurn();
  assert.equal(await holding(turns, execution, fence, null, async (turn) => turn.busyUntil), 0);
  let acted = false;
  const act = async () => {
    acted = true;
  };
  await assert.rejects(holding(turns, execution, fence - 1, null, act), { name: 'PlanStale' });
  assert.equal(acted, false);
});

test('what one step has handed on is what the next reads', async () => {
  const { results } = await heldTurn();
  const derived = { scope: ['eni-1'], candidates: [], unexplained: [], facts: [], outdatedFacts: [] };
  await results.write('DeriveRules', derived);
  assert.deepEqual(await results.read('DeriveRules'), derived);
  assert.deepEqual(await results.find('DeriveRules'), derived);
});

test('a step result that is not there, or that another version has written, is planned anew', async () => {
  const { table, now, fence, results } = await heldTurn();
  await assert.rejects(results.read('Commit'), { name: 'PlanStale', message: /result of Commit cannot be carried on/ });
  assert.equal(await results.find('Commit'), null);
  const workings = createWorkings(table, now);
  await workings.write('run', fence, 'DeriveRules', { scope: ['eni-1'], desired: [] });
  await assert.rejects(results.read('DeriveRules'), {
    name: 'PlanStale',
    message: /another version has written it \(candidates: /,
  });
  await workings.write('run', fence, 'Commit', { job: 7 });
  await assert.rejects(results.read('Commit'), { name: 'PlanStale', message: /\(job: / });
});

test('a table that cannot be read is not taken for a result of another version', async () => {
  const busy = new NamedError('AwsBusy', 'throttled');
  const results = resultsOf({ read: () => Promise.reject(busy), write: async () => undefined }, 'run', 1);
  await assert.rejects(results.read('Commit'), busy);
  await assert.rejects(results.find('Commit'), busy);
});

/** A step of a plan that carries a change of its own and three of others; it reads only. */
const reading = async (own: Awaited<ReturnType<typeof heldTurn>>, others: number) => {
  const { table, now, fence, turns, results } = own;
  const line = (name: string) => ({
    pk: `change#${name}`,
    sk: 'i-1',
    execution: name,
    subject: { kind: 'instance', id: 'i-1' } as const,
    change: {
      kind: 'StartInstances',
      subjects: [],
      who: 'ann',
      when: '2026-11-02T08:00:00Z',
      eventId: 'e',
      announced: { instanceStates: {}, createdRules: [], removedRules: [] },
    },
  });
  const batch = ['run', ...Array.from({ length: others }, (_, at) => `other-${at}`)].map(line);
  await createWorkings(table, now).write('run', fence, 'TakeTurn', batch);
  return () =>
    holding(turns, execution, fence, null, async (turn) => {
      await carryLess({ turn, table: { turns }, results, execution, fence });
      return 'acted';
    });
};

test('a step that began and did not end has the plan made again with half the changes, and alone it goes on', async () => {
  const own = await heldTurn();
  const step = await reading(own, 3);
  // An attempt that runs out of memory: it renews the turn and is never heard of again.
  await own.turns.renew(execution, own.fence, null);
  await own.turns.renew(execution, own.fence, null);
  await assert.rejects(step(), {
    name: 'PlanStale',
    message: /for 4 changes began and did not end, more than once; the next carries 2/,
  });
  assert.equal((await own.turns.read())?.limit, 2);
  const alone = await heldTurn();
  const last = await reading(alone, 0);
  await alone.turns.renew(execution, alone.fence, null);
  await alone.turns.renew(execution, alone.fence, null);
  assert.equal(await last(), 'acted');
});

test('steps that end, well or badly, are no reason to carry less', async () => {
  const own = await heldTurn();
  const step = await reading(own, 3);
  assert.equal(await step(), 'acted');
  const failure = new NamedError('FirewallUnreachable', 'no');
  await assert.rejects(
    holding(own.turns, execution, own.fence, null, () => Promise.reject(failure)),
    failure,
  );
  assert.equal(await step(), 'acted');
  assert.equal((await own.turns.read())?.limit, 128);
});
