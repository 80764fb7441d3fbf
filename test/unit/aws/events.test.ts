import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeFromEvent, meaningOfEvent, type SubjectReads } from '../../../shared/aws/events/events.ts';
import { subjectId } from '../../../shared/domain/change.ts';
import { isNamed } from '../../../shared/domain/errors.ts';
import { enveloped, origin, record, shapes, strangeShapes } from './event-shapes.ts';

const noReads: SubjectReads = {
  groupsNamed: () => Promise.reject(new Error('no group was to be looked up')),
  holderOfInterface: () => Promise.reject(new Error('no interface was to be looked up')),
  groupsWithPrefixList: () => Promise.reject(new Error('no prefix list was to be looked up')),
  isRouteDestination: () => Promise.reject(new Error('no prefix list was to be looked up')),
};

for (const [title, { event, expected }] of Object.entries(shapes)) {
  test(`an event is understood: ${title}`, () => {
    const meaning = meaningOfEvent(event, origin);
    if ('nothing' in expected) {
      assert.ok(meaning.kind === 'nothing', JSON.stringify(meaning));
      assert.match(meaning.because, expected.nothing);
      return;
    }
    assert.ok(meaning.kind === 'change', JSON.stringify(meaning));
    const { change, lookUps } = meaning;
    assert.deepEqual(change.subjects.map(subjectId), expected.subjects);
    assert.deepEqual(lookUps, expected.lookUps ?? []);
    for (const [name, value] of Object.entries(expected.announced ?? {}))
      assert.deepEqual(change.announced[name as keyof typeof change.announced], value);
    assert.equal(change.when, expected.when ?? '2026-11-05T10:11:12Z');
    if (expected.who !== undefined) assert.equal(change.who, expected.who);
    assert.notEqual(change.eventId, '');
  });
}

for (const [title, { event, names }] of Object.entries(strangeShapes)) {
  test(`an unknown shape is refused by the name of its field, never guessed: ${title}`, () => {
    assert.throws(
      () => meaningOfEvent(event, { ...origin, serviceInterfaces: 'include' }),
      (error) =>
        isNamed(error, 'EventNotUnderstood') &&
        (error.message.startsWith(names) || error.message.includes(`.${names}:`)),
    );
  });
}

test('the id of the CloudTrail record is the id of the change, not that of the delivery', () => {
  const detail = record('DeleteSecurityGroup', { groupId: 'sg-0a' }, null);
  const ids = ['one', 'two'].map((id) => {
    const meaning = meaningOfEvent(enveloped(detail, { id }), origin);
    return meaning.kind === 'change' ? meaning.change.eventId : null;
  });
  assert.deepEqual(ids, [detail['eventID'], detail['eventID']]);
});

test('an event of another account or region is refused by name', () => {
  const detail = record('DeleteSecurityGroup', { groupId: 'sg-0a' }, null);
  for (const [more, word] of [
    [{ account: '999999999999' }, '999999999999'],
    [{ region: 'us-east-1' }, 'us-east-1'],
  ] as const)
    assert.throws(
      () => meaningOfEvent(enveloped(detail, more), origin),
      (error) => isNamed(error, 'Misconfigured') && error.message.includes(word),
    );
  assert.throws(
    () => meaningOfEvent({ ...detail, awsRegion: 'us-east-1' }, origin),
    (error) => isNamed(error, 'Misconfigured'),
  );
});

test('two blocks of 100 KB are read', () => {
  const items = Array.from({ length: 900 }, (_, index) => ({ instanceId: `i-${String(index).padStart(17, '0')}` }));
  const states = items.map(({ instanceId }) => ({
    instanceId,
    currentState: { code: 0, name: 'pending' },
    previousState: { code: 80, name: 'stopped' },
  }));
  const event = enveloped(
    record('StartInstances', { instancesSet: { items } }, { instancesSet: { items: states.toReversed() } }),
  );
  const meaning = meaningOfEvent(event, origin);
  assert.equal(meaning.kind === 'change' && meaning.change.subjects.length, 900);
});

const changeWith = async (name: string, request: unknown, reads: Partial<SubjectReads>) =>
  changeFromEvent(enveloped(record(name, request, null)), origin, { ...noReads, ...reads });
const subjectsOf = (result: Awaited<ReturnType<typeof changeFromEvent>>) =>
  result.kind === 'change' ? result.change.subjects.map(subjectId) : result.because;

test('a group known only by its name is looked up, in every VPC that has one', async () => {
  const asked: string[] = [];
  const result = await changeWith(
    'RevokeSecurityGroupIngress',
    { groupName: 'web' },
    {
      groupsNamed: async (name) => {
        asked.push(name);
        return ['sg-0b', 'sg-0a'];
      },
    },
  );
  assert.deepEqual([asked, subjectsOf(result)], [['web'], ['sg-0a', 'sg-0b']]);
});

test('a group name that EC2 does not know makes everything be read again', async () => {
  const result = await changeWith('RevokeSecurityGroupIngress', { groupName: 'gone' }, { groupsNamed: async () => [] });
  assert.deepEqual(subjectsOf(result), ['everything']);
});

test('an address call is about the instance that holds the interface, or the interface that no instance holds', async () => {
  const call = (holder: { instance: string | null } | null) =>
    changeWith('AssignPrivateIpAddresses', { networkInterfaceId: 'eni-0e' }, { holderOfInterface: async () => holder });
  assert.deepEqual(subjectsOf(await call({ instance: 'i-0aa' })), ['i-0aa']);
  const free = await call({ instance: null });
  assert.deepEqual(free.kind === 'change' && free.change.subjects, [{ kind: 'interface', id: 'eni-0e' }]);
  assert.deepEqual(subjectsOf(await call(null)), ['everything']);
});

test('a changed prefix list is about every group that names it', async () => {
  const call = (groups: readonly string[], routed = false) =>
    changeWith(
      'ModifyManagedPrefixList',
      { ModifyManagedPrefixListRequest: { PrefixListId: 'pl-0a' } },
      {
        groupsWithPrefixList: async () => groups,
        isRouteDestination: async () => routed,
      },
    );
  assert.deepEqual(subjectsOf(await call(['sg-0b', 'sg-0a'])), ['sg-0a', 'sg-0b']);
  assert.match(String(subjectsOf(await call([]))), /no security group and no route names the prefix list pl-0a/);
  assert.deepEqual(subjectsOf(await call(['sg-0a'], true)), ['everything'], 'a route leads to other addresses');
});

test('an event that names its subjects asks EC2 nothing', async () => {
  const result = await changeWith('DeleteSecurityGroup', { groupId: 'sg-0a' }, {});
  assert.deepEqual(subjectsOf(result), ['sg-0a']);
});
