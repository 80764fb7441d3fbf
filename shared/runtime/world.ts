import { setTimeout as delay } from 'node:timers/promises';

/** Everything that differs from run to run: the only source of time and environment. */
export interface World {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const realWorld: World = {
  now: () => Date.now(),
  sleep: async (milliseconds) => {
    await delay(milliseconds);
  },
  environment: process.env,
};

/** `2026-11-05T10:11:12.000Z` from milliseconds since the epoch. */
export const isoFromMilliseconds = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Milliseconds since the epoch from ISO 8601; NaN when it is not a time. */
export const millisecondsFromIso = (iso: string): number => Date.parse(iso);
