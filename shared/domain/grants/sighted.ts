import type { SeenInstance, SeenInterface, SeenPrefixList, SeenRouteTable, SeenRule } from './seen.ts';

/** A prefix list with EC2's own word on a change of it: `modify-in-progress`, `modify-complete`, … */
export interface SightedPrefixList extends SeenPrefixList {
  readonly state: string;
}

/** A route table with the gateways whose routes it learns. */
export interface SightedRouteTable extends SeenRouteTable {
  readonly propagating: readonly string[];
}

/** What EC2 shows of the things a change announced. What EC2 does not know is missing. */
export interface Observed {
  readonly instances: readonly SeenInstance[];
  /** Ingress rules of the change's groups, and those asked for by id; a group EC2 does not know has none. */
  readonly rules: readonly SeenRule[];
  readonly interfaces: readonly SeenInterface[];
  /** Attachments of interfaces (eni-attach-…) that are there or in the making. */
  readonly attachments: readonly string[];
  /** Groups that are there. */
  readonly groups: readonly string[];
  readonly prefixLists: readonly SightedPrefixList[];
  readonly routeTables: readonly SightedRouteTable[];
  /** Associations of route tables that are there or in the making. */
  readonly associations: readonly { readonly id: string; readonly table: string }[];
  /** Associated ranges of VPCs, with EC2's word: `associating`, `associated`, `disassociating`, … */
  readonly ranges: readonly { readonly association: string; readonly state: string }[];
}

/** What has to be looked at to see what a change announced, by id. */
export interface ToSight {
  readonly instances: readonly string[];
  readonly groupsOfRules: readonly string[];
  /** Rules whose group is not known. */
  readonly rules: readonly string[];
  readonly interfaces: readonly string[];
  readonly attachments: readonly string[];
  readonly groups: readonly string[];
  readonly prefixLists: readonly string[];
  readonly routeTables: readonly string[];
  /** VPC endpoints that routes may lead to. */
  readonly targets: readonly string[];
  readonly associations: readonly string[];
  readonly ranges: readonly string[];
}
