import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { redriven } from '../support/attempts.ts';
import { calls, fromAnywhere, resync, resyncRun, web1, web2 } from '../support/calls.ts';
import { createMeddledSystem, type MeddledSystem } from '../support/meddling.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const subjects = (system: TestSystem): readonly string[] => system.parts.sns.published.map(({ subject }) => subject);
const messages = (system: TestSystem): readonly string[] => system.parts.sns.published.map(({ message }) => message);

/** Commits fail with these words until `over`. */
const commitsFail = (system: TestSystem, words = ' vsys1 is invalid'): void =>
  system.parts.simulator.control({
    kind: 'add-fault',
    when: { type: 'commit' },
    times: 10_000,
    fault: { kind: 'commit-fails', lines: ['Validation Error:', words] },
  });
const commitsWork = (system: TestSystem): void => system.parts.simulator.control({ kind: 'clear-faults' });

/** The environment as a function sees it, which a deployment may spoil. */
const environmentOf = (system: TestSystem): Record<string, string | undefined> =>
  system.surroundings.world.environment as Record<string, string | undefined>;

describe('the notice of a failed run needs nothing but the topic', () => {
  for (const setting of ['FIREWALL_ENDPOINT', 'BOTTOM_RULE', 'TABLE_NAME']) {
    test(`it goes out when ${setting} is missing, with the words of the failure`, async () => {
      const system = await createMeddledSystem();
      delete environmentOf(system)[setting];
      const run = await calls(system).start(web2);
      assert.deepEqual([run.status, run.error], ['FAILED', 'Misconfigured']);
      const [message, ...more] = messages(system);
      assert.deepEqual(more, []);
      assert.match(message ?? '', new RegExp(`ended FAILED in RecordChange[\\s\\S]*Settings: ${setting} is not set`));
      assert.match(message ?? '', /What to do: Correct the setting[\s\S]*Nothing was cleaned up/);
      assert.match(subjects(system)[0] ?? '', /^policy-sync.*: Misconfigured$/);
    });
  }

  test('it goes out when the table is gone, and says that nothing could be cleaned up', async () => {
    const system = await createMeddledSystem();
    environmentOf(system)['TABLE_NAME'] = 'gone';
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'Misconfigured']);
    assert.match(
      messages(system)[0] ?? '',
      /ended FAILED in RecordChange[\s\S]*does not exist[\s\S]*not be cleaned up/,
    );
  });

  test('it goes out when the secret is gone, and when the firewall is off', async () => {
    const system = await createMeddledSystem({ secret: () => '' });
    await calls(system).start(web2);
    assert.match(subjects(system)[0] ?? '', /Misconfigured/);
    const off = await createMeddledSystem();
    off.parts.simulator.control({ kind: 'add-fault', times: 100_000, fault: { kind: 'drop-before' } });
    await calls(off).start(web2);
    assert.match(subjects(off)[0] ?? '', /FirewallUnreachable/);
    assert.match(messages(off)[0] ?? '', /could not be withdrawn/);
  });
});

describe('the event of an ended execution proves that it ended', () => {
  /** What DescribeExecution answers for a while, whatever is true: it is eventually consistent. */
  const lagging = async (said: { readonly seconds: number }): Promise<MeddledSystem & { stale: () => number }> => {
    let from: number | null = null;
    let stale = 0;
    const system = await createMeddledSystem({
      aroundStates: async (request, respond) => {
        const response = await respond(request);
        const isDescribe = (request.headers['x-amz-target'] ?? '').endsWith('.DescribeExecution');
        if (!isDescribe || !response.body.includes('"FAILED"')) return response;
        from ??= system.clock.now();
        if (system.clock.now() - from >= said.seconds * 1000) return response;
        stale += 1;
        const { stopDate: _stop, error: _error, cause: _cause, ...rest } = JSON.parse(response.body);
        return { ...response, body: JSON.stringify({ ...rest, status: 'RUNNING' }) };
      },
    });
    return { ...system, stale: () => stale };
  };

  test('while Step Functions still says RUNNING, the clean-up waits until it agrees, then withdraws and tells', async () => {
    const system = await lagging({ seconds: 25 });
    const before = system.parts.simulator.exportConfiguration('candidate');
    // Nothing is taken back in the run itself, so that all is left to the clean-up.
    system.beforeState('Commit', () => system.parts.simulator.control({ kind: 'change-master-key' }));
    system.parts.simulator.control({ kind: 'add-fault', when: { type: 'commit' }, fault: { kind: 'html' } });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'FAILED');
    assert.ok(system.stale() > 0, 'it was told something else first');
    assert.equal(system.parts.simulator.exportConfiguration('candidate'), before);
    assert.match(messages(system)[0] ?? '', /ended FAILED in Commit/);
  });

  test('when Step Functions never agrees, the function fails, so that Lambda tries again', async () => {
    const errors: unknown[] = [];
    let lying = true;
    const system = await createTestSystem({
      aroundStates: async (request, respond) => {
        const response = await respond(request);
        const isDescribe = (request.headers['x-amz-target'] ?? '').endsWith('.DescribeExecution');
        if (!lying || !isDescribe) return response;
        const { stopDate: _stop, ...rest } = JSON.parse(response.body);
        return { ...response, body: JSON.stringify({ ...rest, status: 'RUNNING' }) };
      },
      afterFailure: async (_event, run) => {
        await run().catch((error: unknown) => errors.push(error));
        lying = false;
        await run();
      },
    });
    commitsFail(system);
    await calls(system).start(web2);
    assert.deepEqual(
      errors.map((error) => (error as Error).name),
      ['AwsBusy'],
    );
    assert.equal(messages(system).length, 1);
  });
});

describe('failures of one cause', () => {
  test('are one message at the first, one with their count at the tenth, and one when they are over', async () => {
    const system = await createTestSystem();
    commitsFail(system);
    await calls(system).start(web2);
    for (let port = 1; port <= 11; port += 1) await calls(system).grant(ids.webGroup, fromAnywhere(8000 + port));
    const failed = system.runs().filter(({ status }) => status === 'FAILED');
    assert.equal(failed.length, 12);
    assert.deepEqual(subjects(system), [
      'policy-sync 127.0.0.1: CommitFailed',
      'policy-sync 127.0.0.1: CommitFailed, 10 failures',
    ]);
    assert.match(messages(system)[1] ?? '', /10 failures of this cause since 2026-11-02T/);
    assert.ok(messages(system)[1]?.includes(failed[3]?.name ?? 'no name'));
    commitsWork(system);
    await resync(system);
    assert.deepEqual(subjects(system).slice(2), ['policy-sync 127.0.0.1: CommitFailed, over after 12 failures']);
    assert.match(messages(system)[2] ?? '', /carried out since/);
    await resync(system);
    assert.equal(messages(system).length, 3, 'said once');
  });

  test('that last are told again each day, with their count', async () => {
    const system = await createTestSystem();
    commitsFail(system);
    await calls(system).start(web2);
    for (let hour = 1; hour <= 5; hour += 1) {
      system.clock.advance(6 * 3_600_000);
      await resyncRun(system);
    }
    assert.deepEqual(subjects(system), [
      'policy-sync 127.0.0.1: CommitFailed',
      'policy-sync 127.0.0.1: CommitFailed, 5 failures',
    ]);
  });

  test('of another cause are another message, and each is over by itself', async () => {
    const system = await createTestSystem();
    commitsFail(system);
    await calls(system).start(web2);
    commitsWork(system);
    commitsFail(system, ' rule X is wrong');
    await calls(system).grant(ids.commonGroup, fromAnywhere(8443));
    assert.equal(messages(system).length, 2);
    commitsWork(system);
    await resync(system);
    assert.deepEqual(
      subjects(system).slice(2),
      ['over after 1 failure', 'over after 1 failure'].map((text) => `policy-sync 127.0.0.1: CommitFailed, ${text}`),
    );
  });

  test('are not over while a change of theirs is still open', async () => {
    const system = await createTestSystem();
    commitsFail(system);
    await calls(system).start(web2);
    commitsWork(system);
    await calls(system).stop(web1);
    await calls(system).grant(ids.commonGroup, fromAnywhere(8443));
    assert.equal(messages(system).length, 1, 'another change was carried out, not the one that failed');
    await resync(system);
    assert.match(subjects(system)[1] ?? '', /over/);
  });

  test('a redrive that fails again is told, since a person asked for it, and one that goes through ends it with the next resync', async () => {
    const system = await createTestSystem();
    commitsFail(system);
    const run = await calls(system).start(web2);
    await redriven(system, run);
    assert.deepEqual(subjects(system), [
      'policy-sync 127.0.0.1: CommitFailed',
      'policy-sync 127.0.0.1: CommitFailed, 2 failures',
    ]);
    commitsWork(system);
    await redriven(system, run);
    assert.equal(subjects(system).length, 2, 'a resync says so, which sees everything');
    await resync(system);
    assert.match(subjects(system)[2] ?? '', /over/);
  });
});

describe('what the notice says of the turn', () => {
  test('of a run whose redrive holds it is true: the next holder withdraws, and nothing is said of what was staged', async () => {
    const held = Promise.withResolvers<void>();
    const system: TestSystem = await createTestSystem({
      afterFailure: async (_event, run) => {
        await run();
        held.resolve();
      },
      around: async ({ stateName }, run) => {
        const [first] = system.runs();
        if (stateName === 'RecordChange' || first?.redriveCount !== 0 || stateName !== 'TakeTurn') return run();
        // Stopped before it has a turn.
        await system.executions.stop(first.arn, { error: 'Stopped', cause: 'by hand' });
        return run();
      },
    });
    await calls(system).start(web2);
    await held.promise;
    assert.match(
      messages(system)[0] ?? '',
      /It holds no turn: what it may have staged is withdrawn by the next holder/,
    );
  });
});
