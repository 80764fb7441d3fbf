import type { ObjectScope, Policy, ServiceObject } from '../policy/policy.ts';
import { portText, serviceName } from '../rules/rule-content.ts';
import type { RuleService } from '../rules/translation.ts';
import type { ObjectRecord } from './ownership.ts';

/** Which service object a rule uses: one that is ours and still says what we wrote, or one to be made. */
export type ServiceChoice =
  | { readonly kind: 'any' }
  | { readonly kind: 'ours'; readonly name: string }
  | { readonly kind: 'new'; readonly name: string; readonly service: Extract<RuleService, { kind: 'ports' }> };

/** The two configurations, each as it will be with what is planned. */
export interface Configurations {
  readonly candidate: Policy;
  readonly running: Policy;
}

const isTaken = (scope: ObjectScope, name: string): boolean =>
  scope.services.has(name) || scope.serviceGroups.has(name);

/**
 * Chooses the service object for a rule. Only objects recorded as ours and unchanged are used, since anybody may edit
 * another; it must say so in both configurations, since what is committed with it runs with the running one. A name that is
 * taken, in any scope of either, is passed over for the next (`tcp-443`, `tcp-443-2`, …).
 */
export const chooseService = (
  service: RuleService,
  { candidate, running }: Configurations,
  records: readonly ObjectRecord[],
  made: ReadonlyMap<string, Extract<RuleService, { kind: 'ports' }>>,
): ServiceChoice => {
  if (service.kind === 'any') return { kind: 'any' };
  const base = serviceName(service);
  const ours = new Map(records.map((record) => [record.id, record] as const));
  const scopes = [candidate, running].flatMap(({ scopes: { vsys, shared, pushed, predefined } }) => [
    vsys,
    shared,
    pushed,
    predefined,
  ]);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (made.has(name)) return { kind: 'ours', name };
    const record = ours.get(name);
    const isOurs =
      record?.state === 'owned' &&
      [candidate, running].every(({ scopes: { vsys } }) => {
        const object = vsys.services.get(name);
        return (
          object?.protocol === service.protocol &&
          object.port === portText(service.ports) &&
          object.sourcePort === null &&
          !vsys.serviceGroups.has(name)
        );
      });
    if (isOurs) return { kind: 'ours', name };
    if (!scopes.some((scope) => isTaken(scope, name))) return { kind: 'new', name, service };
  }
};

/** What the records of service objects are worth, held against the firewall. */
export interface SettledObjects {
  /** The records a plan may rely on. */
  readonly objects: readonly ObjectRecord[];
  /** Records to write as they are: objects whose making was committed by a run that died before it could say so. */
  readonly repaired: readonly ObjectRecord[];
  /** Records of objects that are not there, are not what was made, or are somebody else's by now. */
  readonly forgotten: readonly ObjectRecord[];
  /** What somebody did to objects of ours, by name. */
  readonly reports: readonly { readonly name: string; readonly text: string }[];
}

const says = (object: ServiceObject | undefined, service: Pick<ObjectRecord, 'protocol' | 'ports'>): boolean =>
  object !== undefined &&
  object.protocol === service.protocol &&
  object.port === portText(service.ports) &&
  object.sourcePort === null;

/** Of the service objects that a rule of ours names, the first that no longer says what was made; null when all do. */
export const changedService = (
  names: readonly string[],
  service: RuleService,
  { candidate, running }: Configurations,
): string | null => {
  if (service.kind === 'any') return null;
  // An edit that only one configuration shows is on its way in or out: the next run sees what came of it.
  const differs = ({ scopes: { vsys } }: Policy, name: string): boolean =>
    vsys.services.has(name) && !says(vsys.services.get(name), service);
  return names.find((name) => differs(candidate, name) && differs(running, name)) ?? null;
};

/** Who else uses a name: a rule that is not ours, or a group; null when nobody does. */
const otherUser = (name: string, policy: Policy, ownUuids: ReadonlySet<string>): string | null => {
  const rule = policy.rules.find(
    (each) => each.service.includes(name) && (each.uuid === null || !ownUuids.has(each.uuid)),
  );
  if (rule !== undefined) return `the rule "${rule.name}"`;
  for (const scope of Object.values(policy.scopes)) {
    for (const [group, members] of scope.serviceGroups)
      if (members.includes(name)) return `the service group "${group}"`;
  }
  return null;
};

/**
 * Settles half-done pairs of record and service object, and gives up those that somebody else relies on. `ownUuids`: of the
 * rules that are, were or are about to be ours.
 *
 *   record     object in candidate   in running      outcome
 *   intended   as recorded           as recorded     ours
 *   intended   anything else                         forgotten: never made, or somebody else's
 *   owned      absent                absent          forgotten: deleted, by us or by somebody
 *   owned      another value         another value   forgotten: somebody made it his own
 *   owned      used by a rule that is not ours, or by a group: forgotten: it must not change or go any more
 *   owned      otherwise                             ours
 */
export const settleObjects = (
  records: readonly ObjectRecord[],
  { candidate, running }: Configurations,
  ownUuids: ReadonlySet<string>,
): SettledObjects => {
  const repaired: ObjectRecord[] = [];
  const forgotten: ObjectRecord[] = [];
  const reports: { name: string; text: string }[] = [];
  const objects = records.flatMap((record): readonly ObjectRecord[] => {
    const staged = candidate.scopes.vsys.services.get(record.id);
    const runs = running.scopes.vsys.services.get(record.id);
    const isThere = staged !== undefined || runs !== undefined;
    const isAsMade = says(staged, record) && says(runs, record);
    const isChanged = staged !== undefined && !says(staged, record) && !says(runs, record);
    const other = otherUser(record.id, candidate, ownUuids) ?? otherUser(record.id, running, ownUuids);
    if (record.state === 'owned' && isThere && !isChanged && other === null) return [record];
    if (record.state === 'intended' && isAsMade && other === null) {
      const settled: ObjectRecord = { ...record, state: 'owned' };
      repaired.push(settled);
      return [settled];
    }
    forgotten.push(record);
    if (record.state === 'owned' && isThere) {
      const why = isChanged ? 'somebody has changed its value' : `${other ?? 'somebody'} uses it`;
      reports.push({ name: record.id, text: `The service object "${record.id}" is no longer ours: ${why}. It stays.` });
    }
    return [];
  });
  return { objects, repaired, forgotten, reports };
};

const usedIn = (policy: Policy): ReadonlySet<string> =>
  new Set([
    ...policy.rules.flatMap((rule) => rule.service),
    ...Object.values(policy.scopes).flatMap((scope) => [...scope.serviceGroups.values()].flat()),
  ]);

/**
 * Service objects of ours that no rule and no group uses any more: neither in the candidate configuration nor in the running
 * one, where a rule stands until somebody commits its deletion. One that says something else than was made is not ours.
 */
export const unusedServices = (
  { candidate, running }: Configurations,
  records: readonly ObjectRecord[],
): readonly string[] => {
  const [used, runs] = [usedIn(candidate), usedIn(running)];
  return records
    .filter((record) => record.state === 'owned' && says(candidate.scopes.vsys.services.get(record.id), record))
    .map((record) => record.id)
    .filter((name) => !used.has(name) && !runs.has(name));
};
