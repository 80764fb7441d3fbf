import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AuthorizeSecurityGroupIngressCommand,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { contains } from '../../shared/domain/sets/addresses.ts';
import { administratorsRules, fromAnywhere, resync, web1, web2, web3 } from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const cases = Number(process.env['CASES'] ?? 12);
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

type Call =
  | { readonly kind: 'start' | 'stop'; readonly instance: string }
  | { readonly kind: 'grant' | 'revoke'; readonly group: string; readonly port: number; readonly source: string };

const anyCall: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ kind: fc.constantFrom('start' as const, 'stop' as const), instance: fc.constantFrom(web1, web2, web3) }),
  fc.record({
    kind: fc.constantFrom('grant' as const, 'grant' as const, 'revoke' as const),
    group: fc.constantFrom(ids.commonGroup, ids.webGroup),
    port: fc.constantFrom(22, 80, 443, 8443),
    source: fc.constantFrom('0.0.0.0/0', '198.51.100.0/24', '203.0.113.7/32', '10.0.0.0/8'),
  }),
);

/** Makes the call; what EC2 refuses (twice granted, not there to revoke, wrong state) is part of any history. */
const make = async (system: TestSystem, call: Call): Promise<void> => {
  system.clock.advance(60_000);
  const permission = 'port' in call ? [fromAnywhere(call.port, call.source)] : [];
  const sent = (() => {
    switch (call.kind) {
      case 'start':
        return system.ec2.send(new StartInstancesCommand({ InstanceIds: [call.instance] }));
      case 'stop':
        return system.ec2.send(new StopInstancesCommand({ InstanceIds: [call.instance] }));
      case 'grant':
        return system.ec2.send(
          new AuthorizeSecurityGroupIngressCommand({ GroupId: call.group, IpPermissions: permission }),
        );
      case 'revoke':
        return system.ec2.send(
          new RevokeSecurityGroupIngressCommand({ GroupId: call.group, IpPermissions: permission }),
        );
    }
  })();
  await sent.catch((error: unknown) => {
    const code = error instanceof Error ? error.name : '';
    assert.match(code, /^(InvalidPermission\.(Duplicate|NotFound)|IncorrectInstanceState)$/);
  });
  await system.idle();
};

/**
 * What our rules let through, whichever rules say it. A source inside another one for the same destination and port opens
 * nothing: it may stand beside it in one rule, or be left out as allowed already.
 */
const opened = async (system: TestSystem): Promise<readonly string[]> => {
  const byRest = new Map<string, Set<string>>();
  for (const rule of (await system.rules()).filter(({ owned }) => owned)) {
    for (const destination of rule.destination) {
      const rest = `${destination} ${rule.service.join()} ${rule.application.join()}`;
      byRest.set(rest, new Set([...(byRest.get(rest) ?? []), ...rule.source]));
    }
  }
  return [...byRest]
    .flatMap(([rest, sources]) =>
      [...sources]
        .filter((source) => ![...sources].some((other) => other !== source && contains(other, source)))
        .map((source) => `${source} ${rest}`),
    )
    .sort();
};

describe('the resync', () => {
  test('ends where the events would have, though every one of them was lost, and then has nothing to do', async () => {
    console.log(`seed ${seed}, ${cases} histories`);
    await fc.assert(
      fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 8 }), async (history) => {
        const told = await createTestSystem();
        const deaf = await createTestSystem({ copies: (_event, rule) => (rule === 'ChangeRule' ? 0 : 1) });
        for (const call of history) {
          await make(told, call);
          await make(deaf, call);
        }
        assert.deepEqual(await deaf.ruleNames(), administratorsRules);
        await resync(deaf);
        assert.deepEqual(await opened(deaf), await opened(told));
        // Servers 1 and 3 ran before anything was told of them.
        await resync(told);
        assert.deepEqual(await opened(told), await opened(deaf));
        const before = deaf.parts.simulator.exportConfiguration('candidate');
        const again = await resync(deaf);
        assert.ok(!again.states.some(({ name }) => name === 'ApplyRules'), 'a second resync writes nothing');
        assert.equal(deaf.parts.simulator.exportConfiguration('candidate'), before);
      }),
      { numRuns: cases, seed, interruptAfterTimeLimit: 240_000 },
    );
  });
});
