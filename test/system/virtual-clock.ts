import type { Pace } from '../local/step-functions/interpreter.ts';
import type { Clock } from './parts.ts';

/** Time in the hands of a test: it stands still while anything works, and jumps to the next sleeper when nothing does. */
export interface VirtualClock extends Clock {
  readonly pace: Pace;
  /** Runs something that counts as work: time does not jump meanwhile, except while it sleeps by `sleep` of this clock. */
  readonly working: <Value>(work: () => Promise<Value>) => Promise<Value>;
  /** Lets time pass without anybody sleeping. */
  readonly advance: (milliseconds: number) => void;
}

/** Turns of the event loop without work after which nothing is under way: the embedded parts answer within a few. */
const quietTurns = 6;

export const createVirtualClock = (
  options: { readonly start?: number; readonly random?: () => number } = {},
): VirtualClock => {
  let time = options.start ?? Date.UTC(2026, 10, 2, 8, 0, 0);
  let busy = 0;
  let ids = 0;
  let pumping = false;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  const pump = async (): Promise<void> => {
    if (pumping) return;
    pumping = true;
    while (sleepers.length > 0) {
      for (let quiet = 0; quiet < quietTurns; quiet = busy > 0 ? 0 : quiet + 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      sleepers.sort((a, b) => a.at - b.at);
      const next = sleepers.shift();
      if (next === undefined) continue;
      time = Math.max(time, next.at);
      next.wake();
    }
    pumping = false;
  };

  const until = (at: number): { readonly reached: Promise<void>; readonly cancel: () => void } => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const sleeper = { at, wake: resolve };
    sleepers.push(sleeper);
    void pump();
    return {
      reached: promise,
      cancel: () => {
        const index = sleepers.indexOf(sleeper);
        if (index >= 0) sleepers.splice(index, 1);
      },
    };
  };

  const now = () => time;
  return {
    now,
    sleep: async (milliseconds) => {
      busy -= 1;
      try {
        await until(time + milliseconds).reached;
      } finally {
        busy += 1;
      }
    },
    newId: () => {
      ids += 1;
      return `${ids.toString(16).padStart(8, '0')}-0000-4000-8000-${ids.toString(16).padStart(12, '0')}`;
    },
    advance: (milliseconds) => {
      time += milliseconds;
    },
    working: async (work) => {
      busy += 1;
      try {
        return await work();
      } finally {
        busy -= 1;
      }
    },
    pace: {
      now,
      sleep: (milliseconds) => until(time + milliseconds).reached,
      random: options.random ?? (() => 0.5),
      timer: (milliseconds) => {
        const { reached, cancel } = until(time + milliseconds);
        return { expired: reached, cancel };
      },
    },
  };
};
