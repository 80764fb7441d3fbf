import type { Filter } from '@aws-sdk/client-ec2';
import { awsFailure } from '../aws-failure.ts';
import { byId } from './ec2-shapes.ts';

/** Documented: at most 200 values in the filters of one call. */
const mostFilterValues = 200;

export const batchesOf = (values: readonly string[]): readonly (readonly string[])[] => {
  const distinct = [...new Set(values)].sort();
  const batches: string[][] = [];
  for (let at = 0; at < distinct.length; at += mostFilterValues)
    batches.push(distinct.slice(at, at + mostFilterValues));
  return batches;
};

export const filter = (name: string, values: readonly string[]): Filter => ({ Name: name, Values: [...values] });

/** Every item of every page. SDK errors become named ones that say which permission the call needs. */
export const everyItem = async <Page, Item>(
  permission: string,
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
): Promise<readonly Item[]> => {
  const items: Item[] = [];
  try {
    for await (const page of pages) items.push(...(itemsOf(page) ?? []));
  } catch (error) {
    throw awsFailure(error, permission);
  }
  return items;
};

export const once = <Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] =>
  [...new Map(items.map((item) => [item.id, item])).values()].toSorted(byId);

/** One filtered read per batch of values, one after the other: EC2 throttles by calls, not by size (documented). */
export const batched = async <Item extends { readonly id: string }>(
  values: readonly string[],
  read: (batch: readonly string[]) => Promise<readonly Item[]>,
): Promise<readonly Item[]> => {
  const items: Item[] = [];
  for (const batch of batchesOf(values)) items.push(...(await read(batch)));
  return once(items);
};
