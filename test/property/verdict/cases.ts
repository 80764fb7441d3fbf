/** Random policies and candidates over a universe small enough to enumerate. */
import fc from 'fast-check';
import type { Policy, SecurityRule } from '../../../shared/domain/policy/policy.ts';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';
import { type Objects, policy, rule, type Scopes } from '../../unit/domain/verdict-policies.ts';
import { inCidr, isPossible, type Session } from './oracle.ts';

/** One address of every kind the literals and objects below tell apart. */
const addresses = [
  ...Array.from({ length: 8 }, (_, n) => `10.0.0.${n}`),
  '10.0.1.3',
  '192.0.2.1',
  ...['0', '1', '2', '3'].map((n) => `2001:db8:0:0:0:0:0:${n}`),
  '2001:dead:0:0:0:0:0:1',
];

const literals = [
  'any',
  '0.0.0.0/0',
  '0.0.0.0-255.255.255.255',
  '::/0',
  '10.0.0.0/29',
  '10.0.0.4/30',
  '10.0.0.5/30',
  '10.0.0.2-10.0.0.5',
  '10.0.0.0/31',
  '10.0.0.1',
  '10.0.0.3',
  '10.0.0.6/32',
  '10.0.0.7',
  '2001:db8::/127',
  '2001:db8::2',
  '2001:db8::1-2001:db8::3',
];
const objectNames = ['o1', 'o2', 'o3', '10.0.0.3'];
const groupNames = ['g1', 'g2', 'g3'];
const unknownNames = ['list', 'somewhere', 'no-such-name', 'hollow'];

const addressObject = fc.constantFrom(
  { kind: 'ip-netmask', value: '10.0.0.0/30' } as const,
  { kind: 'ip-netmask', value: '10.0.0.6' } as const,
  { kind: 'ip-netmask', value: '2001:db8::/126' } as const,
  { kind: 'ip-range', value: '10.0.0.3-10.0.0.6' } as const,
  { kind: 'ip-wildcard', value: '10.0.0.1/0.0.0.6' } as const,
  { kind: 'ip-wildcard', value: '10.0.0.3/0.0.1.4' } as const,
  { kind: 'fqdn', value: 'cdn.example.com' } as const,
);

const some = <T>(from: readonly T[], most: number) =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: most });

const addressGroup = fc.oneof(
  { weight: 6, arbitrary: some([...literals.slice(4), ...objectNames, ...groupNames], 3) },
  { weight: 1, arbitrary: some([...objectNames, ...groupNames, ...unknownNames], 3) },
);

/** Objects spread over the scopes, so that the same name may stand in several. */
const scopesWith = fc
  .record({
    objects: fc.uniqueArray(fc.tuple(fc.constantFrom(...objectNames), fc.constantFrom(0, 0, 1, 2), addressObject), {
      maxLength: 5,
      selector: ([name, scope]) => `${name} ${scope}`,
    }),
    groups: fc.uniqueArray(fc.tuple(fc.constantFrom(...groupNames), fc.constantFrom(0, 0, 0, 1), addressGroup), {
      maxLength: 3,
      selector: ([name, scope]) => `${name} ${scope}`,
    }),
    dynamicGroup: fc.boolean(),
    /** A group of which nothing is known, with or without an empty list of members. */
    hollowGroup: fc.constantFrom({ kind: 'unknown' } as const, { kind: 'static', members: [] } as const),
    applicationGroup: some(['ssl', 'web', 'dns', 'nowhere', 'container', 'filter'], 3),
    serviceGroup: some(['tcp80', 'tcp81-82', 'low', 'udp53', 'broken'], 2),
  })
  .map(({ objects, groups, dynamicGroup, hollowGroup, applicationGroup, serviceGroup }): Scopes => {
    const inScope = (at: number): Objects => ({
      addresses: Object.fromEntries(
        objects.filter(([, scope]) => scope === at).map(([name, , object]) => [name, object]),
      ),
      addressGroups: Object.fromEntries([
        ...groups
          .filter(([, scope]) => scope === at)
          .map(([name, , members]) => [name, { kind: 'static', members } as const]),
        ...(at === 0 ? [['hollow', hollowGroup] as const] : []),
        ...(dynamicGroup && at === 1 ? [['g1', { kind: 'dynamic', filter: "'web'" } as const]] : []),
      ]),
    });
    return {
      vsys: {
        ...inScope(0),
        services: {
          tcp80: { protocol: 'tcp', port: '80', sourcePort: null },
          'tcp81-82': { protocol: 'tcp', port: '81-82', sourcePort: null },
          low: { protocol: 'tcp', port: '80,83', sourcePort: '0-1500' },
          high: { protocol: 'tcp', port: '80-83', sourcePort: '1501-65535' },
          'from-1': { protocol: 'tcp', port: '80-82', sourcePort: '1-65535' },
          'low-from-1': { protocol: 'tcp', port: '80-83', sourcePort: '1-1500' },
          'from-0': { protocol: 'tcp', port: '80-83', sourcePort: '0' },
          broken: { protocol: 'tcp', port: 'eighty', sourcePort: null },
        },
        serviceGroups: { services: [...serviceGroup, 'inner'], inner: ['udp53'] },
        applicationGroups: { applications: applicationGroup },
        applicationFilters: ['filter'],
        externalLists: ['list'],
      },
      shared: { ...inScope(1), services: { udp53: { protocol: 'udp', port: '53', sourcePort: null } } },
      pushed: { ...inScope(2), regions: ['somewhere'] },
      predefined: {
        applications: {
          ssl: { defaultPorts: ['tcp/80'] },
          web: { defaultPorts: ['tcp/81-82'], implicitlyUses: ['ssl'] },
          dns: { defaultPorts: ['udp/53', 'tcp/83'] },
          media: { defaultPorts: ['tcp/80', 'udp/dynamic'] },
          icmp: { ipProtocol: 1 },
          ping: { icmp: { family: 4, type: 8, code: null } },
          esp: { ipProtocol: 50 },
          portless: {},
        },
        applicationContainers: { container: ['ssl', 'web'] },
      },
    };
  });

const addressMembers = fc.oneof(
  { weight: 6, arbitrary: fc.constant(['any']) },
  { weight: 8, arbitrary: some([...literals.slice(1), ...objectNames, ...groupNames], 3) },
  { weight: 1, arbitrary: some([...literals.slice(4), ...unknownNames, ...groupNames], 2) },
);

const zoneMembers = fc.oneof(
  { weight: 6, arbitrary: fc.constant(['any']) },
  { weight: 4, arbitrary: some(['a', 'b', 'c'], 3) },
);

const applicationMembers = fc.oneof(
  { weight: 6, arbitrary: fc.constant(['any']) },
  { weight: 4, arbitrary: some(['ssl', 'web', 'dns', 'media', 'icmp', 'ping', 'esp', 'portless'], 3) },
  { weight: 1, arbitrary: some(['ssl', 'applications', 'container', 'filter', 'nowhere'], 2) },
);

const serviceMembers = fc.oneof(
  { weight: 6, arbitrary: fc.constant(['any']) },
  { weight: 2, arbitrary: fc.constant(['application-default']) },
  {
    weight: 5,
    arbitrary: some(['tcp80', 'tcp81-82', 'low', 'high', 'from-1', 'low-from-1', 'from-0', 'udp53', 'services'], 3),
  },
  { weight: 1, arbitrary: some(['tcp80', 'broken', 'no-such-service'], 2) },
);

const rarely = (oneIn: number) => fc.nat({ max: oneIn - 1 }).map((n) => n === oneIn - 1);

/** A rule whose name is given later, narrow in most fields. */
const narrowRule = fc.record({
  from: zoneMembers,
  to: fc.oneof({ weight: 12, arbitrary: zoneMembers }, { weight: 1, arbitrary: fc.constant(['multicast']) }),
  source: addressMembers,
  destination: addressMembers,
  application: applicationMembers,
  service: serviceMembers,
  negateSource: rarely(8),
  negateDestination: rarely(8),
  ruleType: fc.constantFrom('universal', 'universal', 'universal', 'intrazone', 'interzone'),
  action: fc.constantFrom('allow', 'allow', 'allow', 'deny', 'drop', 'reset-client', 'reset-server', 'reset-both'),
  disabled: rarely(10),
  restrictions: fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constant(['source-user']) },
  ),
}) satisfies fc.Arbitrary<Partial<SecurityRule>>;

/** A rule that is narrow in at most two fields. */
const wideRule = fc
  .tuple(narrowRule, some(['from', 'source', 'destination', 'application', 'service', 'ruleType'] as const, 2))
  .map(([body, narrow]): Partial<SecurityRule> => {
    const kept: Partial<SecurityRule> = Object.fromEntries(narrow.map((field) => [field, body[field]]));
    return { action: body.action, disabled: body.disabled, ...kept };
  });

const ruleBody = fc.oneof({ weight: 3, arbitrary: narrowRule }, { weight: 2, arbitrary: wideRule });

/** An intrazone rule whose lists differ is refused by the firewall. */
const ruleNamed = (name: string, body: Partial<SecurityRule>, rulebase: SecurityRule['rulebase']): SecurityRule => {
  const made = rule(name, { ...body, rulebase });
  return made.ruleType === 'intrazone' ? { ...made, to: made.from } : made;
};

/** Denies everything, as a clean-up rule mostly does; or says anything; or is a default rule. */
const bottomBody = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Partial<SecurityRule>>({ action: 'deny' }) },
  { weight: 3, arbitrary: ruleBody.map((body) => ({ ...body, disabled: false })) },
  { weight: 4, arbitrary: fc.constant(null) },
);

/** The two rules that every policy ends with; their action can be overridden. */
const defaultRules = fc
  .record({
    intrazone: fc.constantFrom<SecurityRule['action'][]>('allow', 'allow', 'allow', 'drop'),
    interzone: fc.constantFrom<SecurityRule['action'][]>('deny', 'deny', 'deny', 'deny', 'deny', 'allow'),
  })
  .map(({ intrazone, interzone }): readonly SecurityRule[] =>
    (
      [
        ['intrazone', intrazone],
        ['interzone', interzone],
      ] as const
    ).map(([ruleType, action]) => rule(`${ruleType}-default`, { uuid: null, rulebase: 'default', ruleType, action })),
  );

const destination = fc.tuple(
  fc.constantFrom('eni-1', 'eni-2', 'eni-3'),
  fc.constantFrom('10.0.0.1/32', '10.0.0.2/32', '10.0.0.4/31', '10.0.0.6/32', '10.0.0.7/32'),
);
const destination6 = fc.tuple(fc.constantFrom('eni-1', 'eni-2'), fc.constantFrom('2001:db8::1/128', '2001:db8::2/127'));

const candidateBody = fc
  .record({
    family: fc.constantFrom<(4 | 6)[]>(4, 4, 4, 6),
    from: fc.constantFrom('a', 'a', 'b'),
    sources: some(
      ['0.0.0.0/0', '10.0.0.0/29', '10.0.0.1/32', '10.0.0.0/30', '10.0.0.4/31', '10.0.0.6/32', '192.0.2.0/24'],
      3,
    ),
    sources6: some(['::/0', '2001:db8::/126', '2001:db8::1/128'], 2),
    destinations: fc.uniqueArray(destination, { minLength: 1, maxLength: 3, selector: (to) => to.join(' ') }),
    destinations6: fc.uniqueArray(destination6, { minLength: 1, maxLength: 2, selector: (to) => to.join(' ') }),
    application: fc.oneof(
      { weight: 5, arbitrary: fc.constant<string[]>(['any']) },
      { weight: 3, arbitrary: some<string>(['ssl', 'web', 'dns', 'elsewhere'], 2) },
      { weight: 1, arbitrary: fc.constantFrom<string[][]>(['ping'], ['icmp', 'ping'], ['esp']) },
    ),
    ports: fc.constantFrom('tcp 80 80', 'tcp 80 80', 'tcp 80 83', 'tcp 81 82', 'tcp 82 83', 'udp 53 53'),
    anyService: rarely(16),
  })
  .map((body): CandidateRule => {
    const [protocol, from, to] = body.ports.split(' ');
    const ports = { from: Number(from), to: Number(to) };
    const bound = body.application.some((name) => name === 'ping' || name === 'esp');
    const service =
      body.anyService || bound
        ? ({ kind: 'any' } as const)
        : ({ kind: 'ports', protocol: protocol === 'udp' ? 'udp' : 'tcp', ports } as const);
    return {
      subject: { kind: 'group', id: 'sg-1' },
      group: 'sg-1',
      family: body.family,
      traffic: service.kind === 'any' ? { kind: 'all' } : service,
      from: body.from,
      to: 'b',
      application: body.application,
      service,
      sources: (body.family === 4 ? body.sources : body.sources6).map((source, at) => ({
        source,
        securityGroupRule: `sgr-${at}`,
        prefixList: null,
      })),
      destinations: (body.family === 4 ? body.destinations : body.destinations6).map(([eni, address]) => ({
        interface: eni,
        instance: 'i-1',
        address,
      })),
      broughtBy: '',
    };
  });

export interface Case {
  readonly [fc.toStringMethod]?: () => string;
  readonly policies: readonly [Policy, ...Policy[]];
  readonly bottomRule: string;
  /** Whether what a pushed post rule may deny is opened. */
  readonly open: boolean;
  readonly candidates: readonly CandidateRule[];
  readonly owned: readonly { readonly uuid: string; readonly interfaces: readonly string[] }[];
  readonly removed: readonly string[];
}

/** Only what a counterexample needs to be read. */
const saidOf = (one: SecurityRule): Partial<SecurityRule> => {
  const usual: Readonly<Record<string, unknown>> = rule(one.name) as unknown as Readonly<Record<string, unknown>>;
  const differs = Object.entries(one).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key]));
  return { name: one.name, ...Object.fromEntries(differs) };
};

const textOf = (one: CandidateRule): string => {
  const sources = one.sources.map(({ source }) => source).join(',');
  const to = one.destinations.map((destination) => `${destination.interface}=${destination.address}`).join(',');
  return `${one.from}>${one.to} ${sources} > ${to} ${one.application.join('+')} ${JSON.stringify(one.service)}`;
};

export const cases: fc.Arbitrary<Case> = fc
  .record({
    scopes: scopesWith,
    above: fc.array(ruleBody, { maxLength: 7, size: 'max' }),
    pushed: fc.nat({ max: 2 }),
    below: fc.array(ruleBody, { maxLength: 1 }),
    post: fc.array(ruleBody, { maxLength: 2 }),
    bottom: bottomBody,
    defaults: defaultRules,
    bottomName: fc.constantFrom('interzone-default', 'interzone-default', 'intrazone-default'),
    open: rarely(3),
    candidates: fc.array(candidateBody, { minLength: 1, maxLength: 3 }),
    owned: fc.array(fc.tuple(fc.nat({ max: 5 }), some(['eni-1', 'eni-2', 'eni-3'], 2)), { maxLength: 1 }),
    removed: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat({ max: 5 }) }),
    /** Rules that the second view does not have; null for one view. */
    missing: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat({ max: 5 }) }),
  })
  .map((made): Case => {
    const { scopes, above, pushed, below, post, bottom, defaults, candidates, owned, removed, missing, open } = made;
    const bottomRule = bottom === null ? made.bottomName : 'Clean up';
    const uuid = (at: number): string => `uuid of r${at + 1}`;
    const rules = [
      ...above.map((body, at) => ruleNamed(`r${at + 1}`, body, at < pushed ? 'pushed-pre' : 'local')),
      ...(bottom === null
        ? []
        : [bottom, ...below].map((body, at) => ruleNamed(at === 0 ? bottomRule : `b${at}`, body, 'local'))),
      ...post.map((body, at) => ruleNamed(`p${at + 1}`, body, 'pushed-post')),
      ...defaults,
    ];
    const first = policy(rules, scopes);
    const second =
      missing === null
        ? null
        : policy(
            rules.filter((one) => one.uuid !== uuid(missing)),
            scopes,
          );
    const told = {
      bottomRule,
      open,
      rules: rules.map(saidOf),
      scopes,
      candidates: candidates.map(textOf),
      owned,
      removed,
      missing,
    };
    return {
      [fc.toStringMethod]: () =>
        Object.entries(told)
          .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
          .join('\n'),
      policies: second === null ? [first] : [first, second],
      bottomRule,
      open,
      candidates,
      owned: owned.map(([at, interfaces]) => ({ uuid: uuid(at), interfaces })),
      removed: removed === null ? [] : [uuid(removed)],
    };
  });

/** No session comes from source port 0; where there are no ports, any number will do. */
const everyTraffic = [
  ...[80, 81, 82, 83, 9].flatMap((port) => [1, 1000, 2000].map((sourcePort) => [6, port, sourcePort] as const)),
  ...[53, 9].map((port) => [17, port, 1000] as const),
  [1, 8, 1] as const,
  [1, 5, 1] as const,
  [58, 128, 1] as const,
  [50, 0, 1] as const,
  [99, 0, 1] as const,
];

const everyApplication = [
  'ssl',
  'web',
  'dns',
  'media',
  'icmp',
  'ping',
  'esp',
  'portless',
  'elsewhere',
  'named nowhere',
];

/** The sessions of a candidate from one of its sources to one of its destinations, one of each kind there is. */
export const sessionsOf = (
  policyWithApplications: Policy,
  candidate: CandidateRule,
  source: number,
  to: number,
): readonly Session[] => {
  const from = candidate.sources[source]?.source ?? '';
  const { address = '', interface: eni = '' } = candidate.destinations[to] ?? {};
  const { service, application } = candidate;
  const traffic = everyTraffic.filter(([protocol, port]) => {
    if (service.kind === 'any') return true;
    const number = service.protocol === 'tcp' ? 6 : 17;
    return protocol === number && service.ports.from <= port && port <= service.ports.to;
  });
  const applications = application.includes('any') ? everyApplication : application;
  const sessions: Session[] = [];
  for (const sourceAddress of addresses.filter((one) => inCidr(one, from))) {
    for (const destinationAddress of addresses.filter((one) => inCidr(one, address))) {
      for (const [protocol, port, sourcePort] of traffic) {
        for (const name of applications) {
          const session: Session = {
            from: candidate.from,
            to: candidate.to,
            source: sourceAddress,
            destination: destinationAddress,
            interface: eni,
            protocol,
            port,
            sourcePort,
            application: name,
          };
          if (isPossible(policyWithApplications, session)) sessions.push(session);
        }
      }
    }
  }
  return sessions;
};
