import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lowestOfOthers, placing } from '../../../shared/domain/plan/placing.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { edit, ownedRecord, recognised, ruleXpath, standing } from './owned.ts';
import { policy, rule } from './verdict-policies.ts';

const zones = { from: 'untrust', to: 'trust' };
const [one, two] = [ownedRecord({ id: 'i-1-1' }), ownedRecord({ id: 'i-1-2' })];
const records = [one, two];
const [first, second] = [standing(one), standing(two)];
const webIn = rule('Web in');
const clear = rule('Clear text', { action: 'deny' });
const block = rule('Block', { action: 'deny', source: ['203.0.113.0/24'] });

const placed = (
  candidate: readonly SecurityRule[],
  lowest: readonly SecurityRule[] | null,
  said: { readonly running?: readonly SecurityRule[]; readonly bottomRule?: string; readonly editing?: string } = {},
) => {
  const pending = said.editing === undefined ? [] : [edit('colleague', ruleXpath(said.editing))];
  return placing({
    candidate: policy(candidate),
    running: policy(said.running ?? candidate),
    records,
    staying: recognised({ records, rules: candidate, pending }).owned,
    lowest: lowest?.flatMap(({ uuid }) => uuid ?? []) ?? null,
    bottomRule: said.bottomRule ?? 'interzone-default',
    zones,
  });
};
const moved = (...said: Parameters<typeof placed>) => placed(...said).moves.map(({ name, past }) => [name, past]);
const past = 'uuid of Block';

describe('with a default rule as bottom', () => {
  for (const [what, rules, lowest, moves] of [
    ['nothing below ours: they stay', [webIn, clear, first, second], [webIn, clear], []],
    ['a new rule below: all of ours pass it', [webIn, first, second, block], [webIn], ['i-1-1', 'i-1-2']],
    ['the same in the order they have now', [webIn, second, first, block], [webIn], ['i-1-2', 'i-1-1']],
    ['a new rule between: those above it pass', [webIn, first, block, second], [webIn], ['i-1-1']],
    ['the first rule of others ever', [first, second, block], [], ['i-1-1', 'i-1-2']],
    ['one moved up: it stays, the other passes', [first, webIn, second, block], [webIn], ['i-1-2']],
    ['one moved up, the lowest known deleted', [first, webIn, second, block], [webIn, clear], ['i-1-2']],
    ['no order known: nothing is moved', [webIn, first, second, block], null, []],
    ['every known rule deleted: what stands below is new', [first, second, block], [clear], ['i-1-1', 'i-1-2']],
  ] as const) {
    test(what, () => {
      assert.deepEqual(
        moved(rules, lowest),
        moves.map((name) => [name, past]),
      );
      assert.equal(placed(rules, lowest).reports.length, moves.length);
    });
  }

  test('a rule that does not run yet is not passed', () => {
    assert.deepEqual(moved([webIn, first, second, block], [webIn], { running: [webIn, first, second] }), []);
  });

  test('one of ours that somebody is editing, disabled or set to deny is left in its place', () => {
    assert.deepEqual(moved([webIn, first, second, block], [webIn], { editing: 'i-1-1' }), [['i-1-2', past]]);
    for (const said of [{ disabled: true }, { action: 'deny' } as const]) {
      assert.deepEqual(moved([webIn, standing(one, said), second, block], [webIn]), [['i-1-2', past]]);
    }
  });

  test('several rules are passed to below the lowest, and named', () => {
    const more = ['A', 'B', 'C', 'D'].map((name) => rule(name));
    const { moves, reports } = placed([webIn, first, ...more], [webIn]);
    assert.equal(moves[0]?.past, 'uuid of D');
    assert.match(
      reports[0]?.text ?? '',
      /"i-1-1" stands above "A", "B", "C" and 1 more, added there later: moved to the end/,
    );
  });

  test('what is recorded are the lowest rules of others that run, the lowest last, and a limited number', () => {
    const many = Array.from({ length: 60 }, (_, at) => rule(`r${at}`));
    const rulebases = { candidate: policy([...many, first, block]), running: policy([...many, first]) };
    const lowest = lowestOfOthers(rulebases, records);
    assert.deepEqual([lowest.length, lowest[0], lowest.at(-1)], [50, 'uuid of r10', 'uuid of r59']);
  });
});

describe('with an ordinary bottom rule', () => {
  const bottom = rule('Clean up', { action: 'deny' });
  const reports = (...rules: readonly SecurityRule[]) =>
    placed([...rules, bottom], null, { bottomRule: 'Clean up' }).reports.map(({ text }) => text);

  test('a deny between ours and it that meets what they allow is named with those above it; nothing is moved', () => {
    const text = '"Block" stands below "i-1-1" of ours and has no effect on what they allow.';
    assert.deepEqual(reports(webIn, first, block, second), [text]);
    assert.deepEqual(placed([first, block, bottom], null, { bottomRule: 'Clean up' }).moves, []);
  });

  const services = {
    'tcp-443': { protocol: 'tcp', port: '443', sourcePort: null },
    'udp-53': { protocol: 'udp', port: '53', sourcePort: null },
  } as const;

  for (const [what, other] of [
    ['above ours', null],
    ['that allows', rule('Block')],
    ['that is disabled', { ...block, disabled: true }],
    ['of other addresses', { ...block, destination: ['10.9.9.9'] }],
    ['of other zones', { ...block, from: ['dmz'] }],
    ['of other ports', { ...block, service: ['udp-53'] }],
    ['of other applications', { ...block, application: ['ssh'] }],
  ] as const) {
    test(`a rule ${what} is not named`, () => {
      const rules = other === null ? [block, first] : [first, other];
      const candidate = policy([...rules, bottom], { vsys: { services } });
      const { owned: staying } = recognised({ records, rules });
      const house = { candidate, running: candidate, records, lowest: null, bottomRule: 'Clean up', zones };
      assert.deepEqual(placing({ ...house, staying }).reports, []);
    });
  }
});
