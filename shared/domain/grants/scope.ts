import { ByAddress } from './by-address.ts';
import { destinationKey, type GrantDestination } from './grants.ts';
import type { SeenInterface } from './seen.ts';

/** What EC2 has shown so far of interfaces, in scope or not. */
export interface Known {
  readonly interfaces: ReadonlyMap<string, SeenInterface>;
  /** Interfaces EC2 was asked for by their ids: those it does not show are gone. */
  readonly askedInterfaces: ReadonlySet<string>;
  /** Addresses whose holders EC2 was asked for. */
  readonly askedAddresses: ReadonlySet<string>;
}

/** Where the search for what belongs to a run's scope begins, and what it may come upon. */
export interface Beginning {
  /** Ids of the interfaces that the subjects name or have. */
  readonly interfaces: Iterable<string>;
  /** Destinations recorded for the subjects. */
  readonly recorded: readonly GrantDestination[];
  /** All recorded destinations, for whatever subjects. */
  readonly held: readonly GrantDestination[];
  /** The private addresses behind each address that clients use instead, both canonical: records name the latter. */
  readonly behindNat: ReadonlyMap<string, readonly string[]>;
}

/** What a run decides about, as far as it is known, and what must be read to know more. */
export interface Reach {
  /** Ids of interfaces, shown by EC2 or only recorded; counting or not. */
  readonly interfaces: ReadonlySet<string>;
  readonly recorded: readonly GrantDestination[];
  readonly toRead: { readonly interfaces: readonly string[]; readonly addresses: readonly string[] };
  /** In words: what is in scope by an address alone, since the VPC of a recorded interface is not known any more. */
  readonly byAddressAlone: readonly string[];
}

/** Whether a recorded interface is in a VPC; `unread` while EC2 could still tell, `unknown` when it cannot any more. */
const isInVpc = (recorded: GrantDestination, vpc: string, known: Known): 'yes' | 'no' | 'unread' | 'unknown' => {
  const own = recorded.vpc ?? known.interfaces.get(recorded.interface)?.vpc;
  if (own !== undefined) return own === vpc ? 'yes' : 'no';
  return known.askedInterfaces.has(recorded.interface) ? 'unknown' : 'unread';
};

/** Destinations and interfaces of which one has an address that the other has, or is recorded with. */
const meetings = ({ held, behindNat }: Beginning, known: Known) => {
  const addressesOf = ({ address }: GrantDestination): readonly string[] => [
    address,
    ...(behindNat.get(address) ?? []),
  ];
  const recordedAt = new ByAddress<GrantDestination>();
  for (const each of held) for (const address of addressesOf(each)) recordedAt.add(address, each);
  const shownAt = new ByAddress<SeenInterface>();
  for (const each of known.interfaces.values()) for (const address of each.addresses) shownAt.add(address, each);
  return {
    recordedFor: ({ id, addresses }: SeenInterface): readonly GrantDestination[] =>
      addresses.flatMap((address) => recordedAt.overlapping(address)).filter((each) => each.interface !== id),
    shownFor: (destination: GrantDestination): readonly SeenInterface[] =>
      addressesOf(destination)
        .flatMap((address) => shownAt.overlapping(address))
        .filter(({ id }) => id !== destination.interface),
    /** The recorded address, unless its interface has it still. */
    leftBy: (destination: GrantDestination): readonly string[] => {
      const addresses = addressesOf(destination);
      const shown = known.interfaces.get(destination.interface);
      return addresses.some((address) => shown?.addresses.includes(address)) ? [] : addresses;
    },
  };
};

/**
 * What belongs to a run's scope: the interfaces it begins with; what is recorded for them; every recorded destination whose
 * address one of them has now, and every interface that has now an address recorded for one of them, in the same VPC; until
 * nothing more comes in. A record that is found by an address brings in the interface of that destination, not the others of
 * its rule. Where the VPC of a recorded interface cannot be known any more, the address alone decides. To be asked again
 * with what is to be read, until that is nothing: nothing is to be read twice, so there is an end.
 */
export const reachOf = (from: Beginning, known: Known): Reach => {
  const heldOf = Map.groupBy(from.held, (each) => each.interface);
  const { recordedFor, shownFor, leftBy } = meetings(from, known);
  const interfaces = new Set<string>();
  const recorded = new Map<string, GrantDestination>();
  const unread = new Set<string>();
  const alone = new Set<string>();
  const waiting = [...from.interfaces];
  /** Whether two that share an address belong together; where only EC2 can tell, the recorded interface is to be read. */
  const belong = (destination: GrantDestination, shown: SeenInterface): boolean => {
    const answer = isInVpc(destination, shown.vpc, known);
    if (answer === 'unread') unread.add(destination.interface);
    if (answer === 'unknown')
      alone.add(
        `${destination.address} of ${destination.interface}, now of ${shown.id}: by the address alone, since EC2 does not show any more in which VPC it was`,
      );
    return answer === 'yes' || answer === 'unknown';
  };
  const take = (destination: GrantDestination): void => {
    if (recorded.has(destinationKey(destination))) return;
    recorded.set(destinationKey(destination), destination);
    waiting.push(destination.interface);
    for (const shown of shownFor(destination)) if (belong(destination, shown)) waiting.push(shown.id);
  };
  from.recorded.forEach(take);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (interfaces.has(id)) continue;
    interfaces.add(id);
    heldOf.get(id)?.forEach(take);
    const shown = known.interfaces.get(id);
    if (shown === undefined) {
      if (!known.askedInterfaces.has(id)) unread.add(id);
    } else for (const each of recordedFor(shown)) if (belong(each, shown)) take(each);
  }
  const left = new Set([...recorded.values()].flatMap(leftBy));
  return {
    interfaces,
    recorded: [...recorded.values()],
    toRead: {
      interfaces: [...unread].sort(),
      addresses: [...left].filter((address) => !known.askedAddresses.has(address)).sort(),
    },
    byAddressAlone: [...alone].sort(),
  };
};
