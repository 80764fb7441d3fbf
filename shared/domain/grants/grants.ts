import type { AddressFamily } from '../sets/addresses.ts';
import type { Traffic } from '../sets/traffic.ts';

/** A network interface of a running instance whose subnet routes through the firewall, for at least one family. */
export interface NetworkInterface {
  readonly id: string;
  readonly instance: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly groups: readonly string[];
  /** Private addresses and delegated prefixes behind the firewall, canonical CIDR with prefix length. */
  readonly addresses: readonly string[];
}

/** Where a grant comes from on the source side. */
export interface GrantSource {
  /** Canonical CIDR with prefix length, e.g. `0.0.0.0/0`. */
  readonly source: string;
  /** The security group rule, `sgr-…`. */
  readonly securityGroupRule: string;
  /** The prefix list (`pl-…`) whose entry this is; null for a literal range. */
  readonly prefixList: string | null;
}

/** One protected address of one interface. */
export interface GrantDestination {
  readonly interface: string;
  readonly instance: string;
  /** Canonical CIDR with prefix length. */
  readonly address: string;
  /** The interface's VPC, in which the address is one interface's; absent in what earlier releases recorded. */
  readonly vpc?: string;
}

/** One text per source of a grant, and per destination: equal texts, the same side. Also how sorted lists are ordered. */
export const sourceKey = ({ source, securityGroupRule, prefixList }: GrantSource): string =>
  `${source} ${securityGroupRule} ${prefixList ?? ''}`;
export const destinationKey = ({ interface: id, address }: GrantDestination): string => `${id} ${address}`;

/** One ingress permission on one interface address. */
export interface Grant extends GrantSource, GrantDestination {
  readonly group: string;
  readonly family: AddressFamily;
  readonly traffic: Traffic;
}

/** The grants a rule stands for: every source with every destination. */
export interface Contributions {
  readonly sources: readonly GrantSource[];
  readonly destinations: readonly GrantDestination[];
}

/** Something deliberately not turned into a rule, and why: shown to the reader of the execution. */
export interface LeftOut {
  /** The id of what was left out: i-…, eni-…, sg-…, sgr-… */
  readonly what: string;
  readonly reason: string;
}
