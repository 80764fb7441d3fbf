import { type Change, idsOf } from '../change.ts';
import { permissionTraffic } from '../grants/permission-traffic.ts';
import { canonicalCidr } from '../sets/addresses.ts';
import { type Traffic, trafficKey } from '../sets/traffic.ts';

/** What the events in hand announced to be gone, however long ago: EC2 may have forgotten it meanwhile. */
export interface Announcements {
  /** Whether the instance was announced stopped or terminated. */
  readonly isDown: (instance: string) => boolean;
  /** Whether the interface itself was announced deleted. */
  readonly isDeleted: (networkInterface: string) => boolean;
  /** Whether the permission was announced revoked, or its group deleted. `from`: a range, or a prefix list. */
  readonly isRevoked: (
    grants: { readonly group: string; readonly traffic: Traffic },
    source: { readonly securityGroupRule: string; readonly from: string },
  ) => boolean;
  /** Whether a prefix list was changed that this group names. */
  readonly changesLists: (group: string) => boolean;
  /** Whether routes that this table decides were changed; also where a change does not say of which table. */
  readonly changesRoutesOf: (table: string | null) => boolean;
}

const down: ReadonlySet<string> = new Set(['stopping', 'stopped', 'shutting-down', 'terminated']);

/** Calls by which an interface may stop routing through the firewall, or a source become local. */
const routeCalls: ReadonlySet<string> = new Set([
  'ReplaceRoute',
  'DeleteRoute',
  'CreateRoute',
  'AssociateRouteTable',
  'DisassociateRouteTable',
  'ReplaceRouteTableAssociation',
  'AssociateVpcCidrBlock',
  'DisassociateVpcCidrBlock',
]);
const listCalls: ReadonlySet<string> = new Set(['ModifyManagedPrefixList', 'RestoreManagedPrefixListVersion']);

const canonical = (source: string): string => {
  try {
    return canonicalCidr(source);
  } catch {
    return source; // A prefix list's id.
  }
};

/** Whether all that a change announced takes something away: it has nothing to open. */
export const onlyTakesAway = ({ kind, announced }: Change): boolean => {
  const { instanceStates, createdRules, removedRules, revokedPermissions = [] } = announced;
  const states = Object.values(instanceStates);
  const takes =
    states.length + removedRules.length + revokedPermissions.length > 0 ||
    ['DeleteSecurityGroup', 'DeleteNetworkInterface'].includes(kind);
  return takes && createdRules.length === 0 && states.every((state) => down.has(state));
};

/** The route tables that a change is about; null when it may be any. */
const tablesOf = ({ announced: { facts = [] } }: Change): readonly string[] | null => {
  const named = facts.map((fact) => {
    if (fact.kind === 'route' || fact.kind === 'propagation') return [fact.table];
    if (fact.kind === 'association') return fact.table === null ? null : [fact.table];
    return fact.kind === 'routes to' ? fact.tables : null;
  });
  return named.length === 0 || named.includes(null) ? null : named.flatMap((tables) => tables ?? []);
};

export const announcedBy = (changes: readonly Change[]): Announcements => {
  const states = new Map<string, string>();
  const revoked = new Set<string>();
  const contents = new Set<string>();
  const deleted = new Set<string>();
  const relisted = new Set<string>();
  const content = (group: string, traffic: Traffic, from: string): string => `${group} ${trafficKey(traffic)} ${from}`;
  for (const { kind, subjects, announced } of changes.toSorted((a, b) => (a.when < b.when ? -1 : 1))) {
    const groups = idsOf(subjects, 'group');
    // Of several announcements about one instance the last one counts.
    for (const [id, state] of Object.entries(announced.instanceStates)) states.set(id, state);
    for (const id of announced.removedRules) revoked.add(id);
    for (const { protocol, fromPort, toPort, source } of announced.revokedPermissions ?? []) {
      const traffic = permissionTraffic(protocol, fromPort, toPort);
      if (traffic !== null) for (const group of groups) contents.add(content(group, traffic, canonical(source)));
    }
    if (kind === 'DeleteSecurityGroup') for (const group of groups) deleted.add(group);
    if (listCalls.has(kind)) for (const group of groups) relisted.add(group);
  }
  const interfaces = new Set(
    changes.flatMap(({ kind, subjects }) => (kind === 'DeleteNetworkInterface' ? idsOf(subjects, 'interface') : [])),
  );
  const rerouting = changes.filter(({ kind }) => routeCalls.has(kind)).map(tablesOf);
  return {
    isDeleted: (id) => interfaces.has(id),
    isDown: (instance) => down.has(states.get(instance) ?? ''),
    isRevoked: ({ group, traffic }, { securityGroupRule, from }) =>
      deleted.has(group) || revoked.has(securityGroupRule) || contents.has(content(group, traffic, from)),
    changesLists: (group) => relisted.has(group),
    changesRoutesOf: (table) => rerouting.some((tables) => tables === null || table === null || tables.includes(table)),
  };
};
