import type { Execution } from '../local/step-functions/executions.ts';

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const linesOf = (value: unknown): readonly unknown[] =>
  (fieldsOf(value)['first'] as readonly unknown[] | undefined) ?? [];

/** What a state decided, in a few lines: the part of its output that it added. */
const decisions: Readonly<Record<string, (output: Fields) => string[]>> = {
  RecordChange: ({ change, because }) => {
    const { kind, subjects, who } = fieldsOf(change);
    const about = (subjects as readonly { id?: string; kind: string }[] | undefined)?.map(
      ({ id, kind: word }) => id ?? word,
    );
    return [
      ...(about ? [`${String(kind)} of ${about.join(', ')} by ${String(who)}`] : []),
      ...(because ? [String(because)] : []),
    ];
  },
  TakeTurn: ({ turn, because, firewall }) =>
    turn === undefined
      ? [String(because)]
      : [`fence ${String(fieldsOf(turn)['fence'])}, firewall ${String(fieldsOf(firewall)['hostname'])}`],
  ResolveInterfaces: ({ interfaces }) => {
    const { behind, gone, leftOut } = fieldsOf(interfaces);
    return [
      ...linesOf(behind).map((line) => `behind the firewall: ${String(line)}`),
      ...linesOf(gone).map((line) => `gone: ${String(line)}`),
      ...linesOf(leftOut).map((line) => `left out: ${String(line)}`),
    ];
  },
  DeriveRules: ({ derived }) => {
    const { candidates, leftOut } = fieldsOf(derived);
    return [
      ...linesOf(candidates).map((line) => `candidate: ${String(line)}`),
      ...linesOf(leftOut).map((line) => `left out: ${String(line)}`),
    ];
  },
  TestRules: ({ tested, because }) => {
    const { verdicts, putAside, alreadyOurs, closed, remove, shrink, rewrite, reports, leftOut, notTouched } =
      fieldsOf(tested);
    return [
      ...linesOf(alreadyOurs).map((line) => `already ours: ${String(line)}`),
      ...linesOf(closed).map((line) => `closed by an administrator: ${String(line)}`),
      ...linesOf(verdicts).map((line) => {
        const { candidate, verdict, explanation } = fieldsOf(line);
        return `${String(verdict)}: ${String(candidate)}: ${String(explanation)}`;
      }),
      ...linesOf(putAside).map(String),
      ...linesOf(remove).map((line) => `remove ${String(line)}`),
      ...linesOf(shrink).map((line) => `shrink ${String(line)}`),
      ...linesOf(rewrite).map((line) => `rewrite ${String(line)}`),
      ...linesOf(leftOut).map((line) => `left out: ${String(line)}`),
      ...linesOf(notTouched).map(String),
      ...linesOf(reports).map(String),
      ...(because ? [String(because)] : []),
    ];
  },
  ApplyRules: ({ applied }) => {
    const { added, removed, shrunk, rewritten, moved } = fieldsOf(applied);
    return [
      ...linesOf(removed).map((line) => `removed ${String(line)}`),
      ...linesOf(shrunk).map((line) => `shrunk ${String(line)}`),
      ...linesOf(rewritten).map((line) => `rewritten ${String(line)}`),
      ...linesOf(added).map((line) => `added ${String(line)}`),
      ...linesOf(moved).map((line) => `moved ${String(line)}`),
    ];
  },
  Commit: ({ commit }) => {
    const { job, result } = fieldsOf(commit);
    return [`job ${String(job)}: ${String(result)}`];
  },
  ReleaseTurn: ({ outcome }) => [`${String(fieldsOf(outcome)['changes'])} change handled`],
};

/** The message of a function's error: AWS shows it as JSON text with a trace. */
const messageOf = (cause: string): string => {
  try {
    return (JSON.parse(cause) as { errorMessage?: string }).errorMessage ?? cause;
  } catch {
    return cause;
  }
};

/** Each state of an execution with what it decided, or how it failed. */
export const executionText = (execution: Execution): string => {
  const lines: string[] = [];
  for (const { name, type, output, failure, attempts } of execution.states) {
    if (type !== 'Task') continue;
    const failed = attempts.flatMap((attempt) => attempt.failure ?? []);
    const last = failure ?? (fieldsOf(output)['stale'] === undefined ? undefined : failed.at(-1));
    const said = last ? [`${last.error}: ${messageOf(last.cause)}`] : (decisions[name]?.(fieldsOf(output)) ?? []);
    if (failed.length > 1) said.unshift(`${failed.length} attempts failed, the first with ${failed[0]?.error}`);
    const [first = '', ...rest] = said;
    lines.push(`  ${name.padEnd(18)} ${first}`, ...rest.map((line) => `  ${''.padEnd(18)} ${line}`));
  }
  return `${lines.join('\n')}\n`;
};
