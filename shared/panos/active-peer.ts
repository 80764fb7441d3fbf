import { isNamed, NamedError } from '../domain/errors.ts';
import type { Firewall } from './firewall.ts';

/** A peer of a high-availability pair, with the address it is told by. */
export interface Peer {
  readonly endpoint: string;
  readonly firewall: Firewall;
}

/**
 * A high-availability pair as one firewall: everything goes to the peer that may be written to, found at the first call. A
 * peer that does not answer is passed over; the other one may have taken over.
 * @throws FirewallNotActive, FirewallUnreachable from every method when no peer may be written to
 */
export const activePeer = (peers: readonly [Peer, ...Peer[]]): Firewall => {
  const [first, ...others] = peers;
  if (others.length === 0) return first.firewall;
  const find = async (): Promise<Firewall> => {
    const refusals: string[] = [];
    for (const { endpoint, firewall } of peers) {
      try {
        const { writable, haState } = await firewall.device();
        if (writable) return firewall;
        refusals.push(`${endpoint} is ${haState}`);
      } catch (error) {
        if (!isNamed(error, 'FirewallUnreachable')) throw error;
        refusals.push(`${endpoint} does not answer (${error.message})`);
      }
    }
    throw new NamedError('FirewallNotActive', `No peer of the pair may be written to: ${refusals.join('; ')}.`);
  };
  let found: Promise<Firewall> | null = null;
  const active = (): Promise<Firewall> => {
    // A failed search is made again at the next call.
    found ??= find().catch((error: unknown) => {
      found = null;
      throw error;
    });
    return found;
  };
  return {
    device: async () => (await active()).device(),
    snapshot: async () => (await active()).snapshot(),
    running: async () => (await active()).running(),
    candidate: async () => (await active()).candidate(),
    pendingEdits: async () => (await active()).pendingEdits(),
    ruleXpath: (name) => first.firewall.ruleXpath(name),
    serviceXpath: (name) => first.firewall.serviceXpath(name),
    xpathsOf: (edit) => first.firewall.xpathsOf(edit),
    write: async (edits, options) => (await active()).write(edits, options),
    withdraw: async (xpaths) => (await active()).withdraw(xpaths),
    unchangedAt: async (xpaths) => (await active()).unchangedAt(xpaths),
    fullCommitRequired: async () => (await active()).fullCommitRequired(),
    commit: async (options) => (await active()).commit(options),
    job: async (id) => (await active()).job(id),
    findCommit: async (description) => (await active()).findCommit(description),
    unfinishedCommits: async () => (await active()).unfinishedCommits(),
    locks: async () => (await active()).locks(),
    takeConfigLock: async (comment) => (await active()).takeConfigLock(comment),
    releaseConfigLock: async () => (await active()).releaseConfigLock(),
    policyMatch: async (session) => (await active()).policyMatch(session),
  };
};
