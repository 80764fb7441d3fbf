import type { RuleAction } from '../policy/policy.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { cidrsOf } from '../sets/addresses.ts';
import { type ApplicationSet, sameApplications } from '../sets/application-sets.ts';
import { type Box, joinBoxes } from '../sets/boxes.ts';
import { type Line, sameLine, subtract } from '../sets/lines.ts';
import { sourcePortTexts, trafficTexts } from '../sets/traffic-lines.ts';
import type { Denied, Reached } from './verdict-below.ts';
import type { Taken } from './verdict-walk.ts';
import type { DecidedPart, Doubt } from './verdict-words.ts';

/** How many of a kind a sentence names before it counts the rest. */
const mostNamed = 3;
const mostRules = 6;
/** Joining compares every two boxes: not worth it where only the first few are named anyway. */
const mostJoined = 64;

const enumerate = (texts: readonly string[]): string => {
  const left = texts.length - mostNamed;
  return left > 1 ? `${texts.slice(0, mostNamed).join(', ')} and ${left} more` : texts.join(', ');
};

/**
 * Names a part of a whole by what it has, or by what it lacks where that is shorter. `textsOf` is asked for one text more
 * than is shown and stops there: a line may have thousands of stretches, and a reader wants none of them.
 */
const partText = (
  part: Line,
  whole: Line,
  textsOf: (line: Line, most: number) => readonly string[],
  all: string,
): string => {
  const texts = textsOf(part, mostNamed + 1);
  if (texts.length <= mostNamed) return texts.join(', ');
  const missing = textsOf(subtract(whole, part), mostNamed + 1);
  if (missing.length <= mostNamed) return `${all} but ${missing.join(', ')}`;
  return `${texts.slice(0, mostNamed).join(', ')} and more`;
};

const applicationsText = (set: ApplicationSet): string => {
  const names = [...set.names].sort();
  const named = `${names.length === 1 ? 'application' : 'applications'} ${enumerate(names)}`;
  return set.kind === 'only' ? named : `all but ${named}`;
};

/** What a candidate would match on each side, to say only where a part differs from it. */
export interface Whole {
  readonly family: AddressFamily;
  readonly source: Line;
  readonly destination: Line;
  readonly traffic: Line;
  readonly sourcePort: Line;
  readonly applications: ApplicationSet;
}

const boxText = (box: Box, whole: Whole): string => {
  const cidrs = (line: Line, most: number) => cidrsOf(line, whole.family, most);
  const texts: string[] = [];
  if (!sameLine(box.source, whole.source)) texts.push(partText(box.source, whole.source, cidrs, 'all sources'));
  if (!sameLine(box.destination, whole.destination)) {
    texts.push(`to ${partText(box.destination, whole.destination, cidrs, 'all destinations')}`);
  }
  if (!sameLine(box.traffic, whole.traffic)) {
    texts.push(partText(box.traffic, whole.traffic, trafficTexts, 'all traffic'));
  }
  if (!sameLine(box.sourcePort, whole.sourcePort)) {
    texts.push(`from source port ${partText(box.sourcePort, whole.sourcePort, sourcePortTexts, 'all')}`);
  }
  if (!sameApplications(box.applications, whole.applications)) texts.push(applicationsText(box.applications));
  return texts.length === 0 ? 'all of it' : texts.join(' ');
};

const verbs: Readonly<Record<RuleAction, string>> = {
  allow: 'by',
  deny: 'denied by',
  drop: 'dropped by',
  'reset-client': 'reset by',
  'reset-server': 'reset by',
  'reset-both': 'reset by',
};

/** What one rule decides, in words: `203.0.113.0/25 by "Web in"`. */
export const decidedPart = ({ rule, action, boxes, closes }: Taken, whole: Whole): DecidedPart => ({
  rule,
  action: action === 'allow' ? 'allow' : 'override',
  text: `${boxesText(boxes, whole)} ${closes ? 'closed in' : verbs[action]} "${rule}"`,
});

const boxesText = (boxes: readonly Box[], whole: Whole): string => {
  const some = boxes.length > mostJoined ? boxes.slice(0, mostNamed) : joinBoxes(boxes);
  const texts = some.slice(0, mostNamed + 1).map((box) => boxText(box, whole));
  const parts = Math.max(some.length, boxes.length > mostJoined ? boxes.length : 0);
  return enumerateParts(texts, parts);
};

const enumerateParts = (texts: readonly string[], parts: number): string => {
  const left = parts - mostNamed;
  return left > 1 ? `${texts.slice(0, mostNamed).join(' and ')} and ${left} parts more` : texts.join(' and ');
};

/** The same of a rule that stands below the place of ours and allows anyway. */
export const allowedBelowPart = (rule: string, boxes: readonly Box[], whole: Whole): DecidedPart => {
  const { text } = decidedPart({ rule, action: 'allow', boxes }, whole);
  return { rule, action: 'allow', text: `${text}, which stands below`, below: true };
};

/** What a pushed rule denies or may deny. */
export const deniedPart = ({ rule, action, boxes, because }: Denied, whole: Whole): DecidedPart => {
  const part = decidedPart({ rule, action, boxes }, whole);
  const text =
    because.length === 0 ? part.text : `${boxesText(boxes, whole)} may be denied by "${rule}" (${enumerate(because)})`;
  return { ...part, text };
};

/**
 * What nothing above decides, by the rules it reaches. `alone`: nothing else was decided either. `finished`: every rule was
 * asked.
 */
export const reachingParts = (
  reached: readonly Reached[],
  whole: Whole,
  { bottomRule, alone, finished }: { readonly bottomRule: string; readonly alone: boolean; readonly finished: boolean },
): readonly DecidedPart[] =>
  reached.map(({ rule, boxes }, at) => {
    const isLast = at === reached.length - 1;
    const what = !isLast ? boxesText(boxes, whole) : alone && at === 0 ? 'all of it' : 'the rest';
    const name = rule === bottomRule ? `"${rule}"` : `"${rule}", not "${bottomRule}"`;
    const text = `${what} reaches ${name}`;
    return {
      rule,
      action: 'reach',
      text: finished ? text : `${what} may reach ${name}: the rules above cut it into too many parts to tell`,
    };
  });

const doubtText = ({ rule, action, because }: Doubt): string =>
  `"${rule}" (${enumerate(because)}) may ${action === 'allow' ? 'allow' : 'deny'} first`;

/** The sentence for a reader: what each rule decides, what remains, and what could not be judged. */
export const explain = (parts: readonly DecidedPart[], doubts: readonly Doubt[]): string => {
  const left = parts.length - mostRules;
  const shown = left > 1 ? [...parts.slice(0, mostRules - 1), ...parts.slice(-1)] : parts;
  const texts = shown.map((part) => part.text);
  if (left > 1) texts.splice(mostRules - 1, 0, `other parts by ${left} more rules`);
  const except = doubts.length === 0 ? '' : `; except what ${enumerate(doubts.map(doubtText))}`;
  return `${texts.join(', ')}${except}`;
};
