import { carry, markLoaded } from './carry.ts';
import { fullCommitRequired } from './commit.ts';
import { type ConfigNode, unmarked } from './config-node.ts';
import type { Device, Workspace } from './device.ts';
import { opResult, Refusal, type SimulatorResponse } from './reply.ts';

/** Takes every uncommitted change back. @throws Refusal while commits are queued */
export const revertAll = (device: Device): SimulatorResponse => {
  refuseRevertWhileQueued(device);
  device.workspace = {
    ...device.workspace,
    candidate: device.running,
    journal: [],
    removals: [],
    fullCommitReasons: [],
    auditComments: new Map(),
  };
  return reverted();
};

/** Takes back the changes of some administrators and keeps everybody else's. */
export const revertPartial = (device: Device, admins: readonly string[]): SimulatorResponse => {
  refuseRevertWhileQueued(device);
  if (fullCommitRequired(device)) throw partialNotAllowed();
  device.workspace = workspaceWithout(device, admins);
  return reverted();
};

const partialNotAllowed = (): Refusal =>
  new Refusal(null, ['Partial revert is not allowed. Full system commit must be completed.']);

/**
 * The workspace with the uncommitted changes of some administrators taken back.
 * @throws Refusal when others' changes cannot stay without them (chosen: what a device does then is not known)
 */
export const workspaceWithout = (device: Device, admins: readonly string[]): Workspace => {
  const { workspace } = device;
  const others = (admin: string): boolean => !admins.includes(admin);
  const candidate = carry(device.running, workspace, { takes: others, includes: () => true });
  if (candidate === null) throw partialNotAllowed();
  return {
    ...workspace,
    candidate,
    journal: workspace.journal.filter((line) => others(line.owner)),
    removals: workspace.removals.filter((removal) => others(removal.admin)),
    auditComments: new Map([...workspace.auditComments].filter(([, comment]) => others(comment.admin))),
  };
};

const refuseRevertWhileQueued = (device: Device): void => {
  if (device.jobs.some((job) => job.status !== 'FIN' && job.request?.kind === 'commit'))
    throw new Refusal(null, ['Local commit jobs are queued. Revert operation is not allowed.']);
};

const reverted = (): SimulatorResponse =>
  opResult('<msg><line>All changes were reverted from configuration</line></msg>');

/**
 * Replaces the candidate by another configuration; every difference from running becomes the loader's change. That the
 * next commit must then be full is inferred.
 */
export const loadOver = (device: Device, admin: string, config: ConfigNode, at: number): void => {
  const { workspace } = device;
  const dirtyId = workspace.dirtyCounter + 1;
  const loaded = markLoaded(unmarked(config), device.running, {
    admin,
    dirtyId,
    at,
    own: true,
    whole: true,
    renamedFrom: null,
  });
  device.workspace = {
    ...workspace,
    candidate: loaded,
    removals: [],
    dirtyCounter: dirtyId,
    journal: loaded === device.running ? [] : [{ owner: admin, path: [], action: 'LOAD', dirtyId, at }],
    fullCommitReasons: loaded === device.running ? [] : ['load'],
  };
};
