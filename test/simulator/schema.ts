/**
 * What may stand where in the configuration. Taken from the element lists of a device's schema (PA-220, 10.0) as far as
 * security policy needs them. What is not modelled is either `open` (kept as it comes) or `sealed` (readable, not writable).
 */

export type Schema =
  | { readonly kind: 'container'; readonly children: ReadonlyMap<string, Schema>; readonly choice: readonly string[] }
  | {
      readonly kind: 'list';
      readonly entry: Schema;
      readonly nameLength: number;
      readonly what: What;
      readonly uuid: boolean;
    }
  | { readonly kind: 'members'; readonly most: number; readonly length: number }
  | { readonly kind: 'leaf'; readonly values: readonly string[] | null; readonly length: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'sealed' };

/** Kinds of entries with checks of their own. */
export type What =
  | 'address'
  | 'address-group'
  | 'service'
  | 'service-group'
  | 'tag'
  | 'zone'
  | 'profile-group'
  | 'external-list'
  | 'region'
  | 'schedule'
  | 'application'
  | 'application-group'
  | 'application-filter'
  | 'log-profile'
  | 'security-rule'
  | 'default-rule'
  | 'nat-rule'
  | 'administrator'
  | 'other';

const container = (children: Readonly<Record<string, Schema>>, choice: readonly string[] = []): Schema => ({
  kind: 'container',
  children: new Map(Object.entries(children)),
  choice,
});
const list = (what: What, entry: Schema, nameLength = 63, uuid = false): Schema => ({
  kind: 'list',
  entry,
  nameLength,
  what,
  uuid,
});
const members = (length = 63, most = Number.POSITIVE_INFINITY): Schema => ({ kind: 'members', length, most });
const text = (length = Number.POSITIVE_INFINITY): Schema => ({ kind: 'leaf', values: null, length });
const choice = (...values: readonly string[]): Schema => ({ kind: 'leaf', values, length: Number.POSITIVE_INFINITY });
const yesNo = choice('yes', 'no');
const open: Schema = { kind: 'open' };
const sealed: Schema = { kind: 'sealed' };
const tags = members(127, 64);

const port = container({ port: text(1023), 'source-port': text(1023), override: open });

const profileKinds = [
  'virus',
  'spyware',
  'vulnerability',
  'url-filtering',
  'file-blocking',
  'data-filtering',
  'wildfire-analysis',
  'gtp',
  'sctp',
  'dns-security',
];
const profiles = Object.fromEntries(profileKinds.map((kind) => [kind, members(63, 1)]));

const profileSetting = container({ group: members(31, 1), profiles: container(profiles) }, ['group', 'profiles']);

const objects: Readonly<Record<string, Schema>> = {
  address: list(
    'address',
    container(
      {
        'ip-netmask': text(),
        'ip-range': text(),
        'ip-wildcard': text(),
        fqdn: text(255),
        description: text(1023),
        tag: tags,
        'disable-override': yesNo,
      },
      ['ip-netmask', 'ip-range', 'ip-wildcard', 'fqdn'],
    ),
  ),
  'address-group': list(
    'address-group',
    container(
      {
        static: members(),
        dynamic: container({ filter: text(2047) }),
        description: text(1023),
        tag: tags,
        'disable-override': yesNo,
      },
      ['static', 'dynamic'],
    ),
  ),
  service: list(
    'service',
    container({
      protocol: container({ tcp: port, udp: port, sctp: port }, ['tcp', 'udp', 'sctp']),
      description: text(1023),
      tag: tags,
      'disable-override': yesNo,
    }),
  ),
  'service-group': list('service-group', container({ members: members(), tag: tags, 'disable-override': yesNo })),
  tag: list('tag', container({ color: text(), comments: text(1023), 'disable-override': yesNo }), 127),
  'profile-group': list('profile-group', container({ ...profiles, 'disable-override': yesNo }), 31),
  'external-list': list('external-list', container({ type: open, 'disable-override': yesNo })),
  region: list('region', container({ address: members(), 'geo-location': open })),
  schedule: list('schedule', container({ 'schedule-type': open, 'disable-override': yesNo })),
  application: list(
    'application',
    container({
      category: text(),
      subcategory: text(),
      technology: text(),
      risk: choice('1', '2', '3', '4', '5'),
      description: text(1023),
      default: container(
        {
          port: members(),
          'ident-by-ip-protocol': text(),
          'ident-by-icmp-type': open,
          'ident-by-icmp6-type': open,
        },
        ['port', 'ident-by-ip-protocol', 'ident-by-icmp-type', 'ident-by-icmp6-type'],
      ),
      'parent-app': text(),
      signature: open,
      timeout: text(),
      'tcp-timeout': text(),
      'udp-timeout': text(),
      'use-applications': members(),
      'implicit-use-applications': members(),
      'disable-override': yesNo,
    }),
    31,
  ),
  'application-group': list('application-group', container({ members: members(), 'disable-override': yesNo }), 31),
  'application-filter': list('application-filter', open, 31),
  'log-settings': container({
    profiles: list('log-profile', open),
    syslog: open,
    snmptrap: open,
    email: open,
    http: open,
    system: open,
    config: open,
  }),
  profiles: open,
  'admin-role': open,
};

const securityRule = container({
  from: members(),
  to: members(),
  source: members(),
  destination: members(),
  'source-user': members(1023),
  category: members(128),
  application: members(),
  service: members(),
  'hip-profiles': members(),
  'source-hip': members(),
  'destination-hip': members(),
  'source-imei': members(),
  'source-imsi': members(),
  'source-nw-slice': members(),
  'saas-user-list': members(),
  'saas-tenant-list': members(),
  action: choice('deny', 'allow', 'drop', 'reset-client', 'reset-server', 'reset-both'),
  'rule-type': choice('universal', 'intrazone', 'interzone'),
  'negate-source': yesNo,
  'negate-destination': yesNo,
  disabled: yesNo,
  'log-start': yesNo,
  'log-end': yesNo,
  'log-setting': text(63),
  'profile-setting': profileSetting,
  tag: tags,
  'group-tag': text(127),
  description: text(1024),
  schedule: text(63),
  'icmp-unreachable': yesNo,
  'disable-inspect': yesNo,
  option: container({ 'disable-server-response-inspection': yesNo }),
  qos: open,
});

const defaultRule = container({
  action: choice('deny', 'allow', 'drop', 'reset-client', 'reset-server', 'reset-both'),
  tag: tags,
  'log-start': yesNo,
  'log-end': yesNo,
  'log-setting': text(63),
  'profile-setting': profileSetting,
  'group-tag': text(127),
  'icmp-unreachable': yesNo,
});

const natRule = container({
  from: members(),
  to: members(),
  source: members(),
  destination: members(),
  service: text(63),
  'nat-type': choice('ipv4', 'nat64', 'nptv6'),
  'to-interface': text(),
  'source-translation': open,
  'destination-translation': container({
    'translated-address': text(),
    'translated-port': text(),
    'dns-rewrite': open,
  }),
  'dynamic-destination-translation': container({
    'translated-address': text(),
    'translated-port': text(),
    distribution: text(),
  }),
  'active-active-device-binding': text(),
  tag: tags,
  'group-tag': text(127),
  disabled: yesNo,
  description: text(1024),
});

/** A decryption rule as the vendor's own Go client writes it; the certificate of older releases is the text of its type. */
const decryptionRule = container({
  from: members(),
  to: members(),
  source: members(),
  destination: members(),
  'source-user': members(1023),
  category: members(128),
  service: members(),
  'source-hip': members(),
  'destination-hip': members(),
  'negate-source': yesNo,
  'negate-destination': yesNo,
  disabled: yesNo,
  action: choice('no-decrypt', 'decrypt', 'decrypt-and-forward'),
  type: open,
  profile: text(63),
  'log-setting': text(63),
  'log-success': yesNo,
  'log-fail': yesNo,
  tag: tags,
  'group-tag': text(127),
  description: text(1024),
});

const rules = (what: What, rule: Schema): Schema => container({ rules: list(what, rule, 63, true) });

const zone = container({
  network: container(
    {
      layer3: members(),
      layer2: members(),
      'virtual-wire': members(),
      tap: members(),
      tunnel: open,
      external: members(),
      'zone-protection-profile': text(),
      'log-setting': text(),
      'enable-packet-buffer-protection': yesNo,
    },
    ['layer3', 'layer2', 'virtual-wire', 'tap', 'tunnel', 'external'],
  ),
  'enable-user-identification': yesNo,
  'enable-device-identification': yesNo,
  'user-acl': open,
  'device-acl': open,
});

const vsys = container({
  ...objects,
  zone: list('zone', zone, 31),
  rulebase: container({
    security: rules('security-rule', securityRule),
    nat: rules('nat-rule', natRule),
    'default-security-rules': rules('default-rule', defaultRule),
    pbf: sealed,
    decryption: rules('other', decryptionRule),
    'application-override': sealed,
    qos: sealed,
    dos: sealed,
    'tunnel-inspect': sealed,
    'network-packet-broker': sealed,
    sdwan: sealed,
  }),
  'display-name': text(31),
  import: open,
  setting: open,
});

const management = container({
  'rule-require-tag': yesNo,
  'rule-require-description': yesNo,
  'rule-require-audit-comment': yesNo,
  'rule-audit-comment-regex': text(256),
  'rule-fail-commit': yesNo,
  'rule-hit-count': yesNo,
  'auto-acquire-commit-lock': yesNo,
  api: container({ key: container({ lifetime: text(), certificate: text() }) }),
  'hostname-type-in-syslog': text(),
  'commit-recovery-retry': text(),
  'commit-recovery-timeout': text(),
});

/** The schema of `/config`. */
export const configSchema: Schema = container({
  'mgt-config': container({
    users: list('administrator', open, 63),
    'password-complexity': open,
    'access-domain': open,
  }),
  shared: container(objects),
  devices: list(
    'other',
    container({
      deviceconfig: container({
        system: open,
        setting: container({
          management,
          config: open,
          session: open,
          'auto-mac-detect': open,
          ctd: open,
          tcp: open,
          logging: open,
        }),
        'high-availability': open,
      }),
      network: sealed,
      platform: sealed,
      vsys: list('other', vsys, 63),
    }),
  ),
  panorama: sealed,
  predefined: sealed,
});

/** The schema below a step; null where the device has none. */
export const schemaBelow = (schema: Schema, tag: string): Schema | null => {
  switch (schema.kind) {
    case 'container':
      return schema.children.get(tag) ?? null;
    case 'list':
      return tag === 'entry' ? schema.entry : null;
    case 'members':
      return tag === 'member' ? text(schema.length) : null;
    case 'leaf':
      return null;
    case 'open':
    case 'sealed':
      return schema;
  }
};

/** The schema at a path below `/config`, with the list that holds it when it is an entry. */
export const schemaAt = (
  path: readonly { readonly tag: string }[],
): { readonly schema: Schema; readonly holder: Schema | null } | null => {
  let schema = configSchema;
  let holder: Schema | null = null;
  for (const { tag } of path) {
    const below = schemaBelow(schema, tag);
    if (below === null) return null;
    holder = schema;
    schema = below;
  }
  return { schema, holder };
};
