import type { AnnouncedFact } from '../../domain/announced-facts.ts';
import { nothingAnnounced } from '../../domain/change.ts';
import { canonicalCidr } from '../../domain/sets/addresses.ts';
import {
  about,
  announcing,
  asking,
  type Decoder,
  everything,
  instance,
  networkInterface,
  request,
  requestBlock,
  requestOf,
  responseBlock,
  textIn,
  textsIn,
} from './call-meaning.ts';
import { attributesIn, idOf, isId, isOmitted, optionalId, type Part, partOf } from './event-fields.ts';

export const modifyInterface: Decoder = (record) => {
  if (isOmitted(request(record))) return everything();
  const block = requestOf(record);
  if (block.fields['groupSet'] === undefined)
    return `ModifyNetworkInterfaceAttribute changed ${attributesIn(block)}, not the security groups`;
  const of = idOf(block, 'networkInterfaceId', 'eni');
  const groups = textsIn(block, 'groupSet', ['groupId']).filter((id) => isId(id, 'sg'));
  return asking(
    { kind: 'holder-of-interface', id: of },
    groups.length === 0 ? nothingAnnounced : announcing({ kind: 'groups', of, groups }),
  );
};

/** Attach names the instance, its answer the attachment (both captured). */
export const attachInterface: Decoder = (record) => {
  const block = requestBlock(record);
  if (block === null) return everything();
  const holder = idOf(block, 'instanceId', 'i');
  const id = optionalId(block, 'networkInterfaceId', 'eni');
  const attachment = textIn(responseBlock(record), 'attachmentId');
  return about(
    [instance(holder)],
    id === null ? nothingAnnounced : announcing({ kind: 'attached', interface: id, instance: holder, attachment }),
  );
};

/** Detach names only an attachment id (captured), from which no interface can be found any more. */
export const detachInterface: Decoder = (record) => {
  const attachment = textIn(requestBlock(record), 'attachmentId');
  return everything(attachment === null ? nothingAnnounced : announcing({ kind: 'detached', attachment }));
};

/**
 * Lists of addresses and prefixes, in requests and answers of both families, by the names of the API model. Inferred: no
 * record of these calls has been seen. What is no address is left out: the subject does not depend on it.
 */
const addressLists = [
  'privateIpAddress',
  'privateIpAddresses',
  'privateIpAddressesSet',
  'ipv4Prefix',
  'ipv4Prefixes',
  'ipv4PrefixSet',
  'ipv6Address',
  'ipv6Addresses',
  'ipv6Prefix',
  'ipv6Prefixes',
  'ipv6PrefixSet',
  'assignedPrivateIpAddressesSet',
  'assignedIpv4PrefixSet',
  'assignedIpv6Addresses',
  'assignedIpv6PrefixSet',
  'unassignedIpv6Addresses',
  'unassignedIpv6PrefixSet',
] as const;
const addressKeys = ['privateIpAddress', 'ipv4Prefix', 'ipv6Address', 'ipv6Prefix'].flatMap((key) => [
  key,
  `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
]);

const canonicalOrNone = (text: string): readonly string[] => {
  try {
    return [canonicalCidr(text)];
  } catch {
    return [];
  }
};

const addressesIn = (block: Part | null): readonly string[] =>
  addressLists.flatMap((name) => textsIn(block, name, addressKeys)).flatMap(canonicalOrNone);

/** Address calls name the interface; its instance is looked up. Which addresses a count came to stands in the answer. */
const addressCall =
  (held: boolean): Decoder =>
  (record) => {
    const block = requestBlock(record);
    const answered = responseBlock(record);
    const id = [block, answered].map((each) => textIn(each, 'networkInterfaceId')).find((each) => each !== null);
    if (id === undefined || id === null) return everything();
    if (!isId(id, 'eni') && block !== null) idOf(block, 'networkInterfaceId', 'eni');
    const addresses = [...new Set([...addressesIn(block), ...addressesIn(answered)])].sort();
    const facts = addresses.map((address): AnnouncedFact => ({ kind: 'address', interface: id, address, held }));
    return asking({ kind: 'holder-of-interface', id }, announcing(...facts));
  };

export const assignAddresses = addressCall(true);
export const unassignAddresses = addressCall(false);

const noService = 'SERVICE_INTERFACES leaves the interfaces of services out';

/** A new interface counts by itself only if it is one of a service, which EC2 is asked; only the answer has its id (captured). */
export const createInterface: Decoder = (record, { serviceInterfaces }) => {
  if (serviceInterfaces !== 'include')
    return `CreateNetworkInterface attaches the interface to no instance, and ${noService}`;
  const answered = responseBlock(record);
  if (answered === null) return everything();
  const made = partOf(`${answered.path}.networkInterface`, answered.fields['networkInterface']);
  const id = idOf(made, 'networkInterfaceId', 'eni');
  return about([networkInterface(id)], announcing({ kind: 'interface', id, there: true }));
};

export const deleteInterface: Decoder = (record, { serviceInterfaces }) => {
  if (serviceInterfaces !== 'include')
    return `DeleteNetworkInterface deletes what no instance has any more: detaching it was a call of its own, and ${noService}`;
  const block = requestBlock(record);
  if (block === null) return everything();
  const id = idOf(block, 'networkInterfaceId', 'eni');
  return about([networkInterface(id)], announcing({ kind: 'interface', id, there: false }));
};
