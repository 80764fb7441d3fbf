/** What keeps rules from being added keeps nothing from being closed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthorizeSecurityGroupIngressCommand, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import {
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resyncRun,
  ruleFields,
  ruleXpath,
  statesOf,
  vsysXpath,
  web2,
} from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

/** Port 9000 is open on the second web server; the house's events can be lost. */
const house = async () => {
  let isDeaf = false;
  const system = await createTestSystem({ copies: (_event, rule) => (isDeaf && rule === 'ChangeRule' ? 0 : 1) });
  await calls(system).start(web2);
  await calls(system).grant(ids.webGroup, fromAnywhere(9000));
  assert.ok((await opened(system)).includes('tcp-9000'));
  return Object.assign(system, {
    deafen: () => {
      isDeaf = true;
    },
  });
};

/** The services of our rules that run. */
const opened = async (system: TestSystem): Promise<readonly string[]> =>
  (await system.rules()).filter(({ owned }) => owned).flatMap(({ service }) => service);

const committed = (act: (other: ReturnType<typeof colleague>) => void) => (system: TestSystem) => {
  const other = colleague(system);
  act(other);
  other.commit();
};

interface Lack {
  readonly error: string;
  readonly names: RegExp;
  readonly raise: (system: TestSystem) => void;
  readonly clear: (system: TestSystem) => void;
}

const profileGroup = (name: string): string => `${vsysXpath}/profile-group/entry[@name='${name}']`;

const lacks: Readonly<Record<string, Lack>> = {
  'an uncommitted edit of the bottom rule': {
    error: 'BottomRuleUnusable',
    names: /"Clean up" carries an uncommitted edit .* of administrator colleague/,
    raise: (system) => colleague(system).set(ruleXpath('Clean up'), '<log-start>yes</log-start>'),
    clear: (system) => colleague(system).commit(),
  },
  'a disabled bottom rule': {
    error: 'BottomRuleUnusable',
    names: /"Clean up" is disabled/,
    raise: committed((other) => other.set(ruleXpath('Clean up'), '<disabled>yes</disabled>')),
    clear: committed((other) => other.set(ruleXpath('Clean up'), '<disabled>no</disabled>')),
  },
  'a renamed bottom rule': {
    error: 'BottomRuleUnusable',
    names: /"Clean up" does not exist/,
    raise: committed((other) => other.rename(ruleXpath('Clean up'), 'Last')),
    clear: committed((other) => other.rename(ruleXpath('Last'), 'Clean up')),
  },
  'a renamed security profile group': {
    error: 'Misconfigured',
    names: /PROFILE_GROUP: the firewall has no security profile group "default-profile"/,
    raise: committed((other) => other.rename(profileGroup('default-profile'), 'strict')),
    clear: committed((other) => other.rename(profileGroup('strict'), 'default-profile')),
  },
};

for (const [title, { error, names, raise, clear }] of Object.entries(lacks)) {
  describe(title, () => {
    test('a revoked permission is closed all the same, and its execution succeeds', async () => {
      const system = await house();
      raise(system);
      const run = await calls(system).revoke(ids.webGroup, fromAnywhere(9000));
      assert.equal(run.status, 'SUCCEEDED', `${run.error}: ${causeOf(run)}`);
      assert.equal((await opened(system)).includes('tcp-9000'), false);
    });

    test('a stopped instance is closed all the same', async () => {
      const system = await house();
      raise(system);
      const run = await calls(system).stop(web2);
      assert.equal(run.status, 'SUCCEEDED', `${run.error}: ${causeOf(run)}`);
      assert.deepEqual(await opened(system), []);
    });

    test('what would open fails by name, adds nothing, and is added once that is gone', async () => {
      const system = await house();
      const before = await opened(system);
      raise(system);
      const run = await calls(system).grant(ids.webGroup, fromAnywhere(9001));
      assert.deepEqual([run.status, run.error], ['FAILED', error], causeOf(run));
      assert.match(causeOf(run), names);
      assert.equal(statesOf(run).at(-1), 'ApplyRules');
      assert.match(String((outputOf(run, 'TestRules')['tested'] as { notOpened?: string }).notOpened), names);
      assert.deepEqual(await opened(system), before);
      const notice = system.parts.sns.published.map(({ message }) => message).join('\n');
      assert.match(notice, /Not opened:\n(?: {2}.*\n)* {2}sg-\S+ tcp 9001 from 0\.0\.0\.0\/0 to 10\.0\.1\.12\/32/);
      clear(system);
      system.executions.redrive(run.arn);
      await system.idle();
      assert.equal((await opened(system)).includes('tcp-9001'), true);
    });

    test('a resync closes what no event told of, and then fails by name', async () => {
      const system = await house();
      system.deafen();
      await calls(system).revoke(ids.webGroup, fromAnywhere(9000));
      await calls(system).grant(ids.webGroup, fromAnywhere(9001));
      raise(system);
      const run = await resyncRun(system);
      assert.deepEqual([run.status, run.error, statesOf(run).at(-1)], ['FAILED', error, 'Commit'], causeOf(run));
      const now = await opened(system);
      assert.deepEqual([now.includes('tcp-9000'), now.includes('tcp-9001')], [false, false]);
      clear(system);
      const again = await resyncRun(system);
      assert.equal(again.status, 'SUCCEEDED', causeOf(again));
      assert.ok((await opened(system)).includes('tcp-9001'));
    });

    test('what only closes does not report as done what others ask to be opened', async () => {
      const system = await house();
      raise(system);
      await Promise.all([
        system.ec2.send(
          new RevokeSecurityGroupIngressCommand({ GroupId: ids.webGroup, IpPermissions: [fromAnywhere(9000)] }),
        ),
        system.ec2.send(
          new AuthorizeSecurityGroupIngressCommand({ GroupId: ids.commonGroup, IpPermissions: [fromAnywhere(9002)] }),
        ),
      ]);
      await system.idle();
      const runs = system.runs().slice(-2);
      const granting = runs.filter(({ status }) => status === 'FAILED');
      assert.deepEqual(
        granting.map((run) => run.error),
        [error],
        runs.map((run) => `${run.status} ${run.error ?? ''}: ${causeOf(run)}`).join('\n'),
      );
      assert.equal((await opened(system)).includes('tcp-9000'), false);
      clear(system);
      for (const run of granting) system.executions.redrive(run.arn);
      await system.idle();
      assert.ok((await opened(system)).includes('tcp-9002'));
    });
  });
}

test('a full platform, of which only the answer to the write tells, keeps nothing from being closed', async () => {
  const system = await house();
  system.deafen();
  await calls(system).revoke(ids.webGroup, fromAnywhere(9000));
  await calls(system).grant(ids.webGroup, fromAnywhere(9001));
  system.parts.simulator.control({
    kind: 'add-fault',
    when: { type: 'config', action: 'multi-config', contains: 'tcp-9001' },
    times: 1000,
    fault: {
      kind: 'reply',
      status: 200,
      body: '<response status="error" code="12"><msg><line>Maximum number of rules exceeded</line></msg></response>',
    },
  });
  const run = await resyncRun(system);
  assert.deepEqual([run.status, run.error, statesOf(run).at(-1)], ['FAILED', 'FirewallFull', 'Commit'], causeOf(run));
  const now = await opened(system);
  assert.deepEqual([now.includes('tcp-9000'), now.includes('tcp-9001')], [false, false]);
});

test('what RULES_RESERVE leaves to administrators is taken by no addition; what is replaced or closed goes on', async () => {
  // Four rules of administrators stand; of seven one is left to them.
  const system = await createTestSystem({
    environment: { RULES_RESERVE: '1' },
    simulator: { limits: { security: 7 } },
  });
  await calls(system).grant(ids.commonGroup, fromAnywhere(9000));
  await calls(system).grant(ids.commonGroup, fromAnywhere(9001));
  const { length } = await system.ruleNames();
  assert.equal(length, 6);
  const full = await calls(system).grant(ids.commonGroup, fromAnywhere(9002));
  assert.deepEqual([full.error, (await system.ruleNames()).length], ['FirewallFull', 6], causeOf(full));
  assert.match(
    causeOf(full),
    /would have 7 rules; this platform takes 7, of which RULES_RESERVE leaves 1 to administrators/,
  );
  colleague(system).addRule('Theirs', ruleFields({ destination: '10.0.9.1', service: 'tcp-81' }));
  colleague(system).commit();
  const revoked = await calls(system).revoke(ids.commonGroup, fromAnywhere(9000));
  assert.equal(revoked.status, 'SUCCEEDED', causeOf(revoked));
  assert.equal((await opened(system)).includes('tcp-9000'), false, 'also while his rule has taken the reserve');
});

test('a security group gets no more rules than RULES_PER_GROUP allows: the execution that asks for one more fails, others go on', async () => {
  const system = await createTestSystem({ environment: { RULES_PER_GROUP: '2' } });
  const first = await calls(system).grant(ids.commonGroup, fromAnywhere(9000));
  assert.equal(first.status, 'SUCCEEDED', causeOf(first));
  await calls(system).grant(ids.commonGroup, fromAnywhere(9003));
  const crowded = await calls(system).grant(ids.commonGroup, fromAnywhere(9001));
  assert.deepEqual([crowded.status, crowded.error], ['FAILED', 'FirewallFull'], causeOf(crowded));
  assert.match(
    causeOf(crowded),
    new RegExp(`tcp 9001 .*RULES_PER_GROUP allows 2 rules for a security group, and ${ids.commonGroup} has 2`),
  );
  await calls(system).start(ids.webServers[1] ?? '');
  const other = await calls(system).grant(ids.webGroup, fromAnywhere(9002));
  assert.equal(other.status, 'SUCCEEDED', causeOf(other));
  const resynced = await resyncRun(system);
  assert.equal(resynced.status, 'SUCCEEDED', 'a resync lists what is left out, and succeeds');
  const now = await opened(system);
  assert.deepEqual(
    ['tcp-9000', 'tcp-9001', 'tcp-9002'].map((name) => now.includes(name)),
    [true, false, true],
  );
  const subjects = system.parts.sns.published.filter(({ subject }) => subject?.includes('has its most rules'));
  assert.equal(subjects.length, 1, 'it is told once');
  const revoked = await calls(system).revoke(ids.commonGroup, fromAnywhere(9000));
  assert.equal(revoked.status, 'SUCCEEDED', causeOf(revoked));
  const after = await resyncRun(system);
  assert.equal(after.status, 'SUCCEEDED', causeOf(after));
  assert.ok((await opened(system)).includes('tcp-9001'), 'there is room for it now');
});
