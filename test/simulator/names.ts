import { type ConfigNode, childNamed, descend, entriesOf, entryNamed, nameOf } from './config-node.ts';

/** The trees in which a name is looked up, in order: vsys, shared, pushed, predefined. */
export interface Scopes {
  readonly vsys: ConfigNode | null;
  readonly shared: ConfigNode | null;
  readonly pushed: ConfigNode | null;
  readonly predefined: ConfigNode | null;
}

export const device = 'localhost.localdomain';

export const vsysNode = (config: ConfigNode, vsys: string): ConfigNode | null =>
  descend(config, 'devices', [device], 'vsys', [vsys]);

export const scopesOf = (
  config: ConfigNode,
  pushed: ConfigNode | null,
  predefined: ConfigNode,
  vsys: string,
): Scopes => ({
  vsys: vsysNode(config, vsys),
  shared: childNamed(config, 'shared'),
  pushed: pushed === null ? null : descend(pushed, 'vsys', [vsys]),
  predefined,
});

/** The first object of a name in a list such as `address`, in look-up order. */
export const findObject = (scopes: Scopes, list: string, name: string): ConfigNode | null =>
  entryNamed(childNamed(scopes.vsys, list), name) ??
  entryNamed(childNamed(scopes.shared, list), name) ??
  entryNamed(childNamed(scopes.pushed, list), name) ??
  entryNamed(childNamed(scopes.predefined, list), name);

export const hasObject = (scopes: Scopes, lists: readonly string[], name: string): boolean =>
  lists.some((list) => findObject(scopes, list, name) !== null);

export const hasZone = (scopes: Scopes, name: string): boolean =>
  [scopes.vsys, scopes.predefined].some((scope) => entryNamed(childNamed(scope, 'zone'), name) !== null);

export const hasLogProfile = (scopes: Scopes, name: string): boolean =>
  [scopes.vsys, scopes.shared, scopes.pushed].some(
    (scope) => descend(scope, 'log-settings', 'profiles', [name]) !== null,
  ) || entryNamed(childNamed(scopes.predefined, 'log-profile'), name) !== null;

export const applicationLists = ['application', 'application-container', 'application-group', 'application-filter'];

const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

export const isIpv4 = (text: string): boolean => ipv4.test(text);
export const isIpv6 = (text: string): boolean => {
  if (!text.includes(':') || !/^[0-9a-fA-F:.]+$/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups[groups.length - 1] ?? '';
  const count = groups.length + (last.includes('.') ? 1 : 0);
  if (
    groups.some((group, index) =>
      group.includes('.') ? index !== groups.length - 1 || !isIpv4(group) : !/^[0-9a-fA-F]{1,4}$/.test(group),
    )
  )
    return false;
  return halves.length === 2 ? count <= 7 : count === 8;
};

/** An address, a network with prefix length, or a range, as a rule may carry it literally. */
export const isAddressLiteral = (text: string): boolean => {
  const [address, prefix, more] = text.split('/');
  if (more !== undefined || address === undefined) return false;
  if (prefix !== undefined) {
    if (!/^\d{1,3}$/.test(prefix)) return false;
    return (isIpv4(address) && Number(prefix) <= 32) || (isIpv6(address) && Number(prefix) <= 128);
  }
  if (isIpv4(address) || isIpv6(address)) return true;
  return isAddressRange(text);
};

export const isAddressRange = (text: string): boolean => {
  const [low, high, rest] = text.split('-');
  if (low === undefined || high === undefined || rest !== undefined) return false;
  return (isIpv4(low) && isIpv4(high)) || (isIpv6(low) && isIpv6(high));
};

/** `80`, `80,443`, `8000-8080,1`: ports from 0 to 65535. */
export const isPortList = (text: string): boolean =>
  text.split(',').every((part) => {
    const [low, high, rest] = part.split('-');
    if (rest !== undefined || low === undefined) return false;
    const valid = (port: string): boolean => /^\d{1,5}$/.test(port) && Number(port) <= 65535;
    return valid(low) && (high === undefined || (valid(high) && Number(low) <= Number(high)));
  });

export const objectNames = (holder: ConfigNode | null): readonly string[] => entriesOf(holder).map(nameOf);
