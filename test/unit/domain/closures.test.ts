import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedIn, closureText } from '../../../shared/domain/plan/closures.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { destination, ownedRecord, source, standing } from './owned.ts';
import { cleanUp, policy, type Scopes } from './verdict-policies.ts';

const made: Scopes = { vsys: { services: { 'tcp-443': { protocol: 'tcp', port: '443', sourcePort: null } } } };
const [any, office] = [source('0.0.0.0/0'), source('198.51.100.0/24', 'sgr-2')];
const record = ownedRecord({ contributions: { sources: [any], destinations: [destination(1), destination(2)] } });

const texts = (
  rules: readonly SecurityRule[],
  { records = [record], scopes = made }: { readonly records?: readonly RuleRecord[]; readonly scopes?: Scopes } = {},
): readonly string[] => closedIn(policy([...rules, cleanUp], scopes), records).map(closureText);
const whole = (instance: string): string => `closed in "i-1-1" for ${instance} (IPv4): tcp/443 as ssl from 0.0.0.0/0`;

test('a rule as it was written closes nothing, nor does a cosmetic change', () => {
  assert.deepEqual(texts([standing(record)]), []);
  assert.deepEqual(
    texts([standing(record, { name: 'web in', tags: ['seen'], description: 'x', logSetting: 'y' })]),
    [],
  );
});

test('a rule that lets nothing through any more closes everything it was written for, for each of its instances', () => {
  for (const said of [
    { disabled: true },
    { action: 'deny' },
    { action: 'reset-both' },
    { restrictions: ['source-user'] },
    { from: ['dmz'] },
    { source: ['Unknown object'] },
    { negateSource: true },
  ] as const) {
    assert.deepEqual(texts([standing(record, said)]), [whole('i-1'), whole('i-2')], JSON.stringify(said));
  }
});

test('a member taken out closes it, and it alone', () => {
  assert.deepEqual(texts([standing(record, { destination: ['10.0.1.1/32'] })]), [whole('i-2')]);
  assert.deepEqual(texts([standing(record, { source: ['0.0.0.0/1'] })]), [
    'closed in "i-1-1" for i-1 (IPv4): tcp/443 as ssl from 128.0.0.0/1',
    'closed in "i-1-1" for i-2 (IPv4): tcp/443 as ssl from 128.0.0.0/1',
  ]);
});

test('a narrower service closes the ports it lost, whether in the column or in the object', () => {
  const wide = ownedRecord({
    service: { kind: 'ports', protocol: 'tcp', ports: { from: 400, to: 500 } },
    traffic: { kind: 'ports', protocol: 'tcp', ports: { from: 400, to: 500 } },
    content: { ...ownedRecord().content, application: ['any'], service: ['tcp-400-500'] },
  });
  const object = (port: string): Scopes => ({
    vsys: {
      services: {
        'tcp-400-500': { protocol: 'tcp', port, sourcePort: null },
        own: { protocol: 'tcp', port: '400-450', sourcePort: null },
      },
    },
  });
  const lost = ['closed in "i-1-1" for i-1 (IPv4): tcp/451-500 from 0.0.0.0/0'];
  const records = [wide];
  assert.deepEqual(texts([standing(wide)], { records, scopes: object('400-500') }), []);
  assert.deepEqual(texts([standing(wide)], { records, scopes: object('400-450') }), lost);
  assert.deepEqual(texts([standing(wide, { service: ['own'] })], { records, scopes: object('400-500') }), lost);
  assert.deepEqual(texts([standing(wide)], { records, scopes: object('1-65535') }), [], 'wider closes nothing');
});

test('only values count: an object for the same addresses closes nothing, and neither does a zone that was renamed', () => {
  const scopes: Scopes = {
    vsys: { ...made.vsys, addresses: { Everywhere: { kind: 'ip-range', value: '0.0.0.0-255.255.255.255' } } },
  };
  assert.deepEqual(texts([standing(record, { source: ['Everywhere'] })], { scopes }), []);
  const renamed = ownedRecord({
    content: { ...record.content, from: ['outside'] },
    contributions: record.contributions,
  });
  assert.deepEqual(texts([standing(renamed, { from: ['untrust'] })], { records: [renamed] }), []);
});

test('what another rule of ours still lets through is not closed', () => {
  const other = ownedRecord({ id: 'i-1-2', contributions: { sources: [office], destinations: [destination(1)] } });
  const rules = [standing(record, { disabled: true }), standing(other)];
  const [first, second] = texts(rules, { records: [record, other] });
  assert.doesNotMatch(first ?? '', /0\.0\.0\.0\/0/, 'the office is still let in to the first');
  assert.equal(second, whole('i-2'));
  const both = [standing(record, { disabled: true }), standing(other, { disabled: true })];
  assert.equal(texts(both, { records: [record, other] }).filter((text) => text.includes('for i-1 ')).length, 2);
});

test('of a rule that is gone, or that no record owns, nothing is closed', () => {
  assert.deepEqual(texts([]), []);
  assert.deepEqual(texts([standing(record, { disabled: true })], { records: [{ ...record, state: 'tombstone' }] }), []);
});
