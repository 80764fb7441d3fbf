import type { RuleAction } from '../policy/policy.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';

/** A part of a candidate and the rule that decides it, in the words of a network engineer. */
export interface DecidedPart {
  readonly rule: string;
  readonly action: 'allow' | 'override' | 'reach';
  readonly text: string;
  /** Allowed by a rule that ours would stand above, so that none is added. */
  readonly below?: boolean;
}

/** What the policy says of a candidate. Names are rule names; `reservations` are rules that could not be judged. */
export type Verdict =
  | {
      readonly kind: 'allowed';
      readonly by: readonly string[];
      readonly reservations: readonly string[];
      readonly explanation: string;
    }
  | {
      readonly kind: 'overridden';
      readonly by: readonly string[];
      readonly reservations: readonly string[];
      readonly explanation: string;
    }
  | {
      readonly kind: 'needed';
      /** The first rule that part of it reaches: mostly the bottom rule, or one below it where that does not match. */
      readonly reaches: string;
      /** Rules above that decide other parts. */
      readonly by: readonly string[];
      readonly reservations: readonly string[];
      /** Allow rules of others for the same addresses and ports but fewer applications. */
      readonly opensMoreApplicationsThan: readonly string[];
      readonly explanation: string;
    }
  /** Needed, but it would open more applications than an administrator's allow, and a setting forbids that. */
  | {
      readonly kind: 'refused';
      readonly reaches: string;
      readonly by: readonly string[];
      readonly reservations: readonly string[];
      readonly opensMoreApplicationsThan: readonly string[];
      readonly explanation: string;
    };

/** A rule of which it is not known what it matches, although it may match part of the candidate before others do. */
export interface Doubt {
  readonly rule: string;
  readonly action: RuleAction;
  /** Why it could not be judged, e.g. `external list "Bad hosts"`, `source-user`. */
  readonly because: readonly string[];
}

/**
 * One candidate with its verdict. For `needed` and `refused`, `candidate` is what would be added, already trimmed; where
 * trimming leaves destinations with different sources, one candidate of the question has several answers, in a row.
 */
export interface Judged {
  /** The place of the candidate in the question. */
  readonly input: number;
  readonly candidate: CandidateRule;
  /** What decides each part of the candidate as it was asked; the parts are disjoint and together the candidate. */
  readonly parts: readonly DecidedPart[];
  /** Why the rules in the verdict's `reservations` could not be judged. */
  readonly doubts: readonly Doubt[];
  readonly verdict: Verdict;
  /** Sources and addresses trimmed off because rules above decide all of them. */
  readonly trimmedSources: readonly string[];
  readonly trimmedDestinations: readonly string[];
}
