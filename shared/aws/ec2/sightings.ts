import {
  type EC2Client,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroupRules,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import type { SeenRule } from '../../domain/grants/seen.ts';
import type { Observed, SightedPrefixList, SightedRouteTable, ToSight } from '../../domain/grants/sighted.ts';
import type { Ec2Reads } from './ec2.ts';
import { isAttached, seenRouteTable, seenRule } from './ec2-shapes.ts';
import { batched, everyItem, filter } from './paged.ts';
import { readPrefixLists } from './prefix-lists.ts';

/** The reads by which only announcements are looked for. What EC2 does not know is missing. */
export interface Sightings {
  /** Ingress rules by id (sgr-…), whatever their group. */
  readonly rulesById: (ids: readonly string[]) => Promise<readonly SeenRule[]>;
  /** Those of these attachments (eni-attach-…) that are there or in the making. */
  readonly attachments: (ids: readonly string[]) => Promise<readonly string[]>;
  readonly sightedPrefixLists: (ids: readonly string[]) => Promise<readonly SightedPrefixList[]>;
  /** Route tables by id. */
  readonly sightedRouteTables: (ids: readonly string[]) => Promise<readonly SightedRouteTable[]>;
  /** Route tables with a route to one of these VPC endpoints: a route shows its endpoint as a gateway. */
  readonly routeTablesTo: (endpoints: readonly string[]) => Promise<readonly SightedRouteTable[]>;
  /** Associations of route tables (rtbassoc-…) that are there or in the making. */
  readonly associations: (ids: readonly string[]) => Promise<Observed['associations']>;
  /** Associations of ranges with VPCs (vpc-cidr-assoc-…), of both families. */
  readonly ranges: (ids: readonly string[]) => Promise<Observed['ranges']>;
}

export const createSightings = (client: EC2Client): Sightings => {
  const describeTables = (name: string, values: readonly string[]) =>
    everyItem(
      'ec2:DescribeRouteTables',
      paginateDescribeRouteTables({ client, pageSize: 100 }, { Filters: [filter(name, values)] }),
      (page) => page.RouteTables,
    );
  const tablesBy = (name: string) => (values: readonly string[]) =>
    batched(values, async (batch) =>
      (await describeTables(name, batch)).map((shape) => ({
        ...seenRouteTable(shape),
        propagating: (shape.PropagatingVgws ?? []).flatMap(({ GatewayId }) => GatewayId ?? []).sort(),
      })),
    );
  const rangesBy = async (name: string, ids: readonly string[]) =>
    batched(ids, async (batch) => {
      const vpcs = await everyItem(
        'ec2:DescribeVpcs',
        paginateDescribeVpcs({ client, pageSize: 1000 }, { Filters: [filter(name, batch)] }),
        (page) => page.Vpcs,
      );
      return vpcs.flatMap((vpc) => [
        ...(vpc.CidrBlockAssociationSet ?? []).map((each) => ({
          id: each.AssociationId ?? '',
          state: each.CidrBlockState?.State ?? 'associated',
        })),
        ...(vpc.Ipv6CidrBlockAssociationSet ?? []).map((each) => ({
          id: each.AssociationId ?? '',
          state: each.Ipv6CidrBlockState?.State ?? 'associated',
        })),
      ]);
    });
  return {
    rulesById: (ids) =>
      batched(ids, async (batch) =>
        (
          await everyItem(
            'ec2:DescribeSecurityGroupRules',
            paginateDescribeSecurityGroupRules(
              { client, pageSize: 1000 },
              { Filters: [filter('security-group-rule-id', batch)] },
            ),
            (page) => page.SecurityGroupRules,
          )
        ).flatMap((shape) => seenRule(shape) ?? []),
      ),
    attachments: async (ids) => {
      const found = await batched(ids, async (batch) =>
        (
          await everyItem(
            'ec2:DescribeNetworkInterfaces',
            paginateDescribeNetworkInterfaces(
              { client, pageSize: 1000 },
              { Filters: [filter('attachment.attachment-id', batch)], IncludeManagedResources: true },
            ),
            (page) => page.NetworkInterfaces,
          )
        ).flatMap(({ Attachment }) =>
          Attachment?.AttachmentId !== undefined && isAttached(Attachment.Status)
            ? [{ id: Attachment.AttachmentId }]
            : [],
        ),
      );
      return found.map(({ id }) => id);
    },
    sightedPrefixLists: (ids) => readPrefixLists(client, ids),
    sightedRouteTables: tablesBy('route-table-id'),
    routeTablesTo: tablesBy('route.gateway-id'),
    associations: (ids) =>
      batched(ids, async (batch) =>
        (await describeTables('association.route-table-association-id', batch)).flatMap((table) =>
          (table.Associations ?? []).flatMap(({ RouteTableAssociationId, AssociationState }) =>
            RouteTableAssociationId !== undefined && /^associat/.test(AssociationState?.State ?? 'associated')
              ? [{ id: RouteTableAssociationId, table: table.RouteTableId ?? '' }]
              : [],
          ),
        ),
      ),
    ranges: async (ids) => {
      const found = [
        ...(await rangesBy('cidr-block-association.association-id', ids)),
        ...(await rangesBy('ipv6-cidr-block-association.association-id', ids)),
      ];
      return found.map(({ id, state }) => ({ association: id, state }));
    },
  };
};

/** The reads that looking for an announcement may take. */
export type SightReads = Pick<Ec2Reads, 'instances' | 'groupRules' | 'interfaces' | 'groups' | keyof Sightings>;

/** Looks for what a change announced. Asks for nothing that was not announced. @throws AwsBusy, AwsDenied */
export const sight = async (reads: SightReads, what: ToSight): Promise<Observed> => ({
  instances: await reads.instances(what.instances),
  rules: [...(await reads.groupRules(what.groupsOfRules)).rules, ...(await reads.rulesById(what.rules))],
  interfaces: await reads.interfaces(what.interfaces),
  attachments: await reads.attachments(what.attachments),
  groups: (await reads.groups(what.groups)).map(({ id }) => id),
  prefixLists: await reads.sightedPrefixLists(what.prefixLists),
  routeTables: [...(await reads.sightedRouteTables(what.routeTables)), ...(await reads.routeTablesTo(what.targets))],
  associations: await reads.associations(what.associations),
  ranges: await reads.ranges(what.ranges),
});
