import { targetsWithoutRoute } from '../../domain/grants/routes.ts';
import type { SeenRouteTable } from '../../domain/grants/seen.ts';
import type { Ec2Reads } from './ec2.ts';

/** Which firewall targets routes name. */
export interface RoutesToFirewall {
  /** The firewall targets, with the interfaces of those that are instances where a route may name only these. */
  readonly targets: readonly string[];
  /** All targets, when no route table that may be read names any of them; else empty. */
  readonly noRouteTo: readonly string[];
  /** Targets that no table names though others are named; known only where all tables were read. */
  readonly targetsUnnamed: readonly string[];
}

const isInstance = (id: string): boolean => id.startsWith('i-');

/** A route that is a blackhole may name an instance's interface alone (inferred: EC2 leaves out the instance it lost). */
const interfacesOfTargets = async (
  reads: Pick<Ec2Reads, 'instances'>,
  targets: readonly string[],
  tables: readonly SeenRouteTable[],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const isAnyAway = tables.some(({ routes }) => routes.some(({ state }) => state === 'blackhole'));
  if (!isAnyAway) return new Map();
  const instances = await reads.instances(targets.filter(isInstance));
  return new Map(instances.map(({ id, interfaces }) => [id, interfaces.map((each) => each.id)]));
};

/**
 * What of the targets that the settings name these tables lead to. Reads the other route tables only where none of those read
 * already (`areAll`: those are all there are) names a target.
 * @throws AwsBusy, AwsDenied
 */
export const routesToFirewall = async (
  reads: Pick<Ec2Reads, 'instances' | 'allRouteTables'>,
  targets: readonly string[],
  read: readonly SeenRouteTable[],
  areAll: boolean,
): Promise<RoutesToFirewall> => {
  const unnamedIn = async (tables: readonly SeenRouteTable[]) => {
    const interfaces = await interfacesOfTargets(reads, targets, tables);
    const aliases = (target: string): readonly string[] => [target, ...(interfaces.get(target) ?? [])];
    const unnamed = targets.filter(
      (target) => targetsWithoutRoute(tables, aliases(target)).length === aliases(target).length,
    );
    return { unnamed, known: [...new Set(targets.flatMap(aliases))] };
  };
  const found = await unnamedIn(read);
  if (found.unnamed.length < targets.length) {
    return { targets: found.known, noRouteTo: [], targetsUnnamed: areAll ? found.unnamed : [] };
  }
  const { unnamed, known } = areAll ? found : await unnamedIn(await reads.allRouteTables());
  return { targets: known, noRouteTo: unnamed.length < targets.length ? [] : targets, targetsUnnamed: [] };
};
