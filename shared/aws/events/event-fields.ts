import { NamedError } from '../../domain/errors.ts';

/** A JSON object as it came, and where in the event it stands (for error messages). */
export interface Part {
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

/** Names the field, says what was expected there and what stands there. */
export const notUnderstood = (path: string, expected: string, found: unknown): NamedError =>
  new NamedError(
    'EventNotUnderstood',
    `${path}: expected ${expected}, found ${found === undefined ? 'nothing' : shown(found)}`,
  );

export const partOf = (path: string, value: unknown): Part => {
  if (!isObject(value)) throw notUnderstood(path, 'an object', value);
  return { path, fields: value };
};

const below = (part: Part, name: string): string => (part.path === '' ? name : `${part.path}.${name}`);

/** The object under `name`; null when it is absent or null. */
export const optionalPart = (part: Part, name: string): Part | null => {
  const value = part.fields[name];
  return value === undefined || value === null ? null : partOf(below(part, name), value);
};

/** The text under `name`; null when absent, null or empty. A number is taken as its text: account ids come both ways. */
export const optionalText = (part: Part, name: string): string | null => {
  const value = part.fields[name];
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw notUnderstood(below(part, name), 'text', value);
};

export const textOf = (part: Part, name: string): string => {
  const value = optionalText(part, name);
  if (value === null) throw notUnderstood(below(part, name), 'text', part.fields[name]);
  return value;
};

/**
 * The whole number under `name`; null when absent. Ports are JSON numbers in every raw record (captured), strings in
 * records that a pipeline rewrote (captured): both are read.
 */
export const optionalNumber = (part: Part, name: string): number | null => {
  const value = part.fields[name];
  if (value === undefined || value === null || value === '') return null;
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw notUnderstood(below(part, name), 'a whole number', value);
};

/** An id such as `i-0123456789abcdef0`: the prefix, a hyphen, letters and digits. */
export const idOf = (part: Part, name: string, prefix: string): string => {
  const value = textOf(part, name);
  if (!isId(value, prefix)) throw notUnderstood(below(part, name), `an id ${prefix}-…`, value);
  return value;
};

export const optionalId = (part: Part, name: string, prefix: string): string | null =>
  optionalText(part, name) === null ? null : idOf(part, name, prefix);

export const isId = (value: string, prefix: string): boolean =>
  value.startsWith(`${prefix}-`) && /^[0-9A-Za-z]+$/.test(value.slice(prefix.length + 1));

/** True when CloudTrail left the block out because it was larger than about 100 KB (documented: a stub `omitted: true`). */
export const isOmitted = (block: Part | null): boolean =>
  block !== null && (block.fields['omitted'] === true || block.fields['omitted'] === 'true');

/**
 * The members of a list, whichever of CloudTrail's forms it has: `{items: […]}`, `{item: […]}`, `{}`, a bare array, or
 * (newer calls) one object in place of an array of one. Absent and null are empty, and a null among members is none.
 */
export const membersOf = (part: Part, name: string): readonly { readonly path: string; readonly value: unknown }[] => {
  const value = part.fields[name];
  const path = below(part, name);
  if (value === undefined || value === null) return [];
  const numbered = (list: readonly unknown[], at: string) =>
    list.flatMap((member, index) => (member === null ? [] : [{ path: `${at}[${index}]`, value: member }]));
  if (Array.isArray(value)) return numbered(value, path);
  if (!isObject(value)) throw notUnderstood(path, 'a list', value);
  for (const key of ['items', 'item']) {
    const inner = value[key];
    if (inner === undefined) continue;
    if (Array.isArray(inner)) return numbered(inner, `${path}.${key}`);
    if (isObject(inner)) return [{ path: `${path}.${key}`, value: inner }];
    throw notUnderstood(`${path}.${key}`, 'a list', inner);
  }
  return Object.keys(value).length === 0 ? [] : [{ path, value }];
};

/** The members of a list of objects. */
export const partsOf = (part: Part, name: string): readonly Part[] =>
  membersOf(part, name).map((member) => partOf(member.path, member.value));

/** The attributes that a call of the Modify…Attribute kind names, for words. */
export const attributesIn = (block: Part): string =>
  Object.keys(block.fields)
    .filter((name) => name !== 'instanceId' && name !== 'networkInterfaceId')
    .join(', ');
