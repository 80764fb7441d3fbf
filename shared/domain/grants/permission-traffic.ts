import type { AddressFamily } from '../sets/addresses.ts';
import type { Traffic } from '../sets/traffic.ts';

/** Protocol numbers by the names EC2 answers with, and those callers may type. */
const numbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 };

const protocolNumber = (protocol: string): number | null => {
  const named = Object.hasOwn(numbers, protocol.toLowerCase()) ? numbers[protocol.toLowerCase()] : undefined;
  if (named !== undefined) return named;
  return /^\d{1,3}$/.test(protocol) && Number(protocol) <= 255 ? Number(protocol) : null;
};

const isPort = (port: number): boolean => port >= 0 && port <= 65535;

const icmp = (family: AddressFamily, type: number | null, code: number | null): Traffic | null => {
  const part = (value: number | null): number | 'all' => (value === null || value === -1 ? 'all' : value);
  const known = (value: number | 'all') => value === 'all' || (value >= 0 && value <= 255);
  const [typePart, codePart] = [part(type), part(code)];
  if (!known(typePart) || !known(codePart) || (typePart === 'all' && codePart !== 'all')) return null;
  return { kind: 'icmp', family, type: typePart, code: codePart };
};

/**
 * What a permission lets through, from EC2's three fields; null when they cannot be read.
 *
 *     "-1", ports absent, 0/0 or -1/-1         everything (all three forms are captured)
 *     "tcp" or "6", ports absent or -1/-1      all ports
 *     "icmp", fromPort = type, toPort = code   -1 or absent stands for all
 *     "50"                                     the protocol of that number, whatever the ports say
 */
export const permissionTraffic = (protocol: string, fromPort: number | null, toPort: number | null): Traffic | null => {
  if (protocol === '-1' || protocol.toLowerCase() === 'all') return { kind: 'all' };
  const number = protocolNumber(protocol);
  switch (number) {
    case null:
      return null;
    case 1:
      return icmp(4, fromPort, toPort);
    case 58:
      return icmp(6, fromPort, toPort);
    case 6:
    case 17: {
      const kind = { kind: 'ports', protocol: number === 6 ? 'tcp' : 'udp' } as const;
      const absent = (port: number | null) => port === null || port === -1;
      if (absent(fromPort) && absent(toPort)) return { ...kind, ports: { from: 0, to: 65535 } };
      if (fromPort === null || toPort === null || !isPort(fromPort) || !isPort(toPort) || fromPort > toPort)
        return null;
      return { ...kind, ports: { from: fromPort, to: toPort } };
    }
    default:
      return { kind: 'protocol', number };
  }
};
