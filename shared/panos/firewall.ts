import type { Edit } from '../domain/plan/edits.ts';
import type { FirewallRead } from '../domain/plan/plan.ts';
import type { PendingEdit } from '../domain/policy/pending-edits.ts';
import type { Policy } from '../domain/policy/policy.ts';
import type { SampleSession } from '../domain/verdict/samples.ts';

/** One HTTP exchange with the management interface. Injected: the client never opens a connection by itself. */
export type Send = (request: {
  readonly method: 'POST';
  /** Always `/api/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMilliseconds: number;
}) => Promise<{
  readonly status: number;
  readonly reason: string;
  readonly contentType: string;
  readonly body: string;
}>;

/** Who answers, and whether it may be written to. */
export interface Device {
  readonly serial: string;
  readonly hostname: string;
  readonly swVersion: string;
  /** `none` when high availability is off. `writable`: no HA, or active / active-primary. */
  readonly haState: string;
  readonly writable: boolean;
  /** Whether the pair's running configurations are the same, in the firewall's words; null where it does not say. */
  readonly runningSync: string | null;
  /** Of the other members of its high-availability pair, as far as they are known. */
  readonly peerSerials: readonly string[];
}

/** Device settings that change how rules must be written. */
export interface RuleWritingSettings {
  readonly requireTag: boolean;
  readonly requireAuditComment: boolean;
  readonly auditCommentRegex: string | null;
}

/** Platform maxima; null where the device does not say. */
export interface PlatformLimits {
  readonly securityRules: number | null;
  readonly services: number | null;
}

/** Everything a run decides on, read once. */
export interface FirewallSnapshot extends FirewallRead {
  readonly settings: RuleWritingSettings;
  readonly limits: PlatformLimits;
}

export type CommitReply =
  | { readonly kind: 'queued'; readonly job: string }
  /** The firewall says there is nothing to commit, in either of its two ways. */
  | { readonly kind: 'nothing' };

export interface Job {
  readonly id: string;
  readonly user: string;
  readonly type: string;
  readonly description: string;
  readonly status: 'PEND' | 'ACT' | 'FIN';
  readonly result: 'PEND' | 'OK' | 'FAIL';
  readonly details: readonly string[];
  readonly warnings: readonly string[];
}

/** A staged rule that was disabled, as it is called in the candidate configuration. */
export interface DisabledRule {
  readonly name: string;
  readonly uuid: string | null;
}

/** Locks held on the firewall. */
export interface Lock {
  readonly kind: 'config' | 'commit';
  readonly holder: string;
  readonly scope: string;
  readonly comment: string;
}

/**
 * The firewall as the workflow sees it. Every method raises only errors of the catalogue. Reads may be repeated freely;
 * writes are never repeated blindly: after an unknown outcome (`FirewallUnreachable`) look first.
 */
export interface Firewall {
  device(): Promise<Device>;
  /** Candidate and, where edits are pending, running; one read of each part. */
  snapshot(): Promise<FirewallSnapshot>;
  /** The security rules and objects as they run; the predefined scope is left empty (a verdict needs `snapshot`). */
  running(): Promise<Policy>;
  /** The same of the candidate configuration. */
  candidate(): Promise<Policy>;
  pendingEdits(): Promise<readonly PendingEdit[]>;
  /** The xpath of a rule, or of a service object, of our vsys. */
  ruleXpath(name: string): string;
  serviceXpath(name: string): string;
  /** The xpaths that an edit touches, as the change list would name them. */
  xpathsOf(edit: Edit): readonly string[];
  /**
   * All or nothing (in rounds of at most 500 operations and 4 MB, removals first).
   * @throws FirewallRejected with the firewall's words; nothing of the failing round is applied.
   */
  write(edits: readonly Edit[], options: { readonly auditComment: string | null }): Promise<void>;
  /**
   * Takes back what is staged under our administrator at exactly these xpaths: running's node back, or deleted.
   * Edits of others on the same entries are left alone and named in the answer.
   */
  withdraw(
    xpaths: readonly string[],
  ): Promise<{ readonly withdrawn: readonly string[]; readonly left: readonly string[] }>;
  /**
   * Disables the rules among these xpaths that do not run yet, each on that node alone, unless another administrator edits that node.
   * Answers those that are disabled by our administrator afterwards.
   */
  disableStaged(xpaths: readonly string[]): Promise<readonly DisabledRule[]>;
  /**
   * Takes back everything that is staged under our administrator, by the firewall's own revert; others' edits stay. False when
   * the firewall, or the role of the account, does not do it.
   */
  revertAccount(): Promise<boolean>;
  /**
   * Those of these xpaths at which the candidate configuration equals the running one, attributes such as `dirtyId` aside. The
   * list of pending changes is a journal: an edit and its reversal stay listed, and committing them changes nothing.
   */
  unchangedAt(xpaths: readonly string[]): Promise<readonly string[]>;
  /** Xpaths at which the whole candidate differs from the running configuration beside these: what a full commit would carry along. */
  otherDifferences(xpaths: readonly string[]): Promise<readonly string[]>;
  fullCommitRequired(): Promise<boolean>;
  /** Queues a partial commit for our administrator (or a full one). */
  commit(options: { readonly description: string; readonly full: boolean }): Promise<CommitReply>;
  /** Null when the firewall does not know the job (any more). */
  job(id: string): Promise<Job | null>;
  /** The newest commit job of our administrator with this description; null when there is none. */
  findCommit(description: string): Promise<Job | null>;
  /** Commit jobs that are queued or running, ours and others'. */
  unfinishedCommits(): Promise<readonly Job[]>;
  locks(): Promise<readonly Lock[]>;
  takeConfigLock(comment: string): Promise<void>;
  releaseConfigLock(): Promise<void>;
  /**
   * Gives back every lock that our administrator holds, those included that the firewall took by itself with an edit of ours:
   * while they last no other administrator can commit, or edit. To be called whenever nothing of ours is staged.
   */
  releaseOwnLocks(): Promise<readonly Lock[]>;
  /** Asks the firewall's own policy match on the running policy; null when it names no rule. */
  policyMatch(session: SampleSession): Promise<string | null>;
}

/** The firewall of a step that only reads: no other step waits for it to end before writing. */
export type FirewallReads = Omit<
  Firewall,
  'write' | 'withdraw' | 'commit' | 'takeConfigLock' | 'releaseConfigLock' | 'releaseOwnLocks'
>;
