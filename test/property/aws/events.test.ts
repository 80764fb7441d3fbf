import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { meaningOfEvent } from '../../../shared/aws/events/events.ts';
import { subjectId } from '../../../shared/domain/change.ts';
import { isNamed } from '../../../shared/domain/errors.ts';
import { origin, shapes, strangeShapes } from '../../unit/aws/event-shapes.ts';

const known: readonly unknown[] = [...Object.values(shapes), ...Object.values(strangeShapes)].map(({ event }) =>
  JSON.parse(JSON.stringify(event ?? null)),
);

/** Every place in a JSON value, as a path of keys. */
const pathsOf = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] => [
  path,
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))
    : []),
];

const replaced = (value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown => {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((inner, index) => (String(index) === key ? replaced(inner, rest, by) : inner));
  return Object.fromEntries(
    Object.entries(value as object).map(([name, inner]) => [name, name === key ? replaced(inner, rest, by) : inner]),
  );
};

/** A known event with one or two places replaced by something else. */
const damaged = fc.constantFrom(...known).chain((event) => {
  const place = fc.constantFrom(...pathsOf(event));
  const thing = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(null, '', {}, [], { items: {} }, { omitted: true }, 'i-0zz'),
  );
  return fc.tuple(place, thing).map(([path, by]) => replaced(event, path, by));
});

const meaningOrError = (event: unknown) => {
  try {
    return meaningOfEvent(event, origin);
  } catch (error) {
    assert.ok(isNamed(error, 'EventNotUnderstood', 'Misconfigured'), `raised ${String(error)}`);
    return null;
  }
};

test('whatever comes in is understood, nothing, or refused by name; never anything else', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), damaged, damaged, damaged), (event) => {
      meaningOrError(event);
    }),
    { numRuns: 3000 },
  );
});

test('a subject is never invented: each id stands in the event', () => {
  let changes = 0;
  fc.assert(
    fc.property(damaged, (event) => {
      const meaning = meaningOrError(event);
      if (meaning?.kind !== 'change') return;
      changes += 1;
      const text = JSON.stringify(event);
      for (const id of meaning.change.subjects.map(subjectId)) assert.ok(id === 'everything' || text.includes(id), id);
      assert.ok(meaning.change.subjects.length + meaning.lookUps.length > 0);
      assert.match(meaning.change.when, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }),
    { numRuns: 2000 },
  );
  assert.ok(changes > 300, `only ${changes} events were understood`);
});

test('the order of a list in an event changes nothing', () => {
  const backwards = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(backwards).toReversed();
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, backwards(inner)]));
  };
  for (const event of known) {
    const [one, other] = [meaningOrError(event), meaningOrError(backwards(event))];
    if (one?.kind === 'change')
      assert.deepEqual(other?.kind === 'change' && other.change.subjects, one.change.subjects);
    else assert.equal(other?.kind, one?.kind);
  }
});
