import { destinationKey, type GrantDestination } from '../grants/grants.ts';
import { findAddress } from '../policy/object-look-up.ts';
import type { ObjectScope } from '../policy/policy.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { rangeOfCidr, rangeOfEnds } from '../sets/addresses.ts';
import { type Line, linesOverlap } from '../sets/lines.ts';
import type { NotOpened } from './device-applications.ts';

/** An enabled NAT rule that translates destinations, as the firewall has it. */
export interface DestinationTranslation {
  readonly name: string;
  /** Translated-to address or object name as written. */
  readonly translatedAddress: string;
}

interface Translated {
  readonly family: AddressFamily;
  readonly line: Line;
}

const literal = (text: string): Translated | null => rangeOfCidr(text) ?? rangeOfEnds(text);

/** What the rule translates to; null when that is not known here (an FQDN, a wildcard, an unknown name, a cycle). */
const targetOf = (
  text: string,
  scopes: readonly ObjectScope[],
  inside: readonly string[] = [],
): readonly Translated[] | null => {
  if (inside.includes(text)) return null;
  const found = findAddress(scopes, text, 0)?.entry;
  if (found === undefined) {
    const range = literal(text);
    return range === null ? null : [range];
  }
  if (found.kind === 'object' && (found.object.kind === 'ip-netmask' || found.object.kind === 'ip-range')) {
    const range = literal(found.object.value);
    return range === null ? null : [range];
  }
  if (found.kind === 'group' && found.group.kind === 'static' && found.group.members.length > 0) {
    const members = found.group.members.map((member) => targetOf(member, scopes, [...inside, text]));
    return members.includes(null) ? null : members.flatMap((member) => member ?? []);
  }
  return null;
};

export interface TranslatedDestinations {
  /** Destinations no rule can be written for, each with the NAT rule. */
  readonly refused: readonly NotOpened[];
  /** Ids of interfaces with the refused address: `eni-… 10.0.1.5/32`. */
  readonly isRefused: (destination: GrantDestination) => boolean;
  /** NAT rules of which it is not known what they translate to. */
  readonly undecided: readonly string[];
}

/**
 * Destinations that an enabled NAT rule translates to (`DestinationTranslated`). Security rules match the address before
 * destination NAT, so a rule for the private address would never match. Addresses that a setting has replaced by their
 * pre-NAT address (`withPreNatAddresses`) are not private any more and pass.
 */
export const translatedDestinations = (
  destinations: readonly GrantDestination[],
  rules: readonly DestinationTranslation[],
  scopes: readonly ObjectScope[],
): TranslatedDestinations => {
  const targets = rules.map((rule) => ({ rule, ranges: targetOf(rule.translatedAddress, scopes) }));
  const ruleFor = (address: string): string | null => {
    const range = rangeOfCidr(address);
    if (range === null) return null;
    const hit = targets.find(({ ranges }) =>
      (ranges ?? []).some((each) => each.family === range.family && linesOverlap(each.line, range.line)),
    );
    return hit?.rule.name ?? null;
  };
  const byAddress = new Map<string, string | null>();
  const refused = new Map<string, NotOpened>();
  for (const destination of destinations) {
    const { address, interface: id } = destination;
    const name = byAddress.has(address) ? (byAddress.get(address) ?? null) : ruleFor(address);
    byAddress.set(address, name);
    if (name !== null)
      refused.set(destinationKey(destination), {
        what: id,
        about: [id, destination.instance],
        reason: `DestinationTranslated: the NAT rule "${name}" translates to ${address}, and security rules match the address before NAT; give its pre-NAT address in the settings`,
      });
  }
  return {
    refused: [...refused].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each),
    isRefused: (destination) => refused.has(destinationKey(destination)),
    undecided: targets.flatMap(({ rule, ranges }) => (ranges === null ? [rule.name] : [])).sort(),
  };
};
