import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import {
  administratorsRules,
  calls,
  colleague,
  fromAnywhere,
  outputOf,
  resync,
  ruleFields,
  ruleXpath,
  web1,
  web2,
} from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const ours = `${web2}-1`;
const serviceXpath = (name: string): string =>
  `/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/service/entry[@name='${name}']`;
const element = (tag: string, ...members: readonly string[]): string =>
  `<${tag}>${members.map((member) => `<member>${member}</member>`).join('')}</${tag}>`;
/** The address that the policy allows the second web server's port 443 under. */
const address = '10.0.1.12/32';

/** A house in which the second web server has a rule of ours for tcp 443, called as `ours`. */
const house = async (): Promise<TestSystem> => {
  const system = await createTestSystem();
  await calls(system).start(web2);
  assert.ok((await system.ruleNames()).includes(ours));
  return system;
};

interface Tested {
  readonly reports?: { readonly first: readonly string[] };
  readonly notTouched?: { readonly first: readonly string[] };
}
const testedOf = (run: Awaited<ReturnType<typeof resync>>): Tested =>
  (outputOf(run, 'TestRules')['tested'] ?? {}) as Tested;
const reportsOf = (run: Awaited<ReturnType<typeof resync>>): string => (testedOf(run).reports?.first ?? []).join('\n');

const ownNames = async (system: TestSystem): Promise<readonly string[]> =>
  (await system.rules()).filter(({ owned }) => owned).map(({ name }) => name);
const ruleOf = async (system: TestSystem, name: string) => (await system.rules()).find((rule) => rule.name === name);
const running = (system: TestSystem): string => system.parts.simulator.exportConfiguration('running');
const partsOf = (system: TestSystem) =>
  tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment));

describe('what others do to a rule of ours', () => {
  test('deleted: made again while it is needed, under another name, and reported', async () => {
    const system = await house();
    const other = colleague(system);
    other.delete(ruleXpath(ours));
    other.commit();
    const run = await resync(system);
    assert.deepEqual(await ownNames(system), [`${web2}-2`]);
    assert.match(
      reportsOf(run),
      /was deleted by an administrator: what is granted is made again\. To close it, disable the rule instead/,
    );
    await calls(system).stop(web2);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('deleted when nothing needs it any more: not made again', async () => {
    const system = await house();
    const other = colleague(system);
    other.delete(ruleXpath(ours));
    other.commit();
    await calls(system).stop(web2);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  for (const [what, change, words] of [
    ['disabled', '<disabled>yes</disabled>', /was disabled: what it granted stays closed/],
    ['set to deny', '<action>deny</action>', /was set to deny: what it granted stays closed/],
  ] as const) {
    test(`${what}: stands, is reported as overriding the grant, and goes with its last grant`, async () => {
      const system = await house();
      const other = colleague(system);
      other.set(ruleXpath(ours), change);
      other.commit();
      const before = running(system);
      assert.match(reportsOf(await resync(system)), words);
      assert.equal(running(system), before);
      await calls(system).stop(web2);
      assert.deepEqual(await system.ruleNames(), administratorsRules);
    });
  }

  test('narrowed: stands, and no second rule opens what was narrowed away', async () => {
    const system = await house();
    const other = colleague(system);
    other.edit(`${ruleXpath(ours)}/source`, element('source', '198.51.100.0/24'));
    other.commit();
    const before = running(system);
    assert.match(
      reportsOf(await resync(system)),
      /changed in source; that stands, and what it no longer lets through stays closed/,
    );
    assert.equal(running(system), before);
    await calls(system).stop(web2);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('widened: reported, and goes with its last grant', async () => {
    const system = await house();
    const other = colleague(system);
    other.set(`${ruleXpath(ours)}/destination`, '<member>10.0.1.99/32</member>');
    other.commit();
    assert.match(
      reportsOf(await resync(system)),
      /says more than was written in destination; it goes with its last grant/,
    );
    assert.deepEqual((await ruleOf(system, ours))?.destination, [address, '10.0.1.99/32']);
    await calls(system).stop(web2);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('renamed: still ours, and the record follows', async () => {
    const system = await house();
    const other = colleague(system);
    other.rename(ruleXpath(ours), 'Web server two');
    other.commit();
    assert.match(reportsOf(await resync(system)), /is now called "Web server two" and is still ours/);
    assert.deepEqual(
      (await system.records()).map(({ name, state }) => [name, state]),
      [['Web server two', 'owned']],
    );
    await calls(system).stop(web2);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('moved up: stays where it was put', async () => {
    const system = await house();
    const other = colleague(system);
    other.move(ruleXpath(ours), 'top');
    other.commit();
    const before = running(system);
    await resync(system);
    assert.equal(running(system), before);
    assert.equal((await system.ruleNames())[0], ours);
  });

  test('moved below the bottom rule: moved back to directly above it', async () => {
    const system = await house();
    const other = colleague(system);
    other.move(ruleXpath(ours), 'bottom');
    other.commit();
    const run = await resync(system);
    assert.match(reportsOf(run), /stands below "Clean up"/);
    assert.deepEqual(await system.ruleNames(), ['Web out', 'Web in', 'Clear text', ours, 'Clean up']);
  });

  test('cloned: the clone is not ours and outlives it', async () => {
    const system = await house();
    const other = colleague(system);
    other.clone(ruleXpath(ours), 'A copy');
    other.commit();
    await calls(system).stop(web2);
    assert.deepEqual((await system.ruleNames()).toSorted(), [...administratorsRules, 'A copy'].toSorted());
  });

  test('deleted and made again under the same name: another uuid, so not ours any more', async () => {
    const system = await house();
    const other = colleague(system);
    other.delete(ruleXpath(ours));
    other.commit();
    other.addRule(ours, ruleFields({ destination: '10.0.1.12', service: 'tcp-443' }));
    other.move(ruleXpath(ours), 'before', 'Clean up');
    other.commit();
    await resync(system);
    assert.deepEqual(await ownNames(system), []);
    await calls(system).stop(web2);
    assert.ok((await system.ruleNames()).includes(ours), 'somebody else made it, so it stays');
  });

  test('returned with an old configuration: removed again', async () => {
    const system = await house();
    const other = colleague(system);
    other.act({ type: 'op', cmd: '<save><config><to>monday.xml</to></config></save>' });
    await calls(system).stop(web2);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    other.act({ type: 'op', cmd: '<load><config><from>monday.xml</from></config></load>' });
    other.commit();
    assert.ok((await system.ruleNames()).includes(ours));
    assert.match(reportsOf(await resync(system)), /is back with an old configuration: removed again/);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test("with somebody else's uncommitted edit on it: not touched, the rest goes on, and it is said that a hole stays open", async () => {
    const system = await house();
    const other = colleague(system);
    await calls(system).grant(ids.webGroup, fromAnywhere(9001));
    other.set(ruleXpath(ours), '<description>looking into this</description>');
    const run = await calls(system).stop(web2);
    assert.equal(run.status, 'SUCCEEDED');
    assert.deepEqual(await ownNames(system), [ours]);
    assert.match(
      (testedOf(run).notTouched?.first ?? []).join('\n'),
      /colleague is editing it: what it no longer should allow stays open until that is committed or reverted/,
    );
    assert.match(system.parts.sns.published.map(({ message }) => message).join('\n'), /stays open/);
    other.commit();
    await resync(system);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });
});

describe('an addition whose uuid was never read back', () => {
  const interrupted = async (content: 'exactly' | 'nearly') => {
    const system = await house();
    const { records } = partsOf(system);
    const [record] = await system.records();
    assert.ok(record !== undefined);
    await records.putRule({
      ...record,
      state: 'intended',
      uuid: null,
      intent: { kind: 'add', execution: 'dead', content: record.content },
    });
    if (content === 'nearly') {
      const other = colleague(system);
      other.edit(`${ruleXpath(ours)}/source`, element('source', '198.51.100.0/24'));
      other.commit();
    }
    await resync(system);
    return system;
  };

  test('is adopted on its name and exactly its content', async () => {
    const system = await interrupted('exactly');
    assert.deepEqual(await ownNames(system), [ours]);
  });

  test('is adopted by the mark in its description when an administrator has changed it since', async () => {
    const system = await interrupted('nearly');
    assert.deepEqual(await ownNames(system), [ours]);
    await calls(system).stop(web2);
    assert.ok(!(await system.ruleNames()).includes(ours));
  });
});

describe('what others do to a service object of ours', () => {
  test('used in a rule of theirs: no longer ours, so it stays when our last rule goes', async () => {
    const system = await house();
    const other = colleague(system);
    other.addRule('Theirs', ruleFields({ destination: '10.0.1.77', service: 'tcp-443' }));
    other.commit();
    assert.match(reportsOf(await resync(system)), /"tcp-443" is no longer ours: the rule "Theirs" uses it/);
    await calls(system).stop(web2);
    assert.match(running(system), /<entry name="tcp-443">/);
    other.delete(ruleXpath('Theirs'));
    other.commit();
    await resync(system);
    assert.match(running(system), /<entry name="tcp-443">/);
  });

  test('given another value: our rule is replaced by one that says what is granted, and the object is left to them', async () => {
    const system = await house();
    const other = colleague(system);
    other.edit(`${serviceXpath('tcp-443')}/protocol`, '<protocol><tcp><port>1-65535</port></tcp></protocol>');
    other.commit();
    const run = await resync(system);
    assert.match(reportsOf(run), /changed the service object "tcp-443"/);
    const [name = ''] = await ownNames(system);
    assert.deepEqual((await ruleOf(system, name))?.service, ['tcp-443-2']);
    assert.deepEqual(await ownNames(system), [`${web2}-2`]);
    await calls(system).stop(web2);
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    assert.match(running(system), /<entry name="tcp-443">/);
    assert.doesNotMatch(running(system), /<entry name="tcp-443-2">/);
  });

  test('given another value that is not committed: nothing runs with it yet, so nothing is replaced', async () => {
    const system = await house();
    colleague(system).edit(
      `${serviceXpath('tcp-443')}/protocol`,
      '<protocol><tcp><port>1-65535</port></tcp></protocol>',
    );
    const before = running(system);
    await resync(system);
    assert.equal(running(system), before);
  });
});

describe('an instance that shares a rule of ours', () => {
  test('leaves a narrowed rule without opening it wider for those who stay', async () => {
    const system = await createTestSystem();
    await calls(system).grant(ids.commonGroup, fromAnywhere(9001, '198.51.100.0/24'));
    const [name = ''] = await ownNames(system);
    const other = colleague(system);
    other.edit(`${ruleXpath(name)}/source`, element('source', '198.51.100.7/32'));
    other.commit();
    await calls(system).stop(web1);
    assert.deepEqual((await ruleOf(system, name))?.source, ['198.51.100.7/32']);
    assert.deepEqual((await ruleOf(system, name))?.destination, ['10.0.1.13/32']);
  });
});

describe('what an administrator closed stays closed', () => {
  const both = async (): Promise<{ readonly system: TestSystem; readonly name: string }> => {
    const system = await createTestSystem();
    await calls(system).grant(ids.commonGroup, fromAnywhere(8443, '198.51.100.0/24'));
    return { system, name: `${ids.commonGroup}-1` };
  };
  const opens = async (system: TestSystem, to: string): Promise<boolean> =>
    (await system.rules()).some(({ owned, destination }) => owned && destination.includes(to));

  test('also when the rule it was closed in loses everything else and goes', async () => {
    const { system, name } = await both();
    const other = colleague(system);
    other.edit(`${ruleXpath(name)}/destination`, element('destination', '10.0.1.11/32'));
    other.commit();
    const { stop, start } = calls(system);
    await stop(web1);
    assert.ok(!(await system.ruleNames()).includes(name), 'nothing is left in it');
    assert.equal(await opens(system, '10.0.1.13/32'), false);
    await resync(system);
    assert.equal(await opens(system, '10.0.1.13/32'), false);
    system.clock.advance(60_000);
    await start(web1);
    assert.equal(await opens(system, '10.0.1.11/32'), true, 'what was not closed is opened again');
    assert.equal(await opens(system, '10.0.1.13/32'), false);
  });

  test('also when a disabled rule loses a part that leaves no rectangle', async () => {
    const system = await createTestSystem();
    const { grant, revoke } = calls(system);
    await grant(ids.commonGroup, fromAnywhere(8443, '198.51.100.0/24'), fromAnywhere(8443, '203.0.113.0/24'));
    const name = `${ids.commonGroup}-1`;
    const other = colleague(system);
    other.set(ruleXpath(name), '<disabled>yes</disabled>');
    other.commit();
    await revoke(ids.commonGroup, fromAnywhere(8443, '203.0.113.0/24'));
    assert.deepEqual(
      (await system.rules()).filter(({ owned }) => owned).map((rule) => rule.name),
      [name],
    );
  });
});
