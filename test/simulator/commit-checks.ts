import { type ConfigNode, childNamed, descend, entriesOf, membersOf, nameOf, textOf } from './config-node.ts';
import { device, type Scopes } from './names.ts';
import { needsNoObject, referencesOf, resolves } from './references.ts';

export interface Outcome {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

const yes = (subject: ConfigNode, tag: string): boolean => textOf(subject, tag) === 'yes';

/** The lines that lead from an invalid object up to the root, as a validation job prints them (captured for `address`). */
const upwards = (...containers: readonly string[]): readonly string[] => [
  ...containers.map((container) => ` ${container} is invalid`),
  ' vsys is invalid',
  ' devices is invalid',
];

const choiceFields = (
  list: string,
  subject: ConfigNode,
): { readonly holder: ConfigNode | null; readonly fields: readonly string[] } => {
  switch (list) {
    case 'address':
      return { holder: subject, fields: ['ip-netmask', 'ip-range', 'ip-wildcard', 'fqdn'] };
    case 'address-group':
      return { holder: subject, fields: ['static', 'dynamic'] };
    case 'service':
      return { holder: childNamed(subject, 'protocol'), fields: ['tcp', 'udp', 'sctp'] };
    default:
      return { holder: null, fields: [] };
  }
};

const objectErrors = (scope: ConfigNode | null, scopes: Scopes): readonly string[] => {
  for (const list of ['address', 'address-group', 'service', 'service-group', 'application-group', 'application']) {
    for (const subject of entriesOf(childNamed(scope, list))) {
      const name = nameOf(subject);
      const { holder, fields } = choiceFields(list, subject);
      const present = fields.filter((field) => childNamed(holder, field) !== null);
      const [first, second] = present;
      if (first !== undefined && second !== undefined)
        return [` ${list} -> ${name} Node ${first} and ${second} are mutually exclusive`, ...upwards(list)];
      if (fields.length > 0 && present.length === 0)
        return [
          ` ${list} -> ${name} is missing one of ${fields.map((field) => `'${field}'`).join(', ')}`,
          ...upwards(list),
        ];
      if (list === 'service')
        for (const protocol of childNamed(subject, 'protocol')?.children ?? [])
          if (textOf(protocol, 'port') === null)
            return [` ${list} -> ${name} -> protocol -> ${protocol.tag} is missing 'port'`, ...upwards(list)];
      if (list === 'application')
        for (const field of ['category', 'subcategory', 'technology', 'risk'])
          if (textOf(subject, field) === null) return [` ${list} -> ${name} is missing '${field}'`, ...upwards(list)];
      for (const reference of referencesOf(list, subject))
        if (!resolves(scopes, reference.kind, reference.name))
          return [
            ` ${list} -> ${name} -> ${reference.field} '${reference.name}' is not a valid reference`,
            ` ${list} -> ${name} -> ${reference.field} is invalid`,
            ...upwards(list),
          ];
      // Captured: address against external list is let in at write and refused here.
      if (
        (list === 'address' || list === 'address-group') &&
        entriesOf(childNamed(scope, 'external-list')).some((other) => nameOf(other) === name)
      )
        return [` external-list -> ${name} '${name}' is already in use`, ...upwards('external-list')];
    }
  }
  return [];
};

const ruleErrors = (rule: ConfigNode, scopes: Scopes, settings: Settings): readonly string[] => {
  const name = nameOf(rule);
  const where = ['rules', 'security', 'rulebase'];
  // Captured: `R is missing 'service'`, likewise without action.
  for (const field of ['from', 'to', 'source', 'destination', 'service', 'application'])
    if (membersOf(rule, field).length === 0)
      return [` rulebase -> security -> rules -> ${name} is missing '${field}'`, ...upwards(...where)];
  const action = textOf(rule, 'action');
  if (action === null || action === '')
    return [` rulebase -> security -> rules -> ${name} is missing 'action'`, ...upwards(...where)];
  for (const field of ['source', 'destination'] as const)
    if (yes(rule, `negate-${field}`) && membersOf(rule, field).includes('any'))
      return [
        `Negate cannot be enabled for security rule ${name} with ${field} address as 'any'`,
        'Configuration is invalid',
      ];
  if (textOf(rule, 'rule-type') === 'intrazone') {
    const [from, to] = [[...membersOf(rule, 'from')].sort(), [...membersOf(rule, 'to')].sort()];
    if (from.join('\n') !== to.join('\n'))
      return [
        ` rulebase -> security -> rules -> ${name} different set of source and destination for intrazone rule`,
        ...upwards(...where),
      ];
  }
  if (yes(rule, 'icmp-unreachable') && (action === 'allow' || action === 'deny'))
    return [
      ` rulebase -> security -> rules -> ${name} icmp-unreachable is not valid for policy's action ${action}`,
      ...upwards(...where),
    ];
  const profileSetting = childNamed(rule, 'profile-setting');
  if (childNamed(profileSetting, 'group') !== null && childNamed(profileSetting, 'profiles') !== null)
    return [
      ` rulebase -> security -> rules -> ${name} -> profile-setting Node group and profiles are mutually exclusive`,
      ...upwards(...where),
    ];
  for (const reference of referencesOf('rules', rule)) {
    if (resolves(scopes, reference.kind, reference.name) || needsNoObject(reference.kind, reference.name)) continue;
    return [
      ` rulebase -> security -> rules -> ${name} -> ${reference.field} '${reference.name}' is not a valid reference`,
      ` rulebase -> security -> rules -> ${name} -> ${reference.field} is invalid`,
      ...upwards(...where),
    ];
  }
  // The wording is not known; that rule-fail-commit makes missing tags and descriptions fail a commit is in the schema's help.
  if (settings.failCommit && settings.requireTag && membersOf(rule, 'tag').length === 0)
    return [` rulebase -> security -> rules -> ${name} is missing 'tag'`, ...upwards(...where)];
  if (settings.failCommit && settings.requireDescription && (textOf(rule, 'description') ?? '') === '')
    return [` rulebase -> security -> rules -> ${name} is missing 'description'`, ...upwards(...where)];
  return [];
};

export interface Settings {
  readonly requireTag: boolean;
  readonly requireDescription: boolean;
  readonly requireAuditComment: boolean;
  readonly auditCommentRegex: string | null;
  readonly failCommit: boolean;
  readonly autoAcquireCommitLock: boolean;
  /** Minutes; 0 for never. */
  readonly keyLifetime: number;
}

const settingsCache = new WeakMap<ConfigNode, Settings>();

/** Device settings that change how rules are written, from `deviceconfig/setting/management`. */
export const settingsOf = (config: ConfigNode): Settings => {
  const cached = settingsCache.get(config);
  if (cached !== undefined) return cached;
  const management = descend(config, 'devices', [device], 'deviceconfig', 'setting', 'management');
  const flag = (tag: string): boolean => textOf(management, tag) === 'yes';
  const regex = textOf(management, 'rule-audit-comment-regex');
  const settings: Settings = {
    requireTag: flag('rule-require-tag'),
    requireDescription: flag('rule-require-description'),
    requireAuditComment: flag('rule-require-audit-comment'),
    auditCommentRegex: regex === '' ? null : regex,
    failCommit: flag('rule-fail-commit'),
    autoAcquireCommitLock: flag('auto-acquire-commit-lock'),
    keyLifetime: Number(textOf(descend(management, 'api', 'key'), 'lifetime') ?? '0') || 0,
  };
  settingsCache.set(config, settings);
  return settings;
};

/**
 * What only a commit or validation finds. Errors name one invalid object: correcting it shows the next (captured).
 */
export const checkCommit = (config: ConfigNode, scopesFor: (vsys: string) => Scopes): Outcome => {
  const settings = settingsOf(config);
  const vsysList = entriesOf(descend(config, 'devices', [device], 'vsys'));
  const shared = objectErrors(childNamed(config, 'shared'), { ...scopesFor('vsys1'), vsys: null });
  if (shared.length > 0) return { errors: ['Validation Error:', ...shared], warnings: [] };
  const warnings: string[] = [];
  for (const vsys of vsysList) {
    const scopes = scopesFor(nameOf(vsys));
    const objects = objectErrors(vsys, scopes);
    if (objects.length > 0) return { errors: ['Validation Error:', ...objects], warnings: [] };
    const rules = entriesOf(descend(vsys, 'rulebase', 'security', 'rules'));
    for (const rule of rules) {
      const errors = ruleErrors(rule, scopes, settings);
      if (errors.length > 0) return { errors: ['Validation Error:', ...errors], warnings: [] };
    }
    for (const rule of entriesOf(descend(vsys, 'rulebase', 'nat', 'rules')))
      for (const field of ['from', 'to', 'source', 'destination'])
        if (membersOf(rule, field).length === 0)
          return {
            errors: [
              'Validation Error:',
              ` rulebase -> nat -> rules -> ${nameOf(rule)} is missing '${field}'`,
              ...upwards('rules', 'nat', 'rulebase'),
            ],
            warnings: [],
          };
    // Captured: an address name that is also a region is taken as the region.
    for (const address of [...entriesOf(childNamed(vsys, 'address')), ...entriesOf(childNamed(vsys, 'address-group'))])
      if (entriesOf(childNamed(vsys, 'region')).some((region) => nameOf(region) === nameOf(address)))
        warnings.push(`${nameOf(address)} is used as a region, not an address object`);
    warnings.push(...dependencyWarnings(rules, scopes), ...shadowWarnings(vsys, rules).map((warning) => warning.text));
  }
  return { errors: [], warnings };
};

/** Wording inferred; that a commit warns of unmet application dependencies is documented. */
const dependencyWarnings = (rules: readonly ConfigNode[], scopes: Scopes): readonly string[] => {
  const allowed = rules
    .filter((rule) => textOf(rule, 'action') === 'allow' && !yes(rule, 'disabled'))
    .map((rule) => membersOf(rule, 'application'));
  if (allowed.some((applications) => applications.includes('any'))) return [];
  const all = new Set(allowed.flat());
  return rules.flatMap((rule) =>
    textOf(rule, 'action') !== 'allow' || yes(rule, 'disabled')
      ? []
      : membersOf(rule, 'application').flatMap((name) =>
          membersOf(
            childNamed(scopes.predefined, 'application')?.children.find((entry) => nameOf(entry) === name) ?? null,
            'use-applications',
          )
            .filter((needed) => !all.has(needed))
            .map(
              (needed) =>
                `Security Policy: Rule '${nameOf(rule)}' application dependency warning: Application '${name}' requires '${needed}' be allowed`,
            ),
        ),
  );
};

export interface Shadow {
  readonly rule: ConfigNode;
  readonly by: ConfigNode;
  readonly text: string;
}

const fields = ['from', 'to', 'source', 'destination', 'application', 'service'];
const plain = (rule: ConfigNode): boolean =>
  !yes(rule, 'disabled') &&
  !yes(rule, 'negate-source') &&
  !yes(rule, 'negate-destination') &&
  (textOf(rule, 'rule-type') ?? 'universal') === 'universal' &&
  textOf(rule, 'schedule') === null &&
  ['source-user', 'category', 'source-hip', 'destination-hip'].every((field) =>
    membersOf(rule, field).every((member) => member === 'any'),
  );

/** Rules that a rule above covers, member by member. Documented that a commit warns; the wording is inferred. */
export const shadowWarnings = (vsys: ConfigNode, rules: readonly ConfigNode[]): readonly Shadow[] => {
  const found: Shadow[] = [];
  if (rules.length > 300) return found;
  const seen: { readonly rule: ConfigNode; readonly sets: readonly (ReadonlySet<string> | null)[] }[] = [];
  for (const rule of rules) {
    if (!plain(rule)) continue;
    const own = fields.map((field) => membersOf(rule, field));
    const shadow = seen.find(({ sets }) =>
      sets.every((set, index) => set === null || (own[index] ?? []).every((member) => set.has(member))),
    );
    if (shadow !== undefined)
      found.push({
        rule,
        by: shadow.rule,
        text: `${nameOf(vsys)}: Rule '${nameOf(shadow.rule)}' shadows rule '${nameOf(rule)}'`,
      });
    seen.push({ rule, sets: own.map((values) => (values.includes('any') ? null : new Set(values))) });
  }
  return found;
};
