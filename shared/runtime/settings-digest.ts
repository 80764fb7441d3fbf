import { digestOf } from './digest.ts';
import type { Settings } from './settings.ts';

/**
 * A short text that changes with every setting that decides which interfaces and grants count: what goes after such a change
 * went because of it, whatever EC2 shows.
 */
export const scopeSettingsDigest = (
  settings: Pick<
    Settings,
    | 'FIREWALL_TARGETS'
    | 'SERVICE_INTERFACES'
    | 'PRE_NAT_ADDRESSES'
    | 'ICMP_APPLICATIONS'
    | 'ACCOUNT_ID'
    | 'EVENT_REGION'
  >,
): string =>
  digestOf(
    JSON.stringify([
      settings.FIREWALL_TARGETS.toSorted(),
      settings.SERVICE_INTERFACES,
      Object.entries(settings.PRE_NAT_ADDRESSES).toSorted(),
      Object.entries(settings.ICMP_APPLICATIONS).toSorted(),
      settings.ACCOUNT_ID ?? null,
      settings.EVENT_REGION ?? null,
    ]),
  ).slice(0, 16);
