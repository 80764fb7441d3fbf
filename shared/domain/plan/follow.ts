import { type Contributions, destinationKey, type GrantDestination } from '../grants/grants.ts';
import type { RuleRecord } from './ownership.ts';
import { namesOfOurs, type Recognition } from './recognise.ts';
import type { Removals } from './removals.ts';

/**
 * What stays of our rules, with each destination as EC2 shows it now: an interface that was attached to another instance takes
 * its records along, so that they are found by that instance when it stops or goes.
 */
export const following = (
  removals: Removals,
  recognition: Recognition,
  candidates: readonly Pick<Contributions, 'destinations'>[],
): Removals => {
  const shown = new Map<string, GrantDestination>();
  for (const { destinations } of candidates) for (const each of destinations) shown.set(destinationKey(each), each);
  const followed = (was: Contributions): Contributions | null => {
    const now = was.destinations.map((each) => {
      const found = shown.get(destinationKey(each));
      return found === undefined || found.instance === each.instance ? each : found;
    });
    return now.every((each, at) => each === was.destinations[at]) ? null : { ...was, destinations: now };
  };
  const shrunk = new Set(removals.shrinks.map(({ id }) => id));
  const names = namesOfOurs(recognition);
  const moved: RuleRecord[] = [];
  const kept = removals.kept.map((holding) => {
    const contributions = followed(holding.contributions);
    if (contributions === null) return holding;
    const { record, uuid } = holding;
    if (!shrunk.has(record.id)) moved.push({ ...record, name: names.get(uuid) ?? record.name, contributions });
    return { ...holding, contributions };
  });
  const shrinks = removals.shrinks.map((shrink) => ({
    ...shrink,
    contributions: followed(shrink.contributions) ?? shrink.contributions,
  }));
  return { ...removals, shrinks, kept, repaired: [...removals.repaired, ...moved] };
};
