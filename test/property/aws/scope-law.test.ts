/** The law of the scope: running an event equals running a resync, for all that its subjects, addresses and records touch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Subject } from '../../../shared/domain/change.ts';
import type { GrantDestination } from '../../../shared/domain/grants/grants.ts';
import { following } from '../../../shared/domain/plan/follow.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import { allRecorded, recordedIn } from '../../../shared/domain/plan/recorded.ts';
import { missingCandidates, planRemovals } from '../../../shared/domain/plan/removals.ts';
import type { Account } from '../../local/ec2/account.ts';
import { candidatesFor, grantKey, grantsOf } from '../../support/grants.ts';
import { derive, firewall, firewallInterface, newSeed, worldOf } from '../../unit/aws/ec2-world.ts';
import { ownedRecord, recognised, source, standing, tcp } from '../../unit/domain/owned.ts';

const vpcs = ['vpc-0a', 'vpc-0b'] as const;
const eni = (index: number): string => `eni-0${index}`;
const instanceId = (index: number): string => `i-0${index}`;
const groupsOf = (vpc: string): readonly string[] => [`sg-0${vpc.slice(-1)}1`, `sg-0${vpc.slice(-1)}2`];
const groups = vpcs.flatMap(groupsOf);
const portOf = (group: string): 80 | 443 => (group.endsWith('1') ? 80 : 443);

/** Addresses that interfaces of a VPC hold in turn: the same in both VPCs, the prefix around two of them. */
const singles = ['10.0.1.20', '10.0.1.21', '10.0.1.40'];
const prefix = '10.0.1.16/28';
const primary = (index: number): string => `10.0.1.${100 + index}`;

/** Two VPCs with the same ranges, both behind the firewall; what interfaces hold now, and what was recorded at some time. */
interface World {
  readonly interfaces: readonly {
    readonly vpc: 0 | 1;
    readonly behind: boolean;
    /** Null: an interface of a service. */
    readonly instance: number | null;
    readonly group: 0 | 1;
    /** Interfaces that are gone stand in records only. */
    readonly gone: boolean;
  }[];
  readonly stopped: readonly boolean[];
  /** Which interface of each VPC holds each single address, and the prefix instead of the first two. */
  readonly holders: readonly (readonly number[])[];
  readonly delegated: readonly boolean[];
  readonly records: readonly {
    readonly group: number;
    readonly destinations: readonly {
      readonly interface: number;
      readonly instance: number;
      readonly slot: number;
      readonly withVpc: boolean;
    }[];
  }[];
  readonly subject: { readonly kind: 'instance' | 'interface' | 'group'; readonly index: number };
}

const count = 7;
const instances = 4;
const index = fc.nat(count - 1);
const instance = fc.nat(instances - 1);

const world: fc.Arbitrary<World> = fc.record({
  interfaces: fc.array(
    fc.record({
      vpc: fc.constantFrom(0, 0, 1),
      behind: fc.constantFrom(true, true, true, false),
      instance: fc.option(instance, { freq: 3 }),
      group: fc.constantFrom(0, 1),
      gone: fc.constantFrom(false, false, false, true),
    }),
    { minLength: count, maxLength: count },
  ),
  stopped: fc.array(fc.constantFrom(false, false, true), { minLength: instances, maxLength: instances }),
  holders: fc.array(fc.array(index, { minLength: 3, maxLength: 3 }), { minLength: 2, maxLength: 2 }),
  delegated: fc.array(fc.constantFrom(false, false, true), { minLength: 2, maxLength: 2 }),
  records: fc.array(
    fc.record({
      group: fc.nat(3),
      destinations: fc.uniqueArray(fc.record({ interface: index, instance, slot: fc.nat(4), withVpc: fc.boolean() }), {
        selector: (each) => `${each.interface} ${each.slot}`,
        minLength: 1,
        maxLength: 3,
      }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  subject: fc.record({ kind: fc.constantFrom('instance', 'interface', 'group'), index }),
});

type Interface = World['interfaces'][number];
const vpcOf = ({ vpc }: Pick<Interface, 'vpc'>): string => vpcs[vpc];

/** What an interface of the world holds now: its own address, and those of its VPC that are its turn. */
const addressesOf = ({ interfaces, holders, delegated }: World, at: number): readonly string[] => {
  const { vpc = 0 } = interfaces[at] ?? {};
  const [first, second, third] = holders[vpc] ?? [];
  return [
    `${primary(at)}/32`,
    ...(delegated[vpc] === true
      ? first === at
        ? [prefix]
        : []
      : [...(first === at ? [`${singles[0]}/32`] : []), ...(second === at ? [`${singles[1]}/32`] : [])]),
    ...(third === at ? [`${singles[2]}/32`] : []),
  ];
};

const accountOf = (given: World): Account => {
  const seed = newSeed();
  for (const vpcId of vpcs) {
    seed.vpc({ id: vpcId, cidrs: ['10.0.0.0/16'] });
    const behind = seed.subnet({ id: `subnet-0${vpcId.slice(-1)}1`, vpcId, cidr: '10.0.1.0/24' });
    seed.subnet({ id: `subnet-0${vpcId.slice(-1)}2`, vpcId, cidr: '10.0.1.0/24' });
    if (vpcId === vpcs[0]) {
      const outer = seed.subnet({ vpcId, cidr: '10.0.0.0/24' });
      seed.instance({ id: firewall, interfaces: [{ id: firewallInterface, subnetId: outer }] });
    } else seed.endpoint({ id: 'vpce-0b', vpcId, type: 'GatewayLoadBalancer', serviceName: 'firewall' });
    const target = vpcId === vpcs[0] ? firewallInterface : 'vpce-0b';
    seed.routeTable({ vpcId, subnetIds: [behind], routes: [{ destination: '0.0.0.0/0', target }] });
    for (const id of groupsOf(vpcId))
      seed.group({ id, vpcId, name: id, ingress: [{ protocol: 'tcp', from: portOf(id), sources: ['0.0.0.0/0'] }] });
  }
  const shapeOf = (each: Interface, at: number) => {
    const [first = '', ...others] = addressesOf(given, at);
    return {
      id: eni(at),
      subnetId: `subnet-0${vpcOf(each).slice(-1)}${each.behind ? 1 : 2}`,
      groupIds: [groupsOf(vpcOf(each))[each.group] ?? ''],
      address: first.slice(0, -3),
      secondaryAddresses: others.filter((other) => other.endsWith('/32')).map((other) => other.slice(0, -3)),
      ipv4Prefixes: others.filter((other) => other === prefix),
    };
  };
  const shown = given.interfaces.flatMap((each, at) => (each.gone ? [] : [{ each, at }]));
  for (let holder = 0; holder < instances; holder += 1)
    seed.instance({
      id: instanceId(holder),
      state: given.stopped[holder] === true ? 'stopped' : 'running',
      interfaces: shown.filter(({ each }) => each.instance === holder).map(({ each, at }) => shapeOf(each, at)),
    });
  for (const { each, at } of shown)
    if (each.instance === null) seed.interface({ ...shapeOf(each, at), requesterId: 'amazon-rds' });
  return seed.build();
};

/** The records as earlier runs left them: some of what they hold is granted still, some has moved, stopped or gone. */
const recordsOf = (given: World, { rules }: Account): readonly RuleRecord[] =>
  given.records.map(({ group, destinations }, at) => {
    const id = groups[group] ?? '';
    const rule = [...rules.values()].find((each) => each.GroupId === id && !each.IsEgress);
    return ownedRecord({
      id: `${id}-${at + 1}`,
      group: id,
      traffic: tcp(portOf(id)),
      contributions: {
        sources: [source('0.0.0.0/0', rule?.SecurityGroupRuleId)],
        destinations: destinations.map(({ interface: which, instance: holder, slot, withVpc }) => {
          const { vpc = 0 } = given.interfaces[which] ?? {};
          return {
            interface: eni(which),
            instance: instanceId(holder),
            address: [`${primary(which)}/32`, ...singles.map((each) => `${each}/32`), prefix][slot] ?? '',
            ...(withVpc ? { vpc: vpcs[vpc] } : {}),
          };
        }),
      },
    });
  });

const overlap = (a: string, b: string): boolean =>
  a === b ||
  ([a, b].every((each) => [prefix, `${singles[0]}/32`, `${singles[1]}/32`].includes(each)) &&
    (a === prefix || b === prefix));

/**
 * What a run for the subject must look at, worked out from the world by trying every pair until nothing changes. EC2 cannot be
 * asked who holds a delegated prefix: those come in only where `all` is said.
 */
const touchedIn = (
  given: World,
  records: readonly RuleRecord[],
  subject: Subject,
  all: boolean,
): ReadonlySet<string> => {
  const shown = given.interfaces.flatMap((each, at) =>
    each.gone ? [] : [{ ...each, id: eni(at), vpc: vpcOf(each), addresses: addressesOf(given, at) }],
  );
  const held = records.flatMap(({ group, contributions }) =>
    contributions.destinations.map((each) => ({ group, ...each })),
  );
  const isAbout = (one: { readonly id: string; readonly group: string; readonly instance: string }): boolean =>
    subject.kind === 'everything' || subject.id === one[subject.kind === 'interface' ? 'id' : subject.kind];
  const touched = new Set([
    ...shown
      .filter((each) =>
        isAbout({
          id: each.id,
          group: groupsOf(each.vpc)[each.group] ?? '',
          instance: each.instance === null ? each.id : instanceId(each.instance),
        }),
      )
      .map(({ id }) => id),
    ...held.filter((each) => isAbout({ ...each, id: each.interface })).map((each) => each.interface),
    ...(subject.kind === 'interface' ? [subject.id] : []),
  ]);
  const inVpc = (each: GrantDestination, vpc: string): boolean => {
    const known =
      held.find((other) => other.interface === each.interface && other.vpc !== undefined)?.vpc ??
      shown.find(({ id }) => id === each.interface)?.vpc;
    return known === undefined || known === vpc;
  };
  for (let before = -1; before !== touched.size; ) {
    before = touched.size;
    for (const each of held)
      for (const other of shown)
        for (const address of other.addresses) {
          if (other.id === each.interface || !inVpc(each, other.vpc) || !overlap(each.address, address)) continue;
          if (touched.has(other.id)) touched.add(each.interface);
          if (touched.has(each.interface) && (all || address !== prefix)) touched.add(other.id);
        }
  }
  return touched;
};

/** What rules of ours let through once a run for the subjects has ended, and what instances its records say, by interface. */
const afterRun = async (
  account: Account,
  records: readonly RuleRecord[],
  subjects: readonly Subject[],
  serviceInterfaces: 'include' | 'leave-out',
) => {
  const { resolved, grants } = await derive(
    worldOf(account).reads,
    { subjects, recorded: recordedIn(records, subjects), held: allRecorded(records) },
    { firewallTargets: [firewall, 'vpce-0b'], serviceInterfaces },
  );
  const candidates = candidatesFor(grants);
  const recognition = recognised({ records, rules: records.map((record) => standing(record)) });
  const removals = following(planRemovals(recognition, candidates, new Set(resolved.inScope)), recognition, candidates);
  const added = missingCandidates(candidates, removals.kept);
  const opened = [
    ...removals.kept.flatMap(({ record, contributions }) => grantsOf(contributions, record)),
    ...added.flatMap((candidate) => grantsOf(candidate, candidate)),
  ];
  return {
    scope: resolved.inScope,
    holders: (id: string): readonly string[] => [
      ...new Set(opened.filter((each) => each.interface === id).map((each) => each.instance)),
    ],
    opened: (id: string): readonly string[] =>
      [...new Set(opened.filter((each) => each.interface === id).map(grantKey))].sort(),
  };
};

test('running an event equals running a resync, for all that its subjects, their addresses and their records touch', async (t) => {
  const seen = { byAddress: 0, apart: 0, differing: 0 };
  await fc.assert(
    fc.asyncProperty(world, fc.constantFrom('include', 'leave-out'), async (given, services) => {
      const account = accountOf(given);
      const records = recordsOf(given, account);
      const { kind, index: at } = given.subject;
      const id =
        kind === 'instance' ? instanceId(at % instances) : kind === 'interface' ? eni(at) : groups[at % groups.length];
      const subject: Subject = { kind, id: id ?? '' };
      const event = await afterRun(account, records, [subject], services);
      const resync = await afterRun(account, records, [{ kind: 'everything' }], services);
      const touched = touchedIn(given, records, subject, false);
      for (const each of touched) {
        assert.ok(event.scope.includes(each), `${each} is not in scope of ${JSON.stringify(subject)}`);
        assert.deepEqual(event.opened(each), resync.opened(each), `${each} after ${JSON.stringify(subject)}`);
        const { instance: holder = null } = given.interfaces[Number(each.slice(-1))] ?? {};
        const now = holder === null ? each : instanceId(holder);
        assert.deepEqual(
          event.holders(each),
          event.holders(each).length === 0 ? [] : [now],
          `${each} belongs to ${now}`,
        );
      }
      const most = touchedIn(given, records, subject, true);
      assert.deepEqual(
        event.scope.filter((each) => !most.has(each)),
        [],
      );
      const own = touchedIn({ ...given, holders: [[], []] }, records, subject, false);
      if (touched.size > own.size) seen.byAddress += 1;
      if (given.interfaces.some((_, other) => !most.has(eni(other)))) seen.apart += 1;
      if (given.interfaces.some((_, other) => event.opened(eni(other)).join() !== resync.opened(eni(other)).join()))
        seen.differing += 1;
    }),
    { numRuns: 150 },
  );
  t.diagnostic(JSON.stringify(seen));
  // Not by chance alone: addresses led to more, and what was not touched was left for the resync.
  assert.ok(seen.byAddress > 15 && seen.differing > 15, JSON.stringify(seen));
});
