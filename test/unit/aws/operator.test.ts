import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meaningOfEvent } from '../../../shared/aws/events/events.ts';
import { eventFromInput } from '../../../shared/aws/events/operator.ts';

const execution = { name: 'run-1', startTime: '2026-11-05T10:11:12.345Z' };
const origin = { account: '111122223333', region: 'eu-central-1' };
const anywhere = { account: null, region: null };

const changeOf = (input: unknown, from: Parameters<typeof meaningOfEvent>[1] = origin) => {
  const meaning = meaningOfEvent(eventFromInput(input, execution, from), from);
  return meaning.kind === 'change' ? meaning.change : assert.fail(meaning.because);
};

test('an operator starts an execution with one verb and nothing else: a resync that does what it says', () => {
  for (const from of [origin, anywhere]) {
    assert.deepEqual(changeOf({ operator: { approve: ['eni-0b', 'eni-0a', 'eni-0b'] } }, from), {
      kind: 'Approved resync',
      subjects: [{ kind: 'everything' }],
      who: 'operator',
      when: '2026-11-05T10:11:12Z',
      eventId: 'run-1',
      announced: { instanceStates: {}, createdRules: [], removedRules: [] },
      operator: { approve: ['eni-0a', 'eni-0b'] },
    });
  }
});

test('the same may stand in the detail of a resync event', () => {
  const event = {
    source: 'policy-sync',
    'detail-type': 'Scheduled resync',
    id: 'e1',
    time: '2026-11-05T10:00:00Z',
    ...origin,
    detail: { operator: { approve: ['eni-0a'] } },
  };
  const change = changeOf(event);
  assert.deepEqual([change.eventId, change.operator], ['e1', { approve: ['eni-0a'] }]);
});

test('the verbs about one rule take its name, and revert what it confirms', () => {
  for (const verb of ['reopen', 'adopt', 'remove', 'revert']) {
    assert.deepEqual(changeOf({ operator: { [verb]: 'i-0a-1' } }).operator, { [verb]: 'i-0a-1' });
    for (const wrong of [[], '', null]) {
      const message = new RegExp(`operator\\.${verb}: expected text`);
      assert.throws(() => changeOf({ operator: { [verb]: wrong } }), { name: 'EventNotUnderstood', message });
    }
  }
});

test('every other input is the event it is', () => {
  const event = { source: 'aws.ec2', detail: {}, operator: {} };
  for (const input of [event, null, 'text', 7, {}]) assert.equal(eventFromInput(input, execution, origin), input);
});

const refused: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  'no verb': [{}, /operator: expected exactly one of approve/],
  'an unknown verb': [{ delete: ['eni-0a'] }, /operator: expected exactly one of approve/],
  'a verb that every object has': [{ constructor: [] }, /operator: expected exactly one of approve/],
  'two verbs': [{ approve: ['eni-0a'], other: 1 }, /operator: expected exactly one of approve/],
  'no interface': [{ approve: [] }, /operator\.approve: expected a list of interface ids eni-…/],
  'another id': [{ approve: ['eni-0a', 'i-0a'] }, /operator\.approve: expected interface ids eni-…, found "i-0a"/],
  'no text': [{ approve: [7] }, /operator\.approve/],
  'no object': ['approve', /operator: expected an object/],
};
for (const [title, [operator, message]] of Object.entries(refused)) {
  test(`an operator's input is refused by name: ${title}`, () => {
    assert.throws(() => changeOf({ operator }), { name: 'EventNotUnderstood', message });
  });
}
