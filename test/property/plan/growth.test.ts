import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makePlan } from '../../../shared/domain/plan/make-plan.ts';
import { additionsOf, type PlanInputs } from '../../../shared/domain/plan/plan.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { candidatesFor, grantsOf } from '../../support/grants.ts';
import { destination, ownedRecord, ruleXpath, source, standing, tcp } from '../../unit/domain/owned.ts';
import { cleanUp, policy, rule } from '../../unit/domain/verdict-policies.ts';
import { runs } from '../verdict/runs.ts';

const sources = ['0.0.0.0/0', '203.0.113.0/24', '198.51.100.0/24'];
const addresses = [1, 2, 3, 4].map((last) => `10.0.1.${last}`);
/** Probes: one address in each source and one in none of the narrow ones. */
const from = ['203.0.113.9', '198.51.100.9', '192.0.2.9'];

const world = fc.record({
  held: fc.subarray([1, 2, 3, 4], { minLength: 1, maxLength: 3 }),
  source: fc.constantFrom(...sources),
  others: fc.array(
    fc.record({
      place: fc.constantFrom('above', 'below'),
      source: fc.constantFrom('any', ...sources),
      destination: fc.subarray(addresses, { minLength: 1 }),
      action: fc.constantFrom('allow', 'deny'),
      disabled: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  more: fc.subarray([1, 2, 3, 4], { minLength: 1 }),
  is: fc.constantFrom('as written', 'as written', 'as written', 'disabled', 'changed'),
});
type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;

const contributionsOf = (sourceText: string, some: readonly number[]) => ({
  sources: [source(sourceText)],
  destinations: some.map((number) => ({ ...destination(number), instance: 'i-1' })),
});
const kind = { group: 'sg-1', family: 4 as const, traffic: tcp(443) };

const inputsOf = (value: World): PlanInputs => {
  const contributions = contributionsOf(value.source, value.held);
  const record = ownedRecord({ id: 'i-1-1', ...kind, contributions });
  const changed = value.is === 'disabled' ? { disabled: true } : value.is === 'changed' ? { description: 'his' } : {};
  const other = (said: World['others'][number], at: number): SecurityRule =>
    rule(`other ${at}`, {
      uuid: `other ${at}`,
      from: ['untrust'],
      to: ['trust'],
      source: [said.source],
      destination: said.destination,
      application: ['any'],
      service: ['tcp-443'],
      action: said.action as 'allow',
      disabled: said.disabled,
    });
  const [above, below] = ['above', 'below'].map((place) =>
    value.others.flatMap((said, at) => (said.place === place ? [other(said, at)] : [])),
  );
  const services = { 'tcp-443': { protocol: 'tcp' as const, port: '443', sourcePort: null } };
  const candidate = policy([...(above ?? []), standing(record, changed), ...(below ?? []), cleanUp], {
    vsys: { services },
  });
  const instances = new Set(['i-1']);
  const desired = grantsOf(contributionsOf(value.source, [...new Set([...value.held, ...value.more])]), kind);
  return {
    firewall: { candidate, running: candidate, pending: [], destinationNat: [] },
    rules: [record],
    objects: [],
    candidates: candidatesFor(desired).map((each) => ({ ...each, subject: { kind: 'instance', id: 'i-1' } })),
    scope: new Set(['eni-1', 'eni-2', 'eni-3', 'eni-4']),
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
      style: { profileGroup: null, logSetting: null, tag: null },
      limits: { interfaces: 0, share: 0 },
      strictApplications: false,
    },
    ruleXpath,
    digestOf: (text) => `digest of ${text}`,
  };
};

/** An oracle of its own: dotted quads by hand, the first enabled rule decides. */
const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const holds = (members: readonly string[], address: string): boolean =>
  members.some((member) => {
    if (member === 'any') return true;
    const [base = '', length = '32'] = member.split('/');
    const size = 2 ** (32 - Number(length));
    return Math.floor(number(base) / size) === Math.floor(number(address) / size);
  });
type Simple = Pick<SecurityRule, 'source' | 'destination' | 'disabled' | 'action'>;
const allows = (rules: readonly Simple[], one: string, other: string): boolean =>
  rules.find(({ disabled, source: members, destination: to }) => !disabled && holds(members, one) && holds(to, other))
    ?.action === 'allow';

test('after a rule has grown exactly those sessions are allowed that a further rule directly above the bottom rule would allow', (t) => {
  let grown = 0;
  let added = 0;
  runs(t, 3_000, world, (value) => {
    const inputs = inputsOf(value);
    const plan = makePlan(inputs);
    const { rewrites = [], carried = [], judged } = plan;
    const { rules } = inputs.firewall.candidate;
    const local = rules.filter(({ rulebase }) => rulebase === 'local');
    const asRule = (candidate: (typeof judged)[number]['candidate']): Simple => ({
      source: candidate.sources.map((each) => each.source),
      destination: candidate.destinations.map(({ address }) => address),
      disabled: false,
      action: 'allow',
    });
    const more = additionsOf(plan).map(asRule);
    const after = (change: readonly Simple[], further: readonly Simple[]): readonly Simple[] => [
      ...change.slice(0, -1),
      ...further,
      ...change.slice(-1),
    ];
    const content = new Map(rewrites.map((rewrite) => [rewrite.uuid, rewrite.content] as const));
    const byGrowth = local.map((each) => ({ ...each, ...(content.get(String(each.uuid)) ?? {}) }));
    const all = [...carried.flatMap((at) => judged[at]?.candidate ?? []).map(asRule), ...more];
    for (const one of from)
      for (const other of addresses)
        assert.equal(
          allows(after(byGrowth, more), one, other),
          allows(after(local, all), one, other),
          `${one} to ${other}`,
        );
    if (value.is !== 'as written') assert.deepEqual(rewrites, [], value.is);
    grown += rewrites.length;
    added += more.length;
  });
  assert.ok(grown > 200 && added > 200, `${grown} grown, ${added} added`);
});
