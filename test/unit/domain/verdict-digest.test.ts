import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy, SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { policyDigest } from '../../../shared/domain/policy/policy-digest.ts';
import { cleanUp, decryptionRule, type Objects, policy, rule, type Scopes } from './verdict-policies.ts';

const digest = (rules: readonly SecurityRule[], scopes: Scopes = {}): string =>
  policyDigest(policy([...rules, cleanUp], scopes), 'Clean up');

const webIn = rule('Web in', {
  source: ['partners', '198.51.100.0/24'],
  destination: ['servers'],
  application: ['apps'],
  service: ['ports'],
});
const objects: Objects = {
  addressGroups: { partners: { kind: 'static', members: ['net'] }, servers: { kind: 'dynamic', filter: "'web'" } },
  addresses: { net: { kind: 'ip-netmask', value: '203.0.113.0/24' }, unused: { kind: 'fqdn', value: 'x.example' } },
  serviceGroups: { ports: ['https'] },
  services: { https: { protocol: 'tcp', port: '443', sourcePort: null } },
  applicationGroups: { apps: ['ours'] },
  applications: { ours: { defaultPorts: ['tcp/443'] } },
};
const before = digest([webIn], { vsys: objects });

test('the same policy has the same digest, whatever was read first', () => {
  assert.equal(digest([{ ...webIn }], { vsys: { ...objects } }), before);
  const reversed = Object.fromEntries(Object.entries(objects.addresses ?? {}).reverse());
  assert.equal(digest([webIn], { vsys: { ...objects, addresses: reversed } }), before);
});

test('what only describes, marks or logs does not change the digest', () => {
  const other = { description: 'new', tags: ['red'], logSetting: 'all', profileGroup: 'strict', others: { qos: 'x' } };
  assert.equal(digest([{ ...webIn, ...other }], { vsys: objects }), before);
});

test('a disabled rule, a rule below the bottom rule and an unused object do not change the digest', () => {
  assert.equal(digest([rule('Off', { disabled: true }), webIn], { vsys: objects }), before);
  assert.equal(policyDigest(policy([webIn, cleanUp, rule('Below')], { vsys: objects }), 'Clean up'), before);
  const more = { ...objects.addresses, other: { kind: 'ip-netmask', value: '10.0.0.1' } as const };
  assert.equal(digest([webIn], { vsys: { ...objects, addresses: more } }), before);
});

test('every field of a rule that matching looks at changes the digest', () => {
  const changes: readonly Partial<SecurityRule>[] = [
    { name: 'Other' },
    { uuid: 'other' },
    { rulebase: 'pushed-pre' },
    { from: ['dmz'] },
    { to: ['dmz'] },
    { source: ['partners'] },
    { destination: ['10.0.0.1'] },
    { application: ['ssl'] },
    { service: ['any'] },
    { negateSource: true },
    { negateDestination: true },
    { ruleType: 'interzone' },
    { action: 'deny' },
    { restrictions: ['schedule'] },
    { disabled: true },
  ];
  const digests = changes.map((change) => digest([{ ...webIn, ...change }], { vsys: objects }));
  assert.equal(new Set([before, ...digests]).size, changes.length + 1);
});

test('the order of rules, a missing rule and the bottom rule change the digest', () => {
  const [a, b] = [rule('A', { source: ['10.0.0.1'] }), rule('B', { source: ['10.0.0.2'] })];
  const bottom = (said: Partial<SecurityRule>) => policyDigest(policy([a, b, { ...cleanUp, ...said }]), 'Clean up');
  const digests = [
    digest([a, b]),
    digest([b, a]),
    digest([a]),
    bottom({ uuid: 'other' }),
    bottom({ disabled: true }),
    policyDigest(policy([a, b]), 'Clean up'),
  ];
  assert.equal(new Set(digests).size, digests.length);
});

test('every object a rule depends on changes the digest, however deep, and so does one that comes to hide it', () => {
  const changes: readonly Scopes[] = [
    { vsys: { ...objects, addresses: { net: { kind: 'ip-netmask', value: '203.0.113.0/25' } } } },
    { vsys: { ...objects, addresses: { net: { kind: 'ip-wildcard', value: '203.0.113.0/24' } } } },
    {
      vsys: {
        ...objects,
        addressGroups: { ...objects.addressGroups, partners: { kind: 'static', members: ['net', 'more'] } },
      },
    },
    { vsys: { ...objects, addressGroups: { ...objects.addressGroups, servers: { kind: 'static', members: [] } } } },
    {
      vsys: {
        ...objects,
        addresses: { ...objects.addresses, '198.51.100.0/24': { kind: 'fqdn', value: 'x.example' } },
      },
    },
    { vsys: { ...objects, externalLists: ['net'] } },
    { vsys: objects, predefined: { regions: ['net'] } },
    { vsys: { ...objects, services: { https: { protocol: 'tcp', port: '444', sourcePort: null } } } },
    { vsys: { ...objects, services: { https: { protocol: 'udp', port: '443', sourcePort: null } } } },
    { vsys: { ...objects, services: { https: { protocol: 'tcp', port: '443', sourcePort: '1024-65535' } } } },
    { vsys: { ...objects, serviceGroups: { ports: ['https', 'more'] } } },
    { vsys: { ...objects, serviceGroups: { ...objects.serviceGroups, https: [] } } },
    { vsys: { ...objects, applications: { ours: { defaultPorts: ['tcp/444'] } } } },
    { vsys: { ...objects, applications: { ours: { ipProtocol: 50 } } } },
    { vsys: { ...objects, applications: { ours: { icmp: { family: 4, type: 8, code: null } } } } },
    { vsys: { ...objects, applicationGroups: { apps: ['ours', 'ssl'] } } },
    { vsys: { ...objects, applicationFilters: ['ours'] } },
    { vsys: { ...objects, applicationContainers: { apps: ['ours'] } } },
    { vsys: { ...objects, applications: {} }, shared: { applications: objects.applications ?? {} } },
  ];
  const digests = changes.map((scopes) => digest([webIn], scopes));
  assert.equal(new Set([before, ...digests]).size, changes.length + 1);
});

test('with any and application-default every application of the device counts', () => {
  const any = rule('Any', { service: ['application-default'] });
  const more: Scopes = { vsys: { applications: { ours: { defaultPorts: ['tcp/8443'] } } } };
  assert.notEqual(digest([any]), digest([any], more));
  assert.equal(digest([rule('All')]), digest([rule('All')], more));
  assert.equal(
    digest([rule('R', { ...any, application: ['ssl'] })]),
    digest([rule('R', { ...any, application: ['ssl'] })], more),
  );
});

test('in a shared group a member is followed from the scope of the group as well', () => {
  const shared: Objects = { addressGroups: { g: { kind: 'static', members: ['o'] } } };
  const inShared = (value: string): Scopes => ({
    vsys: { addresses: { o: { kind: 'ip-netmask', value: '10.0.0.1' } } },
    shared: { ...shared, addresses: { o: { kind: 'ip-netmask', value } } },
  });
  const one = rule('R', { source: ['g'] });
  assert.notEqual(digest([one], inShared('10.0.0.2')), digest([one], inShared('10.0.0.3')));
});

test('decryption rules and what they use change the digest: they decide which App-IDs are named', () => {
  const inspect = { ...decryptionRule('Inspect'), destination: ['farm'] };
  const withRules = (decryption: Policy['decryption'], value = '10.0.1.0/24') =>
    policyDigest(
      {
        ...policy([webIn, cleanUp], { vsys: { ...objects, addresses: { farm: { kind: 'ip-netmask', value } } } }),
        ...(decryption === undefined ? {} : { decryption }),
      },
      'Clean up',
    );
  const [none, one] = [withRules(undefined), withRules([inspect])];
  assert.equal(withRules([]), none);
  assert.notEqual(one, none);
  for (const other of [
    withRules([{ ...inspect, decrypts: false }]),
    withRules([{ ...inspect, from: ['dmz'] }]),
    withRules([inspect, inspect]),
    withRules([inspect], '10.0.2.0/24'),
  ])
    assert.notEqual(other, one);
});
