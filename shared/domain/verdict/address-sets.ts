import { type AddressEntry, type Found, findAddress, type GroupPlace, isOnCycle } from '../policy/object-look-up.ts';
import type { AddressObject, ObjectScope } from '../policy/policy.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { rangeOfCidr, rangeOfEnds, wholeFamily } from '../sets/addresses.ts';
import { type Estimate, known } from '../sets/estimates.ts';
import { emptyLine, intersect, type Line, stretch, subtract, unite, uniteAll } from '../sets/lines.ts';

/** Addresses of both families. */
export type AddressSet = Readonly<Record<AddressFamily, Line>>;

export const everyAddress: AddressSet = wholeFamily;
export const noAddress: AddressSet = { 4: emptyLine, 6: emptyLine };

const unknown = (why: string): Estimate<AddressSet> => ({ sure: noAddress, maybe: everyAddress, doubts: [why] });

const ofFamily = (family: AddressFamily, line: Line): AddressSet =>
  family === 4 ? { 4: line, 6: emptyLine } : { 4: emptyLine, 6: line };

/** More scattered stretches than this are not written out; what such a wildcard matches counts as unknown. */
const mostStretches = 4096;

const dotted = (text: string): number | null => {
  const range = text.includes('/') ? null : rangeOfCidr(text);
  return range?.family === 4 ? Number(range.line[0]) : null;
};

/**
 * `10.20.0.1/0.0.248.255`: bits that are 0 in the mask must be as in the address, the others do not matter
 * (documented for IP wildcard masks). Null when the text is no wildcard or scatters too widely.
 */
export const wildcardLine = (text: string): Line | null => {
  const [address, mask, more] = text.split('/');
  if (address === undefined || mask === undefined || more !== undefined) return null;
  const base = dotted(address);
  const free = dotted(mask);
  if (base === null || free === null) return null;
  let length = 1;
  while (length <= free && Math.floor(free / length) % 2 === 1) length *= 2;
  let starts: readonly number[] = [0];
  for (let bit = 2 ** 31; bit >= 1; bit /= 2) {
    const isFree = Math.floor(free / bit) % 2 === 1;
    const isSet = Math.floor(base / bit) % 2 === 1;
    if (bit < length) break;
    if (isFree) starts = starts.flatMap((start) => [start, start + bit]);
    else if (isSet) starts = starts.map((start) => start + bit);
    if (starts.length > mostStretches) return null;
  }
  return uniteAll(starts.map((start) => stretch(start, start + length)));
};

const literal = (text: string): AddressSet | null => {
  const range = rangeOfCidr(text) ?? rangeOfEnds(text);
  return range === null ? null : ofFamily(range.family, range.line);
};

const objectAddresses = (name: string, object: AddressObject): Estimate<AddressSet> => {
  const malformed = () => unknown(`address object "${name}" (${object.value})`);
  switch (object.kind) {
    case 'ip-netmask': {
      const range = rangeOfCidr(object.value);
      return range === null ? malformed() : known(ofFamily(range.family, range.line));
    }
    case 'ip-range': {
      const range = rangeOfEnds(object.value);
      return range === null ? malformed() : known(ofFamily(range.family, range.line));
    }
    case 'ip-wildcard': {
      const line = wildcardLine(object.value);
      return line === null ? malformed() : known(ofFamily(4, line));
    }
    case 'fqdn':
      return unknown(`FQDN object "${name}"`);
  }
};

export const uniteAddresses = (fields: readonly Estimate<AddressSet>[]): Estimate<AddressSet> => {
  const all = (side: 'sure' | 'maybe', family: AddressFamily) => uniteAll(fields.map((field) => field[side][family]));
  const doubts = [...new Set(fields.flatMap((field) => field.doubts))];
  const sure = { 4: all('sure', 4), 6: all('sure', 6) };
  return { sure, maybe: doubts.length === 0 ? sure : { 4: all('maybe', 4), 6: all('maybe', 6) }, doubts };
};

/** Under negation what is sure and what is possible change places: one unknown member leaves nothing sure. */
export const negateAddresses = (field: Estimate<AddressSet>): Estimate<AddressSet> => {
  const outside = (set: AddressSet): AddressSet => ({
    4: subtract(wholeFamily[4], set[4]),
    6: subtract(wholeFamily[6], set[6]),
  });
  return { sure: outside(field.maybe), maybe: outside(field.sure), doubts: field.doubts };
};

/** Both readings are possible: sure is what they share, possible is what either has. */
const eitherOf = (a: Estimate<AddressSet>, b: Estimate<AddressSet>, doubt: string): Estimate<AddressSet> => ({
  sure: { 4: intersect(a.sure[4], b.sure[4]), 6: intersect(a.sure[6], b.sure[6]) },
  maybe: { 4: unite(a.maybe[4], b.maybe[4]), 6: unite(a.maybe[6], b.maybe[6]) },
  doubts: [...new Set([...a.doubts, ...b.doubts, doubt])],
});

/** What the source or destination column of a rule matches, by its members and whether it is negated. */
export type AddressesOf = (members: readonly string[], negated: boolean) => Estimate<AddressSet>;

/** Reads address columns against the objects of one policy; every name is resolved once. */
export const addressReader = (scopes: readonly ObjectScope[]): AddressesOf => {
  const resolved = new Map<string, Estimate<AddressSet>>();
  const columns = new Map<string, Estimate<AddressSet>>();

  const groupsInside = ({ name, from }: GroupPlace): readonly GroupPlace[] => {
    const found = findAddress(scopes, name, from);
    if (found?.entry.kind !== 'group' || found.entry.group.kind !== 'static') return [];
    const { scope } = found;
    return found.entry.group.members.flatMap((member) =>
      [...new Set([0, scope])]
        .filter((place) => findAddress(scopes, member, place)?.entry.kind === 'group')
        .map((place) => ({ name: member, from: place })),
    );
  };

  const ofEntry = (name: string, from: number, { scope, entry }: Found<AddressEntry>): Estimate<AddressSet> => {
    switch (entry.kind) {
      case 'object':
        return objectAddresses(name, entry.object);
      case 'group':
        if (entry.group.kind === 'dynamic') return unknown(`dynamic address group "${name}"`);
        // Read as empty, it would be everything under negation.
        if (entry.group.kind === 'unknown' || entry.group.members.length === 0)
          return unknown(`address group "${name}" has no members and no filter`);
        if (isOnCycle({ name, from }, groupsInside)) return unknown(`address group "${name}" contains itself`);
        return uniteAddresses(entry.group.members.map((member) => memberOfGroup(member, scope)));
      case 'external-list':
        return unknown(`external list "${name}"`);
      case 'region':
        return unknown(`region "${name}"`);
      case 'ambiguous':
        return unknown(`"${name}" is the name of several objects`);
    }
  };

  /**
   * INFERRED either way: whether a member of a shared or pushed group is looked up from the vsys on, as in a rule, or
   * from the group's own scope on. Where the two differ, only what both say is sure.
   */
  const memberOfGroup = (member: string, scope: number): Estimate<AddressSet> => {
    const asInRule = resolve(member, 0);
    const there = findAddress(scopes, member, scope);
    const here = findAddress(scopes, member, 0);
    if (there?.scope === here?.scope) return asInRule;
    return eitherOf(asInRule, resolve(member, scope), `"${member}" means different objects in different scopes`);
  };

  const resolve = (name: string, from: number): Estimate<AddressSet> => {
    const key = `${from} ${name}`;
    const before = resolved.get(key);
    if (before !== undefined) return before;
    const found = findAddress(scopes, name, from);
    const plain = found === null ? literal(name) : null;
    const addresses =
      found !== null
        ? ofEntry(name, from, found)
        : plain !== null
          ? known(plain)
          : unknown(`"${name}" is neither an address nor defined`);
    resolved.set(key, addresses);
    return addresses;
  };

  return (members, negated) => {
    const key = `${negated} ${members.join('\n')}`;
    const before = columns.get(key);
    if (before !== undefined) return before;
    const field = members.includes('any')
      ? known(everyAddress)
      : members.length === 0
        ? unknown('no address is given')
        : uniteAddresses(members.map((member) => resolve(member, 0)));
    const column = negated ? negateAddresses(field) : field;
    columns.set(key, column);
    return column;
  };
};
