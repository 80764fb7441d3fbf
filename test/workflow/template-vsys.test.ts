import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfiguration } from '../simulator/default-configuration.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { calls, causeOf, vsysXpath, web2 } from '../support/calls.ts';
import { createTestSystem } from '../support/system.ts';

const noSuchNode = '<response status="error"><msg><line>No such node</line></msg></response>';

/** A firewall whose vsys only a template supplies: `get` shows it, `show` does not until something of its own runs in it. */
const templateOnly = (firewall: Simulator): Simulator => ({
  ...firewall,
  respond: async (request) => {
    const { action, xpath = '' } = Object.fromEntries(new URLSearchParams(request.body));
    const isOwn = /<rulebase>[\s\S]*<entry name="i-/.test(firewall.exportConfiguration('running'));
    if (action !== 'show' || !xpath.startsWith(vsysXpath) || isOwn) return firewall.respond(request);
    return { status: 200, reason: 'OK', contentType: 'application/xml; charset=UTF-8', body: noSuchNode };
  },
});

const systemWithTemplate = () =>
  createTestSystem({
    simulator: { configuration: defaultConfiguration.replace(/<rulebase>[\s\S]*?<\/rulebase>/, '') },
    environment: { BOTTOM_RULE: 'interzone-default' },
    firewallAt: (_endpoint, firewall) => templateOnly(firewall),
  });

test('a vsys that only a template supplies is written to: what is granted is opened, and closed again', async () => {
  const system = await systemWithTemplate();
  const run = await calls(system).start(web2);
  assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  // Its web rules are needed as well: there is no other rule in this vsys.
  assert.deepEqual(await system.ruleNames(), [`${web2}-1`, `${web2}-2`]);
  const stopped = await calls(system).stop(web2);
  assert.equal(stopped.status, 'SUCCEEDED', causeOf(stopped));
  assert.deepEqual(await system.ruleNames(), []);
});

test('what a failed run staged in a vsys that only a template supplies is withdrawn', async () => {
  const system = await systemWithTemplate();
  const { simulator } = system.parts;
  simulator.control({ kind: 'add-fault', when: { type: 'commit' }, fault: { kind: 'commit-fails', lines: ['no'] } });
  const run = await calls(system).start(web2);
  assert.deepEqual([run.status, run.error], ['FAILED', 'CommitFailed'], causeOf(run));
  assert.doesNotMatch(simulator.exportConfiguration('candidate'), new RegExp(`"${web2}-`));
});
