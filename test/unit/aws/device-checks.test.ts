import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scopesInOrder } from '../../../shared/domain/policy/object-look-up.ts';
import type {
  AddressGroup,
  AddressObject,
  Application,
  ObjectScope,
  Policy,
} from '../../../shared/domain/policy/policy.ts';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';
import { translatedDestinations } from '../../../shared/domain/rules/destination-nat.ts';
import { checkApplications } from '../../../shared/domain/rules/device-applications.ts';
import { fitToDevice } from '../../../shared/domain/rules/fit-to-device.ts';
import { translate } from '../../../shared/domain/rules/translation.ts';
import type { Traffic } from '../../../shared/domain/sets/traffic.ts';
import { appIds } from './ec2-world.ts';

const scope = (more: Partial<ObjectScope> = {}): ObjectScope => ({
  addresses: new Map(),
  addressGroups: new Map(),
  services: new Map(),
  serviceGroups: new Map(),
  applications: new Map(),
  applicationGroups: new Map(),
  applicationContainers: new Map(),
  applicationFilters: new Set(),
  externalLists: new Set(),
  regions: new Set(),
  tags: new Set(),
  zones: new Set(),
  profileGroups: new Set(),
  logSettings: new Set(),
  ...more,
});

const application = (more: Partial<Application> = {}): Application => ({
  defaultPorts: [],
  ipProtocol: null,
  icmp: null,
  requires: [],
  implicitlyUses: [],
  custom: false,
  ...more,
});

const predefined = {
  icmp: application({ ipProtocol: 1 }),
  ping: application({ icmp: { family: 4, type: 8, code: null } }),
  'ipv6-icmp': application({ ipProtocol: 58 }),
  gre: application({ ipProtocol: 47 }),
  ssl: application({ defaultPorts: ['tcp/443'] }),
  'web-browsing': application({ defaultPorts: ['tcp/80'] }),
  'ms-rdp': application({ defaultPorts: ['tcp/3389'], requires: ['cotp', 't.120'] }),
  cotp: application({ requires: ['tpkt'], implicitlyUses: ['tpkt'] }),
  't.120': application({ requires: ['ssl'] }),
  tpkt: application(),
};

const policy = (
  vsys: Partial<ObjectScope> = {},
  known: Readonly<Record<string, Application>> = predefined,
): Policy => ({
  rules: [],
  scopes: {
    vsys: scope(vsys),
    shared: scope(),
    pushed: scope(),
    predefined: scope({ applications: new Map(Object.entries(known)) }),
  },
});

const candidate = (traffic: Traffic, names?: readonly string[], family: 4 | 6 = 4): CandidateRule => {
  const translated = translate(traffic, family, appIds);
  const { application, service } =
    translated.kind === 'expressible' ? translated : { application: [], service: { kind: 'any' } as const };
  return {
    subject: { kind: 'group', id: 'sg-0a' },
    group: 'sg-0a',
    family,
    traffic,
    from: 'untrust',
    to: 'trust',
    application: names ?? application,
    service,
    sources: [{ source: '0.0.0.0/0', securityGroupRule: 'sgr-01', prefixList: null }],
    destinations: [{ interface: 'eni-0a', instance: 'i-0a', address: '10.0.1.20/32' }],
    broughtBy: '',
  };
};

const tcp = (port: number): Traffic => ({ kind: 'ports', protocol: 'tcp', ports: { from: port, to: port } });
const icmp = (type: number | 'all', family: 4 | 6 = 4, code: number | 'all' = 'all'): Traffic => ({
  kind: 'icmp',
  family,
  type,
  code,
});

const check = (rule: CandidateRule, on: Policy = policy()) => {
  const { candidates, leftOut } = checkApplications([rule], on);
  return {
    application: candidates[0]?.application ?? null,
    reason: leftOut[0]?.reason ?? null,
    what: leftOut[0]?.what,
  };
};

test('an application that the device does not know is left out by its rule, not sent', () => {
  const { application, reason, what } = check(candidate(tcp(5432)));
  assert.equal(application, null);
  assert.equal(what, 'sgr-01');
  assert.match(String(reason), /no application postgres/);
});

test('what the device says an application needs is added beside the same ports, all the way down', () => {
  assert.deepEqual(check(candidate(tcp(3389))).application?.toSorted(), ['cotp', 'ms-rdp', 'ssl', 't.120']);
});

test('a need of the table that this device does not have is dropped', () => {
  const { tpkt: _, cotp: __, ...without } = predefined;
  assert.deepEqual(check(candidate(tcp(3389)), policy({}, without)).application?.toSorted(), [
    'ms-rdp',
    'ssl',
    't.120',
  ]);
});

test('a name beside the first that the device lacks is said, and the port is opened for the others', () => {
  const lacking = (...names: readonly string[]) => check(candidate(tcp(443), names));
  assert.deepEqual(lacking('ssl', 'no-such', 'nor-this').application, ['ssl']);
  assert.match(
    lacking('ssl', 'no-such', 'nor-this').reason ?? '',
    /tcp 443 is opened without what is missing: the firewall has no application no-such, nor-this, which PORT_APPLICATIONS/,
  );
  assert.equal(lacking('ssl', 'web-browsing').reason, null);
  assert.equal(lacking('no-such', 'ssl').application, null, 'the first is what the others stand beside');
  assert.equal(check(candidate(tcp(3389)), policy({}, { 'ms-rdp': application() })).reason, null, 'needs of the table');
});

test('what is not opened says of which traffic, of which setting the name is, and whom it concerns', () => {
  const { leftOut } = checkApplications([candidate(tcp(5432))], policy());
  assert.match(
    leftOut[0]?.reason ?? '',
    /^tcp 5432 is not opened: the firewall has no application postgres, which PORT_APPLICATIONS, or else the built-in table, gives for it; .*\{"tcp\/5432":\["any"\]\}/,
  );
  assert.deepEqual(leftOut[0]?.about, ['sg-0a', 'i-0a', 'eni-0a']);
  assert.match(check(candidate(icmp(3), ['unreachable'])).reason ?? '', /unreachable, which ICMP_APPLICATIONS/);
});

test('nothing is added to an application that stands without ports: it would open every port', () => {
  const needy = { ...predefined, gre: application({ ipProtocol: 47, requires: ['ssl'] }) };
  assert.deepEqual(check(candidate({ kind: 'protocol', number: 47 }), policy({}, needy)).application, ['gre']);
});

test('ping and icmp are used as the device defines them, and refused when it defines them otherwise', () => {
  assert.deepEqual(check(candidate(icmp('all'))).application, ['icmp', 'ping']);
  assert.deepEqual(check(candidate(icmp(8))).application, ['ping']);
  assert.deepEqual(check(candidate(icmp(8, 4, 0))).application, ['ping']);
  const strange = {
    ...predefined,
    ping: application({ defaultPorts: ['udp/7'], icmp: { family: 4, type: 8, code: null } }),
  };
  assert.match(String(check(candidate(icmp(8)), policy({}, strange)).reason), /ping is identified by ports as well/);
  const other = { ...predefined, ping: application({ icmp: { family: 4, type: 13, code: null } }) };
  assert.match(String(check(candidate(icmp(8)), policy({}, other)).reason), /ping is ICMP type 13/);
});

test('IPv6 ICMP is refused where the device has no ping6', () => {
  assert.match(String(check(candidate(icmp('all', 6), undefined, 6)).reason), /no application ping6/);
});

test("an administrator's application under a predefined name is not mistaken for it", () => {
  const shadowed = policy({
    applications: new Map([['ping', application({ icmp: { family: 4, type: 8, code: null }, custom: true })]]),
  });
  assert.match(String(check(candidate(icmp(8)), shadowed).reason), /an administrator made, not the predefined one/);
});

test('an application made for one ICMP type must be exactly that type and code', () => {
  const made = (icmp: Application['icmp']) =>
    policy({ applications: new Map([['icmp-unreachable', application({ icmp, custom: true })]]) });
  const rule = candidate(icmp(3, 4, 4), ['icmp-unreachable']);
  assert.deepEqual(check(rule, made({ family: 4, type: 3, code: 4 })).application, ['icmp-unreachable']);
  for (const wrong of [
    { family: 4, type: 3, code: null },
    { family: 4, type: 3, code: 1 },
    { family: 4, type: 5, code: 4 },
    { family: 6, type: 3, code: 4 },
  ] as const)
    assert.equal(check(rule, made(wrong)).application, null, JSON.stringify(wrong));
});

test('a candidate for any application is not asked about', () => {
  assert.deepEqual(check(candidate(tcp(8080))).application, ['any']);
});

const destination = (address: string) => ({ interface: 'eni-0a', instance: 'i-0a', address });
const nat = (translatedAddress: string, vsys: Partial<ObjectScope> = {}, address = '10.0.1.20/32') => {
  const found = translatedDestinations(
    [destination(address), destination('10.0.9.9/32')],
    [{ name: 'publish web', translatedAddress }],
    scopesInOrder(policy(vsys)),
  );
  return {
    refused: found.refused.map(({ reason }) => reason),
    isRefused: found.isRefused(destination(address)),
    undecided: found.undecided,
  };
};

test('an address that a NAT rule translates to is refused by name, with the rule', () => {
  const { refused, isRefused, undecided } = nat('10.0.1.20');
  assert.equal(isRefused, true);
  assert.match(refused.join(), /DestinationTranslated: the NAT rule "publish web" translates to 10\.0\.1\.20\/32/);
  assert.equal(refused.length, 1);
  assert.deepEqual(undecided, []);
});

test('NAT targets are resolved: literals, ranges, objects, groups; and an object wins over a literal', () => {
  const object = (value: string, kind: AddressObject['kind'] = 'ip-netmask') =>
    new Map([['web', { kind, value } as AddressObject]]);
  const group = (members: readonly string[]): Partial<ObjectScope> => ({
    addressGroups: new Map([['farm', { kind: 'static', members } as AddressGroup]]),
    addresses: object('10.0.1.20'),
  });
  assert.equal(nat('10.0.1.0/24').isRefused, true);
  assert.equal(nat('10.0.1.10-10.0.1.30').isRefused, true);
  assert.equal(nat('10.0.1.21').isRefused, false);
  assert.equal(nat('web', { addresses: object('10.0.1.20/32') }).isRefused, true);
  assert.equal(nat('web', { addresses: object('10.0.1.1-10.0.1.99', 'ip-range') }).isRefused, true);
  assert.equal(nat('farm', group(['10.0.7.7', 'web'])).isRefused, true);
  const shadowed = { addresses: new Map([['10.0.1.20', { kind: 'ip-netmask', value: '10.0.8.8' } as AddressObject]]) };
  assert.equal(nat('10.0.1.20', shadowed).isRefused, false);
});

test('a NAT target that is not known is told, not guessed', () => {
  const fqdn = { addresses: new Map([['web', { kind: 'fqdn', value: 'web.example.net' } as AddressObject]]) };
  const circle = { addressGroups: new Map([['farm', { kind: 'static', members: ['farm'] } as AddressGroup]]) };
  for (const [name, vsys] of [
    ['web', fqdn],
    ['farm', circle],
    ['unknown', {}],
  ] as const)
    assert.deepEqual([nat(name, vsys).isRefused, nat(name, vsys).undecided], [false, ['publish web']], name);
});

test('a candidate keeps the destinations that no NAT rule translates to, and goes when none is left', () => {
  const web = candidate(tcp(443));
  const both = { ...web, destinations: [destination('10.0.1.20/32'), destination('10.0.1.21/32')] };
  const unknown = candidate(tcp(5432));
  const fitted = fitToDevice([web, both, unknown], policy(), [
    { name: 'publish web', translatedAddress: '10.0.1.20' },
    { name: 'publish mail', translatedAddress: 'mail.example.net' },
  ]);
  assert.deepEqual(
    fitted.candidates.map((each) => each.destinations.map(({ address }) => address)),
    [['10.0.1.21/32']],
  );
  assert.deepEqual(
    fitted.leftOut.map(({ what }) => what),
    ['eni-0a'],
  );
  assert.deepEqual(fitted.undecidedNat, ['publish mail']);
});
