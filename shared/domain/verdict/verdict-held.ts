import { type Box, cut } from '../sets/boxes.ts';
import { intersect, isEmptyLine, type Line, uniteAll } from '../sets/lines.ts';

/** An owned rule that stands for some pairs of source and destination of a candidate already, by their places in it. */
export interface Holder {
  readonly name: string;
  readonly sources: readonly boolean[];
  readonly destinations: readonly boolean[];
}

export const isHeld = (holders: readonly Holder[], source: number, destination: number): boolean =>
  holders.some((holder) => holder.sources[source] === true && holder.destinations[destination] === true);

/** What remains of the boxes outside the others. */
const outside = (boxes: readonly Box[], others: readonly Box[]): readonly Box[] => {
  let left = boxes;
  for (const other of others) left = left.flatMap((box) => cut(box, other).rest);
  return left;
};

const between = (boxes: readonly Box[], source: Line, destination: Line): readonly Box[] =>
  boxes.flatMap((box) => {
    const from = intersect(box.source, source);
    const to = intersect(box.destination, destination);
    return isEmptyLine(from) || isEmptyLine(to) ? [] : [{ ...box, source: from, destination: to }];
  });

const chosen = (lines: readonly (Line | null)[], choose: (place: number) => boolean): Line =>
  uniteAll(lines.filter((line, place): line is Line => line !== null && choose(place)));

/**
 * Splits what no rule decides into what reaches the bottom rule and what owned rules hold back: an administrator disabled
 * or narrowed the rule that stands for these grants, and that stands. Sessions that a grant without holder asks for as
 * well reach the bottom rule.
 *
 * @param destinations lines of destinations, null for those that are not asked about here
 */
export const splitHeld = (
  rest: readonly Box[],
  sources: readonly Line[],
  destinations: readonly (Line | null)[],
  holders: readonly Holder[],
): { readonly reaching: readonly Box[]; readonly held: ReadonlyMap<string, readonly Box[]> } => {
  const held = new Map<string, readonly Box[]>();
  if (holders.length === 0) return { reaching: rest, held };
  const reaching: Box[] = [];
  for (const [d, line] of destinations.entries()) {
    if (line === null) continue;
    const free = chosen(sources, (s) => !isHeld(holders, s, d));
    for (const box of outside(between(rest, free, line), reaching)) reaching.push(box);
  }
  let left = outside(rest, reaching);
  for (const holder of holders) {
    const from = chosen(sources, (s) => holder.sources[s] === true);
    const to = chosen(destinations, (d) => holder.destinations[d] === true);
    const own = between(left, from, to);
    if (own.length > 0) held.set(holder.name, own);
    left = outside(left, own);
  }
  return { reaching, held };
};
