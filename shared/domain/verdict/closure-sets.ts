import { type AddressFamily, wholeFamily } from '../sets/addresses.ts';
import type { Box } from '../sets/boxes.ts';
import { known } from '../sets/estimates.ts';
import { noAddress } from './address-sets.ts';
import type { RuleSets } from './rule-sets.ts';

/** Sessions that an administrator closed, for whom: they stand directly above the bottom rule as his decision. */
export interface Closure {
  /** The rule of ours in which he closed them. */
  readonly rule: string;
  /** The instance, or the interface that belongs to none. */
  readonly instance: string;
  readonly family: AddressFamily;
  readonly from: string;
  readonly to: string;
  /** Their destinations count for nothing: a closure is about every address of its instance. */
  readonly boxes: readonly Box[];
}

/** A closure as rules that deny: one for each of its boxes. */
export const setsOfClosure = ({ rule, instance, family, from, to, boxes }: Closure): readonly RuleSets[] =>
  boxes.map(({ source, ...slot }) => ({
    name: rule,
    action: 'deny',
    closes: true,
    zones: (asked, target) => (asked === from && target === to ? 'yes' : 'no'),
    source: known({ ...noAddress, [family]: source }),
    destination: known({ ...noAddress, [family]: wholeFamily[family] }),
    slots: known([slot]),
    traffic: slot.traffic,
    doubts: [],
    everSure: true,
    onlyFor: (destination) => destination.instance === instance,
  }));
