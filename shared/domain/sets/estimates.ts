/**
 * What is known of a set: it has at least `sure` and at most `maybe`. The two are the same when nothing is unknown;
 * otherwise `doubts` says what is, for a reader: `FQDN object "cdn"`.
 */
export interface Estimate<T> {
  readonly sure: T;
  readonly maybe: T;
  readonly doubts: readonly string[];
}

export const known = <T>(set: T): Estimate<T> => ({ sure: set, maybe: set, doubts: [] });
