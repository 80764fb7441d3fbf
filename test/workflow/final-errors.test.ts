import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StartInstancesCommand } from '@aws-sdk/client-ec2';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import { errorsAt, redriven } from '../support/attempts.ts';
import { administratorsRules, calls, causeOf, fromAnywhere, resync, statesOf, web2 } from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { stateMachineArn } from '../system/local-system.ts';

const ours = `${web2}-1`;
const recordsOf = (system: TestSystem) =>
  tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment)).records;
const contentOf = (system: TestSystem): readonly string[] =>
  (['running', 'candidate'] as const).map((which) => system.parts.simulator.exportConfiguration(which));

describe('a call that AWS refuses: AwsDenied', () => {
  for (const [action, call, state] of [
    ['DescribeRouteTables', (system: TestSystem) => calls(system).start(web2), 'RecordChange'],
    [
      'DescribeRouteTables',
      (system: TestSystem) => calls(system).grant(ids.commonGroup, fromAnywhere(8443)),
      'ResolveInterfaces',
    ],
    ['DescribeSecurityGroupRules', (system: TestSystem) => calls(system).start(web2), 'DeriveRules'],
  ] as const) {
    test(`fails ${state} at once, names ec2:${action} and leaves the firewall alone; a redrive goes through once it is permitted`, async () => {
      let denied: readonly string[] = [action];
      const system = await createTestSystem({ ec2: { faults: () => ({ denied }) } });
      const before = contentOf(system);
      const run = await call(system);
      assert.deepEqual([run.status, run.error, statesOf(run).at(-1)], ['FAILED', 'AwsDenied', state], causeOf(run));
      assert.deepEqual(errorsAt(run, state), ['AwsDenied']);
      assert.match(causeOf(run), new RegExp(`AWS refused ec2:${action}:`));
      assert.deepEqual(contentOf(system), before);
      denied = [];
      const again = await redriven(system, run);
      assert.equal(again.status, 'SUCCEEDED', causeOf(again));
      assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
    });
  }
});

describe('two records that claim one rule: OwnershipClash', () => {
  test('neither decides over it: the run fails by name, and the rule stays until one of them is corrected', async () => {
    const system = await createTestSystem();
    await calls(system).start(web2);
    const [record] = await system.records();
    assert.ok(record !== undefined);
    const second = { ...record, id: `${web2}-7`, name: `${web2}-7` };
    await recordsOf(system).putRule(second);
    const before = contentOf(system);
    const run = await calls(system).stop(web2);
    assert.deepEqual(
      [run.status, run.error, statesOf(run).at(-1)],
      ['FAILED', 'OwnershipClash', 'TestRules'],
      causeOf(run),
    );
    assert.deepEqual(errorsAt(run, 'TestRules'), ['OwnershipClash']);
    assert.match(causeOf(run), new RegExp(`"${ours}" and "${web2}-7" both claim the rule with uuid ${record.uuid}`));
    assert.equal((await redriven(system, run)).error, 'OwnershipClash');
    assert.deepEqual(contentOf(system), before);
    await recordsOf(system).putRule({ ...second, uuid: 'a rule that is long gone', state: 'tombstone', fence: 1_000 });
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });
});

describe('an event of a shape that is not known: EventNotUnderstood', () => {
  /** The event of a start, with something else where its instances should be; the real one is lost. */
  const strangeStart = async () => {
    const system = await createTestSystem({ copies: (_event, rule) => (rule === 'ChangeRule' ? 0 : 1) });
    await system.ec2.send(new StartInstancesCommand({ InstanceIds: [web2] }));
    await system.idle();
    const event = system.bus.sent.find(({ detail }) => detail['eventName'] === 'StartInstances');
    assert.ok(event !== undefined);
    const detail = { ...event.detail, responseElements: { instancesSet: 'three of them' } };
    const { arn } = system.executions.start({ stateMachineArn, input: JSON.stringify({ ...event, detail }) });
    await system.idle();
    return { system, run: system.executions.find(arn) };
  };

  test('fails the first state at once and names the field; the firewall is left alone', async () => {
    const { system, run } = await strangeStart();
    assert.deepEqual([run.status, run.error, statesOf(run)], ['FAILED', 'EventNotUnderstood', ['RecordChange']]);
    assert.deepEqual(errorsAt(run, 'RecordChange'), ['EventNotUnderstood']);
    assert.match(causeOf(run), /instancesSet/);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('fails a redrive in the same way; the resync does the work', async () => {
    const { system, run } = await strangeStart();
    const again = await redriven(system, run);
    assert.deepEqual([again.status, again.error], ['FAILED', 'EventNotUnderstood']);
    await resync(system);
    assert.ok((await system.ruleNames()).includes(ours));
  });
});
