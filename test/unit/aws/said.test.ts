import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSaid } from '../../../shared/aws/table/said.ts';
import type { AnnouncedFact, NamedPermission } from '../../../shared/domain/announced-facts.ts';
import { type Announced, type Change, nothingAnnounced } from '../../../shared/domain/change.ts';
import { factSays, saysOtherwise, statementsOf } from '../../../shared/domain/grants/statements.ts';
import { viewOf } from '../../../shared/workflow/visibility.ts';
import { newSeed, worldOf } from './ec2-world.ts';
import { ownTable } from './own-table.ts';

const second = (at: number): string => `2026-11-02T08:00:${String(at).padStart(2, '0')}Z`;
const change = (at: number, announced: Partial<Announced>, eventId = `e${at}`): Change => ({
  kind: `Call at ${at}`,
  subjects: [{ kind: 'group', id: 'sg-0a' }],
  who: 'ann',
  when: second(at),
  eventId,
  announced: { ...nothingAnnounced, ...announced },
});
const https: NamedPermission = { protocol: 'tcp', fromPort: 443, toPort: 443, source: '203.0.113.0/24' };

test('what events said of a thing is read in the order of their times, once each', async () => {
  const { table, now } = await ownTable();
  const said = createSaid(table, now);
  for (const at of [3, 1, 2, 3]) await said.put(change(at, { removedRules: ['sgr-01', 'sgr-02'] }));
  assert.deepEqual(
    (await said.about('sgr-01')).map(({ when, eventId, kind, statement }) => [when, eventId, kind, statement.says]),
    [1, 2, 3].map((at) => [second(at), `e${at}`, `Call at ${at}`, 'gone']),
  );
  assert.deepEqual(await said.about('sgr-03'), []);
});

test('what was said goes by itself after a day', async () => {
  const { table, now } = await ownTable();
  await createSaid(table, now).put(change(1, { removedRules: ['sgr-01'] }));
  const [item] = await table.query('said#sgr-01');
  assert.equal(item?.['expiresAt'], Math.floor(now() / 1000) + 24 * 3600);
});

test('a change that announces nothing writes nothing down', async () => {
  const { table, now, asked } = await ownTable();
  await createSaid(table, now).put(change(1, {}));
  assert.deepEqual(asked, []);
});

const pairs: readonly {
  readonly title: string;
  readonly one: Partial<Announced>;
  readonly other: Partial<Announced>;
  readonly settles: boolean;
}[] = [
  {
    title: 'a grant and a revoke of its rule',
    one: { createdRules: ['sgr-01'] },
    other: { removedRules: ['sgr-01'] },
    settles: true,
  },
  {
    title: 'a grant and a revoke of its content, however written',
    one: { createdRules: ['sgr-01'], createdPermissions: [{ ...https, rule: 'sgr-01' }] },
    other: { revokedPermissions: [{ ...https, protocol: '6', source: '203.0.113.77/24' }] },
    settles: true,
  },
  {
    title: 'a grant and a revoke of another port',
    one: { createdRules: ['sgr-01'], createdPermissions: [{ ...https, rule: 'sgr-01' }] },
    other: { revokedPermissions: [{ ...https, toPort: 444 }] },
    settles: false,
  },
  {
    title: 'two grants of one content',
    one: { createdPermissions: [{ ...https, rule: 'sgr-01' }] },
    other: { createdPermissions: [{ ...https, rule: 'sgr-02' }] },
    settles: false,
  },
  {
    title: 'a start and a stop',
    one: { instanceStates: { 'i-0aa': 'pending' } },
    other: { instanceStates: { 'i-0aa': 'stopping' } },
    settles: true,
  },
  {
    title: 'a start and its notification',
    one: { instanceStates: { 'i-0aa': 'pending' } },
    other: { instanceStates: { 'i-0aa': 'running' } },
    settles: false,
  },
  ...(
    [
      [
        'two groups of one interface',
        { kind: 'groups', of: 'eni-0e', groups: ['sg-0a'] },
        { kind: 'groups', of: 'eni-0e', groups: ['sg-0b'] },
        true,
      ],
      [
        'an address that moves on',
        { kind: 'address', interface: 'eni-0e', address: '10.0.1.7/32', held: true },
        { kind: 'address', interface: 'eni-0f', address: '10.0.1.7/32', held: true },
        true,
      ],
      [
        'an address taken away and given to another interface: the first may still be shown with it',
        { kind: 'address', interface: 'eni-0e', address: '10.0.1.7/32', held: false },
        { kind: 'address', interface: 'eni-0f', address: '10.0.1.7/32', held: true },
        false,
      ],
      [
        'two addresses of one interface',
        { kind: 'address', interface: 'eni-0e', address: '10.0.1.7/32', held: true },
        { kind: 'address', interface: 'eni-0e', address: '10.0.1.8/32', held: true },
        false,
      ],
      [
        'an attachment and its end',
        { kind: 'attached', interface: 'eni-0e', instance: 'i-0aa', attachment: 'eni-attach-01' },
        { kind: 'detached', attachment: 'eni-attach-01' },
        true,
      ],
      [
        'a route made and deleted',
        { kind: 'route', table: 'rtb-01', destination: '0.0.0.0/0', target: 'eni-0f' },
        { kind: 'route', table: 'rtb-01', destination: '0.0.0.0/0', target: null },
        true,
      ],
      [
        'routes of two tables',
        { kind: 'route', table: 'rtb-01', destination: '0.0.0.0/0', target: 'eni-0f' },
        { kind: 'route', table: 'rtb-02', destination: '0.0.0.0/0', target: 'igw-01' },
        false,
      ],
      [
        'two versions of a prefix list',
        { kind: 'prefix list', id: 'pl-0a', version: 2, added: [], removed: [] },
        { kind: 'prefix list', id: 'pl-0a', version: 3, added: [], removed: [] },
        true,
      ],
    ] satisfies readonly (readonly [string, AnnouncedFact, AnnouncedFact, boolean])[]
  ).map(([title, one, other, settles]) => ({ title, one: { facts: [one] }, other: { facts: [other] }, settles })),
];

for (const { title, one, other, settles } of pairs) {
  test(`the later ${settles ? 'settles' : 'does not settle'} the earlier: ${title}`, () => {
    const [earlier, later] = [statementsOf(change(1, one)), statementsOf(change(2, other))];
    assert.equal(
      earlier.some((each) => later.some((said) => saysOtherwise(each, said))),
      settles,
    );
  });
}

test('a content that is shown by another rule than the later grant made is not settled by it', () => {
  const gone = { about: 'sg-0a tcp', says: 'gone' };
  const granted = { about: 'sg-0a tcp', says: 'there', rule: 'sgr-02' };
  assert.equal(saysOtherwise({ ...gone, rule: 'sgr-02' }, granted), true);
  assert.equal(saysOtherwise({ ...gone, rule: 'sgr-01' }, granted), false);
});

test('every fact says something about each thing it is about', () => {
  const tables: AnnouncedFact = { kind: 'routes to', target: 'vpce-01', tables: ['rtb-01', 'rtb-02'], there: true };
  assert.deepEqual(factSays(tables), [
    { about: 'routes to vpce-01 in rtb-01', says: 'there' },
    { about: 'routes to vpce-01 in rtb-02', says: 'there' },
  ]);
});

/** What is made of a grant at second 10 that EC2 does not show, when another event says otherwise. */
const viewWith = async (other: Change | null, secondsLater: number) => {
  const { table, now } = await ownTable();
  const said = createSaid(table, now);
  const granted = change(10, { createdRules: ['sgr-01'] });
  for (const each of [granted, ...(other === null ? [] : [other])]) await said.put(each);
  const { reads } = worldOf(newSeed().build());
  const at = Date.parse(second(10)) + secondsLater * 1000;
  return viewOf({ ec2: reads, said }, granted, at, { VISIBILITY_SECONDS: 300 });
};

test('a later event settles at once, an earlier one never, one of the same second after half a minute', async () => {
  const revoke = (at: number, eventId?: string) => change(at, { removedRules: ['sgr-01'] }, eventId);
  assert.deepEqual(await viewWith(revoke(11), 2), {
    kind: 'believed',
    because: 'sgr-01 was created, EC2 does not show it; a later Call at 11 says otherwise.',
  });
  assert.equal((await viewWith(revoke(9), 299)).kind, 'awaited');
  assert.equal((await viewWith(null, 299)).kind, 'awaited');
  assert.equal((await viewWith(revoke(10, 'other'), 29)).kind, 'awaited');
  assert.deepEqual(await viewWith(revoke(10, 'other'), 30), {
    kind: 'believed',
    because: 'sgr-01 was created, EC2 does not show it; another Call at 10 says otherwise.',
  });
  assert.equal((await viewWith(revoke(11, 'e10'), 200)).kind, 'awaited', 'an event settles nothing of its own');
  const old = await viewWith(null, 300);
  assert.match(old.kind === 'believed' ? old.because : '', /old enough that EC2 is believed/);
});

test('a grant that was given another content and revoked by that one is settled', async () => {
  const { table, now } = await ownTable();
  const said = createSaid(table, now);
  const granted = change(10, { createdRules: ['sgr-01'], createdPermissions: [{ ...https, rule: 'sgr-01' }] });
  const smtp = { ...https, fromPort: 25, toPort: 25 };
  await said.put(granted);
  await said.put(change(11, { facts: [{ kind: 'rule', group: 'sg-0a', id: 'sgr-01', permission: smtp }] }));
  const { reads } = worldOf(newSeed().build());
  const view = () => viewOf({ ec2: reads, said }, granted, Date.parse(second(20)), { VISIBILITY_SECONDS: 300 });
  assert.equal((await view()).kind, 'awaited', 'another content does not undo it');
  await said.put(change(12, { revokedPermissions: [smtp] }));
  assert.equal((await view()).kind, 'believed');
});
