import type { Account } from './account.ts';
import { idOf } from './account.ts';

/** What a call that changes something works on. */
export interface Changing {
  readonly account: Account;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A fresh id in UUID form. */
  readonly newId: () => string;
  readonly timing: Timing;
}

/** How long an instance stays in its passing states, in milliseconds. */
export interface Timing {
  readonly pendingMilliseconds: number;
  readonly stoppingMilliseconds: number;
  readonly shuttingDownMilliseconds: number;
  /** How long a changed prefix list is `modify-in-progress` or `restore-in-progress`; 0: the call answers when it is done. */
  readonly prefixListMilliseconds: number;
  /** How long a range of a VPC is `associating` or `disassociating`; 0 likewise. */
  readonly rangeMilliseconds: number;
}

/** What a call that changes something comes to. */
export interface Changed<Output extends object> {
  readonly account: Account;
  readonly output: Output;
  /** Overrides what CloudTrail shows as the answer, where that is not the answer itself. */
  readonly responseElements?: Readonly<Record<string, unknown>>;
}

/** A fresh id with the prefix of its kind. */
export const freshId = (changing: Changing, prefix: string): string => idOf(prefix, changing.newId());
