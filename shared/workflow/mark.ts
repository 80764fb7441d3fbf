import { markOf } from '../domain/rules/mark.ts';
import { digestOf } from '../runtime/digest.ts';
import type { Held } from './held-step.ts';

/**
 * The mark of the table, by which rules and service objects are known without it. Its id comes from the execution that first
 * asks for it: no other execution, of any account or Region, has the same.
 */
export const tableMark = async ({ table: { records }, execution }: Held<unknown>): Promise<string> =>
  markOf(await records.identity(() => digestOf(`table ${execution.id}`).slice(0, 16)));
