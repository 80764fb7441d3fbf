import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorName } from '../../../shared/domain/errors.ts';
import type { Edit } from '../../../shared/domain/plan/edits.ts';
import type { Firewall } from '../../../shared/panos/firewall.ts';
import type { FaultKind } from '../../simulator/faults.ts';
import { ours } from '../../support/owned-rule-name.ts';
import { rulesPath } from './scripted-send.ts';
import { benches } from './simulated.ts';

const plain = { auditComment: null };
const narrow: readonly Edit[] = [
  { kind: 'set-members', name: ours('Web in'), field: 'source', members: ['8.8.8.8/32'] },
];
const sourceOf = async (firewall: Firewall, which: 'candidate' | 'running') =>
  (await firewall[which]()).rules.find(({ name }) => name === 'Web in')?.source;

describe('a write', () => {
  const bench = benches();
  const cases: readonly (readonly [string, FaultKind, ErrorName, 'done' | 'not done'])[] = [
    ['dropped before the work', { kind: 'drop-before' }, 'FirewallUnreachable', 'not done'],
    ['whose reply is lost', { kind: 'drop-after' }, 'FirewallUnreachable', 'done'],
    ['whose reply breaks off', { kind: 'truncate', bytes: 30 }, 'FirewallUnreachable', 'done'],
    ['answered with nothing', { kind: 'empty' }, 'FirewallUnreachable', 'done'],
    ['answered with the login page', { kind: 'html' }, 'ReplyNotUnderstood', 'not done'],
    ['refused while the authentication starts', { kind: 'deny' }, 'FirewallDenied', 'not done'],
    ['answered "session timed out"', { kind: 'session-timeout' }, 'FirewallUnreachable', 'not done'],
    ['that waited too long for the config lock', { kind: 'config-lock-timeout' }, 'ConfigLocked', 'not done'],
  ];
  for (const [title, fault, name, outcome] of cases) {
    test(`${title} is ${name} and is sent once`, async () => {
      const { firewall, seen } = bench({ faults: [{ fault, when: { action: 'multi-config' } }] });
      await assert.rejects(firewall.write(narrow, plain), (error: Error) => {
        assert.equal(error.name, name, error.message);
        if (name === 'FirewallUnreachable' && fault.kind.startsWith('drop')) assert.match(error.message, /may have/);
        return true;
      });
      assert.equal(seen.filter(({ action }) => action === 'multi-config').length, 1);
      assert.deepEqual(await sourceOf(firewall, 'candidate'), outcome === 'done' ? ['8.8.8.8/32'] : ['any']);
    });
  }

  test('past the platform maximum is FirewallFull', async () => {
    const { firewall } = bench({ limits: { service: 4 } });
    const service = (name: string): Edit => ({
      kind: 'add-service',
      name,
      service: { protocol: 'tcp', port: '1', sourcePort: null },
      tag: null,
      description: 'made by a test',
    });
    await firewall.write([service('s-1')], plain);
    await assert.rejects(firewall.write([service('s-2')], plain), { name: 'FirewallFull' });
    assert.equal((await firewall.snapshot()).limits.services, 4);
  });

  test('to a release without multi-config is made singly, with the same outcome', async () => {
    const { firewall } = bench({ multiConfig: false });
    await firewall.write(narrow, plain);
    assert.deepEqual(await sourceOf(firewall, 'candidate'), ['8.8.8.8/32']);
  });

  test('while a commit runs is CommitInProgress where the firewall refuses it', async () => {
    let now = 1_000_000;
    const { firewall, colleague } = bench({ writesDuringCommit: 'refused', jobMilliseconds: 5000, now: () => now });
    await colleague.write(narrow, plain);
    await colleague.commit({ description: 'theirs', full: false });
    await assert.rejects(firewall.write(narrow, plain), { name: 'CommitInProgress' });
    assert.deepEqual(
      (await firewall.unfinishedCommits()).map(({ user }) => user),
      ['colleague'],
    );
    now += 60_000;
    await firewall.write([{ kind: 'delete-rule', name: ours('Web out') }], plain);
    assert.deepEqual(await firewall.unfinishedCommits(), []);
  });

  test('to the passive peer is FirewallNotActive, and the device says so beforehand', async () => {
    const { firewall } = bench({ ha: { enabled: true, state: 'passive', peerState: 'active' } });
    const device = await firewall.device();
    assert.deepEqual([device.haState, device.writable], ['passive', false]);
    await assert.rejects(firewall.write(narrow, plain), { name: 'FirewallNotActive' });
  });
});

describe('a commit', () => {
  const bench = benches();
  test('that fails has its lines in the job, and the edits stay staged', async () => {
    const { firewall } = bench({
      faults: [{ fault: { kind: 'commit-fails', lines: ['Commit failed', 'bad thing'] }, when: { type: 'commit' } }],
    });
    await firewall.write(narrow, plain);
    await firewall.commit({ description: 'run 1', full: false });
    const job = await firewall.findCommit('run 1');
    assert.deepEqual([job?.status, job?.result], ['FIN', 'FAIL']);
    assert.ok(job?.details.includes('bad thing'));
    assert.deepEqual(await sourceOf(firewall, 'running'), ['any']);
    assert.deepEqual(await sourceOf(firewall, 'candidate'), ['8.8.8.8/32']);
  });

  test('whose reply is lost is found again by its description', async () => {
    const { firewall } = bench({ faults: [{ fault: { kind: 'drop-after' }, when: { type: 'commit' } }] });
    await firewall.write(narrow, plain);
    await assert.rejects(firewall.commit({ description: 'run 2', full: false }), { name: 'FirewallUnreachable' });
    assert.equal((await firewall.findCommit('run 2'))?.result, 'OK');
    assert.deepEqual(await sourceOf(firewall, 'running'), ['8.8.8.8/32']);
  });

  test('goes PEND, ACT, FIN and is polled through a firewall that restarts', async () => {
    let now = 1_000_000;
    const { firewall, simulator } = bench({ jobMilliseconds: 10_000, now: () => now });
    await firewall.write(narrow, plain);
    const reply = await firewall.commit({ description: 'run 3', full: false });
    assert.ok(reply.kind === 'queued');
    assert.notEqual((await firewall.job(reply.job))?.status, 'FIN');
    simulator.control({
      kind: 'restart',
      what: 'configd',
      committed: true,
      refusedMilliseconds: 1000,
      deniedMilliseconds: 2000,
    });
    await assert.rejects(firewall.job(reply.job), { name: 'FirewallUnreachable' });
    now += 1500;
    await assert.rejects(firewall.job(reply.job), { name: 'FirewallUnreachable', message: /starts up/ });
    now += 60_000;
    assert.equal(await firewall.job(reply.job), null);
    assert.deepEqual(await sourceOf(firewall, 'running'), ['8.8.8.8/32']);
  });

  test('during an installation is CommitInProgress', async () => {
    const { firewall, simulator } = bench({ jobMilliseconds: 10_000, now: () => 1_000_000 });
    await firewall.write(narrow, plain);
    simulator.control({ kind: 'install' });
    await assert.rejects(firewall.commit({ description: 'd', full: false }), { name: 'CommitInProgress' });
  });

  test('with a commit lock of somebody else is CommitLocked', async () => {
    {
      const { firewall, simulator } = bench();
      await firewall.write(narrow, plain);
      simulator.act('colleague', {
        type: 'op',
        cmd: '<request><commit-lock><add><comment>c</comment></add></commit-lock></request>',
      });
      await assert.rejects(firewall.commit({ description: 'd', full: false }), { name: 'CommitLocked' });
      assert.deepEqual(
        (await firewall.locks()).map(({ kind, holder }) => [kind, holder]),
        [['commit', 'colleague']],
      );
    }
  });

  test('that must be full says so before and when it is tried', async () => {
    const { firewall, simulator } = bench();
    await firewall.write(narrow, plain);
    simulator.control({ kind: 'full-commit-required', required: true });
    assert.equal(await firewall.fullCommitRequired(), true);
    await assert.rejects(firewall.commit({ description: 'd', full: false }), { name: 'FullCommitNeeded' });
    assert.equal((await firewall.commit({ description: 'd', full: true })).kind, 'queued');
    assert.deepEqual(await sourceOf(firewall, 'running'), ['8.8.8.8/32']);
  });
});

describe('keys', () => {
  const bench = benches();
  for (const kind of ['expire-keys', 'change-master-key'] as const) {
    test(`${kind}: FirewallDenied without the key in the message`, async () => {
      let key = '';
      const { firewall, simulator } = bench({}, { apiKey: async () => key });
      key = simulator.keyOf('policy-sync');
      await firewall.pendingEdits();
      simulator.control({ kind });
      await assert.rejects(firewall.pendingEdits(), (error: Error) => {
        assert.equal(error.name, 'FirewallDenied');
        assert.ok(!`${error.message}${error.stack}`.includes(key));
        return true;
      });
    });
  }
});

describe('what is not known of devices is taken either way', () => {
  const bench = benches();
  const session = {
    from: 'untrust',
    to: 'trust',
    source: '1.2.3.4',
    destination: '10.0.1.11',
    protocol: 6,
    destinationPort: 80,
    application: 'web-browsing',
  } as const;
  for (const policyMatchReply of ['entries', 'text', 'lines'] as const) {
    test(`policy match as ${policyMatchReply}`, async () => {
      assert.equal(await bench({ policyMatchReply }).firewall.policyMatch(session), 'Web in');
    });
  }
  for (const noMatchReply of ['empty', 'rules', 'default-rule'] as const) {
    test(`no policy match as ${noMatchReply}`, async () => {
      const { firewall } = bench({ noMatchReply });
      await firewall.write(
        [
          { kind: 'delete-rule', name: ours('Clean up') },
          { kind: 'delete-rule', name: ours('Web in') },
        ],
        plain,
      );
      await firewall.commit({ description: 'd', full: false });
      assert.equal(await firewall.policyMatch(session), noMatchReply === 'default-rule' ? 'interzone-default' : null);
    });
  }
  for (const changeList of ['entry', 'node'] as const) {
    test(`a change list that names every ${changeList}: listed, withdrawn, unchanged`, async () => {
      const { firewall, intercept } = bench({ changeList });
      intercept(({ cmd }) =>
        cmd?.startsWith('<revert') === true ? '<response status="error"><msg><line>no</line></msg></response>' : null,
      );
      await firewall.write(narrow, plain);
      const [edit] = narrow;
      const staged = edit === undefined ? [] : firewall.xpathsOf(edit);
      assert.deepEqual(await firewall.unchangedAt(staged), []);
      assert.deepEqual(await firewall.withdraw(staged), { withdrawn: staged, left: [] });
      assert.deepEqual(await firewall.unchangedAt(staged), staged);
      assert.deepEqual(await sourceOf(firewall, 'candidate'), ['any']);
    });
  }
  test("a colleague's line that names the whole list of rules does not keep entries staged that bear no mark of his", async () => {
    for (const action of ['MOVE', 'EDIT', 'CREATE'] as const) {
      const { firewall, intercept } = bench();
      await firewall.write(narrow, plain);
      const entry = (xpath: string, owner: string, what: string) =>
        `<entry><xpath>${xpath}</xpath><owner>${owner}</owner><action> ${what}</action></entry>`;
      intercept(({ cmd }) =>
        cmd?.includes('<changes/>') === true
          ? `<response status="success"><result><journal>${entry(`${rulesPath}/entry[@name='Web in']`, 'policy-sync', 'EDIT')}${entry(rulesPath, 'colleague', action)}</journal></result></response>`
          : null,
      );
      const answer = await firewall.withdraw([`${rulesPath}/entry[@name='Web in']`]);
      assert.deepEqual(answer.left, [], action);
    }
  });
  test('an answer of `show` wrapped twice', async () => {
    assert.deepEqual(await sourceOf(bench({ wrapsConfigTwice: true }).firewall, 'running'), ['any']);
  });
});
