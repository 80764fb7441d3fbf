import type { AnnouncedFact } from '../announced-facts.ts';
import type { SeenInterface, SeenRoute } from './seen.ts';
import type { Observed } from './sighted.ts';
import { contentOf, factSays, permissionKey, type Statement } from './statements.ts';

type FactOf<Kind extends AnnouncedFact['kind']> = Extract<AnnouncedFact, { readonly kind: Kind }>;

const sameMembers = (one: readonly string[], other: readonly string[]): boolean =>
  one.toSorted().join() === other.toSorted().join();

/**
 * Whether an interface lets anything in as it is shown. One that is attached to nothing does not: what was announced of it
 * matters when it is attached again, which is a call of its own, and changes of it meanwhile are changes of nothing.
 */
const letsIn = ({ instance, requester, type }: SeenInterface): boolean =>
  instance !== null || requester !== null || type !== 'interface';

/** The interface whose groups are meant; null where EC2 knows none, or (of an instance) not exactly one: then nothing can be told. */
const carrierOf = ({ of }: FactOf<'groups'>, observed: Observed): SeenInterface | null => {
  if (of.startsWith('eni-')) return observed.interfaces.find(({ id }) => id === of) ?? null;
  const [only, ...others] = observed.instances.find(({ id }) => id === of)?.interfaces ?? [];
  return only === undefined || others.length > 0 ? null : only;
};

const groupsLag = (fact: FactOf<'groups'>, observed: Observed): string | null => {
  const carrier = carrierOf(fact, observed);
  if (carrier === null || !letsIn(carrier) || sameMembers(carrier.groups, fact.groups)) return null;
  return `${fact.of} was given the groups ${fact.groups.join(', ')}, EC2 shows ${carrier.groups.join(', ') || 'none'}`;
};

/** The call for an instance and the one for its interface change the same groups, so either settles the other. */
const groupsSay = (fact: FactOf<'groups'>, observed: Observed, holders: readonly string[]): readonly Statement[] => {
  const carrier = carrierOf(fact, observed);
  const named = [carrier?.id, carrier?.instance, ...holders].filter((of) => of !== undefined && of !== null);
  return [...new Set(named)].flatMap((of) => factSays({ ...fact, of }));
};

const addressLag = ({ interface: id, address, held }: FactOf<'address'>, { interfaces }: Observed): string | null => {
  const shown = interfaces.find((each) => each.id === id);
  if (shown === undefined || !letsIn(shown) || shown.addresses.includes(address) === held) return null;
  return held
    ? `${address} was assigned to ${id}, EC2 does not show it there`
    : `${address} was taken from ${id}, EC2 still shows it there`;
};

const attachedLag = (fact: FactOf<'attached'>, { interfaces, instances }: Observed): string | null => {
  if (interfaces.find(({ id }) => id === fact.interface)?.instance === fact.instance) return null;
  const state = instances.find(({ id }) => id === fact.instance)?.state ?? null;
  // A terminated instance has let go of its interfaces; one that EC2 does not know is announced by its state, if at all.
  if (state === null || state === 'shutting-down' || state === 'terminated') return null;
  return `${fact.interface} was attached to ${fact.instance}, EC2 does not show it there`;
};

const ruleLag = ({ id, permission }: FactOf<'rule'>, { rules }: Observed): string | null => {
  const shown = rules.find((rule) => rule.id === id);
  // One that is not there was revoked since, or is an egress rule: the record does not tell which.
  if (shown === undefined) return null;
  const has = permissionKey(contentOf(shown));
  const wanted = permissionKey(permission);
  return has === wanted ? null : `${id} was changed to ${wanted}, EC2 still shows ${has}`;
};

const prefixListLag = (
  { id, version, added, removed }: FactOf<'prefix list'>,
  { prefixLists }: Observed,
): string | null => {
  const shown = prefixLists.find((list) => list.id === id);
  if (shown === undefined) return null;
  if (shown.state.endsWith('-in-progress')) return `${id} was changed, EC2 shows it ${shown.state}`;
  if (version !== null && shown.version !== null && shown.version !== version)
    return shown.version > version
      ? null
      : `${id} was changed to version ${version}, EC2 shows version ${shown.version} (${shown.state})`;
  const missing = added.find((entry) => !shown.entries.includes(entry));
  if (missing !== undefined) return `${missing} was added to ${id}, EC2 does not show it`;
  const lingering = removed.find((entry) => shown.entries.includes(entry) && !added.includes(entry));
  return lingering === undefined ? null : `${lingering} was removed from ${id}, EC2 still shows it`;
};

/** The route of a range of the VPC itself, which comes with the range. */
const isLocal = ({ targets }: SeenRoute): boolean => targets.includes('local');

const routeLag = ({ table, destination, target }: FactOf<'route'>, { routeTables }: Observed): string | null => {
  const shown = routeTables.find(({ id }) => id === table);
  const written = shown?.routes.filter((each) => !each.propagated && each.destination.value === destination) ?? [];
  const [route] = written;
  if (target === null)
    return written.every(isLocal) ? null : `the route of ${table} to ${destination} was deleted, EC2 still shows it`;
  return route?.targets.includes(target) === true
    ? null
    : `${table} was given a route to ${destination} by ${target}, EC2 does not show it`;
};

const associationLag = ({ id, table }: FactOf<'association'>, { associations }: Observed): string | null => {
  const shown = associations.find((each) => each.id === id);
  if (table === null) return shown === undefined ? null : `${id} of ${shown.table} was ended, EC2 still shows it`;
  return shown?.table === table ? null : `${id} of ${table} was made, EC2 does not show it`;
};

const rangeLag = ({ association, there }: FactOf<'range'>, { ranges }: Observed): string | null => {
  const state = ranges.find((each) => each.association === association)?.state ?? 'unknown';
  if (there)
    return /^(associated|fail)/.test(state) ? null : `the range ${association} was associated, EC2 shows it ${state}`;
  return state.startsWith('associat') ? `the range ${association} was given up, EC2 shows it ${state}` : null;
};

const propagationLag = ({ table, gateway, on }: FactOf<'propagation'>, { routeTables }: Observed): string | null => {
  const shown = routeTables.find(({ id }) => id === table);
  if (shown === undefined || shown.propagating.includes(gateway) === on) return null;
  return `${table} was told ${on ? 'to learn' : 'to learn no more'} routes of ${gateway}, EC2 does not show it`;
};

const routesToLag = ({ target, tables, there }: FactOf<'routes to'>, { routeTables }: Observed): string | null => {
  const meant = routeTables.filter(({ id }) => tables === null || tables.includes(id));
  const leads = meant.filter(({ routes }) =>
    routes.some((route) => route.targets.includes(target) && (there || route.state === 'active')),
  );
  if (!there)
    return leads[0] === undefined ? null : `routes to ${target} were to go, EC2 still shows one in ${leads[0].id}`;
  const without = meant.find((table) => !leads.includes(table));
  return without === undefined ? null : `${without.id} was given a route to ${target}, EC2 does not show it`;
};

const lagText = (fact: AnnouncedFact, observed: Observed): string | null => {
  switch (fact.kind) {
    case 'groups':
      return groupsLag(fact, observed);
    case 'address':
      return addressLag(fact, observed);
    case 'attached':
      return attachedLag(fact, observed);
    case 'detached':
      return observed.attachments.includes(fact.attachment)
        ? `${fact.attachment} was detached, EC2 still shows it attached`
        : null;
    case 'interface':
      if (observed.interfaces.some(({ id }) => id === fact.id) === fact.there) return null;
      return fact.there ? `${fact.id} was created, EC2 does not show it` : `${fact.id} was deleted, EC2 still shows it`;
    case 'rule':
      return ruleLag(fact, observed);
    case 'group deleted':
      return observed.groups.includes(fact.id) ? `${fact.id} was deleted, EC2 still shows it` : null;
    case 'prefix list':
      return prefixListLag(fact, observed);
    case 'route':
      return routeLag(fact, observed);
    case 'association':
      return associationLag(fact, observed);
    case 'range':
      return rangeLag(fact, observed);
    case 'propagation':
      return propagationLag(fact, observed);
    case 'routes to':
      return routesToLag(fact, observed);
  }
};

/**
 * How EC2 does not show a fact yet; null when it shows it, or something that only a newer event brings about. `holders`: the
 * instances that the event is about, which may have let go of the interface since.
 */
export const factLag = (
  fact: AnnouncedFact,
  observed: Observed,
  holders: readonly string[],
): { readonly text: string; readonly statements: readonly Statement[] } | null => {
  const text = lagText(fact, observed);
  if (text === null) return null;
  return { text, statements: fact.kind === 'groups' ? groupsSay(fact, observed, holders) : factSays(fact) };
};
