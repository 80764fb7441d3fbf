import { NamedError } from '../errors.ts';
import { type AddressFamily, canonicalCidr, contains, familyOf, rangeOfCidr } from '../sets/addresses.ts';
import type { Grant } from './grants.ts';

const misconfigured = (pair: string, why: string): NamedError =>
  new NamedError('Misconfigured', `PRE_NAT_ADDRESSES: ${pair}: ${why}.`);

/** Ranges in which no host has an address of its own: this network, loopback, multicast, and what is reserved. */
const nobodys: Readonly<Record<AddressFamily, readonly string[]>> = {
  4: ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3'],
  6: ['::/127', 'ff00::/8'],
};
const longestPrefix = { 4: 32, 6: 128 } as const;

/** One address as a canonical CIDR. A network is none: a rule for one would open addresses of others. */
const singleAddress = (text: string, pair: string): string => {
  const cidr = text.trim();
  if (rangeOfCidr(cidr) === null) throw misconfigured(pair, `${JSON.stringify(text)} is not an address`);
  const family = familyOf(cidr);
  const canonical = canonicalCidr(cidr);
  if (!canonical.endsWith(`/${longestPrefix[family]}`))
    throw misconfigured(
      pair,
      `${text} is a network, and a rule for it would open every address in it; give single addresses`,
    );
  if (nobodys[family].some((range) => contains(range, canonical)))
    throw misconfigured(pair, `${text} is the address of no host`);
  return canonical;
};

/**
 * The address clients use, by the private address that a NAT rule translates it to, both canonical.
 * @throws Misconfigured naming the pair, when it is not two single addresses of one family, when an address is named twice,
 * or when two share the address before: which ports lead to which of them is not known here, so a rule for one would open
 * ports of the other
 */
export const preNatPairs = (preNatAddresses: Readonly<Record<string, string>>): ReadonlyMap<string, string> => {
  const pairs = new Map<string, string>();
  const behindOf = new Map<string, string>();
  for (const [privateText, publicText] of Object.entries(preNatAddresses)) {
    const pair = `${privateText} behind ${publicText}`;
    const behind = singleAddress(privateText, pair);
    const before = singleAddress(publicText, pair);
    if (familyOf(behind) !== familyOf(before)) throw misconfigured(pair, 'the two are of different families');
    if (pairs.has(behind)) throw misconfigured(pair, `${behind} is named twice`);
    const other = behindOf.get(before);
    if (other !== undefined)
      throw misconfigured(
        pair,
        `${other} and ${behind} are both behind ${before}; a rule for one would open ports of the other`,
      );
    pairs.set(behind, before);
    behindOf.set(before, behind);
  }
  return pairs;
};

/**
 * The grants with the address by which clients reach each destination, where a NAT rule translates: security rules match
 * the address before destination NAT.
 * @throws Misconfigured as `preNatPairs`
 */
export const withPreNatAddresses = (
  grants: readonly Grant[],
  preNatAddresses: Readonly<Record<string, string>>,
): readonly Grant[] => {
  const pairs = preNatPairs(preNatAddresses);
  if (pairs.size === 0) return grants;
  return grants.map((grant) => ({ ...grant, address: pairs.get(grant.address) ?? grant.address }));
};
