import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorsAt } from '../support/attempts.ts';
import { calls, causeOf, statesOf, web2 } from '../support/calls.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';

/** The list of jobs of a firewall that has booted: its automatic commit, which is none of any administrator, as it runs. */
const automaticCommit = (system: MeddledSystem, status: 'PEND' | 'ACT', times: number): void =>
  system.parts.simulator.control({
    kind: 'add-fault',
    when: { contains: '<show><jobs><all' },
    times,
    fault: {
      kind: 'reply',
      status: 200,
      body: `<response status="success"><result><job><tenq>2026/11/02 08:00:00</tenq><id>1</id><user></user><type>AutoCom</type><status>${status}</status><queued>NO</queued><stoppable>no</stoppable><result>PEND</result><tfin>Still Active</tfin><description></description><positionInQ>0</positionInQ><progress>40</progress><details></details><warnings></warnings></job></result></response>`,
    },
  });

describe('the automatic commit of a firewall that has booted', () => {
  for (const status of ['PEND', 'ACT'] as const) {
    test(`is waited for before anything is planned, as long as it is ${status}`, async () => {
      const system = await createMeddledSystem();
      automaticCommit(system, status, 3);
      const run = await calls(system).start(web2);
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.deepEqual(errorsAt(run, 'TakeTurn'), ['CommitInProgress', 'CommitInProgress', 'CommitInProgress', null]);
      assert.deepEqual(
        statesOf(run).filter((state) => state === 'ApplyRules'),
        ['ApplyRules'],
      );
    });
  }

  test('that does not end: the run fails by name and says which job it waits for', async () => {
    const system = await createMeddledSystem();
    automaticCommit(system, 'ACT', 10_000);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error, statesOf(run).at(-1)], ['FAILED', 'CommitInProgress', 'TakeTurn']);
    assert.match(causeOf(run), /automatic commit .* \(job 1\) is ACT/);
  });
});
