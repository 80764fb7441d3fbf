import type { Change } from '../change.ts';
import { destinationKey, sourceKey } from '../grants/grants.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import { GrantIndex } from './grant-index.ts';
import { keptAside } from './kept-aside.ts';
import type { UnexplainedLoss } from './losses.ts';
import type { Recognition } from './recognise.ts';
import { tooMuchText } from './removal-words.ts';
import { planRemovals, type Removals } from './removals.ts';

/** How much may go because it vanished, within a day, before an operator must approve. */
export interface RemovalLimits {
  /** Interfaces that may lose grants without approval. */
  readonly interfaces: number;
  /** Share of all interfaces with grants that may lose some without approval, 0 to 1. */
  readonly share: number;
}

/** What the limit is measured by, beside the plan's own inputs. */
export interface LimitInputs {
  /** What EC2 grants no more and nothing explains. */
  readonly unexplained: readonly UnexplainedLoss[];
  /** Interfaces that lost grants within the last day because these vanished, without approval. */
  readonly lostBefore: readonly string[];
  /** Interfaces whose loss an operator has approved within the last day. */
  readonly approved: readonly string[];
  /** Approvals of the release before: hashes of whole plans. */
  readonly approvedPlans: readonly string[];
  /** Firewall targets, when no route table names any of them; empty when one does. */
  readonly noRouteTo: readonly string[];
  /** What the execution itself was started for. */
  readonly own: readonly Change[];
}

/** What the limit made of a plan. */
export interface LimitOutcome {
  /** Interfaces that vanished and keep their grants until an operator approves, sorted. */
  readonly awaiting: readonly string[];
  /** Names of the rules that the approval would remove or shrink, sorted. */
  readonly awaitingRules: readonly string[];
  /** Interfaces that lose grants in this plan because these vanished: counted before it is written. */
  readonly lost: readonly string[];
  /** What the execution fails with once the rest of the plan is carried out; null when its own subjects lack nothing. */
  readonly fails: { readonly name: 'TooMuchToRemove'; readonly message: string } | null;
}

/**
 * Whether so many may not go without approval: more than both limits; always when everything would be lost, or more than
 * half with at least three. `owned`: those that lost and those that still hold grants.
 */
export const isTooMuch = (lost: number, owned: number, limits: RemovalLimits): boolean =>
  (lost > limits.interfaces && lost > owned * limits.share) ||
  (lost > 0 && lost === owned) ||
  (lost >= 3 && lost > owned / 2);

/** The interfaces that these removals take unexplained grants from, with the rules they are in now. */
const losing = (
  { owned }: Recognition,
  { kept }: Removals,
  unexplained: readonly UnexplainedLoss[],
): ReadonlyMap<string, ReadonlySet<string>> => {
  const vanished = GrantIndex.of(unexplained);
  const left = new Map(kept.map(({ uuid, contributions }) => [uuid, contributions] as const));
  const found = new Map<string, Set<string>>();
  for (const { record, uuid, name } of owned) {
    const stays = left.get(uuid);
    const sources = new Set(stays?.sources.map(sourceKey));
    const destinations = new Set(stays?.destinations.map(destinationKey));
    for (const to of record.contributions.destinations) {
      const isKept = destinations.has(destinationKey(to));
      const loses = record.contributions.sources.some(
        (source) => vanished.has(record, to, source) && !(isKept && sources.has(sourceKey(source))),
      );
      if (loses) found.set(to.interface, (found.get(to.interface) ?? new Set()).add(name));
    }
  }
  return found;
};

const interfacesIn = (contributions: readonly { readonly destinations: readonly { readonly interface: string }[] }[]) =>
  contributions.flatMap(({ destinations }) => destinations.map((to) => to.interface));

/** Of these losses the part that is about these interfaces. */
const partFor = (losses: readonly UnexplainedLoss[], interfaces: ReadonlySet<string>): readonly UnexplainedLoss[] =>
  losses.map((loss) => ({ ...loss, destinations: loss.destinations.filter((to) => interfaces.has(to.interface)) }));

/**
 * What the owned rules lose, within the limit: all that EC2 positively shows, and what vanished unless it is too much. A plan
 * over the limit takes nothing at all that vanished and is not approved: no part of it is small enough to pass. What is kept
 * counts as desired, so that everything else of the same rules goes on; `aside` is what of it needs a rule of its own.
 */
export const removeWithinLimit = (
  recognition: Recognition,
  candidates: readonly CandidateRule[],
  scope: ReadonlySet<string>,
  inputs: LimitInputs,
  limits: RemovalLimits,
  digestOf: (text: string) => string,
): { readonly removals: Removals; readonly aside: readonly CandidateRule[]; readonly limit: LimitOutcome } => {
  const away = inputs.unexplained.filter(({ because }) => because === 'away');
  const vanished = inputs.unexplained.filter(({ because }) => because === 'vanished');
  const planned = planRemovals(recognition, [...candidates, ...away], scope);
  const found = losing(recognition, planned, vanished);
  const interfaces = [...found.keys()].sort();
  const isApprovedWhole = inputs.approvedPlans.includes(digestOf(interfaces.join(' ')).slice(0, 16));
  const approved = new Set(isApprovedWhole ? interfaces : inputs.approved);
  const fresh = interfaces.filter((id) => !approved.has(id));
  const lost = new Set([...inputs.lostBefore, ...fresh]);
  const holding = new Set(interfacesIn([...planned.kept.map(({ contributions }) => contributions), ...candidates]));
  const owned = new Set([...interfacesIn(recognition.owned.map(({ record }) => record.contributions))]);
  const counted = new Set([...lost, ...[...owned].filter((id) => holding.has(id) && !approved.has(id))]);
  const isHeld = fresh.length > 0 && (inputs.noRouteTo.length > 0 || isTooMuch(lost.size, counted.size, limits));
  const waiting = isHeld ? fresh : [];
  const kept = [...away, ...partFor(vanished, new Set(waiting))];
  const removals = isHeld ? planRemovals(recognition, [...candidates, ...kept], scope) : planned;
  const rules = [...new Set(waiting.flatMap((id) => [...(found.get(id) ?? [])]))].sort();
  return {
    removals,
    aside: keptAside(recognition, removals, kept),
    limit: {
      awaiting: waiting,
      awaitingRules: rules,
      lost: isHeld ? [] : fresh,
      fails: failureOf(inputs, waiting, rules, counted.size),
    },
  };
};

/** An execution fails only for what its own subjects lack: a resync lists what waits. */
const failureOf = (
  { own, unexplained }: LimitInputs,
  awaiting: readonly string[],
  rules: readonly string[],
  counted: number,
): LimitOutcome['fails'] => {
  const waiting = new Set(awaiting);
  const instances = new Set(
    unexplained.flatMap(({ destinations }) =>
      destinations.flatMap((to) => (waiting.has(to.interface) ? [to.instance] : [])),
    ),
  );
  const lacks = own.some(({ subjects }) =>
    subjects.some((subject) => subject.kind === 'instance' && instances.has(subject.id)),
  );
  return lacks ? { name: 'TooMuchToRemove', message: tooMuchText(awaiting, rules, counted) } : null;
};
