import type { Change } from '../change.ts';
import type { ErrorName } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import { type CandidateRule, candidateText, idsIn, withoutHeld } from '../rules/candidate-rules.ts';
import type { Prerequisites } from '../rules/prerequisites.ts';
import type { Judged } from '../verdict/verdict-words.ts';
import { GrantIndex } from './grant-index.ts';
import { asksFor } from './obstacle.ts';
import type { ObjectRecord, RuleRecord } from './ownership.ts';

/**
 * A candidate rule that the firewall refused, by what the rule says. Suspected until the firewall took a plan without it: a
 * firewall that refuses that one as well refused something else.
 */
export interface Refusal {
  /** Digest of what the rule says. */
  readonly id: string;
  /** The rule, in words. */
  readonly rule: string;
  readonly name: ErrorName;
  /** The firewall's words. */
  readonly words: string;
  /** Digest of everything on the firewall that the words name, rules and service objects of ours apart. */
  readonly named: string;
  readonly state: 'suspected' | 'put aside';
  /** The run (execution and redrive) that tried it last. */
  readonly triedBy: string;
  /** Milliseconds since the epoch: refused first, and last. */
  readonly since: number;
  readonly triedAt: number;
  readonly tries: number;
}

/** What of its plan an execution does without. */
export interface PutAside extends Pick<Refusal, 'id' | 'rule' | 'name' | 'words'> {
  /** So many hours after the last refusal it is tried again at the latest; null where a setting, not the firewall, leaves it out. */
  readonly hours: number | null;
  /** What it would have been for: its group, instances, interfaces and security group rules, by id. */
  readonly about: readonly string[];
  /** Whether the execution itself was started for it. */
  readonly isOwn: boolean;
}

const hourMilliseconds = 3600 * 1000;
const mostHours = 24;

/** After how many hours a refused rule is tried again though nothing has changed: one, two, four, and so on up to a day. */
const hoursAfter = (tries: number): number => Math.min(2 ** Math.max(0, tries - 1), mostHours);

/** What a candidate rule says on the firewall, its name, its service object's name and its description apart. */
export const saysOf = (
  { family, traffic, from, to, application, service, sources, destinations }: CandidateRule,
  style: Prerequisites['style'],
): string => {
  const members = (of: readonly string[]): readonly string[] => [...new Set(of)].sort();
  return JSON.stringify([
    [family, traffic, from, to, members(application), service],
    members(sources.map(({ source }) => source)),
    members(destinations.map(({ address }) => address)),
    [style.profileGroup, style.logSetting, style.tag],
  ]);
};

/** Whether words name a thing: its name stands alone in them, quoted or not. */
export const isNamedIn = (name: string, words: string): boolean => {
  if (name === '') return false;
  for (let at = words.indexOf(name); at >= 0; at = words.indexOf(name, at + 1)) {
    const [before, after] = [words.slice(0, at).at(-1) ?? ' ', words.slice(at + name.length)];
    // A full stop may end the sentence, or go on with the name.
    if (!/[\w-]/.test(before) && !/^([\w-]|\.\w)/.test(after)) return true;
  }
  return false;
};

/**
 * Everything in a policy that words name, with all it says, as one text: while that is the same, the firewall has no reason to
 * take what it refused. `isOurs` tells names of ours, whose changes are our own doing.
 */
const namedThings = (words: string, policy: Policy, isOurs: (name: string) => boolean): string => {
  const lines = policy.rules
    .filter(({ name }) => !isOurs(name) && isNamedIn(name, words))
    .map((rule) => JSON.stringify(rule));
  for (const [scope, kinds] of Object.entries(policy.scopes)) {
    for (const [kind, things] of Object.entries(kinds) as [
      string,
      ReadonlyMap<string, unknown> | ReadonlySet<string>,
    ][]) {
      for (const name of things.keys()) {
        if (isOurs(name) || !isNamedIn(name, words)) continue;
        lines.push(JSON.stringify([scope, kind, name, 'get' in things ? things.get(name) : null]));
      }
    }
  }
  return lines.sort().join('\n');
};

/** What the firewall refused before, and who asks. */
export interface Refused {
  readonly refusals: readonly Refusal[];
  /** The run that plans: execution and redrive. */
  readonly run: string;
  /** Whether a person redrove it: what its own changes ask for is then tried again at once. */
  readonly isRedriven: boolean;
}

/** What decides what a plan goes without. */
interface Judging {
  readonly refused: Refused;
  readonly now: number;
  readonly style: Prerequisites['style'];
  /** The execution's own changes. */
  readonly own: readonly Change[];
  readonly rules: readonly Pick<RuleRecord, 'name'>[];
  readonly objects: readonly Pick<ObjectRecord, 'id'>[];
  /** The candidate configuration. */
  readonly candidate: Policy;
  readonly digestOf: (text: string) => string;
  readonly judge: (candidates: readonly CandidateRule[]) => readonly Judged[];
}

/** Digest of everything in a policy that words name, rules and service objects of ours apart. */
export const namedDigest = (
  words: string,
  { candidate, rules, objects, digestOf }: Pick<Judging, 'candidate' | 'rules' | 'objects' | 'digestOf'>,
): string => {
  const ours = new Set([...rules.map(({ name }) => name), ...objects.map(({ id }) => id)]);
  return digestOf(namedThings(words, candidate, (name) => ours.has(name)));
};

/** Whether a plan does without what was refused. What another run only suspected counts for nothing. */
const counts = (refusal: Refusal, judging: Omit<Judging, 'judge' | 'style' | 'own'>): boolean =>
  refusal.triedBy === judging.refused.run ||
  (refusal.state === 'put aside' &&
    judging.now < refusal.triedAt + hoursAfter(refusal.tries) * hourMilliseconds &&
    refusal.named === namedDigest(refusal.words, judging));

/**
 * Whether a change asks for a rule that is for these: one that says which security group rules it made asks for those alone, any
 * other for all that is for its subjects. A resync asks for no rule by name.
 */
export const asksForRule = (change: Change, about: readonly string[]): boolean => {
  if (change.subjects.some(({ kind }) => kind === 'everything')) return false;
  const { createdRules, facts = [] } = change.announced;
  const made = [...createdRules, ...facts.flatMap((fact) => (fact.kind === 'rule' ? [fact.id] : []))];
  return made.length > 0 ? made.some((id) => about.includes(id)) : asksFor(change, about);
};

/** Whom a candidate rule is for, its security group rules included, by id. */
export const aboutOf = (candidate: CandidateRule): readonly string[] => [
  ...idsIn(candidate),
  ...new Set(candidate.sources.map(({ securityGroupRule }) => securityGroupRule)),
];

/** The refusals that a plan goes by, by what they say. */
export const countingRefusals = (judging: Omit<Judging, 'judge' | 'style' | 'own'>): ReadonlyMap<string, Refusal> =>
  new Map(judging.refused.refusals.filter((each) => counts(each, judging)).map((each) => [each.id, each]));

/**
 * Judges without what was refused of the needed candidate rules: as if it had never been asked for, so that what only such a
 * rule would have let through gets a rule of its own.
 */
export const judgeWithout = (
  candidates: readonly CandidateRule[],
  judging: Judging,
): { readonly judged: readonly Judged[]; readonly putAside: readonly PutAside[] } => {
  const { refused, own, style, judge, digestOf } = judging;
  const counting = countingRefusals(judging);
  const putAside: PutAside[] = [];
  let asked = candidates;
  for (;;) {
    const judged = judge(asked);
    if (counting.size === 0) return { judged, putAside };
    const found = judged.flatMap(({ candidate, verdict }) => {
      const refusal = verdict.kind === 'needed' ? counting.get(digestOf(saysOf(candidate, style))) : undefined;
      if (refusal === undefined) return [];
      const isOwn = own.some((change) => asksForRule(change, aboutOf(candidate)));
      if (refused.isRedriven && isOwn && refusal.triedBy !== refused.run) return [];
      putAside.push(asPutAside(candidate, refusal, isOwn));
      return [candidate];
    });
    if (found.length === 0) return { judged, putAside };
    const index = GrantIndex.of(found);
    asked = withoutHeld(asked, (candidate, destination, source) => index.has(candidate, destination, source));
  }
};

/** A rule that a plan adds, as far as the words of a firewall may name it. */
export interface Written {
  /** What it says, as a digest. */
  readonly says: string;
  /** Its own name, and those of the service objects made for it. */
  readonly names: readonly string[];
}

/** The added rules that the firewall's words name. */
export const guiltyIn = (words: string, written: readonly Written[]): readonly Written[] =>
  written.filter(({ names }) => names.some((name) => isNamedIn(name, words)));

/** What became of a rule that was put aside, with the firewall's words. */
export const putAsideText = ({ rule, words, hours }: PutAside): string =>
  hours === null
    ? `left out: ${rule}: ${words}. It is added once rules of that group have gone or the setting allows more.`
    : `put aside: ${rule}, since the firewall refused it (${words}). It is tried again when what these words name or a setting changes, ${hours === 1 ? 'an hour' : `${hours} hours`} after the last refusal at the latest, and by a redrive of the execution that asked for it.`;

const asPutAside = (candidate: CandidateRule, refusal: Refusal, isOwn: boolean): PutAside => ({
  id: refusal.id,
  about: aboutOf(candidate),
  rule: candidateText(candidate),
  name: refusal.name,
  words: refusal.words,
  hours: hoursAfter(refusal.tries),
  isOwn,
});
