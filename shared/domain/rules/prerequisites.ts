import type { ObjectScope, Policy } from '../policy/policy.ts';
import type { RuleStyle } from './rule-content.ts';

/** What the settings take for granted on the firewall. */
export interface Prerequisites {
  readonly zones: Readonly<Record<string, string>>;
  readonly style: RuleStyle;
}

const inScopes = (policy: Policy, has: (scope: ObjectScope) => boolean): boolean =>
  has(policy.scopes.vsys) || has(policy.scopes.shared) || has(policy.scopes.pushed);

/** One line for each setting that names something the firewall does not have; settings by the name they are set under. */
export const missingPrerequisites = (policy: Policy, { zones, style }: Prerequisites): readonly string[] => [
  ...Object.entries(zones)
    .filter(([, zone]) => !inScopes(policy, (scope) => scope.zones.has(zone)))
    .map(([setting, zone]) => `${setting}: the firewall has no zone "${zone}"`),
  ...(style.profileGroup !== null && !inScopes(policy, (scope) => scope.profileGroups.has(style.profileGroup ?? ''))
    ? [`PROFILE_GROUP: the firewall has no security profile group "${style.profileGroup}"`]
    : []),
  ...(style.logSetting !== null && !inScopes(policy, (scope) => scope.logSettings.has(style.logSetting ?? ''))
    ? [`LOG_SETTING: the firewall has no log forwarding profile "${style.logSetting}"`]
    : []),
  ...(style.tag !== null && !inScopes(policy, (scope) => scope.tags.has(style.tag ?? ''))
    ? [`RULE_TAG: the firewall has no tag "${style.tag}"`]
    : []),
];
