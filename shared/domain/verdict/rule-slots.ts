import { type ApplicationSet, onlyApplications, uniteApplications } from '../sets/application-sets.ts';
import type { Estimate } from '../sets/estimates.ts';
import { intersect, isEmptyLine, type Line, linesOverlap } from '../sets/lines.ts';
import { wholeSourcePorts, wholeTraffic } from '../sets/traffic-lines.ts';
import type { ApplicationReader } from './rule-applications.ts';
import { anyService, type Service, type ServiceColumn } from './service-sets.ts';

/**
 * Traffic with the applications that may be seen on it: what the service and application columns say together. A rule
 * has several, since `application-default` gives each application its own ports and the columns are not cross-joined.
 */
export interface Slot {
  readonly traffic: Line;
  readonly sourcePort: Line;
  readonly applications: ApplicationSet;
}

/** Applications on explicit services. Applications that are only ever seen on some traffic are kept to it. */
export const explicitSlots = (
  applications: ApplicationSet,
  services: readonly Service[],
  onlyOn: (name: string) => Line | null,
): readonly Slot[] => {
  if (applications.kind === 'except') return services.map((service) => ({ ...service, applications }));
  const free: string[] = [];
  const bound: { name: string; traffic: Line }[] = [];
  for (const name of applications.names) {
    const traffic = onlyOn(name);
    if (traffic === null) free.push(name);
    else bound.push({ name, traffic });
  }
  const slots: Slot[] = [];
  for (const service of services) {
    if (free.length > 0) slots.push({ ...service, applications: onlyApplications(free) });
    for (const { name, traffic } of bound) {
      const both = intersect(service.traffic, traffic);
      if (isEmptyLine(both)) continue;
      slots.push({ traffic: both, sourcePort: service.sourcePort, applications: onlyApplications([name]) });
    }
  }
  return slots;
};

const defaultSlots = (applications: ApplicationSet, reader: ApplicationReader): Estimate<readonly Slot[]> => {
  const slot = (traffic: Line, set: ApplicationSet): Slot => ({
    traffic,
    sourcePort: wholeSourcePorts,
    applications: set,
  });
  if (applications.kind === 'except') {
    const { groups, exact } = reader.allDefaults();
    const sure = groups.map((group) => slot(group.traffic, { kind: 'only', names: group.applications }));
    return {
      sure,
      maybe: [...sure, slot(wholeTraffic, { kind: 'except', names: exact })],
      doubts: ['application-default of applications without known default ports'],
    };
  }
  const each = [...applications.names].map((name) => ({ set: onlyApplications([name]), ...reader.defaults(name) }));
  return {
    sure: each.filter(({ sure }) => !isEmptyLine(sure)).map(({ set, sure }) => slot(sure, set)),
    maybe: each.map(({ set, maybe }) => slot(maybe, set)),
    doubts: each.flatMap(({ doubts }) => doubts),
  };
};

/** What a rule's application and service columns match together. */
export const slotsOf = (
  applications: Estimate<ApplicationSet>,
  services: ServiceColumn,
  reader: ApplicationReader,
): Estimate<readonly Slot[]> => {
  const doubts = [...applications.doubts, ...services.doubts];
  const sure = [...explicitSlots(applications.sure, services.sure, reader.onlyOn)];
  const maybe = [
    ...explicitSlots(applications.maybe, services.doubts.length === 0 ? services.sure : [anyService], reader.onlyOn),
  ];
  if (services.applicationDefault) {
    const certain = defaultSlots(applications.sure, reader);
    sure.push(...certain.sure);
    maybe.push(...defaultSlots(applications.maybe, reader).maybe);
    doubts.push(...certain.doubts);
  }
  return { sure, maybe: doubts.length === 0 ? sure : maybe, doubts };
};

/** The part of the slots on this traffic; slots that are alike there become one. */
export const narrowSlots = (slots: readonly Slot[], traffic: Line): readonly Slot[] => {
  const narrowed = new Map<string, Slot>();
  for (const slot of slots) {
    if (!linesOverlap(slot.traffic, traffic)) continue;
    const both = intersect(slot.traffic, traffic);
    const key = `${both.join(' ')} from ${slot.sourcePort.join(' ')}`;
    const same = narrowed.get(key);
    narrowed.set(key, {
      traffic: both,
      sourcePort: slot.sourcePort,
      applications: same === undefined ? slot.applications : uniteApplications(same.applications, slot.applications),
    });
  }
  return [...narrowed.values()];
};
