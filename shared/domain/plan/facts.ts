import { type Traffic, trafficKey } from '../sets/traffic.ts';

declare const isFact: unique symbol;

/** One thing that EC2 once showed to be gone, as a text: equal texts, the same thing. Kept until it is carried out. */
export type Fact = string & { readonly [isFact]: true };

const fact = (...words: readonly string[]): Fact => words.join(' ') as Fact;

/** The facts there are, each named after what is gone. */
export const factOf = {
  /** The interface: its instance stopped or terminated, or it was detached or deleted. */
  interface: (id: string): Fact => fact(id),
  /** The interface gave the address up. */
  address: (id: string, address: string): Fact => fact(id, address),
  /** The interface left the group. */
  membership: (id: string, group: string): Fact => fact(id, group),
  /** A route was announced, and the interface does not route through the firewall any more. */
  rerouted: (id: string): Fact => fact(id, 'rerouted'),
  /** The security group rule does not say this any more. `from`: a range, or a prefix list. */
  permission: (
    { group, traffic }: { readonly group: string; readonly traffic: Traffic },
    { securityGroupRule, from }: { readonly securityGroupRule: string; readonly from: string },
  ): Fact => fact(securityGroupRule, group, trafficKey(traffic), from),
} as const;
