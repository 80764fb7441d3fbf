import { type DesiredGrants, desiredGrants, type GrantInputs } from '../../domain/grants/desired-grants.ts';
import type { NetworkInterface } from '../../domain/grants/grants.ts';
import type { NetworkPicture } from '../../domain/grants/routes.ts';
import type { Ec2Reads } from './ec2.ts';

/**
 * What EC2 grants these interfaces now, each from all its groups. Reads the rules of every group they carry and the
 * prefix lists those name; the network picture is the one they were resolved with. Safe to repeat: it only reads.
 * @throws AwsBusy, AwsDenied
 */
export const readDesiredGrants = async (
  reads: Pick<Ec2Reads, 'groupRules' | 'prefixLists'>,
  resolved: { readonly interfaces: readonly NetworkInterface[]; readonly network: NetworkPicture },
  settings: Pick<GrantInputs, 'firewallTargets' | 'refusalOf'>,
): Promise<DesiredGrants> => {
  const { interfaces, network } = resolved;
  const { rules, unreadable } = await reads.groupRules(interfaces.flatMap((each) => each.groups));
  const lists = rules.flatMap(({ source }) => (source.kind === 'prefix-list' ? [source.id] : []));
  const desired = desiredGrants({
    interfaces,
    rules,
    prefixLists: await reads.prefixLists(lists),
    network,
    ...settings,
  });
  const strange = unreadable.map((what) => ({ what, reason: 'its source is of a kind this version does not know' }));
  return {
    ...desired,
    leftOut: [...desired.leftOut, ...strange],
    notExpressible: [...desired.notExpressible, ...strange],
  };
};
