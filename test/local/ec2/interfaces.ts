import type {
  AssignIpv6AddressesCommandInput,
  AssignPrivateIpAddressesCommandInput,
  AttachNetworkInterfaceCommandInput,
  DetachNetworkInterfaceCommandInput,
  GroupIdentifier,
  ModifyNetworkInterfaceAttributeCommandInput,
  NetworkInterfacePrivateIpAddress,
  UnassignIpv6AddressesCommandInput,
  UnassignPrivateIpAddressesCommandInput,
} from '@aws-sdk/client-ec2';
import { containsCidr, parseCidr } from 'cidr-tools';
import { type Account, type HeldInterface, type HeldSubnet, interfacesOf, withEntries } from './account.ts';
import { type Changed, type Changing, freshId } from './changing.ts';
import { canonicalCidr, isAddress } from './permissions.ts';
import { Ec2Error, lookUp, lookUpOne, notFound, required, requireWellFormed } from './refusals.ts';

/** @throws Ec2Error when there is no group, one is unknown, or one belongs to another VPC. */
export const requireGroups = (account: Account, ids: readonly string[], vpcId: string): void => {
  if (ids.length === 0) throw new Ec2Error('InvalidParameterValue', 'At least one security group must be given');
  for (const group of lookUp('group', account.groups, ids)) {
    if (group.VpcId !== vpcId) {
      throw new Ec2Error(
        'InvalidGroup.NotFound',
        `The security group '${group.GroupId}' does not exist in VPC '${vpcId}'`,
      );
    }
  }
};

/** `{GroupId, GroupName}` of groups that exist. */
export const settledGroups = (account: Account, ids: readonly string[]): GroupIdentifier[] =>
  [...new Set(ids)].flatMap((id) => {
    const group = account.groups.get(id);
    return group === undefined ? [] : [{ GroupId: group.GroupId, GroupName: group.GroupName }];
  });

const addressFrom = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');

const takenIn = (account: Account, subnetId: string): ReadonlySet<string> =>
  new Set(
    [...account.interfaces.values()]
      .filter((one) => one.SubnetId === subnetId)
      .flatMap((one) => one.PrivateIpAddresses.map((address) => address.PrivateIpAddress ?? '')),
  );

/** The first free IPv4 address of a subnet; AWS keeps the first four and the last for itself (documented). */
const freeAddress = (account: Account, subnet: HeldSubnet, alsoTaken: ReadonlySet<string>): string => {
  const taken = takenIn(account, subnet.SubnetId);
  const { start, end } = parseCidr(subnet.CidrBlock);
  for (let value = BigInt(start) + 4n; value < BigInt(end); value += 1n) {
    const address = addressFrom(value);
    if (!taken.has(address) && !alsoTaken.has(address)) return address;
  }
  throw new Ec2Error('InsufficientFreeAddressesInSubnet', `The subnet '${subnet.SubnetId}' has no free address`);
};

const requireInSubnet = (subnet: HeldSubnet, address: string): void => {
  if (!isAddress(address) || !containsCidr(subnet.CidrBlock, address)) {
    throw new Ec2Error('InvalidParameterValue', `Address ${address} does not fall within the subnet's address range`);
  }
};

const requireFree = (account: Account, subnet: HeldSubnet, address: string): void => {
  requireInSubnet(subnet, address);
  if (takenIn(account, subnet.SubnetId).has(address)) {
    throw new Ec2Error('InvalidIPAddress.InUse', `Address ${address} is in use.`);
  }
};

const privateDnsName = (account: Account, address: string): string =>
  `ip-${address.replaceAll('.', '-')}.${account.region}.compute.internal`;

/** One private address as an interface lists it. */
export const privateAddress = (
  account: Account,
  address: string,
  primary: boolean,
): NetworkInterfacePrivateIpAddress => ({
  Primary: primary,
  PrivateIpAddress: address,
  PrivateDnsName: privateDnsName(account, address),
});

/** A new interface that is not attached to anything. Without groups it gets its VPC's default group. */
export const newInterface = (
  changing: Changing,
  subnetId: string,
  wanted: {
    readonly groupIds?: readonly string[] | undefined;
    readonly address?: string | undefined;
    readonly description?: string | undefined;
  },
): HeldInterface => {
  const { account } = changing;
  const subnet = lookUpOne('subnet', account.subnets, subnetId, 'subnetId');
  const fallback = [...account.groups.values()].find(
    (one) => one.VpcId === subnet.VpcId && one.GroupName === 'default',
  );
  const groupIds = wanted.groupIds ?? (fallback === undefined ? [] : [fallback.GroupId]);
  requireGroups(account, groupIds, subnet.VpcId);
  if (wanted.address !== undefined) requireFree(account, subnet, wanted.address);
  const address = wanted.address ?? freeAddress(account, subnet, new Set());
  return {
    NetworkInterfaceId: freshId(changing, 'eni-'),
    VpcId: subnet.VpcId,
    SubnetId: subnet.SubnetId,
    AvailabilityZone: subnet.AvailabilityZone,
    OwnerId: account.ownerId,
    Description: wanted.description ?? '',
    InterfaceType: 'interface',
    RequesterManaged: false,
    SourceDestCheck: true,
    Status: 'available',
    PrivateIpAddress: address,
    PrivateDnsName: privateDnsName(account, address),
    PrivateIpAddresses: [privateAddress(account, address, true)],
    Ipv6Addresses: [],
    Ipv4Prefixes: [],
    Ipv6Prefixes: [],
    Groups: settledGroups(account, groupIds),
    TagSet: [],
  };
};

const replaced = (account: Account, held: HeldInterface): Account => ({
  ...account,
  interfaces: withEntries(account.interfaces, [held.NetworkInterfaceId, held]),
});

const done = (account: Account, held: HeldInterface): Changed<object> => ({
  account: replaced(account, held),
  output: {},
});

/** One attribute a call: groups, description or source/destination check. */
export const modifyNetworkInterfaceAttribute = (
  { account }: Changing,
  input: ModifyNetworkInterfaceAttributeCommandInput,
): Changed<object> => {
  const held = lookUpOne('interface', account.interfaces, input.NetworkInterfaceId, 'networkInterfaceId');
  const asked = [input.Groups, input.Description, input.SourceDestCheck].filter((one) => one !== undefined);
  if (asked.length !== 1) {
    throw new Ec2Error('InvalidParameterCombination', 'Exactly one attribute may be modified at a time');
  }
  if (held.RequesterManaged === true) {
    throw new Ec2Error(
      'AuthFailure',
      `You do not have permission to access the specified resource: ${held.NetworkInterfaceId} is managed by ${held.RequesterId ?? 'a service'}`,
    );
  }
  if (input.Description?.Value !== undefined) return done(account, { ...held, Description: input.Description.Value });
  if (input.SourceDestCheck?.Value !== undefined) {
    return done(account, { ...held, SourceDestCheck: input.SourceDestCheck.Value });
  }
  const groupIds = required(input.Groups, 'groupSet');
  requireGroups(account, groupIds, held.VpcId);
  return done(account, { ...held, Groups: settledGroups(account, groupIds) });
};

export const attachNetworkInterface = (changing: Changing, input: AttachNetworkInterfaceCommandInput) => {
  const { account } = changing;
  const held = lookUpOne('interface', account.interfaces, input.NetworkInterfaceId, 'networkInterfaceId');
  const instance = lookUpOne('instance', account.instances, input.InstanceId, 'instanceId');
  const DeviceIndex = required(input.DeviceIndex, 'deviceIndex');
  if (held.Attachment !== undefined) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Interface: ${held.NetworkInterfaceId} in use by attachment ${held.Attachment.AttachmentId}.`,
    );
  }
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    throw new Ec2Error(
      'IncorrectState',
      `The instance '${instance.InstanceId}' is not in the 'running' or 'stopped' state`,
    );
  }
  if (interfacesOf(account, instance.InstanceId).some((one) => one.Attachment?.DeviceIndex === DeviceIndex)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Instance '${instance.InstanceId}' already has an interface attached at device index '${DeviceIndex}'.`,
    );
  }
  const AttachmentId = freshId(changing, 'eni-attach-');
  const next = replaced(account, {
    ...held,
    Status: 'in-use',
    Attachment: {
      AttachmentId,
      AttachTime: new Date(changing.now),
      DeleteOnTermination: false,
      DeviceIndex,
      InstanceId: instance.InstanceId,
      InstanceOwnerId: account.ownerId,
      NetworkCardIndex: 0,
      Status: 'attached',
    },
  });
  return {
    account: next,
    output: { AttachmentId, NetworkCardIndex: 0 },
    responseElements: { attachmentId: AttachmentId },
  };
};

export const detachNetworkInterface = (
  { account }: Changing,
  input: DetachNetworkInterfaceCommandInput,
): Changed<object> => {
  const id = required(input.AttachmentId, 'attachmentId');
  requireWellFormed('attachment', [id]);
  const held = [...account.interfaces.values()].find((one) => one.Attachment?.AttachmentId === id);
  if (held === undefined) throw notFound('attachment', [id]);
  if (held.Attachment?.DeviceIndex === 0) {
    // Documented: a primary interface cannot be detached (the words are inferred).
    throw new Ec2Error('OperationNotPermitted', 'The network interface at device index 0 cannot be detached.');
  }
  const { Attachment: _, ...free } = held;
  return done(account, { ...free, Status: 'available' });
};

/**
 * The account after these secondary addresses were taken from the interfaces of the subnet that hold them, for another one
 * (documented for AllowReassignment). A primary address cannot be taken away.
 */
const takenAway = (account: Account, to: HeldInterface, subnet: HeldSubnet, addresses: readonly string[]): Account => {
  for (const address of addresses) requireInSubnet(subnet, address);
  const others = [...account.interfaces.values()].filter(
    (one) => one.SubnetId === subnet.SubnetId && one.NetworkInterfaceId !== to.NetworkInterfaceId,
  );
  const isTaken = (one: NetworkInterfacePrivateIpAddress): boolean =>
    one.Primary !== true && addresses.includes(one.PrivateIpAddress ?? '');
  return {
    ...account,
    interfaces: withEntries(
      account.interfaces,
      ...others.map((one): readonly [string, HeldInterface] => [
        one.NetworkInterfaceId,
        { ...one, PrivateIpAddresses: one.PrivateIpAddresses.filter((each) => !isTaken(each)) },
      ]),
    ),
  };
};

export const assignPrivateIpAddresses = (changing: Changing, input: AssignPrivateIpAddressesCommandInput) => {
  const { account } = changing;
  const held = lookUpOne('interface', account.interfaces, input.NetworkInterfaceId, 'networkInterfaceId');
  const subnet = lookUpOne('subnet', account.subnets, held.SubnetId, 'subnetId');
  const given = [input.PrivateIpAddresses, input.SecondaryPrivateIpAddressCount, input.Ipv4Prefixes].filter(
    (one) => one !== undefined,
  );
  if (given.length !== 1) {
    throw new Ec2Error('InvalidParameterCombination', 'Give either addresses, a count of addresses, or prefixes');
  }
  const prefixes = (input.Ipv4Prefixes ?? []).map((prefix) => {
    const block = canonicalCidr(prefix, 4);
    if (!block.endsWith('/28') || !containsCidr(subnet.CidrBlock, block)) {
      throw new Ec2Error(
        'InvalidParameterValue',
        `The prefix ${prefix} is not a /28 of the subnet ${subnet.CidrBlock}`,
      );
    }
    return { Ipv4Prefix: block };
  });
  const addresses = [...(input.PrivateIpAddresses ?? [])];
  const without = input.AllowReassignment === true ? takenAway(account, held, subnet, addresses) : account;
  for (const address of addresses) requireFree(without, subnet, address);
  for (let count = 0; count < (input.SecondaryPrivateIpAddressCount ?? 0); count += 1) {
    addresses.push(freeAddress(account, subnet, new Set(addresses)));
  }
  return {
    account: replaced(without, {
      ...held,
      PrivateIpAddresses: [
        ...held.PrivateIpAddresses,
        ...addresses.map((address) => privateAddress(account, address, false)),
      ],
      Ipv4Prefixes: [...held.Ipv4Prefixes, ...prefixes],
    }),
    output: {
      NetworkInterfaceId: held.NetworkInterfaceId,
      AssignedPrivateIpAddresses: addresses.map((address) => ({ PrivateIpAddress: address })),
      AssignedIpv4Prefixes: prefixes,
    },
  };
};

export const unassignPrivateIpAddresses = (
  { account }: Changing,
  input: UnassignPrivateIpAddressesCommandInput,
): Changed<object> => {
  const held = lookUpOne('interface', account.interfaces, input.NetworkInterfaceId, 'networkInterfaceId');
  const addresses = new Set(input.PrivateIpAddresses ?? []);
  const prefixes = new Set(input.Ipv4Prefixes ?? []);
  const secondary = new Set(
    held.PrivateIpAddresses.filter((one) => one.Primary !== true).map((one) => one.PrivateIpAddress),
  );
  const known = new Set(held.Ipv4Prefixes.map((one) => one.Ipv4Prefix));
  const strange = [
    ...[...addresses].filter((one) => !secondary.has(one)),
    ...[...prefixes].filter((one) => !known.has(one)),
  ];
  if (strange.length > 0 || addresses.size + prefixes.size === 0) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Some of the specified addresses are not assigned to interface ${held.NetworkInterfaceId}: ${strange.join(', ')}`,
    );
  }
  return done(account, {
    ...held,
    PrivateIpAddresses: held.PrivateIpAddresses.filter((one) => !addresses.has(one.PrivateIpAddress ?? '')),
    Ipv4Prefixes: held.Ipv4Prefixes.filter((one) => !prefixes.has(one.Ipv4Prefix ?? '')),
  });
};

/** By address; a count is refused, as AWS picks such addresses at random. */
export const assignIpv6Addresses = ({ account }: Changing, input: AssignIpv6AddressesCommandInput) => {
  const held = lookUpOne('interface', account.interfaces, input.NetworkInterfaceId, 'networkInterfaceId');
  const subnet = lookUpOne('subnet', account.subnets, held.SubnetId, 'subnetId');
  const addresses = required(input.Ipv6Addresses, 'ipv6Addresses');
  const blocks = subnet.Ipv6CidrBlockAssociationSet.map((one) => one.Ipv6CidrBlock ?? '');
  for (const address of addresses) {
    if (!isAddress(address) || !blocks.some((block) => containsCidr(block, address))) {
      throw new Ec2Error('InvalidParameterValue', `${address} is not in an IPv6 CIDR block of ${subnet.SubnetId}`);
    }
  }
  return {
    account: replaced(account, {
      ...held,
      Ipv6Addresses: [...held.Ipv6Addresses, ...addresses.map((address) => ({ Ipv6Address: address }))],
    }),
    output: { NetworkInterfaceId: held.NetworkInterfaceId, AssignedIpv6Addresses: [...addresses] },
  };
};

export const unassignIpv6Addresses = ({ account }: Changing, input: UnassignIpv6AddressesCommandInput) => {
  const held = lookUpOne('interface', account.interfaces, input.NetworkInterfaceId, 'networkInterfaceId');
  const addresses = required(input.Ipv6Addresses, 'ipv6Addresses');
  const strange = addresses.filter((address) => !held.Ipv6Addresses.some((one) => one.Ipv6Address === address));
  if (strange.length > 0) {
    throw new Ec2Error('InvalidParameterValue', `${strange.join(', ')} is not assigned to ${held.NetworkInterfaceId}`);
  }
  return {
    account: replaced(account, {
      ...held,
      Ipv6Addresses: held.Ipv6Addresses.filter((one) => !addresses.includes(one.Ipv6Address ?? '')),
    }),
    output: { NetworkInterfaceId: held.NetworkInterfaceId, UnassignedIpv6Addresses: [...addresses] },
  };
};
