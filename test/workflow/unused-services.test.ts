import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calls, causeOf, colleague, fromAnywhere, outputOf, resync, vsysXpath, web2 } from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const ports = [8443, 9443, 10443] as const;
const names = ports.map((port) => `tcp-${port}`);

const servicesIn = (system: TestSystem): readonly string[] =>
  names.filter((name) => system.parts.simulator.exportConfiguration('running').includes(`<entry name="${name}"`));

/** A NAT rule of a colleague, disabled, that names a service: the firewall does not let the service go meanwhile. */
const natRule = (service: string): string =>
  `<from><member>untrust</member></from><to><member>trust</member></to><source><member>any</member></source><destination><member>10.0.9.9</member></destination><service>${service}</service><disabled>yes</disabled>`;

const natXpath = (name: string): string => `${vsysXpath}/rulebase/nat/rules/entry[@name='${name}']`;

/** Three rules with a service object each, of which the given ones are also named by a NAT rule. */
const withServices = async (...alsoUsed: readonly string[]): Promise<TestSystem> => {
  const system = await createTestSystem();
  await calls(system).start(web2);
  await calls(system).grant(ids.webGroup, ...ports.map((port) => fromAnywhere(port)));
  assert.deepEqual(servicesIn(system), names);
  const other = colleague(system);
  for (const service of alsoUsed) other.set(natXpath(service), natRule(service));
  other.commit();
  return system;
};

describe('service objects that no rule uses any more', () => {
  for (const alsoUsed of [[names[0] ?? ''], [names[1] ?? ''], [names[0] ?? '', names[2] ?? '']]) {
    test(`go, save ${alsoUsed.join(' and ')}, to which a NAT rule of a colleague refers; when that goes, so do they`, async () => {
      const system = await withServices(...alsoUsed);
      const run = await calls(system).revoke(ids.webGroup, ...ports.map((port) => fromAnywhere(port)));
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.deepEqual(servicesIn(system), alsoUsed);
      const { services, warnings } = outputOf(run, 'ApplyRules')['applied'] as {
        services: { deleted: { first: readonly string[] } };
        warnings: { first: readonly string[] };
      };
      assert.deepEqual(services.deleted.first.toSorted(), names.filter((name) => !alsoUsed.includes(name)).toSorted());
      assert.equal(warnings.first.length, alsoUsed.length);
      for (const name of alsoUsed) {
        const words = new RegExp(`"${name}" stays.*${name} cannot be deleted because of references`);
        assert.ok(
          warnings.first.some((text) => words.test(text)),
          warnings.first.join('; '),
        );
      }
      const other = colleague(system);
      for (const service of alsoUsed) other.delete(natXpath(service));
      other.commit();
      await calls(system).grant(ids.webGroup, fromAnywhere(7443));
      await resync(system);
      assert.deepEqual(servicesIn(system), []);
    });
  }
});
