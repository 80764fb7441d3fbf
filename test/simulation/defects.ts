/**
 * Deliberate defects: each is put into a copy of the code, where the histories must notice it.
 *   npm run simulation:defects                     all of them, with the time that each took to be noticed
 *   npm run simulation:defects -- closed fence     those whose titles contain a word
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Defect {
  readonly title: string;
  readonly file: string;
  /** A text that the file contains once. */
  readonly instead: string;
  readonly of: string;
}

export const defects: readonly Defect[] = [
  {
    title: 'opens again what an administrator closed',
    file: 'shared/domain/plan/make-plan.ts',
    of: 'closures: closures.inForce.map(asClosure),',
    instead: 'closures: [],',
  },
  {
    title: 'commits the edits of all administrators',
    file: 'shared/panos/commit-jobs.ts',
    of: "...(options.full ? [] : [element('partial', [memberList('admin', [options.administrator])])]),",
    instead: '',
  },
  {
    title: 'takes a commit for a success before the running configuration shows it',
    file: 'functions/commit.ts',
    of: 'const missing = unproven(running, applied, held.settings.BOTTOM_RULE);',
    instead: 'const missing: readonly string[] = [];',
  },
  {
    title: 'takes "nothing to commit" for a success',
    file: 'functions/commit.ts',
    of: "if (job?.result === 'FAIL' || missing.length > 0) await failed(",
    instead: "if (job?.result === 'FAIL') await failed(",
  },
  {
    title: 'skips the fence',
    file: 'shared/aws/table/turn.ts',
    of: `    turn.owner === claimant.id &&
    turn.redriveCount === claimant.redriveCount &&
    turn.fence === fence &&
    turn.expiresAt > now();`,
    instead: '    fence > 0 && claimant.id !== null;',
  },
  {
    title: 'leaves what a dead run staged',
    file: 'shared/workflow/become-writer.ts',
    of: 'staged.length === 0\n',
    instead: 'staged.length >= 0\n',
  },
  {
    title: 'removes nothing',
    file: 'shared/domain/plan/edits.ts',
    of: '...removals.',
    instead: '...removals.slice(0, 0).',
  },
  {
    title: 'forgets an intent without looking for its rule',
    file: 'functions/apply-rules.ts',
    of: 'await recordIntents(records, plan, chosen, writing);',
    instead: '',
  },
  {
    title: 'confirms every record before anything is written',
    file: 'shared/domain/plan/settle-intent.ts',
    of: "if (intent.kind !== 'change' || !shows(rule)) return { ...record, intent: null };",
    instead: "return intent.kind === 'change' ? changedRecord(record, intent) : { ...record, intent: null };",
  },
  {
    title: 'believes EC2 at once',
    file: 'shared/workflow/visibility.ts',
    of: 'ageOf(change, now) < settings.VISIBILITY_SECONDS * 1000;',
    instead: 'ageOf(change, now) < 0 * settings.VISIBILITY_SECONDS;',
  },
  {
    title: 'plans without looking for rules made again',
    file: 'shared/domain/plan/recognise.ts',
    of: 'new Map(candidateRules.map((rule) => [rule.uuid, rule] as const))',
    instead: 'new Map(candidateRules.slice(1).map((rule) => [rule.uuid, rule] as const))',
  },
];

const root = new URL('../..', import.meta.url).pathname;

/** A copy of the code with the defect in it. @throws Error when the text is not there exactly once */
const bitten = ({ file, of, instead }: Defect): string => {
  const folder = mkdtempSync(join(tmpdir(), 'defect-'));
  for (const name of ['functions', 'shared', 'statemachine', 'test', 'serverless.yml', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const text = readFileSync(join(folder, file), 'utf8');
  if (text.split(of).length !== 2) throw new Error(`${file} does not contain exactly once: ${of}`);
  writeFileSync(
    join(folder, file),
    text.replace(of, () => instead),
  );
  return folder;
};

/** What the histories say of a defect, within three minutes; null when they notice nothing. @throws when they did not end in time */
export const noticed = (defect: Defect, seed: number): string | null => {
  const folder = bitten(defect);
  try {
    const run = spawnSync(
      process.execPath,
      ['test/simulation/run.ts', '--histories', '80', '--seed', String(seed), '--no-shrink'],
      { cwd: folder, encoding: 'utf8', timeout: 180_000, maxBuffer: 64 * 1024 * 1024 },
    );
    if (run.status === null) throw new Error('the histories did not end in time');
    return run.status === 1 && run.stderr.includes('seed') ? run.stderr : null;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const words = process.argv.slice(2);
  let missed = 0;
  for (const defect of defects) {
    if (words.length > 0 && !words.some((word) => defect.title.includes(word))) continue;
    const started = performance.now();
    let verdict = 'noticed';
    let said = '';
    try {
      const shown = noticed(defect, 1);
      if (shown === null) verdict = 'NOT NOTICED';
      else said = `\n    ${shown.split('\n')[2]?.slice(0, 200)}`;
    } catch (error) {
      verdict = 'UNDECIDED';
      said = `\n    ${(error as Error).message}`;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    missed += verdict === 'noticed' ? 0 : 1;
    console.log(`${verdict}  ${seconds} s  ${defect.title}${said}`);
  }
  process.exit(missed === 0 ? 0 : 1);
}
