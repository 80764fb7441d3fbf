import { NamedError } from '../domain/errors.ts';
import type { Connection } from './connection.ts';
import type { Device } from './firewall.ts';
import type { Reply } from './replies.ts';
import { opForm } from './request-forms.ts';
import type { ChangeLine } from './wide-lines.ts';
import { child, childrenOf, childText, element, type XmlElement } from './xml.ts';
import { canonicalXpath } from './xpath.ts';

/** An operational command as nested elements: `command('show', 'system', 'info')`. */
export const command = (...names: readonly string[]): XmlElement =>
  names.reduceRight<XmlElement | null>((inner, name) => element(name, inner === null ? [] : [inner]), null) ??
  element('show');

/** Puts a leaf at the end of nested elements. */
export const commandWith = (names: readonly string[], ...leaves: readonly XmlElement[]): XmlElement => {
  const [last = 'show', ...outer] = [...names].reverse();
  return outer.reduce((inner, name) => element(name, [inner]), element(last, leaves));
};

const notSaid = (reply: Reply, what: string): NamedError =>
  new NamedError('ReplyNotUnderstood', `the firewall's answer does not say ${what}: ${reply.shown}`);

const haStateOf = (reply: Reply): Pick<Device, 'haState' | 'writable' | 'runningSync' | 'peerSerials'> => {
  const enabled = childText(reply.result, 'enabled');
  if (enabled === 'no') return { haState: 'none', writable: true, runningSync: null, peerSerials: [] };
  if (enabled !== 'yes') throw notSaid(reply, 'whether high availability is on');
  const group = child(reply.result, 'group');
  const state = childText(child(group, 'local-info'), 'state');
  if (state === null) throw notSaid(reply, "this peer's high-availability state");
  const peer = child(group, 'peer-info');
  // No capture shows the serial of the peer; both spellings are taken, and nothing relies on it.
  const peerSerial = childText(peer, 'serial-num') ?? childText(peer, 'serial');
  return {
    haState: state,
    writable: state === 'active' || state === 'active-primary',
    runningSync: childText(group, 'running-sync'),
    peerSerials: peerSerial === null ? [] : [peerSerial],
  };
};

/** Identity and high-availability state: two requests. */
export const readDevice = async (connection: Connection): Promise<Device> => {
  const [info, ha] = await Promise.all([
    connection.demand(opForm(command('show', 'system', 'info'), 'show system info')),
    connection.demand(opForm(command('show', 'high-availability', 'state'), 'show high-availability state')),
  ]);
  const system = child(info.result, 'system');
  const serial = childText(system, 'serial');
  const swVersion = childText(system, 'sw-version');
  if (serial === null || swVersion === null) throw notSaid(info, 'its serial number and software version');
  return {
    serial,
    hostname: childText(system, 'hostname') ?? '',
    swVersion,
    ...haStateOf(ha),
  };
};

/** The lines of the list of uncommitted changes, of all administrators; xpaths in canonical form. */
export const readChangeLines = async (connection: Connection): Promise<readonly ChangeLine[]> => {
  const reply = await connection.demand(
    opForm(command('show', 'config', 'list', 'changes'), 'show config list changes'),
  );
  const journal = child(reply.result, 'journal');
  if (journal === null) {
    const nothing = reply.result === null || (reply.result.children.length === 0 && !/\S/.test(reply.result.text));
    if (nothing || /no output/i.test(reply.result?.text ?? '')) return [];
    throw notSaid(reply, 'which edits are pending');
  }
  return childrenOf(journal, 'entry').map((entry) => {
    const xpath = childText(entry, 'xpath');
    const administrator = childText(entry, 'owner');
    if (xpath === null || administrator === null) throw notSaid(reply, 'who made a pending edit, and where');
    // The action comes with a leading space (captured).
    // Editors beside the owner are told apart by commas (the text with two is inferred).
    const history = (childText(entry, 'admin-history') ?? '').split(',').map((name) => name.trim());
    return {
      administrator,
      xpath: canonicalXpath(xpath),
      action: childText(entry, 'action') ?? '',
      history: history.filter((name) => name !== ''),
    };
  });
};

/** `check full-commit-required`. @throws ReplyNotUnderstood when the answer is neither yes nor no. */
export const readFullCommitRequired = async (connection: Connection): Promise<boolean> => {
  const reply = await connection.demand(opForm(command('check', 'full-commit-required'), 'check full-commit-required'));
  const answer = reply.result?.text.trim();
  if (answer !== 'yes' && answer !== 'no') throw notSaid(reply, 'whether a full commit is required');
  return answer === 'yes';
};
