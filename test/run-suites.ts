/**
 * Runs test suites one after the other, each with Node's own runner, and prints how long each took.
 *   npm test                    the short suites
 *   npm run test:long           all others, except those of test/interop
 *   npm test -- unit panos      the files, of short and long suites, whose path contains one of the words
 *   SEED=7 npm test             with the seed of an earlier run, which it printed
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const words = process.argv.slice(2).filter((word) => word !== '--long');
const isLong = process.argv.includes('--long');

const shortSuites: readonly string[] = ['unit', 'contract', 'conformance', 'simulator', 'workflow', 'property'];

/** `test/unit/aws/x.test.ts` belongs to the suite `unit`. */
const suiteOf = (file: string): string => dirname(file).split('/')[1] ?? '';

const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => !file.startsWith('test/interop/'))
  .filter((file) => (words.length > 0 && !isLong) || shortSuites.includes(suiteOf(file)) !== isLong)
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
const suites = Map.groupBy(files, suiteOf);
if (suites.size === 0) {
  console.error(words.length === 0 ? 'There is no such suite.' : `No test file's path contains ${words.join(' or ')}.`);
  process.exit(2);
}

/** One seed for every law of a run, so that SEED= repeats all of it. A gate must not depend on chance, and brings its own. */
const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${seed} (SEED= repeats a run)`);

interface Outcome {
  readonly suite: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly ok: boolean;
}

const outcomes: Outcome[] = [];
for (const [suite, members] of suites) {
  console.log(`\n${suite}: ${members.length} files`);
  const started = performance.now();
  const run = spawnSync(
    process.execPath,
    [
      '--test',
      '--test-concurrency=2',
      '--import=./test/support/seed.ts',
      '--test-reporter=dot',
      '--test-reporter-destination=stderr',
      '--test-reporter=tap',
      '--test-reporter-destination=stdout',
      ...members,
    ],
    {
      cwd: root,
      env: { ...process.env, SEED: seed },
      encoding: 'utf8',
      maxBuffer: 512 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const count = (word: string): number => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(run.stdout)?.[1] ?? 0);
  // Lines that tests print for the reader: seeds, counts by class of evidence.
  for (const line of run.stdout.split('\n'))
    if (/^# (?!Subtest|tests|suites|pass|fail|cancelled|skipped|todo|duration)/.test(line)) console.log(line.slice(2));
  outcomes.push({
    suite,
    seconds: (performance.now() - started) / 1000,
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    ok: run.status === 0,
  });
}

console.log('\nsuite            seconds   passed   failed');
for (const { suite, seconds, passed, failed } of outcomes) {
  console.log(
    `${suite.padEnd(16)} ${seconds.toFixed(1).padStart(7)} ${String(passed).padStart(8)} ${String(failed).padStart(8)}`,
  );
}
const sum = (pick: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + pick(outcome), 0);
console.log(
  `total            ${sum(({ seconds }) => seconds)
    .toFixed(1)
    .padStart(7)}`,
);
console.log(`${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed`);
process.exit(outcomes.every(({ ok }) => ok) && sum(({ passed }) => passed) > 0 ? 0 : 1);
