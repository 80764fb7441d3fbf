/**
 * Exact sets of whole numbers on a line, as the sorted points where membership changes: `[a, b, c, d]` is a to b and
 * c to d, each without its end. Half-open, so that every operation only compares and copies points: nothing is added
 * or rounded, which keeps IPv4 and ports in plain numbers and IPv6 in bigints under one piece of code, and the cost
 * grows with the number of edges, never with the number of addresses.
 */
export type Point = number | bigint;
export type Line = readonly Point[];

export const emptyLine: Line = [];

/** The line from `start` to `end`, `end` excluded. */
export const stretch = (start: Point, end: Point): Line => (start < end ? [start, end] : emptyLine);

export const isEmptyLine = (line: Line): boolean => line.length === 0;

/** Walks the edges of both lines in order and keeps those where `keep` changes. */
const combine = (a: Line, b: Line, keep: (inA: boolean, inB: boolean) => boolean): Line => {
  const points: Point[] = [];
  let i = 0;
  let j = 0;
  let inside = false;
  while (true) {
    const nextA = a[i];
    const nextB = b[j];
    if (nextA === undefined && nextB === undefined) return points;
    const point = nextB === undefined || (nextA !== undefined && nextA <= nextB) ? nextA : nextB;
    if (point === undefined) return points;
    if (nextA === point) i += 1;
    if (nextB === point) j += 1;
    const now = keep(i % 2 === 1, j % 2 === 1);
    if (now !== inside) points.push(point);
    inside = now;
  }
};

export const unite = (a: Line, b: Line): Line => {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return combine(a, b, (inA, inB) => inA || inB);
};

/** How many edges of the line stand at or before the point: odd means the point is inside. */
const edgesUpTo = (line: Line, point: Point): number => {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const edge = line[middle];
    if (edge !== undefined && edge <= point) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The place of the stretch that holds the point, or else of the next one. */
const evenEdgesUpTo = (line: Line, point: Point): number => {
  const edges = edgesUpTo(line, point);
  return edges - (edges % 2);
};

/** Only the part of the line near `other` can matter to what the two have in common. */
const near = (line: Line, other: Line): Line => {
  const first = other[0];
  const last = other[other.length - 1];
  if (first === undefined || last === undefined || line.length <= 8) return line;
  const from = edgesUpTo(line, first);
  const to = edgesUpTo(line, last);
  return line.slice(from - (from % 2), to + (to % 2));
};

/** True when the line is one stretch around all of `inner`, which must not be empty. A short cut, no more. */
const surrounds = (line: Line, inner: Line): boolean => {
  const [start, end] = line;
  const first = inner[0];
  const last = inner[inner.length - 1];
  if (line.length !== 2 || start === undefined || end === undefined) return false;
  return first !== undefined && last !== undefined && start <= first && last <= end;
};

export const intersect = (a: Line, b: Line): Line => {
  if (a.length === 0 || b.length === 0) return emptyLine;
  if (a === b || surrounds(b, a)) return a;
  if (surrounds(a, b)) return b;
  return combine(near(a, b), near(b, a), (inA, inB) => inA && inB);
};

export const subtract = (a: Line, b: Line): Line => {
  if (a.length === 0 || b.length === 0) return a;
  if (a === b || surrounds(b, a)) return emptyLine;
  const [first] = b;
  const last = b[b.length - 1];
  if (first === undefined || last === undefined) return a;
  // What lies outside the edges of `b` stays as it is, and copying is much cheaper than comparing.
  const from = edgesUpTo(a, first);
  const to = edgesUpTo(a, last);
  const start = from - (from % 2);
  const end = to + (to % 2);
  const between = combine(a.slice(start, end), near(b, a), (inA, inB) => inA && !inB);
  return a.slice(0, start).concat(between, a.slice(end));
};

/** True when the line has a point from `start` to `end`, `end` excluded. */
const touches = (line: Line, start: Point, end: Point): boolean => {
  const at = edgesUpTo(line, start);
  const next = line[at];
  return at % 2 === 1 || (next !== undefined && next < end);
};

export const linesOverlap = (a: Line, b: Line): boolean => {
  if (a.length === 0 || b.length === 0) return false;
  if (a.length === 2) return touches(b, a[0] as Point, a[1] as Point);
  if (b.length === 2) return touches(a, b[0] as Point, b[1] as Point);
  let i = evenEdgesUpTo(a, b[0] as Point);
  let j = evenEdgesUpTo(b, a[0] as Point);
  while (i < a.length && j < b.length) {
    const startA = a[i] as Point;
    const endA = a[i + 1] as Point;
    const startB = b[j] as Point;
    const endB = b[j + 1] as Point;
    if (startA < endB && startB < endA) return true;
    if (endA <= endB) i += 2;
    else j += 2;
  }
  return false;
};

/** True when `outer` has every point of `inner`. */
export const lineCovers = (outer: Line, inner: Line): boolean => {
  for (let j = 0; j < inner.length; j += 2) {
    const at = edgesUpTo(outer, inner[j] as Point);
    const end = outer[at] as Point;
    const wanted = inner[j + 1] as Point;
    if (at % 2 === 0 || end < wanted) return false;
  }
  return true;
};

export const sameLine = (a: Line, b: Line): boolean =>
  a === b || (a.length === b.length && a.every((point, at) => point === b[at]));

/** The union of many stretches, in one sort. */
export const uniteAll = (lines: readonly Line[]): Line => {
  if (lines.length === 1) return lines[0] ?? emptyLine;
  const stretches: [Point, Point][] = [];
  for (const line of lines) {
    for (let at = 0; at < line.length; at += 2) stretches.push([line[at] as Point, line[at + 1] as Point]);
  }
  stretches.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const points: Point[] = [];
  let end: Point | null = null;
  for (const [from, to] of stretches) {
    if (end === null) {
      points.push(from);
      end = to;
    } else if (from <= end) {
      if (to > end) end = to;
    } else {
      points.push(end, from);
      end = to;
    }
  }
  if (end !== null) points.push(end);
  return points;
};
