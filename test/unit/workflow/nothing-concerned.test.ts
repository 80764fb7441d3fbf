import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Turn } from '../../../shared/aws/table/turn.ts';
import type { Change, Subject } from '../../../shared/domain/change.ts';
import { settingsFrom } from '../../../shared/runtime/settings.ts';
import { nothingConcerned } from '../../../shared/workflow/nothing-concerned.ts';
import type { AccountSeed } from '../../local/ec2/seed.ts';
import { firewall, newSeed, protectedVpc, worldOf } from '../aws/ec2-world.ts';
import { destination, ownedRecord, source } from '../domain/owned.ts';

const environment = {
  FIREWALL_ENDPOINT: 'https://firewall.example',
  FIREWALL_API_KEY_SECRET: 'key',
  FIREWALL_ADMINISTRATOR: 'policy-sync',
  FIREWALL_TARGETS: firewall,
  BOTTOM_RULE: 'Clean up',
  UNTRUST_ZONE: 'untrust',
  TRUST_ZONE: 'trust',
  TABLE_NAME: 'policy-sync',
};
const settings = settingsFrom({ ...environment, SERVICE_INTERFACES: 'include' });

const now = 1_000_000;
const turn = (more: Partial<Turn>): Turn => ({
  pk: 'turn',
  sk: 'turn',
  format: 1,
  version: 1,
  fence: 1,
  owner: null,
  redriveCount: 0,
  renewedAt: 0,
  expiresAt: 0,
  busyUntil: 0,
  checkedAt: 0,
  limit: 128,
  commit: null,
  rejection: null,
  ...more,
});
const held = turn({ owner: 'arn:other', expiresAt: now + 1 });

const change = (subject: Subject, more: Partial<Change> = {}): Change => ({
  kind: 'TerminateInstances',
  subjects: [subject],
  who: 'ann',
  when: '2026-11-05T11:00:00Z',
  eventId: 'e1',
  announced: { instanceStates: {}, createdRules: [], removedRules: [] },
  ...more,
});
const i1: Subject = { kind: 'instance', id: 'i-1' };

const reads = (arrange: (seed: AccountSeed, vpc: ReturnType<typeof protectedVpc>) => void = () => undefined) => {
  const seed = newSeed();
  arrange(seed, protectedVpc(seed));
  return worldOf(seed.build()).reads;
};

const asked = (
  of: Change,
  given: { readonly turn?: Turn | null; readonly records?: readonly ReturnType<typeof ownedRecord>[] } = {},
  ec2 = reads(),
) =>
  nothingConcerned(
    {
      ec2,
      turns: { read: async () => given.turn ?? null },
      records: { rules: async () => given.records ?? [] },
      now: () => now,
    },
    of,
    settings,
  );

test('a run ends early for an instance or interface of which nothing is shown, recorded or being made', async () => {
  assert.deepEqual(await asked(change(i1)), ['i-1: EC2 does not know this instance']);
  assert.deepEqual(await asked(change({ kind: 'interface', id: 'eni-1' })), [
    'eni-1: EC2 does not know this interface',
  ]);
});

for (const [who, of, expected] of [
  ['nobody has ever held it', null, true],
  ['it was given up', turn({}), true],
  ['its holder has not renewed it in time', turn({ owner: 'arn:other', expiresAt: now }), true],
  ['an execution holds it', held, false],
  ['an attempt of its last holder may still be writing', turn({ busyUntil: now + 1 }), false],
] as const)
  test(`the turn: ${who}: a run that found nothing ${expected ? 'ends before it' : 'waits for it'}`, async () => {
    assert.equal((await asked(change(i1), { turn: of })) !== null, expected);
  });

for (const [what, of, expected] of [
  [
    'a start',
    change(i1, { announced: { instanceStates: { 'i-1': 'pending' }, createdRules: [], removedRules: [] } }),
    true,
  ],
  [
    'a stop',
    change(i1, { announced: { instanceStates: { 'i-1': 'stopping' }, createdRules: [], removedRules: [] } }),
    false,
  ],
  ['a creation', change({ kind: 'interface', id: 'eni-1' }, { kind: 'CreateNetworkInterface' }), true],
  ['a deletion', change({ kind: 'interface', id: 'eni-1' }, { kind: 'DeleteNetworkInterface' }), false],
] as const)
  test(`${what} ${expected ? 'closes nothing and need not wait' : 'waits'} for an execution that holds the turn`, async () => {
    assert.equal((await asked(of, { turn: held })) !== null, expected);
  });

test('where services are left out, an event about an interface that no instance holds need not wait', async () => {
  const answer = await nothingConcerned(
    { ec2: reads(), turns: { read: async () => held }, records: { rules: async () => [] }, now: () => now },
    change({ kind: 'interface', id: 'eni-1' }, { kind: 'DeleteNetworkInterface' }),
    settingsFrom(environment),
  );
  assert.deepEqual(answer, ['eni-1: EC2 does not know this interface']);
});

test('a holder that gives the turn up between the reads has recorded what it made: the run goes on', async () => {
  let ended = false;
  const once = <Value>(before: Value, after: Value): Value => {
    const seen = ended ? after : before;
    ended = true;
    return seen;
  };
  const record = ownedRecord({ contributions: { sources: [source('0.0.0.0/0')], destinations: [destination(1)] } });
  const answer = await nothingConcerned(
    {
      ec2: reads(),
      turns: { read: async () => once(held, turn({})) },
      records: { rules: async () => once([], [record]) },
      now: () => now,
    },
    change(i1),
    settings,
  );
  assert.equal(answer, null);
});

test('a run goes on where something is recorded, by whatever way it is found', async () => {
  const record = (id: string, instance: string) =>
    ownedRecord({
      contributions: {
        sources: [source('0.0.0.0/0')],
        destinations: [{ interface: id, instance, address: '10.0.1.20/32' }],
      },
    });
  const stands = (seed: AccountSeed, { outer }: ReturnType<typeof protectedVpc>) =>
    void seed.instance({ id: 'i-01', interfaces: [{ id: 'eni-01', subnetId: outer, address: '10.0.0.20' }] });
  const i01 = change({ kind: 'instance', id: 'i-01' });
  assert.notEqual(await asked(i01, { records: [record('eni-09', 'i-09')] }, reads(stands)), null);
  assert.equal(await asked(i01, { records: [record('eni-09', 'i-01')] }, reads(stands)), null);
  assert.equal(await asked(i01, { records: [record('eni-01', 'i-09')] }, reads(stands)), null);
});

test('a run goes on for a stopped instance, which may be starting, for groups, and for everything', async () => {
  const stopped = (seed: AccountSeed, { inner }: ReturnType<typeof protectedVpc>) =>
    void seed.instance({ id: 'i-01', state: 'stopped', interfaces: [{ id: 'eni-01', subnetId: inner }] });
  assert.equal(await asked(change({ kind: 'instance', id: 'i-01' }), {}, reads(stopped)), null);
  assert.equal(await asked(change({ kind: 'group', id: 'sg-1' })), null);
  assert.equal(await asked(change({ kind: 'everything' })), null);
});
