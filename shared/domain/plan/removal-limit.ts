import type { Recognition } from './recognise.ts';
import type { Removals } from './removals.ts';

/** When a plan removes so much because things vanished that somebody must approve it. */
export interface RemovalLimits {
  /** Interfaces that may lose grants without approval. */
  readonly interfaces: number;
  /** Share of all interfaces with grants that may lose some without approval, 0 to 1. */
  readonly share: number;
}

/** What a plan takes away from interfaces that EC2 shows nothing of. */
export interface VanishedLoss {
  /** Interfaces that vanished and would lose grants, sorted. */
  readonly interfaces: readonly string[];
  /** All interfaces that hold grants now. */
  readonly owned: number;
  readonly tooMuch: boolean;
}

/**
 * Counts what a plan removes because an interface is absent or no longer routed. What EC2 positively shows (stopped,
 * terminated, permission gone) never counts. Too much is more than both limits.
 */
export const vanishedLoss = (
  recognition: Recognition,
  removals: Removals,
  vanished: ReadonlySet<string>,
  limits: RemovalLimits,
): VanishedLoss => {
  const kept = new Map(removals.kept.map(({ uuid, contributions }) => [uuid, contributions] as const));
  const owned = new Set<string>();
  const losing = new Set<string>();
  for (const { record } of recognition.owned) {
    const left = new Set(kept.get(record.uuid)?.destinations.map((destination) => destination.interface));
    for (const { interface: id } of record.contributions.destinations) {
      owned.add(id);
      if (vanished.has(id) && !left.has(id)) losing.add(id);
    }
  }
  return {
    interfaces: [...losing].sort(),
    owned: owned.size,
    tooMuch: losing.size > limits.interfaces && losing.size > owned.size * limits.share,
  };
};
