import { NamedError } from '../domain/errors.ts';
import type { Connection } from './connection.ts';
import { command, commandWith } from './device-state.ts';
import type { CommitReply, Job } from './firewall.ts';
import { type Reply, refusal, wordsOf } from './replies.ts';
import { type ApiRequest, opForm } from './request-forms.ts';
import { buildXml, child, childrenOf, childText, element, memberList, textElement, type XmlElement } from './xml.ts';

const longestDescription = 512;

/**
 * The commit command. A partial one is `<commit><description/><partial><admin><member>A</member></admin></partial>
 * </commit>`: nothing but the administrator is named, so all of that administrator's edits go and nobody else's.
 */
export const commitCommand = (options: {
  readonly administrator: string;
  readonly description: string;
  readonly full: boolean;
}): string =>
  buildXml(
    element('commit', [
      textElement('description', options.description),
      ...(options.full ? [] : [element('partial', [memberList('admin', [options.administrator])])]),
    ]),
  );

/** Both ways a firewall says that there is nothing to commit: as superuser, and for a custom role or partial commit. */
const nothingToCommit = [/there are no changes to commit/i, /result of this commit would be the same as the previous/i];

/** Queues a commit. @throws CommitInProgress, CommitLocked, ConfigLocked, FullCommitNeeded, FirewallRejected, … */
export const queueCommit = async (
  connection: Connection,
  options: { readonly administrator: string; readonly description: string; readonly full: boolean },
): Promise<CommitReply> => {
  if (options.description.length > longestDescription) {
    throw new NamedError(
      'Misconfigured',
      `the commit description has ${options.description.length} characters, a firewall takes ${longestDescription}`,
    );
  }
  const form: ApiRequest = {
    type: 'commit',
    // Documented for partial commits; clients that leave it out are served as well.
    fields: { ...(options.full ? {} : { action: 'partial' }), cmd: commitCommand(options) },
    asked: options.full ? 'full commit' : `partial commit of ${options.administrator}`,
    purpose: 'commit',
  };
  const reply = await connection.ask(form);
  const said = reply.messages.join(' ');
  const nothing = nothingToCommit.some((pattern) => pattern.test(said));
  if (!reply.succeeded) {
    // Captured as a success (codes 19 and 13); the words mean the same should a release call it an error.
    if (nothing && reply.http.status === 200) return { kind: 'nothing' };
    throw refusal(form, reply);
  }
  const job = childText(reply.result, 'job') ?? /enqueued with jobid (\d+)/i.exec(said)?.[1] ?? null;
  if (job !== null) return { kind: 'queued', job };
  if (nothing) return { kind: 'nothing' };
  throw new NamedError(
    'ReplyNotUnderstood',
    `${form.asked}: neither a job nor "nothing to commit": ${wordsOf(reply)}. ${reply.shown}`,
  );
};

const linesOf = (job: XmlElement, name: string): readonly string[] => {
  const gather = (from: XmlElement): readonly string[] => {
    const own = from.text.trim();
    return [...(own === '' ? [] : [own]), ...from.children.flatMap(gather)];
  };
  const list = child(job, name);
  return list === null ? [] : gather(list);
};

const oneOf = <T extends string>(known: readonly T[], text: string | null): T | null =>
  known.find((each) => each === text) ?? null;

/** A job, or null for one without an id: `show jobs all` lists such after a restart of the configuration daemon. */
const jobFrom = (job: XmlElement, reply: Reply): Job | null => {
  const id = childText(job, 'id');
  if (id === null) return null;
  const status = oneOf(['PEND', 'ACT', 'FIN'], childText(job, 'status'));
  if (status === null) {
    throw new NamedError(
      'ReplyNotUnderstood',
      `job ${id} has the status ${childText(job, 'status') ?? '(none)'}: ${reply.shown}`,
    );
  }
  const result = oneOf(['PEND', 'OK', 'FAIL'], childText(job, 'result') ?? 'PEND');
  // Only a commit's outcome matters here; other kinds of job may end in other words.
  if (result === null && status === 'FIN' && /^commit/i.test(childText(job, 'type') ?? '')) {
    throw new NamedError('ReplyNotUnderstood', `job ${id} ended as ${childText(job, 'result')}: ${reply.shown}`);
  }
  return {
    id,
    user: childText(job, 'user') ?? '',
    type: childText(job, 'type') ?? '',
    description: childText(job, 'description') ?? '',
    status,
    result: result ?? 'PEND',
    details: linesOf(job, 'details'),
    warnings: linesOf(job, 'warnings'),
  };
};

/** A job by its id; null when the firewall does not know it (any more). Decide on status FIN, then on the result. */
export const readJob = async (connection: Connection, id: string): Promise<Job | null> => {
  if (!/^\d{1,10}$/.test(id)) throw new NamedError('StateNotUnderstood', `${JSON.stringify(id)} is no job id`);
  const form = opForm(commandWith(['show', 'jobs'], textElement('id', id)), `show jobs id ${id}`, {
    mayBeRestarting: true,
  });
  const reply = await connection.ask(form);
  if (!reply.succeeded) {
    if (reply.messages.some((text) => /^job \S+ not found/i.test(text))) return null;
    throw refusal(form, reply);
  }
  const jobs = childrenOf(reply.result, 'job');
  const entry = jobs.find((each) => childText(each, 'id') === id);
  if (entry !== undefined) return jobFrom(entry, reply);
  // Lost in a restart of the configuration daemon: listed without its id (captured of the list of all jobs).
  if (jobs.some((each) => childText(each, 'id') === null)) return null;
  throw new NamedError('ReplyNotUnderstood', `${form.asked}: the reply has no job ${id}: ${reply.shown}`);
};

const allJobs = async (connection: Connection): Promise<readonly Job[]> => {
  const reply = await connection.demand(
    opForm(command('show', 'jobs', 'all'), 'show jobs all', { mayBeRestarting: true }),
  );
  return childrenOf(reply.result, 'job').flatMap((each) => jobFrom(each, reply) ?? []);
};

const isCommit = ({ type }: Job): boolean => /^(commit|autocom)/i.test(type);

const newestFirst = (one: Job, other: Job): number => Number(other.id) - Number(one.id);

/** Commits of ours whose description the list leaves out are looked at one by one, at most this many. */
const lookedAtSingly = 10;

/** The newest commit job of an administrator with this description; null when there is none. */
export const findCommit = async (
  connection: Connection,
  administrator: string,
  description: string,
): Promise<Job | null> => {
  const ours = (await allJobs(connection))
    .filter((job) => isCommit(job) && job.user === administrator)
    .sort(newestFirst);
  const wanted = description.trim();
  const found = ours.find((job) => job.description === wanted);
  if (found !== undefined) return found;
  // Inferred: no capture shows that the list of all jobs carries descriptions as a single job does.
  for (const { id } of ours.filter((job) => job.description === '').slice(0, lookedAtSingly)) {
    const job = await readJob(connection, id);
    if (job?.description === wanted) return job;
  }
  return null;
};

/** Commit jobs, automatic ones included, that are queued or running. */
export const unfinishedCommits = async (connection: Connection): Promise<readonly Job[]> =>
  (await allJobs(connection)).filter((job) => isCommit(job) && job.status !== 'FIN');
