import { type Change, idsOf } from '../change.ts';
import { factLag } from './fact-lags.ts';
import type { SeenInstance } from './seen.ts';
import type { Observed, ToSight } from './sighted.ts';
import { contentOf, isUp, permissionKey, permissionSays, ruleSays, type Statement, stateSays } from './statements.ts';

/** Something announced that EC2 does not show: in words, and as statements that a later event may say otherwise. */
export interface Lag {
  readonly text: string;
  readonly statements: readonly Statement[];
  /** The rule whose creation is not shown: it may have been given another content since, and been revoked by that one. */
  readonly created?: { readonly rule: string; readonly groups: readonly string[] };
}

/** What has to be looked at to see what a change announced; nothing where it announced nothing. */
export const announcedIn = ({ announced, subjects }: Change): ToSight => {
  const { instanceStates, createdRules, removedRules, facts = [] } = announced;
  const { revokedPermissions = [], createdPermissions = [] } = announced;
  const groups = idsOf(subjects, 'group');
  const byId = [...createdRules, ...removedRules];
  const ruleFacts = facts.flatMap((fact) => (fact.kind === 'rule' ? [fact.id] : []));
  const inGroups = byId.length + revokedPermissions.length + createdPermissions.length > 0;
  return {
    instances: [
      ...Object.keys(instanceStates),
      ...facts.flatMap((fact) =>
        fact.kind === 'attached'
          ? [fact.instance]
          : fact.kind === 'groups' && fact.of.startsWith('i-')
            ? [fact.of]
            : [],
      ),
    ],
    groupsOfRules: inGroups ? groups : [],
    rules: [...(groups.length === 0 ? byId : []), ...ruleFacts],
    interfaces: facts.flatMap((fact) => {
      switch (fact.kind) {
        case 'groups':
          return fact.of.startsWith('eni-') ? [fact.of] : [];
        case 'address':
        case 'attached':
          return [fact.interface];
        case 'interface':
          return [fact.id];
        default:
          return [];
      }
    }),
    attachments: facts.flatMap((fact) => (fact.kind === 'detached' ? [fact.attachment] : [])),
    groups: facts.flatMap((fact) => (fact.kind === 'group deleted' ? [fact.id] : [])),
    prefixLists: facts.flatMap((fact) => (fact.kind === 'prefix list' ? [fact.id] : [])),
    routeTables: facts.flatMap((fact) => {
      if (fact.kind === 'route' || fact.kind === 'propagation') return [fact.table];
      return fact.kind === 'routes to' ? (fact.tables ?? []) : [];
    }),
    targets: facts.flatMap((fact) => (fact.kind === 'routes to' && fact.tables === null ? [fact.target] : [])),
    associations: facts.flatMap((fact) => (fact.kind === 'association' ? [fact.id] : [])),
    ranges: facts.flatMap((fact) => (fact.kind === 'range' ? [fact.association] : [])),
  };
};

/** True when EC2 says the instance was started after the event: then it shows something newer, not something older. */
const startedSince = (instance: SeenInstance, when: string): boolean =>
  instance.launchedAt !== null && instance.launchedAt.slice(0, 19) > when.slice(0, 19);

const instanceLag = (id: string, announced: string, observed: Observed, when: string): string | null => {
  const instance = observed.instances.find((each) => each.id === id);
  const shown = instance?.state ?? 'unknown';
  const text = `${id} was announced ${announced}, EC2 shows it ${shown}`;
  if (isUp(announced)) {
    if (instance === undefined || shown === 'stopped') return text;
    // None is without: the first interface comes with the instance and cannot be detached.
    return isUp(shown) && instance.interfaces.length === 0 ? `${text} without a network interface` : null;
  }
  return instance === undefined || !isUp(shown) || startedSince(instance, when) ? null : text;
};

const ruleLags = ({ announced, subjects }: Change, observed: Observed): readonly Lag[] => {
  const { createdRules, removedRules, revokedPermissions = [], createdPermissions = [] } = announced;
  const shown = new Set(observed.rules.map((rule) => rule.id));
  const contents = new Set(observed.rules.map((rule) => permissionKey(contentOf(rule))));
  const groups = idsOf(subjects, 'group');
  const revoked = new Set(revokedPermissions.map(permissionKey));
  return [
    ...createdRules
      .filter((id) => !shown.has(id))
      .map((id) => ({
        text: `${id} was created, EC2 does not show it`,
        statements: [
          ruleSays(id, true),
          ...createdPermissions
            .filter(({ rule }) => rule === id)
            .flatMap((permission) => groups.map((group) => permissionSays(group, permission, true, id))),
        ],
        created: { rule: id, groups },
      })),
    ...createdPermissions
      .filter(({ rule, ...permission }) => rule === null && !contents.has(permissionKey(permission)))
      .map((permission) => ({
        text: `${permissionKey(permission)} was granted, EC2 does not show it`,
        statements: groups.map((group) => permissionSays(group, permission, true)),
      })),
    ...removedRules
      .filter((id) => shown.has(id))
      .map((id) => ({ text: `${id} was revoked, EC2 still shows it`, statements: [ruleSays(id, false)] })),
    ...observed.rules
      .filter((rule) => !removedRules.includes(rule.id) && revoked.has(permissionKey(contentOf(rule))))
      .map((rule) => ({
        text: `${rule.id} (${rule.protocol} from ${contentOf(rule).source}) was revoked, EC2 still shows it`,
        statements: [permissionSays(rule.group, contentOf(rule), false, rule.id)],
      })),
  ];
};

/**
 * What the change announced and EC2 does not show. EC2 reads lag behind events (documented), and one read is no proof: an
 * announcement that was undone since looks the same, so the caller waits only while the change is young and no later event
 * says otherwise.
 */
export const lagsOf = (change: Change, observed: Observed): readonly Lag[] => [
  ...Object.entries(change.announced.instanceStates).flatMap(([id, state]) => {
    const text = instanceLag(id, state, observed, change.when);
    return text === null ? [] : [{ text, statements: [stateSays(id, state)] }];
  }),
  ...ruleLags(change, observed),
  ...(change.announced.facts ?? []).flatMap(
    (fact) => factLag(fact, observed, idsOf(change.subjects, 'instance')) ?? [],
  ),
];

/** The first thing announced that EC2 does not show, in words; null when EC2 shows all of it or something newer. */
export const notYetVisible = (change: Change, observed: Observed): string | null =>
  lagsOf(change, observed)[0]?.text ?? null;
