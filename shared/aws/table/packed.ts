import { gunzipSync, gzipSync } from 'node:zlib';
import { NamedError } from '../../domain/errors.ts';
import { storedBytes } from '../../domain/rules/record-size.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** An item of more bytes is packed: DynamoDB refuses one of more than 400 KB. */
const mostPlainBytes = 350_000;
const packedFormat = 'packed';

const isBulk = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array);

/**
 * An item as it is stored. One that DynamoDB would hardly take keeps what keys, conditions and indexes go by (everything but
 * lists and objects) and carries the rest compressed, under a format of its own: an earlier release, which could not have
 * written such an item at all, leaves it alone as one that it does not understand.
 */
export const asStored = (item: Attributes): Attributes => {
  if (storedBytes(item) <= mostPlainBytes) return item;
  const entries = Object.entries(item);
  const bulk = Object.fromEntries(entries.filter(([, value]) => isBulk(value)));
  return {
    ...Object.fromEntries(entries.filter(([, value]) => !isBulk(value))),
    format: packedFormat,
    packed: gzipSync(JSON.stringify(bulk)),
  };
};

/**
 * The item that `asStored` was given.
 * @throws StateNotUnderstood when what is packed cannot be read
 */
export const asGiven = (stored: Attributes): Attributes => {
  if (stored['format'] !== packedFormat) return stored;
  const { packed, ...rest } = stored;
  try {
    const bulk = JSON.parse(gunzipSync(packed as Uint8Array).toString('utf8')) as Attributes;
    return { ...rest, ...bulk, format: 1 };
  } catch (cause) {
    throw new NamedError(
      'StateNotUnderstood',
      `Table item ${String(stored['pk'])} / ${String(stored['sk'])} is packed, and what it holds cannot be read.`,
      { cause },
    );
  }
};
