import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Line } from './write-recording.ts';

/** A test as recorded: its name and what happened in it. */
export interface RecordedTest {
  readonly test: string;
  readonly lines: readonly Line[];
}

/** Tests by the file they were recorded in. */
export type Recording = ReadonlyMap<string, RecordedTest>;

export const recordedTest = (text: string): RecordedTest => {
  const [head = '{}', ...lines] = text.trimEnd().split('\n');
  const { test } = JSON.parse(head) as { readonly test: string };
  return { test, lines: lines.map((line) => JSON.parse(line) as Line) };
};

/** @throws Error when nothing is recorded there */
export const readRecording = (directory: string): Recording => {
  const files = globSync('**/*.jsonl', { cwd: directory }).sort();
  if (files.length === 0) throw new Error(`${directory} holds no recording.`);
  return new Map(files.map((file) => [file, recordedTest(readFileSync(join(directory, file), 'utf8'))] as const));
};
