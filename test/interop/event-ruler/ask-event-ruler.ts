import { spawn } from 'node:child_process';

export interface Question {
  readonly pattern: unknown;
  readonly events: readonly unknown[];
}

/** What AWS's own matcher says: whether each event matches, or why it would not take the pattern. */
export type Answer =
  | { readonly kind: 'taken'; readonly matches: readonly boolean[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** Asks event-ruler all questions at once. Needs INTEROP_CLASS_PATH, which `npm run test:interop` sets. */
export const askEventRuler = async (questions: readonly Question[]): Promise<readonly Answer[]> => {
  const classPath = process.env['INTEROP_CLASS_PATH'];
  if (classPath === undefined) throw new Error('Run it by npm run test:interop, which installs event-ruler');
  const program = new URL('./EventRuler.java', import.meta.url).pathname;
  const child = spawn('java', ['-XX:TieredStopAtLevel=1', '-cp', classPath, program]);
  const out: Buffer[] = [];
  const told: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => told.push(chunk));
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
  // A program that ended early is told by its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  const status = await ended;
  if (status !== 0) throw new Error(`event-ruler ended with ${status}: ${Buffer.concat(told).toString('utf8')}`);
  const answers = Buffer.concat(out)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Answer => {
      const { matches, refused } = JSON.parse(line) as { matches?: readonly boolean[]; refused?: string };
      return matches === undefined ? { kind: 'refused', reason: refused ?? '' } : { kind: 'taken', matches };
    });
  if (answers.length !== questions.length)
    throw new Error(`event-ruler answered ${answers.length} of ${questions.length} questions`);
  return answers;
};
