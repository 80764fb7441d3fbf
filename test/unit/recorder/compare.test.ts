import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Changes, noChanges } from '../../recorder/changes.ts';
import { compareRecordings } from '../../recorder/comparison.ts';
import type { Recording } from '../../recorder/recording.ts';
import type { Line } from '../../recorder/write-recording.ts';

const place = { system: 1, execution: 1, visit: 1, attempt: 1 };
const get = (xpath: string): Line => ({
  ...place,
  state: 'ApplyRules',
  kind: 'firewall',
  name: 'config get',
  value: { type: 'config', action: 'get', xpath, answer: '200 success 19' },
});
const record = (item: Readonly<Record<string, unknown>>): Line => ({
  ...place,
  state: 'ApplyRules',
  kind: 'table',
  name: 'put rule',
  value: { pk: 'rule', sk: 'id-1-1', item, condition: null, answer: 'done' },
});
const result = (content: unknown): Line => ({
  ...place,
  state: 'DeriveRules',
  kind: 'step result',
  name: 'DeriveRules',
  value: { fence: 1, content, answer: 'done' },
});
const output = (shown: unknown): Line => ({
  ...place,
  state: 'DeriveRules',
  attempt: 0,
  kind: 'output',
  name: 'DeriveRules',
  value: { output: shown, next: 'TestRules', at: '(+0 s)' },
});

const recording = (...lines: readonly Line[]): Recording => new Map([['story/one.jsonl', { test: 'one', lines }]]);

const usual: readonly Line[] = [
  result({ desired: [{ source: '0.0.0.0/0', group: 'id-1' }], scope: ['id-2'] }),
  output({ derived: { candidates: { count: 1, first: ['id-1 tcp 80'] } } }),
  get('/config/shared'),
  record({ fence: 1, uuid: 'uuid-1', broughtBy: 'uuid-2' }),
];

const changes = (given: { readonly words?: readonly object[]; readonly differences?: readonly object[] }): Changes =>
  Changes.parse({ words: [], differences: [], ...given });

const placesOf = (before: readonly Line[], after: readonly Line[], list: Changes = noChanges): readonly string[] =>
  compareRecordings(recording(...before), recording(...after), list).differences.map(({ where }) => where);

describe('two recordings of the same', () => {
  test('say the same', () => {
    assert.deepEqual(placesOf(usual, usual), []);
  });

  test('say the same when only the numbers of the names differ', () => {
    const renumbered = JSON.parse(
      JSON.stringify(usual).replaceAll('id-1', 'id-7').replaceAll('uuid-1', 'uuid-9'),
    ) as Line[];
    assert.notDeepEqual(renumbered, usual);
    assert.deepEqual(placesOf(usual, renumbered), []);
  });

  test('differ when one name stands for two things', () => {
    const confused = usual.with(3, record({ fence: 1, uuid: 'uuid-1', broughtBy: 'uuid-1' }));
    assert.deepEqual(placesOf(usual, confused), ['ApplyRules: table put rule / broughtBy']);
  });
});

describe('what the comparison notices', () => {
  for (const [what, after, where] of [
    [
      'a request that was added',
      usual.toSpliced(3, 0, get('/config/panorama')),
      'ApplyRules: firewall config get /config/panorama (added)',
    ],
    ['a request that is missing', usual.toSpliced(2, 1), 'ApplyRules: firewall config get /config/shared (missing)'],
    [
      'a request for something else',
      usual.with(2, get('/config/panorama')),
      'ApplyRules: firewall config get /config/shared (missing)',
    ],
    ['a write that is missing', usual.slice(0, 3), 'ApplyRules: table put rule (missing)'],
    [
      'a field that changed in a record',
      usual.with(3, record({ fence: 2, uuid: 'uuid-1', broughtBy: 'uuid-2' })),
      'ApplyRules: table put rule / fence',
    ],
    [
      'a field that a record has no more',
      usual.with(3, record({ fence: 1, uuid: 'uuid-1' })),
      'ApplyRules: table put rule / broughtBy',
    ],
    [
      'a field that a step result has more',
      usual.with(0, result({ desired: [{ source: '0.0.0.0/0', group: 'id-1' }], scope: ['id-2'], more: 1 })),
      'DeriveRules: step result / more',
    ],
    [
      'a member of a list',
      usual.with(0, result({ desired: [{ source: '::/0', group: 'id-1' }], scope: ['id-2'] })),
      'DeriveRules: step result / desired[].source',
    ],
    [
      'a list that is longer',
      usual.with(0, result({ desired: [{ source: '0.0.0.0/0', group: 'id-1' }], scope: ['id-2', 'id-3'] })),
      'DeriveRules: step result / scope[]',
    ],
    [
      'a count in an output',
      usual.with(1, output({ derived: { candidates: { count: 2, first: ['id-1 tcp 80'] } } })),
      'DeriveRules: output / derived.candidates.count',
    ],
  ] as const) {
    test(what, () => {
      assert.equal(placesOf(usual, after)[0], where);
    });
  }

  test('requests in another order', () => {
    const one = [get('/config/shared'), get('/config/panorama')];
    const before = 'ApplyRules: firewall config get /config/';
    assert.deepEqual(placesOf(one, one.toReversed()), [`${before}shared (missing)`, `${before}shared (added)`]);
  });

  test('a test that only one recording has', () => {
    const { onlyBefore, onlyAfter } = compareRecordings(
      recording(...usual),
      new Map([['other.jsonl', { test: 'other', lines: usual }]]),
      noChanges,
    );
    assert.deepEqual([onlyBefore, onlyAfter], [['story/one.jsonl'], ['other.jsonl']]);
  });
});

describe('the list of what differs on purpose', () => {
  const smaller = usual.with(0, result({ desired: [{ source: '0.0.0.0/0', group: 'id-1' }] }));
  const entry = { where: 'DeriveRules: step result / scope', why: 'the next step knows it already' };

  test('takes away what it names, and nothing else', () => {
    const list = changes({ differences: [entry] });
    assert.deepEqual(placesOf(usual, smaller, list), []);
    const more = smaller.slice(0, 3).with(0, result({ desired: [{ source: '::/0', group: 'id-1' }] }));
    assert.deepEqual(placesOf(usual, more, list), [
      'DeriveRules: step result / desired[].source',
      'ApplyRules: table put rule (missing)',
    ]);
  });

  test('renames fields and words of before', () => {
    const renamed = JSON.parse(
      JSON.stringify(usual).replaceAll('"desired"', '"grants"').replaceAll('tcp 80', 'TCP 80'),
    ) as Line[];
    const why = 'a clearer word for the same';
    const words = [
      { of: 'field', before: 'desired', after: 'grants', why },
      { of: 'text', before: 'tcp', after: 'TCP', why },
    ];
    assert.equal(placesOf(usual, renamed).length > 0, true);
    assert.deepEqual(placesOf(usual, renamed, changes({ words })), []);
  });

  test('may say nothing that did not happen', () => {
    const word = { of: 'field', before: 'nowhere', after: 'anywhere', why: 'a word that stands in no field' };
    const { unused } = compareRecordings(
      recording(...usual),
      recording(...usual),
      changes({ words: [word], differences: [entry] }),
    );
    assert.deepEqual(unused, ['nowhere → anywhere', entry.where]);
  });

  for (const where of ['DeriveRules', 'DeriveRules: output', 'ApplyRules: table put rule', 'one']) {
    test(`cannot cover as much as ${JSON.stringify(where)}`, () => {
      assert.throws(() => changes({ differences: [{ where, why: 'everything there may differ' }] }));
    });
  }

  test('needs a reason for each entry', () => {
    assert.throws(() => changes({ differences: [{ where: entry.where, why: '' }] }));
  });
});
