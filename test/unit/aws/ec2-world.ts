import { EC2Client } from '@aws-sdk/client-ec2';
import { createEc2Reads, type Ec2Reads } from '../../../shared/aws/ec2/ec2.ts';
import { resolveInterfaces } from '../../../shared/aws/ec2/interfaces.ts';
import { readDesiredGrants } from '../../../shared/aws/ec2/read-grants.ts';
import type { InterfaceScope } from '../../../shared/domain/grants/standing.ts';
import { refusalOf, type TranslationSettings } from '../../../shared/domain/rules/translation.ts';
import type { Account } from '../../local/ec2/account.ts';
import { createEc2, type Ec2Endpoint, type Ec2Faults } from '../../local/ec2/endpoint.ts';
import { type AccountSeed, seedAccount } from '../../local/ec2/seed.ts';
import { inProcessHandler } from '../../local/http.ts';

/** The moment at which every account of these tests stands still. */
export const now = Date.parse('2026-11-05T12:00:00Z');

/** Ids that calls make begin here, past those of any seeded account: a rule made by a call must not take another one's id. */
export const idsOfCalls = 1_000_000;

/** Ids in UUID form, one after the other. */
export const countedIds = (after = 0): (() => string) => {
  let count = after;
  return () => {
    count += 1;
    return `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
  };
};

export const newSeed = (): AccountSeed =>
  seedAccount({ ownerId: '210987654321', region: 'eu-central-1', newId: countedIds(), now: () => now });

export interface Ec2World {
  readonly reads: Ec2Reads;
  readonly endpoint: Ec2Endpoint;
}

/** The real SDK client over the local EC2 endpoint, in one process. Retries of the SDK itself are off. */
export const worldOf = (account: Account, faults: () => Ec2Faults = () => ({})): Ec2World => {
  const endpoint = createEc2({ account, now: () => now, newId: countedIds(idsOfCalls), faults });
  const client = new EC2Client({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'EXAMPLE', secretAccessKey: 'EXAMPLE' },
    endpoint: 'http://127.0.0.1',
    maxAttempts: 1,
    requestHandler: inProcessHandler(endpoint.respond),
  });
  return { reads: createEc2Reads(client), endpoint };
};

export const firewall = 'i-0f0f0f0f0f0f0f0f0';
export const firewallInterface = 'eni-0f0f0f0f0f0f0f0f0';

export const appIds: TranslationSettings = { applications: 'app-id', portApplications: {}, icmpApplications: {} };

/** Interfaces and grants as the workflow derives them. */
export const derive = async (
  reads: Ec2Reads,
  scope: Partial<InterfaceScope>,
  settings: {
    readonly firewallTargets?: readonly string[];
    readonly serviceInterfaces?: 'leave-out' | 'include';
    readonly translation?: TranslationSettings;
    readonly preNatAddresses?: Readonly<Record<string, string>>;
  } = {},
) => {
  const { firewallTargets = [firewall], serviceInterfaces = 'leave-out', translation = appIds } = settings;
  const { preNatAddresses = {} } = settings;
  const resolved = await resolveInterfaces(
    reads,
    { subjects: [], recorded: [], held: scope.recorded ?? [], ...scope },
    { firewallTargets, serviceInterfaces, preNatAddresses },
  );
  return {
    resolved,
    ...(await readDesiredGrants(reads, resolved, { firewallTargets, refusalOf: refusalOf(translation) })),
  };
};

/**
 * A VPC 10.0.0.0/16 with a public subnet for the firewall (10.0.0.0/24) and one protected subnet (10.0.1.0/24,
 * 2001:db8:0:1::/64) whose default route of both families leads to the firewall's inner interface.
 */
export const protectedVpc = (seed: AccountSeed) => {
  const { vpcId, mainRouteTableId } = seed.vpc({
    cidrs: ['10.0.0.0/16'],
    ipv6Cidrs: ['2001:db8::/56'],
    mainRouteTableId: 'rtb-0a',
  });
  const outer = seed.subnet({ id: 'subnet-0f', vpcId, cidr: '10.0.0.0/24' });
  const inner = seed.subnet({ id: 'subnet-01', vpcId, cidr: '10.0.1.0/24', ipv6Cidrs: ['2001:db8:0:1::/64'] });
  seed.instance({
    id: firewall,
    interfaces: [
      { id: 'eni-0f0f0f0f0f0f0f0f1', subnetId: outer, address: '10.0.0.10' },
      { id: firewallInterface, subnetId: inner, address: '10.0.1.10' },
    ],
  });
  const table = seed.routeTable({
    id: 'rtb-01',
    vpcId,
    subnetIds: [inner],
    routes: [
      { destination: '0.0.0.0/0', target: firewallInterface },
      { destination: '::/0', target: firewallInterface },
    ],
  });
  return { vpcId, mainRouteTableId, outer, inner, table };
};
