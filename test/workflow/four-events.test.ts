import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  administratorsRules,
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  ruleFields,
  ruleXpath,
  statesOf,
  web1,
  web2,
} from '../support/calls.ts';
import { createTestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const allStates = [
  'RecordChange',
  'TakeTurn',
  'ResolveInterfaces',
  'DeriveRules',
  'TestRules',
  'ApplyRules',
  'Commit',
  'ReleaseTurn',
];
const withoutWriting = allStates.filter((name) => name !== 'ApplyRules' && name !== 'Commit');

const pendingChanges = (xml: string): boolean => /admin="|dirtyId="/.test(xml);

describe('nothing is written that need not be', () => {
  test('an instance whose grants are all allowed already costs no write and no commit, and the verdict names the rules', async () => {
    const system = await createTestSystem();
    const { stop, start } = calls(system);
    await stop(web1);
    system.clock.advance(60_000);
    const before = system.parts.simulator.exportConfiguration('running');
    const run = await start(web1);
    assert.equal(run.status, 'SUCCEEDED');
    assert.deepEqual(statesOf(run), withoutWriting);
    const output = outputOf(run, 'TestRules') as {
      because: string;
      tested: { verdicts: { first: { verdict: string; by: string[] }[] } };
    };
    assert.deepEqual(
      output.tested.verdicts.first.map(({ verdict, by }) => [verdict, by]),
      [['allowed', ['Web in']]],
    );
    assert.match(output.because, /allowed by rules above/);
    assert.equal(system.parts.simulator.exportConfiguration('running'), before);
    assert.equal(system.parts.simulator.exportConfiguration('candidate'), before);
  });

  test('an instance that does not route through the firewall ends before the turn, with the reason', async () => {
    const system = await createTestSystem();
    const run = await calls(system).start(ids.intranet);
    assert.deepEqual(statesOf(run), ['RecordChange']);
    assert.match(String(outputOf(run, 'RecordChange')['because']), /does not route through the firewall/);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('the same event twice adds its rule once', async () => {
    const system = await createTestSystem({ copies: () => 2 });
    await calls(system).start(web2);
    assert.equal(system.runs().length, 2);
    assert.deepEqual(
      system.runs().map(({ status }) => status),
      ['SUCCEEDED', 'SUCCEEDED'],
    );
    assert.deepEqual(await system.ruleNames(), ['Web out', 'Web in', 'Clear text', `${web2}-1`, 'Clean up']);
  });

  test('a revoke of a permission that nothing was written for writes nothing', async () => {
    const system = await createTestSystem();
    const run = await calls(system).revoke(ids.webGroup, fromAnywhere(80));
    assert.deepEqual(statesOf(run), withoutWriting);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });
});

describe('what is not ours', () => {
  test("an administrator's rule whose name contains our instance id is never touched", async () => {
    const system = await createTestSystem();
    const other = colleague(system);
    other.addRule(`allow ${web2}-1 mail`, ruleFields({ destination: '10.0.1.12', service: 'tcp-81' }));
    other.addRule(`${web2}-1`, ruleFields({ destination: '10.0.1.99', service: 'tcp-81' }));
    other.move(ruleXpath(`allow ${web2}-1 mail`), 'top');
    other.move(ruleXpath(`${web2}-1`), 'top');
    other.commit();
    const { start, stop } = calls(system);
    await start(web2);
    // The name is taken, so the next number is used.
    assert.equal((await system.rules()).find(({ owned }) => owned)?.name, `${web2}-2`);
    await stop(web2);
    assert.deepEqual(await system.ruleNames(), [`${web2}-1`, `allow ${web2}-1 mail`, ...administratorsRules]);
  });

  test("a colleague's uncommitted edits stay uncommitted", async () => {
    const system = await createTestSystem();
    colleague(system).addRule('Half finished', ruleFields({ destination: '10.0.1.12', service: 'tcp-81' }));
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED');
    assert.deepEqual(await system.ruleNames(), ['Web out', 'Web in', 'Clear text', `${web2}-1`, 'Clean up']);
    assert.match(system.parts.simulator.exportConfiguration('candidate'), /Half finished/);
  });

  test("a colleague's uncommitted allow does not count as allowed: it does not run yet", async () => {
    const system = await createTestSystem();
    const other = colleague(system);
    other.addRule('Soon', ruleFields({ destination: '10.0.1.12' }));
    other.move(ruleXpath('Soon'), 'top');
    await calls(system).start(web2);
    assert.ok((await system.ruleNames()).includes(`${web2}-1`));
  });
});

describe('what cannot be done is refused by name, and nothing stays behind', () => {
  test('a bottom rule that does not exist', async () => {
    const system = await createTestSystem({ environment: { BOTTOM_RULE: 'Clean-up' } });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'BottomRuleUnusable']);
    assert.match(causeOf(run), /Clean-up/);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('an API key that the firewall does not take', async () => {
    const system = await createTestSystem({ secret: () => 'TOTALLYWRONGKEY' });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallDenied']);
    assert.doesNotMatch(`${run.cause}${system.log.join('')}`, /TOTALLYWRONGKEY/);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('a commit that fails is withdrawn and fails with the words of the firewall', async () => {
    const system = await createTestSystem();
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'commit' },
      fault: { kind: 'commit-fails', lines: ['Validation Error:', ' vsys1 is invalid for some reason'] },
    });
    const before = system.parts.simulator.exportConfiguration('candidate');
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'CommitFailed']);
    assert.match(causeOf(run), /vsys1 is invalid for some reason/);
    assert.equal(system.parts.simulator.exportConfiguration('candidate'), before);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    assert.equal(pendingChanges(before), false);
  });

  test('a setting that names a zone the firewall does not have', async () => {
    const system = await createTestSystem({ environment: { TRUST_ZONE: 'inside' } });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'Misconfigured']);
    assert.match(causeOf(run), /TRUST_ZONE: the firewall has no zone "inside"/);
  });

  test('a missing setting is named in the first state', async () => {
    const system = await createTestSystem({ environment: { BOTTOM_RULE: '' } }).catch(
      (error: unknown) => error as Error,
    );
    assert.ok(system instanceof Error && system.name === 'Misconfigured');
    assert.match(system.message, /BOTTOM_RULE is not set/);
  });
});

describe('grants come and go', () => {
  test('a grant for two running instances makes one rule with both addresses, and a stop shrinks it', async () => {
    const system = await createTestSystem();
    const { grant, stop } = calls(system);
    await grant(ids.commonGroup, fromAnywhere(8443, '198.51.100.0/24'));
    const ours = async () => (await system.rules()).filter(({ owned }) => owned);
    assert.deepEqual(
      (await ours()).map(({ name, source, destination }) => ({ name, source, destination })),
      [{ name: `${ids.commonGroup}-1`, source: ['198.51.100.0/24'], destination: ['10.0.1.11/32', '10.0.1.13/32'] }],
    );
    await stop(web1);
    assert.deepEqual(
      (await ours()).map(({ destination }) => destination),
      [['10.0.1.13/32']],
    );
  });

  test('revoking one of two sources of the same port shrinks the rule to the other', async () => {
    const system = await createTestSystem();
    const { grant, revoke } = calls(system);
    await grant(ids.commonGroup, fromAnywhere(8443, '198.51.100.0/24'), fromAnywhere(8443, '203.0.113.0/24'));
    await revoke(ids.commonGroup, fromAnywhere(8443, '198.51.100.0/24'));
    const [rule] = (await system.rules()).filter(({ owned }) => owned);
    assert.deepEqual(rule?.source, ['203.0.113.0/24']);
  });

  test('a world-open grant is removed again when it is revoked', async () => {
    const system = await createTestSystem();
    const { grant, revoke } = calls(system);
    await grant(ids.commonGroup, fromAnywhere(8443));
    assert.ok((await system.ruleNames()).includes(`${ids.commonGroup}-1`));
    await revoke(ids.commonGroup, fromAnywhere(8443));
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });
});
