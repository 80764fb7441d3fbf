import { isNamed } from '../domain/errors.ts';
import { concerns, isWithin, type PendingEdit } from '../domain/policy/pending-edits.ts';
import type { Connection } from './connection.ts';
import { commandWith } from './device-state.ts';
import { deletion, moveBefore, moveToBottom, type Operation, replacement } from './edits.ts';
import { sendable } from './entries.ts';
import { refusal } from './replies.ts';
import { opForm } from './request-forms.ts';
import {
  type Asked,
  askedFrom,
  type Both,
  commonOf,
  contentRestored,
  differingNodes,
  find,
  followerIn,
  orderOf,
  readBoth,
  restored,
} from './staged-entries.ts';
import { markedBy, readPendingEdits } from './wide-lines.ts';
import { applyAtomically } from './write.ts';
import { child, element, memberList, nameOf } from './xml.ts';
import { canonicalXpath, type Places } from './xpath.ts';

const operationsAtOnce = 500;

const isMove = ({ action }: PendingEdit): boolean => /move/i.test(action);

/**
 * True when the edit of another administrator is one of what is asked after. Inferred: a change list may name the whole list of
 * rules for a move; that says nothing about this entry.
 */
const entangles = (edit: PendingEdit, xpath: string): boolean =>
  isMove(edit) ? isWithin(edit.xpath, xpath) : concerns(edit.xpath, xpath);

/**
 * What is asked after, node by node where others edit a rule that runs: only their own nodes are left to them. A line of theirs
 * on the whole rule is about the nodes that bear their mark, and about those that are gone, which bear none.
 */
const besides = (both: Both, asked: Asked, foreign: readonly PendingEdit[]): readonly Asked[] | null => {
  const { target, entry } = asked;
  const theirs = foreign.filter((edit) => !edit.isDoubtful && entangles(edit, asked.xpath));
  if (theirs.length === 0) return [asked];
  const now = target.kind === 'rule' ? find(both.candidate.rules, target.name) : null;
  const runs = target.kind === 'rule' && find(both.running.rules, target.name) !== null;
  // Gone by others' hands, and not running: nothing of it is left to be taken back.
  if (target.kind === 'rule' && now === null && !runs) return [asked];
  if (target.kind !== 'rule' || now === null || !runs || theirs.some(isMove)) return null;
  const editors = new Set(theirs.map(({ administrator }) => administrator));
  const isWide = theirs.some(({ xpath }) => isWithin(entry, xpath));
  const isTheirs = (field: string): boolean => {
    const node = child(now, field);
    const isMarked = node === null || markedBy(node).some((admin) => editors.has(admin));
    return theirs.some(({ xpath }) => isWithin(xpath, `${entry}/${field}`)) || (isWide && isMarked);
  };
  if (target.field !== null) return isTheirs(target.field) ? null : [asked];
  return [
    { ...asked, placeOnly: true },
    ...differingNodes(both, target.name)
      .filter((field) => !isTheirs(field))
      .map((field) => ({ xpath: `${entry}/${field}`, entry, target: { ...target, field } })),
  ];
};

/** What gives an entry or node its running content back; nothing when it has it. */
const contentOperation = (both: Both, asked: Asked): Operation | null => {
  if (contentRestored(both, asked)) return null;
  const { target, xpath } = asked;
  const was =
    target.kind === 'service' ? find(both.running.services, target.name) : find(both.running.rules, target.name);
  if (target.kind === 'service' || target.field === null) {
    return was === null ? deletion(xpath) : replacement(xpath, sendable(was));
  }
  // The rule has gone or come as a whole: that is for the xpath of the rule, and here it is left.
  if (was === null || find(both.candidate.rules, target.name) === null) return null;
  const node = child(was, target.field);
  return node === null ? deletion(xpath) : replacement(xpath, sendable(node));
};

/** Moves that bring the rules asked for back to their places, the last in order first, so that followers are settled. */
const moves = (both: Both, asked: readonly Asked[]): readonly Operation[] => {
  const was = orderOf(both.running);
  const mine = new Map(
    asked.flatMap((each) =>
      each.target.kind === 'rule' && each.target.field === null ? [[each.target.name, each.xpath]] : [],
    ),
  );
  const kept = orderOf(both.candidate).filter((name) => was.includes(name) || !mine.has(name));
  const back = was.filter((name) => mine.has(name) && !kept.includes(name));
  let order: readonly string[] = [...kept, ...back];
  const common = commonOf(order, was);
  const operations: Operation[] = [];
  for (const name of was.toReversed()) {
    const xpath = mine.get(name);
    if (xpath === undefined) continue;
    const follower = followerIn(was, name, common);
    if (followerIn(order, name, common) === follower) continue;
    const others = order.filter((each) => each !== name);
    const at = follower === null ? others.length : others.indexOf(follower);
    order = [...others.slice(0, at), name, ...others.slice(at)];
    operations.push(follower === null ? moveToBottom(xpath) : moveBefore(xpath, follower));
  }
  return operations;
};

/** Services come back before the rules that use them and go after them. */
const undoOperations = (both: Both, asked: readonly Asked[]): readonly Operation[] => {
  const contents = asked.flatMap((each) => {
    const operation = contentOperation(both, each);
    return operation === null ? [] : [{ operation, kind: each.target.kind }];
  });
  const pick = (kind: 'rule' | 'service', action: Operation['action']): readonly Operation[] =>
    contents.flatMap(({ operation, kind: of }) => (of === kind && operation.action === action ? [operation] : []));
  return [
    ...pick('service', 'edit'),
    ...pick('rule', 'delete'),
    ...pick('rule', 'edit'),
    ...moves(both, asked),
    ...pick('service', 'delete'),
  ];
};

/**
 * Whether an entry that does not run yet bears marks of this administrator and of others, as one that another has renamed does. The
 * firewall's own revert would leave what is his of it: an entry that says nothing (inferred from its working node by node).
 */
const sharesNewEntry = ({ candidate, running }: Both, administrator: string): boolean =>
  (['rules', 'services'] as const).some((kind) =>
    candidate[kind].some((entry) => {
      const editors = new Set(markedBy(entry));
      return editors.has(administrator) && editors.size > 1 && find(running[kind], nameOf(entry)) === null;
    }),
  );

/**
 * Everything pending of one administrator taken back by the firewall itself; the only way that surely keeps a deleted
 * rule's uuid. False when this firewall or role does not do it.
 */
export const revertPartially = async (connection: Connection, administrator: string): Promise<boolean> => {
  const form = opForm(
    commandWith(['revert', 'config'], element('partial', [memberList('admin', [administrator])])),
    `revert config of ${administrator}`,
    { purpose: 'operation' },
  );
  const reply = await connection.ask(form);
  if (reply.succeeded) return true;
  const error = refusal(form, reply);
  // These would stop undoing by hand as well.
  if (isNamed(error, 'CommitInProgress', 'ConfigLocked', 'FirewallNotActive', 'FirewallUnreachable')) throw error;
  return false;
};

const applyInChunks = async (
  connection: Connection,
  place: Places,
  operations: readonly Operation[],
): Promise<void> => {
  for (let start = 0; start < operations.length; start += operationsAtOnce) {
    await applyAtomically(connection, place, operations.slice(start, start + operationsAtOnce), null);
  }
};

const undoExactly = async (
  connection: Connection,
  place: Places,
  both: Both,
  asked: readonly Asked[],
): Promise<void> => {
  try {
    await applyInChunks(connection, place, undoOperations(both, asked));
  } catch (error) {
    if (!isNamed(error, 'FirewallRejected')) throw error;
    // One entry cannot go back, such as a service that somebody else's staged rule uses by now: the others still can.
    const order = { service: 1, rule: 0 } as const;
    for (const each of asked.toSorted((one, other) => order[one.target.kind] - order[other.target.kind])) {
      try {
        await applyInChunks(connection, place, undoOperations(both, [each]));
      } catch (single) {
        // It shows as left when the outcome is read back.
        if (!isNamed(single, 'FirewallRejected')) throw single;
      }
    }
  }
};

/**
 * Takes back what is staged under an administrator at these xpaths, so that the candidate holds there what runs, but for what
 * other administrators edit: their nodes of a rule that runs. Left alone are services, and rules that do not run yet, in which they
 * edit anything, and xpaths of anything else. Read back at the end: what is not as in running is among `left`.
 */
export const withdraw = async (
  connection: Connection,
  place: Places,
  administrator: string,
  xpaths: readonly string[],
): Promise<{ readonly withdrawn: readonly string[]; readonly left: readonly string[] }> => {
  const canonical = [...new Set(xpaths.map(canonicalXpath))];
  if (canonical.length === 0) return { withdrawn: [], left: [] };
  const asked = askedFrom(place, canonical);
  const pending = await readPendingEdits(connection, place);
  const ours = pending.filter((edit) => edit.administrator === administrator);
  const foreign = pending.filter((edit) => edit.administrator !== administrator);
  const before = foreign.length === 0 ? null : await readBoth(connection, place);
  const parts = asked.map((each) => ({ ...each, parts: before === null ? [each] : besides(before, each, foreign) }));
  const free = parts.flatMap((each) => (each.parts === null ? [] : [{ xpath: each.xpath, parts: each.parts }]));
  const single = free.flatMap((each) => each.parts);
  const staged = single.filter(({ entry }) => ours.some((edit) => concerns(edit.xpath, entry)));

  if (staged.length > 0) {
    // What others edit stays theirs in the firewall's own revert, and only that surely keeps the uuid of a deleted rule.
    const allAsked =
      asked.length === canonical.length &&
      !(before !== null && sharesNewEntry(before, administrator)) &&
      ours.every(
        (edit) =>
          edit.isDoubtful ||
          asked.some(({ entry }) => isWithin(edit.xpath, entry)) ||
          (isMove(edit) && edit.xpath === place.rules),
      );
    if (allAsked && !(await revertPartially(connection, administrator))) {
      // What was moved may be why it does not: without that it may still bring deleted rules back as they were.
      const now = await readBoth(connection, place);
      const isDeleted = ({ target }: Asked): boolean =>
        target.kind === 'rule' && find(now.candidate.rules, target.name) === null;
      await undoExactly(
        connection,
        place,
        now,
        staged.filter((each) => !isDeleted(each)),
      );
      if (staged.some(isDeleted)) await revertPartially(connection, administrator);
    }
    const both = await readBoth(connection, place);
    await undoExactly(connection, place, both, staged);
  }
  const both = await readBoth(connection, place);
  const withdrawn = free.filter((each) => each.parts.every((one) => restored(both, one))).map(({ xpath }) => xpath);
  return { withdrawn, left: canonical.filter((xpath) => !withdrawn.includes(xpath)) };
};
