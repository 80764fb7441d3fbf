export type AddressFamily = 4 | 6;

/** Inclusive range of TCP or UDP ports, 0 to 65535. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** What a security group rule lets through, in the terms of EC2. */
export type Traffic =
  | { readonly kind: 'ports'; readonly protocol: 'tcp' | 'udp'; readonly ports: PortRange }
  | {
      readonly kind: 'icmp';
      readonly family: AddressFamily;
      readonly type: number | 'all';
      readonly code: number | 'all';
    }
  | { readonly kind: 'protocol'; readonly number: number }
  | { readonly kind: 'all' };

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
}

/** One ingress permission on one interface address. */
export interface Grant extends GrantSource, GrantDestination {
  readonly group: string;
  readonly family: AddressFamily;
  readonly traffic: Traffic;
}

/** Something deliberately not turned into a rule, and why: shown to the reader of the execution. */
export interface LeftOut {
  /** The id of what was left out: i-…, eni-…, sg-…, sgr-… */
  readonly what: string;
  readonly reason: string;
}
