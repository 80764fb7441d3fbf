import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Contributions, Grant, GrantDestination, GrantSource } from '../../../shared/domain/grants/grants.ts';
import { GrantIndex, remaining } from '../../../shared/domain/plan/grant-index.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import type { Recognised, Recognition } from '../../../shared/domain/plan/recognise.ts';
import { type Holding, planRemovals, type Removals, shrunkMembers } from '../../../shared/domain/plan/removals.ts';
import { contains, overlaps } from '../../../shared/domain/sets/addresses.ts';
import type { Traffic } from '../../../shared/domain/sets/traffic.ts';
import { candidatesFor, grantKey, grantsOf, missingGrants } from '../../support/grants.ts';
import { ours } from '../../support/owned-rule-name.ts';
import { destination, ownedRecord, source, standing, tcp } from '../../unit/domain/owned.ts';
import { runs } from '../verdict/runs.ts';

/** Sources that contain each other, and one range under two security group rules and a prefix list. */
const sources: readonly GrantSource[] = [
  source('0.0.0.0/0', 'sgr-1'),
  source('203.0.113.0/24', 'sgr-2'),
  source('203.0.113.128/25', 'sgr-3'),
  source('198.51.100.7/32', 'sgr-4'),
  source('198.51.100.7/32', 'sgr-5'),
  source('198.51.100.7/32', 'sgr-5', 'pl-1'),
  source('192.0.2.0/24', 'sgr-6', 'pl-1'),
];
/** Two interfaces with two addresses each, one a prefix around another's address. */
const destinations: readonly GrantDestination[] = [
  destination(1),
  destination(2),
  destination(2, '10.0.1.64/28'),
  destination(3, '10.0.1.65/32'),
  destination(4),
  destination(4, '10.0.1.14/32'),
];
const traffics: readonly Traffic[] = [
  tcp(443),
  tcp(80),
  { kind: 'icmp', family: 4, type: 3, code: 'all' },
  { kind: 'icmp', family: 4, type: 3, code: 4 },
  { kind: 'all' },
];
const kinds = ['sg-1', 'sg-2'].flatMap((group) => traffics.map((traffic) => ({ group, family: 4 as const, traffic })));
const kind = fc.constantFrom(...kinds.slice(0, 7));

/** How an administrator left one side of a rule, from what was written. */
const extra = fc.subarray([
  'any',
  'Partners',
  '10.0.1.0/24',
  '203.0.113.7/32',
  '10.0.1.65/32',
  '10.0.1.70',
  'region US',
]);
const side = fc.oneof(
  { weight: 3, arbitrary: fc.constant((written: readonly string[]) => written) },
  { weight: 1, arbitrary: extra.map((more) => (written: readonly string[]) => [...new Set([...written, ...more])]) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), extra).map(([at, more]) => (written: readonly string[]) => [
      ...new Set([...written.filter((_, index) => index !== at % written.length), ...more]),
    ]),
  },
);

const grantsIn = (
  contributions: Contributions,
  { group, family, traffic }: Pick<Grant, 'group' | 'family' | 'traffic'>,
) => grantsOf(contributions, { group, family, traffic });

const identityOf = ({ name, uuid }: RuleRecord): Pick<Recognised, 'name' | 'uuid'> => ({
  name: ours(name),
  uuid: String(uuid),
});

interface House {
  readonly recognition: Recognition;
  readonly desired: readonly Grant[];
  readonly scope: ReadonlySet<string>;
}

const ownedRule = (index: number) =>
  fc
    .record({
      kind,
      sources: fc.subarray([...sources], { minLength: 1 }),
      destinations: fc.subarray([...destinations], { minLength: 1 }),
      source: side,
      destination: side,
      editedBy: fc.option(fc.constant('colleague'), { freq: 6 }),
      disabled: fc.boolean(),
    })
    .map((said): Recognised => {
      const contributions: Contributions = { sources: said.sources, destinations: said.destinations };
      const record = ownedRecord({ id: `i-1-${index}`, contributions, ...said.kind });
      return {
        ...identityOf(record),
        record: record as Recognised['record'],
        rule: standing(record, {
          source: said.source(record.content.source),
          destination: said.destination(record.content.destination),
          disabled: said.disabled,
        }),
        editedBy: said.editedBy,
        allowsRunning: !said.disabled,
        changedService: null,
      };
    });

const universe = kinds
  .slice(0, 7)
  .flatMap((each) => destinations.flatMap((to) => sources.map((from): Grant => ({ ...from, ...to, ...each }))));

const interfaces = ['eni-1', 'eni-2', 'eni-3', 'eni-4'];

/** Desired: the grants of owned rules but for some, and some others; only of interfaces in scope, as EC2 is asked. */
const house: fc.Arbitrary<House> = fc
  .record({
    owned: fc
      .integer({ min: 1, max: 4 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => ownedRule(at)))),
    scope: fc.oneof(fc.constant(interfaces), fc.subarray(interfaces, { minLength: 1 })),
    goneSources: fc.subarray([...sources], { maxLength: 3 }),
    goneInterfaces: fc.subarray(interfaces, { maxLength: 2 }),
    goneGrants: fc.array(fc.nat(), { maxLength: 3 }),
    // Of some rules nothing is granted any more: by chance alone that would be rare.
    goneRules: fc.array(fc.nat(), { maxLength: 2 }),
    more: fc.subarray(
      universe.filter((_, at) => at % 7 === 0),
      { maxLength: 6 },
    ),
  })
  .map(({ owned, scope, goneSources, goneInterfaces, goneGrants, goneRules, more }) => {
    const held = owned.flatMap(({ record }) => grantsIn(record.contributions, record));
    const gone = new Set(
      owned
        .filter((_, at) => goneRules.some((number) => number % owned.length === at))
        .flatMap(({ record }) => grantsIn(record.contributions, record))
        .map(grantKey),
    );
    const left = [...held, ...more].filter(
      (grant, at) =>
        scope.includes(grant.interface) &&
        !gone.has(grantKey(grant)) &&
        !goneSources.some((one) => one.securityGroupRule === grant.securityGroupRule && one.source === grant.source) &&
        !goneInterfaces.includes(grant.interface) &&
        !goneGrants.some((number) => number % held.length === at),
    );
    const desired = [...new Map(left.map((grant) => [grantKey(grant), grant])).values()];
    return {
      recognition: { owned, returned: [], declined: [], repaired: [], forgotten: [], reports: [] },
      desired,
      scope: new Set(scope),
    };
  });

const plan = ({ recognition, desired, scope }: House): Removals =>
  planRemovals(recognition, candidatesFor(desired), scope);
const keys = (grants: readonly Grant[]): readonly string[] => grants.map(grantKey).sort();
const distinctKeys = (grants: readonly Grant[]): readonly string[] => [...new Set(keys(grants))];
const heldBy = (kept: Holding): readonly Grant[] => grantsIn(kept.contributions, kept.record);
const editorOf = ({ recognition }: House, uuid: string): string | null =>
  recognition.owned.find(({ record }) => record.uuid === uuid)?.editedBy ?? null;

const allowsNothing = ({ recognition }: House, uuid: string): boolean =>
  recognition.owned.some(({ record, rule }) => record.uuid === uuid && (rule.disabled || rule.action !== 'allow'));

/** The firewall and the table after the plan was carried out. */
const after = (was: House, removals: Removals): Recognition => ({
  ...was.recognition,
  owned: removals.kept.map(({ record, uuid, contributions }) => {
    const found = was.recognition.owned.find((each) => each.record.uuid === uuid);
    const shrink = removals.shrinks.find((each) => each.uuid === uuid);
    assert.ok(found);
    return {
      ...found,
      record: { ...record, contributions, state: 'owned', uuid },
      rule: {
        ...found.rule,
        source: shrink?.source ?? found.rule.source,
        destination: shrink?.destination ?? found.rule.destination,
      },
    };
  }),
});

test('nothing a rule stands for afterwards is undesired, unless somebody is editing it', (t) => {
  let cases = 0;
  let shrunk = 0;
  let removed = 0;
  runs(t, 4_000, house, (each) => {
    const removals = plan(each);
    cases += 1;
    shrunk += removals.shrinks.length;
    removed += removals.removals.length;
    const desired = new Set(keys(each.desired));
    for (const kept of removals.kept) {
      if (editorOf(each, kept.uuid) !== null || allowsNothing(each, kept.uuid)) continue;
      for (const grant of heldBy(kept)) {
        assert.ok(!each.scope.has(grant.interface) || desired.has(grantKey(grant)), `keeps ${grantKey(grant)}`);
      }
    }
  });
  assert.ok(shrunk > cases / 8 && removed > cases / 14, `${shrunk} shrunk, ${removed} removed in ${cases} cases`);
});

test('a rule that somebody is editing keeps all it stands for, is not touched, and is told of where it should be', (t) => {
  runs(t, 2_000, house, (each) => {
    const removals = plan(each);
    for (const { record, rule, editedBy } of each.recognition.owned) {
      if (editedBy === null || allowsNothing(each, record.uuid)) continue;
      const kept = removals.kept.find(({ uuid }) => uuid === record.uuid);
      assert.deepEqual(kept?.contributions, record.contributions);
      const touched = [...removals.removals, ...removals.shrinks, ...removals.moves].some(
        ({ uuid }) => uuid === record.uuid,
      );
      assert.equal(touched, false);
      const desired = new Set(keys(each.desired));
      const undesired = grantsIn(record.contributions, record).some(
        (grant) => each.scope.has(grant.interface) && !desired.has(grantKey(grant)),
      );
      assert.equal(
        removals.notTouched.some((text) => text.startsWith(`"${rule.name}"`)),
        undesired,
      );
    }
  });
});

test('what remains of a rule is a part of it: a rectangle of its own sources and destinations, each once', (t) => {
  runs(t, 4_000, house, ({ recognition, desired, scope }) => {
    const index = GrantIndex.of(candidatesFor(desired));
    for (const { record } of recognition.owned) {
      const left = remaining(record, index, scope);
      const had = new Set(keys(grantsIn(record.contributions, record)));
      const stays = keys(grantsIn(left, record));
      assert.ok(stays.every((key) => had.has(key)));
      assert.equal(new Set(stays).size, stays.length);
      assert.equal(left.sources.length === 0, left.destinations.length === 0, 'a side alone is nothing');
    }
  });
});

test('what is wholly desired remains whole, and an interface out of scope loses only what leaves with no rectangle', (t) => {
  runs(t, 2_000, house, ({ recognition, desired, scope }) => {
    for (const { record } of recognition.owned) {
      const all = grantsIn(record.contributions, record);
      assert.deepEqual(remaining(record, GrantIndex.of(candidatesFor(all)), scope), record.contributions);
      assert.deepEqual(remaining(record, GrantIndex.of(candidatesFor(desired)), new Set()), record.contributions);
      assert.deepEqual(remaining(record, GrantIndex.of([]), new Set(all.map((grant) => grant.interface))), {
        sources: [],
        destinations: [],
      });
    }
  });
});

test('missing and kept grants together are exactly the desired ones, none twice', (t) => {
  runs(t, 4_000, house, (each) => {
    const removals = plan(each);
    const missing = keys(missingGrants(each.desired, removals.kept));
    const held = new Set(removals.kept.flatMap(heldBy).map(grantKey));
    const settled = removals.kept.filter(({ uuid }) => editorOf(each, uuid) === null);
    const wanted = new Set(keys(each.desired));
    // A rule that lets nothing through holds a rectangle around what is desired: more than that, and none of it is opened.
    const inScope = settled
      .flatMap((kept) => heldBy(kept).filter((grant) => !allowsNothing(each, kept.uuid) || wanted.has(grantKey(grant))))
      .filter((grant) => each.scope.has(grant.interface));
    assert.ok(
      missing.every((key) => !held.has(key)),
      'what is held is not missing',
    );
    const blocked = [...removals.kept.filter(({ uuid }) => editorOf(each, uuid) !== null).flatMap(heldBy)];
    const together = [
      ...new Set([
        ...missing,
        ...distinctKeys([...inScope, ...blocked.filter((grant) => wanted.has(grantKey(grant)))]),
      ]),
    ];
    assert.deepEqual(together.sort(), distinctKeys(each.desired));
  });
});

test('a second plan on the result of the first changes nothing, also with what was missing added', (t) => {
  runs(t, 4_000, house, (each) => {
    const first = plan(each);
    const missing = missingGrants(each.desired, first.kept);
    const then: House = { ...each, recognition: after(each, first) };
    const second = plan(then);
    assert.deepEqual([second.removals, second.shrinks, second.moves], [[], [], []]);
    assert.deepEqual(second.notTouched, first.notTouched);
    assert.deepEqual(keys(missingGrants(each.desired, second.kept)), keys(missing));
    const added = missing.map((grant, at): Recognised => {
      const record: RuleRecord = ownedRecord({
        id: `added-${at}`,
        contributions: {
          sources: [source(grant.source, grant.securityGroupRule, grant.prefixList)],
          destinations: [{ interface: grant.interface, instance: grant.instance, address: grant.address }],
        },
        group: grant.group,
        traffic: grant.traffic,
      });
      return {
        ...identityOf(record),
        record: record as Recognised['record'],
        rule: standing(record),
        editedBy: null,
        allowsRunning: true,
        changedService: null,
      };
    });
    const third = plan({ ...then, recognition: { ...then.recognition, owned: [...then.recognition.owned, ...added] } });
    assert.deepEqual([third.removals, third.shrinks], [[], []]);
    assert.deepEqual(missingGrants(each.desired, third.kept), []);
  });
});

const reversed = (record: RuleRecord): RuleRecord => ({
  ...record,
  contributions: {
    sources: record.contributions.sources.toReversed(),
    destinations: record.contributions.destinations.toReversed(),
  },
});
const shape = (removals: Removals) => ({
  removals: removals.removals.map(({ id, why }) => `${id} ${why}`).sort(),
  shrinks: removals.shrinks
    .map(({ id, source: from, destination: to }) => `${id} ${from?.toSorted().join()} ${to?.toSorted().join()}`)
    .sort(),
  kept: removals.kept.flatMap((kept) => heldBy(kept).map((grant) => `${kept.uuid} ${grantKey(grant)}`)).sort(),
  notTouched: removals.notTouched.toSorted(),
});

test('the order of records, members and grants never matters', (t) => {
  runs(t, 4_000, house, (each) => {
    const turned: House = {
      ...each,
      desired: each.desired.toReversed(),
      recognition: {
        ...each.recognition,
        owned: each.recognition.owned.toReversed().map((found) => ({
          ...found,
          record: reversed(found.record) as Recognised['record'],
          rule: {
            ...found.rule,
            source: found.rule.source.toReversed(),
            destination: found.rule.destination.toReversed(),
          },
        })),
      },
    };
    const [one, other] = [plan(each), plan(turned)];
    assert.deepEqual(shape(other), shape(one));
    assert.deepEqual(keys(missingGrants(turned.desired, other.kept)), keys(missingGrants(each.desired, one.kept)));
  });
});

test('a shrink sends a smaller node, never an empty one, and only where it differs', (t) => {
  runs(t, 4_000, house, (each) => {
    const removals = plan(each);
    for (const shrink of removals.shrinks) {
      const rule = each.recognition.owned.find(({ record }) => record.uuid === shrink.uuid)?.rule;
      assert.ok(rule);
      for (const [next, before] of [
        [shrink.source, rule.source],
        [shrink.destination, rule.destination],
      ] as const) {
        if (next === null) continue;
        assert.ok(next.length > 0 && next.length < before.length);
        assert.ok(next.every((member) => before.includes(member)));
      }
    }
  });
});

const cidrs = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.0.1.0/24',
  '10.0.1.7/32',
  '10.2.0.0/16',
  '192.0.2.1/32',
  '::/0',
  '2001:db8::/32',
  '2001:db8::1/128',
];
const addressLike = /^[0-9a-f.:]+\/[0-9]+$/i;

test('a shrunk side adds no member, and keeps none that overlaps what was taken away unless it is within what stays', (t) => {
  const sides = fc
    .record({
      recorded: fc.uniqueArray(fc.constantFrom(...cidrs), { minLength: 1 }),
      taken: fc.array(fc.nat(), { maxLength: 3 }),
      current: fc.uniqueArray(
        fc.constantFrom(...cidrs, 'any', 'Partners', '10.0.1.7', '10.0.1.1-10.0.1.9', 'region US'),
      ),
    })
    .map(({ recorded, taken, current }) => ({
      recorded,
      current,
      kept: recorded.filter((_, at) => !taken.some((number) => number % recorded.length === at)),
    }));
  runs(t, 10_000, sides, ({ recorded, kept, current }) => {
    const left = shrunkMembers(current, recorded, kept);
    const gone = recorded.filter((member) => !kept.includes(member));
    assert.ok(left.every((member) => current.includes(member)));
    assert.deepEqual(
      left,
      current.filter((member) => left.includes(member)),
      'the order stays',
    );
    if (gone.length === 0) assert.deepEqual(left, current);
    for (const member of current) {
      if (kept.includes(member)) assert.ok(left.includes(member), `${member} is granted and was dropped`);
      else if (gone.length > 0 && left.includes(member)) {
        assert.match(member, addressLike, 'a name could mean anything');
        const opens: boolean = gone.some((one) => overlaps(one, member)) && !kept.some((one) => contains(one, member));
        assert.equal(opens, false, `${member} opens what was taken away`);
      }
    }
  });
});
