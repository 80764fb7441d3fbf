import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Execution } from '../local/step-functions/executions.ts';
import { redriven } from '../support/attempts.ts';
import {
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resyncRun,
  ruleFields,
  statesOf,
  web2,
} from '../support/calls.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';

const ours = `${web2}-1`;
const theirs = 'Theirs';
const running = (system: MeddledSystem): string => system.parts.simulator.exportConfiguration('running');
const candidate = (system: MeddledSystem): string => system.parts.simulator.exportConfiguration('candidate');

/** A firewall that takes nothing but full commits until one has been made. */
const demanding = async (): Promise<MeddledSystem> => {
  const system = await createMeddledSystem();
  system.parts.simulator.control({ kind: 'full-commit-required', required: true });
  return system;
};

/** A colleague's rule, not committed. */
const colleaguesEdit = (system: MeddledSystem): void => {
  colleague(system).addRule(theirs, ruleFields({ destination: '10.0.9.1' }));
};

const locksOf = (system: MeddledSystem): readonly string[] =>
  system.parts.simulator.state().locks.map(({ kind, admin }) => `${kind} lock of ${admin}`);

/** What is locked and staged when the execution has failed, before anything is cleaned up. */
const failed = async (
  system: MeddledSystem,
): Promise<{ readonly run: Execution; readonly locks: readonly string[]; readonly staged: string }> => {
  let locks: readonly string[] = ['never looked'];
  let staged = '';
  system.beforeCleanUp(() => {
    locks = locksOf(system);
    staged = candidate(system);
  });
  const run = await calls(system).start(web2);
  assert.equal(run.status, 'FAILED');
  assert.equal(statesOf(run).at(-1), 'Commit');
  return { run, locks, staged };
};

describe('a firewall that demands a full commit', () => {
  test('gets one when all that is staged is ours', async () => {
    const system = await demanding();
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.ok((await system.ruleNames()).includes(ours));
    const { job, result } = outputOf(run, 'Commit')['commit'] as { job: string; result: string };
    assert.equal(result, 'OK');
    const made = system.parts.simulator.state().jobs.find(({ id }) => String(id) === job);
    assert.deepEqual([made?.user, made?.request?.admins], [administrator, null]);
    assert.deepEqual(locksOf(system), []);
  });

  test('gets none while a colleague has an edit pending: the run fails by name, and his edit stays as it is', async () => {
    const system = await demanding();
    colleaguesEdit(system);
    const [before, withTheEdit] = [running(system), candidate(system)];
    const { run, staged } = await failed(system);
    assert.equal(run.error, 'FullCommitNeeded', causeOf(run));
    assert.match(causeOf(run), /changes of colleague\. What was staged was withdrawn/);
    assert.equal(running(system), before);
    assert.equal(staged, withTheEdit);
  });

  test('gets none while something is changed that no list of changes has: the run fails by name and says where', async () => {
    const system = await demanding();
    const telemetry = "/config/devices/entry[@name='localhost.localdomain']/deviceconfig/system/device-telemetry";
    const admin = colleague(system);
    admin.set(telemetry, '<product-usage>yes</product-usage>');
    assert.doesNotMatch(
      admin.act({ type: 'op', cmd: '<show><config><list><changes/></list></config></show>' }),
      /telemetry/,
    );
    const [before, withTheEdit] = [running(system), candidate(system)];
    const { run, staged, locks } = await failed(system);
    assert.equal(run.error, 'FullCommitNeeded', causeOf(run));
    assert.match(
      causeOf(run),
      /would carry what is in no list of changes: \/config\/devices.*\/device-telemetry\. What was/,
    );
    assert.deepEqual([running(system), staged, locks], [before, withTheEdit, []]);
    admin.act({ type: 'commit', cmd: '<commit></commit>' });
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
  });

  test("is left without a config lock when the full commit is refused for a colleague's edit", async () => {
    const system = await demanding();
    colleaguesEdit(system);
    const { run, locks } = await failed(system);
    assert.equal(run.error, 'FullCommitNeeded', causeOf(run));
    assert.deepEqual(locks, []);
  });

  test('goes through at a redrive once the colleague has committed', async () => {
    const system = await demanding();
    colleaguesEdit(system);
    const { run } = await failed(system);
    assert.equal((await redriven(system, run)).error, 'FullCommitNeeded');
    colleague(system).commit();
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
  });

  test('is looked at again under the lock: an edit that a colleague made just before the lock is not carried', async () => {
    const system = await demanding();
    system.beforeRequest('<config-lock><add>', () => colleaguesEdit(system));
    const before = running(system);
    const { run, locks } = await failed(system);
    assert.equal(run.error, 'FullCommitNeeded', causeOf(run));
    assert.equal(running(system), before);
    assert.match(candidate(system), /Theirs/);
    assert.deepEqual(locks, []);
  });

  test('is looked at again under the lock: an edit just made under our account by an administrator is not carried either', async () => {
    const system = await demanding();
    system.beforeRequest('<config-lock><add>', () => {
      colleague(system, administrator).addRule(theirs, ruleFields({ destination: '10.0.9.1' }));
    });
    const before = running(system);
    const { run, locks } = await failed(system);
    assert.equal(run.error, 'NotOurAdministrator', causeOf(run));
    assert.equal(running(system), before);
    assert.deepEqual(locks, []);
  });

  test("keeps no config lock of ours while a colleague's commit lock stands in the way: the attempt that fails gives it back", async () => {
    const system = await demanding();
    const admin = colleague(system);
    admin.act({ type: 'op', cmd: '<request><commit-lock><add/></commit-lock></request>' });
    const held: (readonly string[])[] = [];
    system.beforeState('Commit', () =>
      system.beforeState('Commit', () => {
        held.push(locksOf(system));
        admin.act({ type: 'op', cmd: '<request><commit-lock><remove/></commit-lock></request>' });
      }),
    );
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(held, [['commit lock of colleague']]);
  });

  test('and then says there is nothing to commit is left without a config lock before the next plan', async () => {
    const system = await demanding();
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'commit' },
      fault: {
        kind: 'reply',
        status: 200,
        body: '<response status="success" code="19"><msg>There are no changes to commit.</msg></response>',
      },
    });
    let locks: readonly string[] = ['never looked'];
    system.beforeState('TakeTurn', () => {
      system.beforeState('TakeTurn', () => {
        locks = locksOf(system);
      });
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(locks, []);
  });

  test('only after it was asked carries nothing of a colleague either: the run fails by name, and what it wrote is withdrawn', async () => {
    const system = await createMeddledSystem();
    colleaguesEdit(system);
    const before = running(system);
    system.afterRequest('<check><full-commit-required', () =>
      system.parts.simulator.control({ kind: 'full-commit-required', required: true }),
    );
    const { run } = await failed(system);
    assert.equal(run.error, 'FullCommitNeeded', causeOf(run));
    assert.equal(running(system), before);
    assert.doesNotMatch(candidate(system), new RegExp(ours));
  });
});

describe('a firewall that demands no full commit', () => {
  test("is given a partial one: a colleague's edit neither stands in its way nor goes with it", async () => {
    const system = await createMeddledSystem();
    colleaguesEdit(system);
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const names = await system.ruleNames();
    assert.deepEqual([names.includes(ours), names.includes(theirs)], [true, false]);
    assert.match(candidate(system), /Theirs/);
  });
});

/** Before Panorama 11.0.1 a change of the order demands a full commit, and every rule that is added is moved to its place. */
describe('a firewall that demands a full commit only for what is moved', () => {
  const house = async () => {
    let isDeaf = false;
    const system = await createMeddledSystem({
      simulator: { reorderNeedsFullCommit: true },
      copies: (_event, rule) => (isDeaf && rule === 'ChangeRule' ? 0 : 1),
    });
    await calls(system).grant(ids.commonGroup, fromAnywhere(9000));
    isDeaf = true;
    await calls(system).grant(ids.commonGroup, fromAnywhere(9001));
    await calls(system).revoke(ids.commonGroup, fromAnywhere(9000));
    return system;
  };
  const services = async (system: MeddledSystem): Promise<readonly string[]> =>
    (await system.rules()).filter(({ owned }) => owned).flatMap(({ service }) => service);

  test("closes what is revoked while a colleague's edit is pending, opens nothing, and fails by that name", async () => {
    const system = await house();
    assert.deepEqual(await services(system), ['tcp-9000']);
    colleaguesEdit(system);
    const run = await resyncRun(system);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FullCommitNeeded'], causeOf(run));
    assert.match(causeOf(run), /changes of colleague.* What the plan removes was committed, without what it opens/);
    assert.deepEqual(await services(system), []);
    assert.match(candidate(system), /Theirs/);
    assert.doesNotMatch(running(system), /Theirs/);
    colleague(system).commit();
    const again = await resyncRun(system);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.deepEqual([...new Set(await services(system))], ['tcp-9001']);
  });
});
