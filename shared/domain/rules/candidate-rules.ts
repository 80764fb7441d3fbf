import type { Subject } from '../change.ts';
import type { AddressFamily, GrantDestination, GrantSource, PortRange, Traffic } from '../grants/grants.ts';

/** The service column of a rule of ours: always exactly the grant's ports, never `application-default`. */
export type RuleService =
  | { readonly kind: 'any' }
  | { readonly kind: 'ports'; readonly protocol: 'tcp' | 'udp'; readonly ports: PortRange };

/** A firewall rule that would let grants through: a rectangle of sources and destinations for one kind of traffic. */
export interface CandidateRule {
  readonly subject: Subject;
  readonly group: string;
  readonly family: AddressFamily;
  readonly traffic: Traffic;
  readonly from: string;
  readonly to: string;
  /** `['any']`, or App-IDs. Never empty. */
  readonly application: readonly string[];
  readonly service: RuleService;
  readonly sources: readonly GrantSource[];
  readonly destinations: readonly GrantDestination[];
  /** The call that brought it, for the rule's description. */
  readonly broughtBy: string;
}
