import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant } from '../../../shared/domain/grants/grants.ts';
import { failureOf } from '../../../shared/domain/plan/failures.ts';
import { makePlan } from '../../../shared/domain/plan/make-plan.ts';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import { additionsOf, changesAnything, type PlanInputs } from '../../../shared/domain/plan/plan.ts';
import type { PendingEdit } from '../../../shared/domain/policy/pending-edits.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { candidatesFor, grantsOf } from '../../support/grants.ts';
import { destination, edit, ownedRecord, ruleXpath, source, standing } from './owned.ts';
import { cleanUp, policy, rule } from './verdict-policies.ts';

const record = ownedRecord();
const granted = grantsOf(record.contributions, record);

const inputs = (
  said: {
    readonly rules?: readonly SecurityRule[];
    readonly running?: readonly SecurityRule[];
    readonly pending?: readonly PendingEdit[];
    readonly records?: readonly RuleRecord[];
    readonly desired?: readonly Grant[];
    readonly closures?: PlanInputs['closures']['stored'];
  } = {},
): PlanInputs => {
  const rules = said.rules ?? [standing(record)];
  const candidate = policy([...rules, cleanUp]);
  return {
    firewall: {
      candidate,
      running: said.running === undefined ? candidate : policy([...said.running, cleanUp]),
      pending: said.pending ?? [],
      destinationNat: [],
    },
    rules: said.records ?? [record],
    objects: [],
    candidates: candidatesFor(said.desired ?? granted),
    scope: new Set(['eni-1', 'eni-2', 'eni-3']),
    limit: { unexplained: [], lostBefore: [], approved: [], approvedPlans: [], noRouteTo: [], own: [] },
    closures: {
      stored: said.closures ?? [],
      instances: new Set(['i-1', 'i-2', 'i-3']),
      counting: new Set(['i-1', 'i-2', 'i-3']),
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

test('where rules of ours say what EC2 grants, the plan changes nothing and says whose the grants are', () => {
  const plan = makePlan(inputs());
  assert.equal(changesAnything(plan), false);
  assert.deepEqual([plan.judged, plan.closed], [[], []]);
  assert.deepEqual(plan.alreadyOurs, ['sg-1 tcp 443 from 0.0.0.0/0 to 10.0.1.1/32']);
});

test('the same inputs make the same plan', () => {
  const desired = [
    ...granted,
    ...grantsOf({ sources: [source('198.51.100.0/24')], destinations: [destination(2)] }, record),
  ];
  assert.deepEqual(makePlan(inputs({ desired })), makePlan(inputs({ desired })));
});

test('what is granted beside a rule of ours is judged and the rule grows, or a further one is added; of what is ours in part that is said', () => {
  const two = [destination(1), destination(1, '10.0.1.9/32')];
  const both = grantsOf({ sources: [source('0.0.0.0/0')], destinations: two }, record);
  const plan = makePlan(inputs({ desired: both }));
  const addresses = (candidates: ReturnType<typeof additionsOf>) =>
    candidates.map(({ destinations }) => destinations.map(({ address }) => address));
  assert.deepEqual(
    plan.judged.map(({ verdict }) => verdict.kind),
    ['needed'],
  );
  assert.deepEqual([additionsOf(plan), plan.carried], [[], [0]]);
  assert.deepEqual(
    (plan.rewrites ?? []).map(({ id, fields, content }) => [id, fields, content.destination]),
    [['i-1-1', ['destination', 'description'], ['10.0.1.1/32', '10.0.1.9/32']]],
  );
  const edited = makePlan(inputs({ desired: both, rules: [standing(record, { description: 'his own' })] }));
  assert.deepEqual([addresses(additionsOf(edited)), edited.rewrites], [[['10.0.1.9/32']], undefined]);
  assert.deepEqual(plan.alreadyOurs, ['sg-1 tcp 443 from 0.0.0.0/0 to 10.0.1.1/32, 10.0.1.9/32 (in part)']);
  assert.equal(changesAnything(plan), true);
});

test('what a record of an earlier release says was taken out of a rule that is gone becomes a closure', () => {
  const tombstone: RuleRecord = { ...record, state: 'tombstone', declined: record.contributions };
  const plan = makePlan(inputs({ rules: [], records: [tombstone] }));
  assert.deepEqual([additionsOf(plan), plan.alreadyOurs], [[], []]);
  assert.deepEqual(
    plan.judged.map(({ verdict }) => [verdict.kind, verdict.explanation]),
    [['overridden', 'all of it closed in "i-1-1"']],
  );
  assert.deepEqual(
    plan.closuresWritten.map(({ id, sessions }) => [id, sessions.map((each) => each.source)]),
    [['i-1-1 i-1', [['0.0.0.0/0']]]],
  );
  assert.deepEqual(
    plan.repaired.map(({ declined }) => declined),
    [null],
  );
  assert.match(
    plan.closed.join(),
    /^closed in "i-1-1" for i-1 \(IPv4\): tcp\/443 as ssl from 0\.0\.0\.0\/0\. To open it again/,
  );
});

test('while a colleague has edits pending, a candidate rule is left out only where both configurations leave it out', () => {
  const pending = [edit('colleague', ruleXpath('Web in'))];
  const allowing = rule('Web in', { service: ['any'] });
  const running = [standing(record), allowing];
  const desired = [...granted, ...grantsOf({ sources: [source('0.0.0.0/0')], destinations: [destination(2)] }, record)];
  const verdicts = (said: Parameters<typeof inputs>[0]) =>
    makePlan(inputs({ desired, ...said })).judged.map(({ verdict }) => verdict.kind);
  assert.deepEqual(verdicts({ rules: running, running, pending }), ['allowed']);
  assert.deepEqual(verdicts({ rules: [standing(record)], running, pending }), ['needed'], 'he is deleting it');
  assert.deepEqual(verdicts({ rules: running, running: [standing(record)], pending }), ['needed'], 'he is adding it');
});

test('on a firewall that lacks what the settings name nothing is opened, and what is gone is closed', () => {
  const extra = grantsOf({ sources: [source('198.51.100.0/24')], destinations: [destination(2)] }, record);
  const event = {
    kind: 'AuthorizeSecurityGroupIngress',
    subjects: [{ kind: 'group', id: 'sg-1' }],
    announced: { instanceStates: {}, createdRules: ['sgr-1'], removedRules: [] },
    who: 'user',
    when: '2026-11-05T10:11:12Z',
    eventId: 'e1',
  } as const;
  const started = (desired: readonly Grant[]): PlanInputs => {
    const bare = inputs({ desired });
    return { ...bare, limit: { ...bare.limit, own: [event] } };
  };
  const zones = { UNTRUST_ZONE: 'untrust', TRUST_ZONE: 'inside' };
  const bare = started(extra);
  const bottomless = makePlan({
    ...bare,
    firewall: { ...bare.firewall, candidate: policy([standing(record)]), running: policy([standing(record)]) },
  });
  const noZone = makePlan({ ...bare, settings: { ...bare.settings, zones } });
  for (const plan of [bottomless, noZone]) {
    assert.deepEqual([plan.judged, plan.moves], [[], []]);
    assert.deepEqual(
      plan.removals.map(({ name }) => name),
      [record.name],
    );
  }
  assert.deepEqual(
    [bottomless.obstacle?.name, failureOf(bottomless)?.name],
    ['BottomRuleUnusable', 'BottomRuleUnusable'],
  );
  assert.match(failureOf(noZone)?.message ?? '', /^TRUST_ZONE: the firewall has no zone "inside"/);

  const nothingToOpen = makePlan({ ...started(granted), settings: { ...bare.settings, zones } });
  assert.deepEqual([nothingToOpen.obstacle, failureOf(nothingToOpen)], [null, null]);
  const others = {
    ...bare,
    limit: { ...bare.limit, own: [{ ...event, subjects: [{ kind: 'group', id: 'sg-9' }] } as const] },
  };
  const ofOthers = makePlan({ ...others, settings: { ...bare.settings, zones } });
  assert.deepEqual([ofOthers.obstacle?.isOwn, failureOf(ofOthers)], [false, null]);
});

test('without any route to a target an execution fails unless it was only to close something', () => {
  const isOwn = (kind: string, announced: object = {}): boolean | undefined => {
    const own = {
      kind,
      subjects: [{ kind: 'everything' }],
      announced: { instanceStates: {}, createdRules: [], removedRules: [], ...announced },
      who: 'user',
      when: '2026-11-05T10:11:12Z',
      eventId: 'e1',
    } as const;
    const bare = inputs();
    const plan = makePlan({ ...bare, limit: { ...bare.limit, own: [own], noRouteTo: ['eni-fw'] } });
    assert.match(plan.obstacle?.message ?? '', /no route table .* names eni-fw/);
    assert.equal(failureOf(plan)?.name, plan.obstacle?.isOwn ? 'Misconfigured' : undefined);
    return plan.obstacle?.isOwn;
  };
  assert.equal(isOwn('Scheduled resync'), true);
  assert.equal(isOwn('AuthorizeSecurityGroupIngress', { createdRules: ['sgr-1'] }), true);
  assert.equal(isOwn('StartInstances', { instanceStates: { 'i-1': 'running' } }), true);
  assert.equal(isOwn('ModifySecurityGroupRules', { createdRules: ['sgr-1'], removedRules: ['sgr-2'] }), true);
  assert.equal(isOwn('RevokeSecurityGroupIngress', { removedRules: ['sgr-1'] }), false);
  assert.equal(isOwn('StopInstances', { instanceStates: { 'i-1': 'stopping' } }), false);
  assert.equal(isOwn('DeleteSecurityGroup'), false);
});

test('a rule without the mark gets it with its next shrink, unless an administrator has edited its description', () => {
  const destinations = [destination(1), destination(2)];
  const two = ownedRecord({ contributions: { ...record.contributions, destinations } });
  const shrunkFrom = (description: string) =>
    makePlan(inputs({ records: [two], rules: [standing(two, { description })] })).shrinks.map(
      ({ destination: left, ...shrink }) => [left, shrink.description],
    );
  const { description } = two.content;
  assert.deepEqual(shrunkFrom(description), [[['10.0.1.1/32'], `${description} [sync:0123456789abcdef]`]]);
  assert.deepEqual(shrunkFrom('his own'), [[['10.0.1.1/32'], undefined]]);
});
