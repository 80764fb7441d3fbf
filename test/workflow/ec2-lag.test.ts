import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RevokeSecurityGroupIngressCommand, StartInstancesCommand } from '@aws-sdk/client-ec2';
import type { Execution } from '../local/step-functions/executions.ts';
import {
  administratorsRules,
  calls,
  causeOf,
  fromAnywhere,
  outputOf,
  resyncRun,
  statesOf,
  web2,
} from '../support/calls.ts';
import { createTestSystem, type TestSystem, type TestSystemOptions } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

/** A system whose EC2 reads are as old as `lag` says by now, in milliseconds. */
const lagging = async (lag: { milliseconds: number }, options: TestSystemOptions = {}): Promise<TestSystem> =>
  createTestSystem({ ec2: { faults: () => ({ readLagMilliseconds: lag.milliseconds }) }, ...options });

const withRule = ['Web out', 'Web in', 'Clear text', `${web2}-1`, 'Clean up'];

/** What the attempts of a state failed with, each once. */
const failuresIn = (run: Execution, state: string): readonly string[] => [
  ...new Set(
    run.states.flatMap(({ name, attempts }) =>
      name === state ? attempts.flatMap(({ failure }) => failure?.error ?? []) : [],
    ),
  ),
];

describe('what EC2 does not show yet', () => {
  const open = fromAnywhere(8443);
  for (const [what, before, call, after] of [
    ['a start', [], 'start', withRule],
    ['a stop', ['start'], 'stop', administratorsRules],
    ['a grant', ['start'], 'grant', withRule.toSpliced(4, 0, `${ids.webGroup}-1`)],
    ['a revoke', ['start', 'grant'], 'revoke', withRule],
  ] as const) {
    test(`${what}: is waited for, then carried out`, async () => {
      const lag = { milliseconds: 0 };
      const system = await lagging(lag);
      const { start, stop, grant, revoke } = calls(system);
      const make = {
        start: () => start(web2),
        stop: () => stop(web2),
        grant: () => grant(ids.webGroup, open),
        revoke: () => revoke(ids.webGroup, open),
      };
      for (const each of before) await make[each]();
      system.clock.advance(600_000);
      lag.milliseconds = 45_000;
      const run = await make[call]();
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.deepEqual(failuresIn(run, 'RecordChange'), ['NotYetVisible']);
      assert.deepEqual(await system.ruleNames(), after);
    });
  }

  for (const [how, input] of [
    ['by what they permit', () => ({ IpPermissions: [fromAnywhere(8443), fromAnywhere(443)] })],
    ['by their ids', (young: string, old: string) => ({ SecurityGroupRuleIds: [young, old] })],
  ] as const) {
    test(`two rules revoked at once ${how}: both are waited for, also when EC2 never showed the first`, async () => {
      const lag = { milliseconds: 0 };
      const system = await lagging(lag);
      await calls(system).start(web2);
      system.clock.advance(600_000);
      const { ec2 } = system.parts;
      const old = [...ec2.account().rules.values()].find(
        ({ GroupId, FromPort }) => GroupId === ids.webGroup && FromPort === 443,
      );
      assert.ok(old !== undefined);
      // First in any order of ids, and too young for the reads that follow.
      const young = { ...old, SecurityGroupRuleId: 'sgr-00000000000000001', FromPort: 8443, ToPort: 8443 };
      ec2.rearrange((account) => ({
        ...account,
        rules: new Map([...account.rules, [young.SecurityGroupRuleId, young]]),
      }));
      system.clock.advance(10_000);
      lag.milliseconds = 45_000;
      await system.ec2.send(
        new RevokeSecurityGroupIngressCommand({
          GroupId: ids.webGroup,
          ...input(young.SecurityGroupRuleId, old.SecurityGroupRuleId),
        }),
      );
      await system.idle();
      assert.deepEqual(await system.ruleNames(), administratorsRules);
    });
  }

  test('is left pending by another execution that holds the turn: its own execution carries it out', async () => {
    const recorded = Promise.withResolvers<void>();
    const system = await lagging(
      { milliseconds: 120_000 },
      {
        around: async ({ stateName }, run) => {
          try {
            return await run();
          } finally {
            if (stateName === 'RecordChange') recorded.resolve();
          }
        },
      },
    );
    await system.ec2.send(new StartInstancesCommand({ InstanceIds: [web2] }));
    await recorded.promise;
    const holder = await resyncRun(system);
    assert.equal(holder.status, 'SUCCEEDED', causeOf(holder));
    const found = outputOf(holder, 'ResolveInterfaces')['interfaces'] as
      | { readonly leftPending?: { readonly count: number } }
      | undefined;
    assert.equal(found?.leftPending?.count, 1);
    const [started] = system.runs();
    assert.ok(started !== undefined && statesOf(started).includes('Commit'));
    assert.deepEqual(await system.ruleNames(), withRule);
  });

  test('is given up after five minutes: EC2 is believed, the execution says so, and a later resync finds what came', async () => {
    const lag = { milliseconds: 590_000 };
    const system = await lagging(lag);
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.match(
      String(outputOf(run, 'RecordChange')['because']),
      new RegExp(`${web2} was announced pending, EC2 shows it stopped; the event is old enough that EC2 is believed`),
    );
    assert.deepEqual(await system.ruleNames(), administratorsRules);
    lag.milliseconds = 0;
    await resyncRun(system);
    assert.deepEqual(await system.ruleNames(), withRule);
  });
});

describe('reads of EC2 that do not agree', () => {
  test('an instance that one read shows starting and the next still stopped is gone on with', async () => {
    const lag = { milliseconds: 0 };
    let reads = Number.POSITIVE_INFINITY;
    const system = await createTestSystem({
      ec2: {
        faults: () => {
          reads += 1;
          return { readLagMilliseconds: reads > 1 ? lag.milliseconds : 0 };
        },
      },
      around: async ({ stateName }, run) => {
        reads = 0;
        lag.milliseconds = stateName === 'RecordChange' ? 45_000 : 0;
        return run();
      },
    });
    const run = await calls(system).start(web2);
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.deepEqual(failuresIn(run, 'RecordChange'), []);
    assert.deepEqual(await system.ruleNames(), withRule);
  });
});
