import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Execution } from '../local/step-functions/executions.ts';
import {
  administratorsRules,
  calls,
  colleague,
  fromAnywhere,
  outputOf,
  resync,
  ruleFields,
  rulesXpath,
  ruleXpath,
  web2,
} from '../support/calls.ts';
import { createTestSystem, type TestSystem, type TestSystemOptions } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const ours = `${web2}-1`;
const others = administratorsRules.filter((name) => name !== 'Clean up');
const defaultRules = rulesXpath.replace('/security/', '/default-security-rules/');

/** A firewall without a clean-up rule of its own, as most are: sessions end at the default rules. */
const withDefaultRule = async (
  environment: Readonly<Record<string, string>> = {},
  options: TestSystemOptions = {},
): Promise<TestSystem> => {
  const system = await createTestSystem({
    ...options,
    environment: { BOTTOM_RULE: 'interzone-default', ...environment },
  });
  const other = colleague(system);
  other.delete(ruleXpath('Clean up'));
  other.commit();
  return system;
};

interface Tested {
  readonly bottomRule?: string;
  readonly reports?: { readonly first: readonly string[] };
  readonly verdicts?: {
    readonly first: readonly {
      readonly candidate: string;
      readonly verdict: string;
      readonly by: readonly string[];
      readonly explanation: string;
    }[];
  };
}
const testedOf = (run: Execution): Tested => (outputOf(run, 'TestRules')['tested'] ?? {}) as Tested;
const reportsOf = (run: Execution): string => (testedOf(run).reports?.first ?? []).join('\n');
const verdictOn = (run: Execution, port: number) =>
  testedOf(run).verdicts?.first.find(({ candidate }) => candidate.endsWith(` tcp ${port}`));

const pushPost = (system: TestSystem, name: string, fields: string): void =>
  void system.parts.simulator.control({
    kind: 'push',
    deviceGroup: 'branch',
    xml: `<panorama><vsys><entry name="vsys1"><post-rulebase><security><rules><entry name="${name}">${fields}</entry></rules></security></post-rulebase></entry></vsys></panorama>`,
  });

describe('a default rule as bottom rule', () => {
  test('new rules stand at the end of the local rulebase, and none is moved there', async () => {
    const moves: string[] = [];
    const system = await withDefaultRule(
      {},
      {
        simulator: {
          beforeRequest: (_n, { body }) => {
            if (/(<|%3C)move|action=move/i.test(body ?? '')) moves.push(body ?? '');
            return undefined;
          },
        },
      },
    );
    const { start, grant, stop, revoke } = calls(system);
    const run = await start(web2);
    assert.equal(run.status, 'SUCCEEDED', run.cause ?? '');
    await grant(ids.webGroup, fromAnywhere(9001));
    assert.deepEqual(await system.ruleNames(), [...others, ours, `${ids.webGroup}-1`]);
    await revoke(ids.webGroup, fromAnywhere(9001));
    await stop(web2);
    assert.deepEqual(await system.ruleNames(), others);
    assert.deepEqual(moves, []);
    assert.deepEqual(new Set(system.runs().map(({ status }) => status)), new Set(['SUCCEEDED']));
  });

  test("the firewall's own policy match agrees with the verdicts, whether or not it names default rules", async () => {
    for (const noMatchReply of ['empty', 'default-rule'] as const) {
      const system = await withDefaultRule({}, { simulator: { noMatchReply } });
      const run = await calls(system).start(web2);
      const { disagrees, ...opinion } = outputOf(run, 'ReleaseTurn')['secondOpinion'] as Readonly<
        Record<string, unknown>
      >;
      assert.equal(disagrees, undefined);
      // A firewall that names no default rule says nothing of a session that only such a rule decides.
      assert.equal(opinion['agrees'], noMatchReply === 'empty' ? 3 : 4);
    }
  });

  for (const bottom of ['interzone-default', 'intrazone-default']) {
    test(`${bottom} names the same place; the verdict names the rule that sessions between two zones reach`, async () => {
      const system = await withDefaultRule({ BOTTOM_RULE: bottom });
      const run = await calls(system).start(web2);
      assert.match(verdictOn(run, 443)?.explanation ?? '', /reaches "interzone-default"/);
      assert.deepEqual(await system.ruleNames(), [...others, ours]);
    });
  }

  test('a rule that an administrator adds at the end is passed: ours are moved below it, in their order', async () => {
    const system = await withDefaultRule();
    const { start, grant } = calls(system);
    await start(web2);
    await grant(ids.webGroup, fromAnywhere(9001));
    const other = colleague(system);
    other.addRule('Block', ruleFields({ source: '203.0.113.0/24', action: 'deny' }));
    other.commit();
    const run = await resync(system);
    assert.deepEqual(await system.ruleNames(), [...others, 'Block', ours, `${ids.webGroup}-1`]);
    assert.match(reportsOf(run), new RegExp(`"${ours}" stands above "Block", added there later`));
    const before = system.parts.simulator.exportConfiguration('running');
    assert.equal(reportsOf(await resync(system)), '');
    assert.equal(system.parts.simulator.exportConfiguration('running'), before);
  });

  test('a rule that an administrator is still adding is passed once it runs', async () => {
    const system = await withDefaultRule();
    await calls(system).start(web2);
    const other = colleague(system);
    other.addRule('Block', ruleFields({ source: '203.0.113.0/24', action: 'deny' }));
    await resync(system);
    assert.deepEqual(await system.ruleNames(), [...others, ours]);
    other.commit();
    await resync(system);
    assert.deepEqual(await system.ruleNames(), [...others, 'Block', ours]);
  });

  test('one of ours that an administrator moved up stays there, also when he adds rules at the end later', async () => {
    const system = await withDefaultRule();
    await calls(system).start(web2);
    const other = colleague(system);
    other.move(ruleXpath(ours), 'top');
    other.commit();
    await resync(system);
    other.addRule('Block', ruleFields({ source: '203.0.113.0/24', action: 'deny' }));
    other.delete(ruleXpath('Clear text'));
    other.commit();
    await resync(system);
    assert.deepEqual(await system.ruleNames(), [ours, 'Web out', 'Web in', 'Block']);
    await calls(system).stop(web2);
    assert.deepEqual(await system.ruleNames(), ['Web out', 'Web in', 'Block']);
  });

  test('a default rule that an administrator overrode to allow opens everything: nothing is added, and it is said why', async () => {
    const system = await withDefaultRule();
    const other = colleague(system);
    other.set(`${defaultRules}/entry[@name='interzone-default']`, '<action>allow</action>');
    other.commit();
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', run.cause ?? '');
    assert.deepEqual(await system.ruleNames(), others);
    assert.deepEqual([verdictOn(run, 443)?.verdict, verdictOn(run, 443)?.by], ['allowed', ['interzone-default']]);
    assert.match(testedOf(run).bottomRule ?? '', /"interzone-default" allows/);
  });

  test('sessions within one zone are allowed by intrazone-default: nothing is added, and it is said why', async () => {
    const system = await withDefaultRule({ UNTRUST_ZONE: 'trust' });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', run.cause ?? '');
    assert.deepEqual(await system.ruleNames(), others);
    assert.deepEqual([verdictOn(run, 443)?.verdict, verdictOn(run, 443)?.by], ['allowed', ['intrazone-default']]);
    assert.match(
      testedOf(run).bottomRule ?? '',
      /"interzone-default" does not match sessions within zone trust.*"intrazone-default" allows/,
    );
    assert.match(String(outputOf(run, 'TestRules')['because']), /allowed/);
  });
});

describe('rules that a Panorama pushed below the local ones', () => {
  test('what one of them surely denies is left to it', async () => {
    const system = await withDefaultRule();
    pushPost(system, 'Post block', ruleFields({ action: 'deny' }));
    const run = await calls(system).start(web2);
    assert.deepEqual([verdictOn(run, 443)?.verdict, verdictOn(run, 443)?.by], ['overridden', ['Post block']]);
    assert.deepEqual(await system.ruleNames(), others);
  });

  test('what one of them surely allows is allowed by it', async () => {
    const system = await withDefaultRule();
    pushPost(system, 'Post allow', ruleFields({}));
    const run = await calls(system).start(web2);
    assert.deepEqual([verdictOn(run, 443)?.verdict, verdictOn(run, 443)?.by], ['allowed', ['Post allow']]);
  });

  test('one that is pushed later has no effect on rules of ours that stand already: they stay, and it is reported', async () => {
    for (const [environment, words] of [
      [{}, `"Post block" stands below "${ours}" of ours and has no effect on what they allow.`],
      [{ PUSHED_POST_RULES: 'open' }, ''],
    ] as const) {
      const system = await withDefaultRule(environment);
      await calls(system).start(web2);
      pushPost(system, 'Post block', ruleFields({ source: '203.0.113.0/24', action: 'deny' }));
      assert.equal(reportsOf(await resync(system)), words);
      assert.deepEqual(await system.ruleNames(), [...others, ours]);
    }
  });

  for (const [what, source] of [
    ['may deny, for it is not known what it matches', 'no-such.example.com'],
    ['denies in part', '203.0.113.0/24'],
  ] as const) {
    test(`what one of them ${what}, is left out and named; a setting opens it`, async () => {
      const fqdn =
        "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/address/entry[@name='no-such.example.com']";
      const make = async (environment: Readonly<Record<string, string>>): Promise<[TestSystem, Execution]> => {
        const system = await withDefaultRule(environment);
        const other = colleague(system);
        other.set(fqdn, '<fqdn>no-such.example.com</fqdn>');
        other.commit();
        pushPost(system, 'Post block', ruleFields({ source, action: 'deny' }));
        return [system, await calls(system).start(web2)];
      };
      const [closed, run] = await make({});
      assert.deepEqual(await closed.ruleNames(), others);
      assert.deepEqual([verdictOn(run, 443)?.verdict, verdictOn(run, 443)?.by], ['overridden', ['Post block']]);
      assert.match(verdictOn(run, 443)?.explanation ?? '', /a rule of ours would stand above "Post block"/);
      const [open, opened] = await make({ PUSHED_POST_RULES: 'open' });
      assert.deepEqual(await open.ruleNames(), [...others, ours]);
      assert.match(verdictOn(opened, 443)?.explanation ?? '', /opens what "Post block" may deny/);
    });
  }
});

describe('an ordinary bottom rule', () => {
  test('a deny that stands between ours and it is reported as without effect on ours, and everything stays', async () => {
    const system = await createTestSystem();
    const { start, grant } = calls(system);
    await start(web2);
    await grant(ids.webGroup, fromAnywhere(443, '198.51.100.0/24'), fromAnywhere(9001));
    const other = colleague(system);
    for (const [name, fields] of [
      ['Block', ruleFields({ source: '203.0.113.0/24', action: 'deny' })],
      ['Elsewhere', ruleFields({ destination: '10.0.1.99', action: 'deny' })],
    ] as const) {
      other.addRule(name, fields);
      other.move(ruleXpath(name), 'before', 'Clean up');
    }
    other.commit();
    const names = await system.ruleNames();
    const run = await resync(system);
    assert.match(reportsOf(run), /"Block" stands below .* has no effect on what they allow/);
    assert.match(reportsOf(run), new RegExp(ours));
    assert.doesNotMatch(reportsOf(run), /Elsewhere/);
    assert.deepEqual(await system.ruleNames(), names);
  });

  test('one that allows leaves nothing to add: what reaches it is allowed by it, which is said', async () => {
    const system = await createTestSystem();
    const other = colleague(system);
    other.edit(`${ruleXpath('Clean up')}/action`, '<action>allow</action>');
    other.commit();
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', run.cause ?? '');
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    assert.deepEqual([verdictOn(run, 443)?.verdict, verdictOn(run, 443)?.by], ['allowed', ['Clean up']]);
    assert.match(testedOf(run).bottomRule ?? '', /"Clean up" allows/);
  });

  test('one for other zones is passed: the verdict names the rule that sessions do reach', async () => {
    const system = await createTestSystem();
    const other = colleague(system);
    other.edit(`${ruleXpath('Clean up')}/to`, '<to><member>untrust</member></to>');
    other.commit();
    const run = await calls(system).start(web2);
    assert.match(verdictOn(run, 443)?.explanation ?? '', /all of it reaches "interzone-default", not "Clean up"/);
    assert.match(testedOf(run).bottomRule ?? '', /"Clean up" does not match sessions from untrust to trust/);
    assert.deepEqual(await system.ruleNames(), ['Web out', 'Web in', 'Clear text', ours, 'Clean up']);
  });

  test('one that denies what our rules allow is spoken of in no run', async () => {
    const system = await createTestSystem();
    assert.equal(testedOf(await calls(system).start(web2)).bottomRule, undefined);
  });
});
