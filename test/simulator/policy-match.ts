import { type Address, memberCovers, type OutsideAddresses } from './address-sets.ts';
import {
  type ConfigNode,
  childNamed,
  descend,
  entriesOf,
  entry,
  leaf,
  membersOf,
  nameOf,
  textOf,
} from './config-node.ts';
import { findObject, type Scopes, vsysNode } from './names.ts';

/** What a session looks like to the policy: addresses before NAT, the zone after routing. */
export interface Session {
  readonly from: string | null;
  readonly to: string | null;
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  readonly port: number | null;
  /** Null: not said, so that every application of a rule will do (inferred). */
  readonly application: string | null;
  readonly category: string | null;
  readonly user: string | null;
}

/** An enabled rule of the compiled policy, counted from 1 over all rulebases. */
export interface CompiledRule {
  readonly name: string;
  readonly index: number;
  readonly rule: ConfigNode;
  readonly isDefault: boolean;
}

const yes = (rule: ConfigNode, tag: string): boolean => textOf(rule, tag) === 'yes';

const defaultRule = (name: string, overridden: ConfigNode | null): ConfigNode => {
  const action = textOf(overridden, 'action') ?? (name === 'intrazone-default' ? 'allow' : 'deny');
  return entry(name, [
    leaf('action', action),
    leaf('rule-type', name === 'intrazone-default' ? 'intrazone' : 'interzone'),
  ]);
};

const compiled = new WeakMap<
  ConfigNode,
  { readonly pushed: ConfigNode | null; readonly vsys: string; readonly rules: readonly CompiledRule[] }
>();

/** Pushed pre rules, local, pushed post, then the default rules; disabled ones are not in it. */
export const compilePolicy = (config: ConfigNode, pushed: ConfigNode | null, vsys: string): readonly CompiledRule[] => {
  const known = compiled.get(config);
  if (known !== undefined && known.pushed === pushed && known.vsys === vsys) return known.rules;
  const pushedVsys = pushed === null ? null : descend(pushed, 'vsys', [vsys]);
  const rulesUnder = (holder: ConfigNode | null, ...steps: readonly string[]): readonly ConfigNode[] =>
    entriesOf(descend(holder, ...steps, 'security', 'rules'));
  const overridden = (name: string): ConfigNode | null =>
    descend(vsysNode(config, vsys), 'rulebase', 'default-security-rules', 'rules', [name]) ??
    descend(pushedVsys, 'post-rulebase', 'default-security-rules', 'rules', [name]);
  const all = [
    ...rulesUnder(pushedVsys, 'pre-rulebase'),
    ...rulesUnder(vsysNode(config, vsys), 'rulebase'),
    ...rulesUnder(pushedVsys, 'post-rulebase'),
  ].filter((rule) => !yes(rule, 'disabled'));
  const defaults = ['intrazone-default', 'interzone-default'].map((name) => defaultRule(name, overridden(name)));
  const rules = [...all, ...defaults].map((rule, at) => ({
    name: nameOf(rule),
    index: at + 1,
    rule,
    isDefault: at >= all.length,
  }));
  compiled.set(config, { pushed, vsys, rules });
  return rules;
};

const orAny = (values: readonly string[]): readonly string[] => (values.length === 0 ? ['any'] : values);

const zonesMatch = (rule: ConfigNode, { from, to }: Session): boolean => {
  const [froms, tos] = [orAny(membersOf(rule, 'from')), orAny(membersOf(rule, 'to'))];
  const has = (zones: readonly string[], zone: string | null): boolean =>
    zone === null || zones.includes('any') || zones.includes(zone);
  switch (textOf(rule, 'rule-type') ?? 'universal') {
    case 'intrazone':
      return has(froms, from) && (from === null || to === null || from === to);
    case 'interzone':
      return has(froms, from) && has(tos, to) && (from === null || from !== to);
    default:
      return has(froms, from) && has(tos, to);
  }
};

const addressesMatch = (
  rule: ConfigNode,
  field: 'source' | 'destination',
  session: Session,
  scopes: Scopes,
  outside: OutsideAddresses,
): boolean =>
  orAny(membersOf(rule, field)).some((name) => memberCovers(name, session[field], scopes, outside)) !==
  yes(rule, `negate-${field}`);

const portsInclude = (list: string, port: number | null): boolean =>
  list === 'dynamic' ||
  (port !== null &&
    list.split(',').some((part) => {
      const [low, high] = part.split('-').map(Number);
      return low !== undefined && low <= port && port <= (high ?? low);
    }));

const protocolNames: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, icmp: 1, icmp6: 58 };

/** Applications a member stands for: itself, a container's functions, a group's members. A filter's members are not modelled. */
export const applicationsOf = (name: string, scopes: Scopes, depth = 0): readonly string[] => {
  if (depth > 10) return [];
  const group = findObject(scopes, 'application-group', name);
  if (group !== null) return membersOf(group, 'members').flatMap((member) => applicationsOf(member, scopes, depth + 1));
  const container = findObject(scopes, 'application-container', name);
  return container === null ? [name] : [name, ...membersOf(container, 'functions')];
};

const onDefaultPort = (application: string, session: Session, scopes: Scopes): boolean => {
  const defaults = childNamed(findObject(scopes, 'application', application), 'default');
  if (defaults === null) return false;
  const protocol = textOf(defaults, 'ident-by-ip-protocol');
  if (protocol !== null) return Number(protocol) === session.protocol;
  if (childNamed(defaults, 'ident-by-icmp-type') !== null) return session.protocol === 1;
  if (childNamed(defaults, 'ident-by-icmp6-type') !== null) return session.protocol === 58;
  return membersOf(defaults, 'port').some((member) => {
    const [name = '', ports = ''] = member.split(/\/(.*)/s);
    return protocolNames[name] === session.protocol && portsInclude(ports, session.port);
  });
};

const serviceCovers = (name: string, session: Session, scopes: Scopes, depth = 0): boolean => {
  if (depth > 10) return false;
  const service = findObject(scopes, 'service', name);
  if (service !== null)
    return (childNamed(service, 'protocol')?.children ?? []).some(
      (protocol) =>
        protocolNames[protocol.tag] === session.protocol && portsInclude(textOf(protocol, 'port') ?? '', session.port),
    );
  return membersOf(findObject(scopes, 'service-group', name), 'members').some((member) =>
    serviceCovers(member, session, scopes, depth + 1),
  );
};

const applicationAndServiceMatch = (rule: ConfigNode, session: Session, scopes: Scopes): boolean => {
  const services = orAny(membersOf(rule, 'service'));
  const named = orAny(membersOf(rule, 'application')).flatMap((name) => applicationsOf(name, scopes));
  const anyApplication = named.includes('any');
  // Captured in the running policy: what an application brings with it is allowed beside it.
  const implicit =
    textOf(rule, 'action') === 'allow'
      ? named.flatMap((name) => membersOf(findObject(scopes, 'application', name), 'implicit-use-applications'))
      : [];
  const { application } = session;
  const candidates =
    application === null
      ? anyApplication
        ? []
        : named
      : anyApplication || named.includes(application) || implicit.includes(application)
        ? [application]
        : null;
  if (candidates === null) return false;
  if (services.includes('any')) return true;
  if (services.includes('application-default'))
    return candidates.length === 0 || candidates.some((name) => onDefaultPort(name, session, scopes));
  return services.some((name) => serviceCovers(name, session, scopes));
};

/** The fields beyond addresses: a rule that wants more than the session tells does not match (inferred). */
const restrictionsMatch = (rule: ConfigNode, session: Session): boolean => {
  const fits = (field: string, value: string | null): boolean => {
    const wanted = orAny(membersOf(rule, field));
    return wanted.includes('any') || (value !== null && wanted.includes(value));
  };
  return (
    fits('source-user', session.user) &&
    fits('category', session.category) &&
    fits('hip-profiles', null) &&
    fits('source-hip', null) &&
    fits('destination-hip', null)
  );
};

export const ruleMatches = (rule: ConfigNode, session: Session, scopes: Scopes, outside: OutsideAddresses): boolean =>
  zonesMatch(rule, session) &&
  applicationAndServiceMatch(rule, session, scopes) &&
  restrictionsMatch(rule, session) &&
  addressesMatch(rule, 'source', session, scopes, outside) &&
  addressesMatch(rule, 'destination', session, scopes, outside);

/** Matching rules from the top: the first one, or with `showAll` every one (captured: text replies list them with gaps). */
export const matchPolicy = (
  rules: readonly CompiledRule[],
  session: Session,
  scopes: Scopes,
  outside: OutsideAddresses,
  showAll: boolean,
): readonly CompiledRule[] => {
  const matching: CompiledRule[] = [];
  for (const candidate of rules) {
    if (!ruleMatches(candidate.rule, session, scopes, outside)) continue;
    matching.push(candidate);
    if (!showAll) break;
  }
  return matching;
};

/** `0:web-browsing/tcp/any/80` and so on, as the compiled policy lists a rule's applications and services. */
export const applicationServices = (rule: ConfigNode, scopes: Scopes): readonly string[] => {
  const services = orAny(membersOf(rule, 'service'));
  const applications = orAny(membersOf(rule, 'application')).flatMap((name) => applicationsOf(name, scopes));
  if (services.includes('any')) return applications.map((name) => `${name}/any/any/any`);
  if (services.includes('application-default'))
    return applications.flatMap((name) => {
      if (name === 'any') return ['any/any/any/app-default'];
      const defaults = childNamed(findObject(scopes, 'application', name), 'default');
      const ports = membersOf(defaults, 'port').flatMap((member) => {
        const [protocol = '', list = ''] = member.split(/\/(.*)/s);
        return list.split(',').map((port) => `${name}/${protocol}/any/${port === 'dynamic' ? 'any' : port}`);
      });
      return ports.length === 0 ? [`${name}/${name.includes('6') ? 'icmp6' : 'icmp'}/any/any`] : ports;
    });
  const expand = (name: string, depth = 0): readonly string[] => {
    if (depth > 10) return [];
    const service = findObject(scopes, 'service', name);
    if (service === null)
      return membersOf(findObject(scopes, 'service-group', name), 'members').flatMap((member) =>
        expand(member, depth + 1),
      );
    return (childNamed(service, 'protocol')?.children ?? []).flatMap((protocol) =>
      (textOf(protocol, 'port') ?? '').split(',').map((port) => `${protocol.tag}/any/${port}`),
    );
  };
  return applications.flatMap((name) =>
    services.flatMap((service) => expand(service)).map((service) => `${name}/${service}`),
  );
};
