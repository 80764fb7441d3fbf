import { createHash } from 'node:crypto';

/** A short text that two equal texts have in common and no two others do: SHA-256 in hex. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
