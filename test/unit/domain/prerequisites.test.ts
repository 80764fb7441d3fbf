import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectScope } from '../../../shared/domain/policy/policy.ts';
import { localRules } from '../../../shared/domain/policy/policy.ts';
import { missingPrerequisites } from '../../../shared/domain/rules/prerequisites.ts';
import { policy, rule } from './verdict-policies.ts';

const none = {
  zones: new Set<string>(),
  profileGroups: new Set<string>(),
  logSettings: new Set<string>(),
  tags: new Set<string>(),
};
const there = {
  zones: new Set(['outside', 'inside']),
  profileGroups: new Set(['p']),
  logSettings: new Set(['l']),
  tags: new Set(['t']),
};
const having = (scopes: Partial<Record<'vsys' | 'shared' | 'pushed' | 'predefined', Partial<ObjectScope>>>) => {
  const empty = policy([]);
  const { vsys, shared, pushed, predefined } = empty.scopes;
  return {
    ...empty,
    scopes: {
      vsys: { ...vsys, ...none, ...scopes.vsys },
      shared: { ...shared, ...none, ...scopes.shared },
      pushed: { ...pushed, ...none, ...scopes.pushed },
      predefined: { ...predefined, ...none, ...scopes.predefined },
    },
  };
};
const wanted = {
  zones: { UNTRUST_ZONE: 'outside', TRUST_ZONE: 'inside' },
  style: { profileGroup: 'p', logSetting: 'l', tag: 't' },
};

test('each thing that is not there is told under the setting that names it', () => {
  assert.deepEqual(missingPrerequisites(having({}), wanted), [
    'UNTRUST_ZONE: the firewall has no zone "outside"',
    'TRUST_ZONE: the firewall has no zone "inside"',
    'PROFILE_GROUP: the firewall has no security profile group "p"',
    'LOG_SETTING: the firewall has no log forwarding profile "l"',
    'RULE_TAG: the firewall has no tag "t"',
  ]);
});

test('a thing counts in the vsys, in shared, or pushed by Panorama', () => {
  for (const scope of ['vsys', 'shared', 'pushed'] as const) {
    assert.deepEqual(missingPrerequisites(having({ [scope]: there }), wanted), [], scope);
  }
});

test('what is not asked for is not missed', () => {
  const style = { profileGroup: null, logSetting: null, tag: null };
  assert.deepEqual(missingPrerequisites(having({ vsys: { zones: there.zones } }), { ...wanted, style }), []);
});

test('names are taken as they are written', () => {
  const found = missingPrerequisites(having({ vsys: { ...there, zones: new Set(['Outside', 'inside']) } }), wanted);
  assert.deepEqual(found, ['UNTRUST_ZONE: the firewall has no zone "outside"']);
});

test('the local rulebase is what the firewall itself has, in order', () => {
  const rules = [
    rule('pre', { rulebase: 'pushed-pre' }),
    rule('b'),
    rule('a'),
    rule('post', { rulebase: 'pushed-post' }),
    rule('default', { rulebase: 'default' }),
  ];
  assert.deepEqual(
    localRules(policy(rules)).map(({ name }) => name),
    ['b', 'a'],
  );
});
