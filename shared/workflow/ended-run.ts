import type { ExecutionReads } from '../aws/executions.ts';
import { isNamed, NamedError } from '../domain/errors.ts';

/** What the event of an ended execution says. */
export interface EndedEvent {
  readonly executionArn: string;
  readonly status: string;
  /** Milliseconds since the epoch; null where the event does not say. */
  readonly stopDate: number | null;
}

/** How a run ended. */
export interface EndedRun {
  readonly status: string;
  /** Null when Step Functions does not say. */
  readonly redriveCount: number | null;
  readonly endedAt: number | null;
  readonly error: string | null;
  readonly cause: string | null;
}

interface Asking {
  readonly describe: ExecutionReads['describe'];
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

const askAgainMilliseconds = 5_000;
/** Times of the event and of the description are the same; this much is left to rounding. */
const roundingMilliseconds = 999;

/**
 * How the run of an event ended. The event is the proof that it did; Step Functions, whose descriptions lag behind, adds the
 * error. Where it says something older, it is asked again until `until`. A text says why nothing is left to do: a later redrive
 * of it is another run.
 * @throws AwsBusy when Step Functions says something older all the time
 */
export const howItEnded = async (
  { describe, now, sleep }: Asking,
  { executionArn, status, stopDate }: EndedEvent,
  until: number,
): Promise<EndedRun | string> => {
  const asEvent: EndedRun = { status, redriveCount: null, endedAt: stopDate, error: null, cause: null };
  for (;;) {
    let why: string | null = null;
    try {
      const found = await describe(executionArn);
      if (found === null) return asEvent;
      const { redriveCount, stoppedAt, redrivenAt, error, cause } = found;
      const stop = stopDate ?? stoppedAt;
      const isThatEnd = stoppedAt !== null && stop !== null && Math.abs(stoppedAt - stop) <= roundingMilliseconds;
      if (isThatEnd && (redrivenAt === null || redrivenAt <= stop)) {
        if (found.status === 'SUCCEEDED') return 'The execution is SUCCEEDED.';
        return { status: found.status, redriveCount, endedAt: stop, error, cause };
      }
      if (stop !== null && redrivenAt !== null && redrivenAt >= stop) return 'It was redriven since.';
      if (found.status === 'PENDING_REDRIVE') return 'It is about to be redriven.';
      if (stop !== null && stoppedAt !== null && stoppedAt > stop) return 'It ended again since.';
      why = `Step Functions does not show yet that ${executionArn} has ended: ${found.status}.`;
    } catch (error) {
      // A notice needs nothing of Step Functions: what the event says is told.
      if (!isNamed(error, 'AwsBusy')) return asEvent;
    }
    if (now() >= until) {
      if (why === null) return asEvent;
      throw new NamedError('AwsBusy', why);
    }
    await sleep(askAgainMilliseconds);
  }
};
