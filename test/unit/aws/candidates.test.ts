import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Subject, subjectId } from '../../../shared/domain/change.ts';
import type { Grant } from '../../../shared/domain/grants/grants.ts';
import { permissionTraffic } from '../../../shared/domain/grants/permission-traffic.ts';
import { type CandidateContext, candidateRules } from '../../../shared/domain/rules/candidate-rules.ts';
import { type TranslationSettings, translate } from '../../../shared/domain/rules/translation.ts';
import { appIds } from './ec2-world.ts';

const tcp = (from: number, to = from) => ({ kind: 'ports', protocol: 'tcp', ports: { from, to } }) as const;

const grant = (more: Partial<Grant> = {}): Grant => ({
  interface: 'eni-0a',
  instance: 'i-0a',
  address: '10.0.1.20/32',
  group: 'sg-0a',
  securityGroupRule: 'sgr-01',
  prefixList: null,
  source: '0.0.0.0/0',
  family: 4,
  traffic: tcp(443),
  ...more,
});

const changeOf = (when: string, ...subjects: readonly Subject[]): CandidateContext['changes'][number] => ({
  kind: 'StartInstances',
  subjects,
  who: 'arn:aws:iam::210987654321:user/operator',
  when,
  eventId: `event at ${when}`,
});
const instance = (id: string): Subject => ({ kind: 'instance', id });
const group = (id: string): Subject => ({ kind: 'group', id });

const rules = (grants: readonly Grant[], ...changes: CandidateContext['changes']) =>
  candidateRules(grants, { changes, from: 'untrust', to: 'trust', translation: appIds });
const sources = (rule: { sources: readonly { source: string }[] } | undefined) =>
  rule?.sources.map(({ source }) => source);
const addresses = (rule: { destinations: readonly { address: string }[] } | undefined) =>
  rule?.destinations.map(({ address }) => address);

test('one candidate has all sources and the addresses of all interfaces that carry the group', () => {
  const [rule, ...more] = rules(
    ['10.0.1.21/32', '10.0.1.20/32'].flatMap((address) =>
      ['203.0.113.0/24', '198.51.100.0/24'].map((source) =>
        grant({ address, interface: `eni-${address}`, source, securityGroupRule: `sgr-${source}` }),
      ),
    ),
    changeOf('2026-11-05T10:00:00Z', group('sg-0a')),
  );
  assert.deepEqual(more, []);
  assert.deepEqual(sources(rule), ['198.51.100.0/24', '203.0.113.0/24']);
  assert.deepEqual(addresses(rule), ['10.0.1.20/32', '10.0.1.21/32']);
  assert.deepEqual([rule?.from, rule?.to, rule?.application], ['untrust', 'trust', ['ssl']]);
  assert.equal(
    rule?.broughtBy,
    'StartInstances by arn:aws:iam::210987654321:user/operator at 2026-11-05T10:00:00Z, event event at 2026-11-05T10:00:00Z',
  );
});

test('groups, ports and families make candidates of their own', () => {
  const made = rules(
    [
      grant(),
      grant({ group: 'sg-0b' }),
      grant({ traffic: tcp(443, 444) }),
      grant({ family: 6, source: '::/0', address: '2001:db8::20/128' }),
    ],
    changeOf('2026-11-05T10:00:00Z', instance('i-0a')),
  );
  assert.deepEqual(
    made.map(({ group, family, traffic }) => [group, family, traffic]),
    [
      ['sg-0a', 4, tcp(443)],
      ['sg-0a', 6, tcp(443)],
      ['sg-0a', 4, tcp(443, 444)],
      ['sg-0b', 4, tcp(443)],
    ],
  );
  for (const rule of made) assert.equal(subjectId(rule.subject), 'i-0a');
});

test('interfaces with different source sets make different candidates', () => {
  const made = rules(
    [
      grant(),
      grant({ interface: 'eni-0b', address: '10.0.2.20/32' }),
      grant({ interface: 'eni-0b', address: '10.0.2.20/32', source: '10.0.0.0/8', securityGroupRule: 'sgr-02' }),
    ],
    changeOf('2026-11-05T10:00:00Z', group('sg-0a')),
  );
  assert.deepEqual(
    made.map((rule) => [sources(rule), addresses(rule)]),
    [
      [['0.0.0.0/0'], ['10.0.1.20/32']],
      [['0.0.0.0/0', '10.0.0.0/8'], ['10.0.2.20/32']],
    ],
  );
});

test('groups come first, then instances, each by event time, then those nobody named', () => {
  const made = rules(
    [
      grant({ group: 'sg-0x', instance: 'i-0c' }),
      grant({ group: 'sg-0x', instance: 'i-0b' }),
      grant({ group: 'sg-0x', instance: 'i-0a' }),
      grant({ group: 'sg-0b', instance: 'i-0a' }),
      grant({ group: 'sg-0a', instance: 'i-0a' }),
    ],
    changeOf('2026-11-05T10:00:03Z', instance('i-0a'), group('sg-0a')),
    changeOf('2026-11-05T10:00:01Z', instance('i-0b')),
    changeOf('2026-11-05T10:00:02Z', group('sg-0b')),
  );
  assert.deepEqual(
    made.map(({ subject }) => subjectId(subject)),
    ['sg-0b', 'sg-0a', 'i-0b', 'i-0a', 'i-0c'],
  );
});

test('a resync brings its rules under the names of instances, or of the group where there is none', () => {
  const made = rules(
    [grant(), grant({ instance: 'eni-0e', interface: 'eni-0e', address: '10.0.1.30/32' })],
    changeOf('2026-11-05T10:00:00Z', { kind: 'everything' }),
  );
  assert.deepEqual(
    made.map(({ subject }) => subjectId(subject)),
    ['i-0a', 'sg-0a'],
  );
});

test('a side never has more than 500 members: then a further rule', () => {
  const many = Array.from({ length: 501 }, (_, index) =>
    grant({ source: `198.18.${index >> 8}.${index & 255}/32`, securityGroupRule: `sgr-${index}` }),
  );
  const made = rules(many, changeOf('2026-11-05T10:00:00Z', group('sg-0a')));
  assert.deepEqual(
    made.map((rule) => rule.sources.length),
    [500, 1],
  );
});

test('the same range by two rules is one member and both grants', () => {
  const [rule] = rules(
    [grant(), grant({ securityGroupRule: 'sgr-02', prefixList: 'pl-0a' })],
    changeOf('2026-11-05T10:00:00Z', group('sg-0a')),
  );
  assert.deepEqual(
    rule?.sources.map(({ securityGroupRule }) => securityGroupRule),
    ['sgr-01', 'sgr-02'],
  );
});

const portOnly: TranslationSettings = { ...appIds, applications: 'port-only' };

test('a single well-known port becomes its App-ID with the exact port beside it, a range never does', () => {
  const service = (from: number, to = from) => ({ kind: 'ports', protocol: 'tcp', ports: { from, to } });
  assert.deepEqual(translate(tcp(443), 4, appIds), {
    kind: 'expressible',
    application: ['ssl'],
    service: service(443),
  });
  assert.deepEqual(translate(tcp(80, 443), 4, appIds), {
    kind: 'expressible',
    application: ['any'],
    service: service(80, 443),
  });
  assert.deepEqual(translate(tcp(8080), 4, appIds), {
    kind: 'expressible',
    application: ['any'],
    service: service(8080),
  });
  assert.deepEqual(translate(tcp(443), 4, portOnly), {
    kind: 'expressible',
    application: ['any'],
    service: service(443),
  });
});

test('all ports are one range, not the single upper port', () => {
  const all = permissionTraffic('tcp', 0, 65535);
  assert.ok(all !== null);
  assert.deepEqual(translate(all, 4, appIds), {
    kind: 'expressible',
    application: ['any'],
    service: { kind: 'ports', protocol: 'tcp', ports: { from: 0, to: 65535 } },
  });
});

test('rdp is called ms-rdp and brings what it needs', () => {
  const translated = translate(tcp(3389), 4, appIds);
  assert.deepEqual(translated.kind === 'expressible' && translated.application, ['ms-rdp', 'cotp', 't.120']);
});

test('udp stays udp', () => {
  const dns = translate({ kind: 'ports', protocol: 'udp', ports: { from: 53, to: 53 } }, 4, appIds);
  assert.deepEqual(dns, {
    kind: 'expressible',
    application: ['dns'],
    service: { kind: 'ports', protocol: 'udp', ports: { from: 53, to: 53 } },
  });
});

test('a setting says what one port is', () => {
  const choose = (portApplications: Record<string, readonly string[]>) => {
    const translated = translate(tcp(443), 4, { ...appIds, portApplications });
    return translated.kind === 'expressible' ? translated.application : null;
  };
  assert.deepEqual(choose({ 'tcp/443': ['ssl', 'web-browsing'] }), ['ssl', 'web-browsing']);
  assert.deepEqual(choose({ 'tcp/443': ['any'] }), ['any']);
  assert.deepEqual(choose({ 'udp/443': ['quic'] }), ['ssl']);
});

const icmp = (type: number | 'all', code: number | 'all' = 'all', family: 4 | 6 = 4) =>
  ({ kind: 'icmp', family, type, code }) as const;

test('all ICMP is icmp and ping, echo is ping; IPv6 likewise under its own names', () => {
  for (const [traffic, application] of [
    [icmp('all'), ['icmp', 'ping']],
    [icmp(8), ['ping']],
    [icmp('all', 'all', 6), ['ipv6-icmp', 'ping6']],
    [icmp(128, 'all', 6), ['ping6']],
    [icmp(8, 0), ['ping']],
    [icmp(128, 0, 6), ['ping6']],
  ] as const)
    assert.deepEqual(translate(traffic, traffic.family, appIds), {
      kind: 'expressible',
      application,
      service: { kind: 'any' },
    });
});

test('echo has no code but 0: with another one it is refused', () => {
  assert.equal(translate(icmp(8, 1), 4, appIds).kind, 'refused');
  assert.equal(translate(icmp(128, 3, 6), 6, appIds).kind, 'refused');
});

test('another ICMP type needs an application that an administrator made', () => {
  const settings = { ...appIds, icmpApplications: { 'icmp/3': 'icmp-unreachable', 'icmpv6/1/4': 'no-port' } };
  const application = (traffic: ReturnType<typeof icmp>) => {
    const translated = translate(traffic, traffic.family, settings);
    return translated.kind === 'expressible' ? translated.application : null;
  };
  assert.deepEqual(application(icmp(3)), ['icmp-unreachable']);
  assert.equal(application(icmp(3, 4)), null);
  assert.deepEqual(application(icmp(1, 4, 6)), ['no-port']);
  assert.equal(application(icmp(1, 'all', 6)), null);
});

test('ICMP of one family from a source of the other is refused', () => {
  assert.equal(translate(icmp('all'), 6, appIds).kind, 'refused');
});

test('protocols with an application of their own are expressed, others refused, none becomes any', () => {
  for (const [number, name] of [
    [47, 'gre'],
    [50, 'ipsec-esp'],
    [89, 'ospf'],
  ] as const)
    assert.deepEqual(translate({ kind: 'protocol', number }, 4, appIds), {
      kind: 'expressible',
      application: [name],
      service: { kind: 'any' },
    });
  for (const number of [2, 51, 103, 115, 132])
    assert.equal(translate({ kind: 'protocol', number }, 4, appIds).kind, 'refused');
});

test('permissions are read in every form EC2 and callers use', () => {
  const all = { kind: 'all' };
  const read = permissionTraffic;
  for (const [from, to] of [
    [null, null],
    [0, 0],
    [-1, -1],
  ] as const)
    assert.deepEqual(read('-1', from, to), all);
  assert.deepEqual(read('6', 22, 22), tcp(22));
  assert.deepEqual(read('TCP', 22, 23), tcp(22, 23));
  assert.deepEqual(read('17', -1, -1), { kind: 'ports', protocol: 'udp', ports: { from: 0, to: 65535 } });
  assert.deepEqual(read('1', -1, -1), icmp('all'));
  assert.deepEqual(read('icmp', 8, -1), icmp(8));
  assert.deepEqual(read('58', 128, 0), icmp(128, 0, 6));
  assert.deepEqual(read('47', null, null), { kind: 'protocol', number: 47 });
  for (const [protocol, from, to] of [
    ['tcp', 443, 80],
    ['tcp', 0, 70000],
    ['tcp', null, 80],
    ['256', null, null],
    ['esp', null, null],
    ['icmp', -1, 3],
    ['', null, null],
  ] as const)
    assert.equal(read(protocol, from, to), null, `${protocol} ${from}-${to}`);
});

test('a call about an interface brings a rule of its instance, or of the group where it has none', () => {
  const when = '2026-11-05T10:00:00Z';
  const change = changeOf(when, { kind: 'interface', id: 'eni-0a' }, { kind: 'interface', id: 'eni-0b' });
  const made = rules(
    [grant(), grant({ interface: 'eni-0b', instance: 'eni-0b' }), grant({ interface: 'eni-0c', instance: 'i-0c' })],
    change,
  );
  assert.deepEqual(made.map(({ subject }) => subjectId(subject)).sort(), ['i-0a', 'i-0c', 'sg-0a']);
  const ofCall = made.filter(({ subject }) => subjectId(subject) !== 'i-0c');
  for (const { broughtBy } of ofCall)
    assert.match(broughtBy, new RegExp(`^StartInstances by .*event event at ${when}$`));
});
