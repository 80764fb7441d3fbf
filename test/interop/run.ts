/**
 * Clients and emulators that others wrote, run against ours: installs them, runs every suite, prints how long each took.
 *   npm run test:interop              every suite
 *   npm run test:interop -- moto      the suites whose name contains one of the words
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { serveFirewalls } from './firewalls.ts';
import { install } from './install.ts';
import { type Ended, runToEnd } from './run-to-end.ts';

const root = new URL('../../', import.meta.url).pathname;
const mostSeconds = 300;

interface Outcome {
  readonly name: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

interface Suite {
  readonly name: string;
  readonly run: () => Promise<Pick<Outcome, 'passed' | 'failed' | 'output'>>;
}

/** What counts: a suite that ended badly or ran nothing has failed, whatever it says. */
const counted = (
  { status, output }: Ended,
  passed: number,
  failed: number,
): Pick<Outcome, 'passed' | 'failed' | 'output'> => ({
  passed,
  failed: failed > 0 ? failed : status === 0 && passed > 0 ? 0 : 1,
  output,
});

/** A report's text; nothing when the suite ended before it could write one, which `counted` makes a failure. */
const contentOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

const began = performance.now();
console.log('Installing pan-os-python, pan-python, pango, moto and event-ruler, or taking what is there …');
const installed = await install().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  console.log('0 passed, 1 failed');
  return process.exit(1);
});
console.log(`  ${((performance.now() - began) / 1000).toFixed(1)} s`);
const scratch = mkdtempSync(`${tmpdir()}/interop-`);
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
// An end by a signal ends what was started too: see runToEnd.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const firewalls = await serveFirewalls();

/** Python tests by pytest. A skipped test counts as failed: nothing here may be left out. */
const pytest = (name: string, files: readonly string[], pythonPath: string): Suite => ({
  name,
  run: async () => {
    const report = `${scratch}/${name}.xml`;
    const ended = await runToEnd(
      installed.python,
      ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--tb=short', `--junitxml=${report}`, ...files],
      {
        seconds: mostSeconds,
        directory: `${root}test/interop/clients`,
        environment: {
          PYTHONPATH: pythonPath,
          PYTHONDONTWRITEBYTECODE: '1',
          FIREWALLS: firewalls.url,
          // pan-python reads a file of credentials from the home directory.
          HOME: scratch,
        },
      },
    );
    const xml = contentOf(report);
    const number = (attribute: string): number =>
      Number(new RegExp(`<testsuite [^>]*\\b${attribute}="(\\d+)"`).exec(xml)?.[1] ?? 0);
    const failed = number('failures') + number('errors') + number('skipped');
    return counted(ended, number('tests') - failed, failed);
  },
});

/** Compiled Go tests. A skipped test counts as failed, as above. */
const goTest = (name: string, binary: string): Suite => ({
  name,
  run: async () => {
    const ended = await runToEnd(binary, ['-test.v', '-test.timeout', `${mostSeconds}s`], {
      seconds: mostSeconds,
      directory: scratch,
      environment: { FIREWALLS: firewalls.url, HOME: scratch },
    });
    const count = (word: string): number => [...ended.output.matchAll(new RegExp(`^--- ${word}: `, 'gm'))].length;
    return counted(ended, count('PASS'), count('FAIL') + count('SKIP'));
  },
});

/** TypeScript tests by Node's own runner. */
const nodeTest = (name: string, pattern: string): Suite => ({
  name,
  run: async () => {
    const report = `${scratch}/${name}.tap`;
    const ended = await runToEnd(
      process.execPath,
      [
        '--test',
        '--test-reporter=spec',
        '--test-reporter-destination=stdout',
        '--test-reporter=tap',
        `--test-reporter-destination=${report}`,
        ...globSync(pattern, { cwd: root }).sort(),
      ],
      {
        seconds: mostSeconds,
        directory: root,
        environment: { INTEROP_PYTHON: installed.python, INTEROP_CLASS_PATH: installed.classPath, HOME: scratch },
      },
    );
    const tap = contentOf(report);
    const count = (word: string): number => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
    return counted(ended, count('pass'), count('fail') + count('cancelled') + count('skipped') + count('todo'));
  },
});

const words = process.argv.slice(2);
const suites = [
  pytest('pan-os-python', ['pan_os_python'], ''),
  pytest('pan-python', ['pan_python'], installed.newestPanPython),
  goTest('pango', installed.pango),
  nodeTest('moto', 'test/interop/moto/*.test.ts'),
  nodeTest('event-ruler', 'test/interop/event-ruler/*.test.ts'),
].filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));

const outcomes: Outcome[] = [];
const runNext = async (waiting: Suite[]): Promise<void> => {
  for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
    const started = performance.now();
    const outcome = { name: suite.name, ...(await suite.run()), seconds: (performance.now() - started) / 1000 };
    outcomes.push(outcome);
    // Lines that tests print for the reader, and everything when something failed.
    if (outcome.failed > 0) console.log(`\n${outcome.name}\n${outcome.output}`);
    else
      for (const line of outcome.output.split('\n'))
        if (/^ℹ seed /.test(line)) console.log(`${suite.name}: ${line.slice(2)}`);
  }
};

try {
  const waiting = [...suites];
  await Promise.all([runNext(waiting), runNext(waiting)]);
} finally {
  await firewalls.close();
}
if (outcomes.length === 0) {
  console.error(`No suite's name contains ${words.join(' or ')}.`);
  process.exit(2);
}

console.log('\nsuite            seconds   passed   failed');
for (const { name, seconds, passed, failed } of outcomes)
  console.log(
    `${name.padEnd(16)} ${seconds.toFixed(1).padStart(7)} ${String(passed).padStart(8)} ${String(failed).padStart(8)}`,
  );
const sum = (pick: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + pick(outcome), 0);
console.log(`total            ${((performance.now() - began) / 1000).toFixed(1).padStart(7)}`);
console.log(`${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed`);
process.exitCode = sum(({ failed }) => failed) === 0 ? 0 : 1;
