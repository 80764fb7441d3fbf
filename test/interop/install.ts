import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { runToEnd } from './run-to-end.ts';

const here = new URL('./', import.meta.url).pathname;
const root = new URL('../../', import.meta.url).pathname;

/** Where what others wrote stands, once installed. */
export interface Installed {
  /** A Python interpreter that has everything of requirements.txt. */
  readonly python: string;
  /** A folder for PYTHONPATH with the newest pan-python. */
  readonly newestPanPython: string;
  /** A Java class path with event-ruler. */
  readonly classPath: string;
  /** The compiled tests of the vendor's Go client. */
  readonly pango: string;
}

/** The names of both files' contents and of the tools: what is installed for others is thrown away. */
const fingerprintOf = (files: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\n`)
      .update(readFileSync(`${here}${file}`))
      .update('\n');
  return hash.digest('hex');
};

/** A folder made by `fill`, kept until one of `files` changes. The mark is written last: a half-filled folder is made anew. */
const kept = async (
  folder: string,
  files: readonly string[],
  fill: (folder: string) => Promise<void>,
): Promise<string> => {
  const mark = `${folder}/.installed-from`;
  const fingerprint = fingerprintOf(files);
  try {
    if (readFileSync(mark, 'utf8') === fingerprint) return folder;
  } catch {
    // Not there yet.
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await fill(folder);
  writeFileSync(mark, fingerprint);
  return folder;
};

const must = async (
  command: string,
  parameters: readonly string[],
  surroundings: { readonly directory?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<void> => {
  const { status, output } = await runToEnd(command, parameters, { seconds: 600, ...surroundings });
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed (${status}):\n${output}`);
};

const pip = (python: string, ...parameters: readonly string[]): Promise<void> =>
  must(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', ...parameters]);

/**
 * Installs what the requirements, the pom and go.mod name below `.build/interop`, or takes what is there when they have not
 * changed. @throws Error with the output of pip, Maven or Go, also when a registry cannot be reached.
 */
export const install = async (): Promise<Installed> => {
  const folder = `${root}.build/interop`;
  const [python, jars, pango] = await Promise.all([
    kept(`${folder}/python`, ['requirements.txt', 'requirements-newest.txt'], async (venv) => {
      await must('python3', ['-m', 'venv', venv]);
      await pip(`${venv}/bin/python`, '-r', `${here}requirements.txt`);
      await pip(
        `${venv}/bin/python`,
        '--no-deps',
        '--target',
        `${venv}/newest`,
        '-r',
        `${here}requirements-newest.txt`,
      );
    }),
    kept(`${folder}/jars`, ['pom.xml'], (target) =>
      must('mvn', [
        '--quiet',
        '--batch-mode',
        '--file',
        `${here}pom.xml`,
        'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
        `-DoutputDirectory=${target}`,
        '-DincludeScope=runtime',
      ]),
    ),
    kept(`${folder}/pango`, ['pango/go.mod', 'pango/go.sum', 'pango/pango_test.go'], (target) =>
      // The one pinned version, checked against go.sum; the machine's own Go, never another one fetched for it.
      must('go', ['test', '-c', '-mod=readonly', '-o', `${target}/pango.test`, '.'], {
        directory: `${here}pango`,
        environment: { GOTOOLCHAIN: 'local', GOFLAGS: '' },
      }),
    ),
  ]);
  return {
    python: `${python}/bin/python`,
    newestPanPython: `${python}/newest`,
    classPath: `${jars}/*`,
    pango: `${pango}/pango.test`,
  };
};
