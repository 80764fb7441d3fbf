import type { AddressGroup, AddressObject, Application, ObjectScope, ServiceObject } from '../domain/policy/policy.ts';
import { child, childrenOf, childText, descend, membersOf, nameOf, type XmlElement } from './xml.ts';

const addressKinds: readonly AddressObject['kind'][] = ['ip-netmask', 'ip-range', 'ip-wildcard', 'fqdn'];

const addressFrom = (entry: XmlElement): AddressObject => {
  for (const kind of addressKinds) {
    const value = childText(entry, kind);
    if (value !== null) return { kind, value };
  }
  // Of a kind this version does not know. It must stay a name, since a name wins over an address literal: a host name
  // without a value resolves to nothing that is known.
  return { kind: 'fqdn', value: '' };
};

const addressGroupFrom = (entry: XmlElement): AddressGroup => {
  const filter = childText(child(entry, 'dynamic'), 'filter');
  if (filter !== null) return { kind: 'dynamic', filter };
  const members = membersOf(entry, 'static');
  return members.length === 0 ? { kind: 'unknown' } : { kind: 'static', members };
};

const protocols: readonly ServiceObject['protocol'][] = ['tcp', 'udp', 'sctp'];

const serviceFrom = (entry: XmlElement): ServiceObject => {
  for (const protocol of protocols) {
    const ports = descend(entry, 'protocol', protocol);
    if (ports !== null) {
      return { protocol, port: childText(ports, 'port') ?? '', sourcePort: childText(ports, 'source-port') };
    }
  }
  // Of a protocol this version does not know: kept as a name, with no port that is known.
  return { protocol: 'tcp', port: '', sourcePort: null };
};

const wholeNumber = (text: string | null, atMost: number): number | null => {
  if (text === null || !/^\d{1,5}$/.test(text)) return null;
  const value = Number(text);
  return value <= atMost ? value : null;
};

const icmpFrom = (defaults: XmlElement | null): Application['icmp'] => {
  for (const [name, family] of [
    ['ident-by-icmp-type', 4],
    ['ident-by-icmp6-type', 6],
  ] as const) {
    const identified = child(defaults, name);
    if (identified === null) continue;
    // Written as children by the schema of 10.0; older content has the type as text, perhaps with a code.
    const [typeText = null, codeText = null] = identified.text.trim().split(/[\s,/]+/);
    const type = wholeNumber(childText(identified, 'type') ?? typeText, 255);
    const code = wholeNumber(childText(identified, 'code') ?? codeText, 255);
    if (type !== null) return { family, type, code };
  }
  return null;
};

const applicationFrom = (entry: XmlElement, custom: boolean): Application => {
  const defaults = child(entry, 'default');
  return {
    defaultPorts: membersOf(defaults, 'port'),
    ipProtocol: wholeNumber(childText(defaults, 'ident-by-ip-protocol'), 255),
    icmp: icmpFrom(defaults),
    requires: membersOf(entry, 'use-applications'),
    implicitlyUses: membersOf(entry, 'implicit-use-applications'),
    custom,
  };
};

/** Entries of several containers by name; the first of a name counts. */
const byName = <T>(
  containers: readonly (XmlElement | null)[],
  read: (entry: XmlElement) => T,
): ReadonlyMap<string, T> => {
  const found = new Map<string, T>();
  for (const container of containers) {
    for (const entry of childrenOf(container, 'entry')) {
      const name = nameOf(entry);
      if (name !== '' && !found.has(name)) found.set(name, read(entry));
    }
  }
  return found;
};

const namesIn = (containers: readonly (XmlElement | null)[]): ReadonlySet<string> =>
  new Set(byName(containers, () => null).keys());

/**
 * The objects of one scope. Several parents are read as one, the first of a name counting: what a Panorama pushed lies
 * in the vsys entry of `/config/panorama` and, for shared objects, directly below it (the latter is inferred).
 */
export const scopeFrom = (...parents: readonly (XmlElement | null)[]): ObjectScope => {
  const containers = (name: string) => parents.map((parent) => child(parent, name));
  return {
    addresses: byName(containers('address'), addressFrom),
    addressGroups: byName(containers('address-group'), addressGroupFrom),
    services: byName(containers('service'), serviceFrom),
    serviceGroups: byName(containers('service-group'), (entry) => membersOf(entry, 'members')),
    applications: byName(containers('application'), (entry) => applicationFrom(entry, true)),
    applicationGroups: byName(containers('application-group'), (entry) => membersOf(entry, 'members')),
    applicationContainers: new Map(),
    applicationFilters: namesIn(containers('application-filter')),
    externalLists: namesIn(containers('external-list')),
    regions: namesIn(containers('region')),
    tags: namesIn(containers('tag')),
    zones: namesIn(containers('zone')),
    profileGroups: namesIn(containers('profile-group')),
    logSettings: namesIn(parents.map((parent) => descend(parent, 'log-settings', 'profiles'))),
  };
};

/** A scope with nothing in it. */
export const emptyScope: ObjectScope = scopeFrom();

/** Predefined objects from the entries that were asked for. */
export const predefinedScopeFrom = (parts: {
  readonly applications: readonly XmlElement[];
  readonly containers: readonly XmlElement[];
  readonly services: readonly XmlElement[];
}): ObjectScope => ({
  ...emptyScope,
  applications: new Map(parts.applications.map((entry) => [nameOf(entry), applicationFrom(entry, false)])),
  applicationContainers: new Map(parts.containers.map((entry) => [nameOf(entry), containerMembers(entry)])),
  services: new Map(parts.services.map((entry) => [nameOf(entry), serviceFrom(entry)])),
});

/** The applications of a predefined container: `functions/member`, as clients that read real devices expect it. */
export const containerMembers = (entry: XmlElement): readonly string[] => membersOf(entry, 'functions');

/** Applications that an application of the device lets through or needs. */
export const applicationsNamedBy = (entry: XmlElement): readonly string[] => [
  ...membersOf(entry, 'use-applications'),
  ...membersOf(entry, 'implicit-use-applications'),
];
