import type { LeftOut } from '../grants/grants.ts';
import { findApplication, scopesInOrder } from '../policy/object-look-up.ts';
import type { Application, ObjectScope, Policy } from '../policy/policy.ts';
import { type Traffic, trafficText } from '../sets/traffic.ts';
import { expectedDefinition, hasOneCode, protocolApplications, wellKnownPorts } from './app-ids.ts';
import type { CandidateRule } from './candidate-rules.ts';

/** What of a candidate rule is not opened, and whom that concerns: interface, instance and group ids. */
export interface NotOpened extends LeftOut {
  readonly about: readonly string[];
}

/** Candidates in terms of what the device knows, and grants that it cannot express. */
export interface CheckedApplications {
  readonly candidates: readonly CandidateRule[];
  readonly leftOut: readonly NotOpened[];
}

const protocolOf = (traffic: Traffic): number | null => {
  switch (traffic.kind) {
    case 'icmp':
      return traffic.family === 4 ? 1 : 58;
    case 'protocol':
      return traffic.number;
    case 'ports':
    case 'all':
      return null;
  }
};

/** Why an application that carries a whole rule (no ports beside it) may match more than the traffic; null when not. */
const widerThan = (name: string, application: Application, traffic: Traffic): string | null => {
  const protocol = protocolOf(traffic);
  if (protocol === null) return null;
  const { ipProtocol, icmp, defaultPorts } = application;
  const expected = expectedDefinition(name);
  const said = ipProtocol !== null || icmp !== null || defaultPorts.length > 0;
  // The device may say nothing of how a predefined application is identified: its name is then what the tables rest on.
  if (!said) return expected !== null && !application.custom ? null : `${name} does not say what it is identified by`;
  if (defaultPorts.length > 0) return `${name} is identified by ports as well`;
  if (ipProtocol !== null && ipProtocol !== protocol) return `${name} is IP protocol ${ipProtocol}`;
  const all = traffic.kind === 'protocol' || (traffic.kind === 'icmp' && traffic.type === 'all');
  if (all)
    return icmp === null || icmp.family === (protocol === 58 ? 6 : 4)
      ? null
      : `${name} is for ICMP of the other family`;
  if (icmp === null || traffic.kind !== 'icmp') return `${name} is not identified by an ICMP type`;
  const sameType = icmp.family === traffic.family && icmp.type === traffic.type;
  const everyCode = icmp.code === null && traffic.code === 0 && hasOneCode(traffic);
  const sameCode = traffic.code === 'all' || icmp.code === traffic.code || everyCode;
  return sameType && sameCode ? null : `${name} is ICMP type ${icmp.type}, code ${icmp.code ?? 'any'}`;
};

/** Names an application needs and does not let through by itself, as the device says it, all the way down. */
const needsOf = (names: readonly string[], scopes: readonly ObjectScope[]): readonly string[] => {
  const found = new Set(names);
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const entry = findApplication(scopes, name, 0)?.entry;
    if (entry?.kind !== 'application') continue;
    const { requires, implicitlyUses } = entry.application;
    for (const need of requires)
      if (!implicitlyUses.includes(need) && !found.has(need)) {
        found.add(need);
        open.push(need);
      }
  }
  return [...found].filter((name) => findApplication(scopes, name, 0) !== null);
};

/** Where a candidate rule has its applications from, and how that is put right. */
const namedBy = ({ traffic }: CandidateRule): string => {
  switch (traffic.kind) {
    case 'ports': {
      const { protocol, ports } = traffic;
      return `which PORT_APPLICATIONS, or else the built-in table, gives for it; correct the name there, or set {"${protocol}/${ports.from}":["any"]} to open the port for every application`;
    }
    case 'icmp':
      return 'which ICMP_APPLICATIONS, or else the built-in table, gives for it; correct the name there';
    case 'protocol':
    case 'all':
      return 'which the built-in table gives for it';
  }
};

/** Names beside the first that the device lacks, save those of which the table says that devices name them differently. */
const lackedBy = (
  { application, service, traffic }: CandidateRule,
  scopes: readonly ObjectScope[],
): readonly string[] => {
  const [main, ...more] = application;
  if (service.kind === 'any' || traffic.kind !== 'ports') return [];
  const known = wellKnownPorts.find(
    (each) => each.application === main && each.protocol === traffic.protocol && each.port === traffic.ports.from,
  );
  return more.filter((name) => !known?.needs.includes(name) && findApplication(scopes, name, 0) === null);
};

const problemOf = (candidate: CandidateRule, scopes: readonly ObjectScope[]): string | null => {
  const [main] = candidate.application;
  // Beside ports, only the first name has to exist: the others are what it needs, and devices name that differently.
  const required = candidate.service.kind === 'any' ? candidate.application : main === undefined ? [] : [main];
  for (const name of required) {
    const entry = findApplication(scopes, name, 0)?.entry;
    if (entry === undefined) return `the firewall has no application ${name}, ${namedBy(candidate)}`;
    if (candidate.service.kind === 'ports') continue;
    if (entry.kind !== 'application') return `${name} is not one application on the firewall`;
    const wider = widerThan(name, entry.application, candidate.traffic);
    if (wider !== null) return `the firewall's ${wider}: a rule with it would not be exactly the grant`;
    const builtIn = Object.values(protocolApplications).includes(name) || expectedDefinition(name) !== null;
    if (builtIn && entry.application.custom)
      return `${name} is an application an administrator made, not the predefined one`;
  }
  return null;
};

/**
 * Holds the candidates' applications against the device: each must exist; one that carries a rule without ports must be
 * exactly the protocol or ICMP type. Beside ports, what the device says an application needs is added (the ports stay
 * the grant's, so it opens nothing more). What does not fit is left out with its reason, by security group rule.
 */
export const checkApplications = (candidates: readonly CandidateRule[], policy: Policy): CheckedApplications => {
  const scopes = scopesInOrder(policy);
  const usable: CandidateRule[] = [];
  const leftOut: NotOpened[] = [];
  const leaveOut = ({ group, sources, destinations }: CandidateRule, reason: string): void => {
    const about = [group, ...new Set(destinations.flatMap((each) => [each.instance, each.interface]))];
    for (const what of new Set(sources.map((each) => each.securityGroupRule))) leftOut.push({ what, reason, about });
  };
  for (const candidate of candidates) {
    if (candidate.application.includes('any')) {
      usable.push(candidate);
      continue;
    }
    const problem = problemOf(candidate, scopes);
    const traffic = trafficText(candidate.traffic);
    if (problem !== null) {
      leaveOut(candidate, `${traffic} is not opened: ${problem}`);
      continue;
    }
    const lacked = lackedBy(candidate, scopes);
    if (lacked.length > 0)
      leaveOut(
        candidate,
        `${traffic} is opened without what is missing: the firewall has no application ${lacked.join(', ')}, ${namedBy(candidate)}`,
      );
    const application =
      candidate.service.kind === 'any' ? candidate.application : needsOf(candidate.application, scopes);
    usable.push({ ...candidate, application });
  }
  return { candidates: usable, leftOut };
};
