import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Subject } from '../../../shared/domain/change.ts';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';
import { candidateRules } from '../../../shared/domain/rules/candidate-rules.ts';
import type { Account } from '../../local/ec2/account.ts';
import type { Ec2Faults } from '../../local/ec2/endpoint.ts';
import { appIds, derive, worldOf } from '../../unit/aws/ec2-world.ts';
import {
  accountOf,
  accountPlan,
  addressesOf,
  groupId,
  holds,
  instanceId,
  interfaceId,
  isExpressible,
  nextHop,
  type Packet,
  type Plan,
  packets,
  permitting,
  reordered,
  sourcesToTry,
} from './random-accounts.ts';

const everything: readonly Subject[] = [{ kind: 'everything' }];

const subjectsOf = fc.oneof(
  fc.constant(everything),
  fc
    .uniqueArray(fc.nat(2), { minLength: 1 })
    .map((groups) => groups.map((index): Subject => ({ kind: 'group', id: groupId(index) }))),
  fc
    .uniqueArray(fc.nat(3), { minLength: 1 })
    .map((ids) => ids.map((index): Subject => ({ kind: 'instance', id: instanceId(index) }))),
);

const candidatesOf = async (account: Account, subjects: readonly Subject[], faults: Ec2Faults = {}) => {
  const { grants, leftOut } = await derive(worldOf(account, () => faults).reads, { subjects });
  const change = { kind: 'Scheduled resync', subjects, who: 'schedule', when: '2026-11-05T10:00:00Z', eventId: 'e' };
  return {
    leftOut,
    candidates: candidateRules(grants, { changes: [change], from: 'untrust', to: 'trust', translation: appIds }),
  };
};

/** IP protocol and ICMP type of the applications that stand without ports. */
const applicationMatches: Readonly<Record<string, (packet: Packet) => boolean>> = {
  any: () => true,
  icmp: ({ protocol }) => protocol === 1,
  ping: ({ protocol, port }) => protocol === 1 && port === 8,
  'ipv6-icmp': ({ protocol }) => protocol === 58,
  ping6: ({ protocol, port }) => protocol === 58 && port === 128,
  gre: ({ protocol }) => protocol === 47,
  'ipsec-esp': ({ protocol }) => protocol === 50,
};

/**
 * What a firewall recognises in a session on these ports, by protocol number and port: all of it must be allowed for the session
 * to get through. Written down here from the well-known ports and the vendor's names, apart from the table under test.
 */
const recognised: Readonly<Record<string, readonly string[]>> = {
  '6/22': ['ssh'],
  '6/25': ['smtp'],
  '6/80': ['web-browsing'],
  '6/443': ['ssl'],
  '6/3389': ['ms-rdp', 'cotp', 't.120'],
  '17/53': ['dns'],
  '17/123': ['ntp'],
  '17/443': ['quic'],
};
const applicationsOn = ({ protocol, port }: Packet): readonly string[] =>
  recognised[`${protocol}/${port}`] ?? ['an application of its own'];

/** Whether a firewall would match the packet with this rule. */
const ruleMatches = (rule: CandidateRule, source: string, destination: string, packet: Packet): boolean => {
  if (!rule.sources.some((each) => holds(each.source, source))) return false;
  if (!rule.destinations.some((each) => holds(each.address, destination))) return false;
  if (rule.service.kind === 'ports') {
    const { protocol, ports } = rule.service;
    if (packet.protocol !== (protocol === 'tcp' ? 6 : 17)) return false;
    if (packet.port < ports.from || ports.to < packet.port) return false;
    return rule.application.includes('any') || applicationsOn(packet).every((name) => rule.application.includes(name));
  }
  return rule.application.some((name) => {
    const matches = applicationMatches[name];
    assert.ok(matches !== undefined, `the application ${name} stands without ports`);
    return matches(packet);
  });
};

interface Place {
  readonly index: number;
  readonly position: number;
  readonly subnet: number;
  readonly groups: readonly number[];
  readonly running: boolean;
  readonly addresses: readonly string[];
}

const places = (plan: Plan): readonly Place[] =>
  plan.instances.flatMap(({ state, interfaces }, index) =>
    interfaces.map(({ subnet, groups }, position) => ({
      index,
      position,
      subnet,
      groups,
      running: state === 'running' || state === 'pending',
      addresses: addressesOf(plan, index, position),
    })),
  );

const isAbout = (place: Place, subject: Subject): boolean => {
  switch (subject.kind) {
    case 'everything':
      return true;
    case 'group':
      return place.groups.some((group) => groupId(group) === subject.id);
    case 'instance':
      return instanceId(place.index) === subject.id;
    case 'interface':
      return interfaceId(place.index, place.position) === subject.id;
  }
};

const inScope = (place: Place, subjects: readonly Subject[]): boolean =>
  subjects.some((subject) => isAbout(place, subject));

const sessions = function* (plan: Plan) {
  for (const place of places(plan))
    for (const destination of place.addresses)
      for (const source of sourcesToTry)
        if (source.includes(':') === destination.includes(':'))
          for (const packet of packets) yield { place, destination, source, packet };
};

const runs = { numRuns: 120 };

test('no candidate lets a session through that its group does not grant to that interface', async () => {
  let matched = 0;
  await fc.assert(
    fc.asyncProperty(accountPlan, subjectsOf, async (plan, subjects) => {
      const { candidates } = await candidatesOf(accountOf(plan, false), subjects);
      for (const { place, destination, source, packet } of sessions(plan))
        for (const rule of candidates) {
          if (!ruleMatches(rule, source, destination, packet)) continue;
          matched += 1;
          const text = `${rule.group}: ${source} -> ${destination} ${JSON.stringify(packet)}`;
          const group = Number(rule.group.slice(4));
          assert.ok(place.running && place.groups.includes(group), `${text}: not on this interface`);
          assert.notDeepEqual(permitting(plan, group, source, packet), [], `${text}: not granted`);
          assert.ok(
            rule.destinations.some((each) => each.interface === interfaceId(place.index, place.position)),
            `${text}: not recorded for this interface`,
          );
        }
    }),
    runs,
  );
  assert.ok(matched > 1000, `only ${matched} sessions were let through`);
});

test('every expressible grant whose replies go through the firewall is covered by a candidate', async () => {
  let covered = 0;
  await fc.assert(
    fc.asyncProperty(accountPlan, subjectsOf, async (plan, subjects) => {
      const { candidates } = await candidatesOf(accountOf(plan, false), subjects);
      for (const { place, destination, source, packet } of sessions(plan)) {
        if (!place.running || !inScope(place, subjects)) continue;
        if (nextHop(plan, place.subnet, source) !== 'firewall') continue;
        const granted = place.groups.some((group) => permitting(plan, group, source, packet).some(isExpressible));
        if (!granted) continue;
        covered += 1;
        assert.ok(
          candidates.some((rule) => ruleMatches(rule, source, destination, packet)),
          `${source} -> ${destination} ${JSON.stringify(packet)} is granted and not covered`,
        );
      }
    }),
    runs,
  );
  assert.ok(covered > 1000, `only ${covered} sessions were looked at`);
});

test('a local source, or one whose replies never meet the firewall, brings no candidate', async () => {
  await fc.assert(
    fc.asyncProperty(accountPlan, async (plan) => {
      const { candidates } = await candidatesOf(accountOf(plan, false), everything);
      for (const rule of candidates)
        for (const { source } of rule.sources)
          for (const each of rule.destinations) {
            const place = places(plan).find(({ index, position }) => interfaceId(index, position) === each.interface);
            assert.ok(place !== undefined);
            // Only single addresses can be judged one address at a time.
            const [address = '', prefix] = source.split('/');
            if (prefix === '32')
              assert.equal(nextHop(plan, place.subnet, address), 'firewall', `${source} -> ${each.address}`);
          }
    }),
    { numRuns: 60 },
  );
});

/** Candidates without what merely names the same permission differently. */
const withoutRuleIds = (candidates: readonly CandidateRule[]) =>
  candidates.map((rule) => ({
    ...rule,
    sources: rule.sources.map(({ source, prefixList }) => ({ source, prefixList })),
  }));

test('the order of the answers, the size of pages and how permissions are split change nothing', async () => {
  await fc.assert(
    fc.asyncProperty(accountPlan, subjectsOf, fc.integer({ min: 5, max: 9 }), async (plan, subjects, largestPage) => {
      const account = accountOf(plan, false);
      const plain = await candidatesOf(account, subjects);
      assert.deepEqual(await candidatesOf(reordered(account), subjects), plain);
      assert.deepEqual(await candidatesOf(account, subjects, { largestPage }), plain);
      const merged = await candidatesOf(accountOf(plan, true), subjects);
      assert.deepEqual(withoutRuleIds(merged.candidates), withoutRuleIds(plain.candidates));
    }),
    { numRuns: 80 },
  );
});

test('candidates of a resync hold every grant that candidates of any subject hold', async () => {
  await fc.assert(
    fc.asyncProperty(accountPlan, subjectsOf, async (plan, subjects) => {
      const account = accountOf(plan, false);
      const keysOf = (rules: readonly CandidateRule[]) =>
        new Set(
          rules.flatMap((rule) =>
            rule.sources.flatMap((source) =>
              rule.destinations.map((destination) => JSON.stringify([rule.group, rule.traffic, source, destination])),
            ),
          ),
        );
      const whole = keysOf((await candidatesOf(account, everything)).candidates);
      for (const key of keysOf((await candidatesOf(account, subjects)).candidates)) assert.ok(whole.has(key), key);
    }),
    { numRuns: 60 },
  );
});
