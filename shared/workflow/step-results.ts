import type { ResolvedInterfaces } from '../aws/ec2/interfaces.ts';
import type { Turn } from '../aws/table/turn.ts';
import type { Change, Subject } from '../domain/change.ts';
import type { Grant, GrantDestination } from '../domain/grants/grants.ts';
import type { ObjectRecord, RuleContent, RuleRecord } from '../domain/plan/ownership.ts';
import type { HouseReport } from '../domain/plan/recognise.ts';
import type { PlannedMove, PlannedRemoval, PlannedShrink } from '../domain/plan/removals.ts';
import type { Judged } from '../domain/verdict/verdict-words.ts';

/** The workings: what each step hands to the next in the table. */

/** By TakeTurn: the changes this plan carries out. */
export interface BatchLine {
  readonly pk: string;
  readonly sk: string;
  readonly execution: string;
  readonly subject: Subject;
  readonly change: Change;
}

/** By ResolveInterfaces: what EC2 shows of the subjects of the changes taken. */
export interface Resolved {
  /** Keys of changes left pending, since EC2 does not show them yet. */
  readonly notYet: readonly string[];
  readonly taken: readonly BatchLine[];
  readonly recorded: readonly GrantDestination[];
  readonly resolved: ResolvedInterfaces;
}

/** By DeriveRules: what EC2 grants the interfaces in scope. */
export interface Derived {
  readonly scope: readonly string[];
  readonly desired: readonly Grant[];
}

/** By TestRules: the whole plan, and a digest of what it relied on. */
export interface Tested {
  readonly digest: string;
  readonly repaired: readonly RuleRecord[];
  readonly forgotten: readonly RuleRecord[];
  /** Records of service objects to write as they are, and to drop. */
  readonly objectsRepaired: readonly ObjectRecord[];
  readonly objectsForgotten: readonly ObjectRecord[];
  readonly removals: readonly PlannedRemoval[];
  readonly shrinks: readonly PlannedShrink[];
  readonly moves: readonly PlannedMove[];
  readonly judged: readonly Judged[];
  readonly reports: readonly HouseReport[];
  /** Owned rules that should change but that somebody else is editing. */
  readonly notTouched: readonly string[];
  /** One line of outcome for each thing decided, with the subject it concerns. */
  readonly lines: readonly OutcomeLine[];
}

export interface OutcomeLine {
  /** The ids it concerns: interface, instance, group. */
  readonly about: readonly string[];
  readonly text: string;
}

/** What must be true of one rule in the running configuration after the commit. */
export interface Expectation {
  readonly id: string;
  readonly kind: 'add' | 'change' | 'move' | 'remove';
  readonly name: string;
  readonly uuid: string;
  /** Null for a removal. */
  readonly content: RuleContent | null;
}

/** By ApplyRules: what was staged and what the commit must show. */
export interface Applied {
  readonly description: string;
  readonly stagedXpaths: readonly string[];
  readonly expectations: readonly Expectation[];
  readonly objects: readonly ObjectRecord[];
  readonly deletedObjects: readonly string[];
  /** Why the additions of the plan are not in it; null when they are. */
  readonly withheld: Turn['rejection'];
}

/** By Commit: the outcome to mark the changes with. */
export interface Committed {
  readonly job: string | null;
}
