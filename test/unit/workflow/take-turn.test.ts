import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeTurn } from '../../../functions/take-turn.ts';
import { createChanges } from '../../../shared/aws/table/changes.ts';
import { createTurns, type Turns } from '../../../shared/aws/table/turn.ts';
import { settingsFrom } from '../../../shared/runtime/settings.ts';
import { ownTable } from '../aws/own-table.ts';
import { environment } from '../runtime/around.ts';

test('a turn that another execution takes over as soon as it was taken is waited for like any that is held', async () => {
  const { table, now } = await ownTable();
  const turns = createTurns({ table, now, lateness: 10_000 });
  const execution = { id: 'arn:run', name: 'run', startTime: '2026-11-02T08:00:00Z', redriveCount: 0 };
  const takenOver: Turns = {
    ...turns,
    take: async (claimant, isRunning) => {
      const turn = await turns.take(claimant, isRunning);
      await turns.inherit(claimant, { id: 'arn:other', name: 'other', redriveCount: 0 });
      return turn;
    },
  };
  const parts = { changes: createChanges(table, now), turns: takenOver, isRunning: async () => true, now };
  const run = { execution, deadline: now() + 60_000, unanswered: { until: 0 }, log: () => undefined };
  await assert.rejects(takeTurn.run(parts as never, { turn: undefined } as never, run, settingsFrom(environment)), {
    name: 'TurnTaken',
    message: /no longer this execution's.*held by arn:other/,
  });
});
