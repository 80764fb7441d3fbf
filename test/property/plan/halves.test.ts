import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Grant } from '../../../shared/domain/grants/grants.ts';
import { makePlan } from '../../../shared/domain/plan/make-plan.ts';
import { closingOf, additionsOf as opened, type Plan, type PlanInputs } from '../../../shared/domain/plan/plan.ts';
import { type Refusal, saysOf } from '../../../shared/domain/plan/refusals.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { contains } from '../../../shared/domain/sets/addresses.ts';
import { candidatesFor, grantKey, grantsOf } from '../../support/grants.ts';
import { destination, edit, ownedRecord, ruleXpath, source, standing, tcp } from '../../unit/domain/owned.ts';
import { cleanUp, policy } from '../../unit/domain/verdict-policies.ts';
import { runs } from '../verdict/runs.ts';

const sources = [source('0.0.0.0/0'), source('203.0.113.0/24', 'sgr-2'), source('203.0.113.128/25', 'sgr-3')];
const destinations = [1, 2, 3].map((number) => destination(number));
const kinds = ['sg-1', 'sg-2'].flatMap((group) =>
  [tcp(443), tcp(80)].map((traffic) => ({ group, family: 4 as const, traffic })),
);
const universe = kinds.flatMap((kind) =>
  destinations.flatMap((to) => sources.map((from): Grant => ({ ...from, ...to, ...kind }))),
);

const world = fc.record({
  owned: fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      sources: fc.subarray(sources, { minLength: 1 }),
      destinations: fc.subarray(destinations, { minLength: 1 }),
      is: fc.constantFrom('as written', 'as written', 'disabled', 'narrowed'),
    }),
    { maxLength: 3 },
  ),
  desired: fc.subarray(universe),
  refused: fc.array(fc.nat(), { maxLength: 3 }),
});
type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;

const digestOf = (text: string): string => `digest of ${text}`;
const style = { profileGroup: null, logSetting: null, tag: null };

const inputsOf = ({ owned, desired }: World): PlanInputs => {
  const made = owned.map(({ kind, sources, destinations, is }, at) => {
    const record = ownedRecord({ id: `i-1-${at}`, ...kind, contributions: { sources, destinations } });
    const narrowed = { source: ['203.0.113.200/32'] };
    return {
      record,
      rule: standing(record, is === 'disabled' ? { disabled: true } : is === 'narrowed' ? narrowed : {}),
    };
  });
  const candidate = policy([...made.map(({ rule }) => rule), cleanUp]);
  const instances = new Set(['i-1', 'i-2', 'i-3']);
  return {
    firewall: { candidate, running: candidate, pending: [], destinationNat: [] },
    rules: made.map(({ record }) => record),
    objects: [],
    candidates: candidatesFor(desired),
    scope: new Set(['eni-1', 'eni-2', 'eni-3']),
    limit: { unexplained: [], lostBefore: [], approved: [], approvedPlans: [], noRouteTo: [], own: [] },
    closures: {
      stored: [],
      instances,
      counting: instances,
      terminated: new Set(),
      unknown: new Set(),
      byGroup: false,
      reopened: [],
      now: 0,
    },
    mark: '[sync:0123456789abcdef]',
    settings: {
      administrator: 'policy-sync',
      bottomRule: 'Clean up',
      zones: { UNTRUST_ZONE: 'untrust', TRUST_ZONE: 'trust' },
      style,
      limits: { interfaces: 0, share: 0 },
      strictApplications: false,
    },
    ruleXpath,
    digestOf,
  };
};

const withBottom = (inputs: PlanInputs, bottom: readonly SecurityRule[]): PlanInputs => {
  const rules = inputs.firewall.candidate.rules.filter(
    ({ name }) => name !== 'Clean up' && name !== 'intrazone-default',
  );
  const candidate = policy([...rules.filter(({ rulebase }) => rulebase === 'local'), ...bottom]);
  return { ...inputs, firewall: { ...inputs.firewall, candidate, running: candidate } };
};

/** What makes opening impossible, each in its way. */
const obstacles: Readonly<Record<string, (inputs: PlanInputs) => PlanInputs>> = {
  'no bottom rule': (inputs) => withBottom(inputs, []),
  'a disabled bottom rule': (inputs) => withBottom(inputs, [{ ...cleanUp, disabled: true }]),
  'an edit of the bottom rule': (inputs) => ({
    ...inputs,
    firewall: { ...inputs.firewall, pending: [edit('colleague', ruleXpath('Clean up'))] },
  }),
  'no such profile group': (inputs) => ({
    ...inputs,
    settings: { ...inputs.settings, style: { ...style, profileGroup: 'gone' } },
  }),
  'no such zone': (inputs) => ({
    ...inputs,
    settings: { ...inputs.settings, zones: { UNTRUST_ZONE: 'gone', TRUST_ZONE: 'trust' } },
  }),
  'no route to any target': (inputs) => ({ ...inputs, limit: { ...inputs.limit, noRouteTo: ['eni-fw'] } }),
};

/** The closing half: what it takes away and why, and what it remembers of what administrators closed. */
const closingHalf = (plan: Plan) => {
  const { removals, shrinks, repaired, forgotten, closuresWritten, closuresEnded } = closingOf(plan);
  return { removals, shrinks, repaired, forgotten, closuresWritten, closuresEnded };
};

test('whatever makes opening impossible, nothing is opened and the closing half is the same', (t) => {
  let closed = 0;
  let kept = 0;
  runs(t, 1_000, world, (value) => {
    const inputs = inputsOf(value);
    const whole = makePlan(inputs);
    closed += whole.removals.length + whole.shrinks.length;
    kept += opened(whole).length;
    for (const [title, raise] of Object.entries(obstacles)) {
      const plan = makePlan(raise(inputs));
      assert.deepEqual(closingHalf(plan), closingHalf(whole), title);
      if (title !== 'no route to any target') assert.deepEqual(opened(plan), [], title);
      assert.equal(plan.obstacle != null, title === 'no route to any target' || whole.judged.length > 0, title);
    }
  });
  assert.ok(closed > 500 && kept > 500, `${closed} closed, ${kept} opened`);
});

test('without what the firewall refused, all else is opened and closed as before', (t) => {
  let refusals = 0;
  let rest = 0;
  let alone = 0;
  runs(t, 2_000, world, (value) => {
    const inputs = inputsOf(value);
    const whole = makePlan(inputs);
    const additions = opened(whole);
    if (additions.length === 0) return;
    const guilty = [...new Set(value.refused.map((at) => at % additions.length))].flatMap((at) => additions[at] ?? []);
    const refused = guilty.map(
      (candidate): Refusal => ({
        id: digestOf(saysOf(candidate, style)),
        rule: 'it',
        name: 'FirewallRejected',
        words: 'its words',
        named: digestOf(''),
        state: 'put aside',
        triedBy: 'another 0',
        since: 0,
        triedAt: 0,
        tries: 1,
      }),
    );
    const plan = makePlan({ ...inputs, refused: { refusals: refused, run: 'this 0', isRedriven: false } });
    assert.deepEqual(closingHalf(plan), closingHalf(whole));
    const ids = new Set(refused.map(({ id }) => id));
    for (const addition of opened(plan)) assert.equal(ids.has(digestOf(saysOf(addition, style))), false);
    // Some additions say the same: what was refused of one is refused of the other.
    const isRefused = (candidate: (typeof additions)[number]): boolean => ids.has(digestOf(saysOf(candidate, style)));
    const wanted = additions.filter((each) => !isRefused(each)).flatMap((each) => grantsOf(each, each));
    const found = new Set(
      opened(plan)
        .flatMap((each) => grantsOf(each, each))
        .map(grantKey),
    );
    for (const grant of wanted) assert.ok(found.has(grantKey(grant)), grantKey(grant));
    assert.equal((plan.putAside ?? []).length >= ids.size, true);
    if (value.owned.length === 0) {
      // What only a refused rule would have let through has a rule of its own: nothing else lets anything through here.
      const isIn = (rules: typeof additions, grant: Grant, fits: (member: string) => boolean): boolean =>
        rules.some(
          (rule) =>
            JSON.stringify(rule.traffic) === JSON.stringify(grant.traffic) &&
            rule.destinations.some(({ address }) => address === grant.address) &&
            rule.sources.some(({ source: member }) => fits(member)),
        );
      for (const grant of value.desired) {
        // What another group grants in the very words of a refused rule is refused as well.
        const isAside = isIn(additions.filter(isRefused), grant, (member) => member === grant.source);
        const isOpened = isIn(opened(plan), grant, (member) => contains(member, grant.source));
        assert.ok(isAside || isOpened, grantKey(grant));
      }
      alone += 1;
    }
    refusals += refused.length;
    rest += wanted.length;
  });
  assert.ok(
    refusals > 500 && rest > 500 && alone > 100,
    `${refusals} refused, ${rest} grants beside them, ${alone} alone`,
  );
});
