import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ApplicationSet,
  applicationsCover,
  applicationsOverlap,
  everyApplication,
  hasApplication,
  intersectApplications,
  isNoApplication,
  noApplication,
  onlyApplications,
  sameApplications,
  subtractApplications,
  uniteApplications,
} from '../../../shared/domain/sets/application-sets.ts';
import { type Box, cut, joinBoxes } from '../../../shared/domain/sets/boxes.ts';
import {
  emptyLine,
  intersect,
  type Line,
  lineCovers,
  linesOverlap,
  type Point,
  sameLine,
  stretch,
  subtract,
  unite,
  uniteAll,
} from '../../../shared/domain/sets/lines.ts';

const most = 24;
const points = Array.from({ length: most }, (_, n) => n);
type Make = (n: number) => Point;

/** A line from which of the small numbers are in it. */
const lineOf = (inside: readonly boolean[], make: Make): Line => {
  const edges: Point[] = [];
  let before = false;
  for (const n of [...points, most]) {
    const now = inside[n] === true;
    if (now !== before) edges.push(make(n));
    before = now;
  }
  return edges;
};

const run = (property: (a: boolean[], b: boolean[], make: Make) => void): void => {
  const set = fc.array(fc.boolean(), { minLength: most, maxLength: most });
  const blocks = fc
    .uniqueArray(fc.nat({ max: most }), { maxLength: 4 })
    .map((edges) => points.map((n) => edges.filter((edge) => edge <= n).length % 2 === 1));
  const either = fc.oneof(set, blocks);
  const make = fc.constantFrom<Make[]>(
    (n) => n,
    (n) => BigInt(n) << 100n,
  );
  fc.assert(fc.property(either, either, make, property), { numRuns: 600 });
};

test('lines do what sets of numbers do, in numbers and in bigints', () => {
  run((a, b, make) => {
    const [left, right] = [lineOf(a, make), lineOf(b, make)];
    const expected = (keep: (inA: boolean, inB: boolean) => boolean) =>
      lineOf(
        points.map((n) => keep(a[n] === true, b[n] === true)),
        make,
      );
    assert.deepEqual(
      unite(left, right),
      expected((inA, inB) => inA || inB),
    );
    assert.deepEqual(
      intersect(left, right),
      expected((inA, inB) => inA && inB),
    );
    assert.deepEqual(
      subtract(left, right),
      expected((inA, inB) => inA && !inB),
    );
    assert.equal(
      linesOverlap(left, right),
      points.some((n) => a[n] === true && b[n] === true),
    );
    assert.equal(
      lineCovers(left, right),
      points.every((n) => b[n] !== true || a[n] === true),
    );
    assert.equal(
      sameLine(left, right),
      points.every((n) => a[n] === b[n]),
    );
    const pieces = [...points.filter((n) => a[n] === true), ...points.filter((n) => b[n] === true)];
    assert.deepEqual(uniteAll(pieces.map((n) => stretch(make(n), make(n + 1)))), unite(left, right));
    assert.deepEqual(uniteAll([left, right]), unite(left, right));
    assert.deepEqual(intersect(left, left), left);
    assert.deepEqual(subtract(left, left), []);
  });
  assert.deepEqual(stretch(3, 3), []);
  assert.deepEqual(stretch(4, 3), []);
  assert.deepEqual(uniteAll([]), []);
  assert.deepEqual(uniteAll([emptyLine]), []);
  assert.deepEqual(
    uniteAll([
      [1, 9],
      [2, 3],
      [4, 5],
    ]),
    [1, 9],
  );
});

const names = ['a', 'b', 'c'];
const universe = [...names, 'named nowhere'];
const sets: readonly ApplicationSet[] = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bits) => {
  const some = new Set(names.filter((_, at) => (bits >> at) % 2 === 1));
  return [
    { kind: 'only', names: some },
    { kind: 'except', names: some },
  ] as const;
});

test('sets of applications do what sets do, with one application that no list names', () => {
  for (const a of sets) {
    assert.equal(isNoApplication(a), !universe.some((name) => hasApplication(a, name)));
    for (const b of sets) {
      for (const name of universe) {
        const [inA, inB] = [hasApplication(a, name), hasApplication(b, name)];
        assert.equal(hasApplication(intersectApplications(a, b), name), inA && inB);
        assert.equal(hasApplication(uniteApplications(a, b), name), inA || inB);
        assert.equal(hasApplication(subtractApplications(a, b), name), inA && !inB);
      }
      const every = (holds: (inA: boolean, inB: boolean) => boolean) =>
        universe.every((name) => holds(hasApplication(a, name), hasApplication(b, name)));
      assert.equal(applicationsOverlap(a, b), !every((inA, inB) => !(inA && inB)));
      assert.equal(
        applicationsCover(a, b),
        every((inA, inB) => inA || !inB),
      );
      assert.equal(
        sameApplications(a, b),
        every((inA, inB) => inA === inB),
      );
    }
  }
  assert(sameApplications(onlyApplications([]), noApplication));
  assert(!isNoApplication(everyApplication));
});

const box = (said: Partial<Box> = {}): Box => ({
  source: [0, 10],
  destination: [0, 10],
  traffic: [0, 10],
  sourcePort: [0, 10],
  applications: everyApplication,
  ...said,
});

test('cutting a box gives what is shared, and the rest in disjoint boxes', () => {
  assert.deepEqual(cut(box(), box({ source: [20, 30] })), { taken: null, rest: [box()] });
  assert.deepEqual(cut(box(), box()), { taken: box(), rest: [] });
  const small = box({
    source: [2, 4],
    destination: [2, 4],
    traffic: [2, 4],
    sourcePort: [2, 4],
    applications: onlyApplications(['ssl']),
  });
  const { taken, rest } = cut(box(), small);
  assert.deepEqual(taken, small);
  const [two, around] = [
    [2, 4],
    [0, 2, 4, 10],
  ];
  assert.deepEqual(rest, [
    box({ source: around }),
    box({ source: two, destination: around }),
    box({ source: two, destination: two, traffic: around }),
    box({ source: two, destination: two, traffic: two, sourcePort: around }),
    box({
      source: two,
      destination: two,
      traffic: two,
      sourcePort: two,
      applications: { kind: 'except', names: new Set(['ssl']) },
    }),
  ]);
});

test('boxes that differ in one side only are joined, also step by step', () => {
  for (const side of ['source', 'destination', 'traffic', 'sourcePort'] as const) {
    assert.deepEqual(joinBoxes([box({ [side]: [0, 4] }), box({ [side]: [6, 9] })]), [box({ [side]: [0, 4, 6, 9] })]);
  }
  const ssl = box({ applications: onlyApplications(['ssl']) });
  const ssh = box({ applications: onlyApplications(['ssh']) });
  assert.deepEqual(joinBoxes([ssl, ssh]), [box({ applications: onlyApplications(['ssh', 'ssl']) })]);
  assert.deepEqual(joinBoxes([ssl, ssl]), [ssl]);
  const quarters = [
    box({ source: [0, 5], destination: [0, 5] }),
    box({ source: [5, 10], destination: [5, 10] }),
    box({ source: [0, 5], destination: [5, 10] }),
    box({ source: [5, 10], destination: [0, 5] }),
  ];
  assert.deepEqual(joinBoxes(quarters), [box()]);
  const apart = [box({ source: [0, 5], destination: [0, 5] }), box({ source: [5, 10], destination: [5, 10] })];
  assert.deepEqual(joinBoxes(apart), apart);
  assert.deepEqual(joinBoxes([]), []);
});
