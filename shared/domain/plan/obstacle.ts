import type { Change } from '../change.ts';
import { type PolicyView, whyUnusable } from '../policy/bottom-rule.ts';
import type { PendingEdit } from '../policy/pending-edits.ts';
import type { Policy } from '../policy/policy.ts';
import { type CandidateRule, candidateText } from '../rules/candidate-rules.ts';
import { missingPrerequisites, type Prerequisites } from '../rules/prerequisites.ts';
import { onlyTakesAway } from './announced-losses.ts';
import type { LimitInputs } from './removal-limit.ts';
import { noRouteText } from './removal-words.ts';

/** That the firewall, or the routes to it, lack what opening needs. */
export interface Obstacle {
  readonly name: 'BottomRuleUnusable' | 'Misconfigured';
  readonly message: string;
  /** The candidate rules that are not judged therefore, in words. */
  readonly candidates: readonly string[];
  /** Whether the execution itself was started for one of them. */
  readonly isOwn: boolean;
}

type Lack = Pick<Obstacle, 'name' | 'message'>;

/** What of the settings the firewall lacks for opening; null when nothing. */
export const lackOf = (
  candidate: Policy,
  views: readonly PolicyView[],
  editsOfOthers: readonly PendingEdit[],
  settings: Prerequisites & { readonly bottomRule: string },
): Lack | null => {
  const why = whyUnusable(views, settings.bottomRule, editsOfOthers);
  if (why !== null) return { name: 'BottomRuleUnusable', message: why };
  const missing = missingPrerequisites(candidate, settings);
  return missing.length > 0 ? { name: 'Misconfigured', message: `${missing.join('; ')}.` } : null;
};

/** Whether a change asks for one of these candidate rules. What takes access away asks for none. */
const asksFor = (change: Change, candidates: readonly CandidateRule[]): boolean =>
  !onlyTakesAway(change) &&
  change.subjects.some(
    (subject) =>
      subject.kind === 'everything' ||
      candidates.some(({ group, destinations }) =>
        [group, ...destinations.flatMap((to) => [to.instance, to.interface])].includes(subject.id),
      ),
  );

/** Why this plan opens nothing. Without a route to the firewall there are no candidate rules to name. */
export const obstacleOf = (
  { noRouteTo, own }: LimitInputs,
  lack: Lack | null,
  missing: readonly CandidateRule[],
  awaiting: readonly string[],
): Obstacle | null => {
  if (noRouteTo.length > 0) {
    const message = noRouteText(noRouteTo, awaiting);
    return { name: 'Misconfigured', message, candidates: [], isOwn: !own.every(onlyTakesAway) };
  }
  if (lack === null || missing.length === 0) return null;
  return {
    ...lack,
    candidates: missing.map(candidateText),
    isOwn: own.some((change) => asksFor(change, missing)),
  };
};
