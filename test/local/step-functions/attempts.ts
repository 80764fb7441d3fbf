import type { Retrier } from './definition.ts';

/** The most bytes of UTF-8 that a state's input, result or output may have (documented). */
export const payloadLimit = 262_144;

/** An error that no retrier and no catcher takes, not even States.ALL (documented for these two names). */
export class TerminalError extends Error {
  override readonly name: 'States.DataLimitExceeded' | 'States.Runtime';
  readonly isRetryable = false;
  readonly isCatchable = false;

  constructor(name: TerminalError['name'], message: string) {
    super(message);
    this.name = name;
  }
}

/** An error of a function, with the cause that AWS makes of it: JSON text of type, message and trace. */
export class FunctionError extends Error {
  override readonly name: string;

  constructor(thrown: unknown) {
    const error = thrown instanceof Error ? thrown : undefined;
    const errorType = error?.name ?? typeof thrown;
    const trace = (error?.stack ?? '').split('\n').map((line) => line.trim());
    super(JSON.stringify({ errorType, errorMessage: error?.message ?? String(thrown), trace }), { cause: thrown });
    this.name = errorType;
  }
}

/**
 * A value as JSON text. @throws TerminalError when it is not JSON or longer than a state may hold.
 */
export const jsonOf = (value: unknown, what: string): string => {
  const text = JSON.stringify(value ?? null) as string | undefined;
  if (text === undefined) throw new TerminalError('States.Runtime', `${what} is not JSON`);
  if (Buffer.byteLength(text, 'utf8') > payloadLimit) {
    throw new TerminalError(
      'States.DataLimitExceeded',
      `${what} has a size exceeding the maximum number of bytes service limit.`,
    );
  }
  return text;
};

const covers = (retrier: Retrier, error: Error): boolean =>
  retrier.ErrorEquals.some(
    (name) =>
      name === error.name || name === 'States.ALL' || (name === 'States.TaskFailed' && error.name !== 'States.Timeout'),
  );

/**
 * The pause before the next attempt, in milliseconds: documented as interval × rate ^ (retries before), at most
 * MaxDelaySeconds, with full jitter anywhere between nothing and that. undefined when there is no next attempt.
 * `counts` holds the retries of each retrier and is counted up.
 */
export const pauseBeforeRetry = (
  retriers: readonly Retrier[],
  counts: number[],
  error: Error,
  random: () => number,
): number | undefined => {
  const index = retriers.findIndex((retrier) => covers(retrier, error));
  const retrier = retriers[index];
  if (retrier === undefined || error instanceof TerminalError) return undefined;
  const made = counts[index] ?? 0;
  if (made >= (retrier.MaxAttempts ?? 3)) return undefined;
  counts[index] = made + 1;
  const whole = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** made;
  const seconds = Math.min(whole, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
  return seconds * 1000 * (retrier.JitterStrategy === 'FULL' ? random() : 1);
};
