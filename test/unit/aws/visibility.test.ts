import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnnouncedFact } from '../../../shared/domain/announced-facts.ts';
import type { Announced, Change } from '../../../shared/domain/change.ts';
import type { SeenInstance, SeenInterface, SeenRouteTable, SeenRule } from '../../../shared/domain/grants/seen.ts';
import type { Observed } from '../../../shared/domain/grants/sighted.ts';
import { notYetVisible } from '../../../shared/domain/grants/visibility.ts';

const change = (announced: Partial<Announced>): Change => ({
  kind: 'StartInstances',
  subjects: [],
  who: 'arn:aws:iam::210987654321:user/operator',
  when: '2026-11-05T10:11:12Z',
  eventId: 'e',
  announced: { instanceStates: {}, createdRules: [], removedRules: [], ...announced },
});

const anInterface = (id: string, more: Partial<SeenInterface> = {}): SeenInterface => ({
  id,
  type: 'interface',
  requester: null,
  instance: 'i-0aa',
  vpc: 'vpc-0a',
  subnet: 'subnet-0a',
  groups: ['sg-0a', 'sg-0b'],
  addresses: ['10.0.1.7/32'],
  ...more,
});

const instance = (state: string, launchedAt: string | null = '2026-11-01T00:00:00Z'): SeenInstance => ({
  id: 'i-0aa',
  state,
  launchedAt,
  interfaces: [anInterface('eni-0e')],
});

const rule = (id: string, more: Partial<SeenRule> = {}): SeenRule => ({
  id,
  group: 'sg-0a',
  protocol: 'tcp',
  fromPort: 443,
  toPort: 443,
  source: { kind: 'cidr', cidr: '203.0.113.0/24' },
  ...more,
});

const nothing: Observed = {
  instances: [],
  rules: [],
  interfaces: [],
  attachments: [],
  groups: [],
  prefixLists: [],
  routeTables: [],
  associations: [],
  ranges: [],
};

const shown = (announced: string, now: SeenInstance | null) =>
  notYetVisible(change({ instanceStates: { 'i-0aa': announced } }), {
    ...nothing,
    instances: now === null ? [] : [now],
  });

test('a start that EC2 still shows stopped, or not at all, is not visible yet', () => {
  assert.match(String(shown('pending', instance('stopped'))), /i-0aa was announced pending, EC2 shows it stopped/);
  assert.match(String(shown('pending', null)), /EC2 shows it unknown/);
});

test('a start that EC2 shows pending, running or already going down again is visible', () => {
  for (const state of ['pending', 'running', 'stopping', 'shutting-down', 'terminated'])
    assert.equal(shown('pending', instance(state)), null, state);
});

test('a start that EC2 shows without a network interface is not visible yet', () => {
  for (const state of ['pending', 'running'])
    assert.match(
      String(shown('pending', { ...instance(state), interfaces: [] })),
      /EC2 shows it \w+ without a network interface/,
    );
  assert.equal(shown('pending', { ...instance('shutting-down'), interfaces: [] }), null);
});

test('a stop that EC2 still shows running is not visible yet', () => {
  for (const state of ['pending', 'running'])
    for (const announced of ['stopping', 'stopped', 'shutting-down', 'terminated'])
      assert.match(String(shown(announced, instance(state))), /EC2 shows it/, `${announced} ${state}`);
});

test('a stop that EC2 shows, or whose instance is gone or was started since, is visible', () => {
  for (const state of ['stopping', 'stopped', 'shutting-down', 'terminated'])
    assert.equal(shown('stopping', instance(state)), null);
  assert.equal(shown('stopping', null), null);
  assert.equal(shown('stopping', instance('running', '2026-11-05T10:12:00Z')), null);
});

test('created rules that EC2 does not show and removed rules that it does are not visible yet', () => {
  const seen = { ...nothing, rules: [rule('sgr-01')] };
  assert.match(String(notYetVisible(change({ createdRules: ['sgr-01', 'sgr-02'] }), seen)), /sgr-02 was created/);
  assert.match(
    String(notYetVisible(change({ removedRules: ['sgr-01'] }), seen)),
    /sgr-01 was revoked, EC2 still shows it/,
  );
  assert.equal(notYetVisible(change({ createdRules: ['sgr-01'], removedRules: ['sgr-02'] }), seen), null);
});

test('a revoke without rule ids is compared by content, in canonical form', () => {
  const seen = { ...nothing, rules: [rule('sgr-01')] };
  const revoked = (source: string, protocol = 'tcp', fromPort: number | null = 443, toPort: number | null = 443) =>
    notYetVisible(change({ revokedPermissions: [{ protocol, fromPort, toPort, source }] }), seen);
  assert.match(String(revoked('203.0.113.0/24')), /sgr-01 \(tcp from 203\.0\.113\.0\/24\) was revoked/);
  assert.match(String(revoked('203.0.113.9/24', '6')), /sgr-01/);
  assert.equal(revoked('203.0.113.0/25'), null);
  assert.equal(revoked('203.0.113.0/24', 'udp'), null);
  assert.equal(revoked('203.0.113.0/24', 'tcp', 443, 444), null);
  assert.equal(revoked('pl-0a'), null);
});

test('a revoked all-traffic permission is recognised however its ports were written', () => {
  const all = rule('sgr-01', { protocol: '-1', fromPort: -1, toPort: -1, source: { kind: 'cidr', cidr: '0.0.0.0/0' } });
  for (const [fromPort, toPort] of [
    [null, null],
    [0, 0],
    [-1, -1],
  ] as const)
    assert.notEqual(
      notYetVisible(change({ revokedPermissions: [{ protocol: '-1', fromPort, toPort, source: '0.0.0.0/0' }] }), {
        ...nothing,
        rules: [all],
      }),
      null,
    );
});

test('a change that announced nothing is always visible', () => {
  assert.equal(notYetVisible(change({}), nothing), null);
});

test('a grant whose rule is not named is looked for by its content', () => {
  const granted = change({
    createdPermissions: [{ protocol: 'tcp', fromPort: 443, toPort: 443, source: '203.0.113.9/24', rule: null }],
  });
  assert.match(String(notYetVisible(granted, nothing)), /was granted, EC2 does not show it/);
  assert.equal(notYetVisible(granted, { ...nothing, rules: [rule('sgr-01')] }), null);
});

const aTable = (more: Partial<SeenRouteTable> = {}, propagating: readonly string[] = []) => ({
  id: 'rtb-01',
  vpc: 'vpc-0a',
  main: false,
  subnets: [],
  routes: [
    {
      destination: { kind: 'cidr' as const, value: '0.0.0.0/0' },
      targets: ['eni-0f'],
      state: 'active' as const,
      propagated: false,
    },
  ],
  propagating,
  ...more,
});
const aRoute = (...targets: readonly string[]) =>
  aTable({
    routes: [{ destination: { kind: 'cidr', value: '0.0.0.0/0' }, targets, state: 'active', propagated: false }],
  });
const blackhole = aTable({
  routes: [
    {
      destination: { kind: 'prefix-list', value: 'pl-0a' },
      targets: ['vpce-01'],
      state: 'blackhole',
      propagated: false,
    },
  ],
});
const learned = aTable({
  routes: [
    { destination: { kind: 'cidr', value: '0.0.0.0/0' }, targets: ['vgw-01'], state: 'active', propagated: true },
  ],
});
const aList = (version: number, state: string, ...entries: readonly string[]) => ({
  id: 'pl-0a',
  version,
  family: 4 as const,
  entries,
  state,
});
const instances = [{ ...instance('running'), interfaces: [anInterface('eni-0e')] }];
const held = { interfaces: [anInterface('eni-0e')], instances };
const free = { interfaces: [anInterface('eni-0e', { instance: null })] };
const listChange = { kind: 'prefix list', id: 'pl-0a', version: 4, added: ['198.51.100.0/24'], removed: [] } as const;
const removal = { ...listChange, version: null, added: [], removed: ['203.0.113.0/24'] } as const;

/** For each fact: what EC2 may show while it lags, and what settles it. */
const facts: readonly {
  readonly fact: AnnouncedFact;
  readonly lags: readonly Partial<Observed>[];
  readonly shows: readonly Partial<Observed>[];
}[] = [
  {
    fact: { kind: 'groups', of: 'eni-0e', groups: ['sg-0c'] },
    lags: [held],
    shows: [{ interfaces: [anInterface('eni-0e', { groups: ['sg-0c'] })] }, free, {}],
  },
  {
    fact: { kind: 'groups', of: 'i-0aa', groups: ['sg-0b', 'sg-0a', 'sg-0c'] },
    lags: [{ instances }],
    shows: [
      { instances: [{ ...instance('running'), interfaces: [anInterface('eni-0e'), anInterface('eni-0f')] }] },
      {
        instances: [instance('running')].map((one) => ({
          ...one,
          interfaces: [anInterface('eni-0e', { groups: ['sg-0a', 'sg-0b', 'sg-0c'] })],
        })),
      },
      {},
    ],
  },
  {
    fact: { kind: 'address', interface: 'eni-0e', address: '10.0.1.8/32', held: true },
    lags: [held],
    shows: [{ interfaces: [anInterface('eni-0e', { addresses: ['10.0.1.8/32'] })] }, {}],
  },
  {
    fact: { kind: 'address', interface: 'eni-0e', address: '10.0.1.7/32', held: false },
    lags: [held],
    shows: [{ interfaces: [anInterface('eni-0e', { addresses: [] })] }, free, {}],
  },
  {
    fact: { kind: 'attached', interface: 'eni-0e', instance: 'i-0aa', attachment: null },
    lags: [{ instances }, { instances: [instance('stopped')], ...free }, { ...free, instances }],
    shows: [held, { instances: [instance('terminated')] }, {}],
  },
  { fact: { kind: 'detached', attachment: 'eni-attach-01' }, lags: [{ attachments: ['eni-attach-01'] }], shows: [{}] },
  { fact: { kind: 'interface', id: 'eni-0e', there: true }, lags: [{}], shows: [held] },
  { fact: { kind: 'interface', id: 'eni-0e', there: false }, lags: [held], shows: [{}] },
  {
    fact: {
      kind: 'rule',
      group: 'sg-0a',
      id: 'sgr-01',
      permission: { protocol: '6', fromPort: 80, toPort: 80, source: '203.0.113.9/24' },
    },
    lags: [{ rules: [rule('sgr-01')] }, { rules: [rule('sgr-01', { fromPort: 80, toPort: 81 })] }],
    shows: [{ rules: [rule('sgr-01', { fromPort: 80, toPort: 80 })] }, { rules: [rule('sgr-02')] }, {}],
  },
  { fact: { kind: 'group deleted', id: 'sg-0a' }, lags: [{ groups: ['sg-0a'] }], shows: [{}] },
  {
    fact: listChange,
    lags: [
      { prefixLists: [aList(3, 'modify-complete')] },
      { prefixLists: [aList(4, 'modify-in-progress', '198.51.100.0/24')] },
      { prefixLists: [aList(4, 'modify-complete')] },
    ],
    shows: [
      { prefixLists: [aList(4, 'modify-complete', '198.51.100.0/24')] },
      { prefixLists: [aList(5, 'modify-complete')] },
      {},
    ],
  },
  {
    fact: removal,
    lags: [
      { prefixLists: [aList(3, 'modify-complete', '203.0.113.0/24')] },
      { prefixLists: [aList(3, 'restore-in-progress')] },
    ],
    shows: [{ prefixLists: [aList(3, 'modify-complete')] }],
  },
  {
    fact: { kind: 'route', table: 'rtb-01', destination: '0.0.0.0/0', target: 'eni-0f' },
    lags: [{}, { routeTables: [aRoute('igw-01')] }, { routeTables: [learned] }],
    shows: [{ routeTables: [aRoute('i-0f', 'eni-0f')] }],
  },
  {
    fact: { kind: 'route', table: 'rtb-01', destination: '0.0.0.0/0', target: null },
    lags: [{ routeTables: [aTable()] }],
    shows: [{}, { routeTables: [learned] }, { routeTables: [aRoute('local')] }],
  },
  {
    fact: { kind: 'association', id: 'rtbassoc-01', table: 'rtb-01' },
    lags: [{}, { associations: [{ id: 'rtbassoc-01', table: 'rtb-02' }] }],
    shows: [{ associations: [{ id: 'rtbassoc-01', table: 'rtb-01' }] }],
  },
  {
    fact: { kind: 'association', id: 'rtbassoc-01', table: null },
    lags: [{ associations: [{ id: 'rtbassoc-01', table: 'rtb-02' }] }],
    shows: [{}],
  },
  {
    fact: { kind: 'range', association: 'vpc-cidr-assoc-01', there: true },
    lags: [
      {},
      ...['associating', 'disassociated'].map((state) => ({ ranges: [{ association: 'vpc-cidr-assoc-01', state }] })),
    ],
    shows: ['associated', 'failing', 'failed'].map((state) => ({
      ranges: [{ association: 'vpc-cidr-assoc-01', state }],
    })),
  },
  {
    fact: { kind: 'range', association: 'vpc-cidr-assoc-01', there: false },
    lags: ['associated', 'associating'].map((state) => ({ ranges: [{ association: 'vpc-cidr-assoc-01', state }] })),
    shows: [
      {},
      ...['disassociating', 'disassociated'].map((state) => ({
        ranges: [{ association: 'vpc-cidr-assoc-01', state }],
      })),
    ],
  },
  {
    fact: { kind: 'propagation', table: 'rtb-01', gateway: 'vgw-01', on: true },
    lags: [{ routeTables: [aTable()] }],
    shows: [{ routeTables: [aTable({}, ['vgw-01'])] }, {}],
  },
  {
    fact: { kind: 'propagation', table: 'rtb-01', gateway: 'vgw-01', on: false },
    lags: [{ routeTables: [aTable({}, ['vgw-01'])] }],
    shows: [{ routeTables: [aTable()] }, {}],
  },
  {
    fact: { kind: 'routes to', target: 'vpce-01', tables: ['rtb-01'], there: true },
    lags: [{ routeTables: [aTable()] }],
    shows: [{ routeTables: [aRoute('vpce-01')] }, { routeTables: [blackhole] }, {}],
  },
  {
    fact: { kind: 'routes to', target: 'vpce-01', tables: null, there: false },
    lags: [{ routeTables: [aRoute('vpce-01')] }],
    shows: [{ routeTables: [blackhole] }, { routeTables: [aTable()] }, {}],
  },
];

for (const { fact, lags, shows } of facts) {
  const { kind, ...rest } = fact;
  test(`a lag and a newer state are told apart: ${kind} ${Object.values(rest).map(String).join(' ')}`, () => {
    const seen = (more: Partial<Observed>) => notYetVisible(change({ facts: [fact] }), { ...nothing, ...more });
    for (const [index, more] of lags.entries())
      assert.match(String(seen(more)), /EC2 (still )?shows|EC2 does not show/, `lag ${index}`);
    for (const [index, more] of shows.entries()) assert.equal(seen(more), null, `shown ${index}`);
  });
}
