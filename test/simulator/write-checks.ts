import { type ConfigNode, childNamed, entryNamed, membersOf, nameOf, textOf } from './config-node.ts';
import {
  applicationLists,
  findObject,
  hasObject,
  hasZone,
  isAddressLiteral,
  isIpv4,
  isIpv6,
  isPortList,
  type Scopes,
} from './names.ts';
import { resolves } from './references.ts';
import { Refusal } from './reply.ts';
import type { What } from './schema.ts';

const invalid = (...texts: readonly string[]): never => {
  throw new Refusal(12, texts);
};

const keywords: Readonly<Record<string, readonly string[]>> = {
  from: ['any'],
  to: ['any', 'multicast'],
  source: ['any'],
  destination: ['any'],
  application: ['any'],
  service: ['any', 'application-default'],
};

/** The lines a device gives for a member that names nothing (captured for addresses; the other fields by analogy). */
const badReference = (rule: string, field: string, name: string, unions: readonly string[] = []): never =>
  invalid(` ${rule} -> ${field} '${name}' is not a valid reference`, ...unions, ` ${rule} -> ${field} is invalid`);

const exclusive = (values: readonly string[], field: string): void => {
  if (values.length < 2) return;
  // Captured, 10.1 and later.
  if (values.includes('any')) invalid(`${field} is invalid. 'any' should not be used with another ${field}`);
  // Captured.
  if (field === 'service' && values.includes('application-default'))
    invalid("'application-default' should not be used with another service");
};

/** Region codes a device knows without configuration; a sample, since any two capital letters are taken. */
const isPredefinedRegion = (name: string): boolean => /^[A-Z]{2}$/.test(name);

const checkAddresses = (rule: string, field: string, values: readonly string[], scopes: Scopes): void => {
  for (const name of values) {
    if (name === 'any') continue;
    // A name comes first; only then is it read as a literal (captured).
    if (resolves(scopes, 'address', name) || isPredefinedRegion(name) || isAddressLiteral(name)) continue;
    badReference(rule, field, name, [
      `'${name}' is not an allowed keyword`,
      `${name} is an invalid ipv4/v6 address`,
      `${name} range separator('-') not found`,
    ]);
  }
};

const checkRule = (rule: ConfigNode, scopes: Scopes): void => {
  const name = nameOf(rule);
  for (const field of [
    'from',
    'to',
    'source',
    'destination',
    'application',
    'service',
    'source-user',
    'category',
    'source-hip',
    'destination-hip',
  ])
    exclusive(membersOf(rule, field), field);
  for (const field of ['from', 'to'])
    for (const zone of membersOf(rule, field))
      if (!(keywords[field] ?? []).includes(zone) && !hasZone(scopes, zone))
        badReference(name, field, zone, [`'${zone}' is not an allowed keyword`]);
  for (const field of ['source', 'destination']) checkAddresses(name, field, membersOf(rule, field), scopes);
  for (const application of membersOf(rule, 'application'))
    if (application !== 'any' && !hasObject(scopes, applicationLists, application))
      badReference(name, 'application', application, [`'${application}' is not an allowed keyword`]);
  const serviceText = textOf(rule, 'service');
  for (const service of [
    ...membersOf(rule, 'service'),
    ...(serviceText === null || serviceText === '' ? [] : [serviceText]),
  ])
    if (!(keywords['service'] ?? []).includes(service) && !resolves(scopes, 'service', service))
      badReference(name, 'service', service, [`'${service}' is not an allowed keyword`]);
  checkTags(rule, scopes);
  const groupTag = textOf(rule, 'group-tag');
  if (groupTag !== null && groupTag !== '' && !resolves(scopes, 'tag', groupTag))
    badReference(name, 'group-tag', groupTag);
  const logSetting = textOf(rule, 'log-setting');
  if (logSetting !== null && logSetting !== '' && !resolves(scopes, 'log-profile', logSetting))
    badReference(name, 'log-setting', logSetting);
  const schedule = textOf(rule, 'schedule');
  if (schedule !== null && schedule !== '' && !resolves(scopes, 'schedule', schedule))
    badReference(name, 'schedule', schedule);
  for (const group of membersOf(childNamed(rule, 'profile-setting'), 'group'))
    if (!resolves(scopes, 'profile-group', group)) badReference(name, 'profile-setting -> group', group);
};

const checkTags = (subject: ConfigNode, scopes: Scopes): void => {
  for (const tag of membersOf(subject, 'tag'))
    if (!resolves(scopes, 'tag', tag)) badReference(nameOf(subject), 'tag', tag);
};

const inSameScope = (scope: ConfigNode | null, lists: readonly string[], name: string): boolean =>
  lists.some((list) => entryNamed(childNamed(scope, list), name) !== null);

const checkGroupMembers = (group: ConfigNode, field: string, lists: readonly string[], scopes: Scopes): void => {
  for (const name of membersOf(group, field)) {
    if (name === nameOf(group) || !hasObject(scopes, lists, name)) badReference(nameOf(group), field, name);
  }
};

const colors = new Set(
  Array.from({ length: 42 }, (_, index) => `color${index + 1}`).filter((color) => color !== 'color18'),
);

const checkAddress = (address: ConfigNode): void => {
  const name = nameOf(address);
  const fail = (field: string, value: string): never =>
    invalid(` ${name} -> ${field} '${value}' is invalid`, ` ${name} -> ${field} is invalid`);
  const netmask = textOf(address, 'ip-netmask');
  if (netmask !== null && !(isAddressLiteral(netmask) && !netmask.includes('-'))) fail('ip-netmask', netmask);
  const range = textOf(address, 'ip-range');
  if (range !== null && !(isAddressLiteral(range) && range.includes('-'))) fail('ip-range', range);
  const wildcard = textOf(address, 'ip-wildcard');
  if (wildcard !== null && !wildcard.split('/').every(isIpv4)) fail('ip-wildcard', wildcard);
  const fqdn = textOf(address, 'fqdn');
  if (fqdn !== null && !/^[a-zA-Z0-9_]([a-zA-Z0-9._-])+[a-zA-Z0-9]$/.test(fqdn)) fail('fqdn', fqdn);
  if (wildcard !== null && membersOf(address, 'tag').length > 0) invalid(` ${name} -> tag unexpected here`);
};

/** Quoted tags joined by `and`, `or`, `not`, with parentheses. */
export const isMatchCriteria = (filter: string): boolean => {
  const words = filter.match(/'[^']*'|"[^"]*"|[()]|[^\s()'"]+/g);
  if (words === null) return false;
  let depth = 0;
  let wantsOperand = true;
  for (const word of words) {
    if (word === '(') {
      if (!wantsOperand) return false;
      depth += 1;
    } else if (word === ')') {
      if (wantsOperand || depth === 0) return false;
      depth -= 1;
    } else if (/^(and|or)$/i.test(word)) {
      if (wantsOperand) return false;
      wantsOperand = true;
    } else if (/^not$/i.test(word)) {
      if (!wantsOperand) return false;
    } else {
      if (!wantsOperand) return false;
      wantsOperand = false;
    }
  }
  return depth === 0 && !wantsOperand;
};

/**
 * What the firewall refuses at once when an entry is written. What it only refuses at commit is in `commit-checks.ts`.
 * @throws Refusal with code 12
 */
export const checkWritten = (
  what: What,
  subject: ConfigNode,
  scopes: Scopes,
  where: { readonly shared: boolean; readonly replaced: boolean },
): void => {
  const name = nameOf(subject);
  const own = where.shared ? scopes.shared : scopes.vsys;
  switch (what) {
    case 'security-rule':
      if (name === 'any' || name === 'intrazone-default' || name === 'interzone-default')
        invalid(` rules -> ${name} is invalid`);
      // Captured: refused at write on edit, at commit after set. `service` and `action` wait for the commit (measured).
      if (where.replaced)
        for (const field of ['from', 'to', 'source', 'destination', 'application'])
          if (membersOf(subject, field).length === 0) invalid(` ${name}  is missing '${field}'`);
      checkRule(subject, scopes);
      return;
    case 'default-rule':
      if (name !== 'intrazone-default' && name !== 'interzone-default') invalid(` rules -> ${name} is invalid`);
      checkRule(subject, scopes);
      return;
    case 'nat-rule':
      checkRule(subject, scopes);
      return;
    case 'address':
      if (name === 'any' || name === '0.0.0.0') invalid(` address -> ${name} is invalid`);
      if (inSameScope(own, ['address-group'], name)) invalid(`'${name}' is already in use`);
      checkAddress(subject);
      checkTags(subject, scopes);
      return;
    case 'address-group': {
      if (inSameScope(own, ['address'], name)) invalid(`'${name}' is already in use`);
      checkGroupMembers(subject, 'static', ['address', 'address-group', 'external-list'], scopes);
      for (const member of membersOf(subject, 'static'))
        if (textOf(findObject(scopes, 'address', member), 'ip-wildcard') !== null) badReference(name, 'static', member);
      const filter = textOf(childNamed(subject, 'dynamic'), 'filter');
      if (filter !== null && !isMatchCriteria(filter)) invalid('Invalid match criteria');
      checkTags(subject, scopes);
      return;
    }
    case 'service': {
      if (inSameScope(own, ['service-group'], name)) invalid(`'${name}' is already in use`);
      for (const protocol of childNamed(subject, 'protocol')?.children ?? [])
        for (const field of ['port', 'source-port']) {
          const value = textOf(protocol, field);
          if (value !== null && !isPortList(value))
            invalid(
              ` ${name} -> protocol -> ${protocol.tag} -> ${field} '${value}' is invalid`,
              ` ${name} -> protocol -> ${protocol.tag} is invalid`,
            );
        }
      checkTags(subject, scopes);
      return;
    }
    case 'service-group':
      if (inSameScope(own, ['service'], name)) invalid(`'${name}' is already in use`);
      checkGroupMembers(subject, 'members', ['service', 'service-group'], scopes);
      checkTags(subject, scopes);
      return;
    case 'application-group':
      checkGroupMembers(subject, 'members', applicationLists, scopes);
      return;
    case 'application':
      // Captured: one device-wide map of custom applications.
      if (!where.shared && inSameScope(scopes.shared, ['application'], name)) invalid(`'${name}' is already in use`);
      for (const member of membersOf(childNamed(subject, 'default'), 'port'))
        if (
          !/^(tcp|udp|sctp)\/(dynamic|.+)$/.test(member) ||
          !(member.endsWith('/dynamic') || isPortList(member.slice(member.indexOf('/') + 1)))
        )
          badReference(name, 'default -> port', member);
      return;
    case 'tag': {
      const color = textOf(subject, 'color');
      if (color !== null && color !== '' && !colors.has(color))
        invalid(` ${name} -> color '${color}' is not an allowed keyword`, ` ${name} -> color is invalid`);
      return;
    }
    case 'region':
      for (const address of membersOf(subject, 'address'))
        if (!(isAddressLiteral(address) || isIpv4(address) || isIpv6(address))) badReference(name, 'address', address);
      return;
    case 'zone':
    case 'profile-group':
    case 'external-list':
    case 'schedule':
    case 'application-filter':
    case 'log-profile':
    case 'administrator':
    case 'other':
      return;
  }
};
