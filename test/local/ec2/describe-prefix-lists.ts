import type {
  DescribeManagedPrefixListsCommandInput,
  GetManagedPrefixListEntriesCommandInput,
} from '@aws-sdk/client-ec2';
import type { HeldPrefixList } from './account.ts';
import { type FilterTable, filtered } from './filters.ts';
import { type PageBounds, pageOf } from './paging.ts';
import { given, type Reading, selected } from './reading.ts';
import { Ec2Error, lookUpOne } from './refusals.ts';

const prefixListFilters: FilterTable<HeldPrefixList> = {
  'owner-id': (list) => [list.OwnerId],
  'prefix-list-id': (list) => [list.PrefixListId],
  'prefix-list-name': (list) => [list.PrefixListName],
};

/** Prefix lists take MaxResults beside ids, from 1 to 100. */
const prefixListBounds: PageBounds = { least: 1, most: 100 };

export const describeManagedPrefixLists = (
  { account, largestPage }: Reading,
  input: DescribeManagedPrefixListsCommandInput,
) => {
  const { page, ...next } = pageOf(
    filtered(
      selected({ kind: 'prefixList', held: account.prefixLists, ids: input.PrefixListIds }),
      input.Filters,
      prefixListFilters,
    ),
    input,
    prefixListBounds,
    given(undefined, 'prefixListIds'),
    largestPage,
  );
  return { PrefixLists: page.map(({ entries: _, ...list }) => list), ...next };
};

export const getManagedPrefixListEntries = (
  { account, largestPage }: Reading,
  input: GetManagedPrefixListEntriesCommandInput,
) => {
  const list = lookUpOne('prefixList', account.prefixLists, input.PrefixListId, 'prefixListId');
  const version = input.TargetVersion ?? list.Version;
  const entries = list.entries.get(version);
  if (entries === undefined) {
    throw new Ec2Error(
      'InvalidPrefixListVersion.NotFound',
      `The prefix list '${list.PrefixListId}' has no version ${version} (inferred code)`,
    );
  }
  const { page, ...next } = pageOf(entries, input, prefixListBounds, given(undefined, 'prefixListId'), largestPage);
  return { Entries: [...page], ...next };
};
