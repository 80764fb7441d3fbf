import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrantIndex } from '../../../shared/domain/plan/grant-index.ts';
import { markOf, tableMarked } from '../../../shared/domain/rules/mark.ts';
import {
  contentOf,
  contentOfRule,
  destinationMembers,
  differences,
  portText,
  serviceName,
  sourceMembers,
} from '../../../shared/domain/rules/rule-content.ts';
import { trafficText } from '../../../shared/domain/sets/traffic.ts';
import { destination, grantFor, ownedRecord, source, standing, tcp } from './owned.ts';
import { candidate } from './verdict-policies.ts';

const mark = markOf('0123456789abcdef');
const style = { profileGroup: 'default', logSetting: 'all', tag: 'aws' };
const bare = { profileGroup: null, logSetting: null, tag: null };

test('members are sorted, each once, whatever order and however many rules they come from', () => {
  const sources = [source('203.0.113.0/24', 'sgr-2'), source('10.0.0.0/8'), source('203.0.113.0/24', 'sgr-3')];
  const contributions = { sources, destinations: [destination(2), destination(1), destination(3, '10.0.1.1/32')] };
  assert.deepEqual(sourceMembers(contributions), ['10.0.0.0/8', '203.0.113.0/24']);
  assert.deepEqual(destinationMembers(contributions), ['10.0.1.1/32', '10.0.1.2/32']);
  const turned = { sources: sources.toReversed(), destinations: contributions.destinations.toReversed() };
  assert.deepEqual(
    contentOf({ ...candidate(), ...turned }, 's', style, mark),
    contentOf({ ...candidate(), ...contributions }, 's', style, mark),
  );
});

test('the content of a candidate is an allow rule with exactly its members and the style', () => {
  assert.deepEqual(contentOf(candidate({ application: ['ssl'] }), 'tcp-443', style, mark), {
    from: ['untrust'],
    to: ['trust'],
    source: ['203.0.113.0/24'],
    destination: ['10.0.1.5/32'],
    application: ['ssl'],
    service: ['tcp-443'],
    action: 'allow',
    logSetting: 'all',
    profileGroup: 'default',
    tags: ['aws'],
    description: `a test (sg-1, tcp 443) ${mark}`,
  });
  const { tags, logSetting, profileGroup } = contentOf(candidate(), 'tcp-443', bare, mark);
  assert.deepEqual([tags, logSetting, profileGroup], [[], null, null]);
});

test('a description fits what PAN-OS takes, with the whole mark of the table', () => {
  const { description } = contentOf({ ...candidate(), broughtBy: 'x'.repeat(5000) }, 's', bare, mark);
  assert.equal(description.length, 1023);
  assert.equal(tableMarked(description), '0123456789abcdef');
});

test('contents differ by field; the order of members never matters, their number does', () => {
  const { content } = ownedRecord();
  const of = (said: Partial<typeof content>) => differences({ ...content, ...said }, content);
  assert.deepEqual(of({}), []);
  assert.deepEqual(of({ source: [], action: 'deny', tags: ['a'] }), ['source', 'action', 'tags']);
  assert.deepEqual(differences({ ...content, source: ['a', 'b'] }, { ...content, source: ['b', 'a'] }), []);
  assert.deepEqual(differences({ ...content, source: ['a', 'a'] }, { ...content, source: ['a', 'b'] }), ['source']);
  assert.deepEqual(of({ source: ['0.0.0.0/0', '0.0.0.0/0'] }), ['source']);
  assert.deepEqual(of({ logSetting: 'x' }), ['logSetting']);
});

test('what a rule says is what was written', () => {
  const { content } = ownedRecord();
  assert.deepEqual(contentOfRule(standing(ownedRecord())), content);
});

test('grants are told apart by the whole tuple', () => {
  const grant = grantFor(source('10.0.0.0/8'), destination(1));
  const others = [
    { ...grant, interface: 'eni-2' },
    { ...grant, address: '10.0.1.2/32' },
    { ...grant, group: 'sg-2' },
    { ...grant, securityGroupRule: 'sgr-2' },
    { ...grant, prefixList: 'pl-1' },
    { ...grant, source: '10.0.0.0/9' },
    { ...grant, family: 6 as const },
    { ...grant, traffic: tcp(444) },
    { ...grant, traffic: { kind: 'all' as const } },
    { ...grant, traffic: { kind: 'icmp' as const, family: 4 as const, type: 3, code: 'all' as const } },
    { ...grant, traffic: { kind: 'icmp' as const, family: 4 as const, type: 3, code: 4 } },
  ];
  const index = GrantIndex.of([{ ...grant, sources: [grant], destinations: [grant] }]);
  assert.ok(index.has(grant, grant, grant));
  for (const other of others) assert.equal(index.has(other, other, other), false, JSON.stringify(other));
});

test('traffic and ports are written as engineers write them', () => {
  assert.equal(trafficText(tcp(443)), 'tcp 443');
  assert.equal(trafficText({ kind: 'ports', protocol: 'udp', ports: { from: 1000, to: 2000 } }), 'udp 1000-2000');
  assert.equal(trafficText({ kind: 'icmp', family: 4, type: 'all', code: 'all' }), 'icmp all types');
  assert.equal(trafficText({ kind: 'icmp', family: 6, type: 128, code: 0 }), 'icmpv6 type 128');
  assert.equal(trafficText({ kind: 'protocol', number: 50 }), 'protocol 50');
  assert.equal(trafficText({ kind: 'all' }), 'all traffic');
  assert.deepEqual([portText({ from: 80, to: 80 }), portText({ from: 0, to: 65535 })], ['80', '0-65535']);
  assert.equal(serviceName({ kind: 'ports', protocol: 'udp', ports: { from: 53, to: 53 } }), 'udp-53');
  assert.equal(serviceName({ kind: 'ports', protocol: 'tcp', ports: { from: 1000, to: 2000 } }), 'tcp-1000-2000');
});
