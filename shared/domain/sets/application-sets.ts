/**
 * A set of applications: some names, or all but some names. `any` holds applications that are named nowhere, so the
 * second kind is never empty and no list of names ever equals it.
 */
export type ApplicationSet =
  | { readonly kind: 'only'; readonly names: ReadonlySet<string> }
  | { readonly kind: 'except'; readonly names: ReadonlySet<string> };

export const everyApplication: ApplicationSet = { kind: 'except', names: new Set() };
export const noApplication: ApplicationSet = { kind: 'only', names: new Set() };

export const onlyApplications = (names: Iterable<string>): ApplicationSet => ({ kind: 'only', names: new Set(names) });

export const isNoApplication = (set: ApplicationSet): boolean => set.kind === 'only' && set.names.size === 0;

export const hasApplication = (set: ApplicationSet, name: string): boolean =>
  (set.kind === 'only') === set.names.has(name);

const namesWith = (names: ReadonlySet<string>, keep: (name: string) => boolean): ReadonlySet<string> => {
  const kept = new Set<string>();
  for (const name of names) if (keep(name)) kept.add(name);
  return kept.size === names.size ? names : kept;
};

const allNames = (a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> => {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  return new Set([...a, ...b]);
};

export const intersectApplications = (a: ApplicationSet, b: ApplicationSet): ApplicationSet => {
  if (a.kind === 'only') return { kind: 'only', names: namesWith(a.names, (name) => hasApplication(b, name)) };
  if (b.kind === 'only') return { kind: 'only', names: namesWith(b.names, (name) => hasApplication(a, name)) };
  return { kind: 'except', names: allNames(a.names, b.names) };
};

const complement = (set: ApplicationSet): ApplicationSet =>
  set.kind === 'only' ? { kind: 'except', names: set.names } : { kind: 'only', names: set.names };

export const subtractApplications = (a: ApplicationSet, b: ApplicationSet): ApplicationSet =>
  intersectApplications(a, complement(b));

export const uniteApplications = (a: ApplicationSet, b: ApplicationSet): ApplicationSet =>
  complement(intersectApplications(complement(a), complement(b)));

export const applicationsOverlap = (a: ApplicationSet, b: ApplicationSet): boolean => {
  if (a.kind === 'except') {
    if (b.kind === 'except') return true;
    for (const name of b.names) if (!a.names.has(name)) return true;
    return false;
  }
  for (const name of a.names) if (hasApplication(b, name)) return true;
  return false;
};

/** True when `outer` has every application of `inner`. */
export const applicationsCover = (outer: ApplicationSet, inner: ApplicationSet): boolean =>
  !applicationsOverlap(inner, complement(outer));

export const sameApplications = (a: ApplicationSet, b: ApplicationSet): boolean =>
  a.kind === b.kind && a.names.size === b.names.size && namesWith(a.names, (name) => b.names.has(name)) === a.names;
