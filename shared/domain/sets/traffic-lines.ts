import { type Line, type Point, stretch, uniteAll } from './lines.ts';

/**
 * IP protocol and what the protocol says next, on one line: 65,536 points per protocol, in order of protocol number.
 * A point is the destination port for TCP, UDP and SCTP, 256 x type + code for ICMP and ICMPv6, and of no meaning
 * for every other protocol, whose points always stand together.
 */
const perProtocol = 65536;

export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, 'ipv6-icmp': 58, sctp: 132 } as const;

export const wholeTraffic: Line = stretch(0, 256 * perProtocol);
/**
 * Every source port there is: 0 is reserved and no session comes from it (IANA port registry for TCP and UDP, RFC 9260 for
 * SCTP; inferred that a firewall forwards none). So a service from 1-65535 is one from any port. Of protocols without ports
 * it means nothing.
 */
export const wholeSourcePorts: Line = stretch(1, perProtocol);

/** All of one IP protocol. */
export const protocolLine = (protocol: number): Line => stretch(protocol * perProtocol, (protocol + 1) * perProtocol);

/** Destination ports of a protocol that has ports, both ends included. */
export const portsLine = (protocol: 'tcp' | 'udp' | 'sctp', from: number, to: number): Line => {
  const start = protocolNumbers[protocol] * perProtocol;
  return stretch(start + from, start + to + 1);
};

/** ICMP (family 4) or ICMPv6 (family 6) of one type; code null means every code. */
export const icmpLine = (family: 4 | 6, type: number, code: number | null): Line => {
  const start = protocolNumbers[family === 4 ? 'icmp' : 'ipv6-icmp'] * perProtocol + type * 256;
  return code === null ? stretch(start, start + 256) : stretch(start + code, start + code + 1);
};

const portPattern = /^\d{1,5}$/;

const portRange = (text: string): readonly [number, number] | null => {
  const [from, to, more] = text.split('-').map((end) => end.trim());
  if (from === undefined || more !== undefined || !portPattern.test(from)) return null;
  if (to !== undefined && !portPattern.test(to)) return null;
  const first = Number(from);
  const last = to === undefined ? first : Number(to);
  return first <= last && last < perProtocol ? [first, last] : null;
};

/** Ports as PAN-OS writes them, `80,8000-8080`, as a line from 0 to 65,535; null when the text is no such list. */
export const portList = (text: string): Line | null => {
  const ranges: Line[] = [];
  for (const part of text.split(',')) {
    const range = portRange(part.trim());
    if (range === null) return null;
    ranges.push(stretch(range[0], range[1] + 1));
  }
  return uniteAll(ranges);
};

/** The same ports on the line of a protocol. */
export const onProtocol = (protocol: 'tcp' | 'udp' | 'sctp', ports: Line): Line => {
  const start = protocolNumbers[protocol] * perProtocol;
  return ports.map((port) => Number(port) + start);
};

const rangeText = (from: number, to: number): string => (from === to ? `${from}` : `${from}-${to}`);

const icmpText = (name: string, from: number, to: number): readonly string[] => {
  const texts: string[] = [];
  let at = from;
  while (at <= to) {
    const type = Math.floor(at / 256);
    const last = Math.min(to, type * 256 + 255);
    const whole = at === type * 256 && last === type * 256 + 255;
    texts.push(`${name} type ${type}${whole ? '' : ` code ${rangeText(at % 256, last % 256)}`}`);
    at = last + 1;
  }
  return texts;
};

const stretchText = (protocol: number, from: number, to: number): readonly string[] => {
  const whole = from === 0 && to === perProtocol - 1;
  const named = Object.entries(protocolNumbers).find(([, number]) => number === protocol)?.[0];
  if (named === undefined) return [`protocol ${protocol}`];
  if (whole) return [named];
  if (named === 'icmp' || named === 'ipv6-icmp') return icmpText(named, from, to);
  return [`${named}/${rangeText(from, to)}`];
};

/** The line in words: `tcp/80`, `udp/5000-5010`, `icmp type 8`, `protocol 50`, `protocols 18-57`. */
export const trafficTexts = (line: Line): readonly string[] => {
  const texts: string[] = [];
  for (let at = 0; at < line.length; at += 2) {
    let start = Number(line[at] as Point);
    const end = Number(line[at + 1] as Point);
    while (start < end) {
      const protocol = Math.floor(start / perProtocol);
      const wholeProtocols = Math.floor((end - start) / perProtocol);
      if (start % perProtocol === 0 && wholeProtocols > 1) {
        texts.push(`protocols ${rangeText(protocol, protocol + wholeProtocols - 1)}`);
        start += wholeProtocols * perProtocol;
        continue;
      }
      const last = Math.min(end, (protocol + 1) * perProtocol) - 1;
      texts.push(...stretchText(protocol, start % perProtocol, last % perProtocol));
      start = last + 1;
    }
  }
  return texts;
};

/** Source ports in words. */
export const sourcePortTexts = (line: Line): readonly string[] => {
  const texts: string[] = [];
  for (let at = 0; at < line.length; at += 2) texts.push(rangeText(Number(line[at]), Number(line[at + 1]) - 1));
  return texts;
};
