import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorName, NamedError } from '../../../shared/domain/errors.ts';
import { activePeer, type Peer } from '../../../shared/panos/active-peer.ts';
import type { Device, Firewall } from '../../../shared/panos/firewall.ts';

const states = ['active', 'active-primary', 'passive', 'suspended', 'none'] as const;
const ills: readonly ErrorName[] = ['FirewallUnreachable', 'FirewallDenied', 'ReplyNotUnderstood', 'FirewallNotActive'];
type Saying = (typeof states)[number] | ErrorName;
const sayings: readonly Saying[] = [...states, ...ills];

const isWritable = (saying: Saying): boolean => ['active', 'active-primary', 'none'].includes(saying);
const isIll = (saying: Saying): saying is ErrorName => (ills as readonly string[]).includes(saying);

/** A peer that says one thing, and takes a commit only to tell who took it. */
const peer = (saying: Saying, serial: string, took: string[]): Peer => ({
  endpoint: `https://${serial}`,
  firewall: {
    commit: async () => {
      took.push(serial);
      return { kind: 'nothing' };
    },
  } as unknown as Firewall,
  probe: async (): Promise<Device> => {
    if (isIll(saying)) throw new NamedError(saying, 'ill');
    return {
      serial,
      hostname: serial,
      swVersion: '11.1.4',
      haState: saying,
      writable: isWritable(saying),
      runningSync: null,
      peerSerials: [],
    };
  },
});

const combinations = (count: number): readonly (readonly Saying[])[] =>
  count === 0 ? [[]] : combinations(count - 1).flatMap((some) => sayings.map((saying) => [...some, saying]));

for (const count of [2, 3]) {
  test(`of ${count} peers, whatever each says: the only one that may be written to is, or none is and that is raised`, async () => {
    for (const said of combinations(count)) {
      const took: string[] = [];
      const [first, ...others] = said.map((saying, index) => peer(saying, `fw${index}`, took));
      assert.ok(first !== undefined);
      const outcome = await activePeer([first, ...others])
        .commit({ description: 'd', full: false })
        .then(
          () => 'taken',
          (error: Error) => error.name,
        );
      const writable = said.flatMap((saying, index) => (isWritable(saying) ? [`fw${index}`] : []));
      assert.deepEqual(took, writable.length === 1 ? writable : [], said.join());
      // What every peer says alike is raised; anything else may pass, and is retried.
      const alike = new Set(said).size === 1 && isIll(said[0] ?? 'none') && said[0] !== 'FirewallUnreachable';
      const raised = alike ? said[0] : 'FirewallNotActive';
      assert.equal(outcome, writable.length === 1 ? 'taken' : raised, said.join());
    }
  });
}
