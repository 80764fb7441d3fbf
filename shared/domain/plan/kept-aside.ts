import { destinationKey, type GrantDestination, type GrantSource, sourceKey } from '../grants/grants.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import { GrantIndex } from './grant-index.ts';
import type { UnexplainedLoss } from './losses.ts';
import type { Recognition } from './recognise.ts';
import type { Removals } from './removals.ts';

/**
 * What is kept though EC2 does not grant it, and its rule can carry no longer: what remains of the rule is no rectangle with
 * it, or the rule is replaced. As candidate rules with what the rule said, so that it goes into a rule of its own.
 */
export const keptAside = (
  { owned }: Recognition,
  { kept }: Removals,
  keeping: readonly UnexplainedLoss[],
): readonly CandidateRule[] => {
  if (keeping.length === 0) return [];
  const wanted = GrantIndex.of(keeping);
  const left = new Map(kept.map(({ uuid, contributions }) => [uuid, contributions] as const));
  return owned.flatMap(({ record, uuid, name }): readonly CandidateRule[] => {
    const stays = left.get(uuid);
    const sources = new Set(stays?.sources.map(sourceKey));
    const destinations = new Set(stays?.destinations.map(destinationKey));
    const rectangles = new Map<string, { readonly from: readonly GrantSource[]; readonly to: GrantDestination[] }>();
    for (const to of record.contributions.destinations) {
      const isKept = destinations.has(destinationKey(to));
      const from = record.contributions.sources.filter(
        (source) => wanted.has(record, to, source) && !(isKept && sources.has(sourceKey(source))),
      );
      if (from.length === 0) continue;
      const key = from.map(sourceKey).join('\n');
      const at = rectangles.get(key) ?? { from, to: [] };
      at.to.push(to);
      rectangles.set(key, at);
    }
    const { group, family, traffic, service, content } = record;
    return [...rectangles.values()].map(({ from, to }) => ({
      subject: { kind: 'everything' },
      group,
      family,
      traffic,
      from: content.from[0] ?? '',
      to: content.to[0] ?? '',
      application: content.application,
      service,
      sources: from,
      destinations: to,
      broughtBy: `what "${name}" goes on letting in`,
    }));
  });
};
