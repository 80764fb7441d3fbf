import {
  type ApplicationSet,
  applicationsOverlap,
  intersectApplications,
  isNoApplication,
  sameApplications,
  subtractApplications,
  uniteApplications,
} from './application-sets.ts';
import { intersect, isEmptyLine, type Line, linesOverlap, sameLine, subtract, unite } from './lines.ts';

/**
 * Sessions of one pair of zones and one address family, as a product of five sets. Boxes whose sides are sets, not
 * single stretches, stay few: a rule that covers a box in all sides but one cuts it into one remaining box, whatever
 * the number of addresses or ports, so the number of boxes grows only with rules that overlap in several sides at once.
 */
export interface Box {
  readonly source: Line;
  readonly destination: Line;
  readonly traffic: Line;
  readonly sourcePort: Line;
  readonly applications: ApplicationSet;
}

export const boxesOverlap = (a: Box, b: Box): boolean =>
  linesOverlap(a.traffic, b.traffic) &&
  linesOverlap(a.destination, b.destination) &&
  linesOverlap(a.source, b.source) &&
  linesOverlap(a.sourcePort, b.sourcePort) &&
  applicationsOverlap(a.applications, b.applications);

/** What `box` and `by` have in common (null when nothing), and what remains of `box`, as disjoint boxes. */
export const cut = (box: Box, by: Box): { readonly taken: Box | null; readonly rest: readonly Box[] } => {
  if (!boxesOverlap(box, by)) return { taken: null, rest: [box] };
  const rest: Box[] = [];
  let inner = box;
  for (const side of ['source', 'destination', 'traffic', 'sourcePort'] as const) {
    const outside = subtract(inner[side], by[side]);
    if (isEmptyLine(outside)) continue;
    rest.push({ ...inner, [side]: outside });
    inner = { ...inner, [side]: intersect(inner[side], by[side]) };
  }
  const outside = subtractApplications(inner.applications, by.applications);
  if (!isNoApplication(outside)) {
    rest.push({ ...inner, applications: outside });
    inner = { ...inner, applications: intersectApplications(inner.applications, by.applications) };
  }
  return { taken: inner, rest };
};

const sidesThatDiffer = (a: Box, b: Box): readonly (keyof Box)[] => {
  const differ: (keyof Box)[] = [];
  for (const side of ['source', 'destination', 'traffic', 'sourcePort'] as const) {
    if (!sameLine(a[side], b[side])) differ.push(side);
  }
  if (!sameApplications(a.applications, b.applications)) differ.push('applications');
  return differ;
};

const joined = (a: Box, b: Box): Box | null => {
  const [side, more] = sidesThatDiffer(a, b);
  if (more !== undefined) return null;
  if (side === undefined) return a;
  if (side === 'applications') return { ...a, applications: uniteApplications(a.applications, b.applications) };
  return { ...a, [side]: unite(a[side], b[side]) };
};

const addJoined = (boxes: Box[], box: Box): void => {
  for (const [at, other] of boxes.entries()) {
    const both = joined(other, box);
    if (both === null) continue;
    boxes.splice(at, 1);
    addJoined(boxes, both);
    return;
  }
  boxes.push(box);
};

/** The same sessions in fewer boxes where boxes that differ in one side only can be joined. For reading, not for speed. */
export const joinBoxes = (boxes: readonly Box[]): readonly Box[] => {
  const result: Box[] = [];
  for (const box of boxes) addJoined(result, box);
  return result;
};
