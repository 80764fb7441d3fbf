import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Execution } from '../../../shared/runtime/execution.ts';
import { createLog } from '../../../shared/runtime/log.ts';
import { brief, HeldState, RecordedState, section, shown, TurnInput } from '../../../shared/workflow/states.ts';

const change = {
  kind: 'StartInstances',
  subjects: [{ kind: 'instance', id: 'i-1' }, { kind: 'everything' }],
  who: 'ann',
  when: '2026-11-02T08:00:00Z',
  eventId: 'e1',
  announced: { instanceStates: { 'i-1': 'pending' }, createdRules: [], removedRules: [] },
};
const turn = { fence: 3, attempt: 1, redriveCount: 0 };
const isRead = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  schema.safeParse(value).success;

test('a list is shown with its count, its own lines first, at most fifty', () => {
  const lines = Array.from({ length: 80 }, (_, at) => `line ${at}`);
  const found = shown(lines, (line) => line === 'line 70' || line === 'line 60');
  assert.equal(found.count, 80);
  assert.deepEqual([found.first.length, found.first.slice(0, 3)], [50, ['line 60', 'line 70', 'line 0']]);
  assert.equal(new Set(found.first).size, 50);
  assert.deepEqual(shown(['a', 'b']), { count: 2, first: ['a', 'b'] });
  assert.deepEqual(shown([]), { count: 0, first: [] });
});

test('a section has no empty lists and keeps every word, nought and no', () => {
  assert.deepEqual(
    section({
      none: [],
      empty: {},
      nobody: shown([]),
      some: shown(['a']),
      nought: 0,
      no: false,
      nothing: null,
      text: '',
    }),
    { some: { count: 1, first: ['a'] }, nought: 0, no: false, nothing: null, text: '' },
  );
});

test('a text is cut only where it is too long, and says how long it was', () => {
  const fits = 'x'.repeat(600);
  assert.equal(brief(fits), fits);
  assert.equal(brief(`${fits}y`), `${fits}… (601 characters)`);
});

test('fifty brief lines in ten lists fit a state twice over', () => {
  const lists = Array.from({ length: 10 }, (_, at) => [
    `list${at}`,
    shown(Array.from({ length: 900 }, () => brief('x'.repeat(9_000)))),
  ]);
  const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(lists)));
  assert.ok(bytes < 320 * 1024, `${bytes} bytes`);
});

test('a state of format 1 is read with what others left in it; another format is not', () => {
  const state = { format: 1, work: 'pending', because: null, change, turn, more: 'x' };
  for (const schema of [RecordedState, TurnInput, HeldState]) {
    const found = schema.safeParse(state);
    assert.deepEqual(found.success && found.data, state);
    assert.equal(isRead(schema, { ...state, format: 2 }), false);
    assert.equal(isRead(schema, { ...state, format: undefined }), false);
  }
});

test('TakeTurn needs the change and, after a stale plan, which attempt it was; later states need the fence', () => {
  const state = { format: 1, work: 'pending', because: null, change };
  assert.equal(isRead(TurnInput, state), true);
  assert.equal(isRead(TurnInput, { ...state, change: null }), false);
  assert.equal(isRead(TurnInput, { ...state, turn: { attempt: 'x', redriveCount: 0 } }), false);
  assert.equal(isRead(HeldState, state), false);
  assert.equal(isRead(HeldState, { ...state, turn: { ...turn, fence: 1.5 } }), false);
  assert.equal(isRead(RecordedState, { ...state, change: null }), true);
  assert.equal(isRead(RecordedState, { ...state, work: 'other' }), false);
});

test('an execution has an id, a name, a start and a count of redrives', () => {
  const execution = { id: 'arn:x', name: 'x', startTime: 't', redriveCount: 0 };
  assert.equal(isRead(Execution, execution), true);
  for (const [field, value] of [
    ['id', ''],
    ['name', undefined],
    ['startTime', ''],
    ['redriveCount', -1],
    ['redriveCount', '0'],
    ['redriveCount', undefined],
  ] as const) {
    assert.equal(isRead(Execution, { ...execution, [field]: value }), false, `${field} ${value}`);
  }
});

test('a log line is one JSON object with time, message, what all lines say and what this one says', () => {
  const lines: string[] = [];
  const log = createLog({ now: () => Date.UTC(2026, 10, 2, 8) }, (line) => lines.push(line), {
    step: 'Commit',
    shared: 1,
  });
  log('two\nlines', { shared: 2, text: 'a\nb' });
  log('bare');
  assert.ok(lines.every((line) => !line.includes('\n')));
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      { time: '2026-11-02T08:00:00.000Z', message: 'two\nlines', step: 'Commit', shared: 2, text: 'a\nb' },
      { time: '2026-11-02T08:00:00.000Z', message: 'bare', step: 'Commit', shared: 1 },
    ],
  );
});
