import type { AnnouncedFact } from '../../domain/announced-facts.ts';
import { type Announced, nothingAnnounced, type Subject } from '../../domain/change.ts';
import {
  isObject,
  isOmitted,
  membersOf,
  notUnderstood,
  optionalPart,
  optionalText,
  type Part,
} from './event-fields.ts';

/** A subject that the record does not name by itself and EC2 must be asked for. */
export type LookUp =
  | { readonly kind: 'group-named'; readonly name: string }
  | { readonly kind: 'holder-of-interface'; readonly id: string }
  | { readonly kind: 'groups-with-prefix-list'; readonly id: string };

/** What one call says: whom it is about, whom to ask for, and what it announced. */
export interface CallMeaning {
  readonly subjects: readonly Subject[];
  readonly lookUps: readonly LookUp[];
  readonly announced: Announced;
}

/** The settings that decide which calls matter. */
export interface DecodeSettings {
  /** Whether interfaces of load balancers, databases, functions and endpoints count; unset: they do not. */
  readonly serviceInterfaces?: 'leave-out' | 'include';
}

/** Reads a record of one call. A decoder that answers a string says why the call matters to nothing. */
export type Decoder = (record: Part, settings: DecodeSettings) => CallMeaning | string;

export const about = (subjects: readonly Subject[], announced: Announced = nothingAnnounced): CallMeaning => ({
  subjects,
  lookUps: [],
  announced,
});

/** Which of many it touches is not in the record: all is read again. */
export const everything = (announced: Announced = nothingAnnounced): CallMeaning =>
  about([{ kind: 'everything' }], announced);

export const asking = (lookUp: LookUp, announced: Announced = nothingAnnounced): CallMeaning => ({
  subjects: [],
  lookUps: [lookUp],
  announced,
});

/** Facts announced, and nothing else; without facts nothing. */
export const announcing = (...facts: readonly AnnouncedFact[]): Announced =>
  facts.length === 0 ? nothingAnnounced : { ...nothingAnnounced, facts };

export const instance = (id: string): Subject => ({ kind: 'instance', id });
export const group = (id: string): Subject => ({ kind: 'group', id });
export const networkInterface = (id: string): Subject => ({ kind: 'interface', id });

export const request = (record: Part): Part | null => optionalPart(record, 'requestParameters');
export const response = (record: Part): Part | null => optionalPart(record, 'responseElements');

/** The request; its absence is a shape we do not know, since every call we decode has parameters. */
export const requestOf = (record: Part): Part => {
  const found = request(record);
  if (found === null) throw notUnderstood(`${record.path}.requestParameters`, 'an object', undefined);
  return found;
};

/**
 * A block, or what stands in the one wrapper around it: newer calls write `ModifySecurityGroupRulesRequest{…}` (captured), and
 * presumably `…Response{…}`. Null when it is absent, or so large that CloudTrail left it out.
 */
const unwrapped = (block: Part | null): Part | null => {
  if (block === null || isOmitted(block)) return null;
  const wrapper = Object.keys(block.fields).find((name) => /(Request|Response)$/.test(name));
  return wrapper !== undefined && isObject(block.fields[wrapper]) ? optionalPart(block, wrapper) : block;
};

export const requestBlock = (record: Part): Part | null => unwrapped(request(record));
export const responseBlock = (record: Part): Part | null => unwrapped(response(record));

/** The name under which a field stands: `vpcId`, or `VpcId` in wrapped blocks. */
export const nameIn = (block: Part, name: string): string => {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return block.fields[name] === undefined && block.fields[pascal] !== undefined ? pascal : name;
};

export const textIn = (block: Part | null, name: string): string | null =>
  block === null ? null : optionalText(block, nameIn(block, name));

/**
 * Texts of a list, whatever its form: bare, `{items: […]}`, objects with the text under `content` or under one of `keys`. What
 * has none is left out: such lists only announce.
 */
export const textsIn = (block: Part | null, name: string, keys: readonly string[] = []): readonly string[] => {
  if (block === null) return [];
  const at = nameIn(block, name);
  const value = block.fields[at];
  if (typeof value === 'string') return [value];
  return membersOf(block, at).flatMap(({ value: member }) => {
    if (typeof member === 'string') return [member];
    if (!isObject(member)) return [];
    const key = [...keys, 'content'].find((each) => typeof member[each] === 'string');
    return key === undefined ? [] : [String(member[key])];
  });
};

/** The account that made the call, when it is another than the one whose event this is: of a subnet shared with it. */
export const otherCaller = (record: Part): string | null => {
  const own = optionalText(record, 'recipientAccountId');
  const identity = optionalPart(record, 'userIdentity');
  const caller = identity === null ? null : optionalText(identity, 'accountId');
  return own !== null && caller !== null && caller !== own ? caller : null;
};
