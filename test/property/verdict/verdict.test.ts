import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Policy, SecurityRule } from '../../../shared/domain/policy/policy.ts';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';
import { judgeCandidates } from '../../../shared/domain/verdict/verdict.ts';
import type { Judged } from '../../../shared/domain/verdict/verdict-words.ts';
import { type Case, cases, sessionsOf } from './cases.ts';
import { all, candidateMatches, certainty, matcher, none, type Session, type World } from './oracle.ts';
import { runs } from './runs.ts';

const bottomRule = 'Clean up';

const ask = ({ policies, candidates, owned, removed }: Case): readonly Judged[] => {
  const [first, ...others] = policies.map((policy, at) => ({ policy, label: `view ${at + 1}` }));
  assert(first !== undefined);
  return judgeCandidates({
    views: [first, ...others],
    bottomRule,
    owned,
    removedRules: removed,
    candidates,
    pending: [],
  });
};

/** Enabled rules above the bottom rule, as they count for a session. */
const rulesFor = ({ owned, removed }: Case, policy: Policy, session: Session): readonly SecurityRule[] => {
  const at = policy.rules.findIndex((rule) => rule.name === bottomRule);
  return policy.rules.slice(0, at).filter((rule) => {
    if (rule.uuid !== null && removed.includes(rule.uuid)) return false;
    const own = owned.find((one) => one.uuid === rule.uuid);
    return own === undefined || own.interfaces.includes(session.interface);
  });
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
      for (const policy of question.policies) {
        for (const session of sessionsOf(policy, candidate, s, d)) {
          const fate = fateOf(question, policy, accepted, session);
          for (const name of fate.unsure) reservations.add(name);
          if (fate.rule === null) needed = true;
          else if (fate.allows) allowing.add(comparable(fate.rule));
          else overriding.add(fate.rule);
        }
      }
      return needed;
    }),
  );
  const anyNeed = needs.some((sources) => sources.length > 0);
  const kind = anyNeed ? 'needed' : overriding.size > 0 ? 'overridden' : 'allowed';
  const by = kind === 'overridden' ? overriding : new Set([...allowing, ...overriding]);
  return { kind, by, reservations, needs: needs.map((sources) => sources.map((one) => one.source)) };
};

const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort();

test('the verdict is what enumerating every session says', (t) => {
  const counts = { allowed: 0, overridden: 0, needed: 0, refused: 0, several: 0, doubted: 0, trimmed: 0 };
  runs(t, 20_000, cases, (question) => {
    const answers = ask(question);
    const accepted: CandidateRule[] = [];
    for (const [input, candidate] of question.candidates.entries()) {
      const mine = answers.filter((answer) => answer.input === input);
      const should = expected(question, candidate, accepted);
      assert(mine.length > 0);
      if (mine.length > 1) counts.several += 1;
      for (const { verdict, trimmedSources, trimmedDestinations } of mine) {
        counts[verdict.kind] += 1;
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
              for (const session of sessionsOf(policy, candidate, s, d)) {
                const decided =
                  rulesFor(question, policy, session).some((rule) => matchers.get(rule)?.(session) === true) ||
                  accepted.some((one) => candidateMatches(one, session));
                assert(decided, `${JSON.stringify(session)} reaches the new rule`);
              }
            }
          }
        }
      }
    }
  });
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
