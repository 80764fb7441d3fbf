import type { AddressFamily } from '../sets/addresses.ts';

/** Well-known single ports and the App-IDs that carry their protocol. */
export interface PortApplications {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly application: string;
  /** Applications it does not work without, as far as the firewall does not allow them implicitly. */
  readonly needs: readonly string[];
}

/**
 * Source: the vendor's published application list of March 2020 (names and default ports), cross-checked with a predefined
 * configuration of content 517 (2015). Only ports whose protocol has one name in both are here; content changes weekly,
 * so every name is checked against the device before it is used (`checkApplications`).
 */
export const wellKnownPorts: readonly PortApplications[] = [
  { protocol: 'tcp', port: 21, application: 'ftp', needs: [] },
  { protocol: 'tcp', port: 22, application: 'ssh', needs: [] },
  { protocol: 'tcp', port: 23, application: 'telnet', needs: [] },
  { protocol: 'tcp', port: 25, application: 'smtp', needs: [] },
  { protocol: 'tcp', port: 53, application: 'dns', needs: [] },
  { protocol: 'udp', port: 53, application: 'dns', needs: [] },
  { protocol: 'tcp', port: 80, application: 'web-browsing', needs: [] },
  { protocol: 'tcp', port: 110, application: 'pop3', needs: [] },
  { protocol: 'udp', port: 123, application: 'ntp', needs: [] },
  { protocol: 'tcp', port: 143, application: 'imap', needs: [] },
  { protocol: 'tcp', port: 389, application: 'ldap', needs: [] },
  { protocol: 'tcp', port: 443, application: 'ssl', needs: [] },
  { protocol: 'tcp', port: 1433, application: 'mssql-db', needs: [] },
  { protocol: 'tcp', port: 3306, application: 'mysql', needs: [] },
  { protocol: 'tcp', port: 3389, application: 'ms-rdp', needs: ['cotp', 't.120'] },
  { protocol: 'tcp', port: 5432, application: 'postgres', needs: [] },
];

/**
 * What decryption turns sessions into: once TLS is decrypted, the firewall sees the HTTP inside, and policy is asked again
 * (documented: KB kA10g000000ClxQCAS). What HTTP is refined into further has too many names for a table.
 */
export const decryptedApplications: readonly { readonly application: string; readonly becomes: string }[] = [
  { application: 'ssl', becomes: 'web-browsing' },
];

/** An application that is exactly one IP protocol, or one ICMP type of every code. */
export interface ProtocolApplication {
  readonly application: string;
  readonly protocol: number;
  readonly icmpType: number | null;
}

/**
 * ICMP: `icmp` is IP protocol 1 and `ping` its type 8, `ipv6-icmp` is protocol 58 (captured in running policies and the
 * schema). Inferred: `ping6` is type 128 of it, as `ping` is of icmp; it must exist on the device to be used.
 */
export const icmpApplications = {
  4: { all: ['icmp', 'ping'], echo: 'ping', echoType: 8 },
  6: { all: ['ipv6-icmp', 'ping6'], echo: 'ping6', echoType: 128 },
} as const;

/**
 * Whether an ICMP type has no code but 0: echo, of either family (RFC 792, RFC 4443). A grant of its code 0, as Terraform
 * writes it, and one of all its codes are the same.
 */
export const hasOneCode = ({
  family,
  type,
}: {
  readonly family: AddressFamily;
  readonly type: number | 'all';
}): boolean => type === icmpApplications[family].echoType;

/**
 * Protocols for which PAN-OS has an application that is nothing else (application list of 2020). Not here: `l2tp`, which
 * is protocol 115 but is also recognised in UDP, so that a rule for it would allow more than the grant (inferred); and
 * every protocol without an application (51 authentication header, 132 SCTP, …).
 */
export const protocolApplications: Readonly<Record<number, string>> = { 47: 'gre', 50: 'ipsec-esp', 89: 'ospf' };

/** What an application of the tables must be on the device; null when any definition will do. */
export const expectedDefinition = (application: string): ProtocolApplication | null => {
  for (const family of [4, 6] as const) {
    const { all, echo, echoType } = icmpApplications[family];
    const protocol = family === 4 ? 1 : 58;
    if (application === echo) return { application, protocol, icmpType: echoType };
    if (application === all[0]) return { application, protocol, icmpType: null };
  }
  const found = Object.entries(protocolApplications).find(([, name]) => name === application);
  return found === undefined ? null : { application, protocol: Number(found[0]), icmpType: null };
};
