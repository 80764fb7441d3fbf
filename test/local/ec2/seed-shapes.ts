import type { InstanceStateName, NetworkInterfaceType } from '@aws-sdk/client-ec2';
import type { Account } from './account.ts';

/** One ingress permission of a group, in one line. Ports default to all; each source is a CIDR, `pl-…` or `sg-…`. */
export interface SeedPermission {
  readonly protocol: string;
  readonly from?: number;
  readonly to?: number;
  readonly sources: readonly string[];
  readonly description?: string;
}

/** Where a route leads: an id by its prefix. `blackhole` marks the target as gone. */
export interface SeedRoute {
  readonly destination: string;
  readonly target: string;
  readonly blackhole?: boolean;
}

/** One interface of an account to build. */
export interface SeedInterface {
  readonly id?: string;
  readonly subnetId: string;
  readonly groupIds?: readonly string[];
  readonly address?: string;
  readonly secondaryAddresses?: readonly string[];
  readonly ipv6Addresses?: readonly string[];
  readonly ipv4Prefixes?: readonly string[];
  readonly ipv6Prefixes?: readonly string[];
  readonly type?: NetworkInterfaceType;
  /** The service that made it, for an interface that is requester managed. */
  readonly requesterId?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Builds an account before anything runs: no events, no calls. Ids may be given; those left out are fresh. */
export interface AccountSeed {
  /** A VPC with its main route table (local routes only) and its default group. */
  readonly vpc: (vpc: {
    readonly id?: string;
    /** The first is the primary one. */
    readonly cidrs: readonly string[];
    readonly ipv6Cidrs?: readonly string[];
    readonly isDefault?: boolean;
    readonly mainRouteTableId?: string;
    readonly defaultGroupId?: string;
    readonly tags?: Readonly<Record<string, string>>;
  }) => { readonly vpcId: string; readonly mainRouteTableId: string; readonly defaultGroupId: string };
  readonly subnet: (subnet: {
    readonly id?: string;
    readonly vpcId: string;
    readonly cidr: string;
    readonly ipv6Cidrs?: readonly string[];
    readonly zone?: string;
    readonly tags?: Readonly<Record<string, string>>;
  }) => string;
  /** A table beside the main one, associated with the subnets. */
  readonly routeTable: (table: {
    readonly id?: string;
    readonly vpcId: string;
    readonly subnetIds?: readonly string[];
    readonly routes?: readonly SeedRoute[];
    readonly tags?: Readonly<Record<string, string>>;
  }) => string;
  readonly route: (routeTableId: string, route: SeedRoute) => void;
  readonly group: (group: {
    readonly id?: string;
    readonly vpcId: string;
    readonly name: string;
    readonly description?: string;
    readonly ingress?: readonly SeedPermission[];
    readonly tags?: Readonly<Record<string, string>>;
  }) => string;
  /** An interface attached to nothing that this account sees: free, or of a service. */
  readonly interface: (one: SeedInterface) => string;
  /** An instance with its interfaces, the first being the primary one. */
  readonly instance: (instance: {
    readonly id?: string;
    readonly state?: InstanceStateName;
    readonly interfaces: readonly SeedInterface[];
    readonly tags?: Readonly<Record<string, string>>;
  }) => string;
  readonly prefixList: (list: {
    readonly id?: string;
    readonly name: string;
    readonly family?: 'IPv4' | 'IPv6';
    readonly maxEntries?: number;
    readonly entries: readonly string[];
    /** The owner; AWS itself for lists like that of CloudFront. */
    readonly ownerId?: string;
  }) => string;
  readonly endpoint: (endpoint: {
    readonly id?: string;
    readonly vpcId: string;
    readonly type: 'Gateway' | 'GatewayLoadBalancer' | 'Interface';
    readonly serviceName: string;
    readonly subnetIds?: readonly string[];
    readonly interfaceIds?: readonly string[];
  }) => string;
  readonly build: () => Account;
}
