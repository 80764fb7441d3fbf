/** A permission that a call's record names by its content: one source, ports null when absent. */
export interface NamedPermission {
  readonly protocol: string;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  /** A CIDR as typed (perhaps with host bits), a prefix list `pl-…` or a group `sg-…`. */
  readonly source: string;
}

/** A permission that a call granted, with the id (sgr-…) of the rule it became; null where the record does not name it. */
export interface CreatedPermission extends NamedPermission {
  readonly rule: string | null;
}

/**
 * One thing that EC2 must show after a call, beside the states of instances and the ids of rules. Addresses, destinations and
 * entries are canonical CIDRs.
 */
export type AnnouncedFact =
  /** The groups of an interface (`eni-…`), or of the only interface of an instance (`i-…`). */
  | { readonly kind: 'groups'; readonly of: string; readonly groups: readonly string[] }
  | { readonly kind: 'address'; readonly interface: string; readonly address: string; readonly held: boolean }
  | {
      readonly kind: 'attached';
      readonly interface: string;
      readonly instance: string;
      /** `eni-attach-…`; null where the record does not name it. */
      readonly attachment: string | null;
    }
  | { readonly kind: 'detached'; readonly attachment: string }
  | { readonly kind: 'interface'; readonly id: string; readonly there: boolean }
  /** The new content of a rule that was there before. */
  | { readonly kind: 'rule'; readonly group: string; readonly id: string; readonly permission: NamedPermission }
  | { readonly kind: 'group deleted'; readonly id: string }
  | {
      readonly kind: 'prefix list';
      readonly id: string;
      /** The version that the change makes; null where the record does not say which one it changes. */
      readonly version: number | null;
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
  /** The written (not learned) route of a table to a destination, a CIDR or `pl-…`. `target` null: there is none. */
  | { readonly kind: 'route'; readonly table: string; readonly destination: string; readonly target: string | null }
  /** An association of a route table, `rtbassoc-…`. `table` null: it is gone. */
  | { readonly kind: 'association'; readonly id: string; readonly table: string | null }
  /** An associated range of a VPC, by the id of the association (`vpc-cidr-assoc-…`). */
  | { readonly kind: 'range'; readonly association: string; readonly there: boolean }
  | { readonly kind: 'propagation'; readonly table: string; readonly gateway: string; readonly on: boolean }
  /** Routes to a VPC endpoint: in each of these tables one, or in none of them an active one. `tables` null: in any. */
  | {
      readonly kind: 'routes to';
      readonly target: string;
      readonly tables: readonly string[] | null;
      readonly there: boolean;
    };

export type FactKind = AnnouncedFact['kind'];
