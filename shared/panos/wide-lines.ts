import type { PendingEdit } from '../domain/policy/pending-edits.ts';
import type { Connection } from './connection.ts';
import { readChangeLines } from './device-state.ts';
import { sameEntry } from './entries.ts';
import { find, orderOf, readBoth } from './staged-entries.ts';
import { nameOf, type XmlElement } from './xml.ts';
import type { Places } from './xpath.ts';

/** A line of the change list, with everybody who edited what it names. */
export interface ChangeLine extends PendingEdit {
  /** Of `admin-history`; empty where there is none. */
  readonly history: readonly string[];
}

/** Administrators that the marks of an entry name, itself and everything in it. */
export const markedBy = ({ attributes, children }: XmlElement): readonly string[] => [
  ...(attributes['admin'] === undefined ? [] : [attributes['admin']]),
  ...children.flatMap(markedBy),
];

const isMove = ({ action }: PendingEdit): boolean => /move/i.test(action);

/**
 * The pending edits of a change list. A line may name the whole list of rules or services, as those of writes at a container do,
 * and a move the list that something was moved in (captured and told): such a line says nothing of which entry it is about. What
 * differs between the candidate and the running configuration does, and who edited it the `admin` marks of the elements. Where an
 * element is gone or was moved there is no mark: it may be anybody's whom the line names, and which rule was moved and which was
 * passed is not known either.
 */
const editsFrom = async (
  connection: Connection,
  place: Places,
  lines: readonly ChangeLine[],
): Promise<readonly PendingEdit[]> => {
  const containers: readonly string[] = [place.rules, place.services];
  const wide = lines.filter(({ xpath }) => containers.includes(xpath));
  const plain = lines
    .filter(({ xpath }) => !containers.includes(xpath))
    .flatMap(({ history, ...edit }) =>
      [...new Set([edit.administrator, ...history])].map((each): PendingEdit => ({ ...edit, administrator: each })),
    );
  if (wide.length === 0) return plain;
  const both = await readBoth(connection, place);
  const editorsAt = (container: string): readonly string[] => [
    ...new Set(
      wide
        .filter(({ xpath }) => xpath === container)
        .flatMap(({ administrator: owner, history }) => [owner, ...history]),
    ),
  ];
  const changedIn = (container: string, kind: 'rules' | 'services', xpathOf: (name: string) => string) => {
    const editors = editorsAt(container);
    if (editors.length === 0) return [];
    const [now, was] = [both.candidate[kind], both.running[kind]];
    const names = [...new Set([...now, ...was].map(nameOf))];
    return names.flatMap((name): readonly PendingEdit[] => {
      const [candidate, running] = [find(now, name), find(was, name)];
      if (sameEntry(candidate, running)) return [];
      const marks = candidate === null ? [] : markedBy(candidate);
      const marked = marks.filter((each) => editors.includes(each));
      // What others alone have marked has lines of its own.
      if (marks.length > 0 && marked.length === 0) return [];
      const action = running === null ? 'CREATE' : candidate === null ? 'DELETE' : 'EDIT';
      const isDoubtful = marked.length === 0 && editors.length > 1;
      return [...new Set(marked.length > 0 ? marked : editors)].map((each) => ({
        administrator: each,
        xpath: xpathOf(name),
        action,
        ...(isDoubtful ? { isDoubtful } : {}),
      }));
    });
  };
  const moved = wide
    .filter((line) => isMove(line) && line.xpath === place.rules)
    .flatMap(({ administrator: owner }) =>
      orderOf(both.candidate)
        .filter((name) => find(both.running.rules, name) !== null && !both.standing.has(name))
        .map(
          (name): PendingEdit => ({ administrator: owner, xpath: place.rule(name), action: 'MOVE', isDoubtful: true }),
        ),
    );
  const all = [
    ...plain,
    ...changedIn(place.rules, 'rules', place.rule),
    ...changedIn(place.services, 'services', place.service),
    ...moved,
  ];
  return [...new Map(all.map((edit) => [`${edit.administrator} ${edit.xpath} ${isMove(edit)}`, edit])).values()];
};

/** All uncommitted edits of all administrators, entry by entry; xpaths in canonical form. */
export const readPendingEdits = async (connection: Connection, place: Places): Promise<readonly PendingEdit[]> =>
  editsFrom(connection, place, await readChangeLines(connection));
