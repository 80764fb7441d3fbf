import type { AddressFamily, GrantDestination, GrantSource, PortRange, Traffic } from '../grants/grants.ts';
import type { RuleAction } from '../policy/policy.ts';
import type { RuleService } from '../rules/candidate-rules.ts';

/** What a rule of ours says on the firewall: a pure function of its contributions and the settings. */
export interface RuleContent {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly source: readonly string[];
  readonly destination: readonly string[];
  readonly application: readonly string[];
  readonly service: readonly string[];
  readonly action: RuleAction;
  readonly logSetting: string | null;
  readonly profileGroup: string | null;
  readonly tags: readonly string[];
  readonly description: string;
}

/** The grants a rule stands for: every source with every destination. */
export interface Contributions {
  readonly sources: readonly GrantSource[];
  readonly destinations: readonly GrantDestination[];
}

/** What an execution was about to do to a rule, written down before the firewall is asked to do it. */
export type Intent =
  | { readonly kind: 'add'; readonly execution: string; readonly content: RuleContent }
  | {
      readonly kind: 'change';
      readonly execution: string;
      readonly content: RuleContent;
      readonly contributions: Contributions;
    }
  | { readonly kind: 'move'; readonly execution: string }
  | {
      readonly kind: 'remove';
      readonly execution: string;
      /** See `RuleRecord.declined`. */
      readonly declined?: Contributions | null;
    };

/**
 * One item of the ownership table about one rule.
 *   intended   an addition was recorded but its uuid has not been read back yet
 *   owned      the rule with this uuid is ours
 *   tombstone  it was ours and was deleted: one that returns with this uuid is removed again
 */
export interface RuleRecord {
  readonly format: 1;
  /** The name it was first written under; the record's key. */
  readonly id: string;
  readonly state: 'intended' | 'owned' | 'tombstone';
  /** The name it was last seen under: an administrator may rename it. */
  readonly name: string;
  readonly uuid: string | null;
  readonly group: string;
  readonly family: AddressFamily;
  readonly traffic: Traffic;
  readonly service: RuleService;
  readonly contributions: Contributions;
  /** As last read back from the firewall after a write of ours. */
  readonly content: RuleContent;
  readonly intent: Intent | null;
  /**
   * Of a tombstone: grants that an administrator had taken out of the rule before it lost the others and was deleted. They stay
   * closed as long as they are granted, as they would have in the rule.
   */
  readonly declined?: Contributions | null;
  /** Fence of the turn that wrote this item last; a lower one is refused. */
  readonly fence: number;
  /** Event id and execution name that brought the rule. */
  readonly broughtBy: { readonly eventId: string; readonly execution: string };
}

/** A rule in the ownership table whose recorded uuid is on the firewall. Only `ownedRules` makes one. */
export interface OwnedRule {
  readonly record: RuleRecord & { readonly state: 'owned'; readonly uuid: string };
  /** The name it has now. */
  readonly name: string;
}

/** A service object that the system made. One of this name with another value is somebody else's, or was changed. */
export interface ObjectRecord {
  readonly format: 1;
  /** The object's name; the record's key. */
  readonly id: string;
  readonly state: 'intended' | 'owned' | 'tombstone';
  readonly protocol: 'tcp' | 'udp';
  readonly ports: PortRange;
  readonly fence: number;
}
