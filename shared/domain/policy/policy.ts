/** The security policy of one vsys as read from a PAN-OS firewall, defaults filled in, in evaluation order. Pure data. */

export type Rulebase = 'pushed-pre' | 'local' | 'pushed-post' | 'default';
export type RuleAction = 'allow' | 'deny' | 'drop' | 'reset-client' | 'reset-server' | 'reset-both';

/** The columns that say what a rule matches, each a list of members. */
export const trafficColumns = ['from', 'to', 'source', 'destination', 'application', 'service'] as const;
export type TrafficColumn = (typeof trafficColumns)[number];
export type TrafficColumns = Readonly<Record<TrafficColumn, readonly string[]>>;

/** Something for each of these columns. */
export const byTrafficColumn = <Value>(of: (column: TrafficColumn) => Value): Record<TrafficColumn, Value> =>
  Object.fromEntries(trafficColumns.map((column) => [column, of(column)])) as Record<TrafficColumn, Value>;

export interface SecurityRule extends TrafficColumns {
  readonly name: string;
  /** Null for pre-9.0 rules and default rules. */
  readonly uuid: string | null;
  readonly rulebase: Rulebase;
  readonly negateSource: boolean;
  readonly negateDestination: boolean;
  readonly ruleType: 'universal' | 'intrazone' | 'interzone';
  readonly action: RuleAction;
  readonly disabled: boolean;
  readonly logSetting: string | null;
  /** The profile group of `profile-setting/group`; null when absent. */
  readonly profileGroup: string | null;
  readonly tags: readonly string[];
  readonly description: string;
  /**
   * Elements that narrow what the rule matches beyond the fields above and are not at their default, e.g.
   * `source-user`, `schedule`, `category`, `source-hip`. Also the name of any element this version does not know.
   * A rule with restrictions matches an unknown part of what its fields say.
   */
  readonly restrictions: readonly string[];
  /** Canonical text of every element not named above, by element name: equal texts mean equal content. */
  readonly others: Readonly<Record<string, string>>;
}

export type AddressObject = {
  readonly kind: 'ip-netmask' | 'ip-range' | 'ip-wildcard' | 'fqdn';
  readonly value: string;
};

export type AddressGroup =
  | { readonly kind: 'static'; readonly members: readonly string[] }
  | { readonly kind: 'dynamic'; readonly filter: string }
  /** Neither members nor a filter are known: what it holds is not known, which is not the same as nothing. */
  | { readonly kind: 'unknown' };

export interface ServiceObject {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** As written: comma list of ports and ranges, e.g. `80,8000-8080`. */
  readonly port: string;
  /** As written; null when any. */
  readonly sourcePort: string | null;
}

/** An application as the device knows it: predefined, or custom in vsys or shared. */
export interface Application {
  /** Default ports as the device writes them, e.g. `tcp/80,8080`, `udp/dynamic`. Empty when it has none. */
  readonly defaultPorts: readonly string[];
  /** IP protocol number of `ident-by-ip-protocol`. */
  readonly ipProtocol: number | null;
  /** Of `ident-by-icmp-type` / `ident-by-icmp6-type`; code null means every code. */
  readonly icmp: { readonly family: 4 | 6; readonly type: number; readonly code: number | null } | null;
  /** Applications it needs to be allowed as well (`use-applications`). */
  readonly requires: readonly string[];
  /** Applications it lets through implicitly (`implicit-use-applications`). */
  readonly implicitlyUses: readonly string[];
  readonly custom: boolean;
}

/** The objects of one scope. An IP-shaped rule member is looked up here first: a name wins over a literal. */
export interface ObjectScope {
  readonly addresses: ReadonlyMap<string, AddressObject>;
  readonly addressGroups: ReadonlyMap<string, AddressGroup>;
  readonly services: ReadonlyMap<string, ServiceObject>;
  readonly serviceGroups: ReadonlyMap<string, readonly string[]>;
  readonly applications: ReadonlyMap<string, Application>;
  readonly applicationGroups: ReadonlyMap<string, readonly string[]>;
  /** Containers whose members are known. */
  readonly applicationContainers: ReadonlyMap<string, readonly string[]>;
  /** Names of application filters: members are not known. */
  readonly applicationFilters: ReadonlySet<string>;
  /** External dynamic lists and regions: members are not known. */
  readonly externalLists: ReadonlySet<string>;
  readonly regions: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
  readonly zones: ReadonlySet<string>;
  readonly profileGroups: ReadonlySet<string>;
  readonly logSettings: ReadonlySet<string>;
}

/** An enabled decryption rule for TLS: inbound inspection or forward proxy. Rules for SSH change no App-ID and are not here. */
export interface DecryptionRule {
  readonly name: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly source: readonly string[];
  readonly negateSource: boolean;
  readonly destination: readonly string[];
  readonly negateDestination: boolean;
  readonly service: readonly string[];
  readonly decrypts: boolean;
  /** Something that is not known here narrows what it matches: users, URL categories, host profiles. */
  readonly narrowed: boolean;
}

export interface Policy {
  /** All rulebases, in evaluation order: pushed pre, local, pushed post, default. */
  readonly rules: readonly SecurityRule[];
  /** In evaluation order: pushed pre, local, pushed post. Absent where they were not read. */
  readonly decryption?: readonly DecryptionRule[];
  /** In look-up order: vsys, shared, pushed (objects a Panorama pushed), predefined. */
  readonly scopes: {
    readonly vsys: ObjectScope;
    readonly shared: ObjectScope;
    readonly pushed: ObjectScope;
    readonly predefined: ObjectScope;
  };
}

/** All rules an administrator sees in the local rulebase, in order. */
export const localRules = (policy: Policy): readonly SecurityRule[] =>
  policy.rules.filter((rule) => rule.rulebase === 'local');
