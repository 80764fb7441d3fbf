import { createTestSystem, type TestSystem, type TestSystemOptions } from './system.ts';

/** A system in which something happens once, at a chosen moment of a run. */
export interface MeddledSystem extends TestSystem {
  /** Just before the next attempt of a state. */
  readonly beforeState: (name: string, act: () => void) => void;
  /** Just before the firewall works on the next request of ours that has `text` in its form. */
  readonly beforeRequest: (text: string, act: (form: URLSearchParams) => void) => void;
  /** Just before the request that follows the next one with `text`. */
  readonly afterRequest: (text: string, act: () => void) => void;
  /** When the next execution has failed, before anything is cleaned up. */
  readonly beforeCleanUp: (act: () => void) => void;
}

interface Moment {
  readonly has: (seen: string) => boolean;
  readonly act: (form: URLSearchParams) => void;
}

/** Does what waits for what is seen, once each; what waits meanwhile waits for the next. */
const passing = (waiting: Moment[], seen: string, form = new URLSearchParams()): void => {
  const due = waiting.filter(({ has }) => has(seen));
  waiting.splice(0, waiting.length, ...waiting.filter((one) => !due.includes(one)));
  for (const { act } of due) act(form);
};

export const createMeddledSystem = async (options: TestSystemOptions = {}): Promise<MeddledSystem> => {
  const states: Moment[] = [];
  const requests: Moment[] = [];
  const failures: Moment[] = [];
  const system = await createTestSystem({
    ...options,
    simulator: {
      ...options.simulator,
      beforeRequest: (_n, { body }) => {
        const form = new URLSearchParams(body);
        passing(requests, [...form.values()].join('\n'), form);
        return undefined;
      },
    },
    around: ({ stateName }, run) => {
      passing(states, stateName);
      return run();
    },
    afterFailure: (event, run) => {
      passing(failures, event['detail-type']);
      return run();
    },
  });
  const containing = (text: string) => (seen: string) => seen.includes(text);
  return {
    ...system,
    beforeState: (name, act) => states.push({ has: (seen) => seen === name, act }),
    beforeRequest: (text, act) => requests.push({ has: containing(text), act }),
    afterRequest: (text, act) =>
      requests.push({ has: containing(text), act: () => requests.push({ has: () => true, act }) }),
    beforeCleanUp: (act) => failures.push({ has: () => true, act }),
  };
};
