import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecryptionRule } from '../../../shared/domain/policy/policy.ts';
import { decryptionReader, opensOnly, withDecryption } from '../../../shared/domain/verdict/decryption.ts';
import { candidate, decryptionRule, policy, type Said, type Scopes } from './verdict-policies.ts';

const objects: Scopes = {
  vsys: {
    addresses: { farm: { kind: 'ip-netmask', value: '10.0.1.0/24' }, cdn: { kind: 'fqdn', value: 'cdn.example' } },
    services: {
      https: { protocol: 'tcp', port: '443', sourcePort: null },
      alt: { protocol: 'tcp', port: '8443', sourcePort: null },
      odd: { protocol: 'tcp', port: '', sourcePort: null },
      high: { protocol: 'tcp', port: '443', sourcePort: '1024-65535' },
    },
    externalLists: ['feed'],
  },
};
const ssl: Said = { application: ['ssl'] };
const named = (rules: readonly DecryptionRule[], said: Said = ssl, scopes: Scopes = objects) => {
  const read = decryptionReader([{ ...policy([], scopes), decryption: rules }]);
  return withDecryption([candidate({ ...ssl, ...said })], read)[0]?.application;
};
const both = ['ssl', 'web-browsing'];

test('an App-ID is added where a decryption rule may match some of the sessions, and only there', () => {
  for (const [said, application] of [
    [{}, both],
    [{ destination: ['farm'] }, both],
    [{ destination: ['10.0.1.5'] }, both],
    [{ destination: ['10.0.2.0/24'] }, ['ssl']],
    [{ destination: ['farm'], negateDestination: true }, ['ssl']],
    [{ destination: ['10.0.2.0/24'], negateDestination: true }, both],
    [{ destination: ['cdn'] }, both],
    [{ destination: ['cdn'], negateDestination: true }, both],
    [{ destination: ['::/0'] }, ['ssl']],
    [{ source: ['feed'] }, both],
    [{ source: ['203.0.113.128/25'] }, both],
    [{ source: ['198.51.100.0/24'] }, ['ssl']],
    [{ service: ['https'] }, both],
    [{ service: ['service-https'] }, both],
    [{ service: ['alt'] }, ['ssl']],
    [{ service: ['odd'] }, both],
    [{ service: ['high'] }, both],
    [{ from: ['untrust'], to: ['trust', 'dmz'] }, both],
    [{ from: ['dmz'] }, ['ssl']],
    [{ to: ['dmz'] }, ['ssl']],
    [{ narrowed: true }, both],
    [{ decrypts: false }, ['ssl']],
  ] as const)
    assert.deepEqual(named([decryptionRule('Inspect', said)]), application, JSON.stringify(said));
});

test('what a rule above surely exempts whole is not decrypted below; what it may miss is', () => {
  const inspect = decryptionRule('Inspect');
  for (const [said, application] of [
    [{}, ['ssl']],
    [{ destination: ['farm'], service: ['https'] }, ['ssl']],
    [{ destination: ['10.0.1.6'] }, both],
    [{ source: ['203.0.113.0/25'] }, both],
    [{ source: ['feed'] }, both],
    [{ narrowed: true }, both],
    [{ from: ['dmz'] }, both],
    [{ service: ['alt'] }, both],
    [{ service: ['high'] }, both],
    [{ service: ['odd'] }, both],
  ] as const) {
    const exempt = decryptionRule('Exempt', { ...said, decrypts: false });
    assert.deepEqual(named([exempt, inspect]), application, JSON.stringify(said));
    assert.deepEqual(named([inspect, exempt]), both, 'below, it exempts nothing');
  }
});

test('nothing is added to any application, to one that is not decrypted, beside one named already, or without ports', () => {
  const rules = [decryptionRule('Inspect')];
  assert.deepEqual(named(rules, { application: ['any'] }), ['any']);
  assert.deepEqual(named(rules, { application: ['ssh'], service: 'tcp/22' }), ['ssh']);
  assert.deepEqual(named(rules, { application: ['web-browsing', 'ssl'] }), ['web-browsing', 'ssl']);
  assert.deepEqual(named(rules, { service: 'any' }), ['ssl']);
  assert.deepEqual(named(rules, { service: 'tcp/8443' }), both, 'whatever the port: it stays exactly that');
});

test('an App-ID that the device does not have is not named', () => {
  const { ssl: known } = { ssl: { defaultPorts: ['tcp/443'] } };
  assert.deepEqual(
    named([decryptionRule('Inspect')], ssl, { ...objects, predefined: { applications: { ssl: known } } }),
    ['ssl'],
  );
});

test('where others have edits pending, a rule of either configuration counts', () => {
  const [plain, decrypting] = [policy([]), { ...policy([]), decryption: [decryptionRule('Inspect')] }];
  for (const policies of [
    [plain, decrypting],
    [decrypting, plain],
  ])
    assert.deepEqual(withDecryption([candidate(ssl)], decryptionReader(policies))[0]?.application, both);
});

test('a rule says which App-IDs it opens, and why, only where they narrow its ports', () => {
  assert.equal(opensOnly(candidate(ssl)), 'opens only App-ID ssl');
  assert.equal(
    opensOnly(candidate({ application: ['ms-rdp', 'cotp', 't.120'] })),
    'opens only App-IDs ms-rdp, cotp and t.120',
  );
  assert.equal(
    opensOnly({
      ...candidate({ application: both }),
      decryption: { rule: 'Inspect', from: 'ssl', into: 'web-browsing' },
    }),
    'opens only App-IDs ssl and web-browsing, since the decryption rule "Inspect" may turn ssl into web-browsing',
  );
  assert.equal(opensOnly(candidate()), null);
  assert.equal(opensOnly(candidate({ application: ['ping'], service: 'any' })), null);
});
