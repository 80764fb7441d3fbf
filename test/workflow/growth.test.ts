/** Rules grow, so that one more address is no further rule. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AssignPrivateIpAddressesCommand, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import type { Execution } from '../local/step-functions/executions.ts';
import {
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resync,
  ruleFields,
  ruleXpath,
  web1,
  web2,
} from '../support/calls.ts';
import { ownRules } from '../support/hands.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';
import { ids } from '../system/demo-account.ts';

/** Those for TLS: what a further address has of port 80 is not allowed by the house's own rule, and is a rule beside. */
const tlsRules = async (system: MeddledSystem) =>
  (await ownRules(system)).filter(({ service }) => service.includes('tcp-443'));
const rewritten = (run: Execution): string =>
  JSON.stringify((outputOf(run, 'TestRules')['tested'] as { rewrite?: unknown }).rewrite ?? null);

const interfaceOf = async (system: MeddledSystem, instance: string): Promise<string> => {
  const { Reservations } = await system.ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance] }));
  return Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? assert.fail('no interface');
};

const assign = async (system: MeddledSystem, instance: string, address: string): Promise<Execution> => {
  system.clock.advance(60_000);
  await system.ec2.send(
    new AssignPrivateIpAddressesCommand({
      NetworkInterfaceId: await interfaceOf(system, instance),
      PrivateIpAddresses: [address],
    }),
  );
  await system.idle();
  const run = system.runs().findLast(({ states }) => states.some(({ name }) => name === 'TestRules'));
  assert.equal(run?.status, 'SUCCEEDED', run && causeOf(run));
  return run ?? assert.fail('no run');
};

const started = async (environment: Readonly<Record<string, string>> = {}) => {
  const system = await createMeddledSystem({ environment, moreEvents: true });
  await calls(system).start(web2);
  const [rule, ...more] = await ownRules(system);
  assert.ok(rule !== undefined && more.length === 0);
  return { system, name: rule.name };
};

for (const RULE_GROUPING of ['event', 'group'] as const) {
  describe(`RULE_GROUPING=${RULE_GROUPING}`, () => {
    test('five more addresses of an instance with two grants are in the two rules that it has', async () => {
      const { system } = await started({ RULE_GROUPING });
      await calls(system).grant(ids.webGroup, fromAnywhere(8443));
      for (const last of [21, 22, 23, 24, 25]) await assign(system, web2, `10.0.1.${last}`);
      const rules = await ownRules(system);
      const addresses = (port: string): readonly string[] =>
        [
          ...new Set(rules.filter(({ service }) => service.includes(port)).flatMap(({ destination }) => destination)),
        ].sort();
      const all = [12, 21, 22, 23, 24, 25].map((last) => `10.0.1.${last}/32`);
      assert.deepEqual([addresses('tcp-443'), addresses('tcp-8443')], [all, all]);
      // One for each port, 80 among them; that of the grant was named after the group, by the call that brought it.
      assert.equal(rules.length, RULE_GROUPING === 'event' ? 4 : 3, `${rules.map(({ name }) => name)}`);
    });

    test('a rule that has grown shrinks by what is granted no more, and goes with the last', async () => {
      const { system, name } = await started({ RULE_GROUPING });
      const run = await assign(system, web2, '10.0.1.21');
      assert.match(rewritten(run), new RegExp(`${name}: grown by 10.0.1.21/32`));
      const grown = (await system.records()).find(({ id }) => id === name);
      assert.equal(grown?.contributions.destinations.length, 2);
      assert.equal(outputOf(await resync(system), 'TestRules')['work'], 'none');
      const stopped = await calls(system).stop(web2);
      assert.equal(stopped.status, 'SUCCEEDED', causeOf(stopped));
      assert.deepEqual(await ownRules(system), []);
    });

    test('a death between write and commit, and between commit and its proof, is recovered from', async () => {
      for (const state of ['Commit', 'ReleaseTurn']) {
        const { system } = await started({ RULE_GROUPING });
        system.beforeState(state, () => {
          throw new Error('the function dies');
        });
        await assign(system, web2, '10.0.1.21').catch(() => undefined);
        await resync(system);
        await resync(system);
        const rules = await tlsRules(system);
        assert.deepEqual(rules.flatMap(({ destination }) => destination).toSorted(), ['10.0.1.12/32', '10.0.1.21/32']);
      }
    });
  });
}

describe('a rule does not grow, and a further one is made', () => {
  const hindered: Readonly<Record<string, (admin: ReturnType<typeof colleague>, name: string) => void>> = {
    'that an administrator has changed': (admin, name) => {
      admin.edit(`${ruleXpath(name)}/description`, '<description>his own</description>');
      admin.commit();
    },
    'that a colleague is editing': (admin, name) =>
      admin.edit(`${ruleXpath(name)}/description`, '<description>his own</description>'),
    'above a rule of an administrator': (admin) => {
      admin.addRule('Between', ruleFields({ destination: '10.9.9.9' }));
      admin.move(ruleXpath('Between'), 'before', 'Clean up');
      admin.commit();
    },
  };
  for (const [what, hinder] of Object.entries(hindered)) {
    test(what, async () => {
      const { system, name } = await started();
      hinder(colleague(system), name);
      const run = await assign(system, web2, '10.0.1.21');
      assert.equal(rewritten(run), 'null');
      const rules = await tlsRules(system);
      assert.equal(rules.length, 2);
      assert.deepEqual(rules.find((rule) => rule.name === name)?.destination, ['10.0.1.12/32']);
    });
  }

  test('that an administrator has disabled: what he closed stays closed on the new address', async () => {
    const { system, name } = await started();
    const admin = colleague(system);
    admin.set(ruleXpath(name), '<disabled>yes</disabled>');
    admin.commit();
    await resync(system);
    await assign(system, web2, '10.0.1.21');
    const open = (await tlsRules(system)).filter((rule) => rule.name !== name);
    assert.deepEqual(open, []);
  });

  test('that the firewall refused to grow: the further rule is made in the same run', async () => {
    const { system, name } = await started();
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'config', action: 'multi-config', contains: `${name}']/destination` },
      times: 1000,
      fault: {
        kind: 'reply',
        status: 200,
        body: `<response status="error" code="12"><msg><line>${name} -&gt; destination is invalid</line></msg></response>`,
      },
    });
    await assign(system, web2, '10.0.1.21');
    const rules = await tlsRules(system);
    assert.deepEqual(rules.flatMap(({ destination }) => destination).toSorted(), ['10.0.1.12/32', '10.0.1.21/32']);
    assert.equal(rules.length, 2);
  });
});

test('RULE_GROUPING=group: instances of a group share its rule, named after the group, whichever call brings them', async () => {
  const system = await createMeddledSystem({ environment: { RULE_GROUPING: 'group' } });
  await calls(system).grant(ids.commonGroup, fromAnywhere(9000));
  await calls(system).stop(web1);
  const one = await ownRules(system);
  assert.deepEqual(
    one.map(({ name, destination }) => [name, destination]),
    [[`${ids.commonGroup}-1`, ['10.0.1.13/32']]],
  );
  system.clock.advance(600_000);
  const run = await calls(system).start(web1);
  assert.match(rewritten(run), /grown by 10.0.1.11\/32/);
  const both = await ownRules(system);
  assert.deepEqual(
    both.map(({ name, destination }) => [name, destination.toSorted()]),
    [[`${ids.commonGroup}-1`, ['10.0.1.11/32', '10.0.1.13/32']]],
  );
});
