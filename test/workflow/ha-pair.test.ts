import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import type { FaultKind } from '../simulator/faults.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { errorsAt, redriven } from '../support/attempts.ts';
import { calls, causeOf, outputOf, resync, statesOf, web2 } from '../support/calls.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';
import type { TestSystem } from '../support/system.ts';

const ours = `${web2}-1`;
const serial = '007000001222';
const recordsOf = (system: TestSystem) =>
  tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment)).records;

/** Both configurations of a firewall: what is the same afterwards was not written to. */
const contentOf = (firewall: Simulator): readonly string[] =>
  (['running', 'candidate'] as const).map((which) => firewall.exportConfiguration(which));

const [firstAddress, secondAddress] = ['https://192.0.2.1', 'https://192.0.2.2'];
const peerSerial = '007000001223';

interface Pair {
  readonly system: MeddledSystem;
  readonly first: Simulator;
  readonly second: Simulator;
  readonly become: (first: 'active' | 'passive', second: 'active' | 'passive') => void;
  /** Gives a peer what runs on the other one, as the pair does after a commit. */
  readonly sync: (from: Simulator, to: Simulator) => void;
  /** Whether the peer at the first, or second, address takes requests and never answers. */
  readonly hangs: { first: boolean; second: boolean };
}

/** A pair with an address for each peer, the first active; neither tells the serial of its peer, as none was ever seen to. */
const createHaPair = async (environment: Readonly<Record<string, string>> = {}): Promise<Pair> => {
  let peer: Simulator | null = null;
  const hangs = { first: false, second: false };
  const system = await createMeddledSystem({
    simulator: { serial },
    environment: { FIREWALL_ENDPOINT: `${firstAddress},${secondAddress}`, ...environment },
    firewallAt: (endpoint, embedded) =>
      endpoint === secondAddress && peer !== null
        ? { ...peer, hangs: hangs.second }
        : { ...embedded, hangs: hangs.first },
  });
  const first = system.parts.simulator;
  const second = first.fork({ serial: peerSerial });
  peer = second;
  const become: Pair['become'] = (one, other) => {
    first.control({ kind: 'ha', enabled: true, state: one, peerState: other });
    second.control({ kind: 'ha', enabled: true, state: other, peerState: one });
  };
  become('active', 'passive');
  return { system, first, second, become, hangs, sync: (from, to) => to.receiveSync(from.state().running) };
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

  test('whose passive peer was away at the first contact is known by both serials as soon as it is back, before any failover', async () => {
    const { system, first, second, become, sync, hangs } = await createHaPair();
    hangs.second = true;
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual((await recordsOf(system).device())?.serials, [serial]);
    hangs.second = false;
    await resync(system);
    assert.deepEqual((await recordsOf(system).device())?.serials.toSorted(), [serial, peerSerial]);
    sync(first, second);
    become('passive', 'active');
    const stopped = await calls(system).stop(web2);
    assert.equal(stopped.status, 'SUCCEEDED', causeOf(stopped));
  });

  test('that an earlier release recorded by one serial is known by both from the next run on', async () => {
    const { system } = await createHaPair();
    await recordsOf(system).putDevice({ serials: [serial], vsys: 'vsys1' }, null);
    await calls(system).start(web2);
    assert.deepEqual((await recordsOf(system).device())?.serials.toSorted(), [serial, peerSerial]);
  });

  test('of which only the one peer belongs to the table: the other, active first, is a different firewall', async () => {
    const { system, second, become } = await createHaPair();
    await recordsOf(system).putDevice({ serials: [serial], vsys: 'vsys1' }, null);
    become('passive', 'active');
    const before = contentOf(second);
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'DifferentFirewall'], causeOf(run));
    assert.deepEqual(contentOf(second), before);
  });

  for (const [runningSync, said] of [
    ['not synchronized', /not synchronized with its peer's: what is committed here is not there after a failover/],
    ['synchronized', null],
    ['synchronization in progress', null],
  ] as const) {
    test(`whose configurations are "${runningSync}" is written to, which ${said === null ? 'needs no word' : 'is said'}`, async () => {
      const { system, first } = await createHaPair();
      first.control({ kind: 'ha', enabled: true, state: 'active', peerState: 'passive', runningSync });
      const run = await calls(system).start(web2);
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      const { warning } = outputOf(run, 'TakeTurn')['firewall'] as { readonly warning?: string };
      if (said === null) assert.equal(warning, undefined);
      else assert.match(warning ?? '', said);
    });
  }

  test('with two active peers is written to at neither: the run waits, and goes through once one is passive', async () => {
    const { system, first, second, become } = await createHaPair();
    become('active', 'active');
    const before = [first, second].map(contentOf);
    const seen: (readonly string[])[] = [];
    system.beforeState('TakeTurn', () =>
      system.beforeState('TakeTurn', () => {
        seen.push(...[first, second].map(contentOf));
        become('active', 'passive');
      }),
    );
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'TakeTurn'), ['FirewallNotActive', null]);
    assert.deepEqual(seen, before);
  });

  test('with two active peers for hours: the run fails by name and says that both are', async () => {
    const { system, become } = await createHaPair();
    become('active', 'active');
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallNotActive'], causeOf(run));
    assert.match(causeOf(run), new RegExp(`${firstAddress} is active; ${secondAddress} is active`));
  });

  const page: FaultKind = { kind: 'html' };
  const refusal: FaultKind = { kind: 'deny' };
  const broken: FaultKind = { kind: 'reply', status: 500, reason: 'x', contentType: 'text/plain', body: 'x' };
  for (const [what, fault] of [
    ['refuses every key while it starts', refusal],
    ['answers with the log-in page while it starts', page],
    ['answers with errors of its own', broken],
  ] as const) {
    for (const which of ['first', 'second'] as const) {
      test(`of which the ${which} peer ${what} is written to at the other: the run goes through without a retry`, async () => {
        const pair = await createHaPair();
        pair.become(which === 'first' ? 'passive' : 'active', which === 'first' ? 'active' : 'passive');
        pair[which].control({ kind: 'add-fault', fault, times: 10_000 });
        const run = await calls(pair.system).start(web2);
        assert.equal(run.status, 'SUCCEEDED', causeOf(run));
        assert.deepEqual(errorsAt(run, 'TakeTurn'), [null]);
        assert.ok(rulesIn(which === 'first' ? pair.second : pair.first));
      });
    }
  }

  for (const which of ['first', 'second'] as const) {
    test(`of which the ${which} peer hangs is written to at the other in every state without a retry`, async () => {
      const pair = await createHaPair();
      pair.become(which === 'first' ? 'passive' : 'active', which === 'first' ? 'active' : 'passive');
      pair.hangs[which] = true;
      const run = await calls(pair.system).start(web2);
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      for (const state of statesOf(run)) assert.deepEqual(errorsAt(run, state), [null], state);
      assert.ok(rulesIn(which === 'first' ? pair.second : pair.first));
    });
  }

  test('of which both peers refuse the key: the run fails as denied, at once', async () => {
    const { system, first, second } = await createHaPair();
    for (const peer of [first, second]) peer.control({ kind: 'add-fault', fault: refusal, times: 10_000 });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallDenied'], causeOf(run));
    assert.deepEqual(errorsAt(run, 'TakeTurn'), ['FirewallDenied']);
  });
});
