import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { errorsAt, redriven } from '../support/attempts.ts';
import { administratorsRules, calls, causeOf, statesOf, web2 } from '../support/calls.ts';
import { createMeddledSystem } from '../support/meddling.ts';
import type { TestSystem } from '../support/system.ts';

const ours = `${web2}-1`;
const [serial, otherSerial] = ['007000001222', '007000009999'];
const recordsOf = (system: TestSystem) =>
  tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment)).records;

/** Both configurations of a firewall: what is the same afterwards was not written to. */
const contentOf = (firewall: Simulator): readonly string[] =>
  (['running', 'candidate'] as const).map((which) => firewall.exportConfiguration(which));

/** A system whose firewall was replaced, after the first contact, by one of another serial with the same configuration. */
const replaced = async (environment: Readonly<Record<string, string>> = {}) => {
  let second: Simulator | null = null;
  const system = await createMeddledSystem({ environment, firewallAt: (_endpoint, first) => second ?? first });
  await calls(system).start(web2);
  assert.ok((await system.ruleNames()).includes(ours));
  const other = system.parts.simulator.fork({ serial: otherSerial });
  second = other;
  return {
    system,
    other,
    bringBack: () => {
      second = null;
    },
  };
};

describe('a firewall of another serial', () => {
  test('than the setting names is not written to: the run fails by name before anything is planned', async () => {
    const system = await createMeddledSystem({ environment: { FIREWALL_SERIALS: otherSerial } });
    const before = contentOf(system.parts.simulator);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'DifferentFirewall'], causeOf(run));
    assert.deepEqual(statesOf(run), ['RecordChange', 'TakeTurn']);
    assert.deepEqual(errorsAt(run, 'TakeTurn'), ['DifferentFirewall']);
    assert.match(causeOf(run), new RegExp(`has serial ${serial}; .* belongs to ${otherSerial}`));
    assert.deepEqual(contentOf(system.parts.simulator), before);
  });

  test('than the table belongs to is not written to; a redrive goes through once the right one answers again', async () => {
    const { system, other, bringBack } = await replaced();
    const before = contentOf(other);
    const run = await calls(system).stop(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'DifferentFirewall'], causeOf(run));
    assert.match(causeOf(run), new RegExp(`has serial ${otherSerial}; .* belongs to ${serial}\\.`));
    assert.equal((await redriven(system, run)).error, 'DifferentFirewall');
    assert.deepEqual(contentOf(other), before);
    bringBack();
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.deepEqual(await system.ruleNames(), administratorsRules);
  });

  test('than the first one contacted is written to when the setting names both', async () => {
    const { system, other } = await replaced({ FIREWALL_SERIALS: `${serial},${otherSerial}` });
    const run = await calls(system).stop(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.ok(!other.exportConfiguration('running').includes(ours));
  });
});

describe('another vsys', () => {
  test('than the table belongs to is not written to: the run fails by name and names both', async () => {
    const system = await createMeddledSystem();
    await recordsOf(system).putDevice({ serials: [serial], vsys: 'vsys2' }, null);
    const before = contentOf(system.parts.simulator);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'DifferentFirewall'], causeOf(run));
    assert.deepEqual(errorsAt(run, 'TakeTurn'), ['DifferentFirewall']);
    assert.match(causeOf(run), /belongs to vsys2; the setting FIREWALL_VSYS says vsys1/);
    assert.deepEqual(contentOf(system.parts.simulator), before);
  });
});
