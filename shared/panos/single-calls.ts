import { NamedError } from '../domain/errors.ts';
import type { Connection } from './connection.ts';
import { deletion, moveBefore, moveToBottom, type Operation, replacement } from './edits.ts';
import { sendable } from './entries.ts';
import { getNodes } from './read-configuration.ts';
import type { ApiRequest } from './request-forms.ts';
import { buildXml, child, childrenOf, nameOf, type XmlElement } from './xml.ts';
import { type Places, targetOf } from './xpath.ts';

const singleForm = ({ action, xpath, content, where }: Operation, auditComment: string | null): ApiRequest => ({
  type: 'config',
  fields: {
    action,
    xpath,
    ...(content.length === 0 ? {} : { element: content.map(buildXml).join('') }),
    ...(where === null ? {} : { where: where.side, ...('rule' in where ? { dst: where.rule } : {}) }),
    ...(auditComment === null ? {} : { 'audit-comment': auditComment }),
  },
  asked: `${action} ${xpath}`,
  purpose: 'write',
});

/** Deletions last: everything else can be undone without a rule getting another uuid. */
const carefully = (operations: readonly Operation[]): readonly Operation[] => [
  ...operations.filter(({ action }) => action !== 'delete'),
  ...operations.filter(({ action }) => action === 'delete'),
];

interface Before {
  readonly rules: readonly XmlElement[];
  readonly services: readonly XmlElement[];
}

const entryIn = (entries: readonly XmlElement[], name: string): XmlElement | null =>
  entries.find((entry) => nameOf(entry) === name) ?? null;

/** What undoes one operation, from the state before all of them. */
const undoOf = (place: Places, { xpath }: Operation, before: Before): readonly Operation[] => {
  const target = targetOf(place, xpath);
  switch (target.kind) {
    case 'service': {
      const was = entryIn(before.services, target.name);
      return [was === null ? deletion(xpath) : replacement(xpath, sendable(was))];
    }
    case 'rule': {
      const was = entryIn(before.rules, target.name);
      if (was === null) return [deletion(place.rule(target.name))];
      if (target.field !== null) {
        const node = child(was, target.field);
        return [node === null ? deletion(xpath) : replacement(xpath, sendable(node))];
      }
      const following = before.rules[before.rules.indexOf(was) + 1];
      return [
        replacement(xpath, sendable(was)),
        following === undefined ? moveToBottom(xpath) : moveBefore(xpath, nameOf(following)),
      ];
    }
    case 'other':
      throw new NamedError('ReplyNotUnderstood', `no way back from ${xpath}`);
  }
};

/**
 * For a PAN-OS without multi-config: one call per operation. When one is refused, those before it are undone at their
 * exact xpaths, in reverse, from what the candidate held before.
 * @throws the error of the refused call; its message says so when the undoing failed too.
 */
export const applySingly = async (
  connection: Connection,
  place: Places,
  operations: readonly Operation[],
  auditComment: string | null,
): Promise<void> => {
  const [[rules], [services]] = await Promise.all([
    getNodes(connection, place.rules),
    getNodes(connection, place.services),
  ]);
  const before: Before = { rules: childrenOf(rules, 'entry'), services: childrenOf(services, 'entry') };
  const done: Operation[] = [];
  for (const operation of carefully(operations)) {
    try {
      await connection.demand(singleForm(operation, auditComment));
      done.push(operation);
    } catch (error) {
      if (!(error instanceof NamedError)) throw error;
      // A call without an answer may have been carried out, so it is undone as well.
      const toUndo = error.name === 'FirewallUnreachable' ? [...done, operation] : done;
      const failures: string[] = [];
      for (const each of toUndo.toReversed().flatMap((one) => undoOf(place, one, before))) {
        try {
          await connection.demand(singleForm(each, auditComment));
        } catch (undoing) {
          // Moving a rule to where it stands is refused by some releases: not a failure to undo.
          if (each.action !== 'move') failures.push(undoing instanceof Error ? undoing.message : String(undoing));
        }
      }
      const left =
        failures.length === 0 ? '' : `; what was written before it could not all be undone: ${failures.join('; ')}`;
      throw new NamedError(error.name, `${error.message}${left}`, { cause: error });
    }
  }
};
