import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Policy, SecurityRule } from '../../../shared/domain/policy/policy.ts';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';
import { judgeCandidates } from '../../../shared/domain/verdict/verdict.ts';
import type { Judged } from '../../../shared/domain/verdict/verdict-words.ts';
import { type Case, cases, sessionsOf } from './cases.ts';
import { all, bottomAt, candidateMatches, certainty, matcher, none, type Session, type World } from './oracle.ts';
import { runs } from './runs.ts';

const ask = ({ policies, candidates, owned, removed, bottomRule, open }: Case): readonly Judged[] => {
  const [first, ...others] = policies.map((policy, at) => ({ policy, label: `view ${at + 1}` }));
  assert(first !== undefined);
  return judgeCandidates({
    views: [first, ...others],
    bottomRule,
    owned,
    removedRules: removed,
    candidates,
    pending: [],
    openPushedDenies: open,
  });
};

/** Rules above the bottom rule, or from it on, as they count for a session. */
const rulesFor = (
  { owned, removed, bottomRule }: Case,
  policy: Policy,
  session: Session,
  side: 'above' | 'below' = 'above',
): readonly SecurityRule[] => {
  const at = bottomAt(policy.rules, bottomRule);
  const rules = side === 'above' ? policy.rules.slice(0, at) : policy.rules.slice(at);
  return rules.filter((rule) => {
    if (rule.uuid !== null && removed.includes(rule.uuid)) return false;
    const own = owned.find((one) => one.uuid === rule.uuid);
    return own === undefined || own.interfaces.includes(session.interface);
  });
};

/** Whether what a rule denies is its own although ours would stand above it. */
const isPushedBelow = ({ bottomRule }: Case, rule: SecurityRule): boolean =>
  rule.rulebase === 'pushed-post' && bottomRule.endsWith('-default');

interface FateBelow {
  /** The rule that surely allows, whatever the unsure ones do; null when none does. */
  readonly allowedBy: string | null;
  /** Pushed rules that deny it or may. */
  readonly deniedBy: readonly { readonly rule: string; readonly sure: boolean }[];
  /** Whether a rule of ours would decide over it. */
  readonly reaches: boolean;
}

/** What becomes of a session that nothing above decides. */
const fateBelow = (question: Case, policy: Policy, session: Session): FateBelow => {
  const deniedBy: { rule: string; sure: boolean }[] = [];
  for (const rule of rulesFor(question, policy, session, 'below')) {
    const match = certainty(policy, rule, session);
    if (match === 'no' || (match === 'perhaps' && rule.action === 'allow')) continue;
    // What may be denied before is not allowed anyway.
    if (rule.action === 'allow') {
      return deniedBy.length > 0
        ? { allowedBy: null, deniedBy, reaches: true }
        : { allowedBy: rule.name, deniedBy, reaches: false };
    }
    if (!isPushedBelow(question, rule)) return { allowedBy: null, deniedBy, reaches: true };
    deniedBy.push({ rule: rule.name, sure: match === 'yes' });
    if (match === 'yes' || !question.open) return { allowedBy: null, deniedBy, reaches: false };
  }
  return { allowedBy: null, deniedBy, reaches: true };
};

interface Fate {
  /** The rule that surely decides; null when none above the bottom rule does. */
  readonly rule: string | null;
  readonly allows: boolean;
  /** Rules that may decide first. */
  readonly unsure: readonly string[];
}

const acceptedName = ({ group, service }: CandidateRule): string => {
  if (service.kind === 'any') return `to be added for ${group} `;
  const { from, to } = service.ports;
  return `to be added for ${group} ${service.protocol}/${from === to ? from : `${from}-${to}`}`;
};

const fateOf = (question: Case, policy: Policy, accepted: readonly CandidateRule[], session: Session): Fate => {
  const unsure: string[] = [];
  for (const rule of rulesFor(question, policy, session)) {
    const match = certainty(policy, rule, session);
    if (match === 'yes') return { rule: rule.name, allows: rule.action === 'allow', unsure };
    if (match === 'perhaps') unsure.push(rule.name);
  }
  const added = accepted.find(
    (one) => candidateMatches(one, session) && one.destinations.some((to) => to.interface === session.interface),
  );
  return { rule: added === undefined ? null : acceptedName(added), allows: true, unsure };
};

interface Expected {
  readonly kind: 'allowed' | 'overridden' | 'needed';
  readonly by: ReadonlySet<string>;
  readonly reservations: ReadonlySet<string>;
  /** Sources to add, for each destination. */
  readonly needs: readonly (readonly string[])[];
}

/** Rule names as they are in an answer: of a rule added in this run only the beginning is compared. */
const comparable = (name: string): string => (name.startsWith('to be added for sg-1') ? 'to be added' : name);

const expected = (question: Case, candidate: CandidateRule, accepted: readonly CandidateRule[]): Expected => {
  const allowing = new Set<string>();
  const overriding = new Set<string>();
  const reservations = new Set<string>();
  const needs = candidate.destinations.map((_, d) =>
    candidate.sources.filter((_source, s) => {
      let needed = false;
      let forbidden = false;
      for (const policy of question.policies) {
        for (const session of sessionsOf(policy, candidate, s, d)) {
          const fate = fateOf(question, policy, accepted, session);
          for (const name of fate.unsure) reservations.add(name);
          if (fate.rule === null) {
            const below = fateBelow(question, policy, session);
            needed ||= below.reaches;
            forbidden ||= below.deniedBy.length > 0 && !question.open;
            if (below.allowedBy !== null) allowing.add(below.allowedBy);
            for (const { rule, sure } of below.deniedBy) if (sure || !question.open) overriding.add(rule);
          } else if (fate.allows) allowing.add(comparable(fate.rule));
          else overriding.add(fate.rule);
        }
      }
      return needed && !forbidden;
    }),
  );
  const anyNeed = needs.some((sources) => sources.length > 0);
  const kind = anyNeed ? 'needed' : overriding.size > 0 ? 'overridden' : 'allowed';
  const by = kind === 'overridden' ? overriding : new Set([...allowing, ...overriding]);
  return { kind, by, reservations, needs: needs.map((sources) => sources.map((one) => one.source)) };
};

const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort();

test('the verdict is what enumerating every session says', (t) => {
  const counts = {
    allowed: 0,
    overridden: 0,
    needed: 0,
    refused: 0,
    several: 0,
    doubted: 0,
    trimmed: 0,
    allowedBelow: 0,
    overtaking: 0,
    past: 0,
  };
  runs(t, 20_000, cases, (question) => {
    const answers = ask(question);
    const accepted: CandidateRule[] = [];
    for (const [input, candidate] of question.candidates.entries()) {
      const mine = answers.filter((answer) => answer.input === input);
      const should = expected(question, candidate, accepted);
      assert(mine.length > 0);
      if (mine.length > 1) counts.several += 1;
      for (const { verdict, parts, trimmedSources, trimmedDestinations } of mine) {
        counts[verdict.kind] += 1;
        if (verdict.kind === 'allowed' && parts.some(({ below }) => below)) counts.allowedBelow += 1;
        if (verdict.explanation.includes('of ours would stand above')) counts.overtaking += 1;
        if (verdict.kind === 'needed' && verdict.reaches !== question.bottomRule) counts.past += 1;
        if (verdict.reservations.length > 0) counts.doubted += 1;
        if (trimmedSources.length + trimmedDestinations.length > 0 && verdict.kind === 'needed') counts.trimmed += 1;
        assert.equal(verdict.kind, should.kind);
        assert.deepEqual(sorted(verdict.by.map(comparable)), sorted(should.by));
        assert.deepEqual(sorted(verdict.reservations), sorted(should.reservations));
      }
      for (const [d, destination] of candidate.destinations.entries()) {
        const added = mine
          .filter(({ verdict }) => verdict.kind === 'needed')
          .filter((answer) => answer.candidate.destinations.includes(destination));
        assert(added.length <= 1, 'a destination stands in at most one answer');
        const sources = added.flatMap((answer) => answer.candidate.sources.map(({ source }) => source));
        assert.deepEqual(sources, should.needs[d]);
      }
      accepted.push(...mine.filter(({ verdict }) => verdict.kind === 'needed').map((answer) => answer.candidate));
    }
  });
  t.diagnostic(JSON.stringify(counts));
  for (const [what, count] of Object.entries(counts)) {
    if (what !== 'refused') assert(count > 0, `the generator never makes "${what}"`);
  }
});

/** The same unknown thing and value always give the same answer in one world. */
const worldOf =
  (salt: number): World =>
  (unknown, value) => {
    let hash = salt;
    for (const character of `${unknown} ${value}`) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
    return ((hash ^ (hash >>> 15)) & 1) === 1;
  };

/** Whether a pair of source and destination is left out since a rule for it would stand above a pushed rule that may deny some. */
const isLeftToPushed = (question: Case, candidate: CandidateRule, s: number, d: number): boolean =>
  !question.open &&
  question.policies.some((policy) =>
    sessionsOf(policy, candidate, s, d).some(
      (session) =>
        fateOf(question, policy, [], session).rule === null && fateBelow(question, policy, session).deniedBy.length > 0,
    ),
  );

test('however the unsure rules match, a rule for a candidate that is not needed would change the fate of no session', (t) => {
  runs(t, 3_000, fc.tuple(cases, fc.array(fc.integer(), { minLength: 1, maxLength: 2 })), ([question, salts]) => {
    const answers = ask(question);
    const accepted: CandidateRule[] = [];
    for (const [input, candidate] of question.candidates.entries()) {
      const mine = answers.filter((answer) => answer.input === input);
      accepted.push(...mine.filter(({ verdict }) => verdict.kind === 'needed').map((answer) => answer.candidate));
      if (mine.some(({ verdict }) => verdict.kind === 'needed')) continue;
      for (const policy of question.policies) {
        for (const world of [none, all, ...salts.map(worldOf)]) {
          const matchers = new Map(policy.rules.map((rule) => [rule, matcher(policy, rule, world)]));
          for (const [s] of candidate.sources.entries()) {
            for (const [d] of candidate.destinations.entries()) {
              let left: boolean | null = null;
              const isLeft = () => (left ??= isLeftToPushed(question, candidate, s, d));
              for (const session of sessionsOf(policy, candidate, s, d)) {
                const matches = (rule: SecurityRule) => matchers.get(rule)?.(session) === true;
                const decided =
                  rulesFor(question, policy, session).some(matches) ||
                  accepted.some((one) => candidateMatches(one, session));
                if (decided || isLeft()) continue;
                const { reaches, deniedBy } = fateBelow(question, policy, session);
                if (!reaches && deniedBy.some(({ sure }) => sure)) continue;
                const next = rulesFor(question, policy, session, 'below').find(matches);
                assert.equal(
                  next?.action,
                  'allow',
                  `${JSON.stringify(session)} is closed, and a new rule would open it`,
                );
              }
            }
          }
        }
      }
    }
  });
});

test('no rule opens a session that a pushed rule below the place of ours denies or may deny, unless that is wanted', (t) => {
  let met = 0;
  runs(t, 3_000, cases, (question) => {
    const accepted: CandidateRule[] = [];
    for (const { candidate, verdict } of ask({ ...question, open: false })) {
      if (verdict.kind !== 'needed') continue;
      for (const policy of question.policies) {
        for (const [s] of candidate.sources.entries()) {
          for (const [d] of candidate.destinations.entries()) {
            for (const session of sessionsOf(policy, candidate, s, d)) {
              if (fateOf(question, policy, accepted, session).rule !== null) continue;
              met += 1;
              assert.deepEqual(fateBelow({ ...question, open: false }, policy, session).deniedBy, []);
            }
          }
        }
      }
      accepted.push(candidate);
    }
  });
  assert(met > 0);
});

test('what is added or trimmed off is within what was asked', (t) => {
  runs(t, 2_000, cases, (question) => {
    for (const { input, candidate, verdict, trimmedSources, trimmedDestinations } of ask(question)) {
      const asked = question.candidates[input];
      assert(asked !== undefined);
      assert(candidate.sources.every((source) => asked.sources.includes(source)));
      assert(candidate.destinations.every((to) => asked.destinations.includes(to)));
      assert(candidate.sources.length > 0 && candidate.destinations.length > 0);
      const { sources: _s, destinations: _d, ...rest } = candidate;
      const { sources: _as, destinations: _ad, ...restAsked } = asked;
      assert.deepEqual(rest, restAsked);
      if (verdict.kind !== 'needed') continue;
      assert(trimmedSources.every((source) => asked.sources.some((one) => one.source === source)));
      assert(trimmedDestinations.every((to) => asked.destinations.some((one) => one.address === to)));
    }
  });
});
