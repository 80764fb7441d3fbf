import type {
  ModifyManagedPrefixListCommandInput,
  RestoreManagedPrefixListVersionCommandInput,
} from '@aws-sdk/client-ec2';
import { type HeldPrefixList, withEntries } from './account.ts';
import type { Changing } from './changing.ts';
import { canonicalCidr } from './permissions.ts';
import { Ec2Error, lookUpOne, required } from './refusals.ts';

const ownList = ({ account }: Changing, id: string | undefined): HeldPrefixList => {
  const list = lookUpOne('prefixList', account.prefixLists, id, 'PrefixListId');
  if (list.OwnerId !== account.ownerId) {
    throw new Ec2Error('UnauthorizedOperation', 'You are not authorized to modify a prefix list of another owner.');
  }
  if (list.State?.endsWith('-in-progress') === true) {
    throw new Ec2Error('IncorrectState', `The prefix list '${list.PrefixListId}' is ${list.State}.`);
  }
  return list;
};

/** The list on its way: EC2 answers at once and shows the version before until it is done (documented; which version, inferred). */
const becoming = (changing: Changing, list: HeldPrefixList, how: 'modify' | 'restore', next: HeldPrefixList) => {
  const { account, now, timing } = changing;
  const done: HeldPrefixList = { ...next, State: `${how}-complete` };
  const passing: HeldPrefixList = { ...list, State: `${how}-in-progress` };
  const isAtOnce = timing.prefixListMilliseconds === 0;
  const { entries: _, ...shown } = isAtOnce ? done : passing;
  return {
    account: {
      ...account,
      prefixLists: withEntries(account.prefixLists, [list.PrefixListId, isAtOnce ? done : passing]),
      transitions: isAtOnce
        ? account.transitions
        : [...account.transitions, { at: now + timing.prefixListMilliseconds, prefixList: done }],
    },
    output: { PrefixList: shown },
  };
};

/** Entries and name. CurrentVersion must be given with entries and be the present one (documented). */
export const modifyManagedPrefixList = (changing: Changing, input: ModifyManagedPrefixListCommandInput) => {
  const list = ownList(changing, input.PrefixListId);
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
  return becoming(changing, list, 'modify', {
    ...list,
    PrefixListName: input.PrefixListName ?? list.PrefixListName,
    Version: version,
    entries: withEntries(list.entries, [version, next]),
  });
};

/** A new version with the entries of an earlier one (documented). */
export const restoreManagedPrefixListVersion = (
  changing: Changing,
  input: RestoreManagedPrefixListVersionCommandInput,
) => {
  const list = ownList(changing, input.PrefixListId);
  if (input.CurrentVersion !== list.Version) {
    throw new Ec2Error(
      'PrefixListVersionMismatch',
      `The prefix list has the version ${list.Version}, not ${input.CurrentVersion}.`,
    );
  }
  const earlier = list.entries.get(required(input.PreviousVersion, 'PreviousVersion'));
  if (earlier === undefined) {
    throw new Ec2Error('InvalidParameterValue', `The prefix list has no version ${input.PreviousVersion}.`);
  }
  const version = list.Version + 1;
  return becoming(changing, list, 'restore', {
    ...list,
    Version: version,
    entries: withEntries(list.entries, [version, earlier]),
  });
};
