import type { RuleAction } from '../policy/policy.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { type Box, cut } from '../sets/boxes.ts';
import { type Line, linesOverlap } from '../sets/lines.ts';
import type { RuleIndex } from './rule-sets.ts';
import { boxesOf, type Layer, type Taken, type WalkLimits, walkLimits } from './verdict-walk.ts';

/** The sessions that come to a rule at or below the bottom rule, which does not allow them or may not. */
export interface Reached {
  readonly rule: string;
  readonly boxes: readonly Box[];
}

/** The sessions a pushed rule denies, or may deny although it is not known whether it does. */
export interface Denied extends Taken {
  /** Why it is not known; empty when it surely denies. */
  readonly because: readonly string[];
}

/** How the sessions that pass every rule above the bottom rule fare when no rule is added. */
export interface Below {
  /** Allowed anyway, by the bottom rule or one below it: a rule of ours would have no effect there. */
  readonly allowed: readonly Taken[];
  /** What rules that a Panorama pushed below the local ones deny or may deny: theirs. */
  readonly denied: readonly Denied[];
  /** What a rule of ours would open. */
  readonly reached: readonly Reached[];
  readonly finished: boolean;
}

/** The question's sessions, by the sides that rules are passed over by. */
export interface Passing {
  readonly family: AddressFamily;
  readonly source: Line;
  readonly destination: Line;
  readonly traffic: Line;
  readonly layer: Layer;
  /** What passes the rules above; `finished` as of the walk there. */
  readonly rest: readonly Box[];
  readonly finished: boolean;
  /** The traffic an application is only ever seen on; null for any. */
  readonly onlyOn: (name: string) => Line | null;
}

interface Cut {
  readonly taken: Box[];
  readonly rest: readonly Box[];
}

/**
 * Cutting names applications out of `any`, and leaves some on traffic they are never seen on: such a box has no session, and
 * no rule is to be named for it.
 */
const hasSessions = ({ applications, traffic }: Box, onlyOn: (name: string) => Line | null): boolean =>
  applications.kind === 'except' ||
  [...applications.names].some((name) => {
    const seen = onlyOn(name);
    return seen === null || linesOverlap(seen, traffic);
  });

const cutAll = (boxes: readonly Box[], by: readonly Box[], onlyOn: (name: string) => Line | null): Cut => {
  let rest = boxes;
  const taken: Box[] = [];
  for (const one of by) {
    const left: Box[] = [];
    for (const box of rest) {
      const parts = cut(box, one);
      if (parts.taken === null) {
        left.push(box);
        continue;
      }
      // A candidate rule that has no session at all stays whole: nothing is to be proved of it.
      const counts = (part: Box): boolean => hasSessions(part, onlyOn) || !hasSessions(box, onlyOn);
      if (counts(parts.taken)) taken.push(parts.taken);
      left.push(...parts.rest.filter(counts));
    }
    rest = left;
  }
  return { taken, rest };
};

const allows = (action: RuleAction): boolean => action === 'allow';

/**
 * Takes what passed the rules above through the bottom rule and those below it, in order. A rule of ours would stand above all
 * of these, so the unsure ones are not treated as absent: what one of them may deny is not surely allowed by a later one.
 * With `open`, what a pushed rule may deny is there for a rule of ours to open.
 */
export const walkBelow = (
  index: RuleIndex,
  { family, source, destination, traffic, layer, onlyOn, ...passed }: Passing,
  {
    bottomRule,
    open: opens,
    limits = walkLimits,
  }: { readonly bottomRule: string; readonly open: boolean; readonly limits?: WalkLimits },
): Below => {
  const allowed: Taken[] = [];
  const denied: Denied[] = [];
  const reached: Reached[] = [];
  /** What pushed rules may deny, as long as no later one surely denies it. */
  let doubtful: readonly Denied[] = [];
  const open = (opened: readonly Denied[]): void => {
    denied.push(...opened);
    reached.push(...opened.map(({ rule, boxes }) => ({ rule, boxes })));
  };
  let { rest, finished } = passed;
  let cuts = 0;
  for (const sets of index.near({ family, source, destination, traffic })) {
    if (rest.length === 0 && doubtful.length === 0) break;
    const { name: rule, action } = sets;
    const sure = sets.everSure ? boxesOf(sets, 'sure', family, layer, traffic) : [];
    const maybe = sets.doubts.length > 0 ? boxesOf(sets, 'maybe', family, layer, traffic) : [];
    cuts += rest.length * (sure.length + maybe.length);
    finished &&= rest.length <= limits.boxes && cuts <= limits.cuts;
    if (!finished) {
      // No denial is passed over for want of time.
      const taken = sets.isPushed && !allows(action) ? cutAll(rest, [...sure, ...maybe], onlyOn).taken : [];
      if (taken.length > 0) denied.push({ rule, action, boxes: taken, because: ['cut into too many parts to tell'] });
      continue;
    }
    const surely = cutAll(rest, sure, onlyOn);
    rest = surely.rest;
    const again = doubtful.map((one) => ({ one, ...cutAll(one.boxes, sure, onlyOn) }));
    doubtful = again.map((each) => ({ ...each.one, boxes: each.rest }));
    if (sets.isPushed && !allows(action)) surely.taken.push(...again.flatMap(({ taken }) => taken));
    else open(again.filter(({ taken }) => taken.length > 0).map(({ one, taken }) => ({ ...one, boxes: taken })));
    if (surely.taken.length > 0) {
      if (allows(action)) allowed.push({ rule, action, boxes: surely.taken });
      else if (sets.isPushed) denied.push({ rule, action, boxes: surely.taken, because: [] });
      else reached.push({ rule, boxes: surely.taken });
    }
    if (allows(action) || maybe.length === 0) continue;
    const perhaps = cutAll(rest, maybe, onlyOn);
    if (perhaps.taken.length === 0) continue;
    rest = perhaps.rest;
    const byPushed = { rule, action, boxes: perhaps.taken, because: sets.doubts };
    if (!sets.isPushed) reached.push({ rule, boxes: perhaps.taken });
    else if (opens) doubtful = [...doubtful, byPushed];
    else denied.push(byPushed);
  }
  open(doubtful.filter(({ boxes }) => boxes.length > 0));
  if (rest.length > 0) reached.push({ rule: bottomRule, boxes: rest });
  return { allowed, denied, reached, finished };
};
