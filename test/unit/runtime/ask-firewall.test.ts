import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NamedError } from '../../../shared/domain/errors.ts';
import type { SampleSession } from '../../../shared/domain/verdict/samples.ts';
import type { Firewall } from '../../../shared/panos/firewall.ts';
import { settingsFrom } from '../../../shared/runtime/settings.ts';
import { askFirewall, disagreementMetric } from '../../../shared/workflow/ask-firewall.ts';
import { ownedRecord, standing } from '../domain/owned.ts';
import { candidate, cleanUp, judge, policy, rule } from '../domain/verdict-policies.ts';
import { environment } from './around.ts';

const settings = (samples = 10) => settingsFrom({ ...environment, POLICY_MATCH_SAMPLES: String(samples) });
const webIn = rule('Web in');
/** `judged`: what a run decided before its rules ran. */
const judged = (count: number) =>
  judge(
    [],
    Array.from({ length: count }, (_, at) => candidate({ destinations: [[`eni-${at}`, `10.0.1.${at}/32`]] })),
  );

/** A firewall that runs these rules and answers policy match. */
const running = (rules: Parameters<typeof policy>[0], answer: (session: SampleSession) => Promise<string | null>) => {
  const state = { asked: 0, atOnce: 0, most: 0, snapshots: 0 };
  const firewall = {
    snapshot: async () => {
      state.snapshots += 1;
      return { running: policy([...rules, cleanUp]) };
    },
    policyMatch: async (session: SampleSession) => {
      state.asked += 1;
      state.atOnce += 1;
      state.most = Math.max(state.most, state.atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      state.atOnce -= 1;
      return answer(session);
    },
  } as unknown as Firewall;
  return { firewall, state };
};

test('each sample is judged on what runs now and compared with the answer', async () => {
  const { firewall } = running([webIn], async ({ destination }) =>
    destination === '10.0.1.1' ? 'Clean up' : 'Web in',
  );
  const { comparisons, notAsked } = await askFirewall(firewall, judged(3), [], settings());
  assert.deepEqual(
    comparisons.map(({ outcome }) => outcome),
    ['agrees', 'disagrees', 'agrees', 'agrees', 'disagrees', 'agrees'],
    'each of the three with two applications',
  );
  assert.equal(notAsked, null);
});

test('no more than two questions are under way, and no more than the setting says are asked', async () => {
  const { firewall, state } = running([webIn], async () => 'Web in');
  const { comparisons } = await askFirewall(firewall, judged(9), [], settings(7));
  assert.deepEqual([comparisons.length, state.asked, state.most, state.snapshots], [7, 7, 2, 1]);
});

test('nothing is asked or read where there is nothing to ask, or the setting says none', async () => {
  const { firewall, state } = running([webIn], async () => 'Web in');
  assert.deepEqual(await askFirewall(firewall, [], [], settings()), { comparisons: [], notAsked: null });
  assert.deepEqual(await askFirewall(firewall, judged(3), [], settings(0)), { comparisons: [], notAsked: null });
  assert.deepEqual([state.snapshots, state.asked], [0, 0]);
});

test('a firewall that does not answer is told, never raised', async () => {
  const { firewall } = running([webIn], async () => {
    throw new NamedError('FirewallUnreachable', 'no reply');
  });
  assert.deepEqual(await askFirewall(firewall, judged(3), [], settings()), {
    comparisons: [],
    notAsked: 'FirewallUnreachable: no reply',
  });
  const dead = { snapshot: () => Promise.reject(new NamedError('FirewallDenied', 'no')) } as unknown as Firewall;
  assert.equal((await askFirewall(dead, judged(1), [], settings())).notAsked, 'FirewallDenied: no');
});

test('a rule of ours counts for the interfaces it stands for; one whose record is a tombstone or only intended counts as anybody’s', async () => {
  const record = ownedRecord({
    contributions: {
      sources: [{ source: '203.0.113.0/24', securityGroupRule: 'sgr-1', prefixList: null }],
      destinations: [{ interface: 'eni-0', instance: 'i-1', address: '10.0.1.0/32' }],
    },
  });
  const stands = standing(record, { application: ['any'], service: ['any'] });
  const outcome = async (said: Partial<typeof record>) => {
    const { firewall } = running([stands], async () => 'i-1-1');
    return (await askFirewall(firewall, judged(1), [{ ...record, ...said }], settings())).comparisons[0]?.outcome;
  };
  assert.equal(await outcome({}), 'agrees');
  const elsewhere = {
    ...record.contributions,
    destinations: [{ interface: 'eni-7', instance: 'i-7', address: '10.0.1.0/32' }],
  };
  assert.equal(await outcome({ contributions: elsewhere }), 'disagrees', 'its address is another interface’s by now');
  for (const state of ['tombstone', 'intended'] as const)
    assert.equal(
      await outcome({ contributions: elsewhere, state }),
      'agrees',
      `${state}: it decides like any other rule`,
    );
});

test('the metric is one line of the embedded format', () => {
  const line = disagreementMetric(1234, 2);
  assert.doesNotMatch(line, /\n/);
  const { _aws, ...values } = JSON.parse(line) as {
    _aws: { Timestamp: number; CloudWatchMetrics: { Namespace: string; Metrics: { Name: string }[] }[] };
  };
  assert.equal(_aws.Timestamp, 1234);
  assert.deepEqual(values, { PolicyMatchDisagreements: 2 });
  assert.equal(_aws.CloudWatchMetrics[0]?.Metrics[0]?.Name, 'PolicyMatchDisagreements');
});
