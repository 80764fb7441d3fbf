import { findService, type GroupPlace, isOnCycle } from '../policy/object-look-up.ts';
import type { ObjectScope, ServiceObject } from '../policy/policy.ts';
import { intersect, isEmptyLine, type Line, sameLine, uniteAll } from '../sets/lines.ts';
import { onProtocol, portList, wholeSourcePorts, wholeTraffic } from '../sets/traffic-lines.ts';

/** Traffic with the source ports it may come from. */
export interface Service {
  readonly traffic: Line;
  readonly sourcePort: Line;
}

export const anyService: Service = { traffic: wholeTraffic, sourcePort: wholeSourcePorts };

/** What the service column of a rule matches. */
export interface ServiceColumn {
  readonly sure: readonly Service[];
  /** With a doubt anything is possible: services have no negation that could narrow it. */
  readonly doubts: readonly string[];
  /** `application-default` is among the members. */
  readonly applicationDefault: boolean;
}

/** Services with the same source ports as one. */
const joinServices = (services: readonly Service[]): readonly Service[] => {
  const joined: { sourcePort: Line; traffic: Line[] }[] = [];
  for (const service of services) {
    const same = joined.find((other) => sameLine(other.sourcePort, service.sourcePort));
    if (same === undefined) joined.push({ sourcePort: service.sourcePort, traffic: [service.traffic] });
    else same.traffic.push(service.traffic);
  }
  return joined.map(({ sourcePort, traffic }) => ({ sourcePort, traffic: uniteAll(traffic) }));
};

const ofObject = (object: ServiceObject): Service | null => {
  const ports = portList(object.port);
  const sourcePort = object.sourcePort === null ? wholeSourcePorts : portList(object.sourcePort);
  if (ports === null || sourcePort === null || isEmptyLine(ports)) return null;
  return { traffic: onProtocol(object.protocol, ports), sourcePort: intersect(sourcePort, wholeSourcePorts) };
};

interface Resolved {
  readonly sure: readonly Service[];
  readonly doubts: readonly string[];
}

/** Reads service columns against the objects of one policy; every name is resolved once. */
export const serviceReader = (scopes: readonly ObjectScope[]): ((members: readonly string[]) => ServiceColumn) => {
  const resolved = new Map<string, Resolved>();

  const groupsInside = ({ name, from }: GroupPlace): readonly GroupPlace[] => {
    const found = findService(scopes, name, from);
    if (found?.entry.kind !== 'group') return [];
    return found.entry.members
      .filter((member) => findService(scopes, member, 0)?.entry.kind === 'group')
      .map((member) => ({ name: member, from: 0 }));
  };

  const unknown = (why: string): Resolved => ({ sure: [], doubts: [why] });

  const ofGroup = (name: string, members: readonly string[], scope: number): Resolved => {
    if (isOnCycle({ name, from: 0 }, groupsInside)) return unknown(`service group "${name}" contains itself`);
    const parts = members.map((member) => {
      // INFERRED either way: whether a member of a shared group is looked up from the vsys or from its own scope on.
      const differs = findService(scopes, member, 0)?.scope !== findService(scopes, member, scope)?.scope;
      return differs ? unknown(`"${member}" means different services in different scopes`) : resolve(member);
    });
    return { sure: joinServices(parts.flatMap((part) => part.sure)), doubts: parts.flatMap((part) => part.doubts) };
  };

  const find = (name: string): Resolved => {
    const found = findService(scopes, name, 0);
    if (found === null) return unknown(`service "${name}" is not defined`);
    switch (found.entry.kind) {
      case 'object': {
        const service = ofObject(found.entry.object);
        return service === null ? unknown(`service "${name}"`) : { sure: [service], doubts: [] };
      }
      case 'group':
        return ofGroup(name, found.entry.members, found.scope);
      case 'ambiguous':
        return unknown(`"${name}" is the name of several services`);
    }
  };

  const resolve = (name: string): Resolved => {
    const before = resolved.get(name);
    if (before !== undefined) return before;
    const services = find(name);
    resolved.set(name, services);
    return services;
  };

  return (members) => {
    const applicationDefault = members.includes('application-default');
    if (members.includes('any')) return { sure: [anyService], doubts: [], applicationDefault };
    if (members.length === 0) return { sure: [], doubts: ['no service is given'], applicationDefault };
    const parts = members.filter((member) => member !== 'application-default').map(resolve);
    return {
      sure: joinServices(parts.flatMap((part) => part.sure)),
      doubts: [...new Set(parts.flatMap((part) => part.doubts))],
      applicationDefault,
    };
  };
};
