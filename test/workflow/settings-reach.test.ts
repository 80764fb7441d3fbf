/** A setting that changes what rules say reaches those that stand, as far as an administrator's hand allows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Execution } from '../local/step-functions/executions.ts';
import {
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resync,
  resyncRun,
  ruleFields,
  ruleXpath,
  vsysXpath,
  web2,
} from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';

const deploy = (system: TestSystem, settings: Readonly<Record<string, string>>): void => {
  Object.assign(system.surroundings.world.environment as Record<string, string>, settings);
};

const prepared = async () => {
  const system = await createTestSystem();
  const admin = colleague(system);
  admin.set(`${vsysXpath}/profile-group/entry[@name='strict']`, '<virus><member>default</member></virus>');
  admin.set(`${vsysXpath}/log-settings/profiles`, '<entry name="elsewhere"/>');
  admin.set(`${vsysXpath}/tag/entry[@name='another-tag']`, '<color>color1</color>');
  admin.set(`${vsysXpath}/zone/entry[@name='dmz']`, '<network><layer3/></network>');
  admin.commit();
  await calls(system).start(web2);
  const [rule] = (await system.rules()).filter(({ owned }) => owned);
  assert.ok(rule !== undefined);
  return { system, name: rule.name, admin };
};

const ruleOf = async (system: TestSystem, name: string) =>
  (await system.rules()).find((rule) => rule.name === name) ?? assert.fail(`${name} is gone`);
const entryOf = (system: TestSystem, name: string): string =>
  new RegExp(`<entry name="${name}"[^>]*>.*?</entry>`, 's').exec(
    system.parts.simulator.exportConfiguration('running'),
  )?.[0] ?? '';
const uuidOf = (entry: string): string => /uuid="([^"]+)"/.exec(entry)?.[1] ?? '';
const rewritten = (run: Execution): string =>
  JSON.stringify((outputOf(run, 'TestRules')['tested'] as { rewrite?: unknown }).rewrite ?? null);
const reports = (run: Execution): string =>
  JSON.stringify((outputOf(run, 'TestRules')['tested'] as { reports?: unknown }).reports ?? null);
const commits = (system: TestSystem): number =>
  system.parts.simulator.state().jobs.filter(({ user, type }) => user === administrator && type === 'Commit').length;

const style = {
  PROFILE_GROUP: { settings: { PROFILE_GROUP: 'strict' }, says: /<group>\s*<member>strict<\/member>/ },
  LOG_SETTING: { settings: { LOG_SETTING: 'elsewhere' }, says: /<log-setting>elsewhere</ },
  RULE_TAG: { settings: { RULE_TAG: 'another-tag' }, says: /<tag>\s*<member>another-tag</ },
} as const;

for (const [setting, { settings, says }] of Object.entries(style)) {
  test(`${setting}: a rule that is as written is rewritten at that node by the next resync, once, and stays the same rule`, async () => {
    const { system, name } = await prepared();
    const before = entryOf(system, name);
    assert.doesNotMatch(before, says);
    deploy(system, settings);
    const run = await resync(system);
    assert.match(rewritten(run), new RegExp(`${name}: ${setting} changed`));
    const after = entryOf(system, name);
    assert.match(after, says);
    assert.equal(uuidOf(after), uuidOf(before));
    const done = commits(system);
    assert.equal(outputOf(await resync(system), 'TestRules')['work'], 'none');
    assert.equal(commits(system), done);
    await calls(system).stop(web2);
    assert.equal((await system.ruleNames()).includes(name), false, 'it is ours as before');
  });

  test(`${setting} taken away: the node is deleted`, async () => {
    const { system, name } = await prepared();
    deploy(system, settings);
    await resync(system);
    deploy(system, { [setting]: '' });
    await resync(system);
    assert.doesNotMatch(entryOf(system, name), says);
    assert.equal(outputOf(await resync(system), 'TestRules')['work'], 'none');
  });

  test(`${setting}: a rule that an administrator has changed stays as he left it, and that is said`, async () => {
    const { system, name, admin } = await prepared();
    admin.edit(`${ruleXpath(name)}/description`, '<description>his own</description>');
    admin.commit();
    deploy(system, settings);
    const run = await resync(system);
    assert.doesNotMatch(entryOf(system, name), says);
    assert.match(
      reports(run),
      new RegExp(`${name}.* does not follow the settings \\(${setting} changed\\): an administrator has changed it`),
    );
  });
}

describe('PORT_APPLICATIONS', () => {
  const settings = { PORT_APPLICATIONS: JSON.stringify({ 'tcp/443': ['ssl', 'web-browsing'] }) };

  test('a rule above which nothing else decides opens what the setting says by now', async () => {
    const { system, name } = await prepared();
    deploy(system, settings);
    const run = await resync(system);
    assert.match(rewritten(run), /applications changed/);
    assert.deepEqual((await ruleOf(system, name)).application.toSorted(), ['ssl', 'web-browsing']);
    assert.equal(outputOf(await resync(system), 'TestRules')['work'], 'none');
    deploy(system, { PORT_APPLICATIONS: '' });
    await resync(system);
    assert.deepEqual((await ruleOf(system, name)).application, ['ssl']);
  });

  test('a rule of an administrator between it and the bottom rule: it stays, and he is named by his rule', async () => {
    const { system, name, admin } = await prepared();
    admin.addRule('Between', ruleFields({ destination: '10.9.9.9' }));
    admin.move(ruleXpath('Between'), 'before', 'Clean up');
    admin.commit();
    deploy(system, settings);
    const run = await resync(system);
    assert.deepEqual((await ruleOf(system, name)).application, ['ssl']);
    assert.match(reports(run), /Between.* stands between it and the bottom rule/);
  });

  test('keeps neither profile group nor log setting nor tag from being followed where it cannot be itself', async () => {
    const { system, name, admin } = await prepared();
    admin.addRule('Between', ruleFields({ destination: '10.9.9.9' }));
    admin.move(ruleXpath('Between'), 'before', 'Clean up');
    admin.commit();
    deploy(system, { ...settings, PROFILE_GROUP: 'strict' });
    const run = await resync(system);
    assert.match(rewritten(run), /PROFILE_GROUP changed/);
    assert.deepEqual((await ruleOf(system, name)).application, ['ssl']);
    assert.match(entryOf(system, name), style.PROFILE_GROUP.says);
    assert.match(reports(run), /Between.* stands between it and the bottom rule/);
    admin.delete(ruleXpath('Between'));
    admin.commit();
    await resync(system);
    assert.deepEqual((await ruleOf(system, name)).application.toSorted(), ['ssl', 'web-browsing']);
  });

  test('is followed by resyncs alone: the run of an event rewrites nothing', async () => {
    const { system, name } = await prepared();
    deploy(system, { ...settings, PROFILE_GROUP: 'strict' });
    const run = await calls(system).grant(ids.webGroup, fromAnywhere(9001));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.doesNotMatch(entryOf(system, name), style.PROFILE_GROUP.says);
  });

  test('what rules above decide by now is not rewritten: the verdict is said', async () => {
    const { system, name, admin } = await prepared();
    admin.addRule(
      'Deny browsing',
      ruleFields({ destination: '10.0.1.12', application: 'web-browsing', action: 'deny' }),
    );
    admin.move(ruleXpath('Deny browsing'), 'top');
    admin.commit();
    deploy(system, { PORT_APPLICATIONS: JSON.stringify({ 'tcp/443': ['web-browsing'] }) });
    const run = await resync(system);
    assert.deepEqual((await ruleOf(system, name)).application, ['ssl']);
    assert.match(
      reports(run),
      /does not follow the settings \(the applications changed\): what it would say is overridden/,
    );
  });

  test('an App-ID that the firewall does not have: the rule stays, and that is said', async () => {
    const { system, name } = await prepared();
    deploy(system, { PORT_APPLICATIONS: JSON.stringify({ 'tcp/443': ['no-such-application'] }) });
    const run = await resync(system);
    assert.deepEqual((await ruleOf(system, name)).application, ['ssl']);
    assert.match(reports(run), /the firewall does not have what they name/);
  });
});

test('a zone: the rules follow it', async () => {
  const { system, name } = await prepared();
  deploy(system, { TRUST_ZONE: 'dmz' });
  const run = await resyncRun(system);
  assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  assert.match(rewritten(run), /TRUST_ZONE changed/);
  assert.match(entryOf(system, name), /<to>\s*<member>dmz/);
});

describe('what only opens', () => {
  test('holds nothing up that closes: with a profile group that the firewall does not have nothing is rewritten, and a revoke is carried out', async () => {
    const { system, name } = await prepared();
    deploy(system, { PROFILE_GROUP: 'no such group' });
    const before = entryOf(system, name);
    const failed = await resyncRun(system);
    assert.notEqual(failed.error, 'PolicyUnsettled');
    assert.equal(entryOf(system, name), before);
    await calls(system).stop(web2);
    assert.equal((await system.ruleNames()).includes(name), false);
  });

  test('and is refused by the firewall is put aside alone: everything else goes on', async () => {
    const { system, name } = await prepared();
    await calls(system).grant(ids.webGroup, fromAnywhere(9001));
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'config', action: 'multi-config', contains: `${name}']/profile-setting` },
      times: 1000,
      fault: {
        kind: 'reply',
        status: 200,
        body: `<response status="error" code="12"><msg><line>${name} -&gt; profile-setting is invalid</line></msg></response>`,
      },
    });
    deploy(system, { PROFILE_GROUP: 'strict' });
    const run = await resyncRun(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.match(reports(run), /does not follow the settings \(PROFILE_GROUP changed\): the firewall refused it/);
    const others = (await system.rules()).filter((rule) => rule.owned && rule.name !== name);
    assert.deepEqual(
      others.map((rule) => style.PROFILE_GROUP.says.test(entryOf(system, rule.name))),
      [true],
    );
    system.parts.simulator.control({ kind: 'clear-faults' });
    system.clock.advance(2 * 3_600_000);
    await resync(system);
    assert.match(entryOf(system, name), style.PROFILE_GROUP.says);
  });
});

test('more rules than may be touched without approval wait for it: the ready input is said, and carried out it rewrites them', async () => {
  const { system, name } = await prepared();
  deploy(system, { BRAKE_INTERFACES: '0', BRAKE_PERCENT: '0', PROFILE_GROUP: 'strict' });
  const run = await resync(system);
  assert.equal(rewritten(run), 'null');
  const input = /start an execution with (\{.*?\]\}\})/.exec(reports(run).replaceAll('\\', ''))?.[1];
  assert.ok(input !== undefined, reports(run));
  const { arn } = system.executions.start({ stateMachineArn: run.stateMachineArn, input });
  await system.idle();
  assert.equal(system.executions.find(arn).status, 'SUCCEEDED', causeOf(system.executions.find(arn)));
  assert.match(entryOf(system, name), style.PROFILE_GROUP.says);
});
