import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBack, type Written } from '../../../shared/domain/plan/read-back.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { ownedRecord, standing } from './owned.ts';
import { cleanUp, policy, rule } from './verdict-policies.ts';

const record = ownedRecord();
const { id, name, content, contributions } = record;
const uuid = record.uuid ?? '';
const stands = standing(record);

const back = (rules: readonly SecurityRule[], written: Partial<Written>) =>
  readBack(policy(rules), { removals: [], shrinks: [], moves: [], additions: [], ...written }, 'Clean up');
const addition: Partial<Written> = { additions: [{ record, content }] };
const shrink = (said: { readonly source?: readonly string[]; readonly destination?: readonly string[] }) =>
  ({
    shrinks: [
      {
        id,
        name,
        uuid,
        why: 'a grant has gone',
        contributions,
        source: said.source ?? null,
        destination: said.destination ?? null,
      },
    ],
  }) satisfies Partial<Written>;
const move: Partial<Written> = { moves: [{ id, name, uuid }] };
const removal: Partial<Written> = { removals: [{ id, name, uuid, why: 'its last grant has gone' }] };

test('what reads back as written is found by its record, without a problem', () => {
  for (const written of [addition, shrink({ source: content.source }), move]) {
    const { rules, problems } = back([stands, cleanUp], written);
    assert.deepEqual([problems, rules.get(id)], [[], stands]);
  }
});

test('an added rule is told that is absent, or there twice, or only in what Panorama pushed', () => {
  assert.deepEqual(back([cleanUp], addition).problems, ['"i-1-1" is there 0 times']);
  assert.deepEqual(back([stands, standing(record, { uuid: 'another' }), cleanUp], addition).problems, [
    '"i-1-1" is there 2 times',
  ]);
  assert.deepEqual(back([standing(record, { rulebase: 'pushed-pre' }), cleanUp], addition).problems, [
    '"i-1-1" is there 0 times',
  ]);
});

test('an added rule is told that says something else, by field, or stands below the bottom rule', () => {
  const other = standing(record, { source: ['any'], tags: ['theirs'] });
  assert.deepEqual(back([other, cleanUp], addition).problems, ['"i-1-1" reads back with another source, tags']);
  assert.deepEqual(back([cleanUp, stands], addition).problems, ['"i-1-1" is below "Clean up"']);
});

test('a removed rule is told that is still there, under whichever name; another rule of its name is not it', () => {
  assert.deepEqual(back([stands, cleanUp], removal).problems, ['"i-1-1" is still there']);
  assert.deepEqual(back([standing(record, { name: 'Kept' }), cleanUp], removal).problems, ['"i-1-1" is still there']);
  assert.deepEqual(back([rule('i-1-1', { uuid: 'another' }), cleanUp], removal).problems, []);
});

test('a shrunk rule is told that has disappeared or still says what was taken from it', () => {
  assert.deepEqual(back([cleanUp], shrink({ source: ['192.0.2.0/24'] })).problems, ['"i-1-1" has disappeared']);
  for (const field of ['source', 'destination'] as const) {
    const narrowed = shrink({ [field]: ['192.0.2.0/24'] });
    assert.deepEqual(back([stands, cleanUp], narrowed).problems, [`"i-1-1" reads back with another ${field}`]);
    assert.deepEqual(back([standing(record, { [field]: ['192.0.2.0/24'] }), cleanUp], narrowed).problems, []);
  }
});

test('a rule that was moved to the end is told that still stands above what it was to pass', () => {
  const past = { moves: [{ id, name, uuid, past: 'uuid of after' }] };
  const end = rule('interzone-default', { rulebase: 'default', action: 'deny' });
  const at = (rules: readonly SecurityRule[]) =>
    readBack(policy([...rules, end]), { removals: [], shrinks: [], additions: [], ...past }, 'interzone-default')
      .problems;
  assert.deepEqual(at([stands, rule('after')]), ['"i-1-1" has not been moved to the end']);
  assert.deepEqual(at([rule('after'), stands]), []);
});

test('a moved rule is told that has disappeared or still stands below the bottom rule', () => {
  assert.deepEqual(back([cleanUp], move).problems, ['"i-1-1" is not above "Clean up"']);
  assert.deepEqual(back([cleanUp, stands], move).problems, ['"i-1-1" is not above "Clean up"']);
});
