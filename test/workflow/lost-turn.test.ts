import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tableOf, tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import { errorsAt } from '../support/attempts.ts';
import { administratorsRules, calls, causeOf, colleague, resync, ruleXpath, statesOf, web2 } from '../support/calls.ts';
import { createMeddledSystem } from '../support/meddling.ts';
import type { TestSystem } from '../support/system.ts';

const settings = (system: TestSystem) => settingsFrom(system.surroundings.world.environment);
const turnOf = (system: TestSystem) => tableParts(system.surroundings, settings(system)).turns.read();
const loseTurn = (system: TestSystem) => tableOf(system.surroundings, settings(system)).delete('turn', 'turn', null);

describe('the item of the turn, lost', () => {
  test('after many turns: the next run removes what is to go, under a fence above every record', async () => {
    const system = await createMeddledSystem();
    await calls(system).start(web2);
    for (let more = 0; more < 5; more += 1) await resync(system);
    await calls(system).stop(web2);
    system.clock.advance(300_000);
    await calls(system).start(web2);
    const highest = Math.max(...(await system.records()).map(({ fence }) => fence));
    assert.ok(highest > 5);
    await loseTurn(system);
    const run = await calls(system).stop(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(
      statesOf(run).filter((state) => state === 'TakeTurn'),
      ['TakeTurn'],
    );
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    assert.ok(((await turnOf(system))?.fence ?? 0) > highest);
  });

  test('after a closure was recorded last: the next run can end it', async () => {
    const system = await createMeddledSystem();
    await calls(system).start(web2);
    const other = colleague(system);
    other.set(ruleXpath(`${web2}-1`), '<disabled>yes</disabled>');
    other.commit();
    for (let more = 0; more < 5; more += 1) await resync(system);
    const [closure] = await system.closures();
    assert.ok(closure !== undefined);
    await loseTurn(system);
    other.set(ruleXpath(`${web2}-1`), '<disabled>no</disabled>');
    other.commit();
    const run = await resync(system);
    assert.deepEqual(errorsAt(run, 'TakeTurn'), [null]);
    assert.deepEqual(await system.closures(), []);
  });

  test('in the middle of a run: it plans again from TakeTurn and ends right', async () => {
    const system = await createMeddledSystem();
    await calls(system).start(web2);
    for (let more = 0; more < 5; more += 1) await resync(system);
    let lost: Promise<unknown> = Promise.resolve();
    system.beforeState('Commit', () => {
      lost = loseTurn(system);
    });
    const run = await calls(system).stop(web2);
    await lost;
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(
      statesOf(run).filter((state) => state === 'TakeTurn'),
      ['TakeTurn', 'TakeTurn'],
    );
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('in a new table, fences begin at one', async () => {
    const system = await createMeddledSystem();
    await calls(system).start(web2);
    assert.equal((await turnOf(system))?.fence, 1);
  });
});
