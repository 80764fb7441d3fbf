import { z } from 'zod';
import { NamedError } from '../domain/errors.ts';
import type { InterfaceSettings } from '../domain/grants/standing.ts';
import type { PlanSettings } from '../domain/plan/plan.ts';
import type { RuleStyle } from '../domain/rules/rule-content.ts';
import type { TranslationSettings } from '../domain/rules/translation.ts';

/** A setting as people write it: where it comes from, what it is for, and how its text becomes a value. */
interface Setting {
  readonly about: string;
  readonly schema: z.ZodType;
}

const text = z.string().trim().min(1, 'is empty');
const list = text.transform((value) =>
  value
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== ''),
);
const names = list.refine((members) => members.length > 0, 'names nothing');
/** Digits only: `Number` reads a blank as nought. */
const number = (schema: z.ZodNumber) =>
  text
    .regex(/^[0-9]+([.][0-9]+)?$/, 'is not a number of nought or more')
    .transform(Number)
    .pipe(schema);
const whole = z.number().int('is not a whole number');
const json = <Schema extends z.ZodType>(schema: Schema) =>
  text
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** PAN-OS object names: letters, digits, space, dot, hyphen, underscore; documented length limits. */
const objectName = (longest: number) =>
  text
    .max(longest, `is longer than ${longest} characters`)
    .regex(/^[0-9A-Za-z_][0-9A-Za-z_. -]*$/, 'has a character PAN-OS does not allow in a name');

const settings = {
  FIREWALL_ENDPOINT: {
    about: "The firewall's management address, https://HOST[:PORT]; both peers of a pair, separated by a comma.",
    schema: names.refine(
      (urls) => urls.every((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)),
      'is not a list of https:// addresses',
    ),
  },
  FIREWALL_API_KEY_SECRET: {
    about: 'Name (not the ARN) of the Secrets Manager secret that holds the API key, as text or as JSON with `apiKey`.',
    schema: text,
  },
  FIREWALL_CA: {
    about: "PEM certificate that the firewall's certificate is verified against.",
    schema: text.transform((pem) => pem.replaceAll('\\n', '\n')).optional(),
  },
  FIREWALL_FINGERPRINT: {
    about: "SHA-256 fingerprint of the firewall's certificate, instead of a CA.",
    schema: text.regex(/^([0-9A-Fa-f]{2}:?){32}$/, 'is not 32 pairs of hexadecimal digits').optional(),
  },
  FIREWALL_ALLOW_HTTP: {
    about: '`yes` allows an endpoint without TLS: only for a simulator on the same machine.',
    schema: z.enum(['yes', 'no']).default('no'),
  },
  FIREWALL_VSYS: {
    about: 'The vsys whose policy is kept in step.',
    schema: text.regex(/^vsys[0-9]+$/, 'is not of the form vsys1').default('vsys1'),
  },
  FIREWALL_SERIALS: {
    about: 'Serial numbers of the firewalls that may be written to; unset: the first one contacted and its HA peer.',
    schema: list.default([]),
  },
  FIREWALL_ADMINISTRATOR: {
    about: 'The administrator account of the API key, used by nobody else.',
    schema: text.max(63, 'is longer than 63 characters'),
  },
  FIREWALL_TARGETS: {
    about:
      'Where route tables send traffic for the firewall: instance, interface or Gateway Load Balancer endpoint ids.',
    schema: names.refine(
      (ids) => ids.every((id) => /^(i|eni|vpce)-[0-9a-f]{8,17}$/.test(id)),
      'is not a list of ids of the form i-…, eni-… or vpce-…',
    ),
  },
  BOTTOM_RULE: {
    about: 'The rule that new rules stand directly above; a default rule: they stand at the end of the local rules.',
    schema: objectName(63),
  },
  UNTRUST_ZONE: { about: 'The zone that sources are in.', schema: objectName(31) },
  TRUST_ZONE: { about: 'The zone that the protected addresses are in.', schema: objectName(31) },
  PROFILE_GROUP: { about: 'Security profile group of the rules.', schema: objectName(31).optional() },
  LOG_SETTING: { about: 'Log forwarding profile of the rules.', schema: objectName(63).optional() },
  RULE_TAG: { about: 'Tag of the rules; it must exist on the firewall.', schema: text.max(127).optional() },
  TABLE_NAME: { about: 'The DynamoDB table.', schema: text },
  ACCOUNT_ID: {
    about: 'The AWS account whose events count; unset: any. The deployment sets it.',
    schema: text.regex(/^[0-9]{12}$/, 'is not 12 digits').optional(),
  },
  EVENT_REGION: {
    about: 'The Region whose events count; unset: any. The deployment sets it.',
    schema: text.regex(/^[a-z0-9-]+$/, 'is not a Region such as eu-central-1').optional(),
  },
  NOTIFICATION_TOPIC: {
    about:
      'ARN of the SNS topic that is told of failures and of what others did to rules of ours; unset: only the log.',
    schema: text.regex(/^arn:/, 'is not an ARN').optional(),
  },
  VISIBILITY_SECONDS: {
    about: 'How long EC2 may take to show what an event announced before EC2 is believed.',
    schema: number(whole).default(300),
  },
  LATE_WRITE_SECONDS: {
    about:
      'How long after its time limit a write or commit without an answer may still be carried out; until then nothing is written. At most 600.',
    schema: number(whole.max(600, 'is more than 600')).default(120),
  },
  APPLICATIONS: {
    about: '`app-id` maps well-known single ports to App-IDs, `port-only` never does.',
    schema: z.enum(['app-id', 'port-only']).default('app-id'),
  },
  RULE_GROUPING: {
    about:
      '`event`: rules are named after the instance or group of the call that brings them; `group`: one rule for each security group and kind of traffic, which grows and shrinks.',
    schema: z.enum(['event', 'group']).default('event'),
  },
  PORT_APPLICATIONS: {
    about: 'App-IDs by protocol and port, over the built-in table: {"tcp/443":["ssl","web-browsing"]}.',
    schema: json(z.record(z.string().regex(/^(tcp|udp)\/[0-9]+$/), z.array(z.string().min(1)).min(1))).default({}),
  },
  ICMP_APPLICATIONS: {
    about: 'Applications an administrator made for single ICMP types: {"icmp/3":"icmp-unreachable"}.',
    schema: json(z.record(z.string().regex(/^icmp(v6)?\/[0-9]+(\/[0-9]+)?$/), z.string().min(1))).default({}),
  },
  PRE_NAT_ADDRESSES: {
    about:
      'The address clients use, by the private address a NAT rule translates it to, single addresses each: {"10.0.1.5":"198.51.100.7"}.',
    schema: json(z.record(z.string(), z.string())).default({}),
  },
  POLICY_MATCH_SAMPLES: {
    about: "How many sessions a run asks the firewall's own policy match about afterwards, 0 to 10; 0 asks none.",
    schema: number(whole.max(10, 'is more than 10')).default(10),
  },
  BRAKE_INTERFACES: {
    about: 'When more interfaces than this lose grants within a day, because things vanished, approval may be needed.',
    schema: number(whole).default(20),
  },
  BRAKE_PERCENT: {
    about: '… and is needed when these are also more than this share of all interfaces with grants, in percent.',
    schema: number(z.number().max(100, 'is more than 100')).default(25),
  },
  RULES_RESERVE: {
    about:
      'How many of the rules that the platform takes are left to administrators: no rule is added that would take one of them.',
    schema: number(whole).default(0),
  },
  RULES_PER_GROUP: {
    about:
      'How many rules a security group may have at most; more are left out, and their executions fail. 0: any number.',
    schema: number(whole).default(0),
  },
  SERVICE_INTERFACES: {
    about: '`include` also protects interfaces of load balancers, databases, functions, endpoints and pods.',
    schema: z.enum(['leave-out', 'include']).default('leave-out'),
  },
  REFUSE_MORE_APPLICATIONS: {
    about: '`yes` adds no rule that would open more applications than an administrator allows for the same ports.',
    schema: z.enum(['yes', 'no']).default('no'),
  },
  PUSHED_POST_RULES: {
    about:
      'With a default rule as BOTTOM_RULE: `leave-out` opens nothing that a rule pushed below the local ones may deny, `open` does.',
    schema: z.enum(['leave-out', 'open']).default('leave-out'),
  },
} as const satisfies Record<string, Setting>;

export type Settings = { readonly [Name in keyof typeof settings]: z.output<(typeof settings)[Name]['schema']> };

/** Every setting with what it is for, for the README and the tests that hold them together. */
export const settingNames = Object.keys(settings) as readonly (keyof Settings)[];
export const aboutSetting = (name: keyof Settings): string => settings[name].about;

/**
 * Reads the settings from environment variables; an empty variable counts as unset.
 * @throws Misconfigured naming every setting that is missing or malformed, and what it is for
 */
export const settingsFrom = (environment: Readonly<Record<string, string | undefined>>): Settings => {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const name of settingNames) {
    const given = environment[name] === '' ? undefined : environment[name];
    const parsed = settings[name].schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else {
      const why = given === undefined ? 'is not set' : parsed.error.issues.map((issue) => issue.message).join(', ');
      problems.push(`${name} ${why} (${settings[name].about})`);
    }
  }
  const endpoints = (values['FIREWALL_ENDPOINT'] ?? []) as readonly string[];
  if (values['FIREWALL_ALLOW_HTTP'] !== 'yes' && endpoints.some((url) => url.startsWith('http:'))) {
    problems.push('FIREWALL_ENDPOINT is without TLS (https:// is required)');
  }
  if (problems.length > 0) throw new NamedError('Misconfigured', `Settings: ${problems.join('; ')}`);
  return values as Settings;
};

/** What every rule carries besides its traffic. */
export const styleOf = (settings: Settings): RuleStyle => ({
  profileGroup: settings.PROFILE_GROUP ?? null,
  logSetting: settings.LOG_SETTING ?? null,
  tag: settings.RULE_TAG ?? null,
});

/** How grants become applications and services. */
export const translationOf = (settings: Settings): TranslationSettings => ({
  applications: settings.APPLICATIONS,
  portApplications: settings.PORT_APPLICATIONS,
  icmpApplications: settings.ICMP_APPLICATIONS,
});

/** Which interfaces count. */
export const interfaceSettingsOf = (settings: Settings): InterfaceSettings => ({
  firewallTargets: settings.FIREWALL_TARGETS,
  serviceInterfaces: settings.SERVICE_INTERFACES,
  preNatAddresses: settings.PRE_NAT_ADDRESSES,
});

/** What a plan is made by. */
export const planSettingsOf = (settings: Settings): PlanSettings => ({
  administrator: settings.FIREWALL_ADMINISTRATOR,
  bottomRule: settings.BOTTOM_RULE,
  zones: { UNTRUST_ZONE: settings.UNTRUST_ZONE, TRUST_ZONE: settings.TRUST_ZONE },
  style: styleOf(settings),
  limits: { interfaces: settings.BRAKE_INTERFACES, share: settings.BRAKE_PERCENT / 100 },
  strictApplications: settings.REFUSE_MORE_APPLICATIONS === 'yes',
  rulesPerGroup: settings.RULES_PER_GROUP,
  openPushedDenies: settings.PUSHED_POST_RULES === 'open',
});
