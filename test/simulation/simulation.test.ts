/**
 * Random histories of many hands and many faults together.
 *   HISTORIES=50000 SEED=7 npm test -- simulation/     more of them, from another seed
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ids } from '../system/demo-account.ts';
import { play } from './play.ts';
import { simulate } from './simulate.ts';

const histories = Number(process.env['HISTORIES'] ?? 120);

const pastHistories: readonly (readonly [seed: number, path: string])[] = [
  [20_261_127, '366'],
  [7711, '111'],
  [8802, '69'],
  [9903, '245'],
  [4404, '318'],
];

const [, web2 = ''] = ids.webServers;

describe('histories', () => {
  test('a rule that an administrator disabled stays closed through a stop and a start', () =>
    play({
      noise: 3,
      faults: 0,
      lagMilliseconds: 0,
      moments: [
        { after: 200_000, act: { who: 'administrator', does: 'disable', nth: 0, commits: true } },
        { after: 200_000, act: { who: 'EC2 user', does: 'stop and start', instance: web2 } },
      ],
    }));

  // What these found has been mended, in the system or in the histories' own checks.
  for (const [seed, path] of pastHistories) {
    test(`history ${path} of seed ${seed}, which failed once, ends well`, async () => {
      const { played, failure } = await simulate(1, seed, { path, shrinks: false });
      assert.equal(failure, null, failure ?? '');
      assert.equal(played, 1);
    });
  }

  test(`${histories} random histories each end with the firewall as the groups and the administrator say`, async (t) => {
    const seed = fc.readConfigureGlobal().seed ?? Math.floor(Math.random() * 2 ** 31);
    t.diagnostic(`histories from seed ${seed}`);
    const { played, failure } = await simulate(histories, seed);
    assert.equal(failure, null, failure ?? '');
    assert.equal(played, histories);
  });
});
