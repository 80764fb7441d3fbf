import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNamed } from '../../../shared/domain/errors.ts';
import {
  aboutSetting,
  type Settings,
  settingNames,
  settingsFrom,
  styleOf,
  translationOf,
} from '../../../shared/runtime/settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Only what has no default. */
const least: Environment = {
  FIREWALL_ENDPOINT: 'https://192.0.2.1',
  FIREWALL_API_KEY_SECRET: 'firewall/key',
  FIREWALL_ADMINISTRATOR: 'policy-sync',
  FIREWALL_TARGETS: 'i-0123456789abcdef0',
  BOTTOM_RULE: 'Clean up',
  UNTRUST_ZONE: 'untrust',
  TRUST_ZONE: 'trust',
  TABLE_NAME: 'policy-sync',
};
const required = Object.keys(least) as (keyof Settings)[];

const complaint = (environment: Environment): string => {
  try {
    settingsFrom(environment);
  } catch (error) {
    assert.ok(isNamed(error, 'Misconfigured'), String(error));
    return error.message;
  }
  return 'none';
};
const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('what has no default is enough; the rest has the documented defaults', () => {
  const settings = settingsFrom(least);
  assert.deepEqual(
    { ...settings },
    {
      ...least,
      FIREWALL_ENDPOINT: ['https://192.0.2.1'],
      FIREWALL_TARGETS: ['i-0123456789abcdef0'],
      FIREWALL_CA: undefined,
      FIREWALL_FINGERPRINT: undefined,
      FIREWALL_ALLOW_HTTP: 'no',
      FIREWALL_VSYS: 'vsys1',
      FIREWALL_SERIALS: [],
      PROFILE_GROUP: undefined,
      LOG_SETTING: undefined,
      RULE_TAG: undefined,
      ACCOUNT_ID: undefined,
      EVENT_REGION: undefined,
      NOTIFICATION_TOPIC: undefined,
      VISIBILITY_SECONDS: 300,
      LATE_WRITE_SECONDS: 120,
      APPLICATIONS: 'app-id',
      PORT_APPLICATIONS: {},
      ICMP_APPLICATIONS: {},
      PRE_NAT_ADDRESSES: {},
      POLICY_MATCH_SAMPLES: 10,
      BRAKE_INTERFACES: 20,
      BRAKE_PERCENT: 25,
      RULES_RESERVE: 0,
      RULES_PER_GROUP: 0,
      SERVICE_INTERFACES: 'leave-out',
      REFUSE_MORE_APPLICATIONS: 'no',
      PUSHED_POST_RULES: 'leave-out',
      RULE_GROUPING: 'event',
    },
  );
});

test('each missing setting is named with what it is for, all in one message', () => {
  const message = complaint({});
  for (const name of required) {
    assert.match(message, new RegExp(`${name} is not set \\(${escaped(aboutSetting(name))}\\)`));
  }
  for (const name of settingNames.filter((each) => !required.includes(each))) {
    assert.doesNotMatch(message, new RegExp(`\\b${name} is not set`));
  }
});

test('an empty variable counts as unset: required ones are missing, others have their default', () => {
  for (const name of settingNames) {
    const given = { ...least, [name]: '' };
    if (required.includes(name)) assert.match(complaint(given), new RegExp(`${name} is not set`));
    else assert.deepEqual(settingsFrom(given)[name], settingsFrom(least)[name], name);
  }
});

/** Values that are refused, by setting. */
const malformed: Readonly<Partial<Record<keyof Settings, readonly string[]>>> = {
  FIREWALL_ENDPOINT: ['192.0.2.1', 'ftp://192.0.2.1', ',', 'http://192.0.2.1', 'https://a,http://b', '  '],
  FIREWALL_API_KEY_SECRET: ['  '],
  FIREWALL_CA: [' '],
  FIREWALL_FINGERPRINT: ['ab', 'zz'.repeat(32), 'ab'.repeat(31), 'ab'.repeat(33)],
  FIREWALL_ALLOW_HTTP: ['true', 'YES', '1'],
  FIREWALL_VSYS: ['1', 'vsys', 'vsys1 ; x', 'VSYS1'],
  FIREWALL_ADMINISTRATOR: ['  ', 'x'.repeat(64)],
  FIREWALL_TARGETS: [
    ',',
    'i-12',
    'rtb-0123456789abcdef0',
    'i-0123456789abcdef0 eni-0123456789abcdef0',
    'i-0123456789ABCDEF0',
  ],
  BOTTOM_RULE: [' ', 'x'.repeat(64), "a'b", '<x>', '.hidden'],
  UNTRUST_ZONE: [' ', 'x'.repeat(32), "a'b"],
  TRUST_ZONE: [' ', 'x'.repeat(32), 'a"b'],
  PROFILE_GROUP: [' ', 'x'.repeat(32), 'a/b'],
  LOG_SETTING: [' ', 'x'.repeat(64), 'a&b'],
  RULE_TAG: [' ', 'x'.repeat(128)],
  TABLE_NAME: [' '],
  ACCOUNT_ID: ['1234', '1234567890123', 'abcdefghijkl'],
  EVENT_REGION: ['EU central', 'eu_central'],
  NOTIFICATION_TOPIC: ['topic', 'https://x'],
  VISIBILITY_SECONDS: ['-1', '1.5', 'five', ' ', '5 minutes', 'Infinity', '0x10', '1e3'],
  LATE_WRITE_SECONDS: ['-1', '1.5', '601', 'two minutes'],
  APPLICATIONS: ['none', 'App-ID'],
  PORT_APPLICATIONS: [
    'x',
    '[]',
    '{"443":["ssl"]}',
    '{"tcp/443":"ssl"}',
    '{"tcp/443":[]}',
    '{"sctp/1":["x"]}',
    '{"tcp/443":[""]}',
  ],
  ICMP_APPLICATIONS: ['x', '{"icmp":"x"}', '{"icmp/3":""}', '{"icmp/3":["x"]}'],
  PRE_NAT_ADDRESSES: ['x', '[]', '{"10.0.0.1":5}'],
  POLICY_MATCH_SAMPLES: ['-1', '11', '2.5', 'many', ' '],
  BRAKE_INTERFACES: ['-1', '2.5', 'x', ' '],
  BRAKE_PERCENT: ['-1', '101', 'x', ' '],
  RULES_RESERVE: ['-1', '1.5', 'some'],
  RULES_PER_GROUP: ['-1', '1.5', 'some'],
  SERVICE_INTERFACES: ['yes', 'Include'],
  REFUSE_MORE_APPLICATIONS: ['true', 'Yes'],
  PUSHED_POST_RULES: ['yes', 'Open'],
  RULE_GROUPING: ['yes', 'Group'],
};

test('each malformed value is refused by the name of its setting, with what it is for', () => {
  for (const [name, values] of Object.entries(malformed)) {
    for (const value of values) {
      const message = complaint({ ...least, [name]: value });
      assert.match(message, new RegExp(`^Settings: ${name} `), `${name}=${JSON.stringify(value)}`);
    }
  }
  assert.deepEqual(
    settingNames.filter((name) => malformed[name] === undefined),
    ['FIREWALL_SERIALS'],
    'the only setting that takes any text',
  );
});

test('a value is never repeated in a message: it may be a secret in the wrong place', () => {
  const secret = 'LUFRPT14MW5xOEo1R09KVlBZNnpnemh0VHRBOWl6TGM9bXcwM3JHUGVhRlNiY0dCR0srNERUQT09';
  for (const name of settingNames) {
    assert.doesNotMatch(complaint({ ...least, [name]: `${secret} <&'` }), new RegExp(secret), name);
    assert.doesNotMatch(complaint({ ...least, [name]: `{"${secret}":1}` }), new RegExp(secret), name);
  }
});

test('two wrong settings are told together', () => {
  assert.match(
    complaint({ ...least, FIREWALL_VSYS: '1', ACCOUNT_ID: 'x' }),
    /FIREWALL_VSYS is not.*; ACCOUNT_ID is not/,
  );
});

test('lists are separated by commas, with or without spaces', () => {
  const settings = settingsFrom({
    ...least,
    FIREWALL_ENDPOINT: 'https://a.example , https://b.example:4443',
    FIREWALL_TARGETS: 'i-01234567,eni-0123456789abcdef0, vpce-0123456789abcdef0,',
    FIREWALL_SERIALS: '001, 002',
  });
  assert.deepEqual(settings.FIREWALL_ENDPOINT, ['https://a.example', 'https://b.example:4443']);
  assert.deepEqual(settings.FIREWALL_TARGETS, ['i-01234567', 'eni-0123456789abcdef0', 'vpce-0123456789abcdef0']);
  assert.deepEqual(settings.FIREWALL_SERIALS, ['001', '002']);
});

test('an endpoint without TLS needs to be allowed, every one of them', () => {
  assert.match(complaint({ ...least, FIREWALL_ENDPOINT: 'http://127.0.0.1:8080' }), /FIREWALL_ENDPOINT is without TLS/);
  const allowed = settingsFrom({ ...least, FIREWALL_ENDPOINT: 'http://127.0.0.1:8080', FIREWALL_ALLOW_HTTP: 'yes' });
  assert.deepEqual(allowed.FIREWALL_ENDPOINT, ['http://127.0.0.1:8080']);
});

test('well-formed values come out as what they mean', () => {
  const settings = settingsFrom({
    ...least,
    FIREWALL_CA: '-----BEGIN CERTIFICATE-----\\nAA\\n-----END CERTIFICATE-----',
    FIREWALL_FINGERPRINT: 'AB:'.repeat(31).concat('AB'),
    PORT_APPLICATIONS: '{"tcp/443":["ssl","web-browsing"]}',
    ICMP_APPLICATIONS: '{"icmp/3":"unreachable","icmpv6/1/4":"noport"}',
    PRE_NAT_ADDRESSES: '{"10.0.1.5":"198.51.100.7"}',
    VISIBILITY_SECONDS: '0',
    BRAKE_PERCENT: '12.5',
    POLICY_MATCH_SAMPLES: '0',
    PROFILE_GROUP: ' strict ',
    LOG_SETTING: 'all',
    RULE_TAG: 'aws',
    APPLICATIONS: 'port-only',
  });
  assert.equal(settings.FIREWALL_CA, '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----');
  assert.deepEqual([settings.VISIBILITY_SECONDS, settings.BRAKE_PERCENT, settings.POLICY_MATCH_SAMPLES], [0, 12.5, 0]);
  assert.deepEqual(styleOf(settings), { profileGroup: 'strict', logSetting: 'all', tag: 'aws' });
  assert.deepEqual(translationOf(settings), {
    applications: 'port-only',
    portApplications: { 'tcp/443': ['ssl', 'web-browsing'] },
    icmpApplications: { 'icmp/3': 'unreachable', 'icmpv6/1/4': 'noport' },
  });
  assert.deepEqual(settings.PRE_NAT_ADDRESSES, { '10.0.1.5': '198.51.100.7' });
});

test('a style that is not set is none', () => {
  assert.deepEqual(styleOf(settingsFrom(least)), { profileGroup: null, logSetting: null, tag: null });
});

test('every setting says what it is for', () => {
  for (const name of settingNames) assert.match(aboutSetting(name), /^.{15,}\.$/, name);
});
