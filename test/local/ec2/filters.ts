import type { Filter, Tag } from '@aws-sdk/client-ec2';
import { Ec2Error } from './refusals.ts';

/** The values a filter compares, for one item. */
export type FilterValues<T> = (item: T) => readonly (string | undefined)[];

/** The filters of one action: name to values. */
export type FilterTable<T> = Readonly<Record<string, FilterValues<T>>>;

const patternOf = (value: string): RegExp =>
  new RegExp(
    `^${value
      .replaceAll(/[.+^${}()|[\]]/g, '\\$&')
      .replaceAll(/\\(?![.+^${}()|[\]*?])/g, '\\\\')
      .replaceAll(/(?<!\\)\*/g, '.*')
      .replaceAll(/(?<!\\)\?/g, '.')}$`,
    's',
  );

const tagValues = (tags: readonly Tag[] | undefined, key: string): readonly (string | undefined)[] =>
  (tags ?? []).filter((tag) => tag.Key === key).map((tag) => tag.Value ?? '');

const valuesFor = <T extends { readonly Tags?: readonly Tag[] | undefined }>(
  table: FilterTable<T>,
  name: string,
): FilterValues<T> => {
  if (name.startsWith('tag:')) return (item) => tagValues(item.Tags, name.slice('tag:'.length));
  if (name === 'tag-key') return (item) => (item.Tags ?? []).map((tag) => tag.Key);
  const values = Object.hasOwn(table, name) ? table[name] : undefined;
  if (values === undefined) throw new Ec2Error('InvalidParameterValue', `The filter '${name}' is invalid`);
  return values;
};

/**
 * The items that every filter lets through. The values of one filter are alternatives; `*` and `?` are wildcards and
 * case counts (documented). @throws Ec2Error InvalidParameterValue for a filter that is not in the table.
 */
export const filtered = <T extends { readonly Tags?: readonly Tag[] | undefined }>(
  items: readonly T[],
  filters: readonly Filter[] | undefined,
  table: FilterTable<T>,
): readonly T[] => {
  const tests = (filters ?? []).map((filter) => {
    const name = filter.Name ?? '';
    const wanted = filter.Values ?? [];
    if (name === '' || wanted.length === 0) {
      throw new Ec2Error('InvalidParameterValue', `The filter '${name}' must have a name and at least one value`);
    }
    if (wanted.length > 200) {
      throw new Ec2Error(
        'FilterLimitExceeded',
        `The maximum number of filter values specified on a single call is 200`,
      );
    }
    const values = valuesFor(table, name);
    const patterns = wanted.map(patternOf);
    return (item: T): boolean =>
      values(item).some((value) => value !== undefined && patterns.some((pattern) => pattern.test(value)));
  });
  return items.filter((item) => tests.every((test) => test(item)));
};
