import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { type Objects, rule, type Said, type Scopes, verdictOn } from './verdict-policies.ts';

/** A fact about one allow rule above the bottom rule, the candidate it meets and the verdict, in short. */
type Fact = readonly [fact: string, said: Partial<SecurityRule>, candidate: Said, verdict: string, scopes?: Scopes];

const allowed = 'allowed by R';
const partly = 'needed by R';
const needed = 'needed';
const doubted = 'needed except R';

const table = (facts: readonly Fact[]): void => {
  for (const [fact, said, candidate, verdict, scopes] of facts) {
    test(fact, () => {
      assert.equal(verdictOn(candidate, [rule('R', said)], scopes ?? {}), verdict);
    });
  }
};

const vsys = (objects: Objects): Scopes => ({ vsys: objects });
const netmask = (value: string) => ({ kind: 'ip-netmask', value }) as const;

// Zones
table([
  ['zone any matches every zone', { from: ['any'], to: ['any'] }, {}, allowed],
  ['a list of zones matches each of them', { from: ['dmz', 'untrust'], to: ['trust', 'dmz'] }, {}, allowed],
  ['another source zone does not match', { from: ['dmz'] }, {}, needed],
  ['another destination zone does not match', { to: ['dmz'] }, {}, needed],
  ['multicast is a destination zone of its own', { to: ['multicast'] }, {}, needed],
  ['a universal rule matches within a zone', { from: ['trust'], to: ['trust'] }, { from: 'trust' }, allowed],
  ['an intrazone rule does not match between zones', { ruleType: 'intrazone' }, {}, needed],
  [
    'an intrazone rule with two zones does not match from one to the other',
    { ruleType: 'intrazone', from: ['untrust', 'trust'], to: ['untrust', 'trust'] },
    {},
    needed,
  ],
  [
    'an intrazone rule matches within each listed zone',
    { ruleType: 'intrazone', from: ['untrust', 'trust'], to: ['untrust', 'trust'] },
    { from: 'trust' },
    allowed,
  ],
  [
    'an intrazone rule that lists the zone on one side only is not sure',
    { ruleType: 'intrazone', from: ['trust'], to: ['dmz'] },
    { from: 'trust' },
    doubted,
  ],
  ['an interzone rule matches between zones', { ruleType: 'interzone' }, {}, allowed],
  [
    'an interzone rule does not match within a zone that stands on both sides',
    { ruleType: 'interzone', from: ['trust', 'untrust'], to: ['trust', 'untrust'] },
    { from: 'trust' },
    needed,
  ],
]);

// Addresses: literals
const v6: Said = { family: 6, sources: ['2001:db8::/32'], destinations: ['2001:db8:1::5/128'] };
table([
  ['source any matches IPv4', { source: ['any'] }, {}, allowed],
  ['source any matches IPv6', { source: ['any'], destination: ['any'] }, v6, allowed],
  ['0.0.0.0/0 does not match IPv6', { source: ['0.0.0.0/0'] }, v6, needed],
  ['::/0 does not match IPv4', { source: ['::/0'] }, {}, needed],
  ['0.0.0.0-255.255.255.255 is all of IPv4', { source: ['0.0.0.0-255.255.255.255'] }, {}, allowed],
  ['0.0.0.0-255.255.255.255 is nothing of IPv6', { source: ['0.0.0.0-255.255.255.255'] }, v6, needed],
  ['a host without prefix length is one address', { destination: ['10.0.1.5'] }, {}, allowed],
  ['the next host is another address', { destination: ['10.0.1.6'] }, {}, needed],
  ['a CIDR with host bits is its network', { source: ['203.0.113.77/24'] }, {}, allowed],
  ['a range includes both ends', { source: ['203.0.113.0-203.0.113.255'] }, {}, allowed],
  ['a range that ends one address early leaves a part', { source: ['203.0.113.0-203.0.113.254'] }, {}, partly],
  ['a range that begins one address late leaves a part', { source: ['203.0.113.1-203.0.113.255'] }, {}, partly],
  ['an IPv6 prefix covers its addresses', { source: ['2001:db8::/31'], destination: ['2001:db8:1::/64'] }, v6, allowed],
  ['an IPv6 range covers its addresses', { destination: ['2001:db8:1::1-2001:db8:1::ff'] }, v6, allowed],
  ['a member that is no address and no object is not sure', { source: ['Web servers'] }, {}, doubted],
  ['a literal with a dotted mask is not sure', { source: ['203.0.113.0/255.255.255.0'] }, {}, doubted],
  ['a range written backwards is not sure', { source: ['203.0.113.255-203.0.113.0'] }, {}, doubted],
]);

// Address objects and groups
const group = (...members: readonly string[]) => ({ kind: 'static', members }) as const;
table([
  ['an ip-netmask object', { source: ['net'] }, {}, allowed, vsys({ addresses: { net: netmask('203.0.113.0/24') } })],
  [
    'an ip-netmask object without prefix length is one host',
    { destination: ['web'] },
    {},
    allowed,
    vsys({ addresses: { web: netmask('10.0.1.5') } }),
  ],
  [
    'an ip-range object',
    { source: ['net'] },
    {},
    allowed,
    vsys({ addresses: { net: { kind: 'ip-range', value: '203.0.112.0-203.0.114.0' } } }),
  ],
  [
    'an ip-wildcard object: bits that are 0 in the mask count',
    { destination: ['web'] },
    {},
    allowed,
    vsys({ addresses: { web: { kind: 'ip-wildcard', value: '10.0.0.5/0.0.255.0' } } }),
  ],
  [
    'an ip-wildcard object that wants another bit does not match',
    { destination: ['web'] },
    {},
    needed,
    vsys({ addresses: { web: { kind: 'ip-wildcard', value: '10.0.0.4/0.0.255.2' } } }),
  ],
  [
    'an ip-wildcard object may match every other address of a source',
    { source: ['even'] },
    {},
    partly,
    vsys({ addresses: { even: { kind: 'ip-wildcard', value: '203.0.113.0/0.0.0.254' } } }),
  ],
  [
    'an ip-wildcard object scattered over more than 4,096 places is not sure',
    { source: ['scattered'] },
    {},
    doubted,
    vsys({ addresses: { scattered: { kind: 'ip-wildcard', value: '0.0.0.1/255.255.255.254' } } }),
  ],
  [
    'an FQDN object is not sure',
    { source: ['cdn'] },
    {},
    doubted,
    vsys({ addresses: { cdn: { kind: 'fqdn', value: 'cdn.example.com' } } }),
  ],
  [
    'an FQDN beside an address adds nothing and takes nothing away',
    { source: ['cdn', '203.0.113.0/24'] },
    {},
    allowed,
    vsys({ addresses: { cdn: { kind: 'fqdn', value: 'cdn.example.com' } } }),
  ],
  ['an external list is not sure', { source: ['bad'] }, {}, doubted, vsys({ externalLists: ['bad'] })],
  ['a region is not sure', { source: ['DE'] }, {}, doubted, { predefined: { regions: ['DE'] } }],
  [
    'a region wins over an address object of its name',
    { source: ['DE'] },
    {},
    doubted,
    { vsys: { addresses: { DE: netmask('0.0.0.0/0') } }, predefined: { regions: ['DE'] } },
  ],
  [
    'an object named like a country may be hidden by a predefined region that was not read',
    { source: ['DE'] },
    {},
    doubted,
    vsys({ addresses: { DE: netmask('0.0.0.0/0') } }),
  ],
  [
    'an object named like a country counts where the predefined regions were read and have no such name',
    { source: ['DB'] },
    {},
    allowed,
    { vsys: { addresses: { DB: netmask('0.0.0.0/0') } }, predefined: { regions: ['DE'] } },
  ],
  [
    'a dynamic address group is not sure',
    { source: ['dag'] },
    {},
    doubted,
    vsys({ addressGroups: { dag: { kind: 'dynamic', filter: "'web'" } } }),
  ],
  [
    'a static group is its members',
    { source: ['both'] },
    {},
    allowed,
    vsys({
      addressGroups: { both: group('203.0.113.0/25', 'upper') },
      addresses: { upper: netmask('203.0.113.128/25') },
    }),
  ],
  [
    'groups nest to any depth',
    { source: ['level-0'] },
    {},
    allowed,
    vsys({
      addressGroups: Object.fromEntries(
        Array.from({ length: 500 }, (_, n) => [`level-${n}`, group(n === 499 ? '203.0.113.0/24' : `level-${n + 1}`)]),
      ),
    }),
  ],
  [
    'a group that contains itself is not sure, whatever else it contains',
    { source: ['a'] },
    {},
    doubted,
    vsys({ addressGroups: { a: group('b', '203.0.113.0/24'), b: group('a') } }),
  ],
  [
    'a group beside a group that contains itself keeps its members',
    { source: ['top'] },
    {},
    allowed,
    vsys({ addressGroups: { top: group('a', '203.0.113.0/24'), a: group('a') } }),
  ],
  [
    'a group that is used twice is not a cycle',
    { source: ['top'] },
    {},
    allowed,
    vsys({ addressGroups: { top: group('a', 'b'), a: group('c'), b: group('c'), c: group('203.0.113.0/24') } }),
  ],
  [
    'an object named like an address wins over the address',
    { destination: ['10.0.1.5'] },
    {},
    needed,
    vsys({ addresses: { '10.0.1.5': netmask('10.9.9.9') } }),
  ],
  [
    'an object named like another address may be ours',
    { destination: ['10.9.9.9'] },
    {},
    allowed,
    { shared: { addresses: { '10.9.9.9': netmask('10.0.1.5') } } },
  ],
  [
    'an object of the vsys wins over a shared one',
    { destination: ['web'] },
    {},
    needed,
    { vsys: { addresses: { web: netmask('10.9.9.9') } }, shared: { addresses: { web: netmask('10.0.1.5') } } },
  ],
  [
    'a shared object wins over a pushed one',
    { destination: ['web'] },
    {},
    allowed,
    { shared: { addresses: { web: netmask('10.0.1.5') } }, pushed: { addresses: { web: netmask('10.9.9.9') } } },
  ],
  [
    'a pushed object is found',
    { destination: ['web'] },
    {},
    allowed,
    { pushed: { addresses: { web: netmask('10.0.1.5') } } },
  ],
  [
    'a name of an object and a group in one scope is not sure',
    { destination: ['web'] },
    {},
    doubted,
    vsys({ addresses: { web: netmask('10.0.1.5') }, addressGroups: { web: group('10.0.1.5') } }),
  ],
  [
    'a member of a shared group that the vsys defines otherwise is not sure',
    { destination: ['servers'] },
    {},
    doubted,
    {
      vsys: { addresses: { web: netmask('10.0.1.5') } },
      shared: { addressGroups: { servers: group('web') }, addresses: { web: netmask('10.9.9.9') } },
    },
  ],
  [
    'a member of a shared group that the vsys defines alike is sure',
    { destination: ['servers'] },
    {},
    allowed,
    {
      vsys: { addresses: { web: netmask('10.0.1.0/24') } },
      shared: { addressGroups: { servers: group('web') }, addresses: { web: netmask('10.0.1.5') } },
    },
  ],
]);

// Negation
table([
  ['a negated source matches everything else', { source: ['198.51.100.0/24'], negateSource: true }, {}, allowed],
  ['a negated source does not match its members', { source: ['203.0.0.0/16'], negateSource: true }, {}, needed],
  ['a negated source leaves the members it shares', { source: ['203.0.113.0/25'], negateSource: true }, {}, partly],
  [
    'a negated destination matches everything else',
    { destination: ['10.0.1.6'], negateDestination: true },
    {},
    allowed,
  ],
  ['all of IPv4 negated is all of IPv6', { source: ['0.0.0.0/0'], negateSource: true }, v6, allowed],
  ['all of IPv4 negated is nothing of IPv4', { source: ['0.0.0.0/0'], negateSource: true }, {}, needed],
  [
    'one unknown member in a negated source leaves nothing sure',
    { source: ['198.51.100.0/24', 'bad'], negateSource: true },
    {},
    doubted,
    vsys({ externalLists: ['bad'] }),
  ],
  [
    'what a negated source names is surely not matched, whatever its unknown member',
    { source: ['203.0.113.0/24', 'bad'], negateSource: true },
    {},
    needed,
    vsys({ externalLists: ['bad'] }),
  ],
  [
    'one unknown member in a negated destination leaves nothing sure',
    { destination: ['10.0.1.6', 'bad'], negateDestination: true },
    {},
    doubted,
    vsys({ externalLists: ['bad'] }),
  ],
]);

// Services
const tcp = (port: string, sourcePort: string | null = null) => ({ protocol: 'tcp', port, sourcePort }) as const;
table([
  ['service any matches every port', { service: ['any'] }, { service: 'udp/1-65535' }, allowed],
  ['a tcp object', { service: ['s'] }, {}, allowed, vsys({ services: { s: tcp('443') } })],
  ['a tcp object of another port', { service: ['s'] }, {}, needed, vsys({ services: { s: tcp('444') } })],
  [
    'a tcp object does not match udp',
    { service: ['s'] },
    { service: 'udp/443' },
    needed,
    vsys({ services: { s: tcp('443') } }),
  ],
  [
    'a list of ports and ranges',
    { service: ['s'] },
    { service: 'tcp/443-445' },
    allowed,
    vsys({ services: { s: tcp('22,443,444-450') } }),
  ],
  [
    'a gap in the list leaves a part',
    { service: ['s'] },
    { service: 'tcp/443-445' },
    partly,
    vsys({ services: { s: tcp('443,445') } }),
  ],
  [
    'the first port of a range is in it',
    { service: ['s'] },
    { service: 'tcp/444' },
    allowed,
    vsys({ services: { s: tcp('444-450') } }),
  ],
  [
    'the last port of a range is in it',
    { service: ['s'] },
    { service: 'tcp/450' },
    allowed,
    vsys({ services: { s: tcp('444-450') } }),
  ],
  [
    'all ports are 0 to 65535',
    { service: ['s'] },
    { service: 'tcp/0-65535' },
    allowed,
    vsys({ services: { s: tcp('0-65535') } }),
  ],
  [
    '1 to 65535 leaves port 0',
    { service: ['s'] },
    { service: 'tcp/0-65535' },
    partly,
    vsys({ services: { s: tcp('1-65535') } }),
  ],
  [
    'source ports narrow a service',
    { service: ['s'] },
    {},
    partly,
    vsys({ services: { s: tcp('443', '1024-65535') } }),
  ],
  [
    'two services with different source ports together are whole',
    { service: ['low', 'high'] },
    {},
    allowed,
    vsys({ services: { low: tcp('443', '0-1023'), high: tcp('400-500', '1024-65535') } }),
  ],
  [
    'service groups nest',
    { service: ['outer'] },
    { service: 'tcp/80-81' },
    allowed,
    vsys({ services: { a: tcp('80'), b: tcp('81') }, serviceGroups: { outer: ['a', 'inner'], inner: ['b'] } }),
  ],
  [
    'a service group that contains itself is not sure',
    { service: ['outer'] },
    {},
    doubted,
    vsys({ services: { a: tcp('443') }, serviceGroups: { outer: ['a', 'inner'], inner: ['outer'] } }),
  ],
  [
    'service-http is what the device says: 80 and 8080',
    { service: ['service-http'] },
    { service: 'tcp/8080' },
    allowed,
  ],
  ['service-https is tcp 443', { service: ['service-https'] }, {}, allowed],
  [
    "an administrator's own service-https wins over the predefined one",
    { service: ['service-https'] },
    {},
    needed,
    vsys({ services: { 'service-https': tcp('8443') } }),
  ],
  ['a service that is not defined is not sure', { service: ['nothing'] }, {}, doubted],
  [
    'a service whose ports cannot be read is not sure',
    { service: ['s'] },
    {},
    doubted,
    vsys({ services: { s: tcp('https') } }),
  ],
  ['a port beyond 65535 is not sure', { service: ['s'] }, {}, doubted, vsys({ services: { s: tcp('443-65536') } })],
  [
    'a range of ports written backwards is not sure',
    { service: ['s'] },
    {},
    doubted,
    vsys({ services: { s: tcp('444-443') } }),
  ],
  [
    'source ports that cannot be read are not sure',
    { service: ['s'] },
    {},
    doubted,
    vsys({ services: { s: tcp('443', 'high') } }),
  ],
  ['an unknown service beside a known one takes nothing away', { service: ['service-https', 'nothing'] }, {}, allowed],
  [
    'a service and a service group of one name are not sure',
    { service: ['s'] },
    {},
    doubted,
    vsys({ services: { s: tcp('443') }, serviceGroups: { s: ['service-https'] } }),
  ],
  [
    'a member of a shared service group that the vsys defines otherwise is not sure',
    { service: ['g'] },
    {},
    doubted,
    { vsys: { services: { s: tcp('443') } }, shared: { services: { s: tcp('22') }, serviceGroups: { g: ['s'] } } },
  ],
  [
    'an sctp service covers no tcp',
    { service: ['s'] },
    {},
    needed,
    vsys({ services: { s: { protocol: 'sctp', port: '443', sourcePort: null } } }),
  ],
]);

// Applications
const ssl: Said = { application: ['ssl'] };
const web: Said = { application: ['web-browsing'], service: 'tcp/80' };
const any: Said = { service: 'any' };
table([
  ['application any covers a named one', { application: ['any'] }, ssl, allowed],
  ['a named application covers itself', { application: ['ssl'] }, ssl, allowed],
  ['a named application does not cover another', { application: ['ssh'] }, ssl, needed],
  ['no list of applications covers any', { application: ['ssl', 'web-browsing', 'ssh'] }, {}, partly],
  ['application and service both count', { application: ['ssl'], service: ['service-http'] }, ssl, needed],
  ['implicit use never covers', { application: ['facebook'] }, ssl, needed],
  [
    'implicit use by application-default never covers',
    { application: ['facebook'], service: ['application-default'] },
    web,
    needed,
  ],
  [
    'application groups nest',
    { application: ['outer'] },
    ssl,
    allowed,
    vsys({ applicationGroups: { outer: ['ssh', 'inner'], inner: ['ssl'] } }),
  ],
  [
    'an application group that contains itself is not sure',
    { application: ['outer'] },
    ssl,
    doubted,
    vsys({ applicationGroups: { outer: ['ssl', 'inner'], inner: ['outer'] } }),
  ],
  [
    'a container is its members when they are known',
    { application: ['secure'] },
    ssl,
    allowed,
    vsys({ applicationContainers: { secure: ['ssl'] } }),
  ],
  [
    'an application filter is not sure',
    { application: ['risky'] },
    ssl,
    doubted,
    vsys({ applicationFilters: ['risky'] }),
  ],
  ['an application that is not defined is not sure', { application: ['snmp'] }, ssl, doubted],
  [
    'a filter beside an application takes nothing away',
    { application: ['risky', 'ssl'] },
    ssl,
    allowed,
    vsys({ applicationFilters: ['risky'] }),
  ],
  [
    'an application and a group of one name are not sure',
    { application: ['ssl'] },
    ssl,
    doubted,
    vsys({ applications: { ssl: {} }, applicationGroups: { ssl: ['ssh'] } }),
  ],
  [
    'a member of a shared application group that the vsys defines otherwise is not sure',
    { application: ['g'] },
    ssl,
    doubted,
    {
      vsys: { applicationGroups: { inner: ['ssl'] } },
      shared: { applicationGroups: { g: ['inner'], inner: ['ssh'] } },
    },
  ],
]);

// application-default
const appDefault = { service: ['application-default'] } as const;
table([
  ['application-default is the default port', { ...appDefault, application: ['ssl'] }, ssl, allowed],
  [
    'application-default is no other port',
    { ...appDefault, application: ['ssl'] },
    { application: ['ssl'], service: 'tcp/8443' },
    needed,
  ],
  [
    'application-default does not lend one application the port of another',
    { ...appDefault, application: ['ssl', 'web-browsing'] },
    { application: ['ssl'], service: 'tcp/80' },
    needed,
  ],
  [
    'application-default with several applications gives each its own port',
    { ...appDefault, application: ['ssl', 'web-browsing'] },
    web,
    allowed,
  ],
  [
    'default ports may lie on several protocols',
    { ...appDefault, application: ['dns'] },
    { application: ['dns'], service: 'udp/5353' },
    allowed,
  ],
  ['any with application-default covers a known application on its port', appDefault, ssl, allowed],
  [
    'any with application-default covers a known application on no other port',
    appDefault,
    { application: ['ssl'], service: 'tcp/80' },
    needed,
  ],
  [
    'any with application-default does not cover any, and nobody knows the rest',
    appDefault,
    {},
    'needed by R except R',
  ],
  [
    'dynamic default ports are not sure',
    { ...appDefault, application: ['netflow'] },
    { application: ['netflow'], service: 'udp/2055' },
    doubted,
  ],
  [
    'no default ports are not sure',
    { ...appDefault, application: ['unknown-tcp'] },
    { application: ['unknown-tcp'] },
    doubted,
  ],
  [
    'dynamic ports take nothing from the listed ones',
    { ...appDefault, application: ['media'] },
    { application: ['media'] },
    allowed,
    vsys({ applications: { media: { defaultPorts: ['tcp/443', 'udp/dynamic'] } } }),
  ],
  [
    'a custom application has its own default ports',
    { ...appDefault, application: ['ours'] },
    { application: ['ours'], service: 'tcp/8443' },
    allowed,
    { shared: { applications: { ours: { defaultPorts: ['tcp/8440-8450'], custom: true } } } },
  ],
  [
    'application-default of a filter is not sure',
    { ...appDefault, application: ['risky'] },
    ssl,
    doubted,
    vsys({ applicationFilters: ['risky'] }),
  ],
]);

// ICMP and other protocols
const ping: Said = { ...any, application: ['ping'] };
table([
  ['ping by application-default is echo', { ...appDefault, application: ['ping'] }, ping, allowed],
  ['ping with service any is echo', { application: ['ping'] }, ping, allowed],
  ['ping on a tcp service matches no ping', { application: ['ping'], service: ['service-https'] }, ping, needed],
  ['application any with service any covers ping', {}, ping, allowed],
  ['application any on a tcp service does not cover ping', { service: ['service-https'] }, ping, needed],
  ['icmp is another application than ping', { application: ['icmp'] }, ping, needed],
  [
    'icmp and ping are covered by both',
    { application: ['icmp', 'ping'] },
    { ...any, application: ['icmp', 'ping'] },
    allowed,
  ],
  [
    'icmp and ping are not covered by ping',
    { application: ['ping'] },
    { ...any, application: ['icmp', 'ping'] },
    partly,
  ],
  [
    'ipv6-icmp is covered by itself',
    { ...appDefault, application: ['ipv6-icmp'] },
    { ...v6, ...any, application: ['ipv6-icmp'] },
    allowed,
  ],
  [
    'a custom ICMP application is its type',
    { ...appDefault, application: ['icmp-3'] },
    { ...any, application: ['icmp-3'] },
    allowed,
    vsys({ applications: { 'icmp-3': { icmp: { family: 4, type: 3, code: 4 }, custom: true } } }),
  ],
  [
    'an application told by its IP protocol is covered by itself',
    { ...appDefault, application: ['ipsec-esp'] },
    { ...any, application: ['ipsec-esp'] },
    allowed,
  ],
  ['everything is covered by everything', {}, any, allowed],
  [
    'everything is not covered by all of tcp',
    { service: ['s'] },
    any,
    partly,
    vsys({ services: { s: tcp('0-65535') } }),
  ],
  ['a deny of ping takes nothing from tcp', { application: ['ping'], action: 'deny' }, {}, needed],
]);

// What makes a whole rule unsure, and disabled rules
for (const restriction of ['source-user', 'source-hip', 'category', 'schedule', 'source-device', 'something-new']) {
  table([[`${restriction} makes the whole rule unsure`, { restrictions: [restriction] }, {}, doubted]]);
}
table([
  ['a disabled rule does not exist', { disabled: true }, {}, needed],
  ['a disabled deny does not exist', { disabled: true, action: 'deny' }, {}, needed],
  ['an unsure deny does not override, but is told', { action: 'deny', restrictions: ['source-user'] }, {}, doubted],
  [
    'an unsure rule that cannot meet the candidate is not told',
    { restrictions: ['source-user'], destination: ['10.9.9.9'] },
    {},
    needed,
  ],
  [
    'an unsure rule for another port is not told',
    { restrictions: ['source-user'], service: ['service-http'] },
    {},
    needed,
  ],
  ['an unsure rule for other zones is not told', { restrictions: ['source-user'], from: ['dmz'] }, {}, needed],
]);
