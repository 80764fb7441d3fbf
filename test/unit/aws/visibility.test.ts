import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Announced, Change } from '../../../shared/domain/change.ts';
import type { SeenInstance, SeenRule } from '../../../shared/domain/grants/seen.ts';
import { notYetVisible } from '../../../shared/domain/grants/visibility.ts';

const change = (announced: Partial<Announced>): Change => ({
  kind: 'StartInstances',
  subjects: [],
  who: 'arn:aws:iam::210987654321:user/operator',
  when: '2026-11-05T10:11:12Z',
  eventId: 'e',
  announced: { instanceStates: {}, createdRules: [], removedRules: [], ...announced },
});

const instance = (state: string, launchedAt: string | null = '2026-11-01T00:00:00Z'): SeenInstance => ({
  id: 'i-0aa',
  state,
  launchedAt,
  interfaces: [],
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

const shown = (announced: string, now: SeenInstance | null) =>
  notYetVisible(change({ instanceStates: { 'i-0aa': announced } }), {
    instances: now === null ? [] : [now],
    rules: [],
  });

test('a start that EC2 still shows stopped, or not at all, is not visible yet', () => {
  assert.match(String(shown('pending', instance('stopped'))), /i-0aa was announced pending, EC2 shows it stopped/);
  assert.match(String(shown('pending', null)), /EC2 shows it unknown/);
});

test('a start that EC2 shows pending, running or already going down again is visible', () => {
  for (const state of ['pending', 'running', 'stopping', 'shutting-down', 'terminated'])
    assert.equal(shown('pending', instance(state)), null, state);
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
  const seen = { instances: [], rules: [rule('sgr-01')] };
  assert.match(String(notYetVisible(change({ createdRules: ['sgr-01', 'sgr-02'] }), seen)), /sgr-02 was created/);
  assert.match(
    String(notYetVisible(change({ removedRules: ['sgr-01'] }), seen)),
    /sgr-01 was revoked, EC2 still shows it/,
  );
  assert.equal(notYetVisible(change({ createdRules: ['sgr-01'], removedRules: ['sgr-02'] }), seen), null);
});

test('a revoke without rule ids is compared by content, in canonical form', () => {
  const seen = { instances: [], rules: [rule('sgr-01')] };
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
        instances: [],
        rules: [all],
      }),
      null,
    );
});

test('a change that announced nothing is always visible', () => {
  assert.equal(notYetVisible(change({}), { instances: [], rules: [] }), null);
});
