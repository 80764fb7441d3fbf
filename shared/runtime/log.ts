import type { World } from './world.ts';
import { isoFromMilliseconds } from './world.ts';

/** Structured logs: one JSON object a line, a static message with fields. Never given a secret. */
export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes lines that carry `common` in each. `write` is standard output in Lambda. */
export const createLog =
  (world: Pick<World, 'now'>, write: (line: string) => void, common: Readonly<Record<string, unknown>>): Log =>
  (message, fields = {}) =>
    write(JSON.stringify({ time: isoFromMilliseconds(world.now()), message, ...common, ...fields }));
