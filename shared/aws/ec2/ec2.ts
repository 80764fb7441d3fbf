import {
  type EC2Client,
  type Filter,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroupRules,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import type {
  SeenGroup,
  SeenInstance,
  SeenInterface,
  SeenPrefixList,
  SeenRouteTable,
  SeenRule,
  SeenSubnet,
  SeenVpc,
} from '../../domain/grants/seen.ts';
import { rangeOfCidr } from '../../domain/sets/addresses.ts';
import { seenInstance, seenInterface, seenRouteTable, seenRule, seenVpc } from './ec2-shapes.ts';
import { batched, batchesOf, everyItem, filter, once } from './paged.ts';
import { createSightings, type Sightings } from './sightings.ts';

/**
 * EC2 as the workflow sees it: reads only, each by server-side filter, in pages, for at most 200 ids a call. What EC2
 * does not know is missing from the answer, never an error: a filter finds nothing where an id parameter would fail the
 * whole call. Answers are sorted by id, so EC2's own order never matters.
 * Every method raises AwsBusy (throttled, unavailable: retry) or AwsDenied (naming the permission).
 */
export interface Ec2Reads extends Sightings {
  readonly instances: (ids: readonly string[]) => Promise<readonly SeenInstance[]>;
  readonly interfaces: (ids: readonly string[]) => Promise<readonly SeenInterface[]>;
  readonly interfacesOfGroups: (groups: readonly string[]) => Promise<readonly SeenInterface[]>;
  readonly interfacesInSubnets: (subnets: readonly string[]) => Promise<readonly SeenInterface[]>;
  /**
   * Holders of single addresses (`10.0.0.5/32`, `2001:db8::1/128`), and of the addresses of an IPv4 prefix as EC2 delegates them
   * (`10.0.0.16/28`). No filter finds the holder of a delegated prefix (documented list of filters), nor all of an IPv6 one's.
   */
  readonly interfacesWithAddresses: (addresses: readonly string[]) => Promise<readonly SeenInterface[]>;
  /**
   * Ingress rules of these groups, and rules this version cannot read by id alone. `shown`: the groups of which any rule is shown, of
   * either direction; of another one nothing can be told from a read that found nothing.
   */
  readonly groupRules: (groups: readonly string[]) => Promise<{
    readonly rules: readonly SeenRule[];
    readonly unreadable: readonly string[];
    readonly shown: readonly string[];
  }>;
  readonly groups: (ids: readonly string[]) => Promise<readonly SeenGroup[]>;
  readonly groupsNamed: (name: string) => Promise<readonly string[]>;
  readonly groupsWithPrefixList: (id: string) => Promise<readonly string[]>;
  /** Whether a route of any table names the prefix list as its destination. */
  readonly isRouteDestination: (prefixList: string) => Promise<boolean>;
  /** The instance an interface is attached to; null when EC2 does not know the interface. */
  readonly holderOfInterface: (id: string) => Promise<{ readonly instance: string | null } | null>;
  /** Explicitly associated tables of these subnets and main tables of these VPCs. */
  readonly routeTablesFor: (subnets: readonly string[], vpcs: readonly string[]) => Promise<readonly SeenRouteTable[]>;
  readonly allRouteTables: () => Promise<readonly SeenRouteTable[]>;
  readonly subnetsOfVpcs: (vpcs: readonly string[]) => Promise<readonly SeenSubnet[]>;
  readonly vpcs: (ids: readonly string[]) => Promise<readonly SeenVpc[]>;
  readonly prefixLists: (ids: readonly string[]) => Promise<readonly SeenPrefixList[]>;
}

export const createEc2Reads = (client: EC2Client): Ec2Reads => {
  const sightings = createSightings(client);
  const describeInterfaces = async (name: string, values: readonly string[]): Promise<readonly SeenInterface[]> =>
    (
      await everyItem(
        'ec2:DescribeNetworkInterfaces',
        // Interfaces of service-operated resources may be hidden by an account setting unless asked for (API model).
        paginateDescribeNetworkInterfaces(
          { client, pageSize: 1000 },
          { Filters: [filter(name, values)], IncludeManagedResources: true },
        ),
        (page) => page.NetworkInterfaces,
      )
    ).map(seenInterface);

  const describeGroups = async (name: string, values: readonly string[]): Promise<readonly SeenGroup[]> =>
    (
      await everyItem(
        'ec2:DescribeSecurityGroups',
        paginateDescribeSecurityGroups({ client, pageSize: 1000 }, { Filters: [filter(name, values)] }),
        (page) => page.SecurityGroups,
      )
    ).map((shape) => ({ id: shape.GroupId ?? '', name: shape.GroupName ?? '', vpc: shape.VpcId ?? '' }));

  const describeRouteTables = async (filters: Filter[]): Promise<readonly SeenRouteTable[]> =>
    (
      await everyItem(
        'ec2:DescribeRouteTables',
        paginateDescribeRouteTables({ client, pageSize: 100 }, filters.length === 0 ? {} : { Filters: filters }),
        (page) => page.RouteTables,
      )
    ).map(seenRouteTable);

  const interfaces = (ids: readonly string[]) =>
    batched(ids, (batch) => describeInterfaces('network-interface-id', batch));

  return {
    interfaces,
    instances: (ids) =>
      batched(ids, async (batch) =>
        (
          await everyItem(
            'ec2:DescribeInstances',
            paginateDescribeInstances(
              { client, pageSize: 1000 },
              { Filters: [filter('instance-id', batch)], IncludeManagedResources: true },
            ),
            (page) => page.Reservations?.flatMap((reservation) => reservation.Instances ?? []),
          )
        ).map(seenInstance),
      ),
    interfacesOfGroups: (groups) => batched(groups, (batch) => describeInterfaces('group-id', batch)),
    interfacesInSubnets: (subnets) => batched(subnets, (batch) => describeInterfaces('subnet-id', batch)),
    interfacesWithAddresses: async (addresses) => {
      const ipv6 = addresses.flatMap((each) => (each.endsWith('/128') ? [each.slice(0, -'/128'.length)] : []));
      return once([
        ...(await batched(addresses.flatMap(ipv4HostsOf), (batch) =>
          describeInterfaces('addresses.private-ip-address', batch),
        )),
        ...(await batched(ipv6, (batch) => describeInterfaces('ipv6-addresses.ipv6-address', batch))),
      ]);
    },
    groupRules: async (groups) => {
      const rules: SeenRule[] = [];
      const unreadable: string[] = [];
      const shown = new Set<string>();
      for (const batch of batchesOf(groups)) {
        const shapes = await everyItem(
          'ec2:DescribeSecurityGroupRules',
          paginateDescribeSecurityGroupRules({ client, pageSize: 1000 }, { Filters: [filter('group-id', batch)] }),
          (page) => page.SecurityGroupRules,
        );
        for (const shape of shapes) {
          if (shape.GroupId !== undefined) shown.add(shape.GroupId);
          const rule = seenRule(shape);
          if (rule !== null) rules.push(rule);
          else if (shape.IsEgress !== true) unreadable.push(shape.SecurityGroupRuleId ?? 'a rule without id');
        }
      }
      return { rules: once(rules), unreadable: [...new Set(unreadable)].sort(), shown: [...shown].sort() };
    },
    groups: (ids) => batched(ids, (batch) => describeGroups('group-id', batch)),
    groupsNamed: async (name) => once(await describeGroups('group-name', [literal(name)])).map((group) => group.id),
    groupsWithPrefixList: async (id) =>
      once(await describeGroups('ip-permission.prefix-list-id', [id])).map((group) => group.id),
    isRouteDestination: async (list) =>
      (await describeRouteTables([filter('route.destination-prefix-list-id', [list])])).length > 0,
    holderOfInterface: async (id) => {
      const [found] = await interfaces([id]);
      return found === undefined ? null : { instance: found.instance };
    },
    routeTablesFor: async (subnets, vpcs) =>
      once([
        ...(await batched(subnets, (batch) => describeRouteTables([filter('association.subnet-id', batch)]))),
        ...(await batched(vpcs, (batch) =>
          describeRouteTables([filter('vpc-id', batch), filter('association.main', ['true'])]),
        )),
      ]),
    allRouteTables: async () => once(await describeRouteTables([])),
    subnetsOfVpcs: (vpcs) =>
      batched(vpcs, async (batch) =>
        (
          await everyItem(
            'ec2:DescribeSubnets',
            paginateDescribeSubnets({ client, pageSize: 1000 }, { Filters: [filter('vpc-id', batch)] }),
            (page) => page.Subnets,
          )
        ).map((shape) => ({ id: shape.SubnetId ?? '', vpc: shape.VpcId ?? '' })),
      ),
    vpcs: (ids) =>
      batched(ids, async (batch) =>
        (
          await everyItem(
            'ec2:DescribeVpcs',
            paginateDescribeVpcs({ client, pageSize: 1000 }, { Filters: [filter('vpc-id', batch)] }),
            (page) => page.Vpcs,
          )
        ).map(seenVpc),
      ),
    prefixLists: async (ids) => (await sightings.sightedPrefixLists(ids)).map(({ state: _, ...list }) => list),
    ...sightings,
  };
};

/** The addresses of an IPv4 CIDR, no bigger than the prefixes EC2 delegates; none of any other. */
const ipv4HostsOf = (cidr: string): readonly string[] => {
  const range = rangeOfCidr(cidr);
  const [start, end] = range?.line ?? [];
  if (range?.family !== 4 || typeof start !== 'number' || typeof end !== 'number' || end - start > 16) return [];
  return Array.from({ length: end - start }, (_, at) =>
    [24, 16, 8, 0].map((bits) => ((start + at) >>> bits) & 255).join('.'),
  );
};

/** `*`, `?` and `\` are wildcards in filter values (documented): a group's name is meant literally. */
const literal = (text: string): string => text.replaceAll(/[\\*?]/g, '\\$&');
