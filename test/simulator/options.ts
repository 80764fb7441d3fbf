import type { ChangeListOptions } from './change-list.ts';
import type { CommitOptions } from './commit.ts';
import type { HaState } from './device.ts';
import type { Fault } from './faults.ts';
import type { LockTexts } from './locks.ts';
import type { SimulatorRequest } from './reply.ts';

/** What a hook may do to the request it saw coming. */
export type HookVerdict = 'drop-before' | 'drop-after' | undefined;

export interface SimulatorOptions {
  /** A configuration in PAN-OS's own XML; `/config/panorama` in it is taken as pushed. */
  readonly configuration?: string;
  /** User → password, `NAME-secret` for those left out; roles come from the configuration's `mgt-config/users`. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** For the `delay` fault only. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
  /** In [0, 1); only makes uuids look random. */
  readonly random?: () => number;
  /** How long a job takes; 0 ends it before its reply is sent. Default 0. */
  readonly jobMilliseconds?: number | CommitOptions['jobMilliseconds'];
  readonly swVersion?: string;
  readonly model?: string;
  readonly serial?: string;
  /** Told in `peer-info`, which no capture does; left out: not told. */
  readonly peerSerial?: string;
  readonly ha?: Partial<HaState>;
  /** Wording of lock refusals. Default `11.1`. */
  readonly lockTexts?: LockTexts;
  /** What the lines of the change list name; devices were seen to name containers. Default `entry`. */
  readonly changeList?: ChangeListOptions['names'];
  /** `each`: a line for each editor of a place. `last`: one line, owned by its last editor. Default `each`. */
  readonly changeOwners?: ChangeListOptions['owners'];
  /** Whether a move is a line on the entry or on the list it stands in; not known from a device. Default `entry`. */
  readonly moveLine?: ChangeListOptions['moves'];
  /** Whether the state of a pair carries serial numbers; no captured one does. Default true. */
  readonly haSerials?: boolean;
  /** How long the automatic commit after a reboot takes; until then commits fail. Default 0. */
  readonly autoCommitMilliseconds?: number;
  /** `text` up to 8.0, `lines` some 8.1, `entries` newer. Default `entries`. */
  readonly policyMatchReply?: 'entries' | 'text' | 'lines';
  /** How a match that only a default rule answers is told; not known from a device. Default `empty`. */
  readonly noMatchReply?: 'empty' | 'rules' | 'default-rule';
  /** Before Panorama 11.0.1 a reorder forces a full commit (inferred). Default false. */
  readonly reorderNeedsFullCommit?: boolean;
  /** Whether writes are refused while commits wait or run. Default `refused-while-queued`. */
  readonly writesDuringCommit?: 'refused-while-queued' | 'refused' | 'allowed';
  /** Platform maxima; the defaults are a VM's of 8.1. */
  readonly limits?: Partial<Record<'address' | 'address-group' | 'service' | 'security', number>>;
  /** False: a release without multi-config. Default true. */
  readonly multiConfig?: boolean;
  /** 6.0's complaints about tags that are there already, or not. Default false. */
  readonly strictUserId?: boolean;
  /** Answers `show config …` wrapped twice, as 8.1.x to 10.0.0 may. Default false. */
  readonly wrapsConfigTwice?: boolean;
  /** What names stand for outside the configuration. */
  readonly fqdn?: Readonly<Record<string, readonly string[]>>;
  readonly externalLists?: Readonly<Record<string, readonly string[]>>;
  readonly regions?: Readonly<Record<string, readonly string[]>>;
  readonly faults?: readonly Fault[];
  /** Lets `POST /control` change faults and the device. Default false. */
  readonly control?: boolean;
  /** Called before the n-th request (from 1) is worked on, to act as somebody else or to break the connection. */
  readonly beforeRequest?: (n: number, request: SimulatorRequest) => HookVerdict | Promise<HookVerdict>;
}

export const defaultLimits = { address: 10_000, 'address-group': 1000, service: 2000, security: 10_000 } as const;
