/** One value that the two do not show alike; null where one of them does not have it. */
export interface Difference {
  /** The read and the way to the value: `interfaces/eni-web-0/groups`. */
  readonly path: string;
  readonly moto: string | null;
  readonly ours: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** What a thing in a list is known by: its id, or the destination of a route. */
const labelOf = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null) return null;
  const { id, destination } = value as Fields;
  const label = id ?? (destination as Fields | undefined)?.['value'];
  return typeof label === 'string' ? label : null;
};

/** Every value under its path; a list of things that are known by something is a record of them, any other list one value. */
const flat = (value: unknown, path: string, into: Map<string, string>): Map<string, string> => {
  if (Array.isArray(value) && value.length > 0 && value.every((one) => labelOf(one) !== null)) {
    for (const one of value) flat(one, `${path}/${labelOf(one)}`, into);
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [name, one] of Object.entries(value)) flat(one, `${path}/${name}`, into);
  } else if (!Array.isArray(value) || value.length > 0) into.set(path, JSON.stringify(value));
  return into;
};

/** What differs, in the order of the paths. */
export const differencesOf = (
  moto: Readonly<Record<string, unknown>>,
  ours: Readonly<Record<string, unknown>>,
): readonly Difference[] => {
  const theirs = flat(moto, '', new Map());
  const mine = flat(ours, '', new Map());
  return [...new Set([...theirs.keys(), ...mine.keys()])]
    .filter((path) => theirs.get(path) !== mine.get(path))
    .sort()
    .map((path) => ({ path: path.slice(1), moto: theirs.get(path) ?? null, ours: mine.get(path) ?? null }));
};
