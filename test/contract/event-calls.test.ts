import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { eventCalls } from '../../shared/aws/events/event-calls.ts';
import { meaningOfEvent } from '../../shared/aws/events/events.ts';
import { type Announced, type Change, nothingAnnounced } from '../../shared/domain/change.ts';
import { announcedIn } from '../../shared/domain/grants/visibility.ts';
import { AnnouncedState } from '../../shared/workflow/states.ts';
import { matchesPattern } from '../local/event-pattern.ts';
import { deployment, projectFile, resourceProperties } from '../support/deployment.ts';
import { callRecords } from '../unit/aws/call-records.ts';
import { enveloped, origin, record } from '../unit/aws/event-shapes.ts';

type Pattern = Readonly<Record<string, unknown>>;

const rules = ['ChangeRule', 'MoreChangesRule'] as const;
const patternOf = (rule: string): Pattern => resourceProperties<{ readonly EventPattern: Pattern }>(rule).EventPattern;

/** The calls that a pattern lists, in its alternatives too. */
const listedIn = (pattern: Pattern): readonly string[] => {
  const { eventName = [] } = (pattern['detail'] ?? {}) as { readonly eventName?: readonly string[] };
  return [...eventName, ...((pattern['$or'] ?? []) as readonly Pattern[]).flatMap(listedIn)];
};

/** Service interfaces included, so that every call matters. */
const expected = { ...origin, serviceInterfaces: 'include' } as const;
const changeOf = (name: string, request: unknown, response: unknown): Change => {
  const meaning = meaningOfEvent(enveloped(record(name, request, response)), expected);
  assert.ok(meaning.kind === 'change', `${name}: ${JSON.stringify(meaning)}`);
  return meaning.change;
};

/** The kinds of what was announced, in the words of the table. */
const kindsOf = ({ instanceStates, createdRules, removedRules, ...rest }: Announced): readonly string[] => [
  ...(Object.keys(instanceStates).length > 0 ? ['instance states'] : []),
  ...(createdRules.length + (rest.createdPermissions ?? []).length > 0 ? ['created rules'] : []),
  ...(removedRules.length + (rest.revokedPermissions ?? []).length > 0 ? ['removed rules'] : []),
  ...new Set((rest.facts ?? []).map(({ kind }) => kind)),
];

describe('calls of EC2: what is decoded, let through and announced', () => {
  for (const [name, { rule, announces }] of Object.entries(eventCalls)) {
    test(`${name} is let through by the pattern of ${rule} alone`, () => {
      const event = enveloped(record(name, {}, {}));
      assert.deepEqual(
        rules.filter((each) => matchesPattern(patternOf(each), event)),
        [rule],
      );
    });

    test(`${name} ${typeof announces === 'string' ? 'announces nothing, for a reason' : 'announces what it says'}`, () => {
      const records = callRecords[name] ?? [];
      assert.ok(records.length > 0, 'a record of it is known');
      const kinds = new Set<string>();
      for (const { request, response, announced } of records) {
        const change = changeOf(name, request, response);
        assert.deepEqual(change.announced, { ...nothingAnnounced, ...announced });
        assert.deepEqual(AnnouncedState.parse(change.announced), change.announced, 'it passes from state to state');
        const looked = Object.values(announcedIn(change)).flat();
        assert.equal(looked.length > 0, typeof announces !== 'string', 'it can be looked for');
        for (const kind of kindsOf(change.announced)) kinds.add(kind);
      }
      if (typeof announces === 'string') assert.match(announces, /\w+ \w+ \w+/);
      assert.deepEqual([...kinds].sort(), typeof announces === 'string' ? [] : announces.toSorted());
    });
  }

  for (const rule of rules) {
    test(`every call that the pattern of ${rule} lists is decoded, once`, () => {
      const listed = listedIn(patternOf(rule));
      const decoded = Object.entries(eventCalls).flatMap(([name, call]) => (call.rule === rule ? [name] : []));
      assert.deepEqual(listed.toSorted(), decoded.toSorted());
    });

    test(`the pattern of ${rule} is as short as EventBridge demands`, () => {
      assert.ok(JSON.stringify(patternOf(rule)).length <= 2048);
    });
  }

  test('records are known of decoded calls only', () => {
    assert.deepEqual(
      Object.keys(callRecords).filter((name) => !Object.hasOwn(eventCalls, name)),
      [],
    );
  });
});

describe('reads of EC2 and the role that allows them', () => {
  const folder = 'shared/aws/ec2';
  const permissions = new Set(
    readdirSync(new URL(`../../${folder}`, import.meta.url))
      .flatMap((file) => [...projectFile(`${folder}/${file}`).matchAll(/'(ec2:\w+)'/g)])
      .map(([, permission]) => permission),
  );
  /** Every paginator of the SDK that is called, as a permission: a read that forgot to name its own is found too. */
  const called = new Set(
    readdirSync(new URL(`../../${folder}`, import.meta.url))
      .flatMap((file) => [...projectFile(`${folder}/${file}`).matchAll(/\bpaginate(\w+)\(/g)])
      .map(([, name]) => `ec2:${name}`),
  );

  test('every read names its permission, and the role has these and no others', () => {
    const { PolicyDocument } = resourceProperties<{
      readonly PolicyDocument: { readonly Statement: readonly { readonly Action: readonly string[] }[] };
    }>('Ec2Policy');
    const allowed = PolicyDocument.Statement.flatMap(({ Action }) => Action).toSorted();
    assert.deepEqual([...permissions].sort(), allowed);
    assert.deepEqual([...called].sort(), allowed);
  });

  test('every function that reads EC2 has that role, and no other has', () => {
    const kebab = (name: string) => name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
    for (const [name, { role }] of Object.entries(deployment().functions))
      assert.equal(
        JSON.stringify(role).includes('Ec2Role'),
        projectFile(`functions/${kebab(name)}.ts`).includes('ec2Part('),
        name,
      );
  });
});
