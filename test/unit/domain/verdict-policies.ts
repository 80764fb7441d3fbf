import assert from 'node:assert/strict';
import type {
  AddressGroup,
  AddressObject,
  Application,
  DecryptionRule,
  ObjectScope,
  Policy,
  SecurityRule,
  ServiceObject,
} from '../../../shared/domain/policy/policy.ts';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';
import { judgeCandidates, type VerdictQuestion } from '../../../shared/domain/verdict/verdict.ts';
import type { Judged } from '../../../shared/domain/verdict/verdict-words.ts';

/** A rule that matches everything and allows it, but for what is said. */
export const rule = (name: string, said: Partial<SecurityRule> = {}): SecurityRule => ({
  name,
  uuid: `uuid of ${name}`,
  rulebase: 'local',
  from: ['any'],
  to: ['any'],
  source: ['any'],
  destination: ['any'],
  application: ['any'],
  service: ['any'],
  negateSource: false,
  negateDestination: false,
  ruleType: 'universal',
  action: 'allow',
  disabled: false,
  logSetting: null,
  profileGroup: null,
  tags: [],
  description: '',
  restrictions: [],
  others: {},
  ...said,
});

/** A decryption rule that matches everything and decrypts it, but for what is said. */
export const decryptionRule = (name: string, said: Partial<DecryptionRule> = {}): DecryptionRule => ({
  name,
  from: ['any'],
  to: ['any'],
  source: ['any'],
  negateSource: false,
  destination: ['any'],
  negateDestination: false,
  service: ['any'],
  decrypts: true,
  narrowed: false,
  ...said,
});

export const cleanUp = rule('Clean up', { action: 'deny' });

/** The objects of one scope, maps written as records. */
export interface Objects {
  readonly addresses?: Readonly<Record<string, AddressObject>>;
  readonly addressGroups?: Readonly<Record<string, AddressGroup>>;
  readonly services?: Readonly<Record<string, ServiceObject>>;
  readonly serviceGroups?: Readonly<Record<string, readonly string[]>>;
  readonly applications?: Readonly<Record<string, Partial<Application>>>;
  readonly applicationGroups?: Readonly<Record<string, readonly string[]>>;
  readonly applicationContainers?: Readonly<Record<string, readonly string[]>>;
  readonly applicationFilters?: readonly string[];
  readonly externalLists?: readonly string[];
  readonly regions?: readonly string[];
}

export const application = (said: Partial<Application>): Application => ({
  defaultPorts: [],
  ipProtocol: null,
  icmp: null,
  requires: [],
  implicitlyUses: [],
  custom: false,
  ...said,
});

export const scope = (objects: Objects = {}): ObjectScope => ({
  addresses: new Map(Object.entries(objects.addresses ?? {})),
  addressGroups: new Map(Object.entries(objects.addressGroups ?? {})),
  services: new Map(Object.entries(objects.services ?? {})),
  serviceGroups: new Map(Object.entries(objects.serviceGroups ?? {})),
  applications: new Map(Object.entries(objects.applications ?? {}).map(([name, said]) => [name, application(said)])),
  applicationGroups: new Map(Object.entries(objects.applicationGroups ?? {})),
  applicationContainers: new Map(Object.entries(objects.applicationContainers ?? {})),
  applicationFilters: new Set(objects.applicationFilters ?? []),
  externalLists: new Set(objects.externalLists ?? []),
  regions: new Set(objects.regions ?? []),
  tags: new Set(),
  zones: new Set(['untrust', 'trust']),
  profileGroups: new Set(),
  logSettings: new Set(),
});

export interface Scopes {
  readonly vsys?: Objects;
  readonly shared?: Objects;
  readonly pushed?: Objects;
  readonly predefined?: Objects;
}

/** What a device knows without being told, in miniature. */
export const predefinedApplications: Readonly<Record<string, Partial<Application>>> = {
  ssl: { defaultPorts: ['tcp/443'] },
  'web-browsing': { defaultPorts: ['tcp/80'], implicitlyUses: [] },
  ssh: { defaultPorts: ['tcp/22'] },
  dns: { defaultPorts: ['tcp/53', 'udp/53,5353'] },
  facebook: { defaultPorts: ['tcp/80,443'], implicitlyUses: ['web-browsing', 'ssl'] },
  icmp: { ipProtocol: 1 },
  ping: { icmp: { family: 4, type: 8, code: null } },
  'ipv6-icmp': { ipProtocol: 58 },
  ping6: { icmp: { family: 6, type: 128, code: null } },
  'ipsec-esp': { ipProtocol: 50 },
  netflow: { defaultPorts: ['udp/dynamic'] },
  'unknown-tcp': {},
};

export const policy = (rules: readonly SecurityRule[], scopes: Scopes = {}): Policy => ({
  rules,
  scopes: {
    vsys: scope(scopes.vsys),
    shared: scope(scopes.shared),
    pushed: scope(scopes.pushed),
    predefined: scope({
      applications: predefinedApplications,
      services: {
        'service-http': { protocol: 'tcp', port: '80,8080', sourcePort: null },
        'service-https': { protocol: 'tcp', port: '443', sourcePort: null },
      },
      ...scopes.predefined,
    }),
  },
});

export interface Said {
  readonly sources?: readonly string[];
  readonly destinations?: readonly (string | readonly [string, string])[];
  /** `tcp/443`, `udp/1-100` or `any`. */
  readonly service?: string;
  readonly application?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly group?: string;
  readonly family?: 4 | 6;
}

const ports = (service: string) => {
  const [protocol, range] = service.split('/');
  assert(protocol === 'tcp' || protocol === 'udp');
  const [from, to = from] = (range ?? '').split('-').map(Number);
  return { kind: 'ports', protocol, ports: { from: from ?? 0, to: to ?? 0 } } as const;
};

/** From 203.0.113.0/24 to web server 10.0.1.5/32 on tcp/443 with any application, but for what is said. */
export const candidate = (said: Said = {}): CandidateRule => {
  const service = said.service ?? 'tcp/443';
  const group = said.group ?? 'sg-1';
  return {
    subject: { kind: 'group', id: group },
    group,
    family: said.family ?? 4,
    traffic: service === 'any' ? { kind: 'all' } : ports(service),
    from: said.from ?? 'untrust',
    to: said.to ?? 'trust',
    application: said.application ?? ['any'],
    service: service === 'any' ? { kind: 'any' } : ports(service),
    sources: (said.sources ?? ['203.0.113.0/24']).map((source, at) => ({
      source,
      securityGroupRule: `sgr-${at + 1}`,
      prefixList: null,
    })),
    destinations: (said.destinations ?? ['10.0.1.5/32']).map((to, at) => {
      const [networkInterface, address] = typeof to === 'string' ? [`eni-${at + 1}`, to] : to;
      return { interface: networkInterface, instance: 'i-1', address };
    }),
    broughtBy: 'a test',
  };
};

export const judge = (
  rules: readonly SecurityRule[],
  candidates: readonly CandidateRule[],
  scopes: Scopes = {},
  more: Partial<VerdictQuestion> = {},
): readonly Judged[] =>
  judgeCandidates({
    views: [{ policy: policy([...rules, cleanUp], scopes), label: 'candidate' }],
    bottomRule: 'Clean up',
    owned: [],
    removedRules: [],
    pending: [],
    ...more,
    candidates,
  });

/** The only answer, in short: `allowed by Web in`, `needed`, `overridden by Block except Bad hosts`. */
export const short = (judged: readonly Judged[]): string =>
  judged
    .map(({ verdict }) => {
      const by = verdict.by.length === 0 ? '' : ` by ${verdict.by.join(', ')}`;
      const except = verdict.reservations.length === 0 ? '' : ` except ${verdict.reservations.join(', ')}`;
      return `${verdict.kind}${by}${except}`;
    })
    .join('; ');

/** The verdict on one candidate against these rules above `Clean up`, in short. */
export const verdictOn = (said: Said, rules: readonly SecurityRule[], scopes: Scopes = {}): string =>
  short(judge(rules, [candidate(said)], scopes));
