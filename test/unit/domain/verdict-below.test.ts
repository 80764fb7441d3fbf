import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { remarkOnBottomRule } from '../../../shared/domain/verdict/bottom-remark.ts';
import { judgeCandidates } from '../../../shared/domain/verdict/verdict.ts';
import { candidate, policy, rule } from './verdict-policies.ts';

const intrazone = rule('intrazone-default', { uuid: null, rulebase: 'default', ruleType: 'intrazone' });
const interzone = rule('interzone-default', { uuid: null, rulebase: 'default', ruleType: 'interzone', action: 'deny' });
const post = (said: Partial<SecurityRule>) => rule('Post', { rulebase: 'pushed-post', action: 'deny', ...said });

const verdictOf = (rules: readonly SecurityRule[], bottomRule = 'interzone-default', openPushedDenies = false) => {
  const [judged] = judgeCandidates({
    views: [{ policy: policy([...rules, intrazone, interzone]), label: 'candidate' }],
    bottomRule,
    owned: [],
    removedRules: [],
    pending: [],
    candidates: [candidate({ sources: ['203.0.113.0/24', '198.51.100.0/24'] })],
    openPushedDenies,
  });
  assert(judged !== undefined);
  const { verdict, candidate: added } = judged;
  return { verdict, sources: added.sources.map(({ source }) => source) };
};
const texts = (...said: Parameters<typeof verdictOf>): string => {
  const { verdict } = verdictOf(...said);
  return `${verdict.kind}: ${verdict.explanation}`;
};

describe('the explanation names what sessions reach below the place of ours', () => {
  const elsewhere = rule('Clean up', { to: ['dmz'], action: 'deny' });
  const half = ['203.0.113.0/24'];
  const closed = 'where they may deny it, it is left out: a rule of ours would stand above "Post"';
  for (const [rules, bottomRule, text] of [
    [[], 'interzone-default', 'needed: all of it reaches "interzone-default"'],
    [[], 'intrazone-default', 'needed: all of it reaches "interzone-default", not "intrazone-default"'],
    [[elsewhere], 'Clean up', 'needed: all of it reaches "interzone-default", not "Clean up"'],
    [
      [rule('Clean up', { source: half, action: 'deny' })],
      'Clean up',
      'needed: 203.0.113.0/24 reaches "Clean up", the rest reaches "interzone-default", not "Clean up"',
    ],
    [[elsewhere, rule('After')], 'Clean up', 'allowed: all of it by "After", which stands below'],
    [[post({})], 'interzone-default', 'overridden: all of it denied by "Post"'],
    [
      [post({ restrictions: ['source-user'] })],
      'interzone-default',
      `overridden: all of it may be denied by "Post" (source-user); ${closed}`,
    ],
    [
      [post({ source: ['203.0.113.128/25'] })],
      'interzone-default',
      `needed: 203.0.113.128/25 denied by "Post", the rest reaches "interzone-default"; ${closed}`,
    ],
  ] as const) {
    test(text, () => assert.equal(texts(rules, bottomRule), text));
  }

  test('a source that a pushed rule denies in part is left out, the others are opened', () => {
    assert.deepEqual(verdictOf([post({ source: ['203.0.113.128/25'] })]).sources, ['198.51.100.0/24']);
  });

  test('by setting it is opened as well, and the rule it stands above is named', () => {
    const { verdict, sources } = verdictOf([post({ source: ['203.0.113.128/25'] })], 'interzone-default', true);
    assert.equal(sources.length, 2);
    assert.match(verdict.explanation, /; opens what "Post" may deny$/);
  });

  test('what a rule below may deny before another allows it is not allowed anyway', () => {
    const unsure = rule('Perhaps', { action: 'deny', restrictions: ['source-user'] });
    assert.match(texts([elsewhere, unsure, rule('After')], 'Clean up'), /^needed: all of it reaches "Perhaps"/);
  });

  test('with a clean-up rule as bottom rule, ours stand above pushed rules as above everything below it', () => {
    assert.match(texts([elsewhere, post({})], 'Clean up'), /^needed: all of it reaches "Post", not "Clean up"$/);
  });
});

describe('what is remarked of a bottom rule', () => {
  const deny = rule('Clean up', { action: 'deny' });
  const two = { from: 'untrust', to: 'trust' };
  const one = { from: 'trust', to: 'trust' };
  for (const [what, bottom, bottomRule, zones, remark] of [
    ['a clean-up rule: nothing', [deny], 'Clean up', two, null],
    ['the default rule between zones: nothing', [], 'interzone-default', two, null],
    ['one that allows', [rule('Clean up')], 'Clean up', two, /^"Clean up" allows: .* none is added\.$/],
    ['one zone', [], 'interzone-default', one, /not match sessions within zone trust.*"intrazone-default" allows/],
    ['the other default rule', [], 'intrazone-default', two, /from untrust to trust.*"interzone-default" ends them/],
    [
      'other zones',
      [{ ...deny, from: ['dmz'] }],
      'Clean up',
      two,
      /from untrust to trust.*"interzone-default" ends them/,
    ],
    ['one that does not exist: nothing', [], 'Clean up', two, null],
  ] as const) {
    test(what, () => {
      const said = remarkOnBottomRule(policy([...bottom, intrazone, interzone]), bottomRule, zones);
      if (remark === null) assert.equal(said, null);
      else assert.match(said ?? '', remark);
    });
  }
});
