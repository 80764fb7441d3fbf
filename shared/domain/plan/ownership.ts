import type { Contributions } from '../grants/grants.ts';
import type { RuleContent } from '../rules/rule-content.ts';
import type { RuleService } from '../rules/translation.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import type { PortRange, Traffic } from '../sets/traffic.ts';

/** What an execution was about to do to a rule, written down before the firewall is asked to do it. */
export type Intent =
  | { readonly kind: 'add'; readonly execution: string; readonly content: RuleContent }
  | {
      readonly kind: 'change';
      readonly execution: string;
      readonly content: RuleContent;
      readonly contributions: Contributions;
      /** See `RuleRecord`; absent where it stays. */
      readonly applications?: readonly string[];
      /** Digest of what the rule says before it. Absent in what earlier releases wrote. */
      readonly before?: string;
    }
  | { readonly kind: 'move'; readonly execution: string }
  | {
      readonly kind: 'remove';
      readonly execution: string;
      /** Written by an earlier release only. */
      readonly declined?: Contributions | null;
    };

/**
 * One item of the ownership table about one rule.
 *   intended   an addition was recorded but its uuid has not been read back yet
 *   owned      the rule with this uuid is ours
 *   tombstone  it was ours and was deleted: one that returns with this uuid is removed again. Without a uuid: an addition that
 *              was not seen on the firewall; one that lands late, of this name and content, is removed again
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
  /** The App-IDs by the settings it was written under, without what decryption adds. Absent in what earlier releases wrote. */
  readonly applications?: readonly string[];
  readonly intent: Intent | null;
  /** Digests of what the rule said before changes of ours (`textOfContent`), the newest last. Absent: no change. */
  readonly earlier?: readonly string[];
  /**
   * Of a tombstone that an earlier release wrote: grants that an administrator had taken out of the rule before it lost the
   * others and was deleted. They become closures when such a record is read.
   */
  readonly declined?: Contributions | null;
  /** Of a tombstone: an operator had the rule removed, which no record knew. Absent: no. */
  readonly byOperator?: true;
  /**
   * Of an addition that could not be taken back while it was staged: this system has disabled it there. Absent: no. Running like that it is
   * no administrator's decision, and goes.
   */
  readonly setAside?: true;
  /** Fence of the turn that wrote this item last; a lower one is refused. */
  readonly fence: number;
  /** Event id and execution name that brought the rule. */
  readonly broughtBy: { readonly eventId: string; readonly execution: string };
}

/** Earlier contents that a record remembers: an older configuration that is loaded again is seldom older than that many changes. */
const mostEarlier = 100;

/** A record whose change the firewall shows. */
export const changedRecord = (record: RuleRecord, intent: Extract<Intent, { kind: 'change' }>): RuleRecord => {
  const { content, contributions, applications, before } = intent;
  const others = (record.earlier ?? []).filter((each) => each !== before);
  return {
    ...record,
    content,
    contributions,
    ...(applications === undefined ? {} : { applications }),
    ...(before === undefined ? {} : { earlier: [...others, before].slice(-mostEarlier) }),
    intent: null,
  };
};

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
