import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { errorsAt, redriven } from '../support/attempts.ts';
import {
  administratorsRules,
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  resync,
  ruleXpath,
  statesOf,
  web2,
} from '../support/calls.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';
import type { TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';

const ours = `${web2}-1`;
const running = (system: TestSystem): string => system.parts.simulator.exportConfiguration('running');
const candidate = (system: TestSystem): string => system.parts.simulator.exportConfiguration('candidate');
const commits = (system: TestSystem): number => system.parts.simulator.state().versions.length;
const stateOfRecords = async (system: TestSystem) =>
  (await system.records()).map(({ id, state, intent }) => [id, state, intent]);

/** A system in which the second web server has its rule. */
const house = async (): Promise<MeddledSystem> => {
  const system = await createMeddledSystem();
  await calls(system).start(web2);
  assert.ok((await system.ruleNames()).includes(ours));
  return system;
};

const loadWhatRuns = (system: TestSystem): void => {
  colleague(system).act({ type: 'op', cmd: '<load><config><from>running-config.xml</from></config></load>' });
};

describe('a commit is a success only when the running configuration shows it', () => {
  test('"nothing to commit" is no success while what was staged does not run: it is withdrawn and planned again', async () => {
    const system = await createMeddledSystem();
    const before = candidate(system);
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'commit' },
      fault: {
        kind: 'reply',
        status: 200,
        body: '<response status="success" code="13"><msg>The result of this commit would be the same as the previous commit queued/processed.</msg></response>',
      },
    });
    let staged = '';
    system.beforeState('TakeTurn', () => {
      system.beforeState('TakeTurn', () => {
        staged = candidate(system);
      });
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'Commit'), ['PlanStale', null]);
    assert.equal(staged, before);
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
  });

  test('a firewall that never commits what is staged fails the run by name, which says what is missing', async () => {
    const system = await createMeddledSystem();
    const before = candidate(system);
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'commit' },
      times: 100,
      fault: {
        kind: 'reply',
        status: 200,
        body: '<response status="success" code="19"><msg>There are no changes to commit.</msg></response>',
      },
    });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'PolicyUnsettled'], causeOf(run));
    assert.match(causeOf(run), /nothing to commit, but .* does not show it: "i-\S+" is missing/);
    assert.equal(candidate(system), before);
    system.parts.simulator.control({ kind: 'clear-faults' });
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
  });

  test('after an administrator reverted what was staged, no run succeeds that opened nothing; the next resync opens it', async () => {
    const system = await createMeddledSystem();
    system.beforeState('Commit', () => loadWhatRuns(system));
    const run = await calls(system).start(web2);
    const opened = (await system.rules()).some(({ owned }) => owned);
    assert.equal(run.status === 'SUCCEEDED', opened, `${run.status}: ${causeOf(run)}`);
    assert.equal((await resync(system)).status, 'SUCCEEDED');
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
  });

  test('a commit job that ended well is no success when an administrator has deleted the rule and committed since: it is planned again', async () => {
    const system = await createMeddledSystem();
    system.afterRequest('<commit><description>', () => {
      const admin = colleague(system);
      admin.delete(ruleXpath(ours));
      admin.commit();
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'Commit'), ['PlanStale', null]);
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
  });

  test("a colleague's revert between write and commit costs a batch of changes one more plan, not a commit each", async () => {
    const system = await createMeddledSystem();
    const before = commits(system);
    system.beforeState('Commit', () => loadWhatRuns(system));
    await Promise.all(
      [9001, 9002, 9003, 9004].map((port) =>
        system.ec2.send(
          new AuthorizeSecurityGroupIngressCommand({ GroupId: ids.commonGroup, IpPermissions: [fromAnywhere(port)] }),
        ),
      ),
    );
    await system.idle();
    assert.deepEqual(new Set(system.runs().map(({ status }) => status)), new Set(['SUCCEEDED']));
    assert.ok(commits(system) - before <= 2, `${commits(system) - before} commits`);
  });

  test('a removed rule that an administrator brought back and renamed meanwhile is not gone, and is removed by its new name', async () => {
    const system = await house();
    system.beforeState('Commit', () => {
      loadWhatRuns(system);
      const admin = colleague(system);
      admin.rename(ruleXpath(ours), 'Kept');
      admin.commit();
    });
    const run = await calls(system).stop(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'Commit'), ['PlanStale', null]);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });
});

describe('what was written is read back before it is committed', () => {
  const source = '<source><member>198.51.100.0/24</member></source>';
  for (const [what, change] of [
    ['has another source', (system) => colleague(system, administrator).edit(`${ruleXpath(ours)}/source`, source)],
    ['stands below the bottom rule', (system) => colleague(system, administrator).move(ruleXpath(ours), 'bottom')],
    ['is not there', (system) => colleague(system, administrator).delete(ruleXpath(ours))],
  ] as readonly (readonly [string, (system: TestSystem) => void])[]) {
    test(`an added rule that ${what} is not committed: the run plans again and ends right`, async () => {
      const system = await createMeddledSystem();
      const before = commits(system);
      system.afterRequest('multi-config', () => change(system));
      const run = await calls(system).start(web2);
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.deepEqual(errorsAt(run, 'ApplyRules'), ['PlanStale', null]);
      assert.deepEqual(errorsAt(run, 'Commit'), [null]);
      assert.equal(commits(system), before + 1);
      const owned = (await system.rules()).filter((rule) => rule.owned);
      assert.deepEqual(
        owned.map((rule) => rule.source),
        [['0.0.0.0/0']],
      );
      assert.equal((await system.ruleNames()).at(-1), 'Clean up');
    });
  }

  test('a removed rule that an administrator renamed just before the write is still there: it is removed by its new name', async () => {
    const system = await house();
    system.beforeRequest('multi-config', () => {
      const admin = colleague(system);
      admin.rename(ruleXpath(ours), 'Renamed');
      admin.commit();
    });
    const before = commits(system) + 1;
    const run = await calls(system).stop(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'ApplyRules'), ['PlanStale', null]);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    assert.equal(commits(system), before + 1);
  });
});

describe('what runs is confirmed in the records', () => {
  test('an added, a moved and a removed rule leave no intent behind', async () => {
    const system = await house();
    assert.deepEqual(await stateOfRecords(system), [[ours, 'owned', null]]);
    const admin = colleague(system);
    admin.move(ruleXpath(ours), 'bottom');
    admin.commit();
    const run = await resync(system);
    assert.ok(statesOf(run).includes('Commit'));
    assert.equal((await system.ruleNames()).at(-1), 'Clean up');
    assert.deepEqual(await stateOfRecords(system), [[ours, 'owned', null]]);
    await calls(system).stop(web2);
    assert.deepEqual(await stateOfRecords(system), [[ours, 'tombstone', null]]);
    assert.doesNotMatch(running(system), new RegExp(ours));
  });
});
