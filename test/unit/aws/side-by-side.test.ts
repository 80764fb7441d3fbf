import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sideBySide } from '../../../shared/aws/table/side-by-side.ts';

const numbers = Array.from({ length: 40 }, (_, at) => at);

test('all are done, begun in order, several but not all at once', async () => {
  const begun: number[] = [];
  let underWay = 0;
  let most = 0;
  await sideBySide(numbers, async (number) => {
    begun.push(number);
    underWay += 1;
    most = Math.max(most, underWay);
    await sleep(1);
    underWay -= 1;
  });
  assert.deepEqual([begun, underWay, most], [numbers, 0, 16]);
  await sideBySide([], () => assert.fail('there is none'));
});

test('after a failure nothing is begun, and it is raised when what was under way has ended', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const failing = sideBySide(numbers, async (number) => {
    begun.push(number);
    if (number === 3) throw new Error(`number ${number}`);
    await sleep(1);
    ended.push(number);
  });
  await assert.rejects(failing, { message: 'number 3' });
  assert.equal(begun.length, 16);
  assert.deepEqual(
    ended.toSorted((a, b) => a - b),
    begun.filter((number) => number !== 3),
  );
});
