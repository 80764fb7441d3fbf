import { NamedError } from '../domain/errors.ts';

/**
 * A value as an XPath string literal. XPath 1.0 has no escape inside a literal: a value with one kind of quote goes
 * between the other kind, one with both becomes a `concat`.
 */
export const xpathLiteral = (value: string): string => {
  if (!value.includes("'")) return `'${value}'`;
  if (!value.includes('"')) return `"${value}"`;
  const parts = value.split("'").map((part) => `'${part}'`);
  return `concat(${parts.join(`,"'",`)})`;
};

/** `entry[@name='…']` */
export const entryStep = (name: string): string => `entry[@name=${xpathLiteral(name)}]`;

/** `entry[@name='a' or @name='b']`. An empty list is a mistake of the caller: it would select nothing or everything. */
export const entriesStep = (names: readonly string[]): string => {
  if (names.length === 0) throw new NamedError('ReplyNotUnderstood', 'asked for no entry at all');
  return `entry[${names.map((name) => `@name=${xpathLiteral(name)}`).join(' or ')}]`;
};

const device = "/config/devices/entry[@name='localhost.localdomain']";

/** Where things are in the configuration of a firewall (schema of PAN-OS 10.0; layout unchanged 7.1 to 11.2). */
export const places = (vsys: string) => {
  const vsysRoot = `${device}/vsys/${entryStep(vsys)}`;
  const rules = `${vsysRoot}/rulebase/security/rules`;
  return {
    vsys: vsysRoot,
    shared: '/config/shared',
    /** Rules and objects a Panorama pushed; absent on a firewall that is not managed. */
    pushed: '/config/panorama',
    rules,
    rule: (name: string): string => `${rules}/${entryStep(name)}`,
    ruleField: (name: string, field: string): string => `${rules}/${entryStep(name)}/${field}`,
    services: `${vsysRoot}/service`,
    service: (name: string): string => `${vsysRoot}/service/${entryStep(name)}`,
    limits: `${device}/platform/limits`,
    managementSettings: `${device}/deviceconfig/setting/management`,
    predefinedApplications: '/config/predefined/application',
    predefinedContainers: '/config/predefined/application-container',
    predefinedServices: '/config/predefined/service',
  } as const;
};

export type Places = ReturnType<typeof places>;

const stepPattern =
  /\/([A-Za-z_][\w.-]*)(?:\[\s*@name\s*=\s*(?:'([^']*)'|"([^"]*)"|concat\(((?:'[^']*'|"[^"]*"|[\s,])*)\))\s*\])?/y;

interface Step {
  readonly element: string;
  readonly name: string | null;
}

const stepsOf = (xpath: string): readonly Step[] | null => {
  const text = xpath.trim();
  const steps: Step[] = [];
  stepPattern.lastIndex = 0;
  while (stepPattern.lastIndex < text.length) {
    const match = stepPattern.exec(text);
    if (match === null) return null;
    const [, step = '', single, double, concat] = match;
    const joined = concat
      ?.match(/'[^']*'|"[^"]*"/g)
      ?.map((part) => part.slice(1, -1))
      .join('');
    steps.push({ element: step, name: single ?? double ?? joined ?? null });
  }
  return steps;
};

/**
 * An xpath in one way of writing: single quotes where possible, no spare white space. The change list of a firewall and
 * its clients quote differently. What is no plain path of elements and names comes back trimmed.
 */
export const canonicalXpath = (xpath: string): string => {
  const steps = stepsOf(xpath);
  return steps === null
    ? xpath.trim()
    : steps.map(({ element, name }) => `/${element}${name === null ? '' : `[@name=${xpathLiteral(name)}]`}`).join('');
};

/** True when `inner` is `outer` or below it. False when either cannot be read. */
export const xpathWithin = (inner: string, outer: string): boolean => {
  const inside = stepsOf(inner);
  const around = stepsOf(outer);
  if (inside === null || around === null) return false;
  return around.every((step, index) => inside[index]?.element === step.element && inside[index]?.name === step.name);
};

/** What an xpath names, in terms of the configuration this client writes. */
export type Target =
  | { readonly kind: 'rule'; readonly name: string; readonly field: string | null }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'other' };

/** Recognises the xpaths of rules (or a node of one) and services of a vsys. */
export const targetOf = (place: Places, xpath: string): Target => {
  const steps = stepsOf(xpath);
  const entryBelow = (container: string): readonly Step[] | null => {
    const around = stepsOf(container) ?? [];
    return steps !== null && xpathWithin(xpath, container) ? steps.slice(around.length) : null;
  };
  const [rule, field, ...deeper] = entryBelow(place.rules) ?? [];
  if (rule?.element === 'entry' && rule.name !== null && deeper.length === 0) {
    return { kind: 'rule', name: rule.name, field: field?.element ?? null };
  }
  const [service, ...below] = entryBelow(place.services) ?? [];
  if (service?.element === 'entry' && service.name !== null && below.length === 0) {
    return { kind: 'service', name: service.name };
  }
  return { kind: 'other' };
};
