import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorsAt, redriven } from '../support/attempts.ts';
import { calls, causeOf, colleague, ruleXpath, statesOf, web2 } from '../support/calls.ts';
import { createMeddledSystem } from '../support/meddling.ts';
import type { TestSystem } from '../support/system.ts';
import { administrator } from '../system/parts.ts';

const ours = `${web2}-1`;
const running = (system: TestSystem): string => system.parts.simulator.exportConfiguration('running');
const candidate = (system: TestSystem): string => system.parts.simulator.exportConfiguration('candidate');

/** An administrator who uses the account of this system for an edit of his own, and takes it back. */
const underOurAccount = (system: TestSystem) => {
  const account = colleague(system, administrator);
  return {
    ...account,
    edit: () => account.set(ruleXpath('Web in'), '<description>looking into this</description>'),
    putBack: () => account.delete(`${ruleXpath('Web in')}/description`),
    revert: () =>
      account.act({
        type: 'op',
        cmd: `<revert><config><partial><admin><member>${administrator}</member></admin></partial></config></revert>`,
      }),
  };
};

describe('an edit under our account that this system did not make', () => {
  test('is found before anything is planned: the run fails by name at once, and the edit stays as it is', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    account.edit();
    const [before, staged] = [running(system), candidate(system)];
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'NotOurAdministrator'], causeOf(run));
    assert.deepEqual(statesOf(run), ['RecordChange', 'TakeTurn']);
    assert.deepEqual(errorsAt(run, 'TakeTurn'), ['NotOurAdministrator']);
    assert.match(causeOf(run), /policy-sync has uncommitted changes .*entry\[@name='Web in'\]/);
    assert.equal(running(system), before);
    assert.equal(candidate(system), staged);
  });

  test('fails a redrive in the same way until it is reverted; then a redrive goes through to the end', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    account.edit();
    const run = await calls(system).start(web2);
    assert.equal((await redriven(system, run)).error, 'NotOurAdministrator');
    account.revert();
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.ok((await system.ruleNames()).includes(ours));
  });

  test('does not stand in the way once it has been put back by hand, though the firewall still lists it', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    account.edit();
    account.putBack();
    const listed = account.act({ type: 'op', cmd: '<show><config><list><changes/></list></config></show>' });
    assert.match(listed, /Web in/);
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.ok((await system.ruleNames()).includes(ours));
  });

  test('made between writing and committing, is not committed: the run fails by name, and what it wrote is withdrawn', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    const before = running(system);
    account.edit();
    const withTheEdit = candidate(system);
    account.revert();
    system.beforeState('Commit', account.edit);
    let atTheEnd = '';
    system.beforeCleanUp(() => {
      atTheEnd = candidate(system);
    });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'NotOurAdministrator'], causeOf(run));
    assert.equal(statesOf(run).at(-1), 'Commit');
    assert.deepEqual(errorsAt(run, 'Commit'), ['NotOurAdministrator']);
    assert.match(causeOf(run), /What was staged was withdrawn: not ours but pending under policy-sync: .*'Web in'/);
    assert.equal(running(system), before);
    assert.equal(atTheEnd, withTheEdit);
  });

  test('made between writing and committing and put back by hand, does not stand in the way of the commit', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    system.beforeState('Commit', () => {
      account.edit();
      account.putBack();
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'Commit'), [null]);
    assert.ok((await system.ruleNames()).includes(ours));
  });

  test('made between writing and committing, does no harm to a redrive once it is reverted', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    system.beforeState('Commit', account.edit);
    const run = await calls(system).start(web2);
    account.revert();
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
    assert.doesNotMatch(running(system), /looking into this/);
  });
});

describe('a key of another account than the setting names', () => {
  test('fails the commit by name, since the firewall does not list what was written under the account: nothing runs', async () => {
    const system = await createMeddledSystem({ environment: { FIREWALL_ADMINISTRATOR: 'robot' } });
    const before = running(system);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'NotOurAdministrator'], causeOf(run));
    assert.equal(statesOf(run).at(-1), 'Commit');
    assert.match(causeOf(run), new RegExp(`not listed under robot: .*${ours}`));
    assert.doesNotMatch(causeOf(run), /was withdrawn/);
    assert.match(causeOf(run), new RegExp(`^Still staged, to be taken back by hand: .*${ours}`));
    assert.ok(candidate(system).includes(`"${ours}"`), 'it could not be withdrawn, and that is said');
    assert.equal(running(system), before);
  });
});
