import { scopesInOrder } from '../policy/object-look-up.ts';
import type { Policy } from '../policy/policy.ts';
import type { CandidateRule } from './candidate-rules.ts';
import { type DestinationTranslation, translatedDestinations } from './destination-nat.ts';
import { checkApplications, type NotOpened } from './device-applications.ts';

export interface FittedCandidates {
  readonly candidates: readonly CandidateRule[];
  readonly leftOut: readonly NotOpened[];
  /** NAT rules of which it is not known what they translate to: a reservation to tell the reader. */
  readonly undecidedNat: readonly string[];
}

/**
 * The candidates as this device can carry them: without destinations that a NAT rule translates to, and with
 * applications the device knows, each as it defines it. Everything else is left out with its reason.
 */
export const fitToDevice = (
  candidates: readonly CandidateRule[],
  policy: Policy,
  destinationNat: readonly DestinationTranslation[],
): FittedCandidates => {
  const { refused, isRefused, undecided } = translatedDestinations(
    candidates.flatMap((candidate) => candidate.destinations),
    destinationNat,
    scopesInOrder(policy),
  );
  const reachable = candidates.flatMap((candidate) => {
    const destinations = candidate.destinations.filter((destination) => !isRefused(destination));
    if (destinations.length === 0) return [];
    return [destinations.length === candidate.destinations.length ? candidate : { ...candidate, destinations }];
  });
  const { candidates: fitting, leftOut } = checkApplications(reachable, policy);
  return { candidates: fitting, leftOut: [...refused, ...leftOut], undecidedNat: undecided };
};
