import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guiltyIn, isNamedIn } from '../../../shared/domain/plan/refusals.ts';

test('a name is named where it stands alone, quoted or not, at either end, before a full stop', () => {
  for (const words of [
    'i-1-1',
    "rule 'i-1-1' is invalid",
    '"i-1-1"',
    'security rule i-1-1: no such zone',
    'the fault is in i-1-1.',
    'rules -> i-1-1 -> service',
    'i-1-11 and i-1-1',
  ]) {
    assert.equal(isNamedIn('i-1-1', words), true, words);
  }
});

test('a name is not named as a part of another one, nor in words without it', () => {
  for (const words of ['', 'i-1-11 is invalid', 'ai-1-1', 'i-1-1-2', 'i-1-1.example', 'i-1', 'x-i-1-1']) {
    assert.equal(isNamedIn('i-1-1', words), false, words);
  }
  assert.equal(isNamedIn('', 'anything'), false);
});

test('a name with spaces and signs that mean something elsewhere is looked for as it is written', () => {
  assert.equal(isNamedIn('Web (in) [1]', "'Web (in) [1]' is shadowed"), true);
  assert.equal(isNamedIn('a.c', 'abc'), false);
});

test('guilty is what is named by its own name or by that of a service object made for it', () => {
  const [a, b, c] = [
    { says: 'a', names: ['i-1-1', 'tcp-9001'] },
    { says: 'b', names: ['i-1-2'] },
    { says: 'c', names: ['i-1-12', 'tcp-900'] },
  ];
  assert.deepEqual(guiltyIn("service 'tcp-9001' is invalid; i-1-12 is shadowed", [a, b, c]), [a, c]);
  assert.deepEqual(guiltyIn('the disk is full', [a, b, c]), []);
});
