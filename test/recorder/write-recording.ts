import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Execution } from '../local/step-functions/executions.ts';
import { stepResults } from './decode.ts';
import { createNormaliser, masked, type Normaliser } from './normalise.ts';
import type { Lane, RecordedSystem, Seen } from './recorder.ts';

/** One line of a recording: where in the test, and what. */
export interface Line {
  readonly system: number;
  /** Of the system, from 1 in the order of their start; below 0 for functions that ran in none of its executions. */
  readonly execution: number;
  readonly state: string;
  /** Which time the execution is in this state, from 1. */
  readonly visit: number;
  readonly attempt: number;
  readonly kind:
    | 'execution'
    | 'firewall'
    | 'table'
    | 'step result'
    | 'notice'
    | 'output'
    | 'failure'
    | 'attempt failed'
    | 'end';
  readonly name: string;
  readonly value: unknown;
}

type Place = Pick<Line, 'system' | 'execution' | 'state' | 'visit' | 'attempt'>;

/** What was under way side by side in an order of its own: which of them comes first means nothing. */
const inOrder = (seen: readonly Seen[]): readonly Seen[] => {
  const groups: { members: Seen[]; until: number }[] = [];
  for (const one of seen.toSorted((a, b) => a.began - b.began)) {
    const last = groups.at(-1);
    const ended = one.ended ?? one.began;
    if (last !== undefined && one.began < last.until) {
      last.members.push(one);
      last.until = Math.max(last.until, ended);
    } else groups.push({ members: [one], until: ended });
  }
  const key = ({ kind, name, value, answer }: Seen): string => masked([kind, name, value, answer]);
  return groups.flatMap(({ members }) =>
    members
      .map((one) => ({ one, key: members.length > 1 ? key(one) : '' }))
      .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ one }) => one),
  );
};

const linesOf = (lane: Lane, place: Place): readonly Line[] => {
  const whole = stepResults();
  return inOrder(lane.seen).flatMap(({ kind, name, value, answer }): readonly Line[] => {
    if (kind !== 'table' || name !== 'put working') return [{ ...place, kind, name, value: { ...value, answer } }];
    const result = whole(value);
    if (result === null) return [];
    const { step, fence, content } = result;
    return [{ ...place, kind: 'step result', name: step, value: { fence, content, answer } }];
  });
};

/** The cause of a failed function without its trace: files move. */
const failureOf = ({ error, cause }: { readonly error?: string; readonly cause?: string }): unknown => {
  try {
    const { errorMessage } = JSON.parse(cause ?? '') as { readonly errorMessage?: string };
    return { error, message: errorMessage ?? cause };
  } catch {
    return { error, message: cause };
  }
};

/** Of a state's output what its input did not say already: each difference is told where it arises. */
const news = (input: unknown, output: unknown): unknown => {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return output;
  const before = new Map(Object.entries(input ?? {}));
  const fields = Object.entries(output);
  const gone = [...before.keys()].filter((name) => !(name in output));
  return {
    ...Object.fromEntries(fields.filter(([name, value]) => !isDeepStrictEqual(before.get(name), value))),
    ...(gone.length === 0 ? {} : { '(gone)': gone }),
  };
};

/** Functions that a test had run on their own, or from the middle of the workflow. */
const loneLines = (system: number, nth: number, lanes: readonly Lane[]): readonly Line[] => {
  const visits = new Map<string, number>();
  return lanes.flatMap((lane) => {
    const visit = (visits.get(lane.state) ?? 0) + 1;
    visits.set(lane.state, visit);
    const place = { system, execution: nth, state: lane.state, visit, attempt: lane.attempt };
    return [
      ...linesOf(lane, place),
      { ...place, kind: 'output', name: lane.state, value: lane.result ?? null } as const,
    ];
  });
};

const executionLines = (system: number, nth: number, execution: Execution, lanes: readonly Lane[]): readonly Line[] => {
  const at = { system, execution: nth };
  const none = { ...at, state: '', visit: 0, attempt: 0 };
  const lines: Line[] = [
    {
      ...none,
      kind: 'execution',
      name: 'start',
      value: { input: JSON.parse(execution.input) as unknown, at: execution.startDate },
    },
  ];
  const left = lanes.filter(({ state }) => state !== 'ExecutionEnded');
  const visits = new Map<string, number>();
  for (const { name, type, attempts, input, output, failure, next = null, exitedAt } of execution.states) {
    const visit = (visits.get(name) ?? 0) + 1;
    visits.set(name, visit);
    const place = (attempt: number): Place => ({ ...at, state: name, visit, attempt });
    for (let nthAttempt = 1; left[0]?.state === name && (nthAttempt === 1 || left[0].attempt > 1); nthAttempt += 1) {
      const lane = left.shift();
      if (lane !== undefined) lines.push(...linesOf(lane, place(lane.attempt)));
      const attempt = attempts[nthAttempt - 1];
      // The last one is told by the state's own failure.
      const isLast = failure !== undefined && nthAttempt === attempts.length;
      if (attempt?.failure === undefined || isLast) continue;
      const { delayMilliseconds = null } = attempt;
      const value = { ...(failureOf(attempt.failure) as object), delayMilliseconds };
      lines.push({ ...place(nthAttempt), kind: 'attempt failed', name: attempt.failure.error, value });
    }
    lines.push(
      failure === undefined
        ? {
            ...place(0),
            kind: 'output',
            name,
            value: {
              ...(type === 'Task' ? { output: news(name === 'RecordChange' ? {} : input, output) } : {}),
              next,
              at: exitedAt,
            },
          }
        : { ...place(0), kind: 'failure', name, value: { ...(failureOf(failure) as object), at: exitedAt } },
    );
  }
  for (const lane of left) lines.push(...linesOf(lane, { ...at, state: lane.state, visit: 0, attempt: lane.attempt }));
  const { status, redriveCount } = execution;
  lines.push({ ...none, kind: 'end', name: 'end', value: { status, redriveCount } });
  let visit = 0;
  for (const lane of lanes.filter(({ state }) => state === 'ExecutionEnded')) {
    visit += 1;
    const place = { ...at, state: lane.state, visit, attempt: lane.attempt };
    lines.push(...linesOf(lane, place), { ...place, kind: 'output', name: lane.state, value: lane.result ?? null });
  }
  return lines;
};

const systemLines = (system: RecordedSystem, nth: number, normaliser: Normaliser): readonly string[] => {
  const executions = (system.executions?.all() ?? []).toSorted((a, b) => a.startDate - b.startDate);
  const known = new Set(executions.map(({ arn }) => arn));
  const lone = Map.groupBy(
    system.lanes.filter(({ execution }) => !known.has(execution)),
    ({ execution }) => execution,
  );
  return [
    ...[...lone.values()].map((lanes, index) => loneLines(nth, -1 - index, lanes)),
    ...executions.map((execution, index) =>
      executionLines(
        nth,
        index + 1,
        execution,
        system.lanes.filter((lane) => lane.execution === execution.arn),
      ),
    ),
  ]
    .flat()
    .map((line) => JSON.stringify({ ...line, value: normaliser.value(line.value, system) }));
};

/** A test's name as a file's, short and its own. */
const fileNameOf = (test: string): string => {
  const slug = test
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  if (slug.length <= 100) return `${slug}.jsonl`;
  return `${slug.slice(0, 90)}-${createHash('sha256').update(test).digest('hex').slice(0, 8)}.jsonl`;
};

/** One file per test, one line per thing that happened. */
export const writeRecording = (directory: string, systems: readonly RecordedSystem[]): void => {
  for (const [test, members] of Map.groupBy(systems, (system) => system.test)) {
    const normaliser = createNormaliser();
    const lines = members.flatMap((system, index) => systemLines(system, index + 1, normaliser));
    if (lines.length === 0) continue;
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, fileNameOf(test)), `${JSON.stringify({ test })}\n${lines.join('\n')}\n`);
  }
};
