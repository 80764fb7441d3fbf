import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bottomPlace, rulesAbove, rulesBelow, sideOfBottom } from '../../../shared/domain/policy/bottom-rule.ts';
import { editedEntry } from '../../../shared/domain/policy/pending-edits.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { lineOfCidrs } from '../../../shared/domain/sets/addresses.ts';
import { everyApplication, onlyApplications } from '../../../shared/domain/sets/application-sets.ts';
import { portsLine, wholeSourcePorts } from '../../../shared/domain/sets/traffic-lines.ts';
import { indexRules, type RuleSets, ruleReader, slotsOn } from '../../../shared/domain/verdict/rule-sets.ts';
import type { Slot } from '../../../shared/domain/verdict/rule-slots.ts';
import { candidateSlots, layersOf, type WalkLimits, walk } from '../../../shared/domain/verdict/verdict-walk.ts';
import { candidate, cleanUp, policy, rule, type Scopes } from './verdict-policies.ts';

const services: Scopes = {
  vsys: {
    services: Object.fromEntries(
      ['442', '443', '444', '440-450'].map((port) => [`tcp-${port}`, { protocol: 'tcp', port, sourcePort: null }]),
    ),
    externalLists: ['bad'],
  },
};

// Which rules are looked at

const near = (rules: readonly SecurityRule[]): readonly string[] => {
  const reader = ruleReader(policy(rules, services));
  const index = indexRules(
    rules.map((one) => reader.sets(one, null)),
    'untrust',
    'trust',
    4,
  );
  const outline = {
    family: 4,
    source: lineOfCidrs(['203.0.113.0/24'], 4),
    destination: lineOfCidrs(['10.0.1.0/24', '10.0.3.0/24'], 4),
    traffic: portsLine('tcp', 443, 443),
  } as const;
  return index.near(outline).map(({ name }) => name);
};

test('rules that meet a candidate in every side are looked at, in order', () => {
  const rules = [
    rule('second host', { destination: ['10.0.3.7'] }),
    rule('any'),
    rule('last source', { source: ['203.0.113.255'] }),
    rule('port range', { service: ['tcp-440-450'] }),
    rule('perhaps', { source: ['bad'] }),
  ];
  assert.deepEqual(
    near(rules),
    rules.map(({ name }) => name),
  );
});

test('rules that share no address, port, zone or family with a candidate are not looked at', () => {
  const rules = [
    rule('destinations below', { destination: ['10.0.0.0/24'] }),
    rule('destinations above', { destination: ['10.0.4.0/24'] }),
    rule('destinations between', { destination: ['10.0.2.0/24'] }),
    rule('sources below', { source: ['203.0.112.0/24'] }),
    rule('sources above', { source: ['203.0.114.0/24'] }),
    rule('sources on both sides', { source: ['203.0.112.0/24', '203.0.114.0/24'] }),
    rule('ports below', { service: ['tcp-442'] }),
    rule('ports above', { service: ['tcp-444'] }),
    rule('IPv6 destinations', { destination: ['2001:db8::/32'] }),
    rule('IPv6 sources', { source: ['2001:db8::/32'] }),
    rule('other zones', { from: ['dmz'] }),
  ];
  assert.deepEqual(near(rules), []);
});

test('nothing is near a question about nothing', () => {
  const reader = ruleReader(policy([rule('any')]));
  const index = indexRules([reader.sets(rule('any'), null)], 'untrust', 'trust', 4);
  const whole = { family: 4, source: [0, 9], destination: [0, 9], traffic: [0, 9] } as const;
  assert.equal(index.near(whole).length, 1);
  for (const side of ['source', 'destination', 'traffic']) assert.deepEqual(index.near({ ...whole, [side]: [] }), []);
});

test('rules with the same application and service columns share what these mean', () => {
  const reader = ruleReader(policy([]));
  const sets = (application: readonly string[], service: readonly string[]) =>
    reader.sets(rule('R', { application, service }), null).slots;
  assert.equal(sets(['ssl', 'ssh'], ['service-https']), sets(['ssl', 'ssh'], ['service-https']));
  assert.notDeepEqual(sets(['ssl', 'ssh'], ['any']), sets(['sslssh'], ['any']));
  assert.notDeepEqual(sets(['ssl'], ['service-http', 'service-https']), sets(['ssl'], ['service-http']));
});

// What matters of a rule for some ports

const slot = (from: number, to: number, name: string): Slot => ({
  traffic: portsLine('tcp', from, to),
  sourcePort: wholeSourcePorts,
  applications: onlyApplications([name]),
});

test('of four and more separate ports of a rule only those that matter are compared, worked out once', () => {
  const slots = [slot(1, 9, 'a'), slot(10, 19, 'b'), slot(20, 29, 'c'), slot(15, 25, 'd')];
  const traffic = portsLine('tcp', 15, 19);
  const narrowed = slotsOn(slots, traffic);
  assert.deepEqual(narrowed, [{ traffic, sourcePort: wholeSourcePorts, applications: onlyApplications(['b', 'd']) }]);
  assert.equal(slotsOn(slots, portsLine('tcp', 15, 19)), narrowed);
  assert.notEqual(slotsOn(slots, portsLine('tcp', 1, 2)), narrowed);
  const few = slots.slice(1);
  assert.equal(slotsOn(few, traffic), few);
});

test('ports whose numbers run together alike are told apart', () => {
  const slots = [1, 2, 3, 4].map(
    (place): Slot => ({
      traffic: [0, 1000],
      sourcePort: [place, place + 1],
      applications: everyApplication,
    }),
  );
  assert.deepEqual(slotsOn(slots, [1, 234])[0]?.traffic, [1, 234]);
  assert.deepEqual(slotsOn(slots, [12, 34])[0]?.traffic, [12, 34]);
});

// The walk

const walked = (rules: readonly SecurityRule[], limits?: WalkLimits, below: readonly RuleSets[] = []) => {
  const reader = ruleReader(policy(rules, services));
  const asked = candidate();
  const sets = rules.map((one) => reader.sets(one, null));
  const [layer = []] = layersOf(asked.destinations, 4);
  const index = indexRules(sets, 'untrust', 'trust', 4);
  const source = lineOfCidrs(['203.0.113.0/24'], 4);
  return walk(
    { ...index, near: (outline) => [...index.near(outline), ...below] },
    4,
    source,
    layer,
    candidateSlots(asked, reader.applications),
    limits,
  );
};

/** Leaves two boxes of what reaches it: other sources, and other applications. */
const corner = rule('Corner', { source: ['203.0.113.0/25'], application: ['ssl'] });
const low = rule('Low', { source: ['203.0.113.0/26'] });
const high = rule('High', { source: ['203.0.113.192/26'] });
const namesOf = (of: ReturnType<typeof walked>) => of.taken.map((one) => one.rule);

test('a candidate cut into more parts than the limit is not judged further', () => {
  const within = walked([corner, high], { boxes: 2, cuts: 100 });
  assert.deepEqual([within.finished, namesOf(within)], [true, ['Corner', 'High']]);
  const beyond = walked([corner, high], { boxes: 1, cuts: 100 });
  assert.deepEqual([beyond.finished, namesOf(beyond), beyond.rest.length], [false, ['Corner'], 2]);
});

test('a candidate compared more often than the limit is not judged further', () => {
  const within = walked([low, high], { boxes: 100, cuts: 1 });
  assert.deepEqual([within.finished, namesOf(within)], [true, ['Low', 'High']]);
  const beyond = walked([low, high], { boxes: 100, cuts: 0 });
  assert.deepEqual([beyond.finished, namesOf(beyond)], [false, ['Low']]);
  // One comparison for each part that is left: one with Corner, two with High, and the third rule comes too late.
  const parts = walked([corner, high, low], { boxes: 100, cuts: 2 });
  assert.deepEqual([parts.finished, namesOf(parts)], [false, ['Corner', 'High']]);
});

test('a rule that surely matches nothing uses up no comparison', () => {
  for (const said of [{ source: ['bad'] }, { destination: ['bad'] }]) {
    const none = walked([rule('Unsure', said), rule('Unsure too', said), low, high], { boxes: 100, cuts: 1 });
    assert.deepEqual([none.finished, namesOf(none)], [true, ['Low', 'High']]);
  }
});

test('what stands below the place where judging stopped is neither taken nor told', () => {
  const stopped = walked([low, high, rule('Unsure', { source: ['bad'] })], { boxes: 100, cuts: 0 });
  assert.deepEqual([stopped.finished, stopped.doubts], [false, []]);
});

test('rules below the one that decides the last part are not looked at', () => {
  const never = (): never => assert.fail('looked at');
  const reader = ruleReader(policy([]));
  const below: RuleSets = {
    ...reader.sets(rule('Below'), null),
    get everSure() {
      return never();
    },
  };
  assert.deepEqual(walked([rule('All')], undefined, [below]).rest, []);
  assert.throws(() => walked([low], undefined, [below]), /looked at/);
});

test('three destinations of which the first and the last show one address are walked in two layers', () => {
  const layers = layersOf(
    candidate({
      destinations: [
        ['eni-1', '10.0.1.5/32'],
        ['eni-2', '10.0.1.6/32'],
        ['eni-3', '10.0.1.5/32'],
        ['eni-3', '10.0.1.7/32'],
      ],
    }).destinations,
    4,
  );
  assert.deepEqual(
    layers.map((layer) => layer.map(({ destination }) => `${destination.interface} ${destination.address}`)),
    [['eni-1 10.0.1.5/32', 'eni-2 10.0.1.6/32', 'eni-3 10.0.1.7/32'], ['eni-3 10.0.1.5/32']],
  );
});

// Where the policy ends, and what an edit is about

test('the rules above the bottom rule are pushed and local ones before it, or all where it is gone', () => {
  const rules = [rule('Pre', { rulebase: 'pushed-pre' }), rule('Web in'), cleanUp, rule('Below')];
  const names = (bottomRule: string) => rulesAbove(policy(rules), bottomRule).map(({ name }) => name);
  assert.deepEqual(names('Clean up'), ['Pre', 'Web in']);
  assert.deepEqual(names('Gone'), ['Pre', 'Web in', 'Clean up', 'Below']);
});

describe('the place of ours', () => {
  const defaults = ['intrazone-default', 'interzone-default'].map((name) => rule(name, { rulebase: 'default' }));
  const pre = rule('Pre', { rulebase: 'pushed-pre' });
  const post = rule('Post', { rulebase: 'pushed-post' });
  const local = [rule('Web in'), rule('Block', { action: 'deny', source: ['203.0.113.0/24'] })];
  for (const [what, rules, bottomRule, place, below] of [
    ['above an ordinary rule', [pre, ...local, ...defaults], 'Block', 2, ['Block', 'intrazone-default']],
    ['at the end, with a default rule', [pre, ...local, ...defaults], 'interzone-default', 3, ['intrazone-default']],
    ['the same with the other one', [pre, ...local, ...defaults], 'intrazone-default', 3, ['intrazone-default']],
    ['above pushed rules', [pre, ...local, post, ...defaults], 'interzone-default', 3, ['Post']],
    ['after pushed rules in an empty rulebase', [pre, ...defaults], 'interzone-default', 1, ['intrazone-default']],
    ['at the end where nothing follows', local, 'interzone-default', 2, []],
    ['not there without the rule', [pre, ...local], 'Clean up', null, []],
    ['not above a pushed rule of its name', [rule('Clean up', { rulebase: 'pushed-pre' })], 'Clean up', null, []],
  ] as const) {
    test(`is ${what}`, () => {
      const read = policy(rules);
      assert.equal(bottomPlace(read, bottomRule), place);
      assert.deepEqual(rulesAbove(read, bottomRule), rules.slice(0, place ?? rules.length));
      assert.deepEqual(
        rulesBelow(read, bottomRule).map(({ name }) => name),
        below,
      );
      const sideOf = sideOfBottom(read, bottomRule);
      assert.deepEqual(
        rules.map((each) => sideOf(each)),
        rules.map((_, at) => (place === null ? null : at < place ? 'above' : 'below')),
      );
    });
  }

  for (const [what, said] of [
    ['zones', { from: ['untrust'] }],
    ['sources', { source: ['10.0.0.0/8'] }],
    ['applications', { application: ['ssl'] }],
    ['services', { service: ['application-default'] }],
    ['a restriction', { restrictions: ['source-user'] }],
    ['a negated side', { negateSource: true }],
    ['one zone only', { ruleType: 'intrazone' }],
    ['being disabled', { disabled: true }],
  ] as const) {
    test(`sessions get past a rule with ${what}`, () => {
      const rules = [rule('Clean up', { action: 'deny', ...said }), rule('After')];
      assert.equal(rulesBelow(policy(rules), 'Clean up').length, 2);
    });
  }
});

test('an edit is about the rule or object that its xpath names, never about the device or vsys around it', () => {
  const device = "/config/devices/entry[@name='localhost.localdomain']";
  const vsys = `${device}/vsys/entry[@name='vsys1']`;
  const about = (xpath: string) => editedEntry({ administrator: 'alice', action: 'EDIT', xpath });
  assert.equal(about(device), null);
  assert.equal(about(vsys), null);
  assert.equal(about(`${vsys}/rulebase/security/rules`), null);
  assert.deepEqual(about(`${vsys}/rulebase/security/rules/entry[@name="it's"]/tag/entry[@name='red']`), {
    kind: 'rule',
    name: "it's",
  });
  assert.deepEqual(about(`${vsys}/address/entry[@name='web']`), { kind: 'object', name: 'web' });
  assert.deepEqual(about("/config/shared/address-group/entry[@name='g']/static"), { kind: 'object', name: 'g' });
});
