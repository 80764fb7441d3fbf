import { setTimeout as delay } from 'node:timers/promises';
import type { Pace, Timer } from './interpreter.ts';

const realTimer = (milliseconds: number): Timer => {
  const abort = new AbortController();
  return {
    expired: new Promise((resolve) => {
      delay(milliseconds, undefined, { signal: abort.signal }).then(
        () => resolve(),
        () => undefined,
      );
    }),
    cancel: () => abort.abort(),
  };
};

/** Time as it passes. */
export const realPace: Pace = {
  now: () => Date.now(),
  sleep: async (milliseconds) => {
    await delay(milliseconds);
  },
  random: () => Math.random(),
  timer: realTimer,
};

/** Time as it passes, except that nobody waits between attempts or in Wait states. Timeouts stand. */
export const hurriedPace: Pace = { ...realPace, sleep: async () => undefined };
