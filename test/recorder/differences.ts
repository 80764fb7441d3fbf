import { aligned } from './align.ts';
import { createNames, type Names, unnamed } from './names.ts';
import type { RecordedTest } from './recording.ts';
import type { Line } from './write-recording.ts';

/** One thing that one recording says otherwise than the other. */
export interface Difference {
  /**
   * `STATE: WHAT / FIELD`, e.g. `DeriveRules: output / derived.candidates.first[]`, `TestRules: step result / judged[].verdict`,
   * `ApplyRules: table put rule / content.service[]`; of what only one of them has, `Commit: firewall op check … (added)`.
   */
  readonly where: string;
  readonly test: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What is on one side only. */
const nothing = undefined;

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The part of a line that says the most about it needs no name of its own. */
const unwrapped: Readonly<Partial<Record<Line['kind'], string>>> = {
  output: 'output',
  table: 'item',
  'step result': 'content',
};

const baseOf = ({ state, kind, name }: Line): string =>
  [`${state === '' ? 'Execution' : state}:`, kind, name === state || name === kind ? '' : name]
    .filter(Boolean)
    .join(' ');

const joined = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** The members of two objects that belong together: those of the same key, or of keys that are the same but for names. */
const members = (
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  names: Names,
): readonly (readonly [string, unknown, unknown])[] => {
  const left = new Set(Object.keys(after));
  const both: (readonly [string, unknown, unknown])[] = [];
  for (const key of Object.keys(before)) {
    const other = [...left].find((one) => unnamed(one) === unnamed(key) && names.same(key, one));
    if (other !== undefined) left.delete(other);
    both.push([unnamed(key), before[key], other === undefined ? nothing : after[other]]);
  }
  return [...both, ...[...left].map((key) => [unnamed(key), nothing, after[key]] as const)];
};

type Found = Omit<Difference, 'test' | 'where'> & { readonly path: string };

const compared = (before: unknown, after: unknown, path: string, names: Names): readonly Found[] => {
  if (typeof before === 'string' && typeof after === 'string') {
    return names.same(before, after) ? [] : [{ path, before, after }];
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    if (before.length !== after.length) return [{ path: `${path}[]`, before, after }];
    return before.flatMap((one, index) => compared(one, after[index], `${path}[]`, names));
  }
  if (isPlain(before) && isPlain(after)) {
    return members(before, after, names).flatMap(([key, one, other]) => compared(one, other, joined(path, key), names));
  }
  return Object.is(before, after) ? [] : [{ path, before, after }];
};

/** What of a line tells it from another of its kind. */
const detailOf = ({ kind, value }: Line): string => {
  if (kind !== 'firewall' || !isPlain(value)) return '';
  const { xpath, cmd } = value;
  const text = Array.isArray(cmd) ? cmd.join('') : typeof xpath === 'string' ? xpath : '';
  return unnamed(text.replaceAll(/<id>[^<]*<\/id>/g, ''));
};

const signatureOf = (line: Line): string =>
  [line.state, line.visit, line.attempt, line.kind, line.name, detailOf(line)]
    .map((part) => unnamed(String(part)))
    .join('|');

const lineDifferences = (before: Line, after: Line, names: Names): readonly Omit<Difference, 'test'>[] => {
  const outer = unwrapped[before.kind];
  return compared(before.value, after.value, '', names).map(({ path, ...rest }) => {
    const inner =
      outer !== undefined && (path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`))
        ? path.slice(outer.length).replace(/^\./, '')
        : path;
    return { where: `${baseOf(before)} / ${inner === '' ? '(whole)' : inner}`, ...rest };
  });
};

const placeOf = ({ system, execution }: Line): string => `${system} ${execution}`;

/** Every difference between two recordings of one test. */
export const differencesOf = (before: RecordedTest, after: RecordedTest): readonly Difference[] => {
  const names = createNames();
  const ofBefore = Map.groupBy(before.lines, placeOf);
  const ofAfter = Map.groupBy(after.lines, placeOf);
  const places = [...new Set([...ofBefore.keys(), ...ofAfter.keys()])];
  return places.flatMap((place) =>
    aligned(ofBefore.get(place) ?? [], ofAfter.get(place) ?? [], signatureOf).flatMap((pair) => {
      const test = before.test;
      if (pair.before !== null && pair.after !== null) {
        return lineDifferences(pair.before, pair.after, names).map((one) => ({ ...one, test }));
      }
      const line = pair.before ?? pair.after;
      if (line === null) return [];
      const what = [baseOf(line), detailOf(line), pair.before === null ? '(added)' : '(missing)'].filter(Boolean);
      return [{ where: what.join(' '), test, before: pair.before?.value, after: pair.after?.value }];
    }),
  );
};
