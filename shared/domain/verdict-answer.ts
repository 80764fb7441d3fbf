import { lineOfCidrs } from './addresses.ts';
import { applicationsCover, applicationsOverlap, noApplication, uniteApplications } from './application-sets.ts';
import { type Box, cut } from './boxes.ts';
import type { CandidateRule } from './candidate-rules.ts';
import type { AddressFamily } from './grants.ts';
import { intersect, type Line, lineCovers, linesOverlap, uniteAll } from './lines.ts';
import { coversAddresses, slotsOn } from './rule-sets.ts';
import type { Slot } from './rule-slots.ts';
import { decidedPart, reachingPart, type Whole } from './verdict-explanation.ts';
import type { OpenView } from './verdict-view.ts';
import { candidateSlots, layersOf, type Taken, walk } from './verdict-walk.ts';
import type { DecidedPart, Doubt } from './verdict-words.ts';

/** What one view says of one candidate. */
export interface Answer {
  readonly parts: readonly DecidedPart[];
  readonly taken: readonly Taken[];
  readonly rest: readonly Box[];
  readonly doubts: readonly Doubt[];
  /** For each source and destination, in the candidate's order, whether something of the pair reaches the bottom rule. */
  readonly needs: (source: number, destination: number) => boolean;
  readonly overriding: readonly string[];
}

/** Which pairs of source and destination an owned rule of this view holds already, by the rule's name. */
export type HeldBy = (source: number, destination: number) => string | null;

const wholeOf = (family: AddressFamily, source: Line, destination: Line, slots: readonly Slot[]): Whole => ({
  family,
  source,
  destination,
  traffic: uniteAll(slots.map((slot) => slot.traffic)),
  sourcePort: uniteAll(slots.map((slot) => slot.sourcePort)),
  applications: slots.map((slot) => slot.applications).reduce(uniteApplications, noApplication),
});

const mergeTaken = (all: readonly Taken[]): readonly Taken[] => {
  const byRule = new Map<string, Taken>();
  for (const taken of all) {
    const key = `${taken.action} ${taken.rule}`;
    const before = byRule.get(key);
    byRule.set(key, before === undefined ? taken : { ...taken, boxes: [...before.boxes, ...taken.boxes] });
  }
  return [...byRule.values()];
};

const subtractBoxes = (boxes: readonly Box[], others: readonly Box[]): readonly Box[] => {
  let left = boxes;
  for (const other of others) left = left.flatMap((box) => cut(box, other).rest);
  return left;
};

/** The part of the boxes between one source line and one destination line. */
const between = (boxes: readonly Box[], source: Line, destination: Line): readonly Box[] =>
  boxes.flatMap((box) => {
    const part = {
      ...box,
      source: intersect(box.source, source),
      destination: intersect(box.destination, destination),
    };
    return part.source.length === 0 || part.destination.length === 0 ? [] : [part];
  });

/** How the candidate fares in one view. */
export const answer = (view: OpenView, candidate: CandidateRule, heldBy: HeldBy, bottomRule: string): Answer => {
  const { family } = candidate;
  const sourceLines = candidate.sources.map(({ source }) => lineOfCidrs([source], family));
  const source = uniteAll(sourceLines);
  const slots = candidateSlots(candidate, view.reader.applications);
  const index = view.indexFor(candidate);
  const layers = layersOf(candidate.destinations, family);
  const walks = layers.map((layer) => walk(index, family, source, layer, slots));

  const places = new Map(candidate.destinations.map((destination, at) => [destination, at]));
  const width = candidate.destinations.length;
  const needed = new Uint8Array(sourceLines.length * width);
  const held = new Map<string, Box[]>();
  const reaching: Box[] = [];
  for (const [at, layer] of layers.entries()) {
    const rest = walks[at]?.rest ?? [];
    const heldHere = new Map<string, Box[]>();
    const reachingHere: Box[] = [];
    for (const box of rest) {
      const from = sourceLines.flatMap((line, s) => (linesOverlap(line, box.source) ? [s] : []));
      const to = layer.lines.flatMap((line, d) => (linesOverlap(line, box.destination) ? [d] : []));
      let anyHeld = false;
      for (const d of to) {
        const destination = layer.destinations[d];
        const place = destination === undefined ? undefined : places.get(destination);
        if (place === undefined) continue;
        for (const s of from) {
          const holder = heldBy(s, place);
          if (holder === null) {
            needed[s * width + place] = 1;
            continue;
          }
          anyHeld = true;
          const part = between([box], sourceLines[s] ?? [], layer.lines[d] ?? []);
          heldHere.set(holder, [...(heldHere.get(holder) ?? []), ...part]);
        }
      }
      if (!anyHeld) reachingHere.push(box);
      else {
        for (const d of to) {
          const place = places.get(layer.destinations[d] ?? { interface: '', instance: '', address: '' }) ?? -1;
          for (const s of from) {
            if (heldBy(s, place) !== null) continue;
            const part = between([box], sourceLines[s] ?? [], layer.lines[d] ?? []);
            reachingHere.push(...subtractBoxes(part, reachingHere));
          }
        }
      }
    }
    let spokenFor: readonly Box[] = reachingHere;
    for (const [holder, boxes] of heldHere) {
      const own: Box[] = [];
      for (const box of boxes) own.push(...subtractBoxes([box], [...spokenFor, ...own]));
      spokenFor = [...spokenFor, ...own];
      if (own.length > 0) held.set(holder, [...(held.get(holder) ?? []), ...own]);
    }
    reaching.push(...reachingHere);
  }

  const taken = mergeTaken(walks.flatMap((one) => one.taken));
  const whole = wholeOf(family, source, uniteAll(layers.flatMap((layer) => layer.lines)), slots);
  const parts = taken.map(({ rule, action, boxes }) => decidedPart(rule, action, boxes, whole));
  for (const [rule, boxes] of held) {
    const { text } = decidedPart(rule, 'deny', boxes, whole);
    parts.push({ rule, action: 'override', text: text.replace(' denied by ', ' held back by the changed ') });
  }
  if (reaching.length > 0) parts.push(reachingPart(bottomRule, parts.length === 0));
  return {
    parts,
    taken,
    rest: reaching,
    doubts: walks.flatMap((one) => one.doubts),
    needs: (s, d) => needed[s * width + d] === 1,
    overriding: [...taken.filter(({ action }) => action !== 'allow').map(({ rule }) => rule), ...held.keys()],
  };
};

/**
 * Allow rules, not ours, that cover at least one source and destination of the candidate on all its ports, but for fewer
 * applications than the candidate would let through.
 */
export const narrowerAllows = (
  view: OpenView,
  candidate: CandidateRule,
  isOwned: (uuid: string) => boolean,
): readonly string[] => {
  const { family } = candidate;
  const sources = candidate.sources.map(({ source }) => lineOfCidrs([source], family));
  const destinations = candidate.destinations.map(({ address }) => lineOfCidrs([address], family));
  const slots = candidateSlots(candidate, view.reader.applications);
  const traffic = uniteAll(slots.map((slot) => slot.traffic));
  const outline = { family, source: uniteAll(sources), destination: uniteAll(destinations), traffic };
  const names = new Set<string>();
  for (const sets of view.indexFor(candidate).near(outline)) {
    if (sets.action !== 'allow' || !sets.everSure || sets.isNew) continue;
    if (sets.uuid !== null && isOwned(sets.uuid)) continue;
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
