import { isIP } from 'node:net';
import { containsCidr } from 'cidr-tools';

/*
 * EventBridge event patterns, from the documentation and that of the service's own open matcher: fields are ANDed, the
 * values of one field ORed; every leaf of a pattern is an array; a list in the event is matched element by element, and
 * the fields of one pattern object must be found in one and the same element.
 *
 * One difference stands: the service compares the JSON text of numbers (300 is not 300.0), which is lost in parsing.
 */

type Leaf = string | number | boolean | null;
type Matcher = Readonly<Record<string, unknown>>;
type Test = (value: Leaf) => boolean;

const isObject = (value: unknown): value is Matcher =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isLeaf = (value: unknown): value is Leaf =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** A pattern the service would not take. */
export class InvalidEventPattern extends Error {
  override readonly name = 'InvalidEventPatternException';
}

/** A pattern that the service takes and this matcher does not. */
export class UnsupportedEventPattern extends Error {
  override readonly name = 'UnsupportedEventPattern';
}

const invalid = (reason: string): InvalidEventPattern =>
  new InvalidEventPattern(`Event pattern is not valid: ${reason}`);

const textOf = (value: unknown, matcher: string): string => {
  if (typeof value !== 'string' || value === '') throw invalid(`${matcher} takes a text, not ${JSON.stringify(value)}`);
  return value;
};

const wildcardTest = (value: unknown): Test => {
  const text = textOf(value, 'wildcard');
  if (text.includes('**')) throw invalid('wildcard takes no two * together');
  const pieces = text.split(/(\\[\\*]|\*)/).map((piece) => {
    if (piece === '*') return '.*';
    const literal = piece.startsWith('\\') && piece.length === 2 ? piece.slice(1) : piece;
    return literal.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  const expression = new RegExp(`^${pieces.join('')}$`, 's');
  return (leaf) => typeof leaf === 'string' && expression.test(leaf);
};

const affixTest = (value: unknown, matcher: 'prefix' | 'suffix'): Test => {
  const has = (text: string, affix: string) => (matcher === 'prefix' ? text.startsWith(affix) : text.endsWith(affix));
  if (isObject(value)) {
    const [name, ...more] = Object.keys(value);
    if (name !== 'equals-ignore-case' || more.length > 0) throw invalid(`${matcher} knows only equals-ignore-case`);
    const affix = textOf(value[name], matcher).toLowerCase();
    return (leaf) => typeof leaf === 'string' && has(leaf.toLowerCase(), affix);
  }
  const affix = textOf(value, matcher);
  return (leaf) => typeof leaf === 'string' && has(leaf, affix);
};

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

const numericTest = (value: unknown): Test => {
  if (!Array.isArray(value) || (value.length !== 2 && value.length !== 4)) {
    throw invalid('numeric takes an operator and a number, once or twice');
  }
  const parts = [value.slice(0, 2), value.slice(2)].filter((part) => part.length === 2);
  const tests = parts.map(([operator, bound]) => {
    const compare = Object.hasOwn(comparisons, String(operator)) ? comparisons[String(operator)] : undefined;
    if (compare === undefined || typeof bound !== 'number' || Math.abs(bound) > 5e9) {
      throw invalid(`numeric does not take ${JSON.stringify([operator, bound])}`);
    }
    return (leaf: number) => compare(leaf, bound);
  });
  return (leaf) => typeof leaf === 'number' && tests.every((holds) => holds(leaf));
};

const cidrTest = (value: unknown): Test => {
  const block = textOf(value, 'cidr');
  const [address = '', length = '', ...more] = block.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  // A block of one address is refused too (the service's own matcher, 2.1.0).
  if (isIP(address) === 0 || !/^\d+$/.test(length) || Number(length) >= bits || more.length > 0) {
    throw invalid(`cidr takes a block of more than one address, not ${block}`);
  }
  return (leaf) => typeof leaf === 'string' && isIP(leaf) !== 0 && containsCidr(block, leaf);
};

const anyOf = (value: unknown, test: (one: unknown) => Test): Test => {
  const tests = (Array.isArray(value) ? value : [value]).map(test);
  return (leaf) => tests.some((holds) => holds(leaf));
};

const ignoreCaseTest = (value: unknown): Test => {
  const text = textOf(value, 'equals-ignore-case').toLowerCase();
  return (leaf) => typeof leaf === 'string' && leaf.toLowerCase() === text;
};

const anythingButTest = (value: unknown): Test => {
  const excluded = ((): Test => {
    if (!isObject(value)) {
      const values: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (values.length === 0 || !values.every((one) => typeof one === 'string' || typeof one === 'number')) {
        throw invalid('anything-but takes texts or numbers');
      }
      const listed = new Set<unknown>(values);
      return (leaf) => listed.has(leaf);
    }
    const [name, ...more] = Object.keys(value);
    if (more.length > 0) throw invalid('anything-but takes one matcher');
    switch (name) {
      case 'prefix':
      case 'suffix':
        return anyOf(value[name], (one) => affixTest(one, name));
      case 'equals-ignore-case':
        return anyOf(value[name], ignoreCaseTest);
      case 'wildcard':
        return anyOf(value[name], wildcardTest);
      default:
        throw invalid(`anything-but does not take ${name}`);
    }
  })();
  return (leaf) => !excluded(leaf);
};

const matcherTest = (matcher: Matcher): Test => {
  const [name, ...more] = Object.keys(matcher);
  if (name === undefined || more.length > 0) throw invalid('a matcher is an object with one key');
  const value = matcher[name];
  switch (name) {
    case 'prefix':
    case 'suffix':
      return affixTest(value, name);
    case 'equals-ignore-case':
      return ignoreCaseTest(value);
    case 'wildcard':
      return wildcardTest(value);
    case 'numeric':
      return numericTest(value);
    case 'cidr':
      return cidrTest(value);
    case 'anything-but':
      return anythingButTest(value);
    case 'exists':
      if (typeof value !== 'boolean') throw invalid('exists takes true or false');
      /* That the leaf is absent is decided elsewhere; here it is present. */
      return () => value;
    default:
      throw invalid(`there is no matcher ${name}`);
  }
};

const leafTest = (allowed: unknown): Test => {
  if (isObject(allowed)) return matcherTest(allowed);
  if (!isLeaf(allowed)) throw invalid(`a leaf holds texts, numbers, true, false, null or matchers`);
  return (leaf) => leaf === allowed;
};

/** The leaves under a path, through lists at every level. An object is no leaf. */
const leavesAt = (value: unknown, path: readonly string[]): readonly Leaf[] => {
  if (Array.isArray(value)) return value.flatMap((one) => leavesAt(one, path));
  const [name, ...rest] = path;
  if (name === undefined) return isLeaf(value) ? [value] : [];
  return isObject(value) && Object.hasOwn(value, name) ? leavesAt(value[name], rest) : [];
};

const asksForAbsence = (allowed: unknown): boolean => isObject(allowed) && allowed['exists'] === false;

const matchesAt = (pattern: Matcher, value: unknown, path: readonly string[], event: unknown): boolean => {
  if (Array.isArray(value) && value.length > 0) return value.some((one) => matchesAt(pattern, one, path, event));
  if (Object.keys(pattern).length === 0) throw invalid('an empty object matches nothing');
  let matches = true;
  for (const [name, wanted] of Object.entries(pattern)) {
    const here = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    if (Array.isArray(wanted)) {
      if (wanted.length === 0) throw invalid(`the field ${[...path, name].join('.')} has an empty array`);
      const leaves = leavesAt(here, []);
      const tests = wanted.map(leafTest);
      const isAbsent = wanted.some(asksForAbsence) && leavesAt(event, [...path, name]).length === 0;
      matches = (isAbsent || leaves.some((leaf) => tests.some((holds) => holds(leaf)))) && matches;
    } else if (isObject(wanted)) {
      matches = matchesAt(wanted, here, [...path, name], event) && matches;
    } else {
      throw invalid(`the field ${[...path, name].join('.')} is not an array`);
    }
  }
  return matches;
};

/** Both patterns as one. @throws UnsupportedEventPattern where they speak of the same leaf, whose values AWS joins. */
const joined = (a: Matcher, b: Matcher): Matcher => {
  const all: Record<string, unknown> = { ...a };
  for (const [name, wanted] of Object.entries(b)) {
    const other = all[name];
    if (other !== undefined && !(isObject(other) && isObject(wanted))) {
      throw new UnsupportedEventPattern(`The field ${name} stands both beside and within $or`);
    }
    all[name] = isObject(other) && isObject(wanted) ? joined(other, wanted) : wanted;
  }
  return all;
};

/** The patterns without `$or` of which one must match: one for each choice of alternatives. */
const alternativesOf = (pattern: Matcher): readonly Matcher[] => {
  let choices: readonly Matcher[] = [{}];
  for (const [name, wanted] of Object.entries(pattern)) {
    const parts = ((): readonly Matcher[] => {
      if (name === '$or' && Array.isArray(wanted)) {
        if (wanted.length < 2 || !wanted.every(isObject)) throw invalid('$or takes at least two objects');
        if (wanted.some((one) => Object.keys(one).length === 0)) throw invalid('an empty object matches nothing');
        return wanted.flatMap(alternativesOf);
      }
      return isObject(wanted) ? alternativesOf(wanted).map((part) => ({ [name]: part })) : [{ [name]: wanted }];
    })();
    choices = choices.flatMap((choice) => parts.map((part) => joined(choice, part)));
  }
  return choices;
};

/**
 * True when the event matches the pattern, as EventBridge would decide. The whole pattern is checked, also where a
 * field before has decided already. @throws InvalidEventPattern for a pattern that EventBridge would refuse;
 * UnsupportedEventPattern for one with the same leaf beside and within `$or`.
 */
export const matchesPattern = (pattern: Matcher, event: unknown): boolean =>
  alternativesOf(pattern)
    .map((one) => matchesAt(one, event, [], event))
    .includes(true);
