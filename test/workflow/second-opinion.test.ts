import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calls, outputOf, web2 } from '../support/calls.ts';
import { createTestSystem } from '../support/system.ts';

interface Opinion {
  readonly agrees: number;
  readonly disagrees?: { readonly first: readonly string[] };
  readonly inconclusive?: { readonly count: number };
  readonly notAsked?: string;
}
const opinionOf = (run: Parameters<typeof outputOf>[0]) => outputOf(run, 'ReleaseTurn')['secondOpinion'] as Opinion;

const answering = (rule: string) =>
  ({
    kind: 'add-fault',
    when: { contains: 'security-policy-match' },
    times: 10,
    fault: {
      kind: 'reply',
      status: 200,
      body: `<response cmd="status" status="success"><result><rules><entry name="${rule}"><index>1</index></entry></rules></result></response>`,
    },
  }) as const;

describe("the firewall's own policy match, asked after the commit", () => {
  test('agrees with the verdicts on what was added and on what was left out', async () => {
    const system = await createTestSystem();
    const run = await calls(system).start(web2);
    assert.deepEqual(opinionOf(run), { agrees: 4 }, 'two candidate rules, each with two applications');
  });

  test('a disagreement is loud in the output, the log and the metric, and changes nothing', async () => {
    const system = await createTestSystem();
    system.parts.simulator.control(answering('Web out'));
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED');
    assert.match(opinionOf(run).disagrees?.first.join() ?? '', /the firewall says "Web out", the verdict "Web in"/);
    assert.ok(system.log.some((line) => line.includes('POLICY MATCH DISAGREES')));
    assert.ok(system.log.some((line) => line.includes('"PolicyMatchDisagreements":4')));
    assert.ok((await system.ruleNames()).includes(`${web2}-1`));
  });

  test('a rule that names applications may match by implicit use: that is inconclusive', async () => {
    const system = await createTestSystem();
    system.parts.simulator.control(answering('Clear text'));
    const run = await calls(system).start(web2);
    assert.equal(opinionOf(run).inconclusive?.count, 4);
    assert.equal(opinionOf(run).disagrees, undefined);
  });

  test('a firewall that does not answer any more is told, and the work stays done', async () => {
    const system = await createTestSystem();
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { contains: 'security-policy-match' },
      times: 10,
      fault: { kind: 'drop-before' },
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED');
    assert.match(opinionOf(run).notAsked ?? '', /FirewallUnreachable/);
  });

  test('asks nothing when the setting is 0', async () => {
    const system = await createTestSystem({ environment: { POLICY_MATCH_SAMPLES: '0' } });
    assert.deepEqual(opinionOf(await calls(system).start(web2)), { agrees: 0 });
  });
});
