import { BlockList, isIPv6 } from 'node:net';

/*
 * What rules and grants let through, and sessions at their edges to ask a device about. Nothing here shares code with what is
 * tested.
 */

/** What a rule of ours lets through, or a grant: `SOURCE > ADDRESS PROTOCOL FROM-TO`. */
export type Opening = string;
export const opening = (source: string, address: string, protocol: string, from: number, to: number): Opening =>
  `${source} > ${address} ${protocol} ${from}-${to}`;

export interface Session {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
}

const partsOf = (one: Opening) => {
  const [, source = '', destination = '', protocol = '', from = '', to = ''] =
    /^(\S+) > (\S+) (\S+) (\d+)-(\d+)$/.exec(one) ?? [];
  return { source, destination, protocol, from: Number(from), to: Number(to) };
};

const bitsOf = (address: string): number => (isIPv6(address) ? 128 : 32);

const numberOf = (address: string): bigint => {
  if (!isIPv6(address)) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [left = [], right = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((sum, part) => sum * 65_536n + BigInt(`0x${part}`), 0n);
};

const addressOf = (number: bigint, bits: number): string => {
  const [width, base, radix, joint] = bits === 32 ? [8n, 4, 10, '.'] : [16n, 8, 16, ':'];
  return Array.from({ length: base }, (_, at) =>
    ((number >> (width * BigInt(base - 1 - at))) & ((1n << width) - 1n)).toString(radix),
  ).join(joint);
};

/** First, middle and last address of a range, and its neighbours on both sides. */
export const edgesOf = (cidr: string): { readonly inside: readonly string[]; readonly outside: readonly string[] } => {
  const [network = '', prefix = ''] = cidr.split('/');
  const bits = bitsOf(network);
  const size = 1n << BigInt(bits - Number(prefix));
  const first = numberOf(network);
  const last = first + size - 1n;
  const texts = (numbers: readonly bigint[]) => [...new Set(numbers)].map((number) => addressOf(number, bits));
  return {
    inside: texts([first, first + size / 2n, last]),
    outside: texts([first - 1n, last + 1n].filter((number) => number >= 0n && number < 1n << BigInt(bits))),
  };
};

const lists = new Map<string, BlockList>();
const holds = (cidr: string, address: string): boolean => {
  const [network = '', prefix = ''] = cidr.split('/');
  if (isIPv6(network) !== isIPv6(address)) return false;
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const list = lists.get(cidr) ?? new BlockList();
  if (!lists.has(cidr)) list.addSubnet(network, Number(prefix), family);
  lists.set(cidr, list);
  return list.check(address, family);
};

/** Sessions at the edges of what is open. */
export const sessionsIn = (one: Opening): readonly Session[] => {
  const { source, destination, protocol, from, to } = partsOf(one);
  return edgesOf(source).inside.flatMap((client) =>
    edgesOf(destination).inside.flatMap((server) =>
      [...new Set([from, to])].map((port) => ({ source: client, destination: server, protocol, port })),
    ),
  );
};

/** Sessions just beside what is open: from, to or at the port next to it. */
export const sessionsBeside = (one: Opening): readonly Session[] => {
  const { source, destination, protocol, from, to } = partsOf(one);
  const [[insideSource = ''], [insideDestination = '']] = [edgesOf(source).inside, edgesOf(destination).inside];
  const inside = { source: insideSource, destination: insideDestination, protocol, port: from };
  return [
    ...edgesOf(source).outside.map((address) => ({ ...inside, source: address })),
    ...edgesOf(destination).outside.map((address) => ({ ...inside, destination: address })),
    ...[from - 1, to + 1].filter((port) => port >= 0 && port <= 65_535).map((port) => ({ ...inside, port })),
  ];
};

export const isIn = (openings: Iterable<Opening>, session: Session): boolean =>
  [...openings].some((one) => {
    const { source, destination, protocol, from, to } = partsOf(one);
    return (
      protocol === session.protocol &&
      from <= session.port &&
      session.port <= to &&
      holds(source, session.source) &&
      holds(destination, session.destination)
    );
  });
