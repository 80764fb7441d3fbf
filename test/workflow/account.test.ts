import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Execution } from '../local/step-functions/executions.ts';
import { errorsAt, redriven } from '../support/attempts.ts';
import { calls, causeOf, colleague, outputOf, ruleXpath, statesOf, vsysXpath, web2 } from '../support/calls.ts';
import { createMeddledSystem } from '../support/meddling.ts';
import type { TestSystem } from '../support/system.ts';
import { stateMachineArn } from '../system/local-system.ts';
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

describe('what an operator does about edits under our account', () => {
  /** The input that a cause gives. */
  const inputIn = (run: Execution): string =>
    /\{"operator":\{"revert":"[0-9a-f]{16}"\}\}/.exec(causeOf(run))?.[0] ?? '';
  const started = async (system: TestSystem, input: string): Promise<Execution> => {
    const { arn } = system.executions.start({ stateMachineArn, input });
    await system.idle();
    return system.executions.find(arn);
  };
  const elsewhere = `${vsysXpath}/address`;

  test('confirmed as the cause gives it, exactly these are taken back, whatever they are of; the rest goes on', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    const before = candidate(system);
    account.edit();
    account.set(elsewhere, "<entry name='left over'><ip-netmask>192.0.2.1</ip-netmask></entry>");
    colleague(system).set(ruleXpath('Clear text'), '<description>mine</description>');
    const run = await calls(system).start(web2);
    const again = await started(system, inputIn(run));
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.match(JSON.stringify(outputOf(again, 'TakeTurn')), /left over/, 'what was taken back is shown');
    assert.ok((await system.ruleNames()).includes(ours), 'what had failed is carried out as well');
    assert.doesNotMatch(candidate(system), /left over|looking into this/);
    assert.match(candidate(system), /mine/, "a colleague's edit stays");
    assert.doesNotMatch(running(system), /left over|looking into this|mine/);
    assert.notEqual(before, candidate(system));
  });

  test('when there are others by then, nothing is taken back and they are listed with what confirms them', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    account.edit();
    const run = await calls(system).start(web2);
    account.set(elsewhere, "<entry name='one more'><ip-netmask>192.0.2.1</ip-netmask></entry>");
    const staged = candidate(system);
    const again = await started(system, inputIn(run));
    assert.deepEqual([again.error, candidate(system)], ['NotOurAdministrator', staged]);
    assert.match(causeOf(again), /one more/);
    assert.notEqual(inputIn(again), inputIn(run));
    assert.equal((await started(system, inputIn(again))).status, 'SUCCEEDED');
  });

  test('a firewall that does not revert one account alone: that is said, and nothing else is touched', async () => {
    const system = await createMeddledSystem();
    underOurAccount(system).edit();
    const run = await calls(system).start(web2);
    const staged = candidate(system);
    const body =
      '<response status="error"><result><msg><line>Partial revert is not allowed. Full system commit must be completed.</line></msg></result></response>';
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { contains: '<revert>' },
      fault: { kind: 'reply', status: 200, body },
    });
    const again = await started(system, inputIn(run));
    assert.equal(again.error, 'NotOurAdministrator');
    assert.match(
      causeOf(again),
      /does not revert the changes of policy-sync alone; take them back by hand: .*'Web in'/,
    );
    assert.equal(candidate(system), staged);
  });

  test('with nothing of the kind there any more, it is a resync like any other', async () => {
    const system = await createMeddledSystem();
    const account = underOurAccount(system);
    account.edit();
    const run = await calls(system).start(web2);
    account.revert();
    const again = await started(system, inputIn(run));
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.ok((await system.ruleNames()).includes(ours));
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
