import { errorCatalogue } from '../domain/errors.ts';
import type { CleanedUp } from './clean-up.ts';
import type { EndedRun } from './ended-run.ts';

const listed = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [`${title}: nothing.`] : [`${title}:`, ...lines.slice(0, 20).map((line) => `  ${line}`)];

/** The cause of a function's error is JSON text with its message inside (documented). */
export const causeText = (cause: string | null): string => {
  try {
    const { errorMessage } = JSON.parse(cause ?? '{}') as { errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : (cause ?? 'none given');
  } catch {
    return cause ?? 'none given';
  }
};

const longestCause = 200;

/**
 * The same text for failures of one cause: the error and its words without what differs from run to run, which is ids, numbers and
 * how many of them stand in a list.
 */
export const causeOf = (error: string, cause: string | null): string => {
  const words = causeText(cause)
    .replaceAll(/\b(?:i|sg|sgr|eni|pl|vpce|subnet|vpc|rtb)-[0-9a-z-]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '#')
    .replaceAll(/#(?:[\s,;.:/"'-]*#)+/g, '#');
  return `${error} ${words.slice(0, longestCause)}`;
};

/** What to tell of a failed run. */
export const failureText = (
  name: string,
  { status, error, cause }: EndedRun,
  state: string | null,
  { cleaned, unfinished }: CleanedUp,
): string => {
  const isKnown = error !== null && error in errorCatalogue;
  const advice = isKnown ? errorCatalogue[error as keyof typeof errorCatalogue].whatToDo : 'Read the cause; redrive.';
  const notKnown =
    'What is not opened and still open is not known: it ended before the policy was read. Its changes stay pending.';
  return [
    `Execution ${name} ended ${status}${state === null ? '' : ` in ${state}`}.`,
    `Error: ${error ?? 'none given'}`,
    `Cause: ${causeText(cause)}`,
    `What to do: ${advice}`,
    cleaned,
    ...(unfinished === null
      ? [notKnown]
      : [...listed('Not opened', unfinished.notOpened), ...listed('Still open', unfinished.stillOpen)]),
  ].join('\n');
};
