import type { StateRecord } from '../local/step-functions/interpreter.ts';
import { projectFile } from '../support/deployment.ts';

/** What a failure came to in one state, as it was played. */
export interface Played {
  /** How often the fault befell a call of the state. */
  readonly struck: number;
  /** What the execution failed with there; null when it went on by itself. */
  readonly error: string | null;
  /** Attempts of the state, as far as it came before the redrive. */
  readonly attempts: number;
  /** Something of ours was staged when the fault struck, and nothing is when all is quiet. */
  readonly withdrawn: boolean;
  /** The policy is what EC2 grants, although the execution failed. */
  readonly done: boolean;
  /** The task states a redrive ran, in their order, and how the first of them ended. */
  readonly redriven: readonly StateRecord[];
}

/** One column of the table about a failure: those whose cells must say the same. */
export interface Column {
  readonly title: string;
  readonly plays: (state: string) => readonly Played[];
  readonly text: (played: Played) => string;
}

/** That the function or the execution ended. */
export const endedText = ({ withdrawn, done }: Played): string =>
  ['fails there', withdrawn ? 'what was staged is withdrawn' : '', done ? 'the work is done' : '']
    .filter(Boolean)
    .join(', ');

/** That a service gives no useful answer for as long as it lasts. */
export const silentText = ({ struck, error, attempts }: Played): string => {
  if (struck === 0) return 'does not ask it';
  return error === null ? 'goes on without it' : `\`${error}\` after ${attempts} attempts`;
};

/** What a redrive runs, where `states` are all task states in their order. */
export const redriveText =
  (states: readonly string[]) =>
  ({ redriven }: Played): string => {
    const [first = '', ...others] = redriven.map(({ name }) => name);
    const same = (these: readonly string[]): boolean => these.join() === others.join();
    if (same(states.slice(states.indexOf(first) + 1))) return `from \`${first}\` to the end`;
    const anew = states.slice(states.indexOf('TakeTurn'));
    if (same(anew)) return 'that state, then from `TakeTurn` to the end';
    const nothingToWrite = anew.filter((name) => name !== 'ApplyRules' && name !== 'Commit');
    if (same(nothingToWrite)) return 'that state, then from `TakeTurn` on, with nothing left to write';
    return [first, ...others].join(', ');
  };

const agreed = ({ plays, text }: Column, state: string): string => [...new Set(plays(state).map(text))].join(' or ');

/** The table as README shows it: states of which all is the same in one row. */
export const tableOf = (states: readonly string[], columns: readonly Column[]): string => {
  const rows: { readonly states: string[]; readonly cells: string }[] = [];
  for (const state of states) {
    const cells = columns.map((column) => agreed(column, state)).join(' | ');
    const last = rows.at(-1);
    if (last?.cells === cells) last.states.push(state);
    else rows.push({ states: [state], cells });
  }
  return [
    `| failed in | ${columns.map(({ title }) => title).join(' | ')} |`,
    `| --- | ${columns.map(() => '---').join(' | ')} |`,
    ...rows.map((row) => `| ${row.states.map((name) => `\`${name}\``).join(', ')} | ${row.cells} |`),
  ].join('\n');
};

/** README's own. */
export const tableOfReadme = (): string =>
  /^\| failed in \|.*\n(?:\|.*\n)+/m.exec(projectFile('README.md'))?.[0].trimEnd() ?? '';
