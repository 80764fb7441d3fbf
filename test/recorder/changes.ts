import { z } from 'zod';
import type { Difference } from './differences.ts';
import type { RecordedTest } from './recording.ts';
import type { Line } from './write-recording.ts';

/** A field of something, or something as a whole that was added or is missing; never a state or a test alone. */
const precise = /^\w+: \S.*(?: \/ \S.*| \((?:added|missing)\))$/;

/** What differs between two recordings on purpose. */
export const Changes = z.strictObject({
  /** Renamed: a field's name, or a word in a text, a state's or a step's name. */
  words: z.array(
    z.strictObject({
      of: z.enum(['field', 'text']),
      before: z.string().min(1),
      after: z.string().min(1),
      why: z.string().min(10),
    }),
  ),
  differences: z.array(
    z.strictObject({
      /** As the comparison prints it; what is below it is meant as well. */
      where: z
        .string()
        .regex(precise, 'names a state, what of it, and a field: DeriveRules: output / derived.candidates'),
      why: z.string().min(10),
    }),
  ),
});
export type Changes = z.infer<typeof Changes>;
type Word = Changes['words'][number];

export const noChanges: Changes = { words: [], differences: [] };

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The list in use: what it renames and covers, and which entries nothing needed. */
export const changesInUse = (changes: Changes) => {
  const used = new Set<unknown>();
  const wordsOf = (of: Word['of']) =>
    changes.words
      .filter((word) => word.of === of)
      .map((word) => ({ word, pattern: new RegExp(`(?<![\\w-])${escaped(word.before)}(?![\\w-])`, 'g') }));
  const fields = wordsOf('field');
  const texts = wordsOf('text');
  const replaced = (text: string, words: typeof texts): string =>
    words.reduce(
      (from, { word, pattern }) =>
        from.replace(pattern, () => {
          used.add(word);
          return word.after;
        }),
      text,
    );
  const renamed = (value: unknown): unknown => {
    if (typeof value === 'string') return replaced(value, texts);
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [replaced(key, fields), renamed(one)]));
  };
  const line = (one: Line): Line => ({
    ...one,
    state: replaced(one.state, texts),
    name: replaced(one.name, texts),
    value: renamed(one.value),
  });
  return {
    /** The test of before in the words of after. */
    renamed: ({ test, lines }: RecordedTest): RecordedTest =>
      changes.words.length === 0 ? { test, lines } : { test, lines: lines.map(line) },
    /** Whether a difference is meant. */
    covers: ({ where }: Difference): boolean => {
      const entry = changes.differences.find(
        (one) => where === one.where || where.startsWith(`${one.where}.`) || where.startsWith(`${one.where}[`),
      );
      if (entry !== undefined) used.add(entry);
      return entry !== undefined;
    },
    unused: (): readonly string[] => [
      ...changes.words.filter((word) => !used.has(word)).map(({ before, after }) => `${before} → ${after}`),
      ...changes.differences.filter((entry) => !used.has(entry)).map(({ where }) => where),
    ],
  };
};
