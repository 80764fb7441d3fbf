import type { LeftOut } from '../grants/grants.ts';
import type { PendingEdit } from '../policy/pending-edits.ts';
import type { Policy } from '../policy/policy.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import type { DestinationTranslation } from '../rules/destination-nat.ts';
import type { Prerequisites } from '../rules/prerequisites.ts';
import type { Judged } from '../verdict/verdict-words.ts';
import type { Closed, ClosureRecord } from './closures.ts';
import type { HandOver } from './handed-over.ts';
import type { Obstacle } from './obstacle.ts';
import type { ObjectRecord, RuleRecord } from './ownership.ts';
import type { ClosureInputs } from './plan-closures.ts';
import type { PutAside, Refused } from './refusals.ts';
import type { LimitInputs, LimitOutcome, RemovalLimits } from './removal-limit.ts';
import type { PlannedMove, PlannedRemoval, PlannedShrink } from './removals.ts';
import type { PlannedRewrite } from './rewrites.ts';
import type { Unrecorded } from './unrecorded.ts';

/** The firewall as it was read once. */
export interface FirewallRead {
  readonly candidate: Policy;
  /** The same value as `candidate` when nothing is pending. */
  readonly running: Policy;
  readonly pending: readonly PendingEdit[];
  readonly destinationNat: readonly DestinationTranslation[];
}

export interface PlanSettings extends Prerequisites {
  /** The account that only this system uses. */
  readonly administrator: string;
  readonly bottomRule: string;
  readonly limits: RemovalLimits;
  /** Adds no rule that would open more applications than an administrator allows for the same ports. */
  readonly strictApplications: boolean;
  /** How many rules a security group may have at most; 0 or absent: any number. */
  readonly rulesPerGroup?: number;
  /** Opens also what rules that a Panorama pushed below the local ones may deny. */
  readonly openPushedDenies?: boolean;
}

/** Everything a plan is made from; each read now. */
export interface PlanInputs {
  readonly firewall: FirewallRead;
  readonly rules: readonly RuleRecord[];
  readonly objects: readonly ObjectRecord[];
  /** What EC2 grants the interfaces in scope, as rules. */
  readonly candidates: readonly CandidateRule[];
  /** Interfaces the plan decides about: what others hold stays as it is. */
  readonly scope: ReadonlySet<string>;
  /** What the table holds of closures, and what else they hang on. */
  readonly closures: Omit<ClosureInputs, 'candidate' | 'running' | 'owned' | 'records' | 'rolledBack' | 'candidates'>;
  /** What vanished, and how much of it may go. */
  readonly limit: LimitInputs;
  readonly settings: PlanSettings;
  /** The mark of the table, which everything that is written bears. */
  readonly mark: string;
  /** What operators ask for rules that no record knows. Absent: nothing. */
  readonly handOver?: readonly HandOver[];
  /** What the firewall refused before. Absent: nothing. */
  readonly refused?: Refused;
  /** The lowest rules of others in the last proven order, by uuid, the lowest last; null or absent when never recorded. */
  readonly lowest?: readonly string[] | null;
  /** The xpath of a local rule's entry. */
  readonly ruleXpath: (name: string) => string;
  /** SHA-256 in hex. */
  readonly digestOf: (text: string) => string;
}

/** What happened or happens, in words, and whom it concerns: interface, instance and group ids. */
export interface OutcomeLine {
  readonly about: readonly string[];
  readonly text: string;
}

/**
 * What this run does to the firewall and to the records, and why: decided whole, before anything is written. `digest` tells
 * whether what it relied on still holds. Kept whole in the table, also what only a reader asks for.
 */
export interface Plan {
  readonly digest: string;
  /** Records of rules to write as they are, and to drop. */
  readonly repaired: readonly RuleRecord[];
  readonly forgotten: readonly RuleRecord[];
  /** The same of service objects. */
  readonly objectsRepaired: readonly ObjectRecord[];
  readonly objectsForgotten: readonly ObjectRecord[];
  readonly removals: readonly PlannedRemoval[];
  readonly shrinks: readonly PlannedShrink[];
  readonly moves: readonly PlannedMove[];
  /** Rules of ours that settings would write otherwise by now, or that grow. Absent: none. */
  readonly rewrites?: readonly PlannedRewrite[];
  /** Every candidate rule that nothing of ours stands for, with its verdict: the `needed` ones are added. */
  readonly judged: readonly Judged[];
  /** Places, in `judged`, of the needed candidate rules that standing rules carry by growing. Absent: none. */
  readonly carried?: readonly number[];
  /** Candidate rules that are needed and that the firewall refused: the plan does without. Absent: none. */
  readonly putAside?: readonly PutAside[];
  /** Candidate rules that are not judged, or not all of them, in words: rules of ours stand for them already. */
  readonly alreadyOurs: readonly string[];
  /** Closures to write, and to drop, in the table. */
  readonly closuresWritten: readonly Closed[];
  readonly closuresEnded: readonly ClosureRecord[];
  /** What administrators have closed for the instances in scope, in words, with how to open it again. */
  readonly closed: readonly string[];
  /** What the firewall cannot carry, and why. */
  readonly leftOut: readonly LeftOut[];
  /** NAT rules of which it is not known what they translate to. */
  readonly undecidedNat: readonly string[];
  /** Service objects of ours that nothing uses any more. */
  readonly unused: readonly string[];
  /** What others did to rules and service objects of ours. */
  readonly reports: readonly string[];
  /** Of a resync: rules that bear a mark and that no record knows. Absent: none. */
  readonly unrecorded?: Unrecorded;
  /** Owned rules that should change but that another administrator is editing. */
  readonly notTouched: readonly string[];
  /** That the bottom rule allows, or does not match, what our rules are about; null or absent when it denies it. */
  readonly bottomRule?: string | null;
  /** What vanished: what goes of it, and what waits for approval. */
  readonly limit: LimitOutcome;
  /** What keeps this plan from opening anything, when there is something to open; what it closes goes on. Null or absent otherwise. */
  readonly obstacle?: Obstacle | null;
  /** One line of outcome for each thing decided. */
  readonly lines: readonly OutcomeLine[];
}

/** The candidate rules of a plan that are added as rules of their own. */
export const additionsOf = ({ judged, carried = [] }: Pick<Plan, 'judged' | 'carried'>): readonly CandidateRule[] => {
  const grown = new Set(carried);
  return judged.flatMap(({ candidate, verdict }, at) =>
    verdict.kind === 'needed' && !grown.has(at) ? [candidate] : [],
  );
};

/** How many rules one write adds at most: so many are written, committed and proven within the time of a step. */
export const mostAdditions = 1_000;

/** What of a plan one write carries: everything but additions past the first so many, and how many these are. */
export const roundOf = (whole: Plan, most = mostAdditions): { readonly plan: Plan; readonly more: number } => {
  const carried = new Set(whole.carried ?? []);
  const needed = whole.judged.flatMap(({ verdict }, at) => (verdict.kind === 'needed' && !carried.has(at) ? [at] : []));
  const later = needed.slice(most);
  return {
    plan: later.length === 0 ? whole : { ...whole, carried: [...carried, ...later] },
    more: later.length,
  };
};

/** Whether a plan takes access away; and whether it does anything else to the firewall. */
export const closes = ({ removals, shrinks }: Pick<Plan, 'removals' | 'shrinks'>): boolean =>
  removals.length + shrinks.length > 0;
export const opens = (plan: Pick<Plan, 'judged' | 'moves' | 'rewrites'>): boolean =>
  additionsOf(plan).length + plan.moves.length + (plan.rewrites?.length ?? 0) > 0;

/** The plan without all that only opens. */
export const closingOf = (plan: Plan): Plan => ({ ...plan, judged: [], moves: [], rewrites: [] });

/** Whether a plan changes anything, on the firewall or in the records. */
export const changesAnything = (plan: Plan): boolean =>
  closes(plan) ||
  opens(plan) ||
  [
    plan.unused,
    plan.closuresWritten,
    plan.closuresEnded,
    plan.repaired,
    plan.forgotten,
    plan.objectsRepaired,
    plan.objectsForgotten,
  ].some((part) => part.length > 0);
