import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { accountCalls } from './account-calls.ts';
import { allReads } from './all-reads.ts';
import { differencesOf } from './differences.ts';
import { knownDifferences } from './known-differences.ts';
import { startMoto } from './start-moto.ts';
import { twoAccounts } from './two-accounts.ts';

const moto = await startMoto();
after(() => moto.close());
const accounts = await twoAccounts(moto.url);
const shown = new Set<string>();

for (const [title, call] of accountCalls)
  test(`after ${title}, moto and the embedded EC2 show the same account`, async () => {
    await call(accounts.moto);
    await call(accounts.ours);
    const unknown = differencesOf(await allReads(accounts.moto), await allReads(accounts.ours)).filter((difference) => {
      const known = knownDifferences.find(({ covers }) => covers(difference));
      if (known !== undefined) shown.add(known.reason);
      return known === undefined;
    });
    assert.deepEqual(unknown, []);
  });

test('every known difference still shows itself', () => {
  assert.deepEqual(
    knownDifferences.map(({ reason }) => reason).filter((reason) => !shown.has(reason)),
    [],
  );
});
