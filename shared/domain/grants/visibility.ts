import { type Change, idsOf, type RevokedPermission } from '../change.ts';
import { canonicalCidr } from '../sets/addresses.ts';
import { trafficKey } from '../sets/traffic.ts';
import { permissionTraffic } from './permission-traffic.ts';
import type { SeenInstance, SeenRule } from './seen.ts';

/** What EC2 shows of the things a change announced. */
export interface Observed {
  readonly instances: readonly SeenInstance[];
  /** Ingress rules of the change's groups; a group EC2 does not know has none. */
  readonly rules: readonly SeenRule[];
}

/** What has to be looked at to see what a change announced; nothing where it announced nothing. */
export const announcedIn = ({
  announced,
  subjects,
}: Change): { readonly instances: readonly string[]; readonly groups: readonly string[] } => {
  const { instanceStates, createdRules, removedRules, revokedPermissions = [] } = announced;
  const rules = createdRules.length + removedRules.length + revokedPermissions.length;
  return { instances: Object.keys(instanceStates), groups: rules > 0 ? idsOf(subjects, 'group') : [] };
};

const up = new Set(['pending', 'running']);

/** True when EC2 says the instance was started after the event: then it shows something newer, not something older. */
const startedSince = (instance: SeenInstance, when: string): boolean =>
  instance.launchedAt !== null && instance.launchedAt.slice(0, 19) > when.slice(0, 19);

const instanceLag = (id: string, announced: string, observed: Observed, when: string): string | null => {
  const instance = observed.instances.find((each) => each.id === id);
  const shown = instance?.state ?? 'unknown';
  if (up.has(announced))
    return instance === undefined || shown === 'stopped'
      ? `${id} was announced ${announced}, EC2 shows it ${shown}`
      : null;
  if (instance === undefined || !up.has(shown) || startedSince(instance, when)) return null;
  return `${id} was announced ${announced}, EC2 shows it ${shown}`;
};

const sourceText = (rule: SeenRule): string => (rule.source.kind === 'cidr' ? rule.source.cidr : rule.source.id);

const canonical = (source: string): string => {
  try {
    return canonicalCidr(source);
  } catch {
    return source; // A prefix list's id, or something EC2 itself would have refused.
  }
};

const permits = (rule: SeenRule, permission: RevokedPermission): boolean => {
  const there = permissionTraffic(rule.protocol, rule.fromPort, rule.toPort);
  const revoked = permissionTraffic(permission.protocol, permission.fromPort, permission.toPort);
  if (there === null || revoked === null || trafficKey(there) !== trafficKey(revoked)) return false;
  return sourceText(rule) === canonical(permission.source);
};

/**
 * What the change announced and EC2 does not show yet, in words; null when EC2 shows all of it or something newer. EC2
 * reads lag behind events (documented), and one read is no proof: an announcement that was undone since looks the same,
 * so the caller waits only while the change is young.
 */
export const notYetVisible = (change: Change, observed: Observed): string | null => {
  const { instanceStates, createdRules, removedRules, revokedPermissions = [] } = change.announced;
  for (const [id, state] of Object.entries(instanceStates)) {
    const lag = instanceLag(id, state, observed, change.when);
    if (lag !== null) return lag;
  }
  const shown = new Set(observed.rules.map((rule) => rule.id));
  const missing = createdRules.find((id) => !shown.has(id));
  if (missing !== undefined) return `${missing} was created, EC2 does not show it`;
  const lingering = removedRules.find((id) => shown.has(id));
  if (lingering !== undefined) return `${lingering} was revoked, EC2 still shows it`;
  const still = observed.rules.find((rule) => revokedPermissions.some((permission) => permits(rule, permission)));
  return still === undefined
    ? null
    : `${still.id} (${still.protocol} from ${sourceText(still)}) was revoked, EC2 still shows it`;
};
