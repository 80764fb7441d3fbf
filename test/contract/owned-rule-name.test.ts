import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url).pathname;

test('a rule is recognised as ours in one place only: nothing else makes the name that edits demand', () => {
  const makers = globSync(['functions/**/*.ts', 'shared/**/*.ts'], { cwd: root }).filter((file) =>
    /\bas (?:unknown as )?OwnedRuleName\b|<OwnedRuleName>/.test(readFileSync(`${root}${file}`, 'utf8')),
  );
  assert.deepEqual(makers, ['shared/domain/plan/recognise.ts']);
});
