import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeOf, causeText, failureText } from '../../../shared/workflow/failure-notice.ts';

const cause = (errorMessage: string): string => JSON.stringify({ errorType: 'X', errorMessage });

test('failures are of one cause when they differ in ids, numbers, addresses and the length of lists only', () => {
  const words = [
    'Commit job 7 failed: i-0a1, i-0b2 at 10.0.0.1/32 (fence 12).',
    'Commit job 1234 failed: i-0c3 at 10.0.12.1/32 (fence 9).',
  ];
  assert.equal(new Set(words.map((text) => causeOf('CommitFailed', cause(text)))).size, 1);
});

test('failures are of different causes by the error or by other words', () => {
  const all = [
    causeOf('CommitFailed', cause('vsys is invalid')),
    causeOf('CommitFailed', cause('the zone trust is invalid')),
    causeOf('FirewallRejected', cause('vsys is invalid')),
    causeOf('States.Timeout', null),
  ];
  assert.equal(new Set(all).size, all.length);
});

test('the text of a cause is the message within the JSON of a function, or what there is', () => {
  assert.deepEqual([cause('why'), 'plain', '{"other":1}', null].map(causeText), [
    'why',
    'plain',
    '{"other":1}',
    'none given',
  ]);
});

test('a notice of an error with no name of ours says to read the cause', () => {
  const ended = { status: 'TIMED_OUT', redriveCount: 0, endedAt: 0, error: null, cause: null };
  const text = failureText('run', ended, null, { cleaned: 'Cleaned.', unfinished: null });
  assert.match(
    text,
    /^Execution run ended TIMED_OUT\.\nError: none given\nCause: none given\nWhat to do: Read the cause/,
  );
});
