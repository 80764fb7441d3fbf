/** A write whose answer is lost is carried out now, later, or never: what is doubtful is looked for, never believed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calls, causeOf, colleague, fromAnywhere, resync, web2 } from '../support/calls.ts';
import { ownRules, staged, strangers } from '../support/hands.ts';
import { createMeddledSystem } from '../support/meddling.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';

/** A system whose next write is lost on its way, and what carries it out late. */
const losing = async () => {
  const system = await createMeddledSystem();
  const lost: Readonly<Record<string, string>>[] = [];
  return Object.assign(system, {
    lose: (times = 1) => {
      system.parts.simulator.control({
        kind: 'add-fault',
        when: { type: 'config', action: 'multi-config' },
        times,
        fault: { kind: 'drop-before' },
      });
      system.beforeRequest('multi-config', (body) => {
        lost.push(Object.fromEntries(body));
      });
    },
    /** The firewall carries out what it was sent; it may refuse it by now. */
    land: () => {
      for (const parameters of lost.splice(0)) system.parts.simulator.act(administrator, parameters);
    },
  });
};
type Losing = Awaited<ReturnType<typeof losing>>;

/** All is as EC2 grants it, known, committed, and stays so. */
const isRight = async (system: Losing, rules: number): Promise<void> => {
  for (let round = 0; round < 2; round += 1) {
    const run = await resync(system);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  }
  assert.deepEqual([(await ownRules(system)).length, await strangers(system), staged(system)], [rules, [], []]);
};

const moments: Readonly<Record<string, (system: Losing) => void>> = {
  never: () => undefined,
  "before the retry's own write": (system) =>
    system.beforeState('ApplyRules', () => system.beforeState('ApplyRules', system.land)),
  'while the retry reads': (system) =>
    system.beforeState('ApplyRules', () =>
      system.beforeState('ApplyRules', () => system.afterRequest('<show>', system.land)),
    ),
  'after the retry has written, before the commit': (system) => system.beforeState('Commit', system.land),
  'between the last look and the commit': (system) => system.beforeRequest('<commit><description>', system.land),
  'after the commit': (system) => system.beforeState('ReleaseTurn', system.land),
};

for (const [when, arrange] of Object.entries(moments)) {
  test(`an addition whose answer is lost and that lands ${when} is one rule, known, and nothing is left staged`, async () => {
    const system = await losing();
    system.lose();
    arrange(system);
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    await isRight(system, 1);
  });
}

describe('an addition that lands when it is granted no more', () => {
  const stopped = async () => {
    const system = await losing();
    system.lose(100);
    const started = await calls(system).start(web2);
    assert.equal(started.error, 'FirewallUnreachable', causeOf(started));
    system.parts.simulator.control({ kind: 'clear-faults' });
    system.clock.advance(600_000);
    const run = await calls(system).stop(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    return system;
  };

  test('is withdrawn by the next run', async () => {
    const system = await stopped();
    system.land();
    assert.notDeepEqual(staged(system), []);
    await isRight(system, 0);
  });

  test('and is committed by a colleague is removed by the next run', async () => {
    const system = await stopped();
    system.land();
    colleague(system).act({ type: 'commit', cmd: '<commit></commit>' });
    assert.equal((await strangers(system)).length, 1);
    await isRight(system, 0);
  });

  test('and after its record has served its time as an owned rule is withdrawn as well', async () => {
    const system = await losing();
    system.lose();
    const started = await calls(system).start(web2);
    assert.equal(started.status, 'SUCCEEDED', causeOf(started));
    const stop = await calls(system).stop(web2);
    assert.equal(stop.status, 'SUCCEEDED', causeOf(stop));
    system.land();
    await isRight(system, 0);
  });
});

describe('after a request without an answer nothing is written until the firewall has had time for it', () => {
  type Kind = 'write' | 'commit' | 'revert';
  const faults: Readonly<Record<Kind, string>> = {
    write: 'multi-config',
    commit: '<commit><description>',
    revert: '<revert>',
  };
  /** When each request that changes something was sent, of any run. */
  const sendingTimes = (system: Losing): { readonly at: number; readonly body: string }[] => {
    const sent: { readonly at: number; readonly body: string }[] = [];
    const note = () =>
      system.beforeRequest('', (form) => {
        note();
        const body = [...form.values()].join('\n');
        if (Object.values(faults).some((text) => body.includes(text))) sent.push({ at: system.clock.now(), body });
      });
    note();
    return sent;
  };

  for (const kind of ['write', 'commit', 'revert'] as const) {
    for (const fault of ['drop-before', 'drop-after'] as const) {
      test(`a ${kind} that is ${fault === 'drop-before' ? 'lost' : 'done, its answer lost'}: neither by its own run nor by another one that waits`, async () => {
        const system = await losing();
        const { simulator } = system.parts;
        // A revert follows a commit that fails.
        if (kind === 'revert') {
          simulator.control({
            kind: 'add-fault',
            when: { type: 'commit' },
            times: 1,
            fault: { kind: 'commit-fails', lines: ['the firewall has no room'] },
          });
        }
        const sent = sendingTimes(system);
        simulator.control({ kind: 'add-fault', when: { contains: faults[kind] }, times: 1, fault: { kind: fault } });
        const first = calls(system).start(web2);
        const second = calls(system).grant(ids.webGroup, fromAnywhere(8443));
        await Promise.all([first, second]);
        const lost = sent.findIndex(({ body }) => body.includes(faults[kind]));
        const [before, after] = [sent[lost], sent[lost + 1]];
        // A commit that was done carried both changes: nothing is left to be written.
        assert.equal(after === undefined, kind === 'commit' && fault === 'drop-after');
        const seconds = ((after?.at ?? Number.NaN) - (before?.at ?? Number.NaN)) / 1000;
        assert.ok(after === undefined || (seconds >= 120 + 30 && seconds < 300), `${seconds} s later`);
        const run = await resync(system);
        assert.equal(run.status, 'SUCCEEDED', causeOf(run));
        assert.deepEqual([await strangers(system), staged(system)], [[], []]);
      });
    }
  }
});
