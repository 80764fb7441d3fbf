import type { CandidateRule } from '../rules/candidate-rules.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { lineOfCidrs } from '../sets/addresses.ts';
import { applicationsCover, applicationsOverlap, noApplication, uniteApplications } from '../sets/application-sets.ts';
import type { Box } from '../sets/boxes.ts';
import { type Line, lineCovers, linesOverlap, uniteAll } from '../sets/lines.ts';
import { coversAddresses, slotsOn, trafficOf } from './rule-sets.ts';
import type { Slot } from './rule-slots.ts';
import { decidedPart, reachingPart, type Whole } from './verdict-explanation.ts';
import type { OpenView } from './verdict-view.ts';
import { addressesOf, candidateSlots, closedBoxes, layersOf, type Taken, walk } from './verdict-walk.ts';
import type { DecidedPart, Doubt } from './verdict-words.ts';

/** What one view says of one candidate. */
export interface Answer {
  readonly parts: readonly DecidedPart[];
  /** The sessions behind the parts: what rules take, and what reaches the bottom rule. */
  readonly taken: readonly Taken[];
  readonly rest: readonly Box[];
  readonly doubts: readonly Doubt[];
  /** For each source and destination, in the candidate's order, whether something of the pair reaches the bottom rule. */
  readonly needs: (source: number, destination: number) => boolean;
  /** Likewise, whether something of the pair is closed by an administrator. */
  readonly isClosed: (source: number, destination: number) => boolean;
  readonly overriding: readonly string[];
}

const wholeOf = (family: AddressFamily, source: Line, destination: Line, slots: readonly Slot[]): Whole => ({
  family,
  source,
  destination,
  traffic: trafficOf(slots),
  sourcePort: uniteAll(slots.map((slot) => slot.sourcePort)),
  applications: slots.map((slot) => slot.applications).reduce(uniteApplications, noApplication),
});

const mergeTaken = (all: readonly Taken[]): readonly Taken[] => {
  const byRule = new Map<string, Taken>();
  for (const taken of all) {
    const key = `${taken.closes ? 'closes' : taken.action} ${taken.rule}`;
    const before = byRule.get(key);
    byRule.set(key, before === undefined ? taken : { ...taken, boxes: [...before.boxes, ...taken.boxes] });
  }
  return [...byRule.values()];
};

/** Marks the pairs of source and destination of which the boxes have some part. */
const markPairs = (
  needed: Uint8Array,
  boxes: readonly Box[],
  sources: readonly Line[],
  destinations: readonly (Line | null)[],
): void => {
  for (const box of boxes) {
    // Mostly the first box has marked everything; the others need not be looked at then.
    if (!needed.includes(0)) return;
    const from = sources.flatMap((line, s) => (linesOverlap(line, box.source) ? [s] : []));
    for (const [d, line] of destinations.entries()) {
      if (line === null || !linesOverlap(line, box.destination)) continue;
      for (const s of from) needed[s * destinations.length + d] = 1;
    }
  }
};

/** How the candidate fares in one view. */
export const answer = (view: OpenView, candidate: CandidateRule, bottomRule: string): Answer => {
  const { family } = candidate;
  const sourceLines = candidate.sources.map(({ source }) => lineOfCidrs([source], family));
  const source = uniteAll(sourceLines);
  const slots = candidateSlots(candidate, view.reader.applications);
  const index = view.indexFor(candidate);
  const layers = layersOf(candidate.destinations, family);
  const walks = layers.map((layer) => ({ layer, ...walk(index, family, source, layer, slots) }));

  const needed = new Uint8Array(sourceLines.length * candidate.destinations.length);
  const closed = new Uint8Array(needed.length);
  for (const { layer, rest, taken } of walks) {
    const lineOf = new Map(layer.map(({ destination, line }) => [destination, line]));
    const lines = candidate.destinations.map((to) => lineOf.get(to) ?? null);
    markPairs(needed, rest, sourceLines, lines);
    markPairs(closed, closedBoxes(index, family, source, layer, slots, taken), sourceLines, lines);
  }

  const rest = walks.flatMap((one) => one.rest);
  const taken = mergeTaken(walks.flatMap((one) => one.taken));
  const whole = wholeOf(family, source, uniteAll(layers.map(addressesOf)), slots);
  const parts = taken.map((one) => decidedPart(one, whole));
  const finished = walks.every((one) => one.finished);
  if (rest.length > 0) parts.push(reachingPart(bottomRule, parts.length === 0, finished));
  return {
    parts,
    taken,
    rest,
    doubts: walks.flatMap((one) => one.doubts),
    needs: (s, d) => needed[s * candidate.destinations.length + d] === 1,
    isClosed: (s, d) => closed[s * candidate.destinations.length + d] === 1,
    overriding: taken.filter(({ action }) => action !== 'allow').map(({ rule }) => rule),
  };
};

/**
 * Allow rules, not ours, that cover at least one source and destination of the candidate on all its ports, but for fewer
 * applications than the candidate would let through.
 */
export const narrowerAllows = (view: OpenView, candidate: CandidateRule): readonly string[] => {
  const { family } = candidate;
  const sources = candidate.sources.map(({ source }) => lineOfCidrs([source], family));
  const destinations = candidate.destinations.map(({ address }) => lineOfCidrs([address], family));
  const slots = candidateSlots(candidate, view.reader.applications);
  const traffic = trafficOf(slots);
  const outline = { family, source: uniteAll(sources), destination: uniteAll(destinations), traffic };
  const names = new Set<string>();
  for (const sets of view.indexFor(candidate).near(outline)) {
    if (sets.action !== 'allow' || !sets.everSure || sets.onlyFor !== null) continue;
    const ruleSlots = slotsOn(sets.slots.sure, traffic);
    const fewer = slots.some((slot) => {
      const opened = ruleSlots
        .filter((own) => lineCovers(own.traffic, slot.traffic) && lineCovers(own.sourcePort, slot.sourcePort))
        .map((own) => own.applications)
        .reduce(uniteApplications, noApplication);
      return applicationsOverlap(opened, slot.applications) && !applicationsCover(opened, slot.applications);
    });
    if (!fewer) continue;
    const anyDestination = sources.some((line) => destinations.some((to) => coversAddresses(sets, family, line, to)));
    if (anyDestination) names.add(sets.name);
  }
  return [...names];
};
