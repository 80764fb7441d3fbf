import type { ConfigNode, Path } from './config-node.ts';
import type { Mentioned } from './mentioned.ts';

export type Role =
  | { readonly kind: 'superuser' }
  | { readonly kind: 'superreader' }
  /** The request types of `admin-role/…/xmlapi` that are enabled. */
  | { readonly kind: 'custom'; readonly allowed: ReadonlySet<string> };

/** One line of the list of uncommitted changes. */
export interface JournalEntry {
  readonly owner: string;
  readonly path: Path;
  /** Where the request was sent to; left out when it was not a write. */
  readonly written?: Path;
  readonly action: 'CREATE' | 'EDIT' | 'DELETE' | 'MOVE' | 'RENAME' | 'LOAD';
  readonly dirtyId: number;
  readonly at: number;
  /** What was done to the entry beside moving it; set on lines of moved entries only. */
  readonly beside?: Exclude<JournalEntry['action'], 'MOVE'> | null;
}

/**
 * What is no longer in the candidate, so that a partial commit knows whose doing that was. An entry that was renamed is
 * remembered by its name in the running configuration, and stays remembered when another entry is given that name.
 */
export interface Removal {
  readonly path: Path;
  readonly key: string;
  readonly admin: string;
  readonly dirtyId: number;
}

/** The part of the device that edits change; replaced whole, so that undoing is copying pointers. */
export interface Workspace {
  readonly candidate: ConfigNode;
  readonly journal: readonly JournalEntry[];
  readonly removals: readonly Removal[];
  readonly dirtyCounter: number;
  /** Why the next commit must be full; empty when it need not. */
  readonly fullCommitReasons: readonly string[];
  /** Rule xpath → comment that waits for the commit. */
  readonly auditComments: ReadonlyMap<
    string,
    { readonly comment: string; readonly admin: string; readonly dirtyId: number }
  >;
}

export interface CommitRequest {
  readonly kind: 'commit' | 'validate';
  /** Null: everybody's changes. */
  readonly admins: readonly string[] | null;
  readonly excluded: ReadonlySet<'device-and-network' | 'shared-object' | 'policy-and-objects'>;
  readonly force: boolean;
}

export interface Job {
  readonly id: number;
  readonly user: string;
  readonly type: string;
  readonly description: string;
  readonly enqueuedAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly duration: number;
  readonly status: 'PEND' | 'ACT' | 'FIN';
  readonly result: 'PEND' | 'OK' | 'FAIL';
  readonly details: readonly string[];
  readonly warnings: readonly string[];
  readonly request: CommitRequest | null;
  /** The candidate as it was when the job was queued. */
  readonly taken: Workspace | null;
  /** Set by a fault: the job ends with these lines instead of doing its work. */
  readonly failWith: readonly string[] | null;
}

export interface Lock {
  readonly kind: 'config' | 'commit';
  readonly admin: string;
  /** `shared` or a vsys name. */
  readonly scope: string;
  readonly comment: string;
  readonly at: number;
  /** Taken by auto-acquire-commit-lock. */
  readonly automatic: boolean;
}

export interface HaState {
  readonly enabled: boolean;
  readonly mode: 'Active-Passive' | 'Active-Active';
  /** `active`, `passive`, `active-primary`, `active-secondary`, `non-functional`, `suspended`, `initial`. */
  readonly state: string;
  readonly peerState: string;
  readonly runningSync: string;
}

export interface RegisteredTag {
  readonly tag: string;
  /** When it times out; null for never. */
  readonly until: number | null;
}

export interface RegisteredIp {
  readonly ip: string;
  readonly persistent: boolean;
  readonly tags: readonly RegisteredTag[];
}

export interface HitCount {
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Everything the device remembers. Fields are replaced, never changed inside, so a shallow copy is a fork. */
export interface Device {
  workspace: Workspace;
  running: ConfigNode;
  pushed: ConfigNode | null;
  predefined: ConfigNode;
  /** What the loaded configuration mentions and does not define: predefined here. */
  readonly mentioned: readonly Mentioned[];
  contentVersion: string;
  jobs: readonly Job[];
  nextJob: number;
  locks: readonly Lock[];
  versions: readonly { readonly version: number; readonly config: ConfigNode; readonly at: number }[];
  saved: ReadonlyMap<string, ConfigNode>;
  /** Rule xpath → comments of past commits, newest last. */
  auditLog: readonly {
    readonly path: string;
    readonly comment: string;
    readonly admin: string;
    readonly at: number;
    readonly version: number;
  }[];
  ha: HaState;
  registered: ReadonlyMap<string, RegisteredIp>;
  hits: ReadonlyMap<string, HitCount>;
  /** Issued keys when a lifetime is set: key → user and expiry. */
  keys: ReadonlyMap<string, { readonly user: string; readonly until: number | null; readonly expired: boolean }>;
  /** Changing it (a new master key, expire all keys) invalidates every key. */
  keyGeneration: number;
  /** Connections are refused until then. */
  refusedUntil: number;
  /** The authentication daemon says `Invalid Credential` to everybody until then. */
  deniedUntil: number;
  bootedAt: number;
  /** Set by a fault: the next commit must be full. */
  fullCommitForced: boolean;
  keyCounter: number;
  uuidCounter: number;
  requests: number;
}
