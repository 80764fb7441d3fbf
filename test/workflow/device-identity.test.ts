import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { errorsAt, redriven } from '../support/attempts.ts';
import { administratorsRules, calls, causeOf, resync, statesOf, web2 } from '../support/calls.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';
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
    await recordsOf(system).putDevice({ serials: [serial], vsys: 'vsys2' });
    const before = contentOf(system.parts.simulator);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'DifferentFirewall'], causeOf(run));
    assert.deepEqual(errorsAt(run, 'TakeTurn'), ['DifferentFirewall']);
    assert.match(causeOf(run), /belongs to vsys2; the setting FIREWALL_VSYS says vsys1/);
    assert.deepEqual(contentOf(system.parts.simulator), before);
  });
});

const [firstAddress, secondAddress] = ['https://192.0.2.1', 'https://192.0.2.2'];
const peerSerial = '007000001223';

interface Pair {
  readonly system: MeddledSystem;
  readonly first: Simulator;
  readonly second: Simulator;
  readonly become: (first: 'active' | 'passive', second: 'active' | 'passive') => void;
  /** Gives a peer what runs on the other one, as the pair does after a commit. */
  readonly sync: (from: Simulator, to: Simulator) => void;
}

/** A pair with an address for each peer, the first active. */
const createHaPair = async (environment: Readonly<Record<string, string>> = {}): Promise<Pair> => {
  let peer: Simulator | null = null;
  const system = await createMeddledSystem({
    simulator: { serial, peerSerial },
    environment: { FIREWALL_ENDPOINT: `${firstAddress},${secondAddress}`, ...environment },
    firewallAt: (endpoint, embedded) => (endpoint === secondAddress && peer !== null ? peer : embedded),
  });
  const first = system.parts.simulator;
  const second = first.fork({ serial: peerSerial, peerSerial: serial });
  peer = second;
  const become: Pair['become'] = (one, other) => {
    first.control({ kind: 'ha', enabled: true, state: one, peerState: other });
    second.control({ kind: 'ha', enabled: true, state: other, peerState: one });
  };
  become('active', 'passive');
  return { system, first, second, become, sync: (from, to) => to.receiveSync(from.state().running) };
};
const rulesIn = (firewall: Simulator): boolean => firewall.exportConfiguration('running').includes(ours);

describe('a high-availability pair', () => {
  test('is known by both serials from the first contact on', async () => {
    const { system } = await createHaPair();
    await calls(system).start(web2);
    assert.deepEqual((await recordsOf(system).device())?.serials.toSorted(), [serial, peerSerial]);
  });

  test('is written to at the active peer, at whichever address that is', async () => {
    const { system, first, second, become } = await createHaPair();
    become('passive', 'active');
    const before = contentOf(first);
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual([rulesIn(first), rulesIn(second)], [false, true]);
    assert.deepEqual(contentOf(first), before);
  });

  test('that fails over is written to at the peer from then on, which is no different firewall', async () => {
    const { system, first, second, become, sync } = await createHaPair();
    await calls(system).start(web2);
    sync(first, second);
    become('passive', 'active');
    const before = contentOf(first);
    const run = await calls(system).stop(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.equal(rulesIn(second), false);
    assert.deepEqual(contentOf(first), before);
  });

  test('with no active peer is waited for, and written to as soon as one is active', async () => {
    const { system, second, become } = await createHaPair();
    become('passive', 'passive');
    system.beforeState('TakeTurn', () => system.beforeState('TakeTurn', () => become('passive', 'active')));
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'TakeTurn'), ['FirewallNotActive', null]);
    assert.ok(rulesIn(second));
  });

  for (const state of ['TestRules', 'ApplyRules', 'Commit']) {
    test(`that has no active peer for a moment is waited for in ${state} as well, and nothing is planned anew`, async () => {
      const { system, become } = await createHaPair();
      system.beforeState(state, () => {
        become('passive', 'passive');
        system.beforeState(state, () => become('active', 'passive'));
      });
      const run = await calls(system).start(web2);
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.deepEqual(errorsAt(run, state), ['FirewallNotActive', null]);
      assert.deepEqual(errorsAt(run, 'TakeTurn'), [null]);
      assert.equal((await system.rules()).filter(({ owned }) => owned).length, 1);
    });
  }

  test('with no active peer for hours is not written to: the run fails by name, and a redrive goes through later', async () => {
    const { system, first, second, become } = await createHaPair();
    become('passive', 'passive');
    const before = [first, second].map(contentOf);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallNotActive'], causeOf(run));
    assert.deepEqual(
      errorsAt(run, 'TakeTurn'),
      Array.from({ length: 11 }, () => 'FirewallNotActive'),
    );
    assert.match(causeOf(run), new RegExp(`${firstAddress} is passive; ${secondAddress} is passive`));
    assert.deepEqual([first, second].map(contentOf), before);
    become('active', 'passive');
    const again = await redriven(system, run);
    assert.equal(again.status, 'SUCCEEDED', causeOf(again));
    assert.ok(rulesIn(first));
  });

  test('of which only the passive peer is configured is not written to: the run fails by name in its first contact', async () => {
    const { system, first, become } = await createHaPair({ FIREWALL_ENDPOINT: firstAddress });
    become('passive', 'active');
    const before = contentOf(first);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallNotActive'], causeOf(run));
    assert.equal(statesOf(run).at(-1), 'TakeTurn');
    assert.match(causeOf(run), new RegExp(`\\(${serial}\\) is passive in its high-availability pair`));
    assert.deepEqual(contentOf(first), before);
  });

  test('that fails over between write and commit: no run succeeds that opened nothing, and the next resync opens it', async () => {
    const { system, first, second, become } = await createHaPair();
    system.beforeState('Commit', () => become('passive', 'active'));
    const run = await calls(system).start(web2);
    assert.equal(run.status === 'SUCCEEDED', second.exportConfiguration('running').includes(`"${web2}-`));
    assert.equal(rulesIn(first), false);
    await resync(system);
    assert.ok(second.exportConfiguration('running').includes(`"${web2}-`));
  });

  test('that fails over between write and commit, and back: what was left staged is withdrawn before anything is planned', async () => {
    const { system, first, become } = await createHaPair();
    const before = first.exportConfiguration('candidate');
    system.beforeState('Commit', () => become('passive', 'active'));
    await calls(system).start(web2);
    assert.notEqual(first.exportConfiguration('candidate'), before, 'a passive peer is not written to');
    become('active', 'passive');
    let planned = '';
    system.beforeState('ResolveInterfaces', () => {
      planned = first.exportConfiguration('candidate');
    });
    await resync(system);
    assert.equal(planned, before);
    assert.equal(first.exportConfiguration('candidate'), first.exportConfiguration('running'));
  });
});
