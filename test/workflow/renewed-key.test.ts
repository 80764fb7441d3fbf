import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorsAt } from '../support/attempts.ts';
import { calls, causeOf, fromAnywhere, statesOf, web2 } from '../support/calls.ts';
import { createMeddledSystem } from '../support/meddling.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';

describe('an API key that the functions hold', () => {
  test('and that is renewed in the secret after the firewall took a new master key: the next run goes through', async () => {
    const system = await createMeddledSystem();
    await calls(system).start(web2);
    const before = system.parts.simulator.keyOf(administrator);
    system.parts.simulator.control({ kind: 'change-master-key' });
    assert.notEqual(system.parts.simulator.keyOf(administrator), before, 'the secret holds the new one');
    const run = await calls(system).grant(ids.webGroup, fromAnywhere(22));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(errorsAt(run, 'TakeTurn'), [null]);
  });

  for (const state of ['TakeTurn', 'TestRules', 'ApplyRules', 'Commit']) {
    test(`and that is renewed just before ${state}: the run goes through without a retry`, async () => {
      const system = await createMeddledSystem();
      await calls(system).start(web2);
      system.beforeState(state, () => system.parts.simulator.control({ kind: 'change-master-key' }));
      const run = await calls(system).grant(ids.webGroup, fromAnywhere(22));
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      for (const each of statesOf(run)) assert.deepEqual(errorsAt(run, each), [null], each);
    });
  }

  test('and that has expired and was renewed in the secret: the next run goes through', async () => {
    const system = await createMeddledSystem();
    await calls(system).start(web2);
    system.parts.simulator.control({ kind: 'expire-keys' });
    const run = await calls(system).grant(ids.webGroup, fromAnywhere(22));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  });

  test('and that has expired while the secret holds no other: the run fails as denied, at once', async () => {
    const key = (await createMeddledSystem()).parts.simulator.keyOf(administrator);
    const system = await createMeddledSystem({ secret: () => key });
    system.parts.simulator.control({ kind: 'expire-keys' });
    const run = await calls(system).start(web2);
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallDenied'], causeOf(run));
    assert.deepEqual(errorsAt(run, 'TakeTurn'), ['FirewallDenied']);
  });
});
