import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant } from '../../../shared/domain/grants/grants.ts';
import { planRemovals as planFrom, shrunkMembers, withRemovals } from '../../../shared/domain/plan/removals.ts';
import { namePrefix } from '../../../shared/domain/rules/candidate-rules.ts';
import { candidatesFor, grantsOf, missingGrants } from '../../support/grants.ts';
import { destination, edit, grantFor, ownedRecord, recognised, ruleXpath, source, standing, tcp } from './owned.ts';
import { candidate, cleanUp, policy, rule } from './verdict-policies.ts';

const [any, office, partner] = [
  source('0.0.0.0/0', 'sgr-1'),
  source('198.51.100.0/24', 'sgr-2'),
  source('203.0.113.0/24', 'sgr-3'),
];
const [one, two] = [destination(1), destination(2)];
const record = ownedRecord({ contributions: { sources: [any, office], destinations: [one, two] } });
const all = grantsOf(record.contributions, { group: 'sg-1', family: 4, traffic: tcp(443) });
const everywhere = new Set(['eni-1', 'eni-2', 'eni-3']);
const stands = standing(record);
const planRemovals = (
  recognition: Parameters<typeof planFrom>[0],
  desired: readonly Grant[],
  scope: ReadonlySet<string>,
) => planFrom(recognition, candidatesFor(desired), scope);
const planFor = (desired: readonly Grant[], rules = [stands], scope = everywhere, records = [record]) =>
  planRemovals(recognised({ records, rules }), desired, scope);
const nothing = { removals: [], shrinks: [], moves: [], notTouched: [], repaired: [] };

test('a rule whose grants are all desired stays as it is', () => {
  const plan = planFor(all);
  assert.deepEqual({ ...plan, kept: [] }, { ...nothing, kept: [] });
  assert.deepEqual(plan.kept, [{ record, uuid: record.uuid, contributions: record.contributions }]);
});

test('a rule without any grant left is removed, and stands for nothing', () => {
  const plan = planFor([]);
  assert.deepEqual(plan.removals, [
    { id: 'i-1-1', name: 'i-1-1', uuid: record.uuid, why: 'none of its grants is left' },
  ]);
  assert.deepEqual([plan.shrinks, plan.kept], [[], []]);
});

test('an interface that is gone leaves the destinations, and only that node is replaced', () => {
  const plan = planFor(all.filter((grant) => grant.interface !== 'eni-2'));
  const left = { sources: [any, office], destinations: [one] };
  assert.deepEqual(plan.shrinks, [
    {
      id: 'i-1-1',
      name: 'i-1-1',
      uuid: record.uuid,
      contributions: left,
      source: null,
      destination: ['10.0.1.1/32'],
      why: '2 of its grants are gone',
    },
  ]);
  assert.deepEqual(plan.kept[0]?.contributions, left);
});

test('a source that was revoked leaves the sources, and only that node is replaced', () => {
  const [shrink] = planFor(all.filter((grant) => grant.securityGroupRule !== 'sgr-1')).shrinks;
  assert.deepEqual([shrink?.source, shrink?.destination], [['198.51.100.0/24'], null]);
});

test('one grant gone from a rectangle: its interface leaves whole, and what it still deserves is missing', () => {
  const desired = all.filter((grant) => !(grant.interface === 'eni-2' && grant.securityGroupRule === 'sgr-1'));
  const plan = planFor(desired);
  assert.deepEqual(plan.kept[0]?.contributions, { sources: [any, office], destinations: [one] });
  assert.deepEqual(missingGrants(desired, plan.kept), [grantFor(office, two)]);
});

test('the same range under another security group rule, port, group or prefix list is another grant', () => {
  const only = ownedRecord({ contributions: { sources: [office], destinations: [one] } });
  const rest = { group: 'sg-1', family: 4 as const, traffic: tcp(443) };
  for (const other of [
    grantFor(source('198.51.100.0/24', 'sgr-9'), one),
    grantFor(source('198.51.100.0/24', 'sgr-2', 'pl-1'), one),
    grantFor(source('198.51.100.0/25', 'sgr-2'), one),
    grantFor(office, one, { ...rest, group: 'sg-2' }),
    grantFor(office, one, { ...rest, traffic: tcp(444) }),
    grantFor(office, one, { ...rest, traffic: { kind: 'ports', protocol: 'udp', ports: { from: 443, to: 443 } } }),
    grantFor(office, { ...one, address: '10.0.1.9/32' }),
    grantFor(office, { ...one, interface: 'eni-2' }),
  ]) {
    const plan = planFor([other], [standing(only)], everywhere, [only]);
    assert.equal(plan.removals.length, 1);
    assert.deepEqual(missingGrants([other], plan.kept), [other]);
  }
});

test('two ICMP codes are two grants', () => {
  const icmp = (code: number | 'all') => ({ kind: 'icmp', family: 4, type: 3, code }) as const;
  const ping = ownedRecord({ traffic: icmp('all'), contributions: { sources: [office], destinations: [one] } });
  const other = grantFor(office, one, { group: 'sg-1', family: 4, traffic: icmp(4) });
  assert.equal(planFor([other], [standing(ping)], everywhere, [ping]).removals.length, 1);
});

test('a range that two security group rules grant stays until both are gone', () => {
  const twice = ownedRecord({
    contributions: { sources: [office, source('198.51.100.0/24', 'sgr-9')], destinations: [one] },
  });
  const plan = planFor([grantFor(office, one)], [standing(twice)], everywhere, [twice]);
  const [shrink] = plan.shrinks;
  assert.deepEqual([shrink?.source, shrink?.destination], [null, null], 'nothing to write but the record');
  assert.deepEqual(shrink?.contributions, { sources: [office], destinations: [one] });
  assert.deepEqual(planFor([], [standing(twice)], everywhere, [twice]).removals.length, 1);
});

test('an interface out of scope keeps what it has, though EC2 was not asked', () => {
  const plan = planFor([], [stands], new Set(['eni-1']));
  assert.deepEqual(plan.kept[0]?.contributions, { sources: [any, office], destinations: [two] });
  assert.deepEqual(planFor([], [stands], new Set()).kept[0]?.contributions, record.contributions);
});

test('a rule that an administrator disabled or set to deny keeps its grants: they are not added again', () => {
  for (const said of [{ disabled: true }, { action: 'deny' } as const]) {
    const plan = planFor(all, [standing(record, said)]);
    assert.deepEqual({ ...plan, kept: [] }, { ...nothing, kept: [] });
    assert.deepEqual(missingGrants(all, plan.kept), []);
  }
});

test('what an administrator added goes with the first removal on its side, unless it is within what stays', () => {
  const widened = standing(record, {
    source: ['0.0.0.0/0', '198.51.100.0/24', 'Partners', '198.51.100.9/32', '203.0.113.0/24'],
    destination: ['10.0.1.1/32', '10.0.1.2/32', 'Servers', '10.0.1.0/24', '10.0.9.9/32'],
  });
  const [withoutAny] = planFor(
    all.filter((grant) => grant.securityGroupRule !== 'sgr-1'),
    [widened],
  ).shrinks;
  assert.deepEqual(withoutAny?.source, ['198.51.100.0/24', '198.51.100.9/32']);
  assert.equal(withoutAny?.destination, null, 'the other side loses nothing');
  const [withoutTwo] = planFor(
    all.filter((grant) => grant.interface !== 'eni-2'),
    [widened],
  ).shrinks;
  assert.equal(withoutTwo?.source, null);
  assert.deepEqual(withoutTwo?.destination, ['10.0.1.1/32', '10.0.9.9/32']);
});

test('a side that an administrator set to any does not stay any', () => {
  const widened = standing(record, { source: ['any'] });
  const plan = planFor(
    all.filter((grant) => grant.securityGroupRule !== 'sgr-1'),
    [widened],
  );
  assert.deepEqual(
    plan.removals.map(({ why }) => why),
    ['nothing an administrator left of it is still granted'],
  );
});

test('a rule narrowed to what is no longer granted is removed, since no side may be empty', () => {
  const narrowed = standing(record, { destination: ['10.0.1.2/32'] });
  const plan = planFor(
    all.filter((grant) => grant.interface !== 'eni-2'),
    [narrowed],
  );
  assert.deepEqual(
    plan.removals.map(({ why }) => why),
    ['nothing an administrator left of it is still granted'],
  );
  assert.deepEqual([plan.shrinks, plan.kept], [[], []]);
});

test('a rule that lets nothing through goes on holding what it held, also where no rectangle is left', () => {
  const corner = all.filter((grant) => !(grant.interface === 'eni-1' && grant.securityGroupRule === 'sgr-1'));
  for (const said of [{ disabled: true }, { action: 'deny' } as const]) {
    const plan = planFor(corner, [standing(record, said)]);
    assert.deepEqual(plan.kept[0]?.contributions, record.contributions);
    assert.deepEqual(missingGrants(corner, plan.kept), []);
  }
  assert.ok(missingGrants(corner, planFor(corner, [stands]).kept).length > 0, 'an enabled one is tested again');
});

test('a side that an administrator negated keeps every member: taking one out would let it in', () => {
  const negated = standing(record, { negateSource: true });
  const [shrink] = planFor(
    all.filter((grant) => grant.securityGroupRule !== 'sgr-1'),
    [negated],
  ).shrinks;
  assert.equal(shrink?.source, null);
});

test('a rule that somebody else is editing is not touched, and the text says whether a hole stays open', () => {
  const pending = [edit('colleague', ruleXpath('i-1-1'))];
  for (const [said, words] of [
    [{}, /should lose 4 grants, but colleague is editing it: what it no longer should allow stays open/],
    [{ disabled: true }, /nothing stays open/],
    [{ action: 'drop' }, /nothing stays open/],
  ] as const) {
    const plan = planRemovals(
      recognised({ records: [record], rules: [standing(record, said)], pending }),
      [],
      everywhere,
    );
    assert.deepEqual([plan.removals, plan.shrinks], [[], []]);
    assert.match(plan.notTouched.join(), words);
    assert.deepEqual(plan.kept[0]?.contributions, record.contributions);
  }
  const idle = planRemovals(recognised({ records: [record], rules: [stands], pending }), all, everywhere);
  assert.deepEqual(idle.notTouched, [], 'nothing to say where nothing should change');
});

test('a rule that came back is removed, unless somebody is editing it', () => {
  const gone = { ...record, state: 'tombstone' } as const;
  const back = planRemovals(recognised({ records: [gone], rules: [stands] }), all, everywhere);
  assert.deepEqual(
    back.removals.map(({ uuid }) => uuid),
    [record.uuid],
  );
  assert.deepEqual(back.kept, []);
  const pending = [edit('colleague', ruleXpath('i-1-1'))];
  const edited = planRemovals(recognised({ records: [gone], rules: [stands], pending }), all, everywhere);
  assert.deepEqual(edited.removals, []);
  assert.match(edited.notTouched.join(), /"i-1-1" came back and colleague is editing it/);
});

test('a rule below the bottom rule is moved; one that goes, or is being edited, is not', () => {
  const below = { records: [record], rules: [], below: [stands] };
  const plan = planRemovals(recognised(below), all, everywhere);
  assert.deepEqual(plan.moves, [{ id: 'i-1-1', name: 'i-1-1', uuid: record.uuid }]);
  assert.deepEqual(planRemovals(recognised(below), [], everywhere).moves, []);
  const pending = [edit('colleague', ruleXpath('i-1-1'))];
  assert.deepEqual(planRemovals(recognised({ ...below, pending }), all, everywhere).moves, []);
  assert.deepEqual(planFor(all).moves, []);
});

test('a renamed rule is planned for under the name it has now, its record under its key', () => {
  const [removal] = planFor([], [standing(record, { name: 'web in' })]).removals;
  assert.deepEqual([removal?.id, removal?.name], ['i-1-1', 'web in']);
});

test('a shrunk side keeps members of the other family only where they open nothing', () => {
  assert.deepEqual(shrunkMembers(['::/0', '0.0.0.0/0', '2001:db8::1/128'], ['::/0', '0.0.0.0/0'], ['0.0.0.0/0']), [
    '0.0.0.0/0',
  ]);
  assert.deepEqual(shrunkMembers(['2001:db8::/32', '10.0.0.0/8'], ['10.0.0.0/8', '11.0.0.0/8'], ['10.0.0.0/8']), [
    '2001:db8::/32',
    '10.0.0.0/8',
  ]);
});

test('a side from which nothing recorded is taken stays as somebody left it', () => {
  const current = ['any', 'Partners', '10.0.0.0/8'];
  assert.equal(shrunkMembers(current, ['10.0.0.0/8'], ['10.0.0.0/8']), current);
});

test('the policy with the removals made has them gone, shrunk and moved directly above the bottom rule', () => {
  const [first, second, third] = ['a', 'b', 'c'].map((id) => ownedRecord({ id, contributions: record.contributions }));
  assert.ok(first && second && third);
  const rules = [
    standing(first),
    rule('Web in'),
    standing(second),
    cleanUp,
    standing(third),
    rule('intrazone-default', { uuid: null, rulebase: 'default' }),
  ];
  const plan = {
    ...nothing,
    kept: [],
    removals: [{ id: 'a', name: 'a', uuid: 'uuid of a', why: '' }],
    shrinks: [
      {
        id: 'b',
        name: 'b',
        uuid: 'uuid of b',
        contributions: record.contributions,
        source: ['10.0.0.0/8'],
        destination: null,
        why: '',
      },
    ],
    moves: [{ id: 'c', name: 'c', uuid: 'uuid of c' }],
  };
  const after = withRemovals(policy(rules), plan, 'Clean up').rules;
  assert.deepEqual(
    after.map(({ name }) => name),
    ['Web in', 'b', 'c', 'Clean up', 'intrazone-default'],
  );
  assert.deepEqual([after[1]?.source, after[1]?.destination], [['10.0.0.0/8'], second.content.destination]);
  assert.deepEqual(withRemovals(policy(rules), nothing, 'Clean up').rules, rules);
});

test('with a default rule as bottom, what is moved stands at the end of the local rules, before what is pushed', () => {
  const [first, third] = [ownedRecord({ id: 'a' }), ownedRecord({ id: 'c' })];
  const rules = [
    rule('Web in'),
    standing(first),
    standing(third),
    rule('Block', { action: 'deny' }),
    rule('Post', { rulebase: 'pushed-post' }),
    rule('interzone-default', { uuid: null, rulebase: 'default' }),
  ];
  const moves = [first, third].map(({ id, uuid }) => ({ id, name: id, uuid: uuid ?? '', past: 'uuid of Block' }));
  assert.deepEqual(
    withRemovals(policy(rules), { ...nothing, moves }, 'interzone-default').rules.map(({ name }) => name),
    ['Web in', 'Block', 'a', 'c', 'Post', 'interzone-default'],
  );
});

test('rules without uuid are never taken for ours', () => {
  const old = rule('a', { uuid: null });
  const plan = { ...nothing, removals: [{ id: 'a', name: 'a', uuid: '', why: '' }] };
  assert.deepEqual(withRemovals(policy([old, cleanUp]), plan, 'Clean up').rules, [old, cleanUp]);
});

test('a bottom rule that Panorama pushed is not the one to stand above', () => {
  const rules = [rule('Clean up', { rulebase: 'pushed-pre' }), cleanUp, standing(ownedRecord({ id: 'c' }))];
  const moved = withRemovals(
    policy(rules),
    { ...nothing, moves: [{ id: 'c', name: 'c', uuid: 'uuid of c' }] },
    'Clean up',
  );
  assert.deepEqual(
    moved.rules.map(({ name, rulebase }) => `${name} ${rulebase}`),
    ['Clean up pushed-pre', 'c local', 'Clean up local'],
  );
});

test('rules are named after the instance or group that brought them; a resync names after the instance', () => {
  assert.equal(namePrefix({ ...candidate(), subject: { kind: 'instance', id: 'i-7' } }), 'i-7');
  assert.equal(namePrefix({ ...candidate(), subject: { kind: 'group', id: 'sg-7' } }), 'sg-7');
  assert.equal(namePrefix({ ...candidate(), subject: { kind: 'everything' } }), 'i-1');
  assert.equal(namePrefix({ ...candidate({ destinations: [] }), subject: { kind: 'everything' } }), 'sg-1');
});

test('grants of another source are never held', () => {
  const plan = planFor(all);
  assert.deepEqual(missingGrants([grantFor(partner, one), grantFor(any, one)], plan.kept), [grantFor(partner, one)]);
});
