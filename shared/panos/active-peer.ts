import { isNamed, NamedError } from '../domain/errors.ts';
import type { Device, Firewall } from './firewall.ts';

/** A peer of a high-availability pair, with the address it is told by. */
export interface Peer {
  readonly endpoint: string;
  readonly firewall: Firewall;
  /** What `firewall.device` reads, within a time limit of its own: a peer that hangs must not keep the other one waiting. */
  readonly probe: () => Promise<Device>;
}

/** What a peer may be told by that is ill, restarting or away, while the other one does the work. */
const sick = ['FirewallUnreachable', 'FirewallDenied', 'FirewallNotActive', 'ReplyNotUnderstood'] as const;

interface Answered {
  readonly peer: Peer;
  readonly device: Device;
}
type Answer = Answered | { readonly peer: Peer; readonly device: null; readonly error: NamedError };

const ask = async (peer: Peer): Promise<Answer> => {
  try {
    return { peer, device: await peer.probe() };
  } catch (error) {
    if (!isNamed(error, ...sick)) throw error;
    return { peer, device: null, error };
  }
};

const stateOf = (answer: Answer): string => {
  const { endpoint } = answer.peer;
  if (answer.device === null) return `${endpoint} does not say (${answer.error.name}: ${answer.error.message})`;
  return `${endpoint} is ${answer.device.haState === 'none' ? 'without high availability' : answer.device.haState}`;
};

/**
 * The one peer that may be written to. Two that say so are none: their configurations may differ, and only an administrator
 * knows which is meant.
 * @throws FirewallNotActive; where every peer refuses for the same reason of its own (a bad key), that error
 */
const theActiveOne = (answers: readonly Answer[]): { readonly firewall: Firewall; readonly device: Device } => {
  const answered = answers.filter((answer): answer is Answered => answer.device !== null);
  const active = answered.filter(({ device }) => device.writable);
  const [first] = active;
  // Two addresses may lead to one device.
  const second = active.find(({ device }) => device.serial !== first?.device.serial);
  if (first !== undefined && second === undefined) {
    const others = answered.filter(({ device }) => device.serial !== first.device.serial && device.haState !== 'none');
    const peers = others.map(({ device }) => device.serial);
    const peerSerials = [...new Set([...first.device.peerSerials, ...peers])];
    return { firewall: first.peer.firewall, device: { ...first.device, peerSerials } };
  }
  const errors = answers.flatMap((answer) => (answer.device === null ? [answer.error] : []));
  const [error] = errors;
  const allSay =
    error !== undefined && errors.length === answers.length && errors.every(({ name }) => name === error.name);
  if (allSay && error.name !== 'FirewallUnreachable') throw error;
  throw new NamedError(
    'FirewallNotActive',
    `${second === undefined ? 'No peer of the pair may be written to' : 'More than one peer says that it may be written to'}: ${answers.map(stateOf).join('; ')}.`,
  );
};

/**
 * A high-availability pair as one firewall: everything goes to the peer that may be written to, found at the first call by
 * asking all of them side by side. What ails one of them does not matter while another is active. `device` tells the serials of
 * those peers that answered as members of a pair.
 * @throws FirewallNotActive from every method when none, or more than one, may be written to; FirewallDenied,
 * ReplyNotUnderstood when every peer raises it
 */
export const activePeer = (peers: readonly [Peer, ...Peer[]]): Firewall => {
  const [first, ...others] = peers;
  if (others.length === 0) return first.firewall;
  type Found = ReturnType<typeof theActiveOne>;
  let found: Promise<Found> | null = null;
  const search = (): Promise<Found> => {
    // A failed search is made again at the next call.
    found ??= Promise.all(peers.map(ask))
      .then(theActiveOne)
      .catch((error: unknown) => {
        found = null;
        throw error;
      });
    return found;
  };
  const active = async (): Promise<Firewall> => (await search()).firewall;
  return {
    device: async () => (await search()).device,
    snapshot: async () => (await active()).snapshot(),
    running: async () => (await active()).running(),
    candidate: async () => (await active()).candidate(),
    pendingEdits: async () => (await active()).pendingEdits(),
    ruleXpath: (name) => first.firewall.ruleXpath(name),
    serviceXpath: (name) => first.firewall.serviceXpath(name),
    xpathsOf: (edit) => first.firewall.xpathsOf(edit),
    write: async (edits, options) => (await active()).write(edits, options),
    withdraw: async (xpaths) => (await active()).withdraw(xpaths),
    disableStaged: async (xpaths) => (await active()).disableStaged(xpaths),
    revertAccount: async () => (await active()).revertAccount(),
    unchangedAt: async (xpaths) => (await active()).unchangedAt(xpaths),
    otherDifferences: async (xpaths) => (await active()).otherDifferences(xpaths),
    fullCommitRequired: async () => (await active()).fullCommitRequired(),
    commit: async (options) => (await active()).commit(options),
    job: async (id) => (await active()).job(id),
    findCommit: async (description) => (await active()).findCommit(description),
    unfinishedCommits: async () => (await active()).unfinishedCommits(),
    locks: async () => (await active()).locks(),
    takeConfigLock: async (comment) => (await active()).takeConfigLock(comment),
    releaseConfigLock: async () => (await active()).releaseConfigLock(),
    releaseOwnLocks: async () => (await active()).releaseOwnLocks(),
    policyMatch: async (session) => (await active()).policyMatch(session),
  };
};
