import type { Change } from '../change.ts';
import { type CandidateRule, candidateText, withoutHeld } from '../rules/candidate-rules.ts';
import type { Prerequisites } from '../rules/prerequisites.ts';
import type { Judged } from '../verdict/verdict-words.ts';
import { GrantIndex } from './grant-index.ts';
import type { Growths } from './growths.ts';
import { additionsOf } from './plan.ts';
import type { Recognised } from './recognise.ts';
import { aboutOf, asksForRule, type PutAside, saysOf } from './refusals.ts';
import type { Removals } from './removals.ts';

interface Crowding {
  /** How many rules a security group may have; 0: any number. */
  readonly most: number;
  /** Rules of ours as they stand, and what stays of them. */
  readonly owned: readonly Recognised[];
  readonly kept: Removals['kept'];
  readonly style: Prerequisites['style'];
  /** The execution's own changes. */
  readonly own: readonly Change[];
  readonly digestOf: (text: string) => string;
}

interface Crowded {
  readonly candidate: CandidateRule;
  readonly putAside: PutAside;
}

const countBy = (groups: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1);
  return counts;
};

/**
 * The additions, in their order, that would give a security group more rules than RULES_PER_GROUP allows. What replaces a rule
 * that goes takes its place, also where a group has more by now than the setting allows.
 */
const crowdedOut = (additions: readonly CandidateRule[], crowding: Crowding): readonly Crowded[] => {
  const { most, owned, kept, style, own, digestOf } = crowding;
  if (most === 0) return [];
  const before = countBy(owned.map(({ record }) => record.group));
  const now = new Map(countBy(kept.map(({ record }) => record.group)));
  return additions.flatMap((candidate): readonly Crowded[] => {
    const { group } = candidate;
    const there = now.get(group) ?? 0;
    if (there < Math.max(most, before.get(group) ?? 0)) {
      now.set(group, there + 1);
      return [];
    }
    const about = aboutOf(candidate);
    const putAside: PutAside = {
      id: digestOf(saysOf(candidate, style)),
      rule: candidateText(candidate),
      name: 'FirewallFull',
      words: `RULES_PER_GROUP allows ${most} rules for a security group, and ${group} has ${there}`,
      hours: null,
      about,
      isOwn: own.some((change) => asksForRule(change, about)),
    };
    return [{ candidate, putAside }];
  });
};

/** What a plan opens: the candidate rules as judged, those that standing rules carry, and what it does without. */
interface Opened extends Growths {
  readonly judged: readonly Judged[];
  readonly putAside: readonly PutAside[];
}

/**
 * Opens without what RULES_PER_GROUP leaves out: as if it had never been asked for, so that another group's rule that would have
 * been covered by it is judged on its own.
 */
export const withoutCrowded = (
  candidates: readonly CandidateRule[],
  open: (candidates: readonly CandidateRule[]) => Opened,
  crowding: Crowding,
): Opened => {
  const left: PutAside[] = [];
  let asked = candidates;
  for (;;) {
    const opened = open(asked);
    const crowded = crowdedOut(additionsOf(opened), crowding);
    if (crowded.length === 0) return { ...opened, putAside: [...opened.putAside, ...left] };
    left.push(...crowded.map(({ putAside }) => putAside));
    const index = GrantIndex.of(crowded.map(({ candidate }) => candidate));
    asked = withoutHeld(asked, (candidate, destination, source) => index.has(candidate, destination, source));
  }
};
