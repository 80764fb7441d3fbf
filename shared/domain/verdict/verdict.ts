import type { GrantDestination, GrantSource } from '../grants/grants.ts';
import { checkBottomRule, type PolicyView, rulesAbove, rulesBelow } from '../policy/bottom-rule.ts';
import { objectsUsedBy } from '../policy/object-uses.ts';
import type { PendingEdit } from '../policy/pending-edits.ts';
import { editedEntry } from '../policy/pending-edits.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import type { Closure } from './closure-sets.ts';
import { opensOnly } from './decryption.ts';
import { type Answer, answer, narrowerAllows } from './verdict-answer.ts';
import { explain } from './verdict-explanation.ts';
import { type OpenView, openView } from './verdict-view.ts';
import type { Doubt, Judged, Verdict } from './verdict-words.ts';

export interface OwnedInVerdict {
  readonly uuid: string;
  /** The interfaces it has contributions of: it counts for no other destination. */
  readonly interfaces: readonly string[];
}

export interface VerdictQuestion {
  /**
   * The configurations that will be in force: one where nobody else has edits pending; with them, what runs after our own
   * commit, and what will run once the others commit. A candidate is left out only where all of them leave it out.
   * Rules that are narrowed in this run stand here as they will be.
   */
  readonly views: readonly [PolicyView, ...PolicyView[]];
  readonly bottomRule: string;
  readonly owned: readonly OwnedInVerdict[];
  /** Uuids of rules removed in this run: taken as gone, whether or not the views still have them. */
  readonly removedRules: readonly string[];
  readonly candidates: readonly CandidateRule[];
  /** What administrators closed in rules of ours: it stands directly above the bottom rule. */
  readonly closures?: readonly Closure[];
  readonly pending: readonly PendingEdit[];
  /** Refuse a candidate that opens more applications than an administrator's allow for the same addresses and ports. */
  readonly strictApplications?: boolean;
  /** With a default rule as bottom: open also what rules that a Panorama pushed below the local ones may deny. */
  readonly openPushedDenies?: boolean;
}

const checkZones = (candidate: CandidateRule): void => {
  for (const zone of [candidate.from, candidate.to]) {
    if (zone === 'any' || zone === 'multicast') {
      throw new RangeError(`A candidate needs the name of a zone on either side, not "${zone}"`);
    }
  }
};

const trafficName = ({ service, application, traffic }: CandidateRule): string => {
  if (service.kind === 'any') return traffic.kind === 'all' ? 'all traffic' : application.join(', ');
  const { from, to } = service.ports;
  return `${service.protocol}/${from === to ? from : `${from}-${to}`}`;
};

const unique = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];

const uniqueDoubts = (doubts: readonly Doubt[]): readonly Doubt[] => {
  const seen = new Map<string, Doubt>();
  for (const doubt of doubts) seen.set(JSON.stringify(doubt), doubt);
  return [...seen.values()];
};

/** Which uncommitted edits the answers depend on, and whose they are. Asked only where the views differ. */
const pendingText = (question: VerdictQuestion, views: readonly OpenView[], answers: readonly Answer[]): string => {
  const deciding = new Set(answers.flatMap((one) => [...one.parts, ...one.doubts].map(({ rule }) => rule)));
  const used = new Set<string>();
  for (const view of views) {
    const { policy } = view;
    const rules = [...rulesAbove(policy, question.bottomRule), ...rulesBelow(policy, question.bottomRule)].filter(
      (rule) => deciding.has(rule.name),
    );
    for (const use of objectsUsedBy(view.policy, rules)) used.add(use.name);
  }
  const told = question.pending.flatMap((edit) => {
    const entry = editedEntry(edit);
    if (entry === null) return [];
    const matters = entry.kind === 'rule' ? deciding.has(entry.name) : used.has(entry.name);
    return matters ? [`"${entry.name}" edited by ${edit.administrator}`] : [];
  });
  if (told.length > 0) return `; not committed yet: ${unique(told).join(', ')}`;
  const administrators = unique(question.pending.map((edit) => edit.administrator));
  return administrators.length === 0 ? '' : `; with uncommitted edits of ${administrators.join(', ')}`;
};

const explanationOf = (question: VerdictQuestion, views: readonly OpenView[], answers: readonly Answer[]): string => {
  const texts = answers.map((one) => explain(one.parts, one.doubts));
  const [first = ''] = texts;
  if (texts.every((text) => text === first)) return first;
  const told = texts.map((text, at) => `${views[at]?.label ?? ''}: ${text}`);
  return `${told.join('; ')}${pendingText(question, views, answers)}`;
};

const overtakenText = (answers: readonly Answer[], open: boolean): string => {
  const names = unique(answers.flatMap((one) => one.overtaken)).map((name) => `"${name}"`);
  if (names.length === 0) return '';
  return open
    ? `; opens what ${names.join(', ')} may deny`
    : `; where they may deny it, it is left out: a rule of ours would stand above ${names.join(', ')}`;
};

/** Destinations with the same needed sources go together; destinations that need none are left out. */
const pieces = (candidate: CandidateRule, needs: (source: number, destination: number) => boolean): CandidateRule[] => {
  const bySources = new Map<string, { sources: readonly GrantSource[]; destinations: GrantDestination[] }>();
  for (const [d, destination] of candidate.destinations.entries()) {
    const needed = candidate.sources.flatMap((_, s) => (needs(s, d) ? [s] : []));
    if (needed.length === 0) continue;
    const key = needed.join(' ');
    const piece = bySources.get(key);
    if (piece !== undefined) piece.destinations.push(destination);
    else {
      const sources = candidate.sources.filter((_, s) => needs(s, d));
      bySources.set(key, { sources, destinations: [destination] });
    }
  }
  return [...bySources.values()].map(({ sources, destinations }) => ({ ...candidate, sources, destinations }));
};

/**
 * Judges candidates in order, against the policy above the bottom rule plus the candidates accepted before them, which
 * count as rules for the interfaces they were made for. The answer is about every session a candidate would match:
 *
 *   allowed     every part is surely matched by allow rules above the bottom rule, or allowed anyway by it or below it
 *   overridden  some part is surely matched by a rule that does not allow, or closed by an administrator (with a default rule as
 *               bottom, also by a pushed rule below the local ones, or one that may), and no part reaches the bottom rule that a
 *               rule could allow without opening what is closed
 *   needed      some part may reach it; `candidate` is what to add, without sources and addresses decided above
 *   refused     needed, but it opens more applications than an administrator's allow and `strictApplications` is set
 *
 * Answers stand in the order of the candidates. Where trimming leaves addresses with different sources, a candidate has
 * several answers in a row, with the same `input`. Throws `BottomRuleUnusable`; RangeError for a candidate that no
 * zone name, no CIDR of its family or no source can be read from.
 */
export const judgeCandidates = (question: VerdictQuestion): readonly Judged[] => {
  const { bottomRule, owned, candidates } = question;
  checkBottomRule(question.views, bottomRule, question.pending);
  const open = question.openPushedDenies === true;
  const interfaces = new Map(owned.map((rule) => [rule.uuid, new Set(rule.interfaces)]));
  const removed = new Set(question.removedRules);
  const views = question.views.map((view) => openView(view, bottomRule, interfaces, removed, question.closures));

  const judgeOne = (candidate: CandidateRule, input: number): readonly Judged[] => {
    checkZones(candidate);
    if (candidate.sources.length === 0 || candidate.destinations.length === 0) {
      throw new RangeError(`A candidate for group ${candidate.group} has no source or no destination`);
    }
    const answers = views.map((view) => answer(view, candidate, { bottomRule, open }));
    // A rule allows all its sources to all its destinations: a pair of which something is closed is left out whole.
    const needs = (source: number, destination: number) =>
      answers.some((one) => one.needs(source, destination)) &&
      !answers.some((one) => one.forbids(source, destination) || one.isClosed(source, destination));
    const explanation = `${explanationOf(question, views, answers)}${overtakenText(answers, open)}`;
    const doubts = uniqueDoubts(answers.flatMap((one) => one.doubts));
    const reservations = unique(doubts.map((doubt) => doubt.rule));
    const overriding = unique(answers.flatMap((one) => one.overriding));
    const deciding = unique(
      answers.flatMap((one) => one.parts.filter(({ action }) => action !== 'reach').map(({ rule }) => rule)),
    );
    const parts = answers[0]?.parts ?? [];
    const wanted = pieces(candidate, needs);
    const left = (piece: CandidateRule | null): Pick<Judged, 'trimmedSources' | 'trimmedDestinations'> => {
      const kept = new Set(wanted.flatMap((one) => one.destinations));
      return {
        trimmedSources: candidate.sources.filter((one) => !piece?.sources.includes(one)).map(({ source }) => source),
        trimmedDestinations: candidate.destinations.filter((one) => !kept.has(one)).map(({ address }) => address),
      };
    };
    if (wanted.length === 0) {
      const isHeldBack = candidate.sources.some((_, s) =>
        candidate.destinations.some((_, d) => answers.some((one) => one.needs(s, d) && one.isClosed(s, d))),
      );
      const words = isHeldBack ? '; nothing is added, since a rule for the rest would open what is closed' : '';
      const verdict: Verdict =
        overriding.length === 0
          ? { kind: 'allowed', by: deciding, reservations, explanation }
          : { kind: 'overridden', by: overriding, reservations, explanation: `${explanation}${words}` };
      return [{ input, candidate, verdict, parts, doubts, ...left(null) }];
    }
    return wanted.map((piece) => {
      const opensMoreApplicationsThan = unique(views.flatMap((view) => narrowerAllows(view, piece)));
      const refused = question.strictApplications === true && opensMoreApplicationsThan.length > 0;
      const more =
        opensMoreApplicationsThan.length === 0
          ? ''
          : `; opens more applications than ${opensMoreApplicationsThan.map((name) => `"${name}"`).join(', ')}`;
      const only = refused ? null : opensOnly(piece);
      const verdict: Verdict = {
        kind: refused ? 'refused' : 'needed',
        reaches: answers.flatMap((one) => one.reached)[0]?.rule ?? bottomRule,
        by: deciding,
        reservations,
        opensMoreApplicationsThan,
        explanation: `${explanation}${more}${only === null ? '' : `; ${only}`}`,
      };
      if (!refused) {
        const name = `to be added for ${piece.group} ${trafficName(piece)}`;
        for (const view of views) view.accept(name, piece);
      }
      return { input, candidate: piece, verdict, parts, doubts, ...left(piece) };
    });
  };

  return candidates.flatMap(judgeOne);
};
