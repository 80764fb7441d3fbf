import type { Contributions, Grant } from '../../shared/domain/grants/grants.ts';
import { type Holding, missingCandidates } from '../../shared/domain/plan/removals.ts';
import { type CandidateRule, candidateRules } from '../../shared/domain/rules/candidate-rules.ts';
import { trafficText } from '../../shared/domain/sets/traffic.ts';

/** The whole tuple by which grants are compared: a changed source or port under the same sgr- is another grant. */
export const grantKey = (grant: Grant): string =>
  [
    grant.interface,
    grant.address,
    grant.group,
    grant.securityGroupRule,
    grant.prefixList ?? '',
    grant.source,
    grant.family,
    trafficText(grant.traffic),
    grant.traffic.kind === 'icmp' ? grant.traffic.code : '',
  ].join(' ');

/** Every grant a rule with these contributions stands for. */
export const grantsOf = (
  { sources, destinations }: Contributions,
  { group, family, traffic }: Pick<Grant, 'group' | 'family' | 'traffic'>,
): readonly Grant[] =>
  destinations.flatMap((destination) =>
    sources.map((source) => ({ ...source, ...destination, group, family, traffic })),
  );

/** The candidate rules for these grants, as one resync would make them; single ICMP types are expressible. */
export const candidatesFor = (grants: readonly Grant[]): readonly CandidateRule[] =>
  candidateRules(grants, {
    changes: [],
    from: 'untrust',
    to: 'trust',
    translation: {
      applications: 'app-id',
      portApplications: {},
      icmpApplications: { 'icmp/3': 'icmp-unreachable', 'icmp/3/4': 'icmp-fragmentation-needed' },
    },
  });

/** The desired grants that nothing holds. */
export const missingGrants = (desired: readonly Grant[], holdings: readonly Holding[]): readonly Grant[] =>
  missingCandidates(candidatesFor(desired), holdings).flatMap((candidate) => grantsOf(candidate, candidate));
