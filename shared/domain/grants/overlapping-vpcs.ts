import { cidrsOf, lineOfCidrs } from '../sets/addresses.ts';
import { intersect, isEmptyLine } from '../sets/lines.ts';
import { familiesBehindFirewall, type NetworkPicture, vpcRanges } from './routes.ts';

const mostRanges = 3;

/**
 * A warning for every two VPCs behind the firewall that share addresses, as far as the picture shows them (a resync sees
 * all). Their grants are kept apart by interface, but the firewall matches addresses alone: what a rule opens for the one is
 * open for whoever has the address in the other.
 */
export const overlappingVpcs = (network: NetworkPicture, firewallTargets: readonly string[]): readonly string[] => {
  const behind = [
    ...new Set(
      network.tables
        .filter((table) => familiesBehindFirewall(table, network, firewallTargets).length > 0)
        .map(({ vpc }) => vpc),
    ),
  ].sort();
  const shared = (one: string, other: string): readonly string[] =>
    ([4, 6] as const).flatMap((family) => {
      const [left, right] = [one, other].map((vpc) => lineOfCidrs(vpcRanges(network, vpc, family), family));
      if (left === undefined || right === undefined) return [];
      const both = intersect(left, right);
      return isEmptyLine(both) ? [] : cidrsOf(both, family, mostRanges);
    });
  return behind.flatMap((one, at) =>
    behind.slice(at + 1).flatMap((other) => {
      const ranges = shared(one, other).slice(0, mostRanges);
      if (ranges.length === 0) return [];
      return [
        `${one} and ${other} are both behind the firewall and share ${ranges.join(', ')}: the firewall cannot tell their addresses apart, so a rule for an address of the one opens the same address of the other. Give one of them other ranges or a firewall, or virtual system, of its own.`,
      ];
    }),
  );
};
