import type { AddressFamily } from '../sets/addresses.ts';
import type { PortRange, Traffic } from '../sets/traffic.ts';
import { hasOneCode, icmpApplications, protocolApplications, wellKnownPorts } from './app-ids.ts';

/** The service column of a rule of ours: always exactly the grant's ports, never `application-default`. */
export type RuleService =
  | { readonly kind: 'any' }
  | { readonly kind: 'ports'; readonly protocol: 'tcp' | 'udp'; readonly ports: PortRange };

/** How grants become applications and services. */
export interface TranslationSettings {
  /** `app-id` maps well-known single ports to App-IDs; `port-only` never does. */
  readonly applications: 'app-id' | 'port-only';
  /** App-IDs by `tcp/443`, over the built-in table; `['any']` makes that one port port-only. */
  readonly portApplications: Readonly<Record<string, readonly string[]>>;
  /** Applications an administrator made, by `icmp/3`, `icmp/3/4`, `icmpv6/135`: without a code, all codes of the type. */
  readonly icmpApplications: Readonly<Record<string, string>>;
}

/** The application and service columns that say exactly the traffic, or why nothing does. */
export type Translation =
  | { readonly kind: 'expressible'; readonly application: readonly string[]; readonly service: RuleService }
  | { readonly kind: 'refused'; readonly reason: string };

const anyService: RuleService = { kind: 'any' };

const applicationsOfPort = (
  protocol: 'tcp' | 'udp',
  port: number,
  settings: TranslationSettings,
): readonly string[] => {
  if (settings.applications === 'port-only') return ['any'];
  const key = `${protocol}/${port}`;
  const configured = Object.hasOwn(settings.portApplications, key) ? settings.portApplications[key] : undefined;
  if (configured !== undefined && configured.length > 0) return configured.includes('any') ? ['any'] : configured;
  const known = wellKnownPorts.find((each) => each.protocol === protocol && each.port === port);
  return known === undefined ? ['any'] : [known.application, ...known.needs];
};

const icmp = (traffic: Traffic & { kind: 'icmp' }, settings: TranslationSettings): Translation => {
  const { family, type, code } = traffic;
  const names = icmpApplications[family];
  if (type === 'all') return { kind: 'expressible', application: names.all, service: anyService };
  const key = `icmp${family === 6 ? 'v6' : ''}/${type}${code === 'all' ? '' : `/${code}`}`;
  const configured = Object.hasOwn(settings.icmpApplications, key) ? settings.icmpApplications[key] : undefined;
  if (configured !== undefined) return { kind: 'expressible', application: [configured], service: anyService };
  // `ping` is the echo type with every code, and echo has no other code than 0.
  if (hasOneCode(traffic) && (code === 'all' || code === 0))
    return { kind: 'expressible', application: [names.echo], service: anyService };
  return {
    kind: 'refused',
    reason: `PAN-OS has no application for ${key} alone; make one and name it in the setting for ICMP applications`,
  };
};

/**
 * The application and service columns for one kind of traffic. tcp and udp always carry exactly the grant's ports, also
 * beside an App-ID; all traffic is any/any; everything else is an application that is exactly that, or is refused.
 */
export const translate = (traffic: Traffic, family: AddressFamily, settings: TranslationSettings): Translation => {
  switch (traffic.kind) {
    case 'all':
      return { kind: 'expressible', application: ['any'], service: anyService };
    case 'ports': {
      const { protocol, ports } = traffic;
      const application = ports.from === ports.to ? applicationsOfPort(protocol, ports.from, settings) : ['any'];
      return { kind: 'expressible', application, service: { kind: 'ports', protocol, ports } };
    }
    case 'icmp':
      return traffic.family === family
        ? icmp(traffic, settings)
        : { kind: 'refused', reason: `ICMP for IPv${traffic.family} never comes from an IPv${family} source` };
    case 'protocol': {
      const application = protocolApplications[traffic.number];
      return application === undefined
        ? { kind: 'refused', reason: `PAN-OS has no application that is exactly IP protocol ${traffic.number}` }
        : { kind: 'expressible', application: [application], service: anyService };
    }
  }
};

/** Why no rule can say exactly this traffic of this family; null when one can. */
export const refusalOf =
  (settings: TranslationSettings) =>
  (traffic: Traffic, family: AddressFamily): string | null => {
    const translated = translate(traffic, family, settings);
    return translated.kind === 'refused' ? translated.reason : null;
  };
