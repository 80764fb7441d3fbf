import type { Account } from './account.ts';
import type { PageBounds } from './paging.ts';
import { type IdKind, lookUp } from './refusals.ts';

/** What a read sees. */
export interface Reading {
  readonly account: Account;
  /** The most items a page holds, whatever was asked. */
  readonly largestPage: number;
}

/** Items of one kind, and the ids asked for. */
export interface Selected<T> {
  readonly kind: IdKind;
  readonly held: ReadonlyMap<string, T>;
  readonly ids: readonly string[] | undefined;
}

/** The items asked for by id, or all. @throws Ec2Error as {@link lookUp} does. */
export const selected = <T>({ kind, held, ids }: Selected<T>): readonly T[] =>
  ids === undefined || ids.length === 0 ? [...held.values()] : lookUp(kind, held, ids);

/** Most reads take 5 to 1,000 results a page. */
export const upTo1000: PageBounds = { least: 5, most: 1000 };
/** Route tables take 5 to 100. */
export const upTo100: PageBounds = { least: 5, most: 100 };

/** Whether ids were given, and under which parameter. */
export const given = (ids: readonly string[] | undefined, parameter: string) => ({
  given: ids !== undefined && ids.length > 0,
  parameter,
});
