import { absent, equals, type Item, type Table } from './table.ts';

/** One failed run, as it is told. */
export interface Failure {
  /** The same for what is one cause: the failures of one cause are told together. */
  readonly cause: string;
  /** The error's name: what the subjects begin with. */
  readonly error: string;
  /** Name of the execution, and which of its ends this is: two of one execution are a redrive that failed again. */
  readonly execution: string;
  readonly end: string;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  readonly message: string;
}

/** What is to be published: one line, and the text. */
export interface Telling {
  readonly subject: string;
  readonly message: string;
}

export interface Failures {
  /**
   * Counts a failure and tells of its cause: at the first, at ten times as many as told last, after a day, and when a redrive
   * failed again, since a person asked for that. True when a message went out; a failure counted before says nothing more.
   */
  tell(failure: Failure): Promise<boolean>;
  /**
   * Tells of each cause that is over: its error is none of those that last, and nothing that failed with it is open any more.
   * Answers with the errors.
   */
  tellOver(isOpen: (execution: string) => Promise<boolean>, lasting?: ReadonlySet<string>): Promise<readonly string[]>;
}

interface CauseItem extends Item {
  readonly version: number;
  readonly error: string;
  readonly count: number;
  readonly firstAt: number;
  /** The failures counted last, the newest at the end. */
  readonly runs: readonly { readonly execution: string; readonly end: string }[];
  /** How many there were when it was told last, and when that was; 0 when it was not told yet. */
  readonly told: number;
  readonly toldAt: number;
  /** The failure whose message is due and has not gone out yet, should the run that tells of it die; null: none. */
  readonly due?: string | null;
}

const partition = 'failure';
const mostRuns = 200;
const mostNames = 20;
const dayMilliseconds = 24 * 3600 * 1000;
/** What nothing ends is forgotten in the end, and told anew should it come again. */
const keepSeconds = 30 * 24 * 3600;

const failuresText = (count: number): string => (count === 1 ? '1 failure' : `${count} failures`);

const tellingOf = ({ error, count, runs }: CauseItem, since: string, message: string): Telling =>
  count === 1
    ? { subject: error, message }
    : {
        subject: `${error}, ${failuresText(count)}`,
        message: [
          message,
          `${failuresText(count)} of this cause since ${since}, the last ones of:`,
          ...[...new Set(runs.map(({ execution }) => execution))].slice(-mostNames).map((name) => `  ${name}`),
        ].join('\n'),
      };

const overOf = ({ error, count }: CauseItem, since: string): Telling => ({
  subject: `${error}, over after ${failuresText(count)}`,
  message: `${error}: ${failuresText(count)} of one cause since ${since}. All that failed with it has been carried out since.`,
});

/** Asked one after the other, the newest first: mostly the first answer decides. */
const isAnyOpen = async (
  executions: readonly string[],
  isOpen: (execution: string) => Promise<boolean>,
): Promise<boolean> => {
  for (const execution of executions) if (await isOpen(execution)) return true;
  return false;
};

export const createFailures = ({
  table,
  now,
  publish,
  timeText,
}: {
  readonly table: Table;
  readonly now: () => number;
  readonly publish: (telling: Telling) => Promise<void>;
  /** A time in milliseconds since the epoch, as people read it. */
  readonly timeText: (milliseconds: number) => string;
}): Failures => {
  const read = async (cause: string): Promise<CauseItem | null> =>
    (await table.get(partition, cause)) as CauseItem | null;

  /** Writes the successor of exactly the item that is there, however often another one is quicker. */
  const change = async (
    cause: string,
    next: (was: CauseItem | null) => CauseItem | null,
  ): Promise<CauseItem | null> => {
    for (;;) {
      const was = await read(cause);
      const item = next(was);
      if (item === null) return was;
      const written: CauseItem = {
        ...item,
        version: (was?.version ?? 0) + 1,
        expiresAt: Math.floor(now() / 1000) + keepSeconds,
      };
      if (await table.put(written, was === null ? absent : equals('version', was.version))) return written;
    }
  };

  return {
    tell: async ({ cause, error, execution, end, endedAt, message }) => {
      const which = `${execution} ${end}`;
      const counted = await change(cause, (was) => {
        const runs = was?.runs ?? [];
        if (runs.some((run) => run.execution === execution && run.end === end)) return null;
        const isRedrive = runs.some((run) => run.execution === execution);
        const begun = {
          pk: partition,
          sk: cause,
          format: 1,
          version: 0,
          firstAt: endedAt,
          told: 0,
          toldAt: 0,
        } as const;
        const all = [...runs, { execution, end }].slice(-mostRuns);
        const { count, told, toldAt } = { ...(was ?? begun), count: (was?.count ?? 0) + 1 };
        const isDue = count >= 10 * told || now() - toldAt >= dayMilliseconds || isRedrive;
        return { ...(was ?? begun), error, count, runs: all, due: isDue ? which : null };
      });
      // Counted before: it says something only where that has not gone out.
      if (counted?.due !== which) return false;
      const { count } = counted;
      await publish(tellingOf(counted, timeText(counted.firstAt), message));
      await change(cause, (was) =>
        was === null ? null : { ...was, told: Math.max(was.told, count), toldAt: now(), due: null },
      );
      return true;
    },
    tellOver: async (isOpen, lasting = new Set()) => {
      const over: string[] = [];
      for (const item of (await table.query(partition)) as readonly CauseItem[]) {
        if (lasting.has(item.error)) continue;
        const executions = [...new Set(item.runs.map(({ execution }) => execution))];
        if (await isAnyOpen(executions.toReversed(), isOpen)) continue;
        if (item.told > 0) await publish(overOf(item, timeText(item.firstAt)));
        // One that was counted meanwhile stays, and is over later.
        await table.delete(partition, item.sk, equals('version', item.version));
        over.push(item.error);
      }
      return over;
    },
  };
};
