import type {
  DescribeInstancesCommandInput,
  DescribeNetworkInterfacesCommandInput,
  Instance,
  Reservation,
} from '@aws-sdk/client-ec2';
import { type Account, type HeldInstance, type HeldInterface, interfacesOf, stateShape } from './account.ts';
import { type FilterTable, filtered } from './filters.ts';
import { pageOf } from './paging.ts';
import { given, type Reading, selected, upTo1000 } from './reading.ts';

/** Resources that a service operates are hidden from those who do not ask for them, by an account setting (model). */
const isShown = (
  held: { readonly Operator?: { readonly HiddenByDefault?: boolean | undefined } | undefined },
  asked: { readonly IncludeManagedResources?: boolean | undefined },
): boolean => held.Operator?.HiddenByDefault !== true || asked.IncludeManagedResources === true;

/** An instance as EC2 shows it now: interfaces, groups and addresses come from what is attached. */
export const shownInstance = (account: Account, held: HeldInstance): Instance => {
  const { state, reservationId: _, ...instance } = held;
  const attached = interfacesOf(account, held.InstanceId);
  const primary = attached.find((one) => one.Attachment?.DeviceIndex === 0);
  return {
    ...instance,
    State: stateShape(state),
    ...(primary?.PrivateIpAddress === undefined ? {} : { PrivateIpAddress: primary.PrivateIpAddress }),
    ...(primary === undefined ? {} : { SubnetId: primary.SubnetId, VpcId: primary.VpcId }),
    SecurityGroups: [...(primary?.Groups ?? [])],
    NetworkInterfaces: attached.map((one) => ({
      NetworkInterfaceId: one.NetworkInterfaceId,
      SubnetId: one.SubnetId,
      VpcId: one.VpcId,
      OwnerId: account.ownerId,
      Status: one.Status,
      InterfaceType: one.InterfaceType,
      Description: one.Description ?? '',
      SourceDestCheck: one.SourceDestCheck ?? true,
      PrivateIpAddress: one.PrivateIpAddress,
      PrivateIpAddresses: one.PrivateIpAddresses.map((address) => ({ ...address })),
      Ipv6Addresses: [...one.Ipv6Addresses],
      Ipv4Prefixes: [...one.Ipv4Prefixes],
      Ipv6Prefixes: [...one.Ipv6Prefixes],
      Groups: [...one.Groups],
      Attachment: {
        AttachmentId: one.Attachment?.AttachmentId,
        AttachTime: one.Attachment?.AttachTime,
        DeleteOnTermination: one.Attachment?.DeleteOnTermination,
        DeviceIndex: one.Attachment?.DeviceIndex,
        NetworkCardIndex: one.Attachment?.NetworkCardIndex,
        Status: one.Attachment?.Status,
      },
    })),
    Tags: [...(instance.Tags ?? [])],
  };
};

interface ShownInstance extends Instance {
  readonly reservationId: string;
}

const instanceFilters: FilterTable<ShownInstance> = {
  'instance-id': (one) => [one.InstanceId],
  'instance-state-name': (one) => [one.State?.Name],
  'instance-state-code': (one) => [String(one.State?.Code)],
  'instance-type': (one) => [one.InstanceType],
  'image-id': (one) => [one.ImageId],
  'vpc-id': (one) => [one.VpcId],
  'subnet-id': (one) => [one.SubnetId],
  'private-ip-address': (one) => [one.PrivateIpAddress],
  'instance.group-id': (one) => (one.SecurityGroups ?? []).map((group) => group.GroupId),
  'instance.group-name': (one) => (one.SecurityGroups ?? []).map((group) => group.GroupName),
  'reservation-id': (one) => [one.reservationId],
  'network-interface.network-interface-id': (one) => (one.NetworkInterfaces ?? []).map((eni) => eni.NetworkInterfaceId),
  'network-interface.group-id': (one) =>
    (one.NetworkInterfaces ?? []).flatMap((eni) => (eni.Groups ?? []).map((group) => group.GroupId)),
  'network-interface.subnet-id': (one) => (one.NetworkInterfaces ?? []).map((eni) => eni.SubnetId),
  'network-interface.vpc-id': (one) => (one.NetworkInterfaces ?? []).map((eni) => eni.VpcId),
};

export const describeInstances = ({ account, largestPage }: Reading, input: DescribeInstancesCommandInput) => {
  const all = selected({ kind: 'instance', held: account.instances, ids: input.InstanceIds })
    .filter((held) => isShown(held, input))
    .map((held) => ({ ...shownInstance(account, held), reservationId: held.reservationId }));
  const { page, ...next } = pageOf(
    filtered(all, input.Filters, instanceFilters),
    input,
    upTo1000,
    given(input.InstanceIds, 'instancesSet'),
    largestPage,
  );
  const reservations = new Map<string, Reservation>();
  for (const { reservationId, ...instance } of page) {
    const reservation = reservations.get(reservationId) ?? {
      ReservationId: reservationId,
      OwnerId: account.ownerId,
      Groups: [],
      Instances: [],
    };
    reservation.Instances?.push(instance);
    reservations.set(reservationId, reservation);
  }
  return { Reservations: [...reservations.values()], ...next };
};

const interfaceFilters: FilterTable<HeldInterface & { readonly Tags?: HeldInterface['TagSet'] }> = {
  'network-interface-id': (one) => [one.NetworkInterfaceId],
  'attachment.attachment-id': (one) => [one.Attachment?.AttachmentId],
  'attachment.instance-id': (one) => [one.Attachment?.InstanceId],
  'attachment.instance-owner-id': (one) => [one.Attachment?.InstanceOwnerId],
  'attachment.device-index': (one) => [one.Attachment?.DeviceIndex?.toString()],
  'attachment.status': (one) => [one.Attachment?.Status],
  'group-id': (one) => one.Groups.map((group) => group.GroupId),
  'group-name': (one) => one.Groups.map((group) => group.GroupName),
  'subnet-id': (one) => [one.SubnetId],
  'vpc-id': (one) => [one.VpcId],
  'private-ip-address': (one) => [one.PrivateIpAddress],
  'addresses.private-ip-address': (one) => one.PrivateIpAddresses.map((address) => address.PrivateIpAddress),
  'ipv6-addresses.ipv6-address': (one) => one.Ipv6Addresses.map((address) => address.Ipv6Address),
  'interface-type': (one) => [one.InterfaceType],
  'requester-id': (one) => [one.RequesterId],
  'requester-managed': (one) => [String(one.RequesterManaged ?? false)],
  status: (one) => [one.Status],
  'availability-zone': (one) => [one.AvailabilityZone],
  description: (one) => [one.Description],
};

export const describeNetworkInterfaces = (
  { account, largestPage }: Reading,
  input: DescribeNetworkInterfacesCommandInput,
) => {
  const all = selected({ kind: 'interface', held: account.interfaces, ids: input.NetworkInterfaceIds })
    .filter((one) => isShown(one, input))
    .map((one) => ({ ...one, Tags: one.TagSet ?? [] }));
  const { page, ...next } = pageOf(
    filtered(all, input.Filters, interfaceFilters),
    input,
    upTo1000,
    given(input.NetworkInterfaceIds, 'networkInterfaceIdSet'),
    largestPage,
  );
  return { NetworkInterfaces: page.map(({ Tags, ...one }) => ({ ...one, TagSet: Tags })), ...next };
};
