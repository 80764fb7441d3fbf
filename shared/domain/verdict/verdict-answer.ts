import type { CandidateRule } from '../rules/candidate-rules.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { lineOfCidrs } from '../sets/addresses.ts';
import { applicationsCover, applicationsOverlap, noApplication, uniteApplications } from '../sets/application-sets.ts';
import type { Box } from '../sets/boxes.ts';
import { type Line, lineCovers, linesOverlap, uniteAll } from '../sets/lines.ts';
import { coversAddresses, type RuleIndex, slotsOn, trafficOf } from './rule-sets.ts';
import type { Slot } from './rule-slots.ts';
import { type Below, type Denied, type Reached, walkBelow } from './verdict-below.ts';
import { allowedBelowPart, decidedPart, deniedPart, reachingParts, type Whole } from './verdict-explanation.ts';
import type { OpenView } from './verdict-view.ts';
import { addressesOf, candidateSlots, closedBoxes, layersOf, type Taken, walk } from './verdict-walk.ts';
import type { DecidedPart, Doubt } from './verdict-words.ts';

/** What one view says of one candidate. */
export interface Answer {
  readonly parts: readonly DecidedPart[];
  /** The sessions behind the parts: what rules take, and what reaches the bottom rule or one below it. */
  readonly taken: readonly Taken[];
  readonly reached: readonly Reached[];
  readonly doubts: readonly Doubt[];
  /** For each source and destination, in the candidate's order, whether something of the pair reaches the bottom rule. */
  readonly needs: (source: number, destination: number) => boolean;
  /** Likewise, whether something of the pair is closed by an administrator. */
  readonly isClosed: (source: number, destination: number) => boolean;
  /** The same of what a pushed rule below the place of ours denies or may deny: a rule for the pair would stand above it. */
  readonly forbids: (source: number, destination: number) => boolean;
  readonly overriding: readonly string[];
  /** Pushed rules that a rule of ours would deprive of something they deny or may deny. */
  readonly overtaken: readonly string[];
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

const mergeReached = (all: readonly Reached[]): readonly Reached[] => {
  const byRule = new Map<string, Reached>();
  for (const { rule, boxes } of all) byRule.set(rule, { rule, boxes: [...(byRule.get(rule)?.boxes ?? []), ...boxes] });
  return [...byRule.values()];
};

const mergeDenied = (all: readonly Denied[]): readonly Denied[] => {
  const byRule = new Map<string, Denied>();
  for (const denied of all) {
    const key = JSON.stringify([denied.rule, denied.because]);
    byRule.set(key, { ...denied, boxes: [...(byRule.get(key)?.boxes ?? []), ...denied.boxes] });
  }
  return [...byRule.values()];
};

const noRules: RuleIndex = { near: () => [], append: () => undefined };

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

/** Where rules of ours stand, and whether they may open what a pushed rule below them may deny. */
export interface Place {
  readonly bottomRule: string;
  readonly open: boolean;
}

/** How the candidate fares in one view. */
export const answer = (view: OpenView, candidate: CandidateRule, place: Place): Answer => {
  const { family } = candidate;
  const sourceLines = candidate.sources.map(({ source }) => lineOfCidrs([source], family));
  const source = uniteAll(sourceLines);
  const slots = candidateSlots(candidate, view.reader.applications);
  const traffic = trafficOf(slots);
  const index = view.indexFor(candidate);
  const layers = layersOf(candidate.destinations, family);
  const walks = layers.map((layer) => {
    const above = walk(index, family, source, layer, slots);
    const destination = addressesOf(layer);
    const { onlyOn } = view.reader.applications;
    const { rest, finished } = above;
    const passing = { family, source, destination, traffic, layer, onlyOn, rest, finished };
    // Mostly nothing passes: then no reader asks what stands below.
    const below = walkBelow(above.rest.length === 0 ? noRules : view.belowFor(candidate), passing, place);
    return { layer, above, below };
  });

  const count = candidate.destinations.length;
  const marksOf = (boxesIn: (below: Below) => readonly Box[]): Uint8Array => {
    const marks = new Uint8Array(sourceLines.length * count);
    for (const { layer, below } of walks) {
      const lineOf = new Map(layer.map(({ destination, line }) => [destination, line]));
      const lines = candidate.destinations.map((to) => lineOf.get(to) ?? null);
      markPairs(marks, boxesIn(below), sourceLines, lines);
    }
    return marks;
  };
  const needed = marksOf(({ reached }) => reached.flatMap(({ boxes }) => boxes));
  const pushed = marksOf(({ denied }) => denied.flatMap(({ boxes }) => boxes));
  const closed = new Uint8Array(sourceLines.length * count);
  for (const { layer, above } of walks) {
    const lineOf = new Map(layer.map(({ destination, line }) => [destination, line]));
    const lines = candidate.destinations.map((to) => lineOf.get(to) ?? null);
    markPairs(closed, closedBoxes(index, family, source, layer, slots, above.taken), sourceLines, lines);
  }

  const reached = mergeReached(walks.flatMap(({ below }) => below.reached));
  const taken = mergeTaken(walks.flatMap(({ above }) => above.taken));
  const allowed = mergeTaken(walks.flatMap(({ below }) => below.allowed));
  const all = walks.flatMap(({ below }) => below.denied);
  // What is opened nevertheless is no part of its own: it is in what reaches the bottom rule.
  const denied = mergeDenied(place.open ? all.filter(({ because }) => because.length === 0) : all);
  const whole = wholeOf(family, source, uniteAll(layers.map(addressesOf)), slots);
  const decided = [
    ...taken.map((one) => decidedPart(one, whole)),
    ...allowed.map(({ rule, boxes }) => allowedBelowPart(rule, boxes, whole)),
    ...denied.map((each) => deniedPart(each, whole)),
  ];
  const finished = walks.every(({ below }) => below.finished);
  const { bottomRule } = place;
  const reaching = reachingParts(reached, whole, { bottomRule, alone: decided.length === 0, finished });
  const both = needed.some((mark, pair) => mark === 1 && pushed[pair] === 1);
  return {
    parts: [...decided, ...reaching],
    taken: [...taken, ...allowed, ...denied],
    reached,
    doubts: walks.flatMap(({ above }) => above.doubts),
    needs: (s, d) => needed[s * count + d] === 1,
    isClosed: (s, d) => closed[s * count + d] === 1,
    forbids: (s, d) => !place.open && pushed[s * count + d] === 1,
    overriding: [...taken, ...denied].filter(({ action }) => action !== 'allow').map(({ rule }) => rule),
    overtaken: [...new Set(all.filter(({ because }) => both || because.length > 0).map(({ rule }) => rule))],
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
