import { normalizeCidr, parseCidr } from 'cidr-tools';
import { emptyLine, type Line, lineCovers, linesOverlap, type Point, stretch, uniteAll } from './lines.ts';

export type AddressFamily = 4 | 6;

/** One past the last address of a family: IPv4 in plain numbers, IPv6 in bigints. */
export const familyEnd = { 4: 2 ** 32, 6: 2n ** 128n } as const;

const familyBits = { 4: 32, 6: 128 } as const;
const zero = { 4: 0, 6: 0n } as const;

/** Every address of a family. */
export const wholeFamily: Readonly<Record<AddressFamily, Line>> = {
  4: stretch(zero[4], familyEnd[4]),
  6: stretch(zero[6], familyEnd[6]),
};

const dottedQuad = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const hexGroup = /^[0-9a-f]{1,4}$/i;

const isIpv4 = (text: string): boolean => dottedQuad.test(text) && !/(?:^|\.)0\d/.test(text);

const groupsIn = (text: string): number | null => {
  if (text === '') return 0;
  const groups = text.split(':');
  return groups.every((group) => hexGroup.test(group)) ? groups.length : null;
};

/** RFC 4291 text without a zone id: eight groups, or fewer with one `::`; the last two may be a dotted quad. */
const isIpv6 = (text: string): boolean => {
  const lastColon = text.lastIndexOf(':');
  const tail = text.slice(lastColon + 1);
  const plain = tail.includes('.') ? (isIpv4(tail) ? `${text.slice(0, lastColon + 1)}0:0` : '') : text;
  const halves = plain.split('::');
  const [head, rest] = halves;
  if (head === undefined || halves.length > 2) return false;
  const before = groupsIn(head);
  if (rest === undefined) return before === 8;
  const after = groupsIn(rest);
  return before !== null && after !== null && before + after <= 7;
};

const familyOfAddress = (text: string): AddressFamily | null => (isIpv4(text) ? 4 : isIpv6(text) ? 6 : null);

/** One stretch of addresses of one family. */
export interface AddressRange {
  readonly family: AddressFamily;
  /** Exactly one stretch. */
  readonly line: Line;
}

/**
 * The addresses of `10.0.0.0/8`, `10.0.0.1` or their IPv6 likes; host bits are ignored. Null when it is neither.
 * The grammar is checked here because cidr-tools reads nonsense such as `1.2.3.4.5` or `10.0.0.0/33` as an address.
 */
export const rangeOfCidr = (text: string): AddressRange | null => {
  const slash = text.indexOf('/');
  const family = familyOfAddress(slash === -1 ? text : text.slice(0, slash));
  if (family === null) return null;
  if (slash !== -1) {
    const prefix = text.slice(slash + 1);
    if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > familyBits[family]) return null;
  }
  const { start, end } = parseCidr(text);
  return { family, line: family === 4 ? stretch(Number(start), Number(end) + 1) : stretch(start, end + 1n) };
};

/** The addresses of `10.0.0.1-10.0.0.9` or its IPv6 like, both ends included. Null when it is not a range. */
export const rangeOfEnds = (text: string): AddressRange | null => {
  const [from, to, more] = text.split('-');
  if (from === undefined || to === undefined || more !== undefined) return null;
  if (from.includes('/') || to.includes('/')) return null;
  const first = rangeOfCidr(from.trim());
  const last = rangeOfCidr(to.trim());
  if (first === null || last === null || first.family !== last.family) return null;
  const line = stretch(first.line[0] as Point, last.line[1] as Point);
  return line.length === 0 ? null : { family: first.family, line };
};

const nonsense = (text: string): RangeError =>
  new RangeError(`"${text}" is not an IPv4 or IPv6 address with or without prefix length`);

const mustRange = (text: string): AddressRange => {
  const range = rangeOfCidr(text);
  if (range === null) throw nonsense(text);
  return range;
};

/**
 * The one way to write a CIDR here: host bits cleared, `/32` or `/128` added, IPv6 compressed in lower case.
 * Throws RangeError for anything else.
 */
export const canonicalCidr = (text: string): string => {
  const { family } = mustRange(text);
  return normalizeCidr(text.includes('/') ? text : `${text}/${familyBits[family]}`);
};

/**
 * Whether a member of a rule is an address written as all of ours are, with prefix length: anything else may be an object's
 * name, and stand for any address.
 */
export const isCidr = (member: string): boolean => /^[0-9a-f.:]+\/[0-9]+$/i.test(member);

/** The family of an address or CIDR. Throws RangeError when it is neither. */
export const familyOf = (cidr: string): AddressFamily => mustRange(cidr).family;

/** True when every address of `inner` is in `outer`; never across families. Throws RangeError on nonsense. */
export const contains = (outer: string, inner: string): boolean => {
  const big = mustRange(outer);
  const small = mustRange(inner);
  return big.family === small.family && lineCovers(big.line, small.line);
};

/** True when the two have an address in common; never across families. Throws RangeError on nonsense. */
export const overlaps = (a: string, b: string): boolean => {
  const left = mustRange(a);
  const right = mustRange(b);
  return left.family === right.family && linesOverlap(left.line, right.line);
};

/** The addresses of several CIDRs of one family. Throws RangeError on nonsense or on another family. */
export const lineOfCidrs = (cidrs: readonly string[], family: AddressFamily): Line => {
  const lines = cidrs.map((cidr) => {
    const range = mustRange(cidr);
    if (range.family !== family) throw new RangeError(`"${cidr}" is not an IPv${family} address`);
    return range.line;
  });
  return lines.length === 0 ? emptyLine : uniteAll(lines);
};

const addressText = (address: bigint, family: AddressFamily): string => {
  const width = family === 4 ? 8n : 16n;
  const groups: string[] = [];
  for (let shift = BigInt(familyBits[family]) - width; shift >= 0n; shift -= width) {
    const group = (address >> shift) & ((1n << width) - 1n);
    groups.push(group.toString(family === 4 ? 10 : 16));
  }
  return groups.join(family === 4 ? '.' : ':');
};

/** The fewest CIDRs that are together exactly the line, in order; only the first `most` of them where that is given. */
export const cidrsOf = (line: Line, family: AddressFamily, most = Number.POSITIVE_INFINITY): readonly string[] => {
  const cidrs: string[] = [];
  for (let at = 0; at < line.length; at += 2) {
    let start = BigInt(line[at] as Point);
    const end = BigInt(line[at + 1] as Point);
    while (start < end) {
      if (cidrs.length >= most) return cidrs;
      let hostBits = 0;
      while (hostBits < familyBits[family]) {
        const size = 1n << BigInt(hostBits + 1);
        if (start % size !== 0n || start + size > end) break;
        hostBits += 1;
      }
      cidrs.push(normalizeCidr(`${addressText(start, family)}/${familyBits[family] - hostBits}`));
      start += 1n << BigInt(hostBits);
    }
  }
  return cidrs;
};
