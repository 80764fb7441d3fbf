import type { Change } from '../change.ts';
import { type PolicyView, whyUnusable } from '../policy/bottom-rule.ts';
import type { PendingEdit } from '../policy/pending-edits.ts';
import type { Policy } from '../policy/policy.ts';
import { type CandidateRule, candidateText, idsIn } from '../rules/candidate-rules.ts';
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
  /** Whom they are for: groups, instances and interfaces by id. Null or absent where that cannot be told. */
  readonly about?: readonly string[] | null;
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

/**
 * Whether a change asks for what is for these groups, instances and interfaces (null: for any). What takes access away asks for
 * nothing.
 */
export const asksFor = (change: Change, about: readonly string[] | null): boolean =>
  !onlyTakesAway(change) &&
  change.subjects.some((subject) => subject.kind === 'everything' || about === null || about.includes(subject.id));

/** Why this plan opens nothing. Without a route to the firewall there are no candidate rules to name. */
export const obstacleOf = (
  { noRouteTo, own }: LimitInputs,
  lack: Lack | null,
  missing: readonly CandidateRule[],
  awaiting: readonly string[],
): Obstacle | null => {
  if (noRouteTo.length > 0) {
    const message = noRouteText(noRouteTo, awaiting);
    return { name: 'Misconfigured', message, candidates: [], about: null, isOwn: !own.every(onlyTakesAway) };
  }
  if (lack === null || missing.length === 0) return null;
  const about = [...new Set(missing.flatMap(idsIn))];
  return {
    ...lack,
    candidates: missing.map(candidateText),
    about,
    isOwn: own.some((change) => asksFor(change, about)),
  };
};
