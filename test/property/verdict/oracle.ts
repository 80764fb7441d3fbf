/**
 * A naive packet evaluator: one session at a time, one rule at a time, written from what the vendor documents and what
 * is recorded of devices, and from nothing in the code it judges. It is slow and has no sets.
 *
 * What is not known (members of a list, who the user is, …) is decided by a world: `none` of it matches, `all` of it
 * does, or as a function of the unknown thing and the value says.
 */

import type { Application, ObjectScope, Policy, SecurityRule } from '../../../shared/domain/policy/policy.ts';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';

export interface Session {
  readonly from: string;
  readonly to: string;
  readonly source: string;
  readonly destination: string;
  /** Interface behind the destination. */
  readonly interface: string;
  readonly protocol: number;
  /** Destination port, ICMP type, or 0. */
  readonly port: number;
  readonly sourcePort: number;
  readonly application: string;
}

export type World = (unknown: string, value: string) => boolean;
export const none: World = () => false;
export const all: World = () => true;

const bitsBefore = new Map<string, string>();

/** The address as a string of bits, which compares like the number. */
export const bitsOf = (address: string): string => {
  const bits = bitsBefore.get(address) ?? readBits(address);
  bitsBefore.set(address, bits);
  return bits;
};

const readBits = (address: string): string => {
  if (!address.includes(':')) {
    return address
      .split('.')
      .map((octet) => Number(octet).toString(2).padStart(8, '0'))
      .join('');
  }
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...middle, ...right]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
};

const looksLikeAddress = (text: string): boolean => /^[0-9.]+$|^[0-9a-f:]*:[0-9a-f:]*$/.test(text);

export const inCidr = (address: string, cidr: string): boolean => {
  const [network = '', prefix] = cidr.split('/');
  const bits = bitsOf(address);
  const wanted = bitsOf(network);
  if (bits.length !== wanted.length) return false;
  const length = prefix === undefined ? wanted.length : Number(prefix);
  return bits.startsWith(wanted.slice(0, length));
};

const inRange = (address: string, range: string): boolean => {
  const [from = '', to = ''] = range.split('-').map(bitsOf);
  const bits = bitsOf(address);
  return bits.length === from.length && from <= bits && bits <= to;
};

const inWildcard = (address: string, wildcard: string): boolean => {
  const [base = '', mask = ''] = wildcard.split('/').map(bitsOf);
  const bits = bitsOf(address);
  return bits.length === 32 && [...bits].every((bit, at) => mask[at] === '1' || bit === base[at]);
};

const isCidr = (text: string): boolean => {
  const [network = '', prefix = '0', more] = text.split('/');
  return more === undefined && looksLikeAddress(network) && /^\d+$/.test(prefix);
};

const isRange = (text: string): boolean => {
  const [from = '', to, more] = text.split('-');
  if (to === undefined || more !== undefined || !looksLikeAddress(from) || !looksLikeAddress(to)) return false;
  return bitsOf(from).length === bitsOf(to).length && bitsOf(from) <= bitsOf(to);
};

const order = (policy: Policy): readonly ObjectScope[] => {
  const { vsys, shared, pushed, predefined } = policy.scopes;
  return [vsys, shared, pushed, predefined];
};

/** The first scope at or after `start` in which something has the name; -1 when none has. */
const scopeOf = (policy: Policy, start: number, has: (scope: ObjectScope) => boolean): number =>
  order(policy).findIndex((scope, at) => at >= start && has(scope));

const namesAddress = (name: string) => (scope: ObjectScope) =>
  scope.addresses.has(name) || scope.addressGroups.has(name) || scope.externalLists.has(name);

const groupMembers = (policy: Policy, name: string, start: number): readonly string[] => {
  const at = scopeOf(policy, start, namesAddress(name));
  const group = order(policy)[at]?.addressGroups.get(name);
  return group?.kind === 'static' ? group.members : [];
};

/** Following members from the group leads to the group again. */
const isCyclic = (policy: Policy, name: string, start: number): boolean => {
  const seen = new Set<string>();
  const visit = (current: string, from: number): boolean => {
    const scope = scopeOf(policy, from, namesAddress(current));
    for (const member of groupMembers(policy, current, from)) {
      for (const next of [0, Math.max(scope, 0)]) {
        if (
          member === name &&
          scopeOf(policy, next, namesAddress(name)) === scopeOf(policy, start, namesAddress(name))
        ) {
          return true;
        }
        const key = `${member} ${scopeOf(policy, next, namesAddress(member))}`;
        if (seen.has(key)) continue;
        seen.add(key);
        if (visit(member, next)) return true;
      }
    }
    return false;
  };
  return visit(name, start);
};

const addressMember = (policy: Policy, name: string, address: string, world: World, start = 0): boolean => {
  const unknown = () => world(name, address);
  if (order(policy).some((scope) => scope.regions.has(name))) return unknown();
  const at = scopeOf(policy, start, namesAddress(name));
  const scope = order(policy)[at];
  if (scope === undefined) {
    if (isCidr(name)) return inCidr(address, name);
    return isRange(name) ? inRange(address, name) : unknown();
  }
  const object = scope.addresses.get(name);
  const group = scope.addressGroups.get(name);
  const homonyms = [object, group, scope.externalLists.has(name) ? name : undefined];
  if (homonyms.filter((one) => one !== undefined).length > 1) return unknown();
  if (object !== undefined) {
    if (object.kind === 'ip-netmask') return inCidr(address, object.value);
    if (object.kind === 'ip-range') return inRange(address, object.value);
    if (object.kind === 'ip-wildcard') return inWildcard(address, object.value);
    return unknown();
  }
  if (group?.kind !== 'static' || group.members.length === 0 || isCyclic(policy, name, start)) return unknown();
  return group.members.some((member) => {
    const first = addressMember(policy, member, address, world, 0);
    if (scopeOf(policy, 0, namesAddress(member)) === scopeOf(policy, at, namesAddress(member))) return first;
    // Not known from where a member of a shared group is looked up.
    const second = addressMember(policy, member, address, world, at);
    return first === second ? first : world(`which ${member}`, address);
  });
};

const addressField = (policy: Policy, members: readonly string[], negated: boolean, address: string, world: World) =>
  members.some((member) => member === 'any' || addressMember(policy, member, address, world)) !== negated;

const portIn = (port: number, list: string): boolean =>
  list.split(',').some((part) => {
    const [from, to = from] = part.split('-').map(Number);
    return from !== undefined && to !== undefined && from <= port && port <= to;
  });

const isPortList = (list: string): boolean => /^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list);

const protocolOf = { tcp: 6, udp: 17, sctp: 132 } as const;

const serviceMember = (
  policy: Policy,
  name: string,
  session: Session,
  world: World,
  path: readonly string[] = [],
): boolean => {
  const unknown = () => world(name, `${session.protocol}/${session.port}`);
  const at = scopeOf(policy, 0, (scope) => scope.services.has(name) || scope.serviceGroups.has(name));
  const scope = order(policy)[at];
  const service = scope?.services.get(name);
  const group = scope?.serviceGroups.get(name);
  if (scope === undefined || (service !== undefined && group !== undefined)) return unknown();
  if (service !== undefined) {
    if (!isPortList(service.port)) return unknown();
    if (session.protocol !== protocolOf[service.protocol] || !portIn(session.port, service.port)) return false;
    return service.sourcePort === null || portIn(session.sourcePort, service.sourcePort);
  }
  if (path.includes(name)) throw new Error('the generator makes no cycles of service groups');
  return (group ?? []).some((member) => serviceMember(policy, member, session, world, [...path, name]));
};

export const applicationNamed = (policy: Policy, name: string): Application | undefined =>
  order(policy)
    .map((scope) => scope.applications.get(name))
    .find((one) => one !== undefined);

const applicationMember = (policy: Policy, name: string, session: Session, world: World): boolean => {
  const unknown = () => world(name, session.application);
  const scope = order(policy).find(
    (one) =>
      one.applications.has(name) ||
      one.applicationGroups.has(name) ||
      one.applicationContainers.has(name) ||
      one.applicationFilters.has(name),
  );
  if (scope === undefined || scope.applicationFilters.has(name)) return unknown();
  if (scope.applications.has(name)) return session.application === name;
  const members = scope.applicationGroups.get(name) ?? scope.applicationContainers.get(name) ?? [];
  return members.some((member) => applicationMember(policy, member, session, world));
};

/** Whether the session is on a default port of the application it was identified as. */
const onDefaultPort = (policy: Policy, session: Session, world: World): boolean => {
  const application = applicationNamed(policy, session.application);
  const unknown = () => world(`default of ${session.application}`, `${session.protocol}/${session.port}`);
  if (application === undefined) return unknown();
  const { defaultPorts, icmp, ipProtocol } = application;
  if (icmp !== null) return session.protocol === (icmp.family === 4 ? 1 : 58) && session.port === icmp.type;
  if (ipProtocol !== null) return session.protocol === ipProtocol;
  const dynamic = defaultPorts.length === 0 || defaultPorts.some((text) => text.endsWith('/dynamic'));
  const listed = defaultPorts.some((text) => {
    const [protocol = '', ports = ''] = text.split('/');
    if (ports === 'dynamic') return false;
    return session.protocol === protocolOf[protocol as 'tcp' | 'udp'] && portIn(session.port, ports);
  });
  return listed || (dynamic && unknown());
};

/** An application told by its protocol or ICMP type is never seen on anything else. */
export const isPossible = (policy: Policy, session: Session): boolean => {
  const application = applicationNamed(policy, session.application);
  if (application?.icmp != null) {
    return session.protocol === (application.icmp.family === 4 ? 1 : 58) && session.port === application.icmp.type;
  }
  return application?.ipProtocol == null || session.protocol === application.ipProtocol;
};

const applicationAndService = (policy: Policy, rule: SecurityRule, session: Session, world: World): boolean => {
  const application = rule.application.some(
    (member) => member === 'any' || applicationMember(policy, member, session, world),
  );
  if (!application) return false;
  return rule.service.some((member) => {
    if (member === 'any') return true;
    if (member === 'application-default') return onDefaultPort(policy, session, world);
    return serviceMember(policy, member, session, world);
  });
};

const zoneField = (rule: SecurityRule, session: Session): boolean => {
  const has = (zones: readonly string[], zone: string) => zones.some((one) => one === 'any' || one === zone);
  if (!has(rule.from, session.from) || !has(rule.to, session.to)) return false;
  if (rule.ruleType === 'intrazone') return session.from === session.to;
  if (rule.ruleType === 'interzone') return session.from !== session.to;
  return true;
};

const fieldCount = 4;

/** One field of a rule, true or false for a session in a world. */
const field = (policy: Policy, rule: SecurityRule, session: Session, world: World, at: number): boolean => {
  switch (at) {
    case 0:
      return !rule.disabled && zoneField(rule, session);
    case 1:
      return addressField(policy, rule.source, rule.negateSource, session.source, world);
    case 2:
      return addressField(policy, rule.destination, rule.negateDestination, session.destination, world);
    case 3:
      return applicationAndService(policy, rule, session, world);
    default:
      return world(`${rule.name} ${rule.restrictions[at - fieldCount]}`, JSON.stringify(session));
  }
};

/** Whether a rule matches a session in one world: when every field does. Each field is asked once per value. */
export const matcher = (policy: Policy, rule: SecurityRule, world: World): ((session: Session) => boolean) => {
  const before = new Map<string, boolean>();
  return (session) => {
    for (let at = 0; at < fieldCount + rule.restrictions.length; at += 1) {
      const key = `${at} ${lookedAt(session, at)}`;
      const answer = before.get(key) ?? field(policy, rule, session, world, at);
      before.set(key, answer);
      if (!answer) return false;
    }
    return true;
  };
};

/** What of a session a field looks at. */
const lookedAt = (session: Session, at: number): string => {
  const { from, to, source, destination, application, protocol, port, sourcePort } = session;
  switch (at) {
    case 0:
      return `${from} ${to}`;
    case 1:
      return source;
    case 2:
      return destination;
    case 3:
      return `${application} ${protocol} ${port} ${sourcePort}`;
    default:
      return JSON.stringify(session);
  }
};

type Certainty = 'no' | 'perhaps' | 'yes';

/** What each field of a rule says of a session when nothing or everything unknown matches; asked once per value. */
const remembered = new WeakMap<SecurityRule, Map<string, Certainty>>();

const certaintyOf = (policy: Policy, rule: SecurityRule, session: Session, at: number): Certainty => {
  const value = lookedAt(session, at);
  const known = remembered.get(rule) ?? new Map<string, Certainty>();
  remembered.set(rule, known);
  const before = known.get(`${at} ${value}`);
  if (before !== undefined) return before;
  const worst = field(policy, rule, session, none, at);
  const best = field(policy, rule, session, all, at);
  const certainty = worst && best ? 'yes' : worst || best ? 'perhaps' : 'no';
  known.set(`${at} ${value}`, certainty);
  return certainty;
};

/** Whether the rule matches the session in every world, in some, or in none, as far as each field alone can tell. */
export const certainty = (policy: Policy, rule: SecurityRule, session: Session): Certainty => {
  let result: Certainty = rule.restrictions.length > 0 ? 'perhaps' : 'yes';
  for (let at = 0; at < fieldCount; at += 1) {
    const one = certaintyOf(policy, rule, session, at);
    if (one === 'no') return 'no';
    if (one === 'perhaps') result = 'perhaps';
  }
  return result;
};

/** Where rules of ours stand: before this place in the policy. A default rule as bottom means: after the last local rule. */
export const bottomAt = (rules: readonly SecurityRule[], bottomRule: string): number =>
  bottomRule.endsWith('-default')
    ? rules.findLastIndex(({ rulebase }) => rulebase === 'local' || rulebase === 'pushed-pre') + 1
    : rules.findIndex(({ rulebase, name }) => rulebase === 'local' && name === bottomRule);

/** True when a candidate, once it is a rule, matches the session. */
export const candidateMatches = (candidate: CandidateRule, session: Session): boolean => {
  const { service } = candidate;
  return (
    session.from === candidate.from &&
    session.to === candidate.to &&
    candidate.sources.some(({ source }) => inCidr(session.source, source)) &&
    candidate.destinations.some(({ address }) => inCidr(session.destination, address)) &&
    (candidate.application.includes('any') || candidate.application.includes(session.application)) &&
    (service.kind === 'any' ||
      (session.protocol === protocolOf[service.protocol] &&
        service.ports.from <= session.port &&
        session.port <= service.ports.to))
  );
};
