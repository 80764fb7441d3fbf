import { NamedError } from '../domain/errors.ts';
import type { ObjectScope, Policy } from '../domain/policy/policy.ts';
import type { Connection } from './connection.ts';
import { decryptionFrom } from './decryption-reader.ts';
import type { PlatformLimits, RuleWritingSettings } from './firewall.ts';
import { applicationsNamedBy, containerMembers, predefinedScopeFrom, scopeFrom } from './objects-reader.ts';
import { refusal } from './replies.ts';
import { getForm, showForm } from './request-forms.ts';
import { rulesFrom } from './rules-reader.ts';
import { child, childrenOf, childText, isYes, nameOf, type XmlElement } from './xml.ts';
import { entriesStep, type Places } from './xpath.ts';

/** Names in one request: the longest names (63 characters) of a batch stay well below any form size seen refused. */
const namesAtOnce = 100;

/** Nodes of the candidate at an xpath; none when nothing matches (code 7, captured). */
export const getNodes = async (
  connection: Connection,
  xpath: string,
  asked?: string,
): Promise<readonly XmlElement[]> => {
  const form = getForm(xpath);
  const reply = await connection.demand(asked === undefined ? form : { ...form, asked });
  return reply.code === 7 ? [] : (reply.result?.children ?? []);
};

/** The one node of the running configuration at an xpath; null when there is none (`No such node`, captured). */
export const showNode = async (connection: Connection, xpath: string): Promise<XmlElement | null> => {
  const form = showForm(xpath);
  const reply = await connection.ask(form);
  if (!reply.succeeded) {
    const missing = reply.http.status === 200 && reply.messages.some((text) => /^no such node/i.test(text));
    if (missing) return null;
    throw refusal(form, reply);
  }
  return reply.code === 7 ? null : (reply.result?.children[0] ?? null);
};

/** Entries of a container by name, in batches. */
export const getEntries = async (
  connection: Connection,
  container: string,
  names: readonly string[],
): Promise<readonly XmlElement[]> => {
  const batches: string[][] = [];
  for (let start = 0; start < names.length; start += namesAtOnce) batches.push(names.slice(start, start + namesAtOnce));
  const found = await Promise.all(
    batches.map((batch) =>
      getNodes(connection, `${container}/${entriesStep(batch)}`, `get ${batch.length} named entries of ${container}`),
    ),
  );
  return found.flat().filter((node) => node.name === 'entry');
};

/** The parts of a configuration that a policy is read from. */
export interface ConfigurationParts {
  readonly vsys: XmlElement | null;
  readonly shared: XmlElement | null;
}

/** The candidate configuration of the vsys and of the shared scope: two requests. */
export const candidateParts = async (connection: Connection, place: Places): Promise<ConfigurationParts> => {
  const [[vsys = null], [shared = null]] = await Promise.all([
    getNodes(connection, place.vsys),
    getNodes(connection, place.shared),
  ]);
  // Code 7 may also mean that the xpath did not reach anything: no vsys must never be read as a vsys without rules.
  if (vsys === null) {
    throw new NamedError('Misconfigured', `the firewall has no such vsys: get ${place.vsys} finds nothing`);
  }
  return { vsys, shared };
};

/** The same of the running configuration. */
export const runningParts = async (connection: Connection, place: Places): Promise<ConfigurationParts> => {
  const [vsys, shared] = await Promise.all([showNode(connection, place.vsys), showNode(connection, place.shared)]);
  return { vsys, shared };
};

/** What a Panorama pushed. It is in neither configuration of the firewall's own, so one read serves both. */
export interface PushedParts {
  readonly panorama: XmlElement | null;
  readonly vsys: XmlElement | null;
}

export const pushedParts = async (connection: Connection, place: Places, vsys: string): Promise<PushedParts> => {
  const [panorama = null] = await getNodes(connection, place.pushed);
  const entry = childrenOf(child(panorama, 'vsys'), 'entry').find((each) => nameOf(each) === vsys) ?? null;
  return { panorama, vsys: entry };
};

const keywords = new Set(['any', 'application-default']);

const scopesOf = (parts: ConfigurationParts, pushed: PushedParts): Omit<Policy['scopes'], 'predefined'> => ({
  vsys: scopeFrom(parts.vsys),
  shared: scopeFrom(parts.shared),
  pushed: scopeFrom(pushed.vsys, pushed.panorama, child(pushed.panorama, 'shared')),
});

/** Names used as applications and services that no object of the configuration explains: they may be predefined. */
const unexplained = (parts: ConfigurationParts, pushed: PushedParts) => {
  const rules = rulesFrom(parts.vsys, pushed.vsys);
  const { vsys, shared, pushed: fromPanorama } = scopesOf(parts, pushed);
  const scopes: readonly ObjectScope[] = [vsys, shared, fromPanorama];
  const applications = new Set([
    ...rules.flatMap(({ application }) => application),
    ...scopes.flatMap((scope) => [...scope.applicationGroups.values()].flat()),
    ...scopes.flatMap((scope) =>
      [...scope.applications.values()].flatMap(({ requires, implicitlyUses }) => [...requires, ...implicitlyUses]),
    ),
  ]);
  const services = new Set([
    ...rules.flatMap(({ service }) => service),
    ...scopes.flatMap((scope) => [...scope.serviceGroups.values()].flat()),
  ]);
  const unknown = (name: string, kinds: readonly (keyof ObjectScope)[]): boolean =>
    !keywords.has(name) &&
    !scopes.some((scope) =>
      kinds.some((kind) => (scope[kind] as ReadonlySet<string> | ReadonlyMap<string, unknown>).has(name)),
    );
  return {
    applications: [...applications].filter((name) =>
      unknown(name, ['applications', 'applicationGroups', 'applicationFilters']),
    ),
    services: [...services].filter((name) => unknown(name, ['services', 'serviceGroups'])),
  };
};

/**
 * The predefined objects that the configuration names or the caller asks for, with the members of containers and the
 * applications they rely on. Only named entries are read: the whole tree has thousands.
 */
export const predefinedFor = async (
  connection: Connection,
  place: Places,
  configurations: readonly ConfigurationParts[],
  pushed: PushedParts,
  wanted: { readonly applications: readonly string[]; readonly services: readonly string[] },
): Promise<ObjectScope> => {
  const named = configurations.map((parts) => unexplained(parts, pushed));
  const serviceNames = [...new Set([...wanted.services, ...named.flatMap(({ services }) => services)])];
  const reading = getEntries(connection, place.predefinedServices, serviceNames);
  // Awaited after the applications; a failure must not go unheard meanwhile.
  reading.catch(() => undefined);

  const asked = new Set<string>();
  const applications: XmlElement[] = [];
  const containers: XmlElement[] = [];
  let next = [...wanted.applications, ...named.flatMap((each) => each.applications)];
  for (;;) {
    const names = [...new Set(next)].filter((name) => !asked.has(name));
    if (names.length === 0) break;
    for (const name of names) asked.add(name);
    const [newApplications, newContainers] = await Promise.all([
      getEntries(connection, place.predefinedApplications, names),
      getEntries(connection, place.predefinedContainers, names),
    ]);
    applications.push(...newApplications);
    containers.push(...newContainers);
    next = [...newApplications.flatMap(applicationsNamedBy), ...newContainers.flatMap(containerMembers)];
  }
  return predefinedScopeFrom({ applications, containers, services: await reading });
};

/** A policy from its parts. */
export const policyFrom = (parts: ConfigurationParts, pushed: PushedParts, predefined: ObjectScope): Policy => ({
  rules: rulesFrom(parts.vsys, pushed.vsys),
  decryption: decryptionFrom(parts.vsys, pushed.vsys),
  scopes: { ...scopesOf(parts, pushed), predefined },
});

const limitFrom = (limits: XmlElement | undefined, name: string): number | null => {
  const text = childText(limits, name);
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
};

/** Platform maxima; null where the device does not say. */
export const platformLimits = async (connection: Connection, place: Places): Promise<PlatformLimits> => {
  const [limits] = await getNodes(connection, place.limits);
  return { securityRules: limitFrom(limits, 'max-policy-rule'), services: limitFrom(limits, 'max-service') };
};

/** Settings that change how rules must be written; all absent by default. */
export const ruleWritingSettings = async (connection: Connection, place: Places): Promise<RuleWritingSettings> => {
  const [settings] = await getNodes(connection, place.managementSettings);
  return {
    requireTag: isYes(settings, 'rule-require-tag'),
    requireAuditComment: isYes(settings, 'rule-require-audit-comment'),
    auditCommentRegex: childText(settings, 'rule-audit-comment-regex'),
  };
};
