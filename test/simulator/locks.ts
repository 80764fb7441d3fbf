import type { Device, Lock } from './device.ts';
import { opResult, Refusal, type SimulatorResponse } from './reply.ts';
import { cdata, escapeAttribute, escapeText, panosTime } from './xml.ts';

export type LockTexts = '11.1' | 'older';

const verb = { config: 'modify', commit: 'commit' } as const;
const word = { config: 'Config', commit: 'Commit' } as const;

/** Lock requests' replies: error replies carry no code, success texts sit in `<result>` (captured on 11.1). */
const refused = (text: string): never => {
  throw new Refusal(null, [text]);
};

export const takeLock = (
  device: Device,
  kind: Lock['kind'],
  admin: string,
  scope: string,
  comment: string | null,
  at: number,
  texts: LockTexts,
): SimulatorResponse => {
  const held = device.locks.find(
    (lock) => lock.kind === kind && lock.scope === scope && (kind === 'config' || lock.admin === admin),
  );
  if (held !== undefined) {
    if (texts === '11.1') refused(`${word[kind]} lock is already held by ${held.admin}`);
    refused(
      held.admin === admin
        ? `You already own a ${kind} lock for scope ${scope}`
        : `Config for scope ${scope} is currently locked by ${held.admin}`,
    );
  }
  // Captured: a comment left out is stored as the literal `(null)`.
  device.locks = [...device.locks, { kind, admin, scope, comment: comment ?? '(null)', at, automatic: false }];
  return opResult(
    `Successfully acquired lock. Other administrators will not be able to ${verb[kind]} configuration until lock is released by ${escapeText(admin)}.`,
  );
};

export const releaseLock = (
  device: Device,
  kind: Lock['kind'],
  admin: string,
  scope: string,
  of: string | null,
  superuser: boolean,
  texts: LockTexts,
): SimulatorResponse => {
  const wanted = kind === 'commit' ? (of ?? admin) : null;
  const held = device.locks.find(
    (lock) => lock.kind === kind && lock.scope === scope && (wanted === null || lock.admin === wanted),
  );
  if (held === undefined) {
    // Older releases name the holder of a commit lock that is not there (told by a client).
    if (kind === 'commit' && texts === 'older') return refused(`Commit lock is not currently held by ${of ?? admin}`);
    return of === null
      ? refused(`${word[kind]} is not currently locked for scope ${scope}`)
      : refused(`Commit lock is not currently held by ${of}`);
  }
  // Documented: the holder or a superuser releases.
  if (held.admin !== admin && !superuser)
    return refused(`Config for scope ${scope} is currently locked by ${held.admin}`);
  device.locks = device.locks.filter((lock) => lock !== held);
  return opResult(`${word[kind]} lock released for ${escapeText(held.admin)}`);
};

/** `show config-locks` and `show commit-locks`. */
export const listLocks = (device: Device, kind: Lock['kind'], scope: string): SimulatorResponse => {
  const tag = `${kind}-locks`;
  const entries = device.locks
    .filter((lock) => lock.kind === kind && (scope === 'all' || lock.scope === scope))
    .map(
      (lock) =>
        `<entry name="${escapeAttribute(lock.admin)}"><type>${lock.scope === 'shared' ? 'shared' : 'vsys'}</type><name>${escapeText(lock.scope)}</name><created>${panosTime(lock.at)}</created><last-activity>${panosTime(lock.at)}</last-activity><loggedin>yes</loggedin><comment>${cdata(lock.comment)}</comment></entry>`,
    );
  return opResult(entries.length === 0 ? `<${tag}/>` : `<${tag}>${entries.join('')}</${tag}>`);
};

/** Refuses a configuration write in a scope that another administrator has locked. Only the prefix of the text is known; the code is inferred. */
export const refuseLockedWrite = (device: Device, admin: string, scope: string): void => {
  const held = device.locks.find(
    (lock) =>
      lock.kind === 'config' &&
      lock.admin !== admin &&
      (lock.scope === 'shared' || scope === 'shared' || lock.scope === scope),
  );
  if (held !== undefined) throw new Refusal(13, [`Configuration is locked by ${held.admin}`]);
};

/** Refuses a commit while another administrator holds a commit lock (captured). A config lock does not stop commits (documented). */
export const refuseLockedCommit = (device: Device, admin: string): void => {
  if (device.locks.some((lock) => lock.kind === 'commit' && lock.admin !== admin))
    throw new Refusal(14, ['Other administrators are holding device wide commit locks.']);
};

/** Refuses what would replace the candidate as a whole while another administrator holds a config lock (prefix known, use inferred). */
export const refuseLockedReplacement = (device: Device, admin: string): void => {
  if (device.locks.some((lock) => lock.kind === 'config' && lock.admin !== admin))
    throw new Refusal(null, ['Other administrators are holding config locks for this scope.']);
};

/** Both kinds go with the holder's commit (documented). */
export const releaseAfterCommit = (device: Device, admin: string): void => {
  device.locks = device.locks.filter((lock) => lock.admin !== admin);
};

export const acquireAutomatically = (device: Device, admin: string, at: number): void => {
  if (device.locks.some((lock) => lock.kind === 'commit' && lock.admin === admin)) return;
  device.locks = [
    ...device.locks,
    { kind: 'commit', admin, scope: 'shared', comment: 'Auto acquired', at, automatic: true },
  ];
};
