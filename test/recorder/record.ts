/**
 * Records what the whole system does outside, of everything that is played without a blow: the workflow suite, the batches,
 * the undisturbed runs of the crash suite, and the demonstration.
 *   node test/recorder/record.ts OUT
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const [given] = process.argv.slice(2);
if (given === undefined) {
  console.error('node test/recorder/record.ts OUT');
  process.exit(2);
}
const out = resolve(given);
if (existsSync(out) && readdirSync(out).length > 0) {
  console.error(`${out} is not empty.`);
  process.exit(2);
}

/** The same for every recording: laws draw the same cases. */
const seed = '1';

const play = (name: string, parameters: readonly string[]): boolean => {
  const started = performance.now();
  const run = spawnSync(process.execPath, parameters, {
    cwd: root,
    env: { ...process.env, SEED: seed, RECORD: join(out, name) },
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name}: ${run.status === 0 ? 'recorded' : 'FAILED'} in ${seconds} s`);
  if (run.status !== 0) console.error(`${run.stdout}\n${run.stderr}`);
  return run.status === 0;
};

const test = (file: string): boolean =>
  play(basename(file, '.test.ts'), [
    '--test',
    '--test-reporter=dot',
    '--import=./test/support/seed.ts',
    '--import=./test/recorder/each-test.ts',
    file,
  ]);

/** How old executions get to their end is each release's own affair. */
const left = 'test/workflow/upgrade.test.ts';
const files = [...globSync('test/workflow/*.test.ts', { cwd: root }), 'test/crash/batches.test.ts']
  .filter((file) => file !== left)
  .sort();
const played = [
  ...files.map(test),
  play('undisturbed', ['test/recorder/undisturbed.ts']),
  play('demonstration', ['test/system/demo.ts', '--json']),
];

const recorded = globSync('**/*.jsonl', { cwd: out });
const lines = recorded.map((file) => readFileSync(join(out, file), 'utf8').split('\n').length - 2);
console.log(`${recorded.length} tests, ${lines.reduce((total, count) => total + count, 0)} lines in ${out}`);
process.exit(played.every(Boolean) && recorded.length > 0 ? 0 : 1);
