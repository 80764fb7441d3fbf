import type { AnnouncedFact, NamedPermission } from '../announced-facts.ts';
import { type Change, idsOf } from '../change.ts';
import { canonicalCidr } from '../sets/addresses.ts';
import { trafficKey } from '../sets/traffic.ts';
import { permissionTraffic } from './permission-traffic.ts';
import type { SeenRule } from './seen.ts';

/** One thing that an event says is so from its time on. A later statement about the same that says otherwise takes its place. */
export interface Statement {
  readonly about: string;
  readonly says: string;
  /** The security group rule (sgr-…) it is about, where the event names it: two rules of one content are two things. */
  readonly rule?: string;
}

const up: ReadonlySet<string> = new Set(['pending', 'running']);

/** Whether an instance in this state, EC2's own word, lets traffic in or is about to. */
export const isUp = (state: string): boolean => up.has(state);

/** A CIDR in canonical form; other sources, and what EC2 itself would refuse, as they are. */
export const canonicalSource = (source: string): string => {
  try {
    return canonicalCidr(source);
  } catch {
    return source;
  }
};

/** The content of a rule that EC2 shows, in the terms of a record. */
export const contentOf = ({ protocol, fromPort, toPort, source }: SeenRule): NamedPermission => ({
  protocol,
  fromPort,
  toPort,
  source: source.kind === 'cidr' ? source.cidr : source.id,
});

/** One text for one content, however it was written. */
export const permissionKey = ({ protocol, fromPort, toPort, source }: NamedPermission): string => {
  const traffic = permissionTraffic(protocol, fromPort, toPort);
  const what = traffic === null ? `${protocol} ${fromPort}-${toPort}` : trafficKey(traffic);
  return `${what} from ${canonicalSource(source)}`;
};

export const stateSays = (id: string, state: string): Statement => ({
  about: `state of ${id}`,
  says: isUp(state) ? 'up' : 'down',
});

export const ruleSays = (id: string, there: boolean): Statement => ({ about: id, says: there ? 'there' : 'gone' });

export const permissionSays = (
  group: string,
  permission: NamedPermission,
  there: boolean,
  rule: string | null = null,
): Statement => ({
  about: `${group} ${permissionKey(permission)}`,
  says: there ? 'there' : 'gone',
  ...(rule === null ? {} : { rule }),
});

/** The thing that a call about the content of a rule (sgr-…) is about. */
export const contentAbout = (rule: string): string => `content of ${rule}`;

/** Of a rule that was there: that it is there under a content that a later call gave it, as said by `contentAbout`. */
export const thereAs = (group: string, { says }: Statement, rule: string): Statement => ({
  about: `${group} ${says}`,
  says: 'there',
  rule,
});

/** What a fact says, in statements. */
export const factSays = (fact: AnnouncedFact): readonly Statement[] => {
  switch (fact.kind) {
    case 'groups':
      return [{ about: `groups of ${fact.of}`, says: fact.groups.toSorted().join() }];
    case 'address': {
      const held = { about: `${fact.address} of ${fact.interface}`, says: fact.held ? 'held' : 'given up' };
      // Told apart by address alone: a record does not name the VPC, and overlapping VPCs at the same minute are rare.
      return fact.held ? [held, { about: `holder of ${fact.address}`, says: fact.interface }] : [held];
    }
    case 'attached':
      return [
        { about: `holder of ${fact.interface}`, says: fact.instance },
        ...(fact.attachment === null ? [] : [{ about: fact.attachment, says: 'there' }]),
      ];
    case 'detached':
      return [{ about: fact.attachment, says: 'gone' }];
    case 'interface':
      return [{ about: fact.id, says: fact.there ? 'there' : 'gone' }];
    case 'rule':
      return [
        { about: contentAbout(fact.id), says: permissionKey(fact.permission) },
        permissionSays(fact.group, fact.permission, true, fact.id),
        ruleSays(fact.id, true),
      ];
    case 'group deleted':
      return [{ about: fact.id, says: 'gone' }];
    case 'prefix list':
      return [
        {
          about: `entries of ${fact.id}`,
          says: `version ${fact.version} with ${fact.added.join()} without ${fact.removed.join()}`,
        },
      ];
    case 'route':
      return [{ about: `route of ${fact.table} to ${fact.destination}`, says: fact.target ?? 'none' }];
    case 'association':
      return [{ about: fact.id, says: fact.table ?? 'gone' }];
    case 'range':
      return [{ about: fact.association, says: fact.there ? 'there' : 'gone' }];
    case 'propagation':
      return [{ about: `routes of ${fact.gateway} in ${fact.table}`, says: fact.on ? 'learned' : 'not learned' }];
    case 'routes to':
      return (fact.tables ?? ['any table']).map((table) => ({
        about: `routes to ${fact.target} in ${table}`,
        says: fact.there ? 'there' : 'gone',
      }));
  }
};

/** All that a change says. Its groups must have been looked up. */
export const statementsOf = ({ announced, subjects }: Change): readonly Statement[] => {
  const { instanceStates, createdRules, removedRules, revokedPermissions = [], createdPermissions = [] } = announced;
  const groups = idsOf(subjects, 'group');
  return [
    ...Object.entries(instanceStates).map(([id, state]) => stateSays(id, state)),
    ...createdRules.map((id) => ruleSays(id, true)),
    ...removedRules.map((id) => ruleSays(id, false)),
    ...groups.flatMap((group) => [
      ...createdPermissions.map(({ rule, ...permission }) => permissionSays(group, permission, true, rule)),
      ...revokedPermissions.map((permission) => permissionSays(group, permission, false)),
    ]),
    ...(announced.facts ?? []).flatMap(factSays),
  ];
};

/** Whether the later of two statements takes the place of the earlier one. */
export const saysOtherwise = (earlier: Statement, later: Statement): boolean =>
  earlier.about === later.about &&
  earlier.says !== later.says &&
  (earlier.rule === undefined || later.rule === undefined || earlier.rule === later.rule);
