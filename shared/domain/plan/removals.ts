import type { Contributions } from '../grants/grants.ts';
import { bottomPlace } from '../policy/bottom-rule.ts';
import type { Policy, SecurityRule } from '../policy/policy.ts';
import { type CandidateRule, candidateText, withoutHeld } from '../rules/candidate-rules.ts';
import { contains, isCidr, overlaps } from '../sets/addresses.ts';
import { bounding, GrantIndex, nothing, remaining, size } from './grant-index.ts';
import type { RuleRecord } from './ownership.ts';
import type { Recognised, Recognition } from './recognise.ts';

/** Which rule of ours something is planned for. The name is the one it has now. */
export interface PlannedFor {
  readonly id: string;
  readonly name: string;
  readonly uuid: string;
}

/** A rule of ours that stands in the wrong place. */
export interface PlannedMove extends PlannedFor {
  /** The uuid of the lowest rule of others that it must stand below afterwards; null or absent with an ordinary bottom rule. */
  readonly past?: string | null;
}

export interface PlannedRemoval extends PlannedFor {
  readonly why: string;
}

/** An owned rule that stays for fewer grants: only its `source` or `destination` node is replaced, by a subset. */
export interface PlannedShrink extends PlannedFor {
  readonly contributions: Contributions;
  /** Null: the node is as it should be already. */
  readonly source: readonly string[] | null;
  readonly destination: readonly string[] | null;
  /** With the table's mark, where the rule does not bear it yet. Absent: it stays. */
  readonly description?: string;
  readonly why: string;
}

/** Grants that a record holds, so that no other rule is added for them. */
export interface Holding {
  readonly record: RuleRecord;
  readonly contributions: Contributions;
}

/** What happens to the rules we own, before any addition. */
export interface Removals {
  readonly removals: readonly PlannedRemoval[];
  readonly shrinks: readonly PlannedShrink[];
  readonly moves: readonly PlannedMove[];
  /** Owned rules that should change but that somebody else is editing; each says whether a hole stays open. */
  readonly notTouched: readonly string[];
  /** Records to write as they are. */
  readonly repaired: readonly RuleRecord[];
  /** What the owned rules stand for afterwards. */
  readonly kept: readonly {
    readonly record: RuleRecord;
    readonly uuid: string;
    readonly contributions: Contributions;
  }[];
}

/**
 * The members a node keeps when `recorded` shrinks to `kept`. Members that an administrator narrowed or added stand as
 * long as they open nothing that is being taken away: a name could mean any address, so it goes with the first removal.
 */
export const shrunkMembers = (
  current: readonly string[],
  recorded: readonly string[],
  kept: readonly string[],
): readonly string[] => {
  const removed = recorded.filter((member) => !kept.includes(member));
  if (removed.length === 0) return current;
  return current.filter((member) => {
    if (kept.includes(member)) return true;
    if (recorded.includes(member) || !isCidr(member)) return false;
    return kept.some((keep) => contains(keep, member)) || !removed.some((gone) => overlaps(gone, member));
  });
};

const sourcesOf = ({ sources }: Contributions): readonly string[] => [...new Set(sources.map(({ source }) => source))];
const destinationsOf = ({ destinations }: Contributions): readonly string[] => [
  ...new Set(destinations.map(({ address }) => address)),
];

const planRule = (
  { record, rule, uuid, name, editedBy, allowsRunning, changedService }: Recognised,
  desired: GrantIndex,
  scope: ReadonlySet<string>,
): {
  readonly contributions: Contributions;
  readonly edit: PlannedRemoval | PlannedShrink | null;
  readonly blocked: string | null;
} => {
  const was = record.contributions;
  const allowsNothing = rule.disabled || rule.action !== 'allow';
  const contributions = allowsNothing ? bounding(record, was, desired, scope) : remaining(record, desired, scope);
  const identity = { id: record.id, name, uuid };
  // What it deserves is tested again in the same run, which needs all of its interfaces in scope.
  const isReplaced = was.destinations.every((destination) => scope.has(destination.interface));
  if (changedService !== null && editedBy === null && isReplaced) {
    const why = `somebody has changed the service object "${changedService}" that it uses; what is still granted is tested again`;
    return { contributions: { sources: [], destinations: [] }, edit: { ...identity, why }, blocked: null };
  }
  const lost = size(was) - size(contributions);
  if (lost === 0) return { contributions: was, edit: null, blocked: null };
  if (editedBy !== null) {
    const open = allowsRunning ? 'what it no longer should allow stays open' : 'nothing stays open';
    return {
      contributions: was,
      edit: null,
      blocked: `"${rule.name}" should lose ${lost} grants, but ${editedBy} is editing it: ${open} until that is committed or reverted.`,
    };
  }
  // A side that an administrator negated keeps its members: to take one out would let it in.
  const source = rule.negateSource ? rule.source : shrunkMembers(rule.source, sourcesOf(was), sourcesOf(contributions));
  const destination = rule.negateDestination
    ? rule.destination
    : shrunkMembers(rule.destination, destinationsOf(was), destinationsOf(contributions));
  if (contributions.sources.length === 0 || source.length === 0 || destination.length === 0) {
    const why =
      contributions.sources.length === 0
        ? 'none of its grants is left'
        : 'nothing an administrator left of it is still granted';
    return { contributions: nothing, edit: { ...identity, why }, blocked: null };
  }
  return {
    contributions,
    edit: {
      ...identity,
      contributions,
      source: source.length === rule.source.length ? null : source,
      destination: destination.length === rule.destination.length ? null : destination,
      why: `${lost} of its grants are gone`,
    },
    blocked: null,
  };
};

/** What must become of the rules we own so that none allows a grant that is no longer desired. */
export const planRemovals = (
  recognition: Recognition,
  desired: Parameters<typeof GrantIndex.of>[0],
  scope: ReadonlySet<string>,
): Removals => {
  const index = GrantIndex.of(desired);
  const removals: PlannedRemoval[] = [];
  const shrinks: PlannedShrink[] = [];
  const moves: PlannedMove[] = [];
  const notTouched: string[] = [];
  const kept: { record: RuleRecord; uuid: string; contributions: Contributions }[] = [];
  for (const { record, name, uuid, editedBy, why: said } of recognition.returned) {
    if (editedBy === null) {
      const why =
        said ??
        (record.byOperator
          ? 'an operator asked for it'
          : record.uuid === null
            ? 'it was written without an answer, and has landed since'
            : 'it was removed before and came back');
      removals.push({ id: record.id, name, uuid, why });
    } else {
      notTouched.push(
        `"${name}" came back and ${editedBy} is editing it: it stays until that is committed or reverted.`,
      );
    }
  }
  for (const recognised of recognition.owned) {
    const { contributions, edit, blocked } = planRule(recognised, index, scope);
    const { record, uuid, name, editedBy } = recognised;
    if (blocked !== null) notTouched.push(blocked);
    if (edit !== null && 'contributions' in edit) shrinks.push(edit);
    else if (edit !== null) {
      removals.push(edit);
      continue;
    }
    kept.push({ record, uuid, contributions });
    const misplaced = recognition.reports.some(
      (report) => report.rule === name && report.what === 'below the bottom rule',
    );
    if (misplaced && editedBy === null) moves.push({ id: record.id, name, uuid });
  }
  return { removals, shrinks, moves, notTouched, repaired: [], kept };
};

const heldBy = (holdings: readonly Holding[]): GrantIndex => {
  const index = new GrantIndex();
  for (const { record, contributions } of holdings) index.addRectangle(record, contributions);
  return index;
};

/** The candidate rules without what is held already, by an owned rule. */
export const missingCandidates = (
  candidates: readonly CandidateRule[],
  holdings: readonly Holding[],
): readonly CandidateRule[] => {
  const held = heldBy(holdings);
  return withoutHeld(candidates, (candidate, destination, source) => held.has(candidate, destination, source));
};

/** Candidate rules of which these holdings have something, in words. */
export const heldTexts = (candidates: readonly CandidateRule[], holdings: readonly Holding[]): readonly string[] => {
  const index = heldBy(holdings);
  return candidates.flatMap((candidate) => {
    const held = candidate.destinations.flatMap((to) =>
      candidate.sources.map((from) => index.has(candidate, to, from)),
    );
    if (!held.includes(true)) return [];
    return [`${candidateText(candidate)}${held.includes(false) ? ' (in part)' : ''}`];
  });
};

/** The policy with the removals made: what candidates are judged against. */
export const withRemovals = (
  policy: Policy,
  { removals, shrinks, moves }: Pick<Removals, 'removals' | 'shrinks' | 'moves'>,
  bottomRule: string,
): Policy => {
  const removed = new Set(removals.map(({ uuid }) => uuid));
  const shrunk = new Map(shrinks.map((shrink) => [shrink.uuid, shrink] as const));
  const moved = new Set(moves.map(({ uuid }) => uuid));
  const stay: SecurityRule[] = [];
  const toMove: SecurityRule[] = [];
  for (const rule of policy.rules) {
    if (rule.uuid !== null && removed.has(rule.uuid)) continue;
    const shrink = rule.uuid === null ? undefined : shrunk.get(rule.uuid);
    const left =
      shrink === undefined
        ? rule
        : { ...rule, source: shrink.source ?? rule.source, destination: shrink.destination ?? rule.destination };
    if (rule.uuid !== null && moved.has(rule.uuid)) toMove.push(left);
    else stay.push(left);
  }
  const at = bottomPlace({ ...policy, rules: stay }, bottomRule) ?? stay.length;
  return { ...policy, rules: [...stay.slice(0, at), ...toMove, ...stay.slice(at)] };
};
