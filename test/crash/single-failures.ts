/**
 * One function dies, at every external call of every state, before and after the call's work. However the history goes on,
 * the house stays in order at every step and is settled in the end.
 *   CRASH=all   also the moments at which nothing outside has changed since the moment before (about six times as many)
 */
import { before, describe, test } from 'node:test';
import type { Outside } from './crash-system.ts';
import { chosen, type Moment, momentsOf, play, sequels } from './histories.ts';
import { prepare, type World } from './worlds.ts';

/** Declares the tests of one world. */
export const singleFailures = (world: World): void => {
  describe(`a function dies during ${world.title}`, () => {
    let from: Outside;
    let moments: readonly Moment[];
    before(async () => {
      from = await prepare(world);
      moments = await momentsOf(world, from);
    });

    for (const sequel of sequels) {
      test(sequel.title, async (context) => {
        const taken = chosen(moments, sequel);
        for (const moment of taken) await play(world, from, moment, sequel);
        context.diagnostic(`${world.title}: ${taken.length} of ${moments.length} moments`);
      });
    }
  });
};
