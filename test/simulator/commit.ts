import { carry, type Selection, unmarkCommitted } from './carry.ts';
import { checkCommit } from './commit-checks.ts';
import { type ConfigNode, unmarked } from './config-node.ts';
import type { CommitRequest, Device, Job, Workspace } from './device.ts';
import { releaseAfterCommit } from './locks.ts';
import { scopesOf } from './names.ts';
import { daemonReply, Refusal, type SimulatorResponse, succeeded } from './reply.ts';

export interface CommitOptions {
  readonly jobMilliseconds: (job: {
    readonly type: string;
    readonly user: string;
    readonly description: string;
  }) => number;
  readonly haSync: boolean;
  /** How long the automatic commit after a boot takes. */
  readonly autoCommitMilliseconds: number;
}

const scopesFor = (device: Device, config: ConfigNode) => (vsys: string) =>
  scopesOf(config, device.pushed, device.predefined, vsys);

/** Reads what follows `<commit>`. @throws Refusal with code 17 for what a commit does not have. */
export const readCommit = (
  command: ConfigNode,
  administrators: readonly string[],
): { readonly request: CommitRequest; readonly description: string } => {
  let kind: CommitRequest['kind'] = 'commit';
  let force = false;
  let description = '';
  let partial: ConfigNode | null = null;
  const visit = (holder: ConfigNode, inForce: boolean): void => {
    for (const child of holder.children) {
      if (child.tag === 'description') description = child.text;
      else if (child.tag === 'force' && !inForce) {
        force = true;
        visit(child, true);
      } else if (child.tag === 'validate' && !inForce) {
        kind = 'validate';
        visit(child, true);
      } else if (child.tag === 'partial') partial = child;
      else throw new Refusal(17, [` ${holder.tag} -> ${child.tag}  is unexpected`]);
    }
  };
  visit(command, false);
  if (description.length > 512)
    throw new Refusal(17, [` description can be at most 512 characters, but current length: ${description.length}`]);
  const chosen = readPartial(partial, administrators);
  return {
    description: chosen.description === '' ? description : chosen.description,
    request: { kind, force, admins: chosen.admins, excluded: chosen.excluded },
  };
};

const readPartial = (partial: ConfigNode | null, administrators: readonly string[]) => {
  const excluded = new Set<'device-and-network' | 'shared-object' | 'policy-and-objects'>();
  let admins: readonly string[] | null = null;
  let description = '';
  for (const child of partial?.children ?? []) {
    switch (child.tag) {
      case 'admin':
        admins = child.children.filter(({ tag }) => tag === 'member').map(({ text }) => text);
        // Inferred: an administrator the device does not have is refused as an invalid choice.
        for (const admin of admins)
          if (!administrators.includes(admin))
            throw new Refusal(17, [` commit -> partial -> admin '${admin}' is not a valid reference`]);
        break;
      case 'device-and-network':
      case 'shared-object':
      case 'policy-and-objects':
        // Documented: `excluded`; the vendor's own Python client sends an empty element (inferred: taken as the same).
        if (child.text !== 'excluded' && child.text !== '')
          throw new Refusal(17, [` partial -> ${child.tag} '${child.text}' is not an allowed keyword`]);
        excluded.add(child.tag);
        break;
      case 'description':
        description = child.text;
        break;
      case 'vsys':
      case 'no-vsys':
        break;
      default:
        throw new Refusal(17, [` partial -> ${child.tag}  is unexpected`]);
    }
  }
  return { admins, excluded, description };
};

const selectionOf = (request: CommitRequest): Selection => ({
  takes: (admin) => request.admins === null || request.admins.includes(admin),
  includes: (path) => {
    if (request.excluded.size === 0) return true;
    const [first, , third] = path;
    if (first === undefined) return true;
    if (first.tag === 'shared') return !request.excluded.has('shared-object');
    if (first.tag === 'devices') {
      if (third === undefined) return true;
      return third.tag === 'vsys'
        ? path.length < 5 || !request.excluded.has('policy-and-objects')
        : !request.excluded.has('device-and-network');
    }
    return !request.excluded.has('device-and-network');
  },
});

const isPartial = (request: CommitRequest): boolean => request.admins !== null || request.excluded.size > 0;

/** Documented for a superuser's full commit, captured for partial commits and custom roles. */
const nothingToCommit = (request: CommitRequest, superuser: boolean): SimulatorResponse =>
  isPartial(request) || !superuser
    ? succeeded(
        13,
        'The result of this commit would be the same as the previous commit queued/processed. No edits have been made between these subsequent commits. Please check the previous commit status. If still needed, use commit force instead.',
      )
    : succeeded(19, 'There are no changes to commit.');

const partialNotAllowed = 'Partial commit is not allowed. Full system commit must be completed.';

/** A reorder demands one only while something that was moved is still there (inferred). */
export const fullCommitRequired = ({ fullCommitForced, workspace }: Device): boolean =>
  fullCommitForced ||
  workspace.fullCommitReasons.some((reason) => reason !== 'reorder' || holdsMoved(workspace.candidate));

const holdsMoved = ({ moved, dirty, children }: ConfigNode): boolean =>
  moved !== null || (dirty !== null && children.some(holdsMoved));

const pendingFor = (device: Device, request: CommitRequest): boolean => {
  const { takes, includes } = selectionOf(request);
  const queued = device.jobs.filter((job) => job.status !== 'FIN' && job.request?.kind === 'commit');
  return device.workspace.journal.some(
    (line) =>
      takes(line.owner) &&
      includes(line.path) &&
      !queued.some(
        (job) =>
          job.taken !== null &&
          line.dirtyId <= job.taken.dirtyCounter &&
          (job.request === null || selectionOf(job.request).takes(line.owner)),
      ),
  );
};

const queueJob = (
  device: Device,
  options: CommitOptions,
  job: Pick<Job, 'user' | 'type' | 'description' | 'request' | 'taken' | 'failWith'>,
  now: number,
): Job => {
  const queued: Job = {
    ...job,
    id: device.nextJob,
    enqueuedAt: now,
    startedAt: null,
    finishedAt: null,
    duration: options.jobMilliseconds(job),
    status: 'PEND',
    result: 'PEND',
    details: [],
    warnings: [],
  };
  device.nextJob += 1;
  device.jobs = [...device.jobs.slice(-500), queued];
  return queued;
};

export interface CommitPlan {
  readonly user: string;
  readonly superuser: boolean;
  readonly request: CommitRequest;
  readonly description: string;
  readonly failWith: readonly string[] | null;
}

/**
 * Queues a commit or validation, or says why not.
 * @throws Refusal
 */
export const enqueueCommit = (
  device: Device,
  options: CommitOptions,
  plan: CommitPlan,
  now: number,
): SimulatorResponse => {
  const { request } = plan;
  const word = request.kind === 'commit' ? 'Commit' : 'Validate';
  if (request.kind === 'commit') {
    // Wording by analogy with the captured refusal of a partial revert.
    if (isPartial(request) && fullCommitRequired(device)) throw new Refusal(13, [partialNotAllowed]);
    if (!request.force && !pendingFor(device, request)) return nothingToCommit(request, plan.superuser);
    // Chosen: what a device does with changes that cannot go without another administrator's is not known.
    if (isPartial(request) && carry(device.running, device.workspace, selectionOf(request)) === null)
      throw new Refusal(13, [partialNotAllowed]);
  }
  const job = queueJob(
    device,
    options,
    {
      user: plan.user,
      type: word,
      description: plan.description,
      request,
      taken: device.workspace,
      failWith: plan.failWith,
    },
    now,
  );
  advance(device, options, now);
  return daemonReply(
    'success',
    19,
    `<result><msg><line>${word} job enqueued with jobid ${job.id}</line></msg><job>${job.id}</job></result>`,
  );
};

/** Queues a job that does nothing but take its time, e.g. `HA-Sync` or `Install`. */
export const enqueueOther = (
  device: Device,
  options: CommitOptions,
  type: string,
  user: string,
  now: number,
  description = '',
): number => queueJob(device, options, { user, type, description, request: null, taken: null, failWith: null }, now).id;

const replaceJob = (device: Device, job: Job): void => {
  device.jobs = device.jobs.map((other) => (other.id === job.id ? job : other));
};

/** Lets jobs start and end up to `now`, one at a time, in order. */
export const advance = (device: Device, options: CommitOptions, now: number): void => {
  for (;;) {
    const job = device.jobs.find((candidate) => candidate.status !== 'FIN');
    if (job === undefined) return;
    if (job.startedAt === null) {
      const before = device.jobs
        .filter((other) => other.status === 'FIN')
        .reduce((latest, other) => Math.max(latest, other.finishedAt ?? 0), 0);
      const startedAt = Math.max(job.enqueuedAt, before);
      if (startedAt > now) return;
      replaceJob(device, { ...job, startedAt, status: 'ACT' });
      continue;
    }
    const finishedAt = job.startedAt + job.duration;
    if (finishedAt > now) return;
    finish(device, options, job, finishedAt);
  }
};

const finish = (device: Device, options: CommitOptions, job: Job, at: number): void => {
  const done = (result: 'OK' | 'FAIL', details: readonly string[], warnings: readonly string[]): void =>
    replaceJob(device, { ...job, status: 'FIN', result, details, warnings, finishedAt: at });
  const { request, taken } = job;
  if (request === null || taken === null) {
    done('OK', [], []);
    return;
  }
  if (job.failWith !== null) {
    done('FAIL', job.failWith, []);
    return;
  }
  const selection = selectionOf(request);
  const full = !isPartial(request);
  const carried = full ? taken.candidate : carry(device.running, taken, selection);
  if (carried === null) {
    // A commit queued before this one, or a validation: refused here as it would have been at the door.
    done('FAIL', request.kind === 'commit' ? [partialNotAllowed, 'Commit failed'] : [partialNotAllowed], []);
    return;
  }
  const config = unmarked(carried);
  const { errors, warnings } = checkCommit(config, scopesFor(device, config));
  if (errors.length > 0) {
    done('FAIL', request.kind === 'commit' ? [...errors, 'Commit failed'] : errors, warnings);
    return;
  }
  if (request.kind === 'validate') {
    done('OK', ['Configuration is valid'], warnings);
    return;
  }
  device.running = config;
  const version = (device.versions[device.versions.length - 1]?.version ?? 0) + 1;
  device.versions = [...device.versions.slice(-99), { version, config, at }];
  const covered = (owner: string, dirtyId: number): boolean => dirtyId <= taken.dirtyCounter && selection.takes(owner);
  const { workspace } = device;
  const comments = [...workspace.auditComments].filter(([, comment]) => covered(comment.admin, comment.dirtyId));
  device.auditLog = [
    ...device.auditLog,
    ...comments.map(([path, comment]) => ({ path, comment: comment.comment, admin: comment.admin, at, version })),
  ];
  const includes = (line: { readonly path: Workspace['journal'][number]['path'] }): boolean =>
    selection.includes(line.path);
  device.workspace = {
    ...workspace,
    candidate:
      request.excluded.size === 0
        ? unmarkCommitted(workspace.candidate, config, selection.takes, taken.dirtyCounter)
        : workspace.candidate,
    journal: workspace.journal.filter((line) => !(covered(line.owner, line.dirtyId) && includes(line))),
    removals: workspace.removals.filter((removal) => !(covered(removal.admin, removal.dirtyId) && includes(removal))),
    fullCommitReasons: full
      ? workspace.fullCommitReasons.filter((reason) => !taken.fullCommitReasons.includes(reason))
      : workspace.fullCommitReasons,
    auditComments: new Map(
      [...workspace.auditComments].filter(([, comment]) => !covered(comment.admin, comment.dirtyId)),
    ),
  };
  if (full) device.fullCommitForced = false;
  releaseAfterCommit(device, job.user);
  done(
    'OK',
    [
      ...(full
        ? []
        : [
            `Partial changes to commit: changes to configuration by administrators: ${(request.admins ?? []).join(', ')}`,
          ]),
      'Configuration committed successfully',
      'Local configuration size: 9 KB',
    ],
    warnings,
  );
  if (options.haSync && device.ha.enabled) enqueueOther(device, options, 'HA-Sync', job.user, at);
};
