import fc from 'fast-check';
import { ids } from '../system/demo-account.ts';

/*
 * Histories as data: who does what, how long after the one before him, and how the outside misbehaves meanwhile. Being data,
 * one that fails is shrunk to the acts it needs.
 */

/** What a port is granted to; no two grants overlap, so that a session has one grant. */
export const sourcesOfPorts: Readonly<Record<number, string>> = {
  9001: '0.0.0.0/0',
  9002: '198.51.100.0/24',
  9003: '203.0.113.0/24',
  9004: '0.0.0.0/0',
};
const ports = Object.keys(sourcesOfPorts).map(Number);
const groups = [ids.commonGroup, ids.webGroup] as const;

export type AdministratorAct =
  /** On the n-th managed rule of the candidate configuration, counted round. */
  | {
      readonly who: 'administrator';
      readonly does: 'disable' | 'enable' | 'deny' | 'delete' | 'rename' | 'describe' | 'move to the top';
      readonly nth: number;
      /** Whether he commits a few seconds later; otherwise whenever he next does. */
      readonly commits: boolean;
    }
  | {
      readonly who: 'administrator';
      readonly does: 'add a deny' | 'delete a deny';
      readonly port: number;
      readonly commits: boolean;
    }
  | { readonly who: 'administrator'; readonly does: 'commit' | 'revert' };

export type Act =
  | { readonly who: 'EC2 user'; readonly does: 'start' | 'stop' | 'stop and start'; readonly instance: string }
  | { readonly who: 'EC2 user'; readonly does: 'grant' | 'revoke'; readonly group: string; readonly port: number }
  | AdministratorAct
  | { readonly who: 'operator'; readonly does: 'resync' | 'redrive' | 'stop' }
  | { readonly who: 'firewall'; readonly does: 'fails the next commit' | 'reboots' };

export interface Moment {
  /** Virtual milliseconds since the act before. */
  readonly after: number;
  readonly act: Act;
}

export interface History {
  readonly moments: readonly Moment[];
  /** Seeds latencies, and which calls are struck, events lost or doubled. */
  readonly noise: number;
  /** How many external calls of a hundred thousand are struck. */
  readonly faults: number;
  /** How old a read of EC2 may be. */
  readonly lagMilliseconds: number;
}

const onInstances = fc.record({
  who: fc.constant('EC2 user' as const),
  does: fc.constantFrom('start' as const, 'stop' as const, 'stop and start' as const),
  instance: fc.constantFrom(...ids.webServers),
});
const onGroups = fc.record({
  who: fc.constant('EC2 user' as const),
  does: fc.constantFrom('grant' as const, 'grant' as const, 'revoke' as const),
  group: fc.constantFrom(...groups),
  port: fc.constantFrom(...ports),
});
const onManagedRules = fc.record({
  who: fc.constant('administrator' as const),
  does: fc.constantFrom(
    'disable' as const,
    'disable' as const,
    'enable' as const,
    'deny' as const,
    'delete' as const,
    'rename' as const,
    'describe' as const,
    'move to the top' as const,
  ),
  nth: fc.nat(9),
  commits: fc.boolean(),
});
const onOwnRules = fc.record({
  who: fc.constant('administrator' as const),
  does: fc.constantFrom('add a deny' as const, 'delete a deny' as const),
  port: fc.constantFrom(...ports),
  commits: fc.boolean(),
});
const commits = fc.record({
  who: fc.constant('administrator' as const),
  does: fc.constantFrom('commit' as const, 'commit' as const, 'revert' as const),
});
const operators = fc.record({
  who: fc.constant('operator' as const),
  does: fc.constantFrom('resync' as const, 'redrive' as const, 'stop' as const),
});

const ofFirewall = fc.record({
  who: fc.constant('firewall' as const),
  does: fc.constantFrom('fails the next commit' as const, 'reboots' as const),
});

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: onInstances },
  { weight: 5, arbitrary: onGroups },
  { weight: 5, arbitrary: onManagedRules },
  { weight: 1, arbitrary: onOwnRules },
  { weight: 1, arbitrary: commits },
  { weight: 2, arbitrary: operators },
  { weight: 1, arbitrary: ofFirewall },
);

/** From one call beside the other to an hour apart. */
const pauses = fc.oneof(fc.nat(3_000), fc.nat(60_000), fc.nat(600_000), fc.nat(3_600_000));

export const histories: fc.Arbitrary<History> = fc.record({
  moments: fc.array(fc.record({ after: pauses, act: acts }), { minLength: 4, maxLength: 24 }),
  noise: fc.noShrink(fc.nat()),
  faults: fc.constantFrom(0, 500, 3_000),
  lagMilliseconds: fc.constantFrom(0, 0, 20_000, 40_000),
});
