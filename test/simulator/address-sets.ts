import { type ConfigNode, childNamed, entriesOf, entryNamed, membersOf, nameOf, textOf } from './config-node.ts';
import { findObject, isAddressLiteral, isIpv4, type Scopes } from './names.ts';

/** Inclusive. */
interface Range {
  readonly family: 4 | 6;
  readonly low: bigint;
  readonly high: bigint;
}

export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export const parseAddress = (text: string): Address => {
  if (isIpv4(text)) return { family: 4, value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const plain =
    dotted === null
      ? text
      : `${dotted[1]}${[0, 2]
          .map((at) => {
            const parts = (dotted[2] ?? '').split('.').map(Number);
            return (((parts[at] ?? 0) << 8) | (parts[at + 1] ?? 0)).toString(16);
          })
          .join(':')}`;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string | undefined): readonly string[] =>
    part === undefined || part === '' ? [] : part.split(':');
  const [left, right] = [groups(head), groups(tail)];
  const all =
    tail === undefined
      ? left
      : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return { family: 6, value: all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n) };
};

const rangeOf = (text: string): Range | null => {
  if (!isAddressLiteral(text)) return null;
  if (text.includes('-')) {
    const [low = '', high = ''] = text.split('-');
    const from = parseAddress(low);
    return { family: from.family, low: from.value, high: parseAddress(high).value };
  }
  const [address = '', prefix] = text.split('/');
  const { family, value } = parseAddress(address);
  const bits = BigInt((family === 4 ? 32 : 128) - (prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix)));
  const low = (value >> bits) << bits;
  return { family, low, high: low + (1n << bits) - 1n };
};

const within = (range: Range | null, address: Address): boolean =>
  range !== null && range.family === address.family && range.low <= address.value && address.value <= range.high;

/** What names stand for beyond the configuration: resolved names, list contents, regions, registered tags. */
export interface OutsideAddresses {
  readonly fqdn: ReadonlyMap<string, readonly string[]>;
  readonly externalLists: ReadonlyMap<string, readonly string[]>;
  readonly regions: ReadonlyMap<string, readonly string[]>;
  readonly tagsOf: (ip: string) => readonly string[];
  readonly registeredIps: readonly string[];
}

/** Whether a dynamic group's filter holds for a set of tags. */
export const matchesFilter = (filter: string, tags: ReadonlySet<string>): boolean => {
  const words = filter.match(/'[^']*'|"[^"]*"|[()]|[^\s()'"]+/g) ?? [];
  let at = 0;
  const or = (): boolean => {
    let value = and();
    while (/^or$/i.test(words[at] ?? '')) {
      at += 1;
      const right = and();
      value = value || right;
    }
    return value;
  };
  const and = (): boolean => {
    let value = one();
    while (/^and$/i.test(words[at] ?? '')) {
      at += 1;
      const right = one();
      value = value && right;
    }
    return value;
  };
  const one = (): boolean => {
    const word = words[at] ?? '';
    at += 1;
    if (/^not$/i.test(word)) return !one();
    if (word === '(') {
      const value = or();
      at += 1;
      return value;
    }
    return tags.has(word.replace(/^['"]|['"]$/g, ''));
  };
  return or();
};

const wildcardMatches = (wildcard: string, address: Address): boolean => {
  const [base, mask] = wildcard.split('/');
  if (base === undefined || mask === undefined || address.family !== 4) return false;
  const ignored = parseAddress(mask).value;
  return (parseAddress(base).value | ignored) === (address.value | ignored);
};

/** Members of a dynamic group: registered addresses and tagged address objects. */
export const dynamicMembers = (
  group: ConfigNode,
  scopes: Scopes,
  outside: OutsideAddresses,
): { readonly ips: readonly string[]; readonly objects: readonly string[] } => {
  const filter = textOf(childNamed(group, 'dynamic'), 'filter') ?? '';
  const objects = [scopes.vsys, scopes.shared, scopes.pushed].flatMap((scope) =>
    entriesOf(childNamed(scope, 'address')),
  );
  return {
    ips: outside.registeredIps.filter((ip) => matchesFilter(filter, new Set(outside.tagsOf(ip)))),
    objects: objects.filter((object) => matchesFilter(filter, new Set(membersOf(object, 'tag')))).map(nameOf),
  };
};

/** Whether a member of a rule's source or destination covers an address. A name comes before a literal (captured). */
export const memberCovers = (
  name: string,
  address: Address,
  scopes: Scopes,
  outside: OutsideAddresses,
  depth = 0,
): boolean => {
  if (name === 'any') return true;
  if (depth > 10) return false;
  const region =
    entryNamed(childNamed(scopes.vsys, 'region'), name) ?? entryNamed(childNamed(scopes.shared, 'region'), name);
  // Captured: a region wins over an address object, and a custom one of a predefined name extends it.
  if (region !== null || (outside.regions.has(name) && findObject(scopes, 'address', name) === null))
    return [...membersOf(region, 'address'), ...(outside.regions.get(name) ?? [])].some((text) =>
      within(rangeOf(text), address),
    );
  const object = findObject(scopes, 'address', name);
  if (object !== null) {
    const value = textOf(object, 'ip-netmask') ?? textOf(object, 'ip-range');
    if (value !== null) return within(rangeOf(value), address);
    const wildcard = textOf(object, 'ip-wildcard');
    if (wildcard !== null) return wildcardMatches(wildcard, address);
    const fqdn = textOf(object, 'fqdn');
    return fqdn !== null && (outside.fqdn.get(fqdn) ?? []).some((text) => within(rangeOf(text), address));
  }
  const group = findObject(scopes, 'address-group', name);
  if (group !== null) {
    if (childNamed(group, 'dynamic') === null)
      return membersOf(group, 'static').some((member) => memberCovers(member, address, scopes, outside, depth + 1));
    const { ips, objects } = dynamicMembers(group, scopes, outside);
    return (
      ips.some((ip) => within(rangeOf(ip), address)) ||
      objects.some((member) => memberCovers(member, address, scopes, outside, depth + 1))
    );
  }
  if (findObject(scopes, 'external-list', name) !== null)
    return (outside.externalLists.get(name) ?? []).some((text) => within(rangeOf(text), address));
  return within(rangeOf(name), address);
};
