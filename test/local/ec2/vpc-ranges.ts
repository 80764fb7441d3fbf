import type {
  AssociateVpcCidrBlockCommandInput,
  DisassociateVpcCidrBlockCommandInput,
  VpcCidrBlockAssociation,
  VpcCidrBlockStateCode,
} from '@aws-sdk/client-ec2';
import { overlapCidr } from 'cidr-tools';
import { type Account, type HeldVpc, withEntries } from './account.ts';
import { type Changing, freshId } from './changing.ts';
import { canonicalCidr } from './permissions.ts';
import { Ec2Error, lookUpOne, required } from './refusals.ts';

const withRanges = (account: Account, vpc: HeldVpc, ranges: readonly VpcCidrBlockAssociation[]): Account => ({
  ...account,
  vpcs: withEntries(account.vpcs, [vpc.VpcId, { ...vpc, CidrBlockAssociationSet: [...ranges] }]),
});

/** The account with one range of a VPC in another state; a range given up stays listed (documented). */
export const withRangeState = (
  account: Account,
  vpcId: string,
  association: string,
  state: VpcCidrBlockStateCode,
): Account => {
  const vpc = account.vpcs.get(vpcId);
  if (vpc === undefined) return account;
  return withRanges(
    account,
    vpc,
    vpc.CidrBlockAssociationSet.map((one) =>
      one.AssociationId === association ? { ...one, CidrBlockState: { State: state } } : one,
    ),
  );
};

const later = (
  { now, timing }: Changing,
  account: Account,
  vpcId: string,
  association: string,
  to: 'associated' | 'disassociated',
): Account =>
  timing.rangeMilliseconds === 0
    ? withRangeState(account, vpcId, association, to)
    : {
        ...account,
        transitions: [...account.transitions, { at: now + timing.rangeMilliseconds, vpcId, association, to }],
      };

/** An IPv4 range that is given; pools and ranges of Amazon's choice are refused. Local routes follow at once. */
export const associateVpcCidrBlock = (changing: Changing, input: AssociateVpcCidrBlockCommandInput) => {
  const { account } = changing;
  const vpc = lookUpOne('vpc', account.vpcs, input.VpcId, 'vpcId');
  const CidrBlock = canonicalCidr(required(input.CidrBlock, 'cidrBlock'), 4);
  const present = vpc.CidrBlockAssociationSet.filter((one) => one.CidrBlockState?.State !== 'disassociated');
  if (present.some((one) => overlapCidr(one.CidrBlock ?? '', CidrBlock))) {
    throw new Ec2Error('InvalidVpc.Range', `The CIDR '${CidrBlock}' conflicts with one of the VPC's`);
  }
  const AssociationId = freshId(changing, 'vpc-cidr-assoc-');
  const made: VpcCidrBlockAssociation = { AssociationId, CidrBlock, CidrBlockState: { State: 'associating' } };
  const tables = [...account.routeTables.values()]
    .filter((table) => table.VpcId === vpc.VpcId)
    .map((table) => ({
      ...table,
      Routes: [
        ...table.Routes,
        {
          DestinationCidrBlock: CidrBlock,
          GatewayId: 'local',
          Origin: 'CreateRouteTable' as const,
          State: 'active' as const,
        },
      ],
    }));
  const next = withRanges(account, vpc, [...vpc.CidrBlockAssociationSet, made]);
  return {
    account: later(
      changing,
      { ...next, routeTables: withEntries(next.routeTables, ...tables.map((one) => [one.RouteTableId, one] as const)) },
      vpc.VpcId,
      AssociationId,
      'associated',
    ),
    output: { CidrBlockAssociation: made, VpcId: vpc.VpcId },
  };
};

/** The primary range cannot be given up (documented). */
export const disassociateVpcCidrBlock = (changing: Changing, input: DisassociateVpcCidrBlockCommandInput) => {
  const { account } = changing;
  const id = required(input.AssociationId, 'associationId');
  for (const vpc of account.vpcs.values()) {
    const held = vpc.CidrBlockAssociationSet.find((one) => one.AssociationId === id);
    if (held === undefined) continue;
    if (held.CidrBlock === vpc.CidrBlock) {
      throw new Ec2Error(
        'OperationNotPermitted',
        `The vpc CIDR block with association ID ${id} may not be disassociated.`,
      );
    }
    const tables = [...account.routeTables.values()]
      .filter((table) => table.VpcId === vpc.VpcId)
      .map((table) => ({
        ...table,
        Routes: table.Routes.filter((one) => one.GatewayId !== 'local' || one.DestinationCidrBlock !== held.CidrBlock),
      }));
    const ended = withRangeState(account, vpc.VpcId, id, 'disassociating');
    return {
      account: later(
        changing,
        {
          ...ended,
          routeTables: withEntries(ended.routeTables, ...tables.map((one) => [one.RouteTableId, one] as const)),
        },
        vpc.VpcId,
        id,
        'disassociated',
      ),
      output: {
        CidrBlockAssociation: { ...held, CidrBlockState: { State: 'disassociating' as const } },
        VpcId: vpc.VpcId,
      },
    };
  }
  throw new Ec2Error(
    'InvalidVpcCidrBlockAssociationID.NotFound',
    `The vpc CIDR block association ID '${id}' does not exist`,
  );
};
