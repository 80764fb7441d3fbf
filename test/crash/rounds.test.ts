/**
 * A plan of more additions than one write carries is carried out in rounds, each committed, in one execution.
 *   ADDITIONS=5000   so many
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostAdditions } from '../../shared/domain/plan/plan.ts';
import { causeOf, outputOf, resync, statesOf } from '../support/calls.ts';
import { ownRules } from '../support/hands.ts';
import { accountWith } from '../support/many-servers.ts';
import { createTestSystem } from '../support/system.ts';

test('what one write does not carry is planned again by the same execution, without a redrive', async () => {
  const wanted = Number(process.env['ADDITIONS'] ?? mostAdditions + 2);
  // A service object each port: a platform takes 2000.
  const servers = Math.ceil(wanted / 1500);
  const ports = Math.ceil(wanted / servers);
  const additions = servers * ports;
  const rounds = Math.ceil(additions / mostAdditions);
  const next = [0];
  const account = accountWith(
    servers,
    '0.0.0.0/0',
    ports,
  )({
    now: () => Date.UTC(2026, 10, 2, 7),
    newId: () => `00000000-0000-4000-8000-${String(next.push(0)).padStart(12, '0')}`,
  });
  const system = await createTestSystem({ account });
  const run = await resync(system);
  assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  assert.deepEqual([(await ownRules(system)).length, run.redriveCount], [additions, 0]);
  assert.deepEqual(
    statesOf(run).filter((name) => name === 'Commit' || name === 'ReleaseTurn'),
    [...Array<string>(rounds).fill('Commit'), 'ReleaseTurn'],
  );
  const commits = system.parts.simulator.state().jobs.filter(({ type }) => type === 'Commit');
  assert.equal(commits.length, rounds);
  const applied = outputOf(run, 'ApplyRules')['applied'] as { added: { count: number } };
  assert.equal(applied.added.count, additions - (rounds - 1) * mostAdditions, 'the last write carries the rest');
  const before = system.parts.simulator.exportConfiguration('running');
  await resync(system);
  assert.equal(system.parts.simulator.exportConfiguration('running'), before);
});
