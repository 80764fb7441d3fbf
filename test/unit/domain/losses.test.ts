import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change } from '../../../shared/domain/change.ts';
import type { SeenRoute, SeenRule } from '../../../shared/domain/grants/seen.ts';
import type { GoneInterface } from '../../../shared/domain/grants/standing.ts';
import { factOf } from '../../../shared/domain/plan/facts.ts';
import { type Explanations, explainLosses, outdatedFacts } from '../../../shared/domain/plan/losses.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import { candidatesFor, grantsOf } from '../../support/grants.ts';
import { destination, ownedRecord, source } from './owned.ts';

const record = ownedRecord();
const listed = ownedRecord({
  contributions: { sources: [source('198.51.100.0/24', 'sgr-1', 'pl-1')], destinations: [destination(1)] },
});
const ofService = ownedRecord({
  contributions: {
    sources: [source('0.0.0.0/0')],
    destinations: [{ interface: 'eni-1', instance: 'eni-1', address: '10.0.1.1/32' }],
  },
});

const beforeNat = ownedRecord({
  contributions: { sources: [source('0.0.0.0/0')], destinations: [destination(1, '198.51.100.7/32')] },
});

const vpc = 'vpc-1';
const seen = { id: 'eni-1', vpc, subnet: 'subnet-1', groups: ['sg-1'], addresses: ['10.0.1.1/32'] };
const networkWith = (state: SeenRoute['state']): Explanations['network'] => ({
  tables: [
    {
      id: 'rtb-1',
      vpc,
      main: true,
      subnets: ['subnet-1'],
      routes: [{ destination: { kind: 'cidr', value: '0.0.0.0/0' }, targets: ['eni-fw'], state, propagated: false }],
    },
  ],
  vpcs: [{ id: vpc, ranges: ['10.0.0.0/16'] }],
  prefixLists: [],
});
const permission: SeenRule = {
  id: 'sgr-1',
  group: 'sg-1',
  protocol: 'tcp',
  fromPort: 443,
  toPort: 443,
  source: { kind: 'cidr', cidr: '0.0.0.0/0' },
};
const byList: SeenRule = { ...permission, source: { kind: 'prefix-list', id: 'pl-1' } };
const list = (...entries: string[]) => ({ id: 'pl-1', version: 2, family: 4 as const, entries });

const gone = (how: GoneInterface['how'], vanished: boolean): Partial<Explanations> => ({
  gone: [{ interface: 'eni-1', instance: 'i-1', addresses: ['10.0.1.1/32'], how, vanished }],
});
const absent: Partial<Explanations> = { ...gone('absent', true), shown: [] };

const change = (said: Partial<Omit<Change, 'announced'>>, announced: Partial<Change['announced']> = {}): Change => ({
  kind: 'x',
  subjects: [{ kind: 'group', id: 'sg-1' }],
  who: 'ann',
  when: '2026-11-05T10:00:00Z',
  eventId: 'e',
  ...said,
  announced: { instanceStates: {}, createdRules: [], removedRules: [], ...announced },
});
const state = (of: string, when = '2026-11-05T10:00:00Z') => change({ when }, { instanceStates: { 'i-1': of } });
const changes = (...all: readonly Change[]): Partial<Explanations> => ({ changes: all });

/** EC2 shows the interface and its group with the permission: nothing explains why the grant is not granted. */
const explained = (said: Partial<Explanations>, of: RuleRecord = record) => {
  const { unexplained, facts } = explainLosses([of], [], new Set(['eni-1']), {
    gone: [],
    shown: [seen],
    network: networkWith('active'),
    firewallTargets: ['eni-fw'],
    preNatAddresses: new Map(),
    settingsAsBefore: true,
    changes: [],
    facts: new Set(),
    groups: new Map([['sg-1', vpc]]),
    groupsWithRules: new Set(['sg-1']),
    rules: [permission, byList],
    prefixLists: [list('198.51.100.0/24')],
    ...said,
  });
  return { because: unexplained[0]?.because ?? 'shown', facts: [...facts] };
};

const rerouting = (table: string): Change =>
  change({ kind: 'DeleteRoute' }, { facts: [{ kind: 'route', table, destination: '0.0.0.0/0', target: null }] });
const revoked = factOf.permission(record, { securityGroupRule: 'sgr-1', from: '0.0.0.0/0' });
const revokedByContent = { protocol: 'tcp', fromPort: 443, toPort: 443, source: '0.0.0.0/0' };

const cases: Readonly<
  Record<string, readonly [Partial<Explanations>, 'shown' | 'vanished' | 'away', (string | null)?, RuleRecord?]>
> = {
  'nothing explains it': [{}, 'vanished'],
  'its instance is stopped': [gone('stopped', false), 'shown', factOf.interface('eni-1')],
  'the interface is deleted beside its living instance': [gone('deleted', false), 'shown', factOf.interface('eni-1')],
  'EC2 does not show the interface': [absent, 'vanished'],
  '… which was announced terminated': [
    { ...absent, ...changes(state('terminated')) },
    'shown',
    factOf.interface('eni-1'),
  ],
  '… which was announced terminated, then running': [
    { ...absent, ...changes(state('running', '2026-11-05T11:00:00Z'), state('terminated')) },
    'vanished',
  ],
  '… which an earlier run saw stopped': [{ ...absent, facts: new Set([factOf.interface('eni-1')]) }, 'shown'],
  'a living interface that was announced stopped': [changes(state('stopped')), 'vanished'],
  'only a setting leaves it out': [gone('setting', true), 'vanished'],
  'it is not routed any more': [gone('not routed', true), 'vanished'],
  '… which a route event announced': [
    { ...gone('not routed', true), ...changes(change({ kind: 'ReplaceRoute' })) },
    'shown',
    factOf.rerouted('eni-1'),
  ],
  '… which said the table that decides': [
    { ...gone('not routed', true), ...changes(rerouting('rtb-1')) },
    'shown',
    factOf.rerouted('eni-1'),
  ],
  '… which was about another table': [{ ...gone('not routed', true), ...changes(rerouting('rtb-2')) }, 'vanished'],
  '… which led a subnet to the table': [
    {
      ...gone('not routed', true),
      ...changes(
        change({ kind: 'AssociateRouteTable' }, { facts: [{ kind: 'association', id: 'rtbassoc-1', table: 'rtb-1' }] }),
      ),
    },
    'shown',
    factOf.rerouted('eni-1'),
  ],
  '… which took a subnet from some table': [
    {
      ...gone('not routed', true),
      ...changes(
        change({ kind: 'DisassociateRouteTable' }, { facts: [{ kind: 'association', id: 'rtbassoc-1', table: null }] }),
      ),
    },
    'shown',
    factOf.rerouted('eni-1'),
  ],
  '… and the settings have changed as well': [
    { ...gone('not routed', true), ...changes(change({ kind: 'ReplaceRoute' })), settingsAsBefore: false },
    'vanished',
  ],
  'a route event explains no interface that EC2 does not show': [
    { ...absent, ...changes(change({ kind: 'ReplaceRoute' })) },
    'vanished',
  ],
  'its way to the firewall is a blackhole': [{ ...gone('away', false), network: networkWith('blackhole') }, 'away'],
  '… and the permission is revoked': [
    { ...gone('away', false), network: networkWith('blackhole'), rules: [byList] },
    'shown',
    revoked,
  ],
  'it gave the address up': [{ shown: [{ ...seen, addresses: [] }] }, 'shown', factOf.address('eni-1', '10.0.1.1/32')],
  'a setting says now that clients reach it by another address': [
    { preNatAddresses: new Map([['10.0.1.1/32', '198.51.100.7/32']]) },
    'vanished',
  ],
  'its address before NAT is named by no setting any more': [{}, 'vanished', null, beforeNat],
  '… or by a setting still, for an address that it holds': [
    { preNatAddresses: new Map([['10.0.1.1/32', '198.51.100.7/32']]) },
    'vanished',
    null,
    beforeNat,
  ],
  '… or for one that it gave up': [
    { shown: [{ ...seen, addresses: [] }], preNatAddresses: new Map([['10.0.1.1/32', '198.51.100.7/32']]) },
    'shown',
    factOf.address('eni-1', '198.51.100.7/32'),
    beforeNat,
  ],
  'it left the group': [{ shown: [{ ...seen, groups: ['sg-2'] }] }, 'shown', factOf.membership('eni-1', 'sg-1')],
  'the permission is not shown in its group': [{ rules: [] }, 'shown', revoked],
  'no rule of its group is shown, of either direction': [{ rules: [], groupsWithRules: new Set() }, 'vanished'],
  'the permission says another port': [{ rules: [{ ...permission, toPort: 444 }] }, 'shown', revoked],
  'the permission is of another source': [
    { rules: [{ ...permission, source: { kind: 'cidr', cidr: '10.0.0.0/8' } }] },
    'shown',
    revoked,
  ],
  'the whole group is not shown': [{ groups: new Map(), groupsWithRules: new Set(), rules: [] }, 'vanished'],
  '… though its rule was announced revoked': [
    { groups: new Map(), groupsWithRules: new Set(), rules: [], ...changes(change({}, { removedRules: ['sgr-1'] })) },
    'shown',
    revoked,
  ],
  '… though this content was announced revoked': [
    {
      groups: new Map(),
      groupsWithRules: new Set(),
      rules: [],
      ...changes(change({}, { revokedPermissions: [revokedByContent] })),
    },
    'shown',
    revoked,
  ],
  '… though other content was announced revoked': [
    {
      groups: new Map(),
      groupsWithRules: new Set(),
      rules: [],
      ...changes(change({}, { revokedPermissions: [{ ...revokedByContent, toPort: 444 }] })),
    },
    'vanished',
  ],
  '… and its deletion was announced': [
    { groups: new Map(), groupsWithRules: new Set(), rules: [], ...changes(change({ kind: 'DeleteSecurityGroup' })) },
    'shown',
    revoked,
  ],
  'the prefix list is not shown': [{ prefixLists: [] }, 'vanished', null, listed],
  'the prefix list is empty': [{ prefixLists: [list()] }, 'vanished', null, listed],
  '… which was announced': [
    { prefixLists: [list()], ...changes(change({ kind: 'ModifyManagedPrefixList' })) },
    'shown',
    null,
    listed,
  ],
  'the prefix list has other entries': [{ prefixLists: [list('10.0.0.0/8')] }, 'shown', null, listed],
  'the prefix list still has the entry': [{}, 'vanished', null, listed],
  'a service interface is not shown, and another of its VPC is': [
    { ...absent, shown: [{ ...seen, id: 'eni-2' }] },
    'shown',
    factOf.interface('eni-1'),
    ofService,
  ],
  '… and none of its VPC is': [
    { ...absent, shown: [{ ...seen, id: 'eni-2', vpc: 'vpc-2' }] },
    'vanished',
    null,
    ofService,
  ],
  '… nor anything at all': [
    { ...absent, groups: new Map(), groupsWithRules: new Set(), rules: [] },
    'vanished',
    null,
    ofService,
  ],
};

describe('a grant that EC2 grants no more', () => {
  for (const [title, [said, because, fact, of]] of Object.entries(cases)) {
    test(`${title}: ${because}`, () => {
      assert.deepEqual(explained(said, of), {
        because,
        facts: fact == null ? explained(said, of).facts.filter((one) => said.facts?.has(one)) : [fact],
      });
    });
  }

  test('is in one rectangle with the others that are lost for the same sources', () => {
    const contributions = {
      sources: [source('0.0.0.0/0'), source('198.51.100.0/24', 'sgr-2')],
      destinations: [destination(1), destination(2), destination(3)],
    };
    const wide = ownedRecord({ contributions });
    const kept = candidatesFor(
      grantsOf({ sources: contributions.sources.slice(0, 1), destinations: [destination(3)] }, wide),
    );
    const { unexplained } = explainLosses([wide], kept, new Set(['eni-1', 'eni-2', 'eni-3']), {
      gone: [1, 2, 3].map((at) => ({
        interface: `eni-${at}`,
        instance: `i-${at}`,
        addresses: [],
        how: 'absent',
        vanished: true,
      })),
      shown: [],
      network: networkWith('active'),
      firewallTargets: [],
      preNatAddresses: new Map(),
      settingsAsBefore: true,
      changes: [],
      facts: new Set(),
      groups: new Map(),
      groupsWithRules: new Set(),
      rules: [],
      prefixLists: [],
    });
    assert.deepEqual(
      unexplained.map(({ sources, destinations }) => [sources.length, destinations.map((to) => to.interface)]),
      [
        [2, ['eni-1', 'eni-2']],
        [1, ['eni-3']],
      ],
    );
  });

  test('of an interface out of scope, or of a rule that is deleted, is no loss', () => {
    const said = { ...absent } as Partial<Explanations>;
    assert.equal(explained(said, { ...record, state: 'tombstone' }).because, 'shown');
  });
});

describe('a fact', () => {
  const all = new Set([
    factOf.interface('eni-1'),
    factOf.membership('eni-1', 'sg-1'),
    revoked,
    factOf.interface('eni-9'),
  ]);
  test('is kept as long as a record stands for what it is about and it is not granted again', () => {
    assert.deepEqual(outdatedFacts(all, [record], [], []), [factOf.interface('eni-9')]);
  });
  test('goes when the interface counts again, when the permission grants again, and when no record is left', () => {
    assert.deepEqual(outdatedFacts(all, [record], [], ['eni-1']), [
      factOf.interface('eni-1'),
      factOf.interface('eni-9'),
    ]);
    const granted = candidatesFor(grantsOf(record.contributions, record));
    assert.deepEqual(outdatedFacts(all, [record], granted, []), [...all]);
    assert.deepEqual(outdatedFacts(all, [{ ...record, state: 'tombstone' }], [], []), [...all]);
  });
});
