import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seedAccount } from '../local/ec2/seed.ts';
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
  web2,
} from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { createVirtualClock } from '../system/virtual-clock.ts';

const vsys = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']";
const objectXpath = (kind: string, name: string): string => `${vsys}/${kind}/entry[@name='${name}']`;
const address = '10.0.1.12';

interface Lines<Line = string> {
  readonly count: number;
  readonly first: readonly Line[];
}
interface Tested {
  readonly verdicts?: Lines<{
    readonly candidate: string;
    readonly verdict: string;
    readonly by: readonly string[];
    readonly explanation: string;
    readonly reservations?: readonly string[];
  }>;
  readonly leftOut?: Lines;
  readonly reports?: Lines;
}
const testedOf = (run: Execution): Tested => (outputOf(run, 'TestRules')['tested'] ?? {}) as Tested;
const verdictOn = (run: Execution, candidate: string) =>
  testedOf(run).verdicts?.first.find((each) => each.candidate === `${ids.webGroup} ${candidate}`);
const leftOutOf = (run: Execution): string => (testedOf(run).leftOut?.first ?? []).join('\n');
const reportsOf = (run: Execution): string => (testedOf(run).reports?.first ?? []).join('\n');
const ownedRules = async (system: TestSystem) => (await system.rules()).filter(({ owned }) => owned);

/** A rule of the administrator's, directly above the bottom rule. */
const addRule = (system: TestSystem, name: string, fields: string): void => {
  const other = colleague(system);
  other.addRule(name, fields);
  other.move(ruleXpath(name), 'before', 'Clean up');
  other.commit();
};

describe('an allow rule of an administrator', () => {
  test('with a service from source ports 1-65535 allows from every source port, so nothing is added beside it', async () => {
    const system = await createTestSystem();
    colleague(system).set(
      objectXpath('service', 'svc-443'),
      '<protocol><tcp><port>443</port><source-port>1-65535</source-port></tcp></protocol>',
    );
    addRule(system, 'Https in', ruleFields({ destination: address, service: 'svc-443' }));
    const run = await calls(system).start(web2);
    assert.equal(verdictOn(run, 'tcp 443')?.verdict, 'allowed', verdictOn(run, 'tcp 443')?.explanation);
    assert.deepEqual(await ownedRules(system), []);
  });

  test('for all but an address group without content is not relied on: what the group holds is not known', async () => {
    const system = await createTestSystem();
    colleague(system).set(objectXpath('address-group', 'Hollow'), '<description>to be filled</description>');
    addRule(
      system,
      'All but',
      `${ruleFields({ destination: 'Hollow', service: 'service-https' })}<negate-destination>yes</negate-destination>`,
    );
    const run = await calls(system).start(web2);
    const verdict = verdictOn(run, 'tcp 443');
    assert.equal(verdict?.verdict, 'needed', verdict?.explanation);
    assert.deepEqual(verdict.reservations, ['All but']);
    assert.match(verdict.explanation, /address group "Hollow" has no members and no filter/);
    assert.equal((await ownedRules(system)).length, 1);
  });
});

describe('decryption of inbound TLS', () => {
  const decryption = (name: string): string => `${vsys}/rulebase/decryption/rules/entry[@name='${name}']`;
  const fields = (destination: string, action: string, more = ''): string =>
    `${ruleFields({ destination, service: 'service-https', action }).replace(/<application>.*<\/application>/, '')}<category><member>any</member></category><type><ssl-inbound-inspection><certificates><member>web</member></certificates></ssl-inbound-inspection></type>${more}`;
  const decrypting = async (...rules: readonly (readonly [string, string])[]): Promise<TestSystem> => {
    const system = await createTestSystem();
    const other = colleague(system);
    for (const [name, element] of rules) other.set(decryption(name), element);
    if (rules.length > 0) other.commit();
    return system;
  };
  const applications = async (system: TestSystem) =>
    (await ownedRules(system)).map(({ application, service }) => [application, service]);

  test('that covers an address adds the App-ID its sessions are turned into, on exactly the same port', async () => {
    const system = await decrypting(['Inspect', fields('10.0.1.0/24', 'decrypt')]);
    const run = await calls(system).start(web2);
    assert.deepEqual(await applications(system), [[['ssl', 'web-browsing'], ['tcp-443']]]);
    assert.match(
      verdictOn(run, 'tcp 443')?.explanation ?? '',
      /opens only App-IDs ssl and web-browsing.*the decryption rule "Inspect" may turn ssl into web-browsing/,
    );
  });

  for (const [what, rules] of [
    ['is not there', []],
    ['covers other addresses', [['Inspect', fields('10.0.9.0/24', 'decrypt')]]],
    ['is disabled', [['Inspect', fields('10.0.1.0/24', 'decrypt', '<disabled>yes</disabled>')]]],
    ['does not decrypt', [['Inspect', fields('10.0.1.0/24', 'no-decrypt')]]],
    [
      'stands below one that surely exempts the address',
      [
        ['Exempt', fields(address, 'no-decrypt')],
        ['Inspect', fields('10.0.1.0/24', 'decrypt')],
      ],
    ],
  ] as const) {
    test(`that ${what} adds nothing, and the verdict says that only App-ID ssl is opened`, async () => {
      const system = await decrypting(...rules);
      const run = await calls(system).start(web2);
      assert.deepEqual(await applications(system), [[['ssl'], ['tcp-443']]]);
      assert.match(verdictOn(run, 'tcp 443')?.explanation ?? '', /; opens only App-ID ssl$/);
    });
  }

  test('set up later is reported for the rules that stand already, which it would cut off', async () => {
    const system = await decrypting();
    await calls(system).start(web2);
    const other = colleague(system);
    other.set(decryption('Inspect'), fields('10.0.1.0/24', 'decrypt'));
    other.commit();
    const run = await resync(system);
    assert.match(
      reportsOf(run),
      new RegExp(`"${web2}-1" opens only App-ID ssl, and the decryption rule "Inspect" may turn ssl into web-browsing`),
    );
    assert.deepEqual(await applications(system), [[['ssl'], ['tcp-443']]], 'what stands is not rewritten for it');
  });
});

describe('an application of the settings that the firewall lacks', () => {
  const started = async (portApplications: string) => {
    const system = await createTestSystem({ environment: { PORT_APPLICATIONS: portApplications } });
    return { system, run: await calls(system).start(web2) };
  };

  test('is said by name, with what is not opened for it, and nothing else is claimed of that candidate rule', async () => {
    const { system, run } = await started('{"tcp/443":["no-such-app"]}');
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(await ownedRules(system), []);
    const because = String(outputOf(run, 'TestRules')['because']);
    for (const told of [because, leftOutOf(run), JSON.stringify(outputOf(run, 'ReleaseTurn')['outcome'])])
      assert.match(told, /tcp 443 is not opened: the firewall has no application no-such-app.*PORT_APPLICATIONS/, told);
    assert.match(because, /^Nothing to add: every other candidate rule is allowed by rules above; sgr-/);
  });

  test('beside one it has is said by name too, and the port is opened for the one it has', async () => {
    const { system, run } = await started('{"tcp/443":["ssl","no-such-app"]}');
    const [rule] = await ownedRules(system);
    assert.deepEqual([rule?.application, rule?.service], [['ssl'], ['tcp-443']]);
    assert.match(
      leftOutOf(run),
      /tcp 443 is opened without what is missing: the firewall has no application no-such-app.*PORT_APPLICATIONS/,
    );
  });
});

describe('a grant that no rule can say', () => {
  test('is said wherever nothing is added for it: the policy does not say it already', async () => {
    const system = await createTestSystem();
    const sctp = { ...fromAnywhere(0), IpProtocol: '132' };
    const run = await calls(system).grant(ids.commonGroup, sctp);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    for (const told of [
      String(outputOf(run, 'TestRules')['because']),
      String(outputOf(await resync(system), 'TestRules')['because']),
    ])
      assert.match(told, /sgr-\w+: PAN-OS has no application that is exactly IP protocol 132/);
  });

  test('and what never comes through the firewall is not counted as one', async () => {
    const system = await createTestSystem();
    const inside = { ...fromAnywhere(8080), IpRanges: [{ CidrIp: '10.0.9.0/24' }] };
    const run = await calls(system).grant(ids.commonGroup, inside);
    assert.doesNotMatch(String(outputOf(run, 'TestRules')['because']), /sgr-/);
  });
});

describe('a grant of ICMP echo', () => {
  test('with code 0, as Terraform writes it, is ping: echo has no other code', async () => {
    const system = await createTestSystem();
    const echo = { ...fromAnywhere(8, '198.51.100.0/24'), IpProtocol: 'icmp', ToPort: 0 };
    const run = await calls(system).grant(ids.commonGroup, echo);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(
      (await ownedRules(system)).map(({ application, service }) => [application, service]),
      [[['ping'], ['any']]],
    );
  });
});

describe('a pre-NAT address that is no single address', () => {
  for (const [behind, before] of [
    ['10.0.1.12', '0.0.0.0/0'],
    ['10.0.1.12', '198.51.100.0/24'],
    ['10.0.1.0/24', '198.51.100.7'],
    ['10.0.1.12', '0.0.0.0'],
    ['10.0.1.12', '255.255.255.255'],
    ['10.0.1.12', '127.0.0.1'],
    ['10.0.1.12', '224.0.0.5'],
    ['10.0.1.12', 'web'],
  ] as const) {
    test(`${behind} behind ${before} is refused, naming the pair`, async () => {
      const system = await createTestSystem({
        environment: { PRE_NAT_ADDRESSES: JSON.stringify({ [behind]: before }) },
      });
      const run = await calls(system).start(web2);
      assert.deepEqual([run.status, run.error], ['FAILED', 'Misconfigured']);
      assert.ok(causeOf(run).includes(`PRE_NAT_ADDRESSES: ${behind} behind ${before}`), causeOf(run));
    });
  }
});

/** What a rule says, as it can be sent again. */
const fieldsOf = (system: TestSystem, name: string): string => {
  const running = system.parts.simulator.exportConfiguration('running');
  const fields = new RegExp(`<entry name="${name}"[^>]*>(.*?)</entry>`, 's').exec(running)?.[1];
  assert.ok(fields !== undefined);
  return fields;
};

/** The service object that went with the rule. */
const makeService = (system: TestSystem): void => {
  colleague(system).set(objectXpath('service', 'tcp-443'), '<protocol><tcp><port>443</port></tcp></protocol>');
};

describe('rules of ours whose uuids a loaded configuration has regenerated', () => {
  const regenerated = async () => {
    const system = await createTestSystem();
    await calls(system).start(web2);
    await calls(system).grant(ids.commonGroup, fromAnywhere(8443));
    const old = (await system.records()).map(({ uuid, name }) => ({ uuid, name }));
    assert.equal(old.length, 2);
    for (const { name } of old) {
      const fields = fieldsOf(system, name);
      colleague(system).delete(ruleXpath(name));
      addRule(system, name, fields);
    }
    return { system, old };
  };

  test('are not called deleted: each look-alike is named with its uuid, and what an administrator does with it', async () => {
    const { system, old } = await regenerated();
    for (const run of [await resync(system), await resync(system)]) {
      const report = reportsOf(run);
      assert.doesNotMatch(report, /deleted by somebody/);
      for (const { name, uuid } of old) {
        assert.match(
          report,
          new RegExp(`"${name}" .*${uuid}.*same name and content.*uuid [0-9a-f-]{36}.*never remove.*delete it`),
        );
      }
    }
    await calls(system).stop(web2);
    const names = await system.ruleNames();
    for (const { name } of old) assert.ok(names.includes(name), 'it is not ours, so it stays');
  });

  test('are made anew once an administrator has deleted the look-alikes, and nothing is reported any more', async () => {
    const { system, old } = await regenerated();
    await resync(system);
    const other = colleague(system);
    for (const { name } of old) other.delete(ruleXpath(name));
    other.commit();
    const run = await resync(system);
    assert.equal(new Set((await ownedRules(system)).flatMap(({ service }) => service)).size, 2);
    assert.equal(reportsOf(run), '');
  });
});

describe('a rule of ours that an administrator deleted and made again', () => {
  const remade = async (place: 'above' | 'below' = 'above', change = (fields: string): string => fields) => {
    const system = await createTestSystem();
    await calls(system).start(web2);
    const [rule] = await ownedRules(system);
    assert.ok(rule !== undefined);
    const fields = change(fieldsOf(system, rule.name));
    const other = colleague(system);
    other.delete(ruleXpath(rule.name));
    other.commit();
    if (place === 'above') addRule(system, rule.name, fields);
    else {
      other.addRule(rule.name, fields);
      other.commit();
    }
    return { system, name: rule.name };
  };

  for (const place of ['above', 'below'] as const) {
    test(`${place} the bottom rule is ours again where EC2 grants all it says: said once, and removed with its grants`, async () => {
      const { system, name } = await remade(place);
      const run = await resync(system);
      assert.match(reportsOf(run), new RegExp(`"${name}" .*uuid [0-9a-f-]{36}.*it is this system's again`));
      assert.deepEqual(
        (await ownedRules(system)).map((rule) => rule.name),
        [name],
      );
      assert.equal((await system.ruleNames()).at(-1), 'Clean up');
      assert.equal(reportsOf(await resync(system)), '');
      await calls(system).stop(web2);
      assert.equal((await system.ruleNames()).includes(name), false);
    });
  }

  test('after it had been closed is a reopening: nothing of it is closed any more', async () => {
    const system = await createTestSystem();
    await calls(system).start(web2);
    const [rule] = await ownedRules(system);
    assert.ok(rule !== undefined);
    const fields = fieldsOf(system, rule.name);
    const other = colleague(system);
    other.set(ruleXpath(rule.name), '<disabled>yes</disabled>');
    other.commit();
    await resync(system);
    other.delete(ruleXpath(rule.name));
    other.commit();
    const closed = (run: Execution) => (outputOf(run, 'TestRules')['tested'] as { closed?: unknown }).closed;
    assert.ok(closed(await resync(system)) !== undefined, 'it stays closed when the rule goes');
    assert.deepEqual(await ownedRules(system), []);
    makeService(system);
    addRule(system, rule.name, fields);
    const run = await resync(system);
    assert.equal(closed(run), undefined);
    assert.deepEqual(
      (await ownedRules(system)).map(({ name }) => name),
      [rule.name],
    );
  });

  test('is not taken over where EC2 does not grant all it says any more, nor disabled, nor with other content', async () => {
    const system = await createTestSystem();
    await calls(system).start(web2);
    const [rule] = await ownedRules(system);
    assert.ok(rule !== undefined);
    const fields = fieldsOf(system, rule.name);
    await calls(system).stop(web2);
    makeService(system);
    addRule(system, rule.name, fields);
    await resync(system);
    assert.deepEqual(await ownedRules(system), [], 'not granted');
    for (const change of [
      (text: string) => text.replace('</action>', '</action><disabled>yes</disabled>'),
      (text: string) => text.replace('0.0.0.0/0', '198.51.100.0/24'),
    ]) {
      const { system: another, name } = await remade('above', change);
      await resync(another);
      assert.equal(
        (await ownedRules(another)).some((one) => one.name === name),
        false,
      );
    }
  });
});

describe('two VPCs behind one firewall', () => {
  const twoVpcs = (...cidrs: readonly string[]) => {
    const clock = createVirtualClock();
    const seed = seedAccount({ ownerId: ids.account, region: ids.region, newId: clock.newId, now: clock.now });
    for (const [at, cidr] of cidrs.entries()) {
      const vpcId = `vpc-0000000000000000${at + 1}`;
      const endpoint = `vpce-0000000000000000${at + 1}`;
      seed.vpc({ id: vpcId, cidrs: [cidr] });
      const subnetId = seed.subnet({ vpcId, cidr: cidr.replace('/16', '/24') });
      seed.endpoint({ id: endpoint, vpcId, type: 'GatewayLoadBalancer', serviceName: 'firewall' });
      seed.routeTable({ vpcId, subnetIds: [subnetId], routes: [{ destination: '0.0.0.0/0', target: endpoint }] });
      const group = seed.group({
        vpcId,
        name: 'web',
        ingress: [{ protocol: 'tcp', from: 22, sources: ['0.0.0.0/0'] }],
      });
      seed.instance({
        id: `i-0000000000000000${at + 1}`,
        state: 'running',
        interfaces: [{ subnetId, groupIds: [group] }],
      });
    }
    return createTestSystem({
      account: seed.build(),
      environment: { FIREWALL_TARGETS: cidrs.map((_, at) => `vpce-0000000000000000${at + 1}`).join() },
    });
  };
  const warningsOf = async (system: TestSystem): Promise<string> => {
    const derived = outputOf(await resync(system), 'DeriveRules')['derived'] as { readonly warnings?: Lines };
    return (derived.warnings?.first ?? []).join('\n');
  };

  test('whose ranges overlap: the run warns that a rule for the one opens the same address of the other', async () => {
    assert.match(
      await warningsOf(await twoVpcs('10.5.0.0/16', '10.5.0.0/16')),
      /vpc-00000000000000001 and vpc-00000000000000002 .*10\.5\.0\.0\/16.*cannot tell/,
    );
  });

  test('whose ranges do not overlap: no warning', async () => {
    assert.equal(await warningsOf(await twoVpcs('10.5.0.0/16', '10.6.0.0/16')), '');
  });
});
