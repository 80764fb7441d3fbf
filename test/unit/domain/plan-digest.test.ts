import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planDigest } from '../../../shared/domain/plan/digest.ts';
import type { PendingEdit } from '../../../shared/domain/policy/pending-edits.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { edit, ownedRecord, ruleXpath, standing } from './owned.ts';
import { cleanUp, policy, rule, type Scopes } from './verdict-policies.ts';

const record = ownedRecord();
const stands = standing(record);
const webIn = rule('Web in', { service: ['web'], source: ['Partners'] });
const scopes: Scopes = {
  vsys: {
    services: {
      web: { protocol: 'tcp', port: '443', sourcePort: null },
      idle: { protocol: 'tcp', port: '1', sourcePort: null },
    },
    addresses: { Partners: { kind: 'ip-netmask', value: '203.0.113.0/24' } },
  },
};
const below = rule('after');

const digest = (
  said: {
    readonly rules?: readonly SecurityRule[];
    readonly scopes?: Scopes;
    readonly running?: readonly SecurityRule[];
    readonly pending?: readonly PendingEdit[];
    readonly records?: Parameters<typeof planDigest>[1];
    readonly bottom?: string;
  } = {},
): string => {
  const candidate = policy(said.rules ?? [webIn, stands, cleanUp, below], said.scopes ?? scopes);
  return planDigest(
    {
      candidate,
      running: said.running === undefined ? candidate : policy(said.running, scopes),
      pending: said.pending ?? [],
    },
    said.records ?? [record],
    said.bottom ?? 'Clean up',
  );
};
const base = digest();
const changes = (what: string, said: Parameters<typeof digest>[0]) => assert.notEqual(digest(said), base, what);
const stays = (what: string, said: Parameters<typeof digest>[0]) => assert.equal(digest(said), base, what);

test('the digest of the same is the same', () => stays('', {}));

test('what a verdict relies on changes it', () => {
  changes('a new rule above', { rules: [rule('new'), webIn, stands, cleanUp, below] });
  changes('a rule above less', { rules: [stands, cleanUp, below] });
  changes('the order above', { rules: [stands, webIn, cleanUp, below] });
  changes('a rule above disabled', { rules: [{ ...webIn, disabled: true }, stands, cleanUp, below] });
  changes('the action of a rule above', { rules: [{ ...webIn, action: 'deny' }, stands, cleanUp, below] });
  changes('the bottom rule disabled', { rules: [webIn, stands, { ...cleanUp, disabled: true }, below] });
  changes('another bottom rule', { bottom: 'after' });
  const other = { ...scopes.vsys, addresses: { Partners: { kind: 'ip-netmask', value: '203.0.113.0/25' } as const } };
  changes('an object that a rule above uses', { scopes: { vsys: other } });
});

test('with a default rule as bottom, everything that decides what reaches it changes it', () => {
  const interzone = rule('interzone-default', { rulebase: 'default', ruleType: 'interzone', action: 'deny' });
  const post = rule('Post', { rulebase: 'pushed-post', source: ['Partners'] });
  const rules = [webIn, stands, post, interzone];
  const of = (changed: readonly SecurityRule[], more: Parameters<typeof digest>[0] = {}) =>
    digest({ rules: changed, bottom: 'interzone-default', ...more });
  const before = of(rules);
  assert.notEqual(of([webIn, stands, rule('new'), post, interzone]), before, 'a rule below ours');
  assert.notEqual(of([webIn, stands, { ...post, action: 'deny' }, interzone]), before, 'a pushed rule');
  assert.notEqual(of([webIn, stands, post, { ...interzone, action: 'allow' }]), before, 'the default rule overridden');
  const other = { ...scopes.vsys, addresses: { Partners: { kind: 'fqdn', value: 'x.example.com' } as const } };
  assert.notEqual(of(rules, { scopes: { vsys: other } }), before, 'an object that a pushed rule uses');
  assert.equal(of([webIn, stands, post, { ...interzone, logSetting: 'x' }]), before, 'but not what is logged');
});

test('what became of a rule of ours changes it, wherever it stands', () => {
  for (const said of [
    { name: 'renamed' },
    { disabled: true },
    { action: 'deny' } as const,
    { source: ['10.0.0.0/8'] },
    { description: 'mine' },
    { tags: ['x'] },
    { logSetting: 'x' },
    { others: { qos: '<qos/>' } },
  ]) {
    changes(JSON.stringify(said), { rules: [webIn, standing(record, said), cleanUp, below] });
    const under = [webIn, cleanUp, stands, below];
    assert.notEqual(
      digest({ rules: [webIn, cleanUp, standing(record, said), below] }),
      digest({ rules: under }),
      `below the bottom rule: ${JSON.stringify(said)}`,
    );
  }
  changes('it is gone', { rules: [webIn, cleanUp, below] });
  changes('it has moved below the bottom rule', { rules: [webIn, cleanUp, stands, below] });
  changes('a rule that was ours is back', { records: [record, ownedRecord({ id: 'x', uuid: below.uuid })] });
});

test('who is editing rules changes it', () => {
  const pending = [edit('colleague', ruleXpath('i-1-1')), edit('ann', ruleXpath('Web in'))];
  changes('an edit', { pending });
  assert.notEqual(
    digest({ pending }),
    digest({ pending: [edit('bob', ruleXpath('i-1-1')), edit('ann', ruleXpath('Web in'))] }),
  );
  assert.equal(
    digest({ pending }),
    digest({ pending: pending.toReversed() }),
    'not the order in which they are listed',
  );
});

test('what runs changes it, where that is something else than the candidate', () => {
  changes('edits pending', { running: [stands, cleanUp, below] });
  assert.notEqual(digest({ running: [stands, cleanUp] }), digest({ running: [rule('old'), stands, cleanUp] }));
});

test('what no plan relies on changes nothing', () => {
  stays('a comment on a rule of others', { rules: [{ ...webIn, description: 'reviewed' }, stands, cleanUp, below] });
  stays('a log setting of a rule of others', { rules: [{ ...webIn, logSetting: 'x' }, stands, cleanUp, below] });
  stays('a rule below the bottom rule', { rules: [webIn, stands, cleanUp, { ...below, action: 'deny' }] });
  stays('a disabled rule above', { rules: [rule('off', { disabled: true }), webIn, stands, cleanUp, below] });
  stays('an edit of something else', { pending: [edit('colleague', '/config/shared/log-settings')] });
  const more = {
    ...scopes.vsys,
    services: { ...scopes.vsys?.services, idle: { protocol: 'udp', port: '9', sourcePort: null } as const },
  };
  stays('an object nobody uses', { scopes: { vsys: more } });
  stays('a record of a rule that is not there', { records: [record, ownedRecord({ id: 'gone' })] });
});
