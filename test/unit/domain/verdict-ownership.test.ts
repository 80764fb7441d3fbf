import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNamed } from '../../../shared/domain/errors.ts';
import { checkBottomRule } from '../../../shared/domain/policy/bottom-rule.ts';
import type { PendingEdit } from '../../../shared/domain/policy/pending-edits.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';
import { judgeCandidates, type OwnedInVerdict } from '../../../shared/domain/verdict/verdict.ts';
import { candidate, cleanUp, judge, policy, rule, type Scopes, short } from './verdict-policies.ts';

const view = (rules: readonly SecurityRule[], label = 'candidate', scopes: Scopes = {}) => ({
  policy: policy(rules, scopes),
  label,
});

// The bottom rule

const V = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']";
const edit = (xpath: string, administrator = 'alice', action = 'EDIT'): PendingEdit => ({
  administrator,
  xpath,
  action,
});

const complaint = (...asked: Parameters<typeof checkBottomRule>): string => {
  try {
    checkBottomRule(...asked);
  } catch (error) {
    assert(isNamed(error, 'BottomRuleUnusable'));
    return error.message;
  }
  return 'none';
};

test('a local, enabled rule that nobody edits is a bottom rule', () => {
  assert.equal(complaint([view([cleanUp])], 'Clean up', []), 'none');
  assert.equal(complaint([view([rule('Clean up', { rulebase: 'pushed-pre' }), cleanUp])], 'Clean up', []), 'none');
});

test('a bottom rule that does not exist in one of the configurations is refused by name', () => {
  assert.equal(
    complaint([view([cleanUp]), view([rule('Web in')], 'running')], 'Clean up', []),
    'The bottom rule "Clean up" does not exist in the running configuration.',
  );
});

test('a disabled bottom rule is refused', () => {
  assert.equal(
    complaint([view([rule('Clean up', { disabled: true })])], 'Clean up', []),
    'The bottom rule "Clean up" is disabled in the candidate configuration.',
  );
});

test('a pushed rule is no bottom rule; a default rule is one, overridden or being edited too', () => {
  for (const rulebase of ['pushed-pre', 'pushed-post'] as const) {
    assert.equal(
      complaint([view([rule('Clean up', { rulebase })])], 'Clean up', []),
      'The bottom rule "Clean up" is pushed by Panorama in the candidate configuration, not a rule of the firewall itself.',
    );
  }
  const overridden = edit(`${V}/rulebase/default-security-rules/rules/entry[@name='interzone-default']`);
  assert.equal(
    complaint([view([rule('interzone-default', { rulebase: 'default' })])], 'interzone-default', [overridden]),
    'none',
  );
});

test('a bottom rule that somebody is editing is refused, with the name of who does', () => {
  const rules = `${V}/rulebase/security/rules`;
  for (const xpath of [
    `${rules}/entry[@name='Clean up']`,
    `${rules}/entry[@name="Clean up"]/source`,
    `${rules}/entry[@name='Clean up']/tag/entry[@name='red']`,
  ]) {
    assert.equal(
      complaint([view([cleanUp])], 'Clean up', [edit(`${rules}/entry[@name='Web in']`), edit(xpath)]),
      'The bottom rule "Clean up" carries an uncommitted edit (EDIT) of administrator alice.',
      xpath,
    );
  }
});

test('edits of other rules, other rulebases and objects of its name leave the bottom rule usable', () => {
  const edits = [
    edit(`${V}/rulebase/security/rules/entry[@name='Clean up too']`),
    edit(`${V}/rulebase/nat/rules/entry[@name='Clean up']`),
    edit(`${V}/address/entry[@name='Clean up']`),
    edit(`/config/panorama/vsys/entry[@name='vsys1']/post-rulebase/security/rules/entry[@name='Clean up']`),
    edit(`${V}/rulebase/security/rules/entry[3]`),
    edit('/config/mgt-config'),
  ];
  assert.equal(complaint([view([cleanUp])], 'Clean up', edits), 'none');
});

test('judging refuses an unusable bottom rule', () => {
  const question = {
    owned: [],
    removedRules: [],
    pending: [],
    candidates: [candidate()],
    bottomRule: 'Nothing',
  } as const;
  assert.throws(() => judgeCandidates({ ...question, views: [view([cleanUp])] }), { name: 'BottomRuleUnusable' });
});

test('a bottom rule that denies leaves a candidate needed, whatever stands below it; one that allows makes it allowed', () => {
  const rules = [
    cleanUp,
    rule('Below'),
    rule('Post', { rulebase: 'pushed-post' }),
    rule('interzone-default', { rulebase: 'default', action: 'deny' }),
  ];
  const question = {
    owned: [],
    removedRules: [],
    pending: [],
    candidates: [candidate()],
    bottomRule: 'Clean up',
  } as const;
  assert.equal(short(judgeCandidates({ ...question, views: [view(rules)] })), 'needed');
  const allowing = [rule('Clean up', { action: 'allow' })];
  assert.equal(short(judgeCandidates({ ...question, views: [view(allowing)] })), 'allowed by Clean up');
});

test('a pushed rule of the same name above does not hide what stands between', () => {
  const rules = [rule('Clean up', { rulebase: 'pushed-pre', destination: ['10.9.9.9'] }), rule('Web in'), cleanUp];
  const question = {
    owned: [],
    removedRules: [],
    pending: [],
    candidates: [candidate()],
    bottomRule: 'Clean up',
  } as const;
  assert.equal(short(judgeCandidates({ ...question, views: [view(rules)] })), 'allowed by Web in');
});

// Owned rules

const ownedFor = (name: string, ...interfaces: readonly string[]): OwnedInVerdict => ({
  uuid: `uuid of ${name}`,
  interfaces,
});

const two = candidate({
  destinations: [
    ['eni-1', '10.0.1.5/32'],
    ['eni-2', '10.0.1.6/32'],
  ],
});

test('an owned rule counts for the interfaces it has contributions of', () => {
  assert.equal(
    short(judge([rule('sg-1-1')], [two], {}, { owned: [ownedFor('sg-1-1', 'eni-1', 'eni-2')] })),
    'allowed by sg-1-1',
  );
});

test('an owned rule does not count for another interface that has its address by now', () => {
  const [judged, more] = judge([rule('sg-1-1')], [two], {}, { owned: [ownedFor('sg-1-1', 'eni-1')] });
  assert.equal(more, undefined);
  assert.deepEqual(
    judged?.candidate.destinations.map((to) => to.interface),
    ['eni-2'],
  );
  assert.equal(short(judge([rule('sg-1-1')], [two], {}, { owned: [ownedFor('sg-1-1')] })), 'needed');
});

test('the same address on two interfaces is judged for each of them', () => {
  const shared = candidate({
    destinations: [
      ['eni-1', '10.0.1.5/32'],
      ['eni-2', '10.0.1.5/32'],
    ],
  });
  const [judged] = judge([rule('sg-1-1')], [shared], {}, { owned: [ownedFor('sg-1-1', 'eni-1')] });
  assert.deepEqual(
    judged?.candidate.destinations.map((to) => to.interface),
    ['eni-2'],
  );
});

test('an address that a third interface shows as well is judged for it, whatever stands between', () => {
  const shown = candidate({
    destinations: [
      ['eni-1', '10.0.1.5/32'],
      ['eni-2', '10.0.1.6/32'],
      ['eni-3', '10.0.1.5/32'],
    ],
  });
  const [judged] = judge([rule('sg-1-1')], [shown], {}, { owned: [ownedFor('sg-1-1', 'eni-1', 'eni-2')] });
  assert.deepEqual(
    judged?.candidate.destinations.map((to) => to.interface),
    ['eni-3'],
  );
});

test('a rule is told once for all interfaces, also where they show the same address', () => {
  const shown = candidate({
    destinations: [
      ['eni-1', '10.0.1.5/32'],
      ['eni-2', '10.0.1.6/32'],
      ['eni-3', '10.0.1.5/32'],
    ],
  });
  assert.equal(judge([rule('Web in')], [shown])[0]?.verdict.explanation, 'all of it by "Web in"');
});

test('an owned rule that an administrator set to deny overrides, for its interfaces', () => {
  const rules = [rule('sg-1-1', { action: 'deny' }), rule('Web in')];
  assert.equal(
    short(judge(rules, [candidate()], {}, { owned: [ownedFor('sg-1-1', 'eni-1')] })),
    'overridden by sg-1-1',
  );
  assert.equal(short(judge(rules, [candidate()], {}, { owned: [ownedFor('sg-1-1', 'eni-9')] })), 'allowed by Web in');
});

test('a rule removed in the same run does not count', () => {
  assert.equal(short(judge([rule('sg-1-1')], [candidate()], {}, { removedRules: ['uuid of sg-1-1'] })), 'needed');
  assert.equal(
    short(
      judge(
        [rule('Old deny', { action: 'deny' }), rule('Web in')],
        [candidate()],
        {},
        { removedRules: ['uuid of Old deny'] },
      ),
    ),
    'allowed by Web in',
  );
});

// Two views

const inTwo = (
  running: readonly SecurityRule[],
  staged: readonly SecurityRule[],
  pending: readonly PendingEdit[] = [],
  scopes: readonly [Scopes, Scopes] = [{}, {}],
) =>
  judgeCandidates({
    views: [view([...running, cleanUp], 'running', scopes[0]), view([...staged, cleanUp], 'candidate', scopes[1])],
    bottomRule: 'Clean up',
    owned: [],
    removedRules: [],
    pending,
    candidates: [candidate()],
  });

test('a candidate is left out only where both configurations leave it out', () => {
  assert.equal(short(inTwo([rule('Web in')], [rule('Web in')])), 'allowed by Web in');
  assert.equal(short(inTwo([rule('Web in')], [])), 'needed by Web in');
  assert.equal(short(inTwo([], [rule('Web in')])), 'needed by Web in');
});

test('denied in one configuration and allowed in the other is overridden', () => {
  assert.equal(short(inTwo([rule('Block', { action: 'deny' })], [rule('Web in')])), 'overridden by Block');
  assert.equal(short(inTwo([rule('Web in')], [rule('Block', { action: 'deny' })])), 'overridden by Block');
});

test('where the configurations agree the explanation is told once', () => {
  assert.equal(inTwo([rule('Web in')], [rule('Web in')])[0]?.verdict.explanation, 'all of it by "Web in"');
});

test('where they differ the explanation names the pending edit and its administrator', () => {
  const pending = [
    edit(`${V}/rulebase/security/rules/entry[@name='Web in']`, 'alice', 'DELETE'),
    edit(`${V}/rulebase/security/rules/entry[@name='Mail in']`, 'bob'),
  ];
  assert.equal(
    inTwo([rule('Web in')], [], pending)[0]?.verdict.explanation,
    'running: all of it by "Web in"; candidate: all of it reaches "Clean up"; not committed yet: "Web in" edited by alice',
  );
});

test('the pending edit of an object that a deciding rule uses is named', () => {
  const rules = [rule('Web in', { source: ['partners'] })];
  const scopes = (value: string): Scopes => ({
    vsys: {
      addressGroups: { partners: { kind: 'static', members: ['net'] } },
      addresses: { net: { kind: 'ip-netmask', value } },
    },
  });
  const pending = [edit(`${V}/address/entry[@name='net']`, 'carol'), edit(`${V}/address/entry[@name='other']`, 'bob')];
  assert.equal(
    inTwo(rules, rules, pending, [scopes('203.0.113.0/24'), scopes('203.0.113.0/25')])[0]?.verdict.explanation,
    'running: all of it by "Web in"; candidate: 203.0.113.0/25 by "Web in", the rest reaches "Clean up"; not committed yet: "net" edited by carol',
  );
});

test('where no single edit explains the difference every administrator with edits is named', () => {
  const pending = [edit(`${V}/rulebase/security/rules`, 'alice'), edit(`${V}/rulebase/security/rules`, 'bob')];
  const { explanation = '' } = inTwo([rule('Web in')], [], pending)[0]?.verdict ?? {};
  assert.match(explanation, /; with uncommitted edits of alice, bob$/);
});

test('a candidate needed in one configuration is accepted for both', () => {
  const judged = judgeCandidates({
    views: [view([rule('Web in'), cleanUp], 'running'), view([cleanUp], 'candidate')],
    bottomRule: 'Clean up',
    owned: [],
    removedRules: [],
    pending: [],
    candidates: [candidate(), candidate({ group: 'sg-2' })],
  });
  assert.deepEqual(
    judged.map(({ verdict }) => verdict.kind),
    ['needed', 'allowed'],
  );
});

// More applications than an administrator's allow

const sslOnly = rule('Web in', { application: ['ssl'], service: ['service-https'] });

test('an allow for the same addresses and ports but fewer applications leaves the candidate needed, and is named', () => {
  const [judged] = judge([sslOnly], [candidate()]);
  assert(judged?.verdict.kind === 'needed');
  assert.deepEqual(judged.verdict.opensMoreApplicationsThan, ['Web in']);
  assert.equal(
    judged.verdict.explanation,
    'application ssl by "Web in", the rest reaches "Clean up"; opens more applications than "Web in"',
  );
});

test('with strict applications such a candidate is refused, and does not count for those after it', () => {
  const judged = judge([sslOnly], [candidate(), candidate({ group: 'sg-2' })], {}, { strictApplications: true });
  assert.deepEqual(
    judged.map(({ verdict }) => verdict.kind),
    ['refused', 'refused'],
  );
  const [first] = judged;
  assert(first?.verdict.kind === 'refused');
  assert.deepEqual(first.verdict.opensMoreApplicationsThan, ['Web in']);
});

test('what opens no more applications is not refused', () => {
  const cases: readonly (readonly [string, readonly SecurityRule[], CandidateRule])[] = [
    ['no rule at all', [], candidate()],
    ['other ports', [rule('R', { application: ['ssl'], service: ['service-http'] })], candidate()],
    ['only some of the ports', [sslOnly], candidate({ service: 'tcp/443-444' })],
    ['other addresses', [rule('R', { ...sslOnly, name: 'R', destination: ['10.9.9.9'] })], candidate()],
    ['part of the source', [rule('R', { ...sslOnly, name: 'R', source: ['203.0.113.0/25'] })], candidate()],
    ['a deny', [rule('R', { ...sslOnly, name: 'R', action: 'deny' })], candidate()],
    ['a disabled rule', [rule('R', { ...sslOnly, name: 'R', disabled: true })], candidate()],
    ['an unsure rule', [rule('R', { ...sslOnly, name: 'R', restrictions: ['source-user'] })], candidate()],
    ['another application', [rule('R', { application: ['ssh'] })], candidate({ application: ['ssl'] })],
  ];
  for (const [what, rules, asked] of cases) {
    assert.equal(judge(rules, [asked], {}, { strictApplications: true })[0]?.verdict.kind, 'needed', what);
  }
  const own = { owned: [ownedFor('Web in', 'eni-1')], strictApplications: true };
  assert.equal(judge([sslOnly], [candidate()], {}, own)[0]?.verdict.kind, 'needed', 'a rule of ours');
  const earlier = [candidate({ application: ['ssl'] }), candidate({ group: 'sg-2' })];
  assert.equal(judge([], earlier, {}, { strictApplications: true })[1]?.verdict.kind, 'needed', 'one added before');
});

test('one source and address with fewer applications is enough to be named', () => {
  const rules = [rule('Web in', { ...sslOnly, source: ['198.51.100.0/24'], destination: ['10.0.1.5'] })];
  const asked = candidate({
    sources: ['203.0.113.0/24', '198.51.100.0/24'],
    destinations: ['10.0.1.6/32', '10.0.1.5/32'],
  });
  const [judged] = judge(rules, [asked]);
  assert(judged?.verdict.kind === 'needed');
  assert.deepEqual(judged.verdict.opensMoreApplicationsThan, ['Web in']);
});

test('one of several applications that an allow names is enough to be named', () => {
  const [judged] = judge(
    [rule('Admin', { application: ['ssl'] })],
    [candidate({ application: ['ssl', 'ssh', 'ping'], service: 'any' })],
  );
  assert(judged?.verdict.kind === 'needed');
  assert.deepEqual(judged.verdict.opensMoreApplicationsThan, ['Admin']);
});

// What no answer can be given to

test('a candidate needs a named zone on either side, sources, destinations and addresses of its family', () => {
  for (const zone of ['any', 'multicast']) {
    assert.throws(() => judge([], [candidate({ from: zone })]), RangeError);
    assert.throws(() => judge([], [candidate({ to: zone })]), RangeError);
  }
  assert.throws(() => judge([], [candidate({ sources: [] })]), RangeError);
  assert.throws(() => judge([], [candidate({ destinations: [] })]), RangeError);
  assert.throws(() => judge([], [candidate({ sources: ['2001:db8::/32'] })]), RangeError);
  assert.throws(() => judge([], [candidate({ destinations: ['web'] })]), RangeError);
});

test('a candidate that could match no session is needed, never proved', () => {
  const impossible = candidate({ application: ['ping'], service: 'tcp/443' });
  assert.equal(short(judge([], [impossible])), 'needed');
});
