import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleRecord } from '../../../shared/domain/plan/ownership.ts';
import type { Recognition } from '../../../shared/domain/plan/recognise.ts';
import { foreignEditor } from '../../../shared/domain/policy/pending-edits.ts';
import { ours as ownedName } from '../../support/owned-rule-name.ts';
import {
  destination,
  edit,
  ours,
  ownedRecord,
  recognised as recognisedWhole,
  ruleXpath,
  source,
  standing,
} from './owned.ts';
import { rule } from './verdict-policies.ts';

/** Without what rules say through the objects they use. */
const recognised = (house: Parameters<typeof recognisedWhole>[0]) => {
  const found = recognisedWhole(house);
  return {
    ...found,
    owned: found.owned.map(({ record, rule: stands, editedBy }) => ({ record, rule: stands, editedBy })),
  };
};
const none = { owned: [], returned: [], repaired: [], forgotten: [], reports: [] };
const owned = ownedRecord();
const intended = ownedRecord({
  state: 'intended',
  uuid: null,
  intent: { kind: 'add', execution: 'run', content: owned.content },
});
/** What the firewall shows of a rule whose uuid was never read back. */
const written = standing({ ...intended, uuid: 'uuid from the firewall' });
const tombstone = ownedRecord({ state: 'tombstone' });
const whats = ({ reports }: Pick<Recognition, 'reports'>) => reports.map(({ what }) => what);
const uuids = (recognition: ReturnType<typeof recognised>) => recognition.owned.map(({ record }) => record.uuid);

test('intended, in both configurations as intended: adopted', () => {
  const found = recognised({ records: [intended], rules: [written] });
  const settled: RuleRecord = { ...intended, state: 'owned', uuid: 'uuid from the firewall', intent: null };
  assert.deepEqual(found, {
    ...none,
    repaired: [settled],
    owned: [{ record: settled, rule: written, editedBy: null }],
  });
});

test('intended, of the same name but another content: somebody else’s, and forgotten', () => {
  for (const said of [
    { source: ['10.9.9.9/32'] },
    { destination: ['10.0.1.1/32', '10.0.1.2/32'] },
    { application: ['any'] },
    { service: ['any'] },
    { action: 'deny' } as const,
    { from: ['any'] },
    { description: 'mine' },
    { tags: ['x'] },
    { logSetting: 'x' },
    { profileGroup: 'x' },
  ]) {
    const found = recognised({ records: [intended], rules: [{ ...written, ...said }] });
    assert.deepEqual(found, { ...none, forgotten: [intended] }, Object.keys(said).join());
  }
});

test('intended, on neither configuration: forgotten', () => {
  assert.deepEqual(recognised({ records: [intended], rules: [] }), { ...none, forgotten: [intended] });
});

test('intended, staged by name and content but not running: not adopted', () => {
  const found = recognised({ records: [intended], rules: [written], running: [] });
  assert.deepEqual(found, { ...none, forgotten: [intended] });
});

test('intended, and a rule of that name without a uuid: not adopted', () => {
  const found = recognised({ records: [intended], rules: [{ ...written, uuid: null }] });
  assert.deepEqual(found, { ...none, forgotten: [intended] });
});

test('intended with its uuid read back, and gone from the candidate: a tombstone, for it may return', () => {
  const known = { ...intended, uuid: 'uuid from the firewall' };
  const found = recognised({ records: [known], rules: [] });
  assert.deepEqual(found, { ...none, repaired: [{ ...known, state: 'tombstone', intent: null }] });
});

test('owned, in the candidate: owned, whether it runs or not', () => {
  const stands = standing(owned);
  for (const running of [[stands], []]) {
    const found = recognised({ records: [owned], rules: [stands], running });
    assert.deepEqual(found, { ...none, owned: [{ record: owned, rule: stands, editedBy: null }] });
  }
});

test('owned, running but no longer in the candidate: somebody is deleting it, and it is left alone', () => {
  const pending = [edit('colleague', ruleXpath('i-1-1'), 'DELETE')];
  const found = recognised({ records: [owned], rules: [], running: [standing(owned)], pending });
  assert.deepEqual({ ...found, reports: [] }, none);
  assert.deepEqual(whats(found), ['being edited']);
  assert.match(found.reports[0]?.text ?? '', /colleague has deleted "i-1-1" without committing yet.*stays open/);
});

test('owned, on neither configuration: deleted by somebody, a tombstone, and reported', () => {
  const found = recognised({ records: [owned], rules: [] });
  assert.deepEqual({ ...found, reports: [] }, { ...none, repaired: [{ ...owned, state: 'tombstone' }] });
  assert.deepEqual(whats(found), ['deleted']);
});

const lookAlike = (said: Parameters<typeof standing>[1] = {}) => standing(owned, { uuid: 'another uuid', ...said });

test('gone, while a rule of the same name and content has another uuid: not called deleted, and both uuids are named', () => {
  for (const record of [owned, tombstone]) {
    const found = recognised({ records: [record], rules: [lookAlike()] });
    assert.deepEqual(
      { ...found, reports: [] },
      { ...none, repaired: record === owned ? [{ ...owned, state: 'tombstone' }] : [] },
      'it is not ours',
    );
    assert.deepEqual(whats(found), ['look-alike']);
    assert.match(
      found.reports[0]?.text ?? '',
      /with uuid uuid of i-1-1 is gone.*stands with uuid another uuid.*allows what it says.*never remove it/,
    );
  }
  const disabled = recognised({ records: [owned], rules: [lookAlike({ disabled: true })] });
  assert.match(disabled.reports[0]?.text ?? '', /is disabled, and this system will never remove it/);
});

test('a rule of its name with other content, without uuid, or of another record is no look-alike', () => {
  for (const rule of [lookAlike({ source: ['10.9.9.9/32'] }), lookAlike({ uuid: null }), lookAlike({ name: 'Other' })])
    assert.deepEqual(whats(recognised({ records: [owned], rules: [rule] })), ['deleted']);
  const other = ownedRecord({ id: 'i-1-1 again', uuid: 'another uuid', name: 'i-1-1' });
  assert.deepEqual(whats(recognised({ records: [owned, other], rules: [lookAlike()] })), ['deleted']);
});

test('owned, gone as a run that died intended: a tombstone, and no report', () => {
  const removed = ownedRecord({ intent: { kind: 'remove', execution: 'run' } });
  const found = recognised({ records: [removed], rules: [] });
  assert.deepEqual(found, { ...none, repaired: [{ ...removed, state: 'tombstone', intent: null }] });
});

test('a tombstone whose rule is back, running or not: returned, and reported', () => {
  const back = standing(tombstone);
  for (const running of [[back], []]) {
    const found = recognised({ records: [tombstone], rules: [back], running });
    assert.deepEqual(
      { ...found, reports: [] },
      {
        ...none,
        returned: [
          {
            record: tombstone,
            rule: back,
            uuid: 'uuid of i-1-1',
            name: ownedName('i-1-1'),
            editedBy: null,
            allowsRunning: running.length > 0,
          },
        ],
      },
    );
    assert.deepEqual(whats(found), ['returned']);
  }
});

test('a tombstone whose rule stays away says nothing', () => {
  assert.deepEqual(recognised({ records: [tombstone], rules: [] }), none);
});

test('a tombstone without uuid claims a rule of its name only where it says exactly what was to be written', () => {
  const nameless = { ...tombstone, uuid: null };
  const landed = recognised({ records: [nameless], rules: [standing(tombstone)] });
  assert.deepEqual([landed.returned.map(({ uuid }) => uuid), whats(landed)], [[tombstone.uuid], ['returned']]);
  assert.match(landed.reports[0]?.text ?? '', /written without an answer and has landed since/);
  const another = standing(tombstone, { source: ['198.51.100.0/24'] });
  assert.deepEqual(recognised({ records: [nameless], rules: [another] }), none);
  assert.deepEqual(recognised({ records: [nameless], rules: [] }), none);
});

test('a tombstone does not take away what is ours by a living record of the same uuid', () => {
  const buried = { ...tombstone, id: 'i-1-9', name: 'i-1-9', uuid: owned.uuid };
  const found = recognised({ records: [buried, owned], rules: [standing(owned)] });
  assert.deepEqual(
    [found.returned, found.owned.map(({ record }) => record.name), whats(found)],
    [[], [owned.name], []],
  );
});

test('a rule of our name with another uuid is not ours', () => {
  const cloned = standing(owned, { uuid: 'another' });
  const found = recognised({ records: [owned], rules: [cloned] });
  assert.deepEqual(found.owned, []);
  assert.deepEqual(whats(found), ['look-alike']);
  const afterwards = recognised({ records: [tombstone], rules: [cloned] });
  assert.deepEqual({ ...afterwards, reports: [] }, none);
});

test('a clone beside our rule is not ours', () => {
  const found = recognised({
    records: [owned],
    rules: [standing(owned), standing(owned, { name: 'i-1-1-1', uuid: 'c' })],
  });
  assert.deepEqual(uuids(found), [owned.uuid]);
  assert.deepEqual(whats(found), []);
});

test('a rule pushed by Panorama is never ours, whatever its uuid', () => {
  for (const rulebase of ['pushed-pre', 'pushed-post', 'default'] as const) {
    const found = recognised({ records: [owned], rules: [standing(owned, { rulebase })] });
    assert.deepEqual(found.owned, [], rulebase);
  }
});

test('a renamed rule is still ours: the record follows, and its key stays', () => {
  const found = recognised({ records: [owned], rules: [standing(owned, { name: 'web in' })] });
  assert.deepEqual(whats(found), ['renamed']);
  assert.deepEqual(found.repaired, [{ ...owned, name: 'web in' }]);
  assert.equal(found.owned[0]?.rule.name, 'web in');
});

test('what an administrator did to a rule of ours is told in one word each', () => {
  for (const [said, expected] of [
    [{ disabled: true }, ['disabled']],
    [{ action: 'deny' }, ['denies']],
    [{ action: 'drop' }, ['denies']],
    [{ source: ['0.0.0.0/0', 'Partners'] }, ['widened']],
    [{ source: ['any'] }, ['widened']],
    [{ destination: ['10.0.1.1/32', '10.0.1.2/32'] }, ['widened']],
    [{ service: ['any'] }, ['widened']],
    [{ application: ['ssl', 'ssh'] }, ['widened']],
    [{ from: ['untrust', 'guest'] }, ['widened']],
    [{ source: [] }, ['changed']],
    [{ description: 'mine now' }, ['changed']],
    [{ tags: ['reviewed'] }, ['changed']],
    [{ logSetting: 'all' }, ['changed']],
    [{ profileGroup: 'strict' }, ['changed']],
    [{ restrictions: ['source-user'] }, ['changed']],
    [{ negateSource: true }, ['changed']],
    [{ negateDestination: true }, ['changed']],
    [{ disabled: true, action: 'deny', service: ['any'], tags: ['x'] }, ['disabled', 'denies', 'widened', 'changed']],
    [{}, []],
  ] as const) {
    const found = recognised({ records: [owned], rules: [standing(owned, said)] });
    assert.deepEqual(whats(found), expected, JSON.stringify(said));
    assert.deepEqual(uuids(found), [owned.uuid], 'it is ours all the same');
    assert.deepEqual(found.repaired, [], 'and its record stays as it was');
  }
});

test('members in another order are no change', () => {
  const wide = ownedRecord({
    contributions: { sources: [source('10.0.0.0/8'), source('11.0.0.0/8', 'sgr-2')], destinations: [destination(1)] },
  });
  const found = recognised({ records: [wide], rules: [standing(wide, { source: ['11.0.0.0/8', '10.0.0.0/8'] })] });
  assert.deepEqual(whats(found), []);
});

test('a rule below the bottom rule is told; above it, and directly above it, is not', () => {
  assert.deepEqual(whats(recognised({ records: [owned], rules: [], below: [standing(owned)] })), [
    'below the bottom rule',
  ]);
  assert.deepEqual(whats(recognised({ records: [owned], rules: [standing(owned)] })), []);
  assert.deepEqual(whats(recognised({ records: [owned], rules: [standing(owned), rule('Web in')] })), []);
});

test('uncommitted edits of somebody else on a rule of ours are told; our own are not', () => {
  const stands = standing(owned);
  const found = recognised({
    records: [owned],
    rules: [stands],
    pending: [edit(ours, ruleXpath('i-1-1')), edit('colleague', `${ruleXpath('i-1-1')}/source`)],
  });
  assert.deepEqual([found.owned[0]?.editedBy, whats(found)], ['colleague', ['being edited']]);
  const mine = recognised({ records: [owned], rules: [stands], pending: [edit(ours, ruleXpath('i-1-1'))] });
  assert.deepEqual([mine.owned[0]?.editedBy, whats(mine)], [null, []]);
});

test('a rule that came back and is being edited says by whom', () => {
  const found = recognised({
    records: [tombstone],
    rules: [standing(tombstone)],
    pending: [edit('colleague', ruleXpath('i-1-1'))],
  });
  assert.equal(found.returned[0]?.editedBy, 'colleague');
});

test('an edit is on an entry when it is at or below it: not above, not beside', () => {
  const by = (xpath: string) => foreignEditor([edit('colleague', xpath)], ours, ruleXpath('i-1-1'));
  assert.equal(by(ruleXpath('i-1-1')), 'colleague');
  assert.equal(by(`${ruleXpath('i-1-1')}/source/member`), 'colleague');
  assert.equal(by(ruleXpath('i-1-10')), null);
  assert.equal(by(`${ruleXpath('i-1-1')}0`), null);
  assert.equal(by('/config/vsys/rulebase/security/rules'), null);
  assert.equal(foreignEditor([edit(ours, ruleXpath('i-1-1'))], ours, ruleXpath('i-1-1')), null);
});

test('a change that a run intended and the firewall shows is taken over; one it does not show is dropped', () => {
  const less = { sources: owned.contributions.sources, destinations: [destination(1)] };
  const before = ownedRecord({
    contributions: { ...less, destinations: [destination(1), destination(2)] },
  });
  const content = { ...before.content, destination: ['10.0.1.1/32'] };
  const changing: RuleRecord = {
    ...before,
    intent: { kind: 'change', execution: 'run', content, contributions: less },
  };
  const shown = recognised({ records: [changing], rules: [standing({ ...before, content })] });
  assert.deepEqual(shown.repaired, [{ ...changing, content, contributions: less, intent: null }]);
  assert.deepEqual(shown.owned[0]?.record.contributions, less);
  const notShown = recognised({ records: [changing], rules: [standing(before)] });
  assert.deepEqual(notShown.repaired, [{ ...changing, intent: null }]);
  assert.deepEqual(notShown.owned[0]?.record.contributions, before.contributions);
});

test('what a change opens is a rule’s own once it runs: staged only, it stays an intent, and is called no administrator’s change', () => {
  const before = ownedRecord();
  const more = { ...before.contributions, destinations: [destination(1), destination(2)] };
  for (const content of [
    { ...before.content, destination: ['10.0.1.1/32', '10.0.1.2/32'] },
    { ...before.content, application: ['ssl', 'web-browsing'] },
    { ...before.content, tags: ['another'] },
  ])
    checkOpening(before, more, content);
});

const checkOpening = (before: RuleRecord, more: RuleRecord['contributions'], content: RuleRecord['content']): void => {
  const growing: RuleRecord = {
    ...before,
    intent: { kind: 'change', execution: 'run', content, contributions: more },
  };
  const grown = standing({ ...before, content });
  const staged = recognised({ records: [growing], rules: [grown], running: [standing(before)] });
  assert.deepEqual([staged.repaired, whats(staged)], [[], []]);
  assert.deepEqual(staged.owned[0]?.record.contributions, before.contributions);
  const runs = recognised({ records: [growing], rules: [grown] });
  assert.deepEqual(runs.repaired, [{ ...growing, content, contributions: more, intent: null }]);
  const undone = recognised({ records: [growing], rules: [standing(before)], running: [standing(before)] });
  assert.deepEqual(undone.repaired, [{ ...growing, intent: null }]);
};

test('an intended move or removal that was not carried out leaves an owned rule', () => {
  for (const kind of ['move', 'remove'] as const) {
    const record = ownedRecord({ intent: { kind, execution: 'run' } });
    const found = recognised({ records: [record], rules: [standing(record)] });
    assert.deepEqual(found.repaired, [{ ...record, intent: null }]);
    assert.deepEqual(uuids(found), [record.uuid]);
  }
});

test('two records that claim one rule are refused; a tombstone claims none', () => {
  const twin = ownedRecord({ id: 'i-1-2', uuid: owned.uuid });
  assert.throws(() => recognised({ records: [owned, twin], rules: [standing(owned)] }), {
    name: 'OwnershipClash',
    message: /"i-1-1" and "i-1-2" both claim the rule with uuid uuid of i-1-1/,
  });
  recognised({ records: [owned, { ...twin, state: 'tombstone' }], rules: [standing(owned)] });
  recognised({ records: [intended, { ...intended, id: 'i-1-2', name: 'i-1-2' }], rules: [] });
});

test('a rule that nobody recorded is nobody’s business', () => {
  assert.deepEqual(recognised({ records: [], rules: [rule('i-1-1'), rule('sg-1-1')] }), none);
});

test('intended without a uuid, renamed and disabled by an administrator since: adopted by the marked description, and disabled', () => {
  const content = { ...owned.content, description: 'StartInstances e-1 (sg-1, tcp/443) [sync:0123456789abcdef]' };
  const never = { ...intended, content, intent: { kind: 'add' as const, execution: 'run', content } };
  const renamed = { ...standing({ ...never, uuid: 'his' }), name: 'his name', disabled: true };
  for (const record of [never, { ...never, state: 'tombstone' as const, intent: null }]) {
    const found = recognised({ records: [record], rules: [renamed] });
    assert.deepEqual(uuids(found), ['his'], record.state);
    assert.ok(whats(found).includes('disabled'));
    assert.ok(whats(found).includes('renamed') || found.repaired.some(({ name }) => name === 'his name'));
  }
  const again = { ...never, id: 'again', name: 'again' };
  assert.deepEqual(
    uuids(recognised({ records: [again, never], rules: [renamed] })),
    ['his'],
    'of two attempts, one is it',
  );
  const copy = { ...renamed, name: 'a copy', uuid: 'copy' };
  assert.deepEqual(uuids(recognised({ records: [never], rules: [renamed, copy] })), [], 'of two, neither is known');
  const unmarked = { ...renamed, description: 'StartInstances e-1 (sg-1, tcp/443)' };
  assert.deepEqual(uuids(recognised({ records: [never], rules: [unmarked] })), [], 'without a mark');
});
