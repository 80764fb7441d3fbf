import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lowestOfOthers, placing } from '../../../shared/domain/plan/placing.ts';
import { withRemovals } from '../../../shared/domain/plan/removals.ts';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { ownedRecord, recognised, standing } from '../../unit/domain/owned.ts';
import { policy, rule } from '../../unit/domain/verdict-policies.ts';
import { runs } from '../verdict/runs.ts';

const records = ['a', 'b', 'c'].map((id) => ownedRecord({ id }));
const ours = new Set(records.map(({ id }) => id));
const bottomRule = 'interzone-default';
const end = rule(bottomRule, { uuid: null, rulebase: 'default', action: 'deny' });

type Act =
  | { readonly kind: 'add'; readonly at: number | 'end' }
  | { readonly kind: 'delete'; readonly at: number }
  | { readonly kind: 'move up'; readonly which: number; readonly above: number };

/** What an administrator does between two runs. */
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add'), at: fc.oneof(fc.nat(), fc.constant('end')) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete'), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move up'), which: fc.nat(), above: fc.nat() }) },
) as fc.Arbitrary<Act>;

const run = (rules: readonly SecurityRule[], lowest: readonly string[]): readonly SecurityRule[] => {
  const candidate = policy([...rules, end]);
  const { owned: staying } = recognised({ records, rules });
  const zones = { from: 'untrust', to: 'trust' };
  const { moves } = placing({ candidate, running: candidate, records, staying, lowest, bottomRule, zones });
  const after = withRemovals(candidate, { removals: [], shrinks: [], moves }, bottomRule).rules;
  return after.filter(({ rulebase }) => rulebase === 'local');
};

test('ours pass whatever administrators add, save those that were moved up, which no run moves', (t) => {
  const counts = { passed: 0, stayed: 0 };
  runs(t, 2_000, fc.array(fc.array(act, { maxLength: 4 }), { minLength: 1, maxLength: 6 }), (history) => {
    let rules: readonly SecurityRule[] = [rule('x1'), rule('x2'), ...records.map((record) => standing(record))];
    /** Of each of ours that was moved up, what it stands above by an administrator's will. */
    const above = new Map<string, Set<string>>();
    let number = 2;
    for (const acts of history) {
      const known = rules.filter(({ name }) => !ours.has(name)).map(({ name }) => name);
      const lowest = lowestOfOthers({ candidate: policy(rules), running: policy(rules) }, records);
      for (const one of acts) {
        const others = rules.filter(({ name }) => !ours.has(name));
        if (one.kind === 'add') {
          number += 1;
          const at = one.at === 'end' ? rules.length : one.at % (rules.length + 1);
          rules = [...rules.slice(0, at), rule(`x${number}`), ...rules.slice(at)];
        } else if (one.kind === 'delete') {
          const gone = others[one.at % Math.max(1, others.length)];
          rules = rules.filter((each) => each !== gone);
        } else {
          const targets = rules.filter(({ name }) => known.includes(name));
          const target = targets[one.above % Math.max(1, targets.length)];
          const mine = rules.filter(({ name }) => ours.has(name))[one.which % records.length];
          if (target === undefined || mine === undefined || rules.indexOf(mine) < rules.indexOf(target)) continue;
          const left = rules.filter((each) => each !== mine);
          const at = left.indexOf(target);
          rules = [...left.slice(0, at), mine, ...left.slice(at)];
          const under = left.slice(at).filter(({ name }) => known.includes(name));
          above.set(mine.name, new Set(under.map(({ name }) => name)));
        }
        for (const [name, under] of above) {
          for (const each of under) if (!rules.some((other) => other.name === each)) under.delete(each);
          if (under.size === 0) above.delete(name);
        }
      }
      const before = rules;
      rules = run(rules, lowest);
      assert.deepEqual(new Set(rules), new Set(before));
      for (const mine of rules.filter(({ name }) => ours.has(name))) {
        const below = (all: readonly SecurityRule[]) =>
          all.slice(all.indexOf(mine)).filter(({ name }) => !ours.has(name));
        if (above.has(mine.name)) {
          assert.deepEqual(below(rules), below(before), `"${mine.name}" was moved up, and is moved`);
          above.set(mine.name, new Set(below(rules).map(({ name }) => name)));
          counts.stayed += 1;
        } else {
          assert.deepEqual(below(rules), [], `"${mine.name}" stands above what was added later`);
          if (below(before).length > 0) counts.passed += 1;
        }
      }
    }
  });
  t.diagnostic(JSON.stringify(counts));
  assert(counts.passed > 0 && counts.stayed > 0);
});
