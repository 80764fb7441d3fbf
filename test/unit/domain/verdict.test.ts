import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, judge, rule, short, verdictOn } from './verdict-policies.ts';

const explanation = (...judged: Parameters<typeof judge>): string => judge(...judged)[0]?.verdict.explanation ?? '';

test('with nothing above the bottom rule a candidate is needed whole', () => {
  const [judged] = judge([], [candidate()]);
  assert.equal(judged?.verdict.kind, 'needed');
  assert.equal(judged.verdict.explanation, 'all of it reaches "Clean up"');
  assert.deepEqual(judged.candidate, candidate());
  assert.deepEqual(judged.trimmedSources, []);
  assert.deepEqual(judged.trimmedDestinations, []);
});

test('a rule that allows everything a candidate would match makes it allowed', () => {
  assert.equal(verdictOn({}, [rule('Web in')]), 'allowed by Web in');
  assert.equal(explanation([rule('Web in')], [candidate()]), 'all of it by "Web in"');
});

test('a rule for half of the sources decides that half', () => {
  const half = rule('Web in', { source: ['203.0.113.0/25'] });
  assert.equal(verdictOn({}, [half]), 'needed by Web in');
  assert.equal(explanation([half], [candidate()]), '203.0.113.0/25 by "Web in", the rest reaches "Clean up"');
});

test('two rules that each allow a half allow the whole', () => {
  const rules = [rule('Web in', { source: ['203.0.113.0/25'] }), rule('Web in 2', { source: ['203.0.113.128/25'] })];
  assert.equal(verdictOn({}, rules), 'allowed by Web in, Web in 2');
  assert.equal(explanation(rules, [candidate()]), '203.0.113.0/25 by "Web in", 203.0.113.128/25 by "Web in 2"');
});

test('only allow allows: deny, drop and every reset override', () => {
  for (const action of ['deny', 'drop', 'reset-client', 'reset-server', 'reset-both'] as const) {
    assert.equal(verdictOn({}, [rule('Block', { action }), rule('Web in')]), 'overridden by Block', action);
  }
  assert.equal(
    explanation([rule('Block', { action: 'drop', source: ['203.0.113.7'] }), rule('Web in')], [candidate()]),
    '203.0.113.7/32 dropped by "Block", all sources but 203.0.113.7/32 by "Web in"',
  );
});

test('a source that rules above decide whole is trimmed off, one they decide in part is not', () => {
  const rules = [rule('Web in', { source: ['198.51.100.0/24', '203.0.113.0/25'] })];
  const [judged, more] = judge(rules, [candidate({ sources: ['203.0.113.0/24', '198.51.100.0/24'] })]);
  assert.equal(more, undefined);
  assert.deepEqual(
    judged?.candidate.sources.map(({ source }) => source),
    ['203.0.113.0/24'],
  );
  assert.deepEqual(judged.trimmedSources, ['198.51.100.0/24']);
});

test('an interface that rules above decide whole is trimmed off', () => {
  const rules = [rule('Web in', { destination: ['10.0.1.6'] })];
  const [judged, more] = judge(rules, [candidate({ destinations: ['10.0.1.5/32', '10.0.1.6/32'] })]);
  assert.equal(more, undefined);
  assert.deepEqual(
    judged?.candidate.destinations.map(({ address }) => address),
    ['10.0.1.5/32'],
  );
  assert.deepEqual(judged.trimmedDestinations, ['10.0.1.6/32']);
});

test('interfaces left with different sources become different candidates with the same input', () => {
  const rules = [rule('Web in', { destination: ['10.0.1.6'], source: ['198.51.100.0/24'] })];
  const asked = candidate({
    sources: ['203.0.113.0/24', '198.51.100.0/24'],
    destinations: ['10.0.1.5/32', '10.0.1.6/32'],
  });
  const judged = judge(rules, [asked, candidate({ service: 'tcp/80' })]);
  assert.deepEqual(
    judged.map(({ input, candidate: left }) => [
      input,
      left.sources.map(({ source }) => source),
      left.destinations.map(({ address }) => address),
    ]),
    [
      [0, ['203.0.113.0/24', '198.51.100.0/24'], ['10.0.1.5/32']],
      [0, ['203.0.113.0/24'], ['10.0.1.6/32']],
      [1, ['203.0.113.0/24'], ['10.0.1.5/32']],
    ],
  );
  assert.deepEqual(judged[1]?.trimmedSources, ['198.51.100.0/24']);
  assert.deepEqual(judged[1]?.trimmedDestinations, []);
});

test('a candidate accepted before counts as a rule for those after it', () => {
  const judged = judge(
    [],
    [candidate(), candidate({ group: 'sg-2' }), candidate({ group: 'sg-2', service: 'tcp/80' })],
  );
  assert.equal(short(judged), 'needed; allowed by to be added for sg-1 tcp/443; needed');
});

test('a candidate accepted before counts only for the interfaces it was made for', () => {
  const judged = judge(
    [],
    [candidate({ destinations: [['eni-1', '10.0.1.5/32']] }), candidate({ destinations: [['eni-2', '10.0.1.5/32']] })],
  );
  assert.equal(short(judged), 'needed; needed');
});

test('a candidate accepted before counts only between the zones it was made for', () => {
  const others = [candidate({ to: 'dmz' }), candidate({ from: 'dmz' })];
  for (const other of others) assert.equal(short(judge([], [candidate(), other])), 'needed; needed');
});
