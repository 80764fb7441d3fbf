import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '../../shared/runtime/digest.ts';
import {
  administratorsRules,
  calls,
  causeOf,
  colleague,
  resyncRun,
  ruleFields,
  ruleXpath,
  statesOf,
  web1,
  web2,
  web3,
} from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const failingCommit = (system: TestSystem, lines = ['Validation Error:', ' vsys1 is invalid']): void =>
  system.parts.simulator.control({
    kind: 'add-fault',
    when: { type: 'commit' },
    fault: { kind: 'commit-fails', lines },
  });

const withRule = ['Web out', 'Web in', 'Clear text', `${web2}-1`, 'Clean up'];

describe('after a failure', () => {
  test('somebody is told once: what failed, why, what to do, what is not opened and what is still open', async () => {
    const system = await createTestSystem();
    failingCommit(system);
    const run = await calls(system).start(web2);
    const [notice, ...more] = system.parts.sns.published;
    assert.equal(more.length, 0);
    assert.match(notice?.subject ?? '', /CommitFailed/);
    for (const words of [
      /ended FAILED in Commit/,
      /vsys1 is invalid/,
      /What to do: Read the job details/,
      new RegExp(`Not opened:\\n {2}${ids.webGroup} tcp 443 to ${web2}`),
      /Still open: nothing/,
    ]) {
      assert.match(notice?.message ?? '', words);
    }
    assert.equal(run.status, 'FAILED');
  });

  test('a doubled status event tells nobody twice', async () => {
    const system = await createTestSystem({ copies: (_event, rule) => (rule === 'EndedRule' ? 2 : 1) });
    failingCommit(system);
    await calls(system).start(web2);
    assert.equal(system.parts.sns.published.length, 1);
  });

  test('the turn is given up at once: the next event does not wait for it', async () => {
    const system = await createTestSystem();
    failingCommit(system);
    await calls(system).start(web2);
    const before = system.clock.now();
    const run = await calls(system).grant(ids.commonGroup, {
      IpProtocol: 'tcp',
      FromPort: 8443,
      ToPort: 8443,
      IpRanges: [{ CidrIp: '0.0.0.0/0' }],
    });
    assert.equal(run.status, 'SUCCEEDED');
    assert.ok(system.clock.now() - before < 10_000);
  });

  test('a commit of ours that still runs when the execution is stopped ends first, then what it left staged is withdrawn', async () => {
    let stop = (): void => undefined;
    const system = await createTestSystem({
      simulator: { jobMilliseconds: 45_000 },
      around: async ({ stateName, attempt }, run) => {
        if (stateName === 'Commit' && attempt === 2) stop();
        return run();
      },
    });
    const before = system.parts.simulator.exportConfiguration('candidate');
    stop = () => {
      const [run] = system.runs();
      if (run !== undefined) void system.executions.stop(run.arn, { error: 'Stopped', cause: 'by hand' });
    };
    failingCommit(system);
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'ABORTED');
    assert.match(system.parts.sns.published[0]?.message ?? '', /What was staged was withdrawn/);
    assert.equal(system.parts.simulator.exportConfiguration('candidate'), before);
  });

  test('a redrive, hours later, plans again and ends right', async () => {
    const system = await createTestSystem();
    failingCommit(system);
    const run = await calls(system).start(web2);
    system.clock.advance(5 * 3_600_000);
    system.executions.redrive(run.arn);
    await system.idle();
    const again = system.executions.find(run.arn);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.deepEqual(await system.ruleNames(), withRule.with(3, `${web2}-2`));
    assert.ok(again.states.some(({ name }) => name === 'TakeTurn'));
  });

  test('a status event that comes late, in the middle of a redrive, takes nothing from it', async () => {
    const held: (() => void)[] = [];
    let moment: 'before' | 'redriven' | 'applied' | 'told' = 'before';
    let handled = false;
    let staged = '';
    const system: TestSystem = await createTestSystem({
      afterFailure: async (_event, run) => {
        if (moment === 'before') await new Promise<void>((resolve) => held.push(resolve));
        return run().finally(() => {
          handled = true;
        });
      },
      around: async ({ stateName }, run) => {
        if (moment === 'applied' && stateName === 'Commit') {
          moment = 'told';
          for (const release of held) release();
          // Slept, so that time passes for what waits until a turn is free.
          while (!handled) await system.clock.sleep(1_000);
          staged = system.parts.simulator.exportConfiguration('candidate');
        }
        const result = await run();
        if (moment === 'redriven' && stateName === 'ApplyRules') moment = 'applied';
        return result;
      },
    });
    failingCommit(system);
    const call = calls(system).start(web2);
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [failed] = system.runs();
    assert.ok(failed !== undefined);
    moment = 'redriven';
    system.executions.redrive(failed.arn);
    await call;
    assert.equal(moment, 'told', 'it came while the redrive was about to commit');
    assert.ok(staged.includes(`"${web2}-`), 'what the redrive staged is still there');
    const redriven = system.executions.find(failed.arn);
    assert.equal(redriven.status, 'SUCCEEDED', causeOf(redriven));
    assert.deepEqual(statesOf(redriven).slice(statesOf(failed).length), [
      'Commit',
      'TakeTurn',
      'ResolveInterfaces',
      'DeriveRules',
      'TestRules',
      'ApplyRules',
      'Commit',
      'ReleaseTurn',
    ]);
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
    assert.equal(system.parts.sns.published.length, 0);
  });
});

describe('a policy that does not stand still', () => {
  test('is planned for twelve times, then given up by name with the last reason, and nothing stays behind', async () => {
    let edits = 0;
    const system: TestSystem = await createTestSystem({
      around: ({ stateName }, run) => {
        if (stateName === 'ApplyRules') {
          edits += 1;
          const other = colleague(system);
          other.addRule(`Rush ${edits}`, ruleFields({ destination: `10.0.9.${edits}` }));
          other.move(ruleXpath(`Rush ${edits}`), 'top');
        }
        return run();
      },
    });
    const run = await calls(system).start(web2);
    assert.equal(run.error, 'PolicyUnsettled');
    assert.match(causeOf(run), /12 times in a row, at last since: The policy has changed since/);
    assert.equal(edits, 12);
    assert.equal(system.parts.simulator.exportConfiguration('candidate').includes(`${web2}-`), false);
  });
});

describe('the brake', () => {
  /** Two instances with a rule for one group, then an account in which some of them do not exist. */
  const worldWithout = async (gone: readonly string[]) => {
    const system = await createTestSystem({ environment: { BRAKE_INTERFACES: '1' } });
    await calls(system).grant(ids.commonGroup, {
      IpProtocol: 'tcp',
      FromPort: 8443,
      ToPort: 8443,
      IpRanges: [{ CidrIp: '0.0.0.0/0' }],
    });
    system.parts.ec2.rearrange((account) => ({
      ...account,
      instances: new Map([...account.instances].filter(([id]) => !gone.includes(id))),
      interfaces: new Map(
        [...account.interfaces].filter(([, one]) => !gone.includes(one.Attachment?.InstanceId ?? '')),
      ),
    }));
    system.clock.advance(3_600_000);
    return system;
  };
  test('interfaces that vanished keep their rules until that is approved, in this release or by a hash as before', async () => {
    const system = await worldWithout([web1, web3]);
    const before = await system.ruleNames();
    const held = await resyncRun(system, {});
    assert.equal(held.status, 'SUCCEEDED', causeOf(held));
    assert.deepEqual(await system.ruleNames(), before);
    const [record] = (await system.records()).filter(({ state }) => state === 'owned');
    const interfaces = record?.contributions.destinations.map((each) => each.interface).sort() ?? [];
    await resyncRun(system, { approvePlan: '0123456789abcdef' });
    assert.deepEqual(await system.ruleNames(), before);
    const approved = await resyncRun(system, { approvePlan: digestOf(interfaces.join(' ')).slice(0, 16) });
    assert.equal(approved.status, 'SUCCEEDED', causeOf(approved));
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('below either limit nothing is held back', async () => {
    const system = await worldWithout([web1]);
    assert.equal((await resyncRun(system, {})).status, 'SUCCEEDED');
    const ours = (await system.rules()).filter(({ owned }) => owned).flatMap(({ destination }) => destination);
    assert.deepEqual(ours, ['10.0.1.13/32']);
  });

  test('what EC2 shows as stopped is never held back', async () => {
    const system = await createTestSystem({ environment: { BRAKE_INTERFACES: '0', BRAKE_PERCENT: '0' } });
    await calls(system).start(web2);
    const run = await calls(system).stop(web2);
    assert.equal(run.status, 'SUCCEEDED');
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('a resync with nothing changed writes nothing and commits nothing', async () => {
    const system = await createTestSystem();
    await calls(system).start(web2);
    await calls(system).grant(ids.commonGroup, {
      IpProtocol: 'tcp',
      FromPort: 8443,
      ToPort: 8443,
      IpRanges: [{ CidrIp: '0.0.0.0/0' }],
    });
    const before = system.parts.simulator.exportConfiguration('candidate');
    const run = await resyncRun(system, {});
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.ok(!run.states.some(({ name }) => name === 'ApplyRules' || name === 'Commit'));
    assert.equal(system.parts.simulator.exportConfiguration('candidate'), before);
  });

  test('with every event lost, one resync ends where the events would have', async () => {
    const told = await createTestSystem();
    const deaf = await createTestSystem({ copies: (_event, rule) => (rule === 'ChangeRule' ? 0 : 1) });
    const grant = { IpProtocol: 'tcp', FromPort: 8443, ToPort: 8443, IpRanges: [{ CidrIp: '198.51.100.0/24' }] };
    await calls(told).start(web2);
    await calls(told).grant(ids.webGroup, grant);
    const { StartInstancesCommand, AuthorizeSecurityGroupIngressCommand } = await import('@aws-sdk/client-ec2');
    await deaf.ec2.send(new StartInstancesCommand({ InstanceIds: [web2] }));
    await deaf.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: ids.webGroup, IpPermissions: [grant] }));
    await deaf.idle();
    assert.deepEqual(await deaf.ruleNames(), administratorsRules);
    const run = await resyncRun(deaf, {});
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const content = async (system: TestSystem) =>
      (await system.rules()).map(({ name: _name, ...rule }) => JSON.stringify(rule)).sort();
    assert.deepEqual(await content(deaf), await content(told));
  });
});
