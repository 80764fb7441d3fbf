import { gunzipSync, gzipSync } from 'node:zlib';
import { NamedError } from '../../domain/errors.ts';
import type { Item, Table } from './table.ts';

/** An item holds 400 KB: the rest of it is keys and a little slack. */
const chunkBytes = 380_000;
/** A redrive re-plans, so a working is of use only while its execution goes on; kept longer for the reader. */
const keepSeconds = 14 * 24 * 3600;

/**
 * What one step hands to the next when it is too big for a state's output: compressed, kept in the table under the
 * execution and the fence of its plan, so that no step ever reads another plan's working.
 */
export interface Workings {
  write(execution: string, fence: number, step: string, content: unknown): Promise<void>;
  /** @throws StateNotUnderstood when there is none, or it is incomplete */
  read(execution: string, fence: number, step: string): Promise<unknown>;
}

interface Chunk extends Item {
  readonly of: number;
  readonly bytes: Uint8Array;
}

const partition = (execution: string): string => `working#${execution}`;
const prefixOf = (fence: number, step: string): string => `${fence}#${step}#`;

/** An attempt that died while it wrote leaves parts of two workings, which the checksum tells apart from a whole one. */
const unpacked = (bytes: Uint8Array, of: string): string => {
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch (cause) {
    throw new NamedError('StateNotUnderstood', `The working of ${of} is not whole: its parts do not fit together.`, {
      cause,
    });
  }
};

export const createWorkings = (table: Table, now: () => number): Workings => ({
  write: async (execution, fence, step, content) => {
    const bytes = gzipSync(JSON.stringify(content));
    const count = Math.max(1, Math.ceil(bytes.length / chunkBytes));
    for (let index = 0; index < count; index += 1) {
      const chunk: Chunk = {
        pk: partition(execution),
        sk: `${prefixOf(fence, step)}${String(index).padStart(4, '0')}`,
        format: 1,
        of: count,
        bytes: bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
        expiresAt: Math.floor(now() / 1000) + keepSeconds,
      };
      await table.put(chunk, null);
    }
  },
  read: async (execution, fence, step) => {
    const chunks = (await table.query(partition(execution), { prefix: prefixOf(fence, step) })) as readonly Chunk[];
    const expected = chunks[0]?.of ?? 1;
    // A repeated step may have written fewer chunks than its earlier attempt: the first one says how many count.
    if (chunks.length < expected) {
      throw new NamedError(
        'StateNotUnderstood',
        `The working of ${step} (execution ${execution}, fence ${fence}) has ${chunks.length} of ${expected} parts.`,
      );
    }
    const bytes = Buffer.concat(chunks.slice(0, expected).map((chunk) => chunk.bytes));
    return JSON.parse(unpacked(bytes, `${step} (execution ${execution}, fence ${fence})`)) as unknown;
  },
});
