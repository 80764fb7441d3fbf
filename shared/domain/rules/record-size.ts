import type { GrantDestination, GrantSource } from '../grants/grants.ts';

const encoder = new TextEncoder();

/**
 * Bytes that a value takes in the table, names of fields included: texts and names in UTF-8, a number at most 21, a list or an
 * object 3 and 1 more for each member. The source is DynamoDB's "Item sizes and formats"; numbers are counted at their most.
 */
export const storedBytes = (value: unknown): number => {
  if (value === undefined) return 0;
  if (typeof value === 'string') return encoder.encode(value).length;
  if (typeof value === 'number') return 21;
  if (value instanceof Uint8Array) return value.length;
  if (value === null || typeof value !== 'object') return 1;
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + 1 + storedBytes(each), 3);
  return Object.entries(value).reduce((sum, [name, each]) => sum + 1 + storedBytes(name) + storedBytes(each), 3);
};

/**
 * The most bytes that one side of a rule takes in its record, listed once as contributions and once as members of the content.
 * A record lists both sides so, and the intent of a change beside it once more: four times this leaves 80,000 of the 400,000
 * bytes of an item to all the rest, of which a description of 1,024 characters is the longest.
 */
export const mostSideBytes = 80_000;

/** What one contribution takes of that: itself, and its member of the content, each in a list. */
const withMember = (contribution: object, member: string): number =>
  storedBytes(contribution) + storedBytes(member) + 2;
export const sourceBytes = (source: GrantSource): number => withMember(source, source.source);
export const destinationBytes = (destination: GrantDestination): number => withMember(destination, destination.address);
