import type {
  Instance,
  InstanceState,
  InstanceStateName,
  ManagedPrefixList,
  NetworkInterface,
  PrefixListEntry,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Subnet,
  Vpc,
  VpcEndpoint,
} from '@aws-sdk/client-ec2';

/** A shape of the EC2 model in which the named members are present. */
type Held<T, K extends keyof T> = Readonly<Omit<T, K>> & { readonly [P in K]-?: NonNullable<T[P]> };

export type HeldVpc = Held<
  Vpc,
  'VpcId' | 'CidrBlock' | 'CidrBlockAssociationSet' | 'Ipv6CidrBlockAssociationSet' | 'IsDefault'
>;
export type HeldSubnet = Held<
  Subnet,
  'SubnetId' | 'VpcId' | 'CidrBlock' | 'Ipv6CidrBlockAssociationSet' | 'AvailabilityZone'
>;
export type HeldRouteTable = Held<RouteTable, 'RouteTableId' | 'VpcId' | 'Routes' | 'Associations'>;
/** Without interfaces and groups: those are read from the attached interfaces. */
export type HeldInstance = Held<
  Omit<Instance, 'NetworkInterfaces' | 'SecurityGroups' | 'PrivateIpAddress' | 'State'>,
  'InstanceId' | 'LaunchTime'
> & { readonly state: InstanceStateName; readonly reservationId: string };
export type HeldInterface = Held<
  NetworkInterface,
  | 'NetworkInterfaceId'
  | 'VpcId'
  | 'SubnetId'
  | 'PrivateIpAddresses'
  | 'Ipv6Addresses'
  | 'Ipv4Prefixes'
  | 'Ipv6Prefixes'
  | 'Groups'
  | 'Status'
  | 'InterfaceType'
>;
export type HeldGroup = Held<
  Omit<SecurityGroup, 'IpPermissions' | 'IpPermissionsEgress'>,
  'GroupId' | 'GroupName' | 'VpcId'
>;
export type HeldRule = Held<
  SecurityGroupRule,
  'SecurityGroupRuleId' | 'GroupId' | 'IsEgress' | 'IpProtocol' | 'FromPort' | 'ToPort'
>;
/** With every version's entries: older versions stay readable. */
export type HeldPrefixList = Held<
  ManagedPrefixList,
  'PrefixListId' | 'PrefixListName' | 'AddressFamily' | 'Version' | 'MaxEntries'
> & { readonly entries: ReadonlyMap<number, readonly Held<PrefixListEntry, 'Cidr'>[]> };
export type HeldEndpoint = Held<VpcEndpoint, 'VpcEndpointId' | 'VpcId' | 'VpcEndpointType' | 'State'>;

/** What time brings: the next state of an instance, a prefix list as changed, a range of a VPC associated or given up. */
export type Transition = {
  /** Milliseconds since the epoch. */
  readonly at: number;
} & (
  | { readonly instanceId: string; readonly to: InstanceStateName }
  | { readonly prefixList: HeldPrefixList }
  | { readonly vpcId: string; readonly association: string; readonly to: 'associated' | 'disassociated' }
);

/** Everything EC2 holds for one account in one region. Never changed in place: each call that changes makes a new one. */
export interface Account {
  readonly ownerId: string;
  readonly region: string;
  readonly vpcs: ReadonlyMap<string, HeldVpc>;
  readonly subnets: ReadonlyMap<string, HeldSubnet>;
  readonly routeTables: ReadonlyMap<string, HeldRouteTable>;
  readonly instances: ReadonlyMap<string, HeldInstance>;
  readonly interfaces: ReadonlyMap<string, HeldInterface>;
  readonly groups: ReadonlyMap<string, HeldGroup>;
  readonly rules: ReadonlyMap<string, HeldRule>;
  readonly prefixLists: ReadonlyMap<string, HeldPrefixList>;
  readonly endpoints: ReadonlyMap<string, HeldEndpoint>;
  readonly transitions: readonly Transition[];
}

/** An account with nothing in it. */
export const emptyAccount = (ownerId: string, region: string): Account => ({
  ownerId,
  region,
  vpcs: new Map(),
  subnets: new Map(),
  routeTables: new Map(),
  instances: new Map(),
  interfaces: new Map(),
  groups: new Map(),
  rules: new Map(),
  prefixLists: new Map(),
  endpoints: new Map(),
  transitions: [],
});

/** A copy of the map in which some entries are set. */
export const withEntries = <K, V>(
  map: ReadonlyMap<K, V>,
  ...entries: readonly (readonly [K, V])[]
): ReadonlyMap<K, V> => new Map([...map, ...entries]);

/** A copy of the map without some keys. */
export const withoutKeys = <K, V>(map: ReadonlyMap<K, V>, ...keys: readonly K[]): ReadonlyMap<K, V> => {
  const gone = new Set(keys);
  return new Map([...map].filter(([key]) => !gone.has(key)));
};

const stateCodes: Readonly<Record<InstanceStateName, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** `{Code, Name}` of an instance state. */
export const stateShape = (state: InstanceStateName): InstanceState => ({ Code: stateCodes[state], Name: state });

/** The interfaces attached to an instance, in the order of their devices. */
export const interfacesOf = (account: Account, instanceId: string): readonly HeldInterface[] =>
  [...account.interfaces.values()]
    .filter((one) => one.Attachment?.InstanceId === instanceId)
    .toSorted((a, b) => (a.Attachment?.DeviceIndex ?? 0) - (b.Attachment?.DeviceIndex ?? 0));

/** An id as AWS makes them: the prefix and 17 hexadecimal digits, from an id in UUID form. */
export const idOf = (prefix: string, uuid: string): string =>
  `${prefix}${uuid.replaceAll('-', '').padStart(17, '0').slice(-17)}`;
