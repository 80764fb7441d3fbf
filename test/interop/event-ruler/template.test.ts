import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { matchesPattern } from '../../local/event-pattern.ts';
import { shapes, strangeShapes } from '../../unit/aws/event-shapes.ts';
import { type Answer, askEventRuler } from './ask-event-ruler.ts';
import { executionChanges, ruleOfCall, stateChanges, templatePatterns, trailEvents } from './template-events.ts';

const patterns = [...templatePatterns()];
const trail = trailEvents();
const states = stateChanges();
const executions = executionChanges();
/** Every fixture of an event; EventBridge sends objects only. */
const fixtures = [...Object.values(shapes), ...Object.values(strangeShapes)]
  .map(({ event }) => event)
  .filter((event) => typeof event === 'object' && event !== null && !Array.isArray(event));
const events: readonly unknown[] = [
  ...trail.map(({ event }) => event),
  ...states.map(({ event }) => event),
  ...executions.map(({ event }) => event),
  ...fixtures,
  {},
];

let answers: readonly Answer[] = [];
/** Rules that AWS's matcher says take the event. */
const takers = (event: unknown): readonly string[] => {
  const at = events.indexOf(event);
  return patterns.flatMap(([name], index) => {
    const answer = answers[index];
    return answer?.kind === 'taken' && answer.matches[at] === true ? [name] : [];
  });
};
/** The calls that a pattern lists, in its alternatives too. */
const listedCalls = (pattern: Readonly<Record<string, unknown>>): readonly string[] => {
  const { eventName = [] } = (pattern['detail'] ?? {}) as { readonly eventName?: readonly string[] };
  const alternatives = (pattern['$or'] ?? []) as readonly Readonly<Record<string, unknown>>[];
  return [...eventName, ...alternatives.flatMap(listedCalls)];
};

before(async () => {
  answers = await askEventRuler(patterns.map(([, pattern]) => ({ pattern, events })));
});

test('the template has event patterns, and AWS takes every one', () => {
  assert.ok(patterns.length >= 2);
  for (const [index, [name]] of patterns.entries()) assert.equal(answers[index]?.kind, 'taken', name);
});

test('failed calls, dry runs and events from elsewhere are taken by no rule', () => {
  for (const { title, event, goodCall } of trail) if (goodCall === null) assert.deepEqual(takers(event), [], title);
});

for (const [call, rule] of Object.entries(ruleOfCall))
  test(`a successful ${JSON.stringify(call)} is taken by ${rule === null ? 'no rule' : `${rule} alone`}`, () => {
    const told = trail.filter(({ goodCall }) => goodCall === call);
    assert.equal(told.length, 4);
    for (const { title, event } of told) assert.deepEqual(takers(event), rule === null ? [] : [rule], title);
  });

test('every call that a rule lists is one these tests know', () => {
  for (const [name, pattern] of patterns)
    assert.deepEqual(
      listedCalls(pattern).filter((call) => ruleOfCall[call] !== name),
      [],
      name,
    );
});

test('every state of an instance is taken by the second rule alone', () => {
  for (const { state, event } of states) assert.deepEqual(takers(event), ['MoreChangesRule'], state);
});

test('exactly the executions of this state machine that did not succeed are taken after their end', () => {
  for (const { status, ours, event } of executions)
    assert.deepEqual(
      takers(event),
      ours && ['FAILED', 'TIMED_OUT', 'ABORTED'].includes(status) ? ['EndedRule'] : [],
      `${status} of ${ours ? 'ours' : 'another'}`,
    );
});

test('the embedded matcher agrees with that of AWS on every rule and event', () => {
  for (const [index, [name, pattern]] of patterns.entries()) {
    const answer = answers[index];
    assert.ok(answer?.kind === 'taken');
    for (const [at, event] of events.entries())
      assert.equal(matchesPattern(pattern, event), answer.matches[at], `${name}: ${JSON.stringify(event)}`);
  }
});
