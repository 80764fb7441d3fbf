import { byTrafficColumn, localRules, type Policy, type SecurityRule } from '../policy/policy.ts';
import { contentOfRule, differences, portText } from '../rules/rule-content.ts';
import { type AddressFamily, cidrsOf, lineOfCidrs, wholeFamily } from '../sets/addresses.ts';
import type { ApplicationSet } from '../sets/application-sets.ts';
import { type Box, cut, joinBoxes } from '../sets/boxes.ts';
import { intersect, isEmptyLine, type Line, lineCovers } from '../sets/lines.ts';
import type { Traffic } from '../sets/traffic.ts';
import { trafficTexts } from '../sets/traffic-lines.ts';
import type { Closure } from '../verdict/closure-sets.ts';
import { type RuleReader, ruleReader } from '../verdict/rule-sets.ts';
import type { RuleRecord } from './ownership.ts';

/** Sessions as plain data: sources as CIDRs, the others as the edges of their lines. */
export interface ClosedSessions {
  readonly source: readonly string[];
  /** Protocol and port as one number, where membership changes (`traffic-lines`). */
  readonly traffic: readonly number[];
  readonly sourcePort: readonly number[];
  readonly applications: { readonly kind: ApplicationSet['kind']; readonly names: readonly string[] };
}

/**
 * What an administrator closed in a rule of ours, for one instance: it stays closed on all its addresses, whichever grant,
 * group, port range or rule would open it, until he opens it again or nothing is left that it could be about.
 */
export interface ClosureRecord {
  readonly format: 1;
  /** `RECORD INSTANCE`; the record's key. */
  readonly id: string;
  /** The record of the rule he closed it in, and the name the rule was last seen under. */
  readonly record: string;
  readonly rule: string;
  /** Whom it belongs to: an instance, an interface that belongs to none, or, with `traffic`, a group. */
  readonly instance: string;
  /**
   * Of what was closed in a rule that is a group's: it is closed for every instance that the group grants this traffic, for those that join
   * later as well. It ends by being opened again only. Absent: it belongs to the one instance.
   */
  readonly traffic?: Traffic;
  readonly family: AddressFamily;
  /** Zone of the sources and zone of the protected addresses. */
  readonly from: string;
  readonly to: string;
  readonly sessions: readonly ClosedSessions[];
  /** Since when no permission has granted any of it, in milliseconds since the epoch; null while one does, or that is not known. */
  readonly ungrantedSince: number | null;
  /** Fence of the turn that wrote this item last. */
  readonly fence: number;
}

/** A closure before it is written. */
export type Closed = Omit<ClosureRecord, 'fence'>;

const boxOf = (family: AddressFamily, { source, traffic, sourcePort, applications }: ClosedSessions): Box => ({
  source: lineOfCidrs(source, family),
  destination: wholeFamily[family],
  traffic,
  sourcePort,
  applications: { kind: applications.kind, names: new Set(applications.names) },
});

const sessionsIn = (family: AddressFamily, boxes: readonly Box[]): readonly ClosedSessions[] =>
  joinBoxes(boxes).map(({ source, traffic, sourcePort, applications }) => ({
    source: cidrsOf(source, family),
    traffic: traffic.map(Number),
    sourcePort: sourcePort.map(Number),
    applications: { kind: applications.kind, names: [...applications.names].sort() },
  }));

/** A closure as the verdict takes it. */
export const asClosure = ({ rule, instance, family, from, to, sessions }: Closed): Closure => ({
  rule,
  instance,
  family,
  from,
  to,
  boxes: sessions.map((each) => boxOf(family, each)),
});

const mostTexts = 4;
const some = (texts: readonly string[]): string =>
  `${texts.slice(0, mostTexts - 1).join(', ')}${texts.length >= mostTexts ? ' and more' : ''}`;

/** `closed in "i-1-1" for i-1: tcp/443 from 0.0.0.0/0` */
export const closureText = ({ rule, instance, family, sessions }: Closed): string => {
  const parts = sessions.map(({ source, traffic, applications: { kind, names } }) => {
    const named = names.length === 0 ? '' : ` ${kind === 'only' ? 'as' : 'but for'} ${some(names)}`;
    return `${some(trafficTexts(traffic))}${named} from ${some(source)}`;
  });
  return `closed in "${rule}" for ${instance} (IPv${family}): ${some(parts)}`;
};

/** The zones a rule was written with; rules of ours have one on each side. */
const zonesOf = ({ content }: RuleRecord): { readonly from: string; readonly to: string } => {
  const [from = 'any'] = content.from;
  const [to = 'any'] = content.to;
  return { from, to };
};

/** The rule as it was written. */
const asWritten = ({ content }: RuleRecord, rule: SecurityRule): SecurityRule => ({
  ...rule,
  ...byTrafficColumn((column) => content[column]),
  action: 'allow',
  disabled: false,
  negateSource: false,
  negateDestination: false,
  ruleType: 'universal',
  restrictions: [],
});

/** The policy in which the service objects of these rules say what was written. */
const withServicesAsWritten = (policy: Policy, records: readonly RuleRecord[]): Policy => {
  const services = new Map(policy.scopes.vsys.services);
  for (const { service, content } of records) {
    if (service.kind === 'any') continue;
    const { protocol, ports } = service;
    for (const name of content.service) services.set(name, { protocol, port: portText(ports), sourcePort: null });
  }
  const vsys = { ...policy.scopes.vsys, services };
  return { ...policy, scopes: { ...policy.scopes, vsys } };
};

/** What an enabled rule surely matches between two zones. */
const sureBoxes = (
  rule: SecurityRule,
  reader: RuleReader,
  family: AddressFamily,
  isBetween: (sets: ReturnType<RuleReader['sets']>) => boolean,
): readonly Box[] => {
  if (rule.disabled || rule.action !== 'allow') return [];
  const sets = reader.sets(rule, null);
  if (!sets.everSure || !isBetween(sets)) return [];
  const source = sets.source.sure[family];
  const destination = sets.destination.sure[family];
  return sets.slots.sure.map((slot) => ({ ...slot, source, destination }));
};

const without = (boxes: readonly Box[], taken: readonly Box[]): readonly Box[] =>
  taken.reduce<readonly Box[]>((left, by) => left.flatMap((box) => cut(box, by).rest), boxes);

const trafficFields: readonly string[] = ['from', 'to', 'source', 'destination', 'application', 'service', 'action'];

const isTouched = (record: RuleRecord, rule: SecurityRule, policy: Policy): boolean => {
  const { service } = record;
  const isServiceAsMade = (name: string): boolean => {
    const object = policy.scopes.vsys.services.get(name);
    if (service.kind === 'any' || object === undefined) return true;
    return (
      object.protocol === service.protocol && object.port === portText(service.ports) && object.sourcePort === null
    );
  };
  return (
    rule.disabled ||
    rule.negateSource ||
    rule.negateDestination ||
    rule.restrictions.length > 0 ||
    rule.ruleType !== 'universal' ||
    !rule.service.every(isServiceAsMade) ||
    differences(contentOfRule(rule), record.content).some((field) => trafficFields.includes(field))
  );
};

/** A rule of ours that stands in a configuration. */
interface StandingRule {
  readonly record: RuleRecord;
  readonly rule: SecurityRule;
}

/** The rules of ours in a configuration, by their uuid. */
export const standingIn = (policy: Policy, records: readonly RuleRecord[]): readonly StandingRule[] => {
  const byUuid = new Map(localRules(policy).map((rule) => [rule.uuid, rule] as const));
  return records.flatMap((record) => {
    const rule = record.uuid === null || record.state !== 'owned' ? undefined : byUuid.get(record.uuid);
    return rule === undefined ? [] : [{ record, rule }];
  });
};

/** A rule that is its group's, where rules are kept by group. */
const isOfGroup = ({ id, group }: RuleRecord): boolean => id.startsWith(`${group}-`);

/**
 * What administrators have closed in rules of ours, as one configuration says: what was written, less what the rule surely lets
 * through now, and less what other rules of ours let through. A zone or object renamed closes nothing: only values count, and a
 * written zone that is on the firewall no more has been renamed. One closure for each rule and instance; `byGroup`: what is closed
 * for all addresses of a group's rule is one for the group.
 */
export const closedIn = (policy: Policy, records: readonly RuleRecord[], byGroup = false): readonly Closed[] => {
  const standing = standingIn(policy, records);
  const touched = standing.filter(({ record, rule }) => isTouched(record, rule, policy));
  if (touched.length === 0) return [];
  const now = ruleReader(policy);
  const then = ruleReader(withServicesAsWritten(policy, records));
  const exists = (zone: string): boolean =>
    [policy.scopes.vsys, policy.scopes.shared, policy.scopes.pushed].some((scope) => scope.zones.has(zone));
  return touched.flatMap(({ record, rule }) => {
    const { family } = record;
    const { from, to } = zonesOf(record);
    const isRenamed = !exists(from) || !exists(to);
    const isBetween: Parameters<typeof sureBoxes>[3] = (sets) => isRenamed || sets.zones(from, to) === 'yes';
    const written = sureBoxes(asWritten(record, rule), then, family, () => true);
    const open = standing
      .filter((each) => each.record.family === family)
      .flatMap((each) => sureBoxes(each.rule, now, family, isBetween));
    const closed = without(written, open);
    const byInstance = Map.groupBy(record.contributions.destinations, (destination) => destination.instance);
    const addressesOf = (destinations: RuleRecord['contributions']['destinations']): Line =>
      lineOfCidrs([...new Set(destinations.map(({ address }) => address))], family);
    const closureOf = (instance: string, boxes: readonly Box[], traffic?: Traffic): readonly Closed[] => {
      if (boxes.length === 0) return [];
      return [
        {
          format: 1,
          id: `${record.id} ${instance}`,
          record: record.id,
          rule: rule.name,
          instance,
          ...(traffic === undefined ? {} : { traffic }),
          family,
          from,
          to,
          sessions: sessionsIn(
            family,
            boxes.map((box) => ({ ...box, destination: wholeFamily[family] })),
          ),
          ungrantedSince: null,
        },
      ];
    };
    const all = addressesOf(record.contributions.destinations);
    const forGroup =
      byGroup && isOfGroup(record) ? closed.filter(({ destination }) => lineCovers(destination, all)) : [];
    const forSome = closed.filter((box) => !forGroup.includes(box));
    return [
      ...closureOf(record.group, forGroup, record.traffic),
      ...[...byInstance].flatMap(([instance, destinations]): readonly Closed[] => {
        const addresses = addressesOf(destinations);
        return closureOf(
          instance,
          forSome.filter((box) => !isEmptyLine(intersect(box.destination, addresses))),
        );
      }),
    ];
  });
};

/** What is left of a closure whose rule stands without its instance, less what was closed in it for others and is let through for them now. */
export const leftOf = (
  closure: ClosureRecord,
  { record, rule }: StandingRule,
  policy: Policy,
  stored: readonly ClosureRecord[],
): Closed | null => {
  const { family } = closure;
  // Only what was closed for others as well can have been opened again by what the rule lets through for them now.
  const forOthers = stored
    .filter((each) => each.record === closure.record && each.instance !== closure.instance)
    .flatMap((each) => asClosure(each).boxes);
  const open = sureBoxes(rule, ruleReader(policy), record.family, () => true).map((box) => ({
    ...box,
    destination: wholeFamily[family],
  }));
  const notForOthers = without(asClosure(closure).boxes, forOthers);
  const alsoForOthers = without(asClosure(closure).boxes, notForOthers);
  const left = [...notForOthers, ...without(alsoForOthers, record.family === family ? open : [])];
  const { fence: _fence, ...closed } = closure;
  return left.length === 0 ? null : { ...closed, sessions: sessionsIn(family, left) };
};

/** A rule that says nothing: what was written is laid over it. */
const blank: Omit<SecurityRule, keyof ReturnType<typeof contentOfRule>> = {
  name: '',
  uuid: null,
  rulebase: 'local',
  negateSource: false,
  negateDestination: false,
  ruleType: 'universal',
  disabled: false,
  restrictions: [],
  others: {},
};

/**
 * What a record of an earlier release says an administrator had taken out of a rule that is gone: it kept grants where closures
 * are kept now.
 */
export const closedByDeclined = (record: RuleRecord, policy: Policy): readonly Closed[] => {
  const { declined, family, content } = record;
  if (!declined || declined.destinations.length === 0) return [];
  const { from, to } = zonesOf(record);
  const source = [...new Set(declined.sources.map((each) => each.source))];
  const destination = [...new Set(declined.destinations.map(({ address }) => address))];
  const reader = ruleReader(withServicesAsWritten(policy, [record]));
  const boxes = sureBoxes({ ...blank, ...content, source, destination, action: 'allow' }, reader, family, () => true);
  const sessions = sessionsIn(
    family,
    boxes.map((box) => ({ ...box, destination: wholeFamily[family] })),
  );
  return [...new Set(declined.destinations.map(({ instance }) => instance))].map((instance) => ({
    format: 1,
    id: `${record.id} ${instance}`,
    record: record.id,
    rule: record.name,
    instance,
    family,
    from,
    to,
    sessions,
    ungrantedSince: null,
  }));
};
