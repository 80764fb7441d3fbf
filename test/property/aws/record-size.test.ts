import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { createRecords } from '../../../shared/aws/table/records.ts';
import type { GrantDestination, GrantSource } from '../../../shared/domain/grants/grants.ts';
import { planGrowths } from '../../../shared/domain/plan/growths.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import {
  type CandidateContext,
  type CandidateRule,
  candidateRules,
} from '../../../shared/domain/rules/candidate-rules.ts';
import { storedBytes } from '../../../shared/domain/rules/record-size.ts';
import { grantsOf } from '../../support/grants.ts';
import { ownTable } from '../../unit/aws/own-table.ts';
import { contentFor, ownedRecord, standing, tcp } from '../../unit/domain/owned.ts';
import { cleanUp, policy } from '../../unit/domain/verdict-policies.ts';
import { runs } from '../verdict/runs.ts';

/** Bytes of an attribute as DynamoDB counts them, of what is sent to it. */
const bytesOf = (value: AttributeValue): number => {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.length / 2) + 1;
  if (value.B !== undefined) return value.B.length;
  if (value.L !== undefined) return value.L.reduce((sum, each) => sum + 1 + bytesOf(each), 3);
  if (value.M === undefined) return 1;
  return Object.entries(value.M).reduce((sum, [name, each]) => sum + 1 + Buffer.byteLength(name) + bytesOf(each), 3);
};
const itemBytes = (item: object): number => bytesOf({ M: marshall(item, { removeUndefinedValues: true }) } as never);

const hex = (number: number): string => number.toString(16).padStart(17, '0');
/** Of the longest texts that EC2 gives: ids of 17 digits and IPv6 addresses. Several rules may grant one source. */
const sourcesOf = (count: number, rules: number): readonly GrantSource[] =>
  Array.from({ length: count * rules }, (_, at) => ({
    source: `2001:db8:1234:5678:9abc:def0:1234:${(at % count).toString(16)}/128`,
    securityGroupRule: `sgr-${hex(at)}`,
    prefixList: `pl-${hex(at)}`,
  }));
const destinationsOf = (count: number, interfaces: number, prefix = ''): readonly GrantDestination[] =>
  Array.from({ length: count * interfaces }, (_, at) => ({
    interface: `eni-${prefix}${hex(at)}`,
    instance: 'i-1',
    address: `2001:db8:1234:5678:9abc:def0:${prefix}1234:${(at % count).toString(16)}/128`,
    vpc: `vpc-${hex(at)}`,
  }));

const context: CandidateContext = {
  changes: [
    { kind: 'StartInstances', subjects: [{ kind: 'instance', id: 'i-1' }], who: 'ann', when: 'w', eventId: 'e' },
  ],
  from: 'untrust',
  to: 'trust',
  translation: { applications: 'app-id', portApplications: {}, icmpApplications: {} },
};
const kind = { group: 'sg-1', family: 6 as const, traffic: tcp(443) };

const recordOf = (candidate: Pick<CandidateRule, 'sources' | 'destinations'>, id = 'i-1-1'): RuleRecord => {
  const contributions = { sources: candidate.sources, destinations: candidate.destinations };
  const content = { ...contentFor(contributions), description: 'd'.repeat(1_024) };
  return ownedRecord({ ...kind, id, contributions, content });
};
/** As it is stored while the rule is about to say all that it may. */
const changing = (record: RuleRecord): RuleRecord => {
  const { contributions, content } = record;
  return { ...record, intent: { kind: 'change', execution: 'e'.repeat(80), content, contributions } };
};

test('the estimate is what is sent to DynamoDB or a little more', (t) => {
  const counts = fc.record({ sources: fc.integer({ min: 1, max: 40 }), destinations: fc.integer({ min: 1, max: 40 }) });
  runs(t, 500, counts, ({ sources, destinations }) => {
    const record = changing(
      recordOf({ sources: sourcesOf(sources, 2), destinations: destinationsOf(destinations, 1) }),
    );
    const [estimate, written] = [storedBytes(record), itemBytes(record)];
    assert.ok(estimate >= written && estimate - written < 200, `${estimate} estimated, ${written} written`);
  });
});

test('no candidate rule makes a record that the table would refuse while it changes, and no grant is lost', (t) => {
  const counts = fc.record({
    sources: fc.constantFrom(1, 300, 500, 700),
    rules: fc.constantFrom(1, 2, 5),
    destinations: fc.constantFrom(1, 499, 501),
    interfaces: fc.constantFrom(1, 2),
  });
  let split = 0;
  let longest = 0;
  runs(t, 40, counts, ({ sources, rules, destinations, interfaces }) => {
    const all = { sources: sourcesOf(sources, rules), destinations: destinationsOf(destinations, interfaces) };
    // One source with every destination, and every source with one: each side is cut by itself.
    for (const some of [
      { ...all, destinations: all.destinations.slice(0, 1) },
      { ...all, sources: all.sources.slice(0, 1) },
    ]) {
      const made = candidateRules(grantsOf(some, kind), context);
      split += Number(made.length > 1);
      const pairs = made.reduce((sum, each) => sum + each.sources.length * each.destinations.length, 0);
      assert.equal(pairs, some.sources.length * some.destinations.length);
      for (const each of made) longest = Math.max(longest, itemBytes(changing(recordOf(each))));
    }
  });
  assert.ok(longest < 400_000 && split > 3, `longest ${longest}, ${split} split`);
});

test('the largest sides together make a record that the table takes unpacked', () => {
  const sides = [
    { sources: sourcesOf(500, 5), destinations: destinationsOf(1, 1) },
    { sources: sourcesOf(1, 1), destinations: destinationsOf(500, 5) },
  ].map((side) => candidateRules(grantsOf(side, kind), context)[0]);
  const [first, second] = sides;
  assert.ok(first !== undefined && second !== undefined);
  const size = itemBytes(changing(recordOf({ sources: first.sources, destinations: second.destinations })));
  assert.ok(size > 240_000 && size < 350_000, `${size} bytes`);
});

test('a rule does not grow past the bytes of a record', () => {
  const record = recordOf({ sources: sourcesOf(1, 1), destinations: destinationsOf(1, 1) });
  const grows = (count: number) => {
    const candidate: CandidateRule = {
      ...context,
      ...kind,
      subject: { kind: 'instance', id: 'i-1' },
      service: record.service,
      application: record.content.application,
      sources: record.contributions.sources,
      destinations: destinationsOf(400, count, 'a'),
      broughtBy: 'b',
    };
    return planGrowths({
      staying: [
        {
          record,
          rule: standing(record),
          name: record.name,
          uuid: record.uuid ?? '',
          editedBy: null,
          changedService: null,
        } as never,
      ],
      ownUuids: new Set([record.uuid ?? '']),
      judged: [{ candidate, verdict: { kind: 'needed' } } as never],
      policy: policy([standing(record), cleanUp]),
      bottomRule: 'Clean up',
      style: { profileGroup: null, logSetting: null, tag: null },
      refusedWith: () => null,
    }).carried;
  };
  assert.deepEqual([grows(1), grows(4)], [[0], []]);
});

test('a record that is too big already is still shrunk, and reads as it was put', async () => {
  const { table, client, now } = await ownTable();
  const records = createRecords(table, now);
  const big = recordOf({ sources: sourcesOf(500, 3), destinations: destinationsOf(500, 1) });
  const shrinking = changing(big);
  assert.ok(itemBytes(big) < 400_000 && itemBytes(shrinking) > 409_600, `${itemBytes(big)}, ${itemBytes(shrinking)}`);
  await records.putRule(big);
  await records.putRule({ ...shrinking, fence: 2 });
  assert.deepEqual(await records.rules(), [{ ...shrinking, fence: 2 }]);
  // Fences hold for it as for others.
  await assert.rejects(records.putRule({ ...big, fence: 1 }), { name: 'PlanStale' });
  const small = recordOf({ sources: sourcesOf(1, 1), destinations: destinationsOf(1, 1) });
  await records.putRule({ ...small, fence: 3 });
  assert.deepEqual(await records.rules(), [{ ...small, fence: 3 }]);
  client.destroy();
});
