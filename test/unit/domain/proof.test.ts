import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExpectedRule, unproven } from '../../../shared/domain/plan/proof.ts';
import { ownedRecord, standing } from './owned.ts';
import { cleanUp, policy, rule } from './verdict-policies.ts';

const record = ownedRecord();
const stands = standing(record);
const expected = (said: Partial<ExpectedRule> = {}): ExpectedRule => ({
  kind: 'add',
  name: 'i-1-1',
  uuid: record.uuid ?? '',
  content: record.content,
  ...said,
});
const problems = (rules: Parameters<typeof policy>[0], expectations: readonly ExpectedRule[]) =>
  unproven(policy(rules), { expectations, deletedObjects: [] }, 'Clean up');

test('a rule that runs as written, above the bottom rule, is proven', () => {
  for (const kind of ['add', 'change', 'move'] as const) {
    assert.deepEqual(problems([stands, cleanUp], [expected({ kind })]), [], kind);
  }
});

test('a rule is known by its uuid: renamed it is proven, another of its name is not', () => {
  assert.deepEqual(problems([standing(record, { name: 'web in' }), cleanUp], [expected()]), []);
  assert.deepEqual(problems([standing(record, { uuid: 'another' }), cleanUp], [expected()]), ['"i-1-1" is missing']);
});

test('a rule that does not run is told, and one only Panorama has', () => {
  assert.deepEqual(problems([cleanUp], [expected()]), ['"i-1-1" is missing']);
  assert.deepEqual(problems([standing(record, { rulebase: 'pushed-pre' }), cleanUp], [expected()]), [
    '"i-1-1" is missing',
  ]);
});

test('a rule that says something else is told by field; the order of members says nothing', () => {
  const wide = { ...record.content, source: ['10.0.0.0/8', '11.0.0.0/8'] };
  const turned = standing(record, { source: ['11.0.0.0/8', '10.0.0.0/8'] });
  assert.deepEqual(problems([turned, cleanUp], [expected({ content: wide })]), []);
  assert.deepEqual(problems([standing(record, { source: ['any'], service: ['any'] }), cleanUp], [expected()]), [
    '"i-1-1" has another source, service',
  ]);
  assert.deepEqual(problems([standing(record, { action: 'deny' }), cleanUp], [expected()]), [
    '"i-1-1" has another action',
  ]);
});

test('what was moved need not say what it once said, but must be there', () => {
  const moved = expected({ kind: 'move', content: null });
  assert.deepEqual(problems([standing(record, { source: ['any'] }), cleanUp], [moved]), []);
  assert.deepEqual(problems([cleanUp], [moved]), ['"i-1-1" is missing']);
});

test('a rule below the bottom rule is told; directly above it is proven', () => {
  assert.deepEqual(problems([cleanUp, stands], [expected()]), ['"i-1-1" stands below "Clean up"']);
  assert.deepEqual(problems([rule('Web in'), stands, cleanUp, rule('after')], [expected()]), []);
});

test('with a default rule as bottom, a rule of the local rulebase is proven where it stands', () => {
  const rules = [stands, rule('after'), rule('interzone-default', { rulebase: 'default', action: 'deny' })];
  const proven = (said: Partial<ExpectedRule>) =>
    unproven(policy(rules), { expectations: [expected(said)], deletedObjects: [] }, 'interzone-default');
  assert.deepEqual(proven({}), []);
  assert.deepEqual(proven({ kind: 'move', past: 'uuid of after' }), ['"i-1-1" has not been moved to the end']);
  assert.deepEqual(proven({ kind: 'move', past: 'uuid of gone' }), [], 'what it was to pass has gone');
});

test('a removed rule that still runs is told; gone, it is proven', () => {
  const removed = expected({ kind: 'remove', content: null });
  assert.deepEqual(problems([stands, cleanUp], [removed]), ['"i-1-1" is still there']);
  assert.deepEqual(problems([cleanUp], [removed]), []);
  assert.deepEqual(problems([standing(record, { uuid: 'another' }), cleanUp], [removed]), [], 'a clone is not it');
});

test('a deleted service object that still runs is told', () => {
  const running = policy([cleanUp], {
    vsys: { services: { 'tcp-443': { protocol: 'tcp', port: '443', sourcePort: null } } },
  });
  const deleted = { expectations: [], deletedObjects: ['tcp-443', 'tcp-80'] };
  assert.deepEqual(unproven(running, deleted, 'Clean up'), ['service "tcp-443" is still there']);
});

test('every problem is told, not only the first', () => {
  assert.equal(problems([cleanUp], [expected(), expected({ uuid: 'other', name: 'i-1-2' })]).length, 2);
});
