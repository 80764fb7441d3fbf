import type { RuleRecord } from '../domain/plan/ownership.ts';
import { type Comparison, compareAnswer, samplesOf } from '../domain/verdict/samples.ts';
import { judgeCandidates } from '../domain/verdict/verdict.ts';
import type { Judged } from '../domain/verdict/verdict-words.ts';
import type { FirewallReads } from '../panos/firewall.ts';
import type { Settings } from '../runtime/settings.ts';

/** What the second judge said. `notAsked` is why it was not asked, where it could not be. */
export interface SecondOpinion {
  readonly comparisons: readonly Comparison[];
  readonly notAsked: string | null;
}

/** Never more questions at a time: the management plane has other work. */
const atOnce = 2;

/**
 * Asks the firewall's own policy match about a few sessions of the candidates, now that the policy runs. It judges nothing and
 * changes nothing: a failure to ask is told, not raised.
 */
export const askFirewall = async (
  firewall: FirewallReads,
  judged: readonly Judged[],
  records: readonly RuleRecord[],
  settings: Settings,
): Promise<SecondOpinion> => {
  const samples = samplesOf(judged, settings.POLICY_MATCH_SAMPLES);
  if (samples.length === 0) return { comparisons: [], notAsked: null };
  try {
    const { running } = await firewall.snapshot();
    const owned = records.flatMap(({ uuid, state, contributions }) =>
      uuid === null || state !== 'owned'
        ? []
        : [{ uuid, interfaces: contributions.destinations.map((destination) => destination.interface) }],
    );
    const comparisons: Comparison[] = [];
    for (let at = 0; at < samples.length; at += atOnce) {
      const asked = samples.slice(at, at + atOnce).map(async (sample) => {
        const [ours] = judgeCandidates({
          views: [{ label: 'running', policy: running }],
          bottomRule: settings.BOTTOM_RULE,
          owned,
          removedRules: [],
          candidates: [sample.candidate],
          pending: [],
        });
        const answer = await firewall.policyMatch(sample.session);
        return ours === undefined ? [] : [compareAnswer(sample, ours, answer, running)];
      });
      comparisons.push(...(await Promise.all(asked)).flat());
    }
    return { comparisons, notAsked: null };
  } catch (error) {
    return { comparisons: [], notAsked: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
};

/** One line in CloudWatch's embedded metric format: a metric without an API call. */
export const disagreementMetric = (now: number, count: number): string =>
  JSON.stringify({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        { Namespace: 'policy-sync', Dimensions: [[]], Metrics: [{ Name: 'PolicyMatchDisagreements', Unit: 'Count' }] },
      ],
    },
    PolicyMatchDisagreements: count,
  });
