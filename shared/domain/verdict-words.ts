import type { CandidateRule } from './candidate-rules.ts';

/** A part of a candidate and the rule that decides it, in the words of a network engineer. */
export interface DecidedPart {
  readonly rule: string;
  readonly action: 'allow' | 'override' | 'reach';
  readonly text: string;
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
      /** The first rule that part of it reaches: the bottom rule. */
      readonly reaches: string;
      /** Rules above that decide other parts. */
      readonly by: readonly string[];
      readonly reservations: readonly string[];
      /** Allow rules of others for the same addresses and ports but fewer applications. */
      readonly opensMoreApplicationsThan: readonly string[];
      readonly explanation: string;
    };

/** One candidate with its verdict. For `needed`, `candidate` is what is to be added, already trimmed. */
export interface Judged {
  readonly candidate: CandidateRule;
  readonly verdict: Verdict;
  /** Sources and addresses trimmed off because rules above decide all of them. */
  readonly trimmedSources: readonly string[];
  readonly trimmedDestinations: readonly string[];
}
