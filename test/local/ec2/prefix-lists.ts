import type { ModifyManagedPrefixListCommandInput } from '@aws-sdk/client-ec2';
import { type HeldPrefixList, withEntries } from './account.ts';
import type { Changing } from './changing.ts';
import { canonicalCidr } from './permissions.ts';
import { Ec2Error, lookUpOne, required } from './refusals.ts';

/** Entries and name. CurrentVersion must be given with entries and be the present one (documented). */
export const modifyManagedPrefixList = ({ account }: Changing, input: ModifyManagedPrefixListCommandInput) => {
  const list = lookUpOne('prefixList', account.prefixLists, input.PrefixListId, 'PrefixListId');
  if (list.OwnerId !== account.ownerId) {
    throw new Ec2Error('UnauthorizedOperation', 'You are not authorized to modify a prefix list of another owner.');
  }
  const family = list.AddressFamily === 'IPv6' ? 6 : 4;
  const adding = (input.AddEntries ?? []).map((entry) => ({
    Cidr: canonicalCidr(required(entry.Cidr, 'Cidr'), family),
    ...(entry.Description === undefined ? {} : { Description: entry.Description }),
  }));
  const removing = new Set(
    (input.RemoveEntries ?? []).map((entry) => canonicalCidr(required(entry.Cidr, 'Cidr'), family)),
  );
  const changesEntries = adding.length + removing.size > 0;
  const present = list.entries.get(list.Version) ?? [];
  if (changesEntries && input.CurrentVersion !== list.Version) {
    throw new Ec2Error(
      input.CurrentVersion === undefined ? 'MissingParameter' : 'PrefixListVersionMismatch',
      `The prefix list has the version ${list.Version}, not ${input.CurrentVersion}.`,
    );
  }
  const absent = [...removing].filter((cidr) => !present.some((entry) => entry.Cidr === cidr));
  if (absent.length > 0) {
    throw new Ec2Error('InvalidParameterValue', `The entry ${absent.join(', ')} does not exist in the prefix list.`);
  }
  const entries = present.filter(
    (entry) => !removing.has(entry.Cidr) && !adding.some((one) => one.Cidr === entry.Cidr),
  );
  const next = [...entries, ...adding];
  if (next.length > list.MaxEntries) {
    throw new Ec2Error('PrefixListMaxEntriesExceeded', `The prefix list takes at most ${list.MaxEntries} entries.`);
  }
  const version = changesEntries ? list.Version + 1 : list.Version;
  const held: HeldPrefixList = {
    ...list,
    PrefixListName: input.PrefixListName ?? list.PrefixListName,
    Version: version,
    State: 'modify-complete',
    entries: withEntries(list.entries, [version, next]),
  };
  const { entries: _, ...shown } = held;
  return {
    account: { ...account, prefixLists: withEntries(account.prefixLists, [list.PrefixListId, held]) },
    output: { PrefixList: shown },
  };
};
