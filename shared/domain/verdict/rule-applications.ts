import { findApplication, type GroupPlace, isOnCycle } from '../policy/object-look-up.ts';
import type { Application, ObjectScope } from '../policy/policy.ts';
import {
  type ApplicationSet,
  everyApplication,
  noApplication,
  onlyApplications,
  uniteApplications,
} from '../sets/application-sets.ts';
import type { Estimate } from '../sets/estimates.ts';
import { emptyLine, isEmptyLine, type Line, sameLine, uniteAll } from '../sets/lines.ts';
import { icmpLine, onProtocol, portList, protocolLine, wholeTraffic } from '../sets/traffic-lines.ts';

type Applications = Estimate<ApplicationSet>;

const unknown = (why: string): Applications => ({ sure: noApplication, maybe: everyApplication, doubts: [why] });

const allOf = (parts: readonly Applications[]): Applications => ({
  sure: parts.map((part) => part.sure).reduce(uniteApplications, noApplication),
  maybe: parts.map((part) => part.maybe).reduce(uniteApplications, noApplication),
  doubts: [...new Set(parts.flatMap((part) => part.doubts))],
});

/**
 * `tcp/80,8080` as a line. Null for `tcp/dynamic` and for anything else that is no port list: it is not known which
 * ports `application-default` then lets through.
 */
const defaultPortsLine = (text: string): Line | null => {
  const [protocol, ports, more] = text.split('/');
  if (ports === undefined || more !== undefined) return null;
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') return null;
  const list = portList(ports);
  return list === null ? null : onProtocol(protocol, list);
};

/**
 * Applications told by IP protocol or ICMP type are never seen on anything else.
 * INFERRED from the element names `ident-by-ip-protocol` and `ident-by-icmp-type`. Were it otherwise, a candidate for
 * such an application would leave those odd sessions where the policy above the bottom rule left them.
 */
const onlyOn = (application: Application): Line | null => {
  if (application.defaultPorts.length > 0) return null;
  if (application.icmp !== null) {
    return icmpLine(application.icmp.family, application.icmp.type, application.icmp.code);
  }
  return application.ipProtocol === null ? null : protocolLine(application.ipProtocol);
};

const defaultsOf = (name: string, application: Application | null): Estimate<Line> => {
  const doubts = [`default ports of application "${name}"`];
  if (application === null) return { sure: emptyLine, maybe: wholeTraffic, doubts };
  const lines = application.defaultPorts.map(defaultPortsLine);
  if (application.icmp !== null) {
    lines.push(icmpLine(application.icmp.family, application.icmp.type, application.icmp.code));
  } else if (application.ipProtocol !== null) lines.push(protocolLine(application.ipProtocol));
  const sure = uniteAll(lines.filter((line) => line !== null));
  if (lines.length > 0 && lines.every((line) => line !== null)) return { sure, maybe: sure, doubts: [] };
  return { sure, maybe: wholeTraffic, doubts };
};

/** Applications with the same default traffic. */
export interface DefaultTraffic {
  readonly traffic: Line;
  readonly applications: ReadonlySet<string>;
}

export interface AllDefaults {
  readonly groups: readonly DefaultTraffic[];
  /** Applications of whose default traffic nothing more is possible. */
  readonly exact: ReadonlySet<string>;
}

/** What one policy knows of applications; every name is resolved once. */
export interface ApplicationReader {
  /** What the application column of a rule matches, as far as names go. Implicit uses never count. */
  readonly column: (members: readonly string[]) => Applications;
  /** Every application a candidate with this column might match; a name that is not defined stands for itself. */
  readonly atMost: (members: readonly string[]) => ApplicationSet;
  /** The only traffic an application is seen on; null when there is no such limit, or none known. */
  readonly onlyOn: (name: string) => Line | null;
  /** What `application-default` means for one application. */
  readonly defaults: (name: string) => Estimate<Line>;
  /** What `application-default` surely means for every application of the device. */
  readonly allDefaults: () => AllDefaults;
}

export const applicationReader = (scopes: readonly ObjectScope[]): ApplicationReader => {
  const resolved = new Map<string, Applications>();
  const defaultTraffic = new Map<string, Estimate<Line>>();
  let everyDefault: AllDefaults | null = null;

  const groupsInside = ({ name }: GroupPlace): readonly GroupPlace[] => {
    const found = findApplication(scopes, name, 0);
    if (found?.entry.kind !== 'group') return [];
    return found.entry.members
      .filter((member) => findApplication(scopes, member, 0)?.entry.kind === 'group')
      .map((member) => ({ name: member, from: 0 }));
  };

  const ofGroup = (name: string, members: readonly string[], scope: number): Applications => {
    if (isOnCycle({ name, from: 0 }, groupsInside)) return unknown(`application group "${name}" contains itself`);
    return allOf(
      members.map((member) => {
        // INFERRED either way: whether a member of a shared group is looked up from the vsys or from its own scope on.
        const differs = findApplication(scopes, member, 0)?.scope !== findApplication(scopes, member, scope)?.scope;
        return differs ? unknown(`"${member}" means different applications in different scopes`) : resolve(member);
      }),
    );
  };

  const find = (name: string): Applications => {
    const found = findApplication(scopes, name, 0);
    if (found === null) return unknown(`application "${name}" is not defined`);
    switch (found.entry.kind) {
      case 'application': {
        const set = onlyApplications([name]);
        return { sure: set, maybe: set, doubts: [] };
      }
      case 'group':
        return ofGroup(name, found.entry.members, found.scope);
      case 'filter':
        return unknown(`application filter "${name}"`);
      case 'ambiguous':
        return unknown(`"${name}" is the name of several applications`);
    }
  };

  const resolve = (name: string): Applications => {
    const before = resolved.get(name);
    if (before !== undefined) return before;
    const applications = find(name);
    resolved.set(name, applications);
    return applications;
  };

  const definition = (name: string): Application | null => {
    for (const scope of scopes) {
      const application = scope.applications.get(name);
      if (application !== undefined) return application;
    }
    return null;
  };

  const defaults = (name: string): Estimate<Line> => {
    const before = defaultTraffic.get(name);
    if (before !== undefined) return before;
    const line = defaultsOf(name, definition(name));
    defaultTraffic.set(name, line);
    return line;
  };

  const readAllDefaults = (): AllDefaults => {
    const exact = new Set<string>();
    const byTraffic = new Map<string, { traffic: Line; applications: Set<string> }>();
    for (const name of new Set(scopes.flatMap((scope) => [...scope.applications.keys()]))) {
      const { sure, maybe } = defaults(name);
      if (sameLine(sure, maybe)) exact.add(name);
      if (isEmptyLine(sure)) continue;
      const key = sure.join(' ');
      const same = byTraffic.get(key);
      if (same === undefined) byTraffic.set(key, { traffic: sure, applications: new Set([name]) });
      else same.applications.add(name);
    }
    return { groups: [...byTraffic.values()], exact };
  };

  return {
    column: (members) => {
      if (members.includes('any')) return { sure: everyApplication, maybe: everyApplication, doubts: [] };
      return members.length === 0 ? unknown('no application is given') : allOf(members.map(resolve));
    },
    atMost: (members) =>
      members
        .map((name) => {
          if (name === 'any') return everyApplication;
          return findApplication(scopes, name, 0) === null ? onlyApplications([name]) : resolve(name).maybe;
        })
        .reduce(uniteApplications, noApplication),
    onlyOn: (name) => {
      const application = definition(name);
      return application === null ? null : onlyOn(application);
    },
    defaults,
    allDefaults: () => {
      everyDefault ??= readAllDefaults();
      return everyDefault;
    },
  };
};
