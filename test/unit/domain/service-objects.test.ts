import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ObjectRecord } from '../../../shared/domain/plan/ownership.ts';
import {
  changedService,
  chooseService,
  settleObjects,
  unusedServices,
} from '../../../shared/domain/plan/service-objects.ts';
import type { Policy, ServiceObject } from '../../../shared/domain/policy/policy.ts';
import type { RuleService } from '../../../shared/domain/rules/translation.ts';
import { cleanUp, policy, rule } from './verdict-policies.ts';

const https: Extract<RuleService, { kind: 'ports' }> = {
  kind: 'ports',
  protocol: 'tcp',
  ports: { from: 443, to: 443 },
};
const object = (port = '443', said: Partial<ServiceObject> = {}): ServiceObject => ({
  protocol: 'tcp',
  port,
  sourcePort: null,
  ...said,
});
const record = (said: Partial<ObjectRecord> = {}): ObjectRecord => ({
  format: 1,
  id: 'tcp-443',
  state: 'owned',
  protocol: 'tcp',
  ports: { from: 443, to: 443 },
  fence: 1,
  ...said,
});
const ours = rule('i-1-1', { uuid: 'uuid-1', service: ['tcp-443'] });
const withServices = (services: Readonly<Record<string, ServiceObject>>, rules = [ours]): Policy =>
  policy([...rules, cleanUp], { vsys: { services } });
const same = (each: Policy) => ({ candidate: each, running: each });
const none = new Map<string, Extract<RuleService, { kind: 'ports' }>>();

describe('which service object a rule uses', () => {
  const choose = (where: { candidate: Policy; running: Policy }, records: readonly ObjectRecord[], made = none) =>
    chooseService(https, where, records, made);

  test('any needs none', () => {
    assert.deepEqual(chooseService({ kind: 'any' }, same(withServices({})), [], none), { kind: 'any' });
  });

  test('one of ours that says what was made in both configurations', () => {
    assert.deepEqual(choose(same(withServices({ 'tcp-443': object() })), [record()]), {
      kind: 'ours',
      name: 'tcp-443',
    });
  });

  test("never somebody else's, though it says the same", () => {
    const choice = choose(same(withServices({ 'tcp-443': object() })), []);
    assert.deepEqual([choice.kind, choice.kind === 'any' ? '' : choice.name], ['new', 'tcp-443-2']);
  });

  test('never one whose value was changed, in either configuration, nor one with a source port', () => {
    const good = withServices({ 'tcp-443': object() });
    for (const bad of [object('1-65535'), object('443', { protocol: 'udp' }), object('443', { sourcePort: '1024' })]) {
      const changed = withServices({ 'tcp-443': bad });
      for (const where of [
        same(changed),
        { candidate: good, running: changed },
        { candidate: changed, running: good },
      ]) {
        assert.equal(choose(where, [record()]).kind, 'new');
      }
    }
  });

  test('a new one takes the first free name, past objects and groups of every scope', () => {
    const taken = policy([cleanUp], {
      vsys: { services: { 'tcp-443': object('80') } },
      shared: { services: { 'tcp-443-2': object('80') } },
      predefined: { services: { 'tcp-443-3': object('80') } },
    });
    const choice = choose({ candidate: taken, running: withServices({}) }, []);
    assert.deepEqual([choice.kind, choice.kind === 'any' ? '' : choice.name], ['new', 'tcp-443-4']);
  });

  test('one made earlier in the same plan serves again', () => {
    const made = new Map([['tcp-443', https]]);
    assert.deepEqual(choose(same(withServices({})), [], made), { kind: 'ours', name: 'tcp-443' });
  });
});

describe('what the records of service objects are worth', () => {
  const own = new Set(['uuid-1']);
  const settle = (candidate: Policy, running: Policy, said: Partial<ObjectRecord> = {}) =>
    settleObjects([record(said)], { candidate, running }, own);
  const there = withServices({ 'tcp-443': object() });
  const absent = withServices({}, []);
  const other = withServices({ 'tcp-443': object() }, [ours, rule('Theirs', { uuid: 'u-9', service: ['tcp-443'] })]);

  test('intended, in both configurations as recorded: ours', () => {
    const { repaired, objects } = settle(there, there, { state: 'intended' });
    assert.deepEqual([repaired[0]?.state, objects[0]?.state], ['owned', 'owned']);
  });

  test('intended, but absent, staged alone, or of another value: forgotten', () => {
    const changed = withServices({ 'tcp-443': object('80') });
    for (const [candidate, running] of [
      [absent, absent],
      [there, absent],
      [changed, changed],
    ] as const) {
      assert.equal(settle(candidate, running, { state: 'intended' }).forgotten.length, 1);
    }
  });

  test('owned, and nowhere any more: forgotten without a word', () => {
    const { forgotten, reports } = settle(absent, absent);
    assert.deepEqual([forgotten.length, reports], [1, []]);
  });

  test('owned, and changed or used by somebody else: given up, and said so', () => {
    const changed = withServices({ 'tcp-443': object('1-65535') });
    assert.match(settle(changed, changed).reports[0]?.text ?? '', /somebody has changed its value/);
    assert.match(settle(other, there).reports[0]?.text ?? '', /the rule "Theirs" uses it/);
    assert.match(settle(there, other).reports[0]?.text ?? '', /the rule "Theirs" uses it/);
  });

  test('owned, with an edit that only one configuration shows: still ours', () => {
    const changed = withServices({ 'tcp-443': object('80') });
    assert.deepEqual(settle(changed, there).objects.length, 1);
  });
});

describe('objects that need something done', () => {
  test('a changed one is named only when both configurations show another value', () => {
    const good = withServices({ 'tcp-443': object() });
    const changed = withServices({ 'tcp-443': object('1-65535') });
    assert.equal(changedService(['tcp-443'], https, same(changed)), 'tcp-443');
    assert.equal(changedService(['tcp-443'], https, { candidate: changed, running: good }), null);
    assert.equal(changedService(['tcp-443'], https, same(good)), null);
    assert.equal(changedService(['tcp-443'], { kind: 'any' }, same(changed)), null);
  });

  test('an unused one is used by no rule and no group of either configuration, and says what was made', () => {
    const idle = withServices({ 'tcp-443': object() }, []);
    const used = withServices({ 'tcp-443': object() });
    assert.deepEqual(unusedServices(same(idle), [record()]), ['tcp-443']);
    assert.deepEqual(unusedServices({ candidate: idle, running: used }, [record()]), []);
    assert.deepEqual(unusedServices(same(used), [record()]), []);
    assert.deepEqual(unusedServices(same(withServices({ 'tcp-443': object('80') }, [])), [record()]), []);
    assert.deepEqual(unusedServices(same(idle), [record({ state: 'intended' })]), []);
  });
});
