import { isNamed, NamedError } from '../domain/errors.ts';
import type { Connection } from './connection.ts';
import { commandWith } from './device-state.ts';
import type { Lock } from './firewall.ts';
import { type Reply, refusal } from './replies.ts';
import { type ApiRequest, opForm } from './request-forms.ts';
import { child, childrenOf, childText, element, nameOf, textElement, type XmlElement } from './xml.ts';

const locksOf = async (connection: Connection, kind: Lock['kind']): Promise<readonly Lock[]> => {
  // Since 9.1 leaving the scope out is an error (captured).
  const reply = await connection.demand(
    opForm(commandWith(['show', `${kind}-locks`], textElement('vsys', 'all')), `show ${kind}-locks`),
  );
  return childrenOf(child(reply.result, `${kind}-locks`), 'entry').map((entry) => ({
    kind,
    holder: nameOf(entry),
    scope: childText(entry, 'name') ?? childText(entry, 'type') ?? 'shared',
    // What the firewall stores for a lock without a comment.
    comment: (childText(entry, 'comment') ?? '').replace(/^\(null\)$/, ''),
  }));
};

/** Config and commit locks of every scope. */
export const readLocks = async (connection: Connection): Promise<readonly Lock[]> =>
  (await Promise.all([locksOf(connection, 'config'), locksOf(connection, 'commit')])).flat();

const lockForm = ({ kind, scope }: Pick<Lock, 'kind' | 'scope'>, leaf: XmlElement): ApiRequest => {
  const form = opForm(commandWith(['request', `${kind}-lock`], leaf), `request ${kind}-lock ${leaf.name}`, {
    withoutVsys: true,
    purpose: 'operation',
  });
  // The scope is the request's vsys; left out it is the whole device.
  return scope === 'shared' ? form : { ...form, fields: { ...form.fields, vsys: scope } };
};

const deviceWide = { kind: 'config', scope: 'shared' } as const;

/** True when the words say that the lock is held by this administrator already. */
const isOurs = (reply: Reply, administrator: string): boolean =>
  reply.messages.some(
    (text) =>
      /^you already own a config lock/i.test(text) ||
      text.replace(/\.$/, '').toLowerCase() === `config lock is already held by ${administrator}`.toLowerCase(),
  );

/** Takes the device-wide config lock; holding it already is success. @throws ConfigLocked when somebody else has it. */
export const takeConfigLock = async (connection: Connection, administrator: string, comment: string): Promise<void> => {
  const form = lockForm(deviceWide, element('add', [textElement('comment', comment)]));
  const reply = await connection.ask(form);
  if (!reply.succeeded && !isOurs(reply, administrator)) throw refusal(form, reply);
};

/** Gives a lock of ours back; one that is gone already (a commit removes it) is success. */
const releaseLock = async (connection: Connection, lock: Pick<Lock, 'kind' | 'scope'>): Promise<void> => {
  const form = lockForm(lock, element('remove'));
  const reply = await connection.ask(form);
  const gone = reply.messages.some((text) => /^(config|commit) (lock )?is not currently (locked|held)/i.test(text));
  if (!reply.succeeded && !gone) throw refusal(form, reply);
};

/** Gives the device-wide config lock back. */
export const releaseConfigLock = (connection: Connection): Promise<void> => releaseLock(connection, deviceWide);

/** Gives back every lock of this administrator, of either kind and any scope, and tells which. */
export const releaseOwnLocks = async (connection: Connection, administrator: string): Promise<readonly Lock[]> => {
  const held = (await readLocks(connection)).filter(({ holder }) => holder === administrator);
  for (const lock of held) await releaseLock(connection, lock);
  return held;
};

const shown = ({ kind, holder, scope, comment }: Lock): string =>
  `${kind} lock of ${holder} (${scope})${comment === '' ? '' : `: ${comment}`}`;

/** Adds who holds the locks to what is refused because of one: the firewall's own words often name no administrator. */
export const namingHolders = async <Value>(connection: Connection, act: () => Promise<Value>): Promise<Value> => {
  try {
    return await act();
  } catch (error) {
    if (!isNamed(error, 'ConfigLocked', 'CommitLocked')) throw error;
    const holders = await readLocks(connection).catch((unread: unknown) => String(unread));
    const said =
      typeof holders === 'string' ? `The locks could not be read (${holders})` : holders.map(shown).join('; ');
    throw new NamedError(error.name, `${error.message}. ${said || 'No lock is listed any more'}.`, { cause: error });
  }
};
