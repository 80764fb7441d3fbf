import type { AddressFamily } from '../sets/addresses.ts';

/** A network interface as EC2 shows it now, of whatever kind. */
export interface SeenInterface {
  readonly id: string;
  /** EC2's own word: `interface`, `efa`, `load_balancer`, `lambda`, `vpc_endpoint`, … */
  readonly type: string;
  /** Who made it, when that was a service of AWS; null otherwise. */
  readonly requester: string | null;
  /** The instance it is attached (or being attached) to; null when to none. */
  readonly instance: string | null;
  readonly vpc: string;
  readonly subnet: string;
  readonly groups: readonly string[];
  /** Every private address and delegated prefix of both families, canonical CIDR, sorted. */
  readonly addresses: readonly string[];
}

/** An instance as EC2 shows it now. */
export interface SeenInstance {
  readonly id: string;
  /** `pending`, `running`, `shutting-down`, `terminated`, `stopping` or `stopped`. */
  readonly state: string;
  /** When it was last started, ISO 8601 in UTC, whole seconds; null when EC2 does not say. */
  readonly launchedAt: string | null;
  readonly interfaces: readonly SeenInterface[];
}

/** Where a security group rule lets traffic in from. */
export type SeenSource =
  | { readonly kind: 'cidr'; readonly cidr: string }
  | { readonly kind: 'prefix-list'; readonly id: string }
  | { readonly kind: 'group'; readonly id: string };

/** One ingress rule of a security group. Ports are null where EC2 gives none or -1 for a protocol with ports. */
export interface SeenRule {
  readonly id: string;
  readonly group: string;
  readonly protocol: string;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  readonly source: SeenSource;
}

export interface SeenGroup {
  readonly id: string;
  readonly name: string;
  readonly vpc: string;
}

/** One route. The destination is a CIDR, or a prefix list that stands for several. */
export interface SeenRoute {
  readonly destination: { readonly kind: 'cidr' | 'prefix-list'; readonly value: string };
  /** Every target id EC2 gives: an instance's route carries its interface as well. */
  readonly targets: readonly string[];
  readonly state: 'active' | 'blackhole' | 'filtered';
  /** True for routes learned from a gateway. */
  readonly propagated: boolean;
}

export interface SeenRouteTable {
  readonly id: string;
  readonly vpc: string;
  readonly main: boolean;
  /** Subnets with an explicit association. */
  readonly subnets: readonly string[];
  readonly routes: readonly SeenRoute[];
}

export interface SeenSubnet {
  readonly id: string;
  readonly vpc: string;
}

export interface SeenVpc {
  readonly id: string;
  /** Every associated range of both families, canonical CIDR, sorted. */
  readonly ranges: readonly string[];
}

export interface SeenPrefixList {
  readonly id: string;
  /** Null for the lists AWS keeps itself, where EC2 gives none. */
  readonly version: number | null;
  readonly family: AddressFamily | null;
  /** Canonical CIDRs, sorted. */
  readonly entries: readonly string[];
}
