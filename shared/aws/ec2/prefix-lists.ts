import {
  type EC2Client,
  paginateDescribeManagedPrefixLists,
  paginateGetManagedPrefixListEntries,
} from '@aws-sdk/client-ec2';
import type { SightedPrefixList } from '../../domain/grants/sighted.ts';
import { canonicalCidr } from '../../domain/sets/addresses.ts';
import { batched, everyItem, filter } from './paged.ts';

const isNoSuchPrefixList = (error: unknown): boolean =>
  error instanceof Error && error.name === 'InvalidPrefixListID.NotFound';

const entriesOf = async (client: EC2Client, id: string, version: number | null): Promise<readonly string[] | null> => {
  try {
    const entries = await everyItem(
      'ec2:GetManagedPrefixListEntries',
      paginateGetManagedPrefixListEntries(
        { client, pageSize: 100 },
        // Pinning the version keeps pages of two versions from being mixed.
        { PrefixListId: id, ...(version === null ? {} : { TargetVersion: version }) },
      ),
      (page) => page.Entries,
    );
    return [...new Set(entries.flatMap(({ Cidr }) => (Cidr === undefined ? [] : [canonicalCidr(Cidr)])))].sort();
  } catch (error) {
    if (isNoSuchPrefixList(error)) return null;
    throw error;
  }
};

/** Prefix lists with their entries; one that is deleted between the two reads is missing. @throws AwsBusy, AwsDenied */
export const readPrefixLists = (client: EC2Client, ids: readonly string[]): Promise<readonly SightedPrefixList[]> =>
  batched(ids, async (batch) => {
    const shapes = await everyItem(
      'ec2:DescribeManagedPrefixLists',
      paginateDescribeManagedPrefixLists({ client, pageSize: 100 }, { Filters: [filter('prefix-list-id', batch)] }),
      (page) => page.PrefixLists,
    );
    const lists: SightedPrefixList[] = [];
    for (const shape of shapes) {
      const id = shape.PrefixListId ?? '';
      const version = shape.Version ?? null;
      const entries = await entriesOf(client, id, version);
      const family = shape.AddressFamily === 'IPv6' ? 6 : shape.AddressFamily === 'IPv4' ? 4 : null;
      if (entries !== null) lists.push({ id, version, family, entries, state: shape.State ?? 'unknown' });
    }
    return lists;
  });
