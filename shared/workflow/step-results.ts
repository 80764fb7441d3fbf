import type { RoutesToFirewall } from '../aws/ec2/firewall-routes.ts';
import type { Turn } from '../aws/table/turn.ts';
import type { Change, Subject } from '../domain/change.ts';
import type { LeftOut } from '../domain/grants/grants.ts';
import type { ResolvedInterfaces } from '../domain/grants/standing.ts';
import type { UnexplainedLoss } from '../domain/plan/losses.ts';
import type { ObjectRecord } from '../domain/plan/ownership.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { ExpectedRule } from '../domain/plan/proof.ts';
import type { CandidateRule } from '../domain/rules/candidate-rules.ts';

/** A change that a plan carries out. */
export interface BatchLine {
  readonly pk: string;
  readonly sk: string;
  readonly execution: string;
  readonly subject: Subject;
  readonly change: Change;
}

/** What EC2 shows of the subjects of the changes taken. */
export interface Resolved {
  /** Keys of changes left pending, since EC2 does not show them yet. */
  readonly notYet: readonly string[];
  readonly taken: readonly BatchLine[];
  readonly resolved: Omit<ResolvedInterfaces, 'mayReturn'> & RoutesToFirewall;
}

/** What EC2 grants the interfaces in scope, as candidate rules: each grant is in exactly one. */
export interface Derived {
  readonly scope: readonly string[];
  readonly candidates: readonly CandidateRule[];
  /** What EC2 grants and no rule can say. Absent in what an earlier release wrote. */
  readonly notExpressible?: readonly LeftOut[];
  /** What owned rules stand for, EC2 grants no more, and nothing explains. */
  readonly unexplained: readonly UnexplainedLoss[];
  /** What EC2 positively shows to be gone and is not written down yet; and what of that is no longer so. */
  readonly facts: readonly string[];
  readonly outdatedFacts: readonly string[];
}

/** What must be true of one rule in the running configuration after the commit. */
export interface Expectation extends ExpectedRule {
  readonly id: string;
  /** Of an added rule: digest of what it says. Absent in what an earlier release wrote. */
  readonly says?: string;
}

/** What was staged and what the commit must show. */
export interface Applied {
  readonly description: string;
  readonly stagedXpaths: readonly string[];
  readonly expectations: readonly Expectation[];
  readonly objects: readonly ObjectRecord[];
  readonly deletedObjects: readonly string[];
  /** The lowest rules of others in the order that the commit proves: see `lowestOfOthers`. */
  readonly lowest?: readonly string[] | null;
  /** Why the additions of the plan are not in it; null when they are. */
  readonly withheld: Turn['rejection'];
  /** Additions of the plan that this write did not carry. Absent in what earlier releases wrote: none. */
  readonly more?: number;
}

/** The commit job to mark the changes with; null when another commit carried it. */
export interface Committed {
  readonly job: string | null;
}

/** What each step hands to the next in the table, since it may be too big for a state's output. */
export interface StepResults {
  readonly TakeTurn: readonly BatchLine[];
  readonly ResolveInterfaces: Resolved;
  readonly DeriveRules: Derived;
  readonly TestRules: Plan;
  readonly ApplyRules: Applied;
  readonly Commit: Committed;
  /** The last step hands nothing on. */
  readonly ReleaseTurn: null;
}

export type StepName = keyof StepResults;
