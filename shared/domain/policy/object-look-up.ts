import type { AddressGroup, AddressObject, Application, ObjectScope, Policy, ServiceObject } from './policy.ts';

/** What a name in a rule stands for. `ambiguous`: several things of one scope have it, and which wins is not known. */
export type AddressEntry =
  | { readonly kind: 'object'; readonly object: AddressObject }
  | { readonly kind: 'group'; readonly group: AddressGroup }
  | { readonly kind: 'external-list' }
  | { readonly kind: 'region' }
  | { readonly kind: 'ambiguous' };

export type ServiceEntry =
  | { readonly kind: 'object'; readonly object: ServiceObject }
  | { readonly kind: 'group'; readonly members: readonly string[] }
  | { readonly kind: 'ambiguous' };

export type ApplicationEntry =
  | { readonly kind: 'application'; readonly application: Application }
  /** A group, or a container whose members are known. */
  | { readonly kind: 'group'; readonly members: readonly string[] }
  | { readonly kind: 'filter' }
  | { readonly kind: 'ambiguous' };

/** An entry and the place of its scope in the look-up order. */
export interface Found<Entry> {
  readonly scope: number;
  readonly entry: Entry;
}

export const scopesInOrder = (policy: Policy): readonly ObjectScope[] => [
  policy.scopes.vsys,
  policy.scopes.shared,
  policy.scopes.pushed,
  policy.scopes.predefined,
];

const firstFound = <Entry>(
  scopes: readonly ObjectScope[],
  from: number,
  entriesIn: (scope: ObjectScope) => readonly Entry[],
  ambiguous: Entry,
): Found<Entry> | null => {
  for (const [index, scope] of scopes.entries()) {
    if (index < from) continue;
    const [entry, more] = entriesIn(scope);
    if (entry !== undefined) return { scope: index, entry: more === undefined ? entry : ambiguous };
  }
  return null;
};

/**
 * INFERRED: predefined regions carry two-letter country codes. While those of the device have not been read, a name like
 * `DE` counts as one: a region wins over an object of its name, and what it contains is not known.
 */
const mayBePredefinedRegion = (scopes: readonly ObjectScope[], name: string): boolean =>
  /^[A-Z]{2}$/.test(name) && scopes[scopes.length - 1]?.regions.size === 0;

/**
 * The object, group, list or region of that name, looked up from the scope at `from` on: vsys, shared, pushed,
 * predefined. A region wins over an address object of its name wherever either stands (observed on devices as a
 * commit warning). Null when there is none: the member may then be a literal.
 */
export const findAddress = (scopes: readonly ObjectScope[], name: string, from: number): Found<AddressEntry> | null => {
  const region = scopes.findIndex((scope) => scope.regions.has(name));
  if (region !== -1) return { scope: region, entry: { kind: 'region' } };
  if (mayBePredefinedRegion(scopes, name)) return { scope: scopes.length - 1, entry: { kind: 'region' } };
  return firstFound<AddressEntry>(
    scopes,
    from,
    (scope) => {
      const object = scope.addresses.get(name);
      const group = scope.addressGroups.get(name);
      return [
        ...(object === undefined ? [] : [{ kind: 'object', object } as const]),
        ...(group === undefined ? [] : [{ kind: 'group', group } as const]),
        ...(scope.externalLists.has(name) ? [{ kind: 'external-list' } as const] : []),
      ];
    },
    { kind: 'ambiguous' },
  );
};

/** The service or service group of that name; the administrator's own wins over a predefined one. */
export const findService = (scopes: readonly ObjectScope[], name: string, from: number): Found<ServiceEntry> | null =>
  firstFound<ServiceEntry>(
    scopes,
    from,
    (scope) => {
      const object = scope.services.get(name);
      const members = scope.serviceGroups.get(name);
      return [
        ...(object === undefined ? [] : [{ kind: 'object', object } as const]),
        ...(members === undefined ? [] : [{ kind: 'group', members } as const]),
      ];
    },
    { kind: 'ambiguous' },
  );

/** The application, application group, container or filter of that name. */
export const findApplication = (
  scopes: readonly ObjectScope[],
  name: string,
  from: number,
): Found<ApplicationEntry> | null =>
  firstFound<ApplicationEntry>(
    scopes,
    from,
    (scope) => {
      const application = scope.applications.get(name);
      const group = scope.applicationGroups.get(name);
      const container = scope.applicationContainers.get(name);
      return [
        ...(application === undefined ? [] : [{ kind: 'application', application } as const]),
        ...(group === undefined ? [] : [{ kind: 'group', members: group } as const]),
        ...(container === undefined ? [] : [{ kind: 'group', members: container } as const]),
        ...(scope.applicationFilters.has(name) ? [{ kind: 'filter' } as const] : []),
      ];
    },
    { kind: 'ambiguous' },
  );

/** One group, by name and the scope it is looked up from. */
export interface GroupPlace {
  readonly name: string;
  readonly from: number;
}

/**
 * True when following the group's members leads back to it. The firewall would refuse such a group; what it would
 * match is not known, so every group on a cycle counts as unknown, whichever of them is asked about first.
 */
export const isOnCycle = (start: GroupPlace, groupsInside: (place: GroupPlace) => readonly GroupPlace[]): boolean => {
  const key = (place: GroupPlace): string => `${place.from} ${place.name}`;
  const seen = new Set<string>();
  const open = [...groupsInside(start)];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (key(place) === key(start)) return true;
    if (seen.has(key(place))) continue;
    seen.add(key(place));
    open.push(...groupsInside(place));
  }
  return false;
};
