import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BusEvent } from '../../local/bus-event.ts';
import { createEventBus } from '../../local/event-bus.ts';
import { InvalidEventPattern, matchesPattern, UnsupportedEventPattern } from '../../local/event-pattern.ts';

const matches = (pattern: Record<string, unknown>, event: unknown) => matchesPattern(pattern, event);

test('fields are all required, the values of one field are alternatives', () => {
  const pattern = { source: ['aws.ec2'], detail: { eventName: ['StartInstances', 'StopInstances'] } };
  assert.ok(matches(pattern, { source: 'aws.ec2', detail: { eventName: 'StopInstances', more: 1 } }));
  assert.ok(!matches(pattern, { source: 'aws.ec2', detail: { eventName: 'stopinstances' } }));
  assert.ok(!matches(pattern, { source: 'aws.s3', detail: { eventName: 'StopInstances' } }));
  assert.ok(!matches(pattern, { detail: { eventName: 'StopInstances' } }));
});

test('values match by type: a text is no number, null is null', () => {
  assert.ok(matches({ a: [300] }, { a: 300 }));
  assert.ok(!matches({ a: [300] }, { a: '300' }));
  assert.ok(matches({ a: [null] }, { a: null }));
  assert.ok(!matches({ a: [null] }, {}));
  assert.ok(matches({ a: [true] }, { a: true }));
});

test('exists looks at leaves only: an object is not there, null is', () => {
  assert.ok(matches({ errorCode: [{ exists: false }] }, { other: 1 }));
  assert.ok(!matches({ errorCode: [{ exists: false }] }, { errorCode: 'Client.X' }));
  assert.ok(matches({ a: [{ exists: true }] }, { a: null }));
  assert.ok(matches({ a: [{ exists: false }] }, { a: { b: 1 } }));
  assert.ok(!matches({ a: [{ exists: true }] }, { a: { b: 1 } }));
  assert.ok(matches({ a: { b: [{ exists: false }] } }, {}));
  assert.ok(matches({ a: ['x', { exists: false }] }, {}));
  assert.ok(matches({ a: ['x', { exists: false }] }, { a: 'x' }));
});

test('prefix, suffix, equals-ignore-case and wildcard match texts', () => {
  assert.ok(matches({ a: [{ prefix: 'sg-' }] }, { a: 'sg-1' }));
  assert.ok(!matches({ a: [{ prefix: 'sg-' }] }, { a: 'SG-1' }));
  assert.ok(matches({ a: [{ prefix: { 'equals-ignore-case': 'sg-' } }] }, { a: 'SG-1' }));
  assert.ok(matches({ a: [{ suffix: '.com' }] }, { a: 'ec2.com' }));
  assert.ok(matches({ a: [{ suffix: { 'equals-ignore-case': '.COM' } }] }, { a: 'ec2.com' }));
  assert.ok(matches({ a: [{ 'equals-ignore-case': 'Alice' }] }, { a: 'aLICE' }));
  assert.ok(matches({ a: [{ wildcard: 'a*c.d*' }] }, { a: 'abbc.de' }));
  assert.ok(!matches({ a: [{ wildcard: 'a*c.d' }] }, { a: 'abcxd' }));
  assert.ok(matches({ a: [{ wildcard: 'a\\*c' }] }, { a: 'a*c' }));
  assert.ok(!matches({ a: [{ wildcard: 'a\\*c' }] }, { a: 'abc' }));
  assert.ok(!matches({ a: [{ prefix: '1' }] }, { a: 12 }));
});

test('anything-but takes values, lists, prefixes, suffixes and wildcards, and needs the field', () => {
  assert.ok(matches({ a: [{ 'anything-but': 'x' }] }, { a: 'y' }));
  assert.ok(!matches({ a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'y' }));
  assert.ok(!matches({ a: [{ 'anything-but': 'x' }] }, {}));
  assert.ok(!matches({ a: [{ 'anything-but': { prefix: 'x' } }] }, { a: 'xy' }));
  assert.ok(matches({ a: [{ 'anything-but': { suffix: ['x', 'z'] } }] }, { a: 'xy' }));
  assert.ok(!matches({ a: [{ 'anything-but': { wildcard: '*/lib/*' } }] }, { a: '/a/lib/b' }));
  assert.ok(!matches({ a: [{ 'anything-but': { 'equals-ignore-case': 'X' } }] }, { a: 'x' }));
  assert.ok(!matches({ a: [{ 'anything-but': [1, 2] }] }, { a: 2 }));
});

test('numeric compares numbers only, with one bound or two', () => {
  assert.ok(matches({ a: [{ numeric: ['>', 0, '<=', 5] }] }, { a: 5 }));
  assert.ok(!matches({ a: [{ numeric: ['>', 0, '<=', 5] }] }, { a: 0 }));
  assert.ok(matches({ a: [{ numeric: ['=', 1.5] }] }, { a: 1.5 }));
  assert.ok(!matches({ a: [{ numeric: ['=', 1] }] }, { a: '1' }));
});

test('cidr holds an address, not a network', () => {
  assert.ok(matches({ a: [{ cidr: '10.0.0.0/24' }] }, { a: '10.0.0.255' }));
  assert.ok(!matches({ a: [{ cidr: '10.0.0.0/24' }] }, { a: '10.0.1.0' }));
  assert.ok(!matches({ a: [{ cidr: '10.0.0.0/24' }] }, { a: '10.0.0.0/28' }));
});

test('$or takes one of its objects, beside the other fields', () => {
  const pattern = { source: ['s'], $or: [{ a: [1] }, { b: { c: ['x'] } }] };
  assert.ok(matches(pattern, { source: 's', a: 1 }));
  assert.ok(matches(pattern, { source: 's', b: { c: 'x' } }));
  assert.ok(!matches(pattern, { source: 's', a: 2 }));
  assert.ok(!matches(pattern, { source: 't', a: 1 }));
});

test('a list matches when one element does, and fields of different elements are never mixed', () => {
  const instances = { requestParameters: { instancesSet: { items: { instanceId: ['i-2'] } } } };
  const event = { requestParameters: { instancesSet: { items: [{ instanceId: 'i-1' }, { instanceId: 'i-2' }] } } };
  assert.ok(matches(instances, event));
  assert.ok(matches({ tags: ['b'] }, { tags: ['a', 'b'] }));
  const both = { items: { port: [22], cidr: ['0.0.0.0/0'] } };
  assert.ok(
    !matches(both, {
      items: [
        { port: 22, cidr: '10.0.0.0/8' },
        { port: 80, cidr: '0.0.0.0/0' },
      ],
    }),
  );
  assert.ok(
    matches(both, {
      items: [
        { port: 80, cidr: '10.0.0.0/8' },
        { port: 22, cidr: '0.0.0.0/0' },
      ],
    }),
  );
});

test('a pattern that EventBridge would refuse is refused, whatever the event', () => {
  const bad: readonly Record<string, unknown>[] = [
    { a: 'x' },
    { a: [] },
    { a: {} },
    { a: [{ nosuch: 1 }] },
    { a: [{ prefix: 'x', suffix: 'y' }] },
    { a: [{ wildcard: 'a**b' }] },
    { a: [{ numeric: ['~', 1] }] },
    { $or: [{ a: [1] }] },
    { z: ['no'], a: [['nested']] },
  ];
  for (const pattern of bad)
    assert.throws(() => matches(pattern, { b: 1 }), InvalidEventPattern, JSON.stringify(pattern));
});

const event = (name: string): BusEvent => ({
  version: '0',
  id: name,
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.ec2',
  account: '111122223333',
  time: '2026-03-01T10:00:00Z',
  region: 'eu-central-1',
  resources: [],
  detail: { eventName: name },
});

test('the bus delivers to the targets of matching rules, and is idle when what they caused is delivered too', async () => {
  const seen: string[] = [];
  const bus = createEventBus({
    rules: [
      {
        name: 'first',
        pattern: { detail: { eventName: ['A'] } },
        targets: [
          async (one) => {
            seen.push(`first ${one.id}`);
            bus.put(event('B'));
          },
        ],
      },
      {
        name: 'second',
        pattern: { detail: { eventName: ['B'] } },
        targets: [async (one) => seen.push(`second ${one.id}`), () => Promise.reject(new Error('no'))],
      },
    ],
  });
  bus.put(event('A'));
  bus.put(event('C'));
  assert.deepEqual(seen, []);
  await bus.idle();
  assert.deepEqual(seen, ['first A', 'second B']);
  assert.deepEqual(
    bus.deadLetters.map((letter) => [letter.rule, letter.event.id]),
    [['second', 'B']],
  );
});

test('the bus loses and doubles events when told to', async () => {
  const seen: string[] = [];
  const rules = [
    { name: 'all', pattern: { source: ['aws.ec2'] }, targets: [async (one: BusEvent) => seen.push(one.id)] },
  ];
  const bus = createEventBus({ rules, copies: (one) => (one.id === 'A' ? 0 : 2) });
  bus.put(event('A'));
  bus.put(event('B'));
  await bus.idle();
  assert.deepEqual(seen, ['B', 'B']);
});

test('cidr takes blocks of more than one address only', () => {
  for (const cidr of ['10.0.0.1', '10.0.0.1/32', '10.0.0.0/33', '2001:db8::1/128', 'a', 'a/8', '10.0.0.0/8/8']) {
    assert.throws(() => matches({ a: [{ cidr }] }, {}), InvalidEventPattern, cidr);
  }
});

test('one element of a list must hold the fields beside $or and those within it', () => {
  const pattern = { a: { b: [1] }, $or: [{ a: { c: [2] } }, { d: [3] }] };
  assert.ok(matches(pattern, { a: [{ b: 1, c: 2 }] }));
  assert.ok(!matches(pattern, { a: [{ b: 1 }, { c: 2 }] }));
  assert.ok(matches(pattern, { a: [{ b: 1 }], d: 3 }));
});

test('the same leaf beside and within $or is not supported: the service joins the values of both', () => {
  assert.throws(() => matches({ a: [1], $or: [{ a: [2] }, { b: [3] }] }, { a: 1 }), UnsupportedEventPattern);
});
