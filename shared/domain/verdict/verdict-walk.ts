import type { GrantDestination } from '../grants/grants.ts';
import type { RuleAction } from '../policy/policy.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import type { RuleService } from '../rules/translation.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { lineOfCidrs } from '../sets/addresses.ts';
import { type Box, boxesOverlap, cut } from '../sets/boxes.ts';
import { known } from '../sets/estimates.ts';
import { intersect, isEmptyLine, type Line, linesOverlap, uniteAll } from '../sets/lines.ts';
import { portsLine, wholeSourcePorts } from '../sets/traffic-lines.ts';
import { noAddress } from './address-sets.ts';
import type { ApplicationReader } from './rule-applications.ts';
import { type RuleIndex, type RuleSets, slotsOn, trafficOf } from './rule-sets.ts';
import { explicitSlots, type Slot } from './rule-slots.ts';
import { anyService, type Service } from './service-sets.ts';
import type { Doubt } from './verdict-words.ts';

/** The sessions one rule decides, of those that reached it. */
export interface Taken {
  readonly rule: string;
  readonly action: RuleAction;
  readonly boxes: readonly Box[];
  /** Set where it is no rule that decides, but what an administrator closed in one of ours. */
  readonly closes?: true;
}

/** How the sessions of a candidate fare above the bottom rule. `taken` and `rest` are disjoint and together all. */
export interface Walk {
  readonly taken: readonly Taken[];
  /** What passes them, or may. */
  readonly rest: readonly Box[];
  readonly doubts: readonly Doubt[];
  /** False when the rules cut the candidate into so many parts that the walk stopped; `rest` was then not judged further. */
  readonly finished: boolean;
}

/**
 * Rules that overlap each other crosswise in several sides can cut a candidate into more parts than anybody has time
 * for. Past these bounds what is left counts as reaching the bottom rule: perhaps a superfluous rule, never a wrong one.
 */
export interface WalkLimits {
  readonly boxes: number;
  readonly cuts: number;
}

export const walkLimits: WalkLimits = { boxes: 2_000, cuts: 250_000 };

const serviceOf = (service: RuleService): Service =>
  service.kind === 'any'
    ? anyService
    : {
        traffic: portsLine(service.protocol, service.ports.from, service.ports.to),
        sourcePort: wholeSourcePorts,
      };

/**
 * Application and service columns of a candidate. A column pair that leaves no possible session (an application told by
 * its ICMP type on a TCP port) is taken as it stands, so that nothing is ever proved of an empty set.
 */
export const candidateSlots = (candidate: CandidateRule, reader: ApplicationReader): readonly Slot[] => {
  const applications = reader.atMost(candidate.application);
  const service = serviceOf(candidate.service);
  const slots = explicitSlots(applications, [service], reader.onlyOn);
  return slots.length > 0 ? slots : [{ ...service, applications }];
};

/** Destinations that can be told apart by address alone, with their addresses. */
export type Layer = readonly { readonly destination: GrantDestination; readonly line: Line }[];

/**
 * Owned rules count per interface, the walk goes by address. Two interfaces may show the same address (in two VPCs);
 * they go into different layers, each walked alone.
 */
export const layersOf = (destinations: readonly GrantDestination[], family: AddressFamily): readonly Layer[] => {
  const layers: { destination: GrantDestination; line: Line }[][] = [];
  for (const destination of destinations) {
    const line = lineOfCidrs([destination.address], family);
    const layer = layers.find((others) =>
      others.every((other) => other.destination.interface === destination.interface || !linesOverlap(other.line, line)),
    );
    if (layer === undefined) layers.push([{ destination, line }]);
    else layer.push({ destination, line });
  }
  return layers;
};

export const addressesOf = (layer: Layer): Line => uniteAll(layer.map(({ line }) => line));

/** A rule that is going to be added in this run, as a rule that stands already. */
export const setsOfCandidate = (name: string, candidate: CandidateRule, reader: ApplicationReader): RuleSets => {
  const { family } = candidate;
  const source = lineOfCidrs(
    candidate.sources.map(({ source }) => source),
    family,
  );
  const destination = lineOfCidrs(
    candidate.destinations.map(({ address }) => address),
    family,
  );
  const slots = candidateSlots(candidate, reader);
  const interfaces = new Set(candidate.destinations.map((to) => to.interface));
  return {
    name,
    action: 'allow',
    zones: (from, to) => (from === candidate.from && to === candidate.to ? 'yes' : 'no'),
    source: known({ ...noAddress, [family]: source }),
    destination: known({ ...noAddress, [family]: destination }),
    slots: known(slots),
    traffic: trafficOf(slots),
    doubts: [],
    everSure: true,
    onlyFor: ({ interface: id }) => interfaces.has(id),
  };
};

const destinationFor = (sets: RuleSets, side: 'sure' | 'maybe', family: AddressFamily, layer: Layer): Line => {
  const line = sets.destination[side][family];
  const { onlyFor } = sets;
  if (onlyFor === null) return line;
  return intersect(line, addressesOf(layer.filter(({ destination }) => onlyFor(destination))));
};

/** What a rule surely matches, or may match, of a layer's traffic. */
export const boxesOf = (
  sets: RuleSets,
  side: 'sure' | 'maybe',
  family: AddressFamily,
  layer: Layer,
  traffic: Line,
): Box[] => {
  const source = sets.source[side][family];
  const destination = destinationFor(sets, side, family, layer);
  // A box of nothing takes nothing, but would count as a cut.
  if (isEmptyLine(source) || isEmptyLine(destination)) return [];
  return slotsOn(sets.slots[side], traffic).map((slot) => ({ ...slot, source, destination }));
};

/**
 * Takes the sessions of one layer through the rules above the bottom rule, in order: each rule takes what it surely
 * matches of what is left. Rules, or parts of rules, that are not sure take nothing and are told.
 */
export const walk = (
  index: RuleIndex,
  family: AddressFamily,
  source: Line,
  layer: Layer,
  slots: readonly Slot[],
  limits: WalkLimits = walkLimits,
): Walk => {
  const destination = addressesOf(layer);
  const traffic = trafficOf(slots);
  let rest: readonly Box[] = slots.map((slot) => ({ ...slot, source, destination }));
  const taken: Taken[] = [];
  const doubts: Doubt[] = [];
  let cuts = 0;
  let finished = true;
  for (const sets of index.near({ family, source, destination, traffic })) {
    const boxes: Box[] = [];
    for (const sure of sets.everSure ? boxesOf(sets, 'sure', family, layer, traffic) : []) {
      if (rest.length > limits.boxes || cuts > limits.cuts) {
        finished = false;
        break;
      }
      cuts += rest.length;
      const left: Box[] = [];
      for (const box of rest) {
        const parts = cut(box, sure);
        if (parts.taken !== null) boxes.push(parts.taken);
        left.push(...parts.rest);
      }
      rest = left;
    }
    if (boxes.length > 0)
      taken.push({ rule: sets.name, action: sets.action, boxes, ...(sets.closes ? { closes: true } : {}) });
    // Without doubts what it may match has been taken.
    if (sets.doubts.length > 0) {
      const maybe = boxesOf(sets, 'maybe', family, layer, traffic);
      if (rest.some((box) => maybe.some((other) => boxesOverlap(box, other)))) {
        doubts.push({ rule: sets.name, action: sets.action, because: sets.doubts });
      }
    }
    if (rest.length === 0 || !finished) break;
  }
  return { taken, rest, doubts, finished };
};

/**
 * What of one layer administrators have closed, wherever else it is decided, but for what rules above allow: a rule that is added
 * below one that denies would open it as soon as that one goes.
 */
export const closedBoxes = (
  index: RuleIndex,
  family: AddressFamily,
  source: Line,
  layer: Layer,
  slots: readonly Slot[],
  taken: readonly Taken[],
): readonly Box[] => {
  const destination = addressesOf(layer);
  const traffic = trafficOf(slots);
  const asked: readonly Box[] = slots.map((slot) => ({ ...slot, source, destination }));
  const allowed = taken.filter(({ action }) => action === 'allow').flatMap(({ boxes }) => boxes);
  const closures = index.near({ family, source, destination, traffic }).filter(({ closes }) => closes);
  const closed = closures.flatMap((sets) =>
    boxesOf(sets, 'sure', family, layer, traffic).flatMap((by) => asked.flatMap((box) => cut(box, by).taken ?? [])),
  );
  return allowed.reduce<readonly Box[]>((left, by) => left.flatMap((box) => cut(box, by).rest), closed);
};
