import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ObjectScope, Policy, SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { rangeOfCidr } from '../../../shared/domain/sets/addresses.ts';
import { hasApplication } from '../../../shared/domain/sets/application-sets.ts';
import type { Box } from '../../../shared/domain/sets/boxes.ts';
import type { Line } from '../../../shared/domain/sets/lines.ts';
import { judgeCandidates } from '../../../shared/domain/verdict/verdict.ts';
import { answer } from '../../../shared/domain/verdict/verdict-answer.ts';
import { openView } from '../../../shared/domain/verdict/verdict-view.ts';
import type { Judged } from '../../../shared/domain/verdict/verdict-words.ts';
import { rule } from '../../unit/domain/verdict-policies.ts';
import { type Case, cases, sessionsOf } from './cases.ts';
import { bottomAt, type Session } from './oracle.ts';
import { runs } from './runs.ts';

const ask = ({ policies, candidates, owned, removed, bottomRule, open }: Case): readonly Judged[] => {
  const [first, ...others] = policies.map((policy, at) => ({ policy, label: `view ${at + 1}` }));
  assert(first !== undefined);
  const views = [first, ...others] as const;
  const question = { views, bottomRule, owned, removedRules: removed, candidates, pending: [], openPushedDenies: open };
  return judgeCandidates(question);
};

const withRules = (question: Case, change: (rules: readonly SecurityRule[]) => readonly SecurityRule[]): Case => {
  const [first, ...others] = question.policies.map((policy) => ({ ...policy, rules: change(policy.rules) }));
  assert(first !== undefined);
  return { ...question, policies: [first, ...others] };
};

/** What a reader would act on: everything but the names of the rules that decide. */
const outcome = (judged: readonly Judged[]) =>
  judged.map(({ input, candidate, verdict, trimmedSources, trimmedDestinations }) => ({
    input,
    candidate,
    kind: verdict.kind,
    trimmedSources,
    trimmedDestinations,
  }));

test('a rule on top that allows everything makes every candidate allowed, by it alone', (t) => {
  runs(t, 1_000, cases, (question) => {
    for (const { verdict } of ask(withRules(question, (rules) => [rule('Top'), ...rules]))) {
      assert.equal(verdict.kind, 'allowed');
      assert.deepEqual(verdict.by, ['Top']);
      assert.deepEqual(verdict.reservations, []);
    }
  });
});

test('a rule on top that denies everything makes every candidate overridden, by it alone', (t) => {
  const actions = fc.constantFrom<SecurityRule['action'][]>(
    'deny',
    'drop',
    'reset-client',
    'reset-server',
    'reset-both',
  );
  runs(t, 1_000, fc.tuple(cases, actions), ([question, action]) => {
    for (const { verdict } of ask(withRules(question, (rules) => [rule('Top', { action }), ...rules]))) {
      assert.equal(verdict.kind, 'overridden');
      assert.deepEqual(verdict.by, ['Top']);
    }
  });
});

test('a disabled rule changes nothing, wherever it stands', (t) => {
  runs(t, 1_000, fc.tuple(cases, fc.nat({ max: 8 }), fc.boolean()), ([question, place, allows]) => {
    const disabled = rule('Disabled', { disabled: true, action: allows ? 'allow' : 'deny' });
    const more = withRules(question, (rules) => [...rules.slice(0, place), disabled, ...rules.slice(place)]);
    assert.deepEqual(ask(more), ask(question));
  });
});

test('one rule with two lists of sources or two rules with one each are the same', (t) => {
  const side = fc.constantFrom<('source' | 'destination')[]>('source', 'destination');
  runs(t, 1_500, fc.tuple(cases, side), ([question, field]) => {
    const negated = field === 'source' ? 'negateSource' : 'negateDestination';
    const split = withRules(question, (rules) =>
      rules.flatMap((one): readonly SecurityRule[] => {
        if (one[field].length < 2 || one[negated] || one.name === question.bottomRule) return [one];
        return [
          { ...one, [field]: one[field].slice(0, 1) },
          { ...one, [field]: one[field].slice(1) },
        ];
      }),
    );
    assert.deepEqual(outcome(ask(split)), outcome(ask(question)));
  });
});

const endingWith = (question: Case, ending: readonly SecurityRule[]): Case => ({
  ...withRules(question, (rules) => [...rules.slice(0, bottomAt(rules, question.bottomRule)), ...ending]),
  bottomRule: 'Clean up',
});

test('below a bottom rule that denies everything, nothing that stands there changes anything', (t) => {
  runs(t, 1_000, fc.tuple(cases, cases), ([question, other]) => {
    const below = other.policies[0].rules.filter(({ name }) => name !== 'Clean up');
    const cleanUp = rule('Clean up', { action: 'deny' });
    const pushed = below.map((one) => ({ ...one, uuid: null, rulebase: 'pushed-post' }) as const);
    assert.deepEqual(ask(endingWith(question, [cleanUp, ...pushed])), ask(endingWith(question, [cleanUp])));
  });
});

test('above a bottom rule that allows everything, no candidate is needed', (t) => {
  runs(t, 1_000, cases, (question) => {
    for (const { verdict } of ask(endingWith(question, [rule('Clean up')]))) assert.notEqual(verdict.kind, 'needed');
  });
});

test('interzone-default and intrazone-default are the same place', (t) => {
  runs(t, 1_000, cases, (question) => {
    if (!question.bottomRule.endsWith('-default')) return;
    const [one, other] = ['interzone-default', 'intrazone-default'].map((bottomRule) =>
      ask({ ...question, bottomRule }),
    );
    assert.deepEqual(outcome(one ?? []), outcome(other ?? []));
  });
});

test('the order of rules below the last one that decides a candidate does not matter', (t) => {
  let decided = 0;
  runs(t, 2_000, cases, (question) => {
    for (const candidate of question.candidates) {
      const alone: Case = { ...question, policies: [question.policies[0]], candidates: [candidate] };
      const [judged] = ask(alone);
      assert(judged !== undefined);
      if (judged.verdict.kind === 'needed') continue;
      const names = new Set(judged.parts.map((part) => part.rule));
      const [{ rules: all }] = alone.policies;
      // What comes to the bottom rule has passed every rule above.
      if (all.slice(bottomAt(all, alone.bottomRule)).some(({ name }) => names.has(name))) continue;
      decided += 1;
      const turned = withRules(alone, (rules) => {
        const bottom = bottomAt(rules, alone.bottomRule);
        const last = rules.slice(0, bottom).findLastIndex(({ name }) => names.has(name));
        return [...rules.slice(0, last + 1), ...rules.slice(last + 1, bottom).reverse(), ...rules.slice(bottom)];
      });
      assert.deepEqual(ask(turned), [judged]);
    }
  });
  assert(decided > 0);
});

const turnedScope = (scope: ObjectScope): ObjectScope => ({
  ...scope,
  addressGroups: new Map(
    [...scope.addressGroups]
      .reverse()
      .map(([name, group]) => [
        name,
        group.kind === 'static' ? { ...group, members: [...group.members].reverse() } : group,
      ]),
  ),
  serviceGroups: new Map([...scope.serviceGroups].map(([name, members]) => [name, [...members].reverse()])),
  applicationGroups: new Map([...scope.applicationGroups].map(([name, members]) => [name, [...members].reverse()])),
});

const turned = (policy: Policy): Policy => ({
  rules: policy.rules.map((one) => ({
    ...one,
    from: [...one.from].reverse(),
    to: [...one.to].reverse(),
    source: [...one.source].reverse(),
    destination: [...one.destination].reverse(),
    application: [...one.application].reverse(),
    service: [...one.service].reverse(),
  })),
  scopes: {
    vsys: turnedScope(policy.scopes.vsys),
    shared: turnedScope(policy.scopes.shared),
    pushed: turnedScope(policy.scopes.pushed),
    predefined: turnedScope(policy.scopes.predefined),
  },
});

test('the order of members of rules and groups never matters', (t) => {
  runs(t, 1_500, cases, (question) => {
    const [first, ...others] = question.policies.map(turned);
    assert(first !== undefined);
    assert.deepEqual(outcome(ask({ ...question, policies: [first, ...others] })), outcome(ask(question)));
  });
});

test('the same question gives the same answer', (t) => {
  runs(t, 300, cases, (question) => assert.deepEqual(ask(question), ask(question)));
});

const has = (line: Line, point: number | bigint): boolean => line.filter((edge) => edge <= point).length % 2 === 1;

const inBox = (box: Box, session: Session): boolean => {
  const first = (address: string) => rangeOfCidr(address)?.line[0] ?? -1;
  const { protocol, port } = session;
  const point = protocol * 65536 + (protocol === 1 || protocol === 58 ? port * 256 : port);
  return (
    has(box.source, first(session.source)) &&
    has(box.destination, first(session.destination)) &&
    has(box.traffic, point) &&
    has(box.sourcePort, session.sourcePort) &&
    hasApplication(box.applications, session.application)
  );
};

test("an explanation's parts are disjoint and together the candidate", (t) => {
  runs(t, 1_500, cases, (question) => {
    const [policy] = question.policies;
    const { bottomRule } = question;
    const view = openView({ policy, label: '' }, bottomRule, new Map(), new Set(question.removed));
    for (const asked of question.candidates) {
      // One interface: of two interfaces with one address the parts are told apart by interface, not by address.
      const candidate = { ...asked, destinations: asked.destinations.map((to) => ({ ...to, interface: 'eni-1' })) };
      const { taken, reached, parts } = answer(view, candidate, { bottomRule, open: false });
      assert.equal(parts.length, taken.length + reached.length);
      for (const [s] of candidate.sources.entries()) {
        for (const [d] of candidate.destinations.entries()) {
          for (const session of sessionsOf(policy, candidate, s, d)) {
            const boxes = [...taken, ...reached].flatMap((one) => one.boxes).filter((box) => inBox(box, session));
            assert.equal(boxes.length, 1, JSON.stringify(session));
          }
        }
      }
    }
  });
});
