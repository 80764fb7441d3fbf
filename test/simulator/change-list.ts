import { type Path, pathText } from './config-node.ts';
import type { JournalEntry } from './device.ts';
import { escapeText } from './xml.ts';

/** How a device writes its list of uncommitted changes, where devices differ or it is not known. */
export interface ChangeListOptions {
  /**
   * What a line names: the changed entry; the very node; the list the entry stands in (captured on 11.1 and 11.2 for
   * `address`); or the place the request was sent to (inferred: a client that sets at a list makes lines on the list).
   */
  readonly names: 'entry' | 'node' | 'container' | 'written';
  /** A line for each editor of a place, or one with the last as owner and all in `admin-history` (their text inferred). */
  readonly owners: 'each' | 'last';
  /** Where a move is listed. */
  readonly moves: 'entry' | 'list';
}

/** Parts of a configuration whose changes no list has, though `check pending-changes` says yes (captured of plugins and telemetry). */
const unlistedParts = new Set(['plugins', 'device-telemetry']);

const isListed = ({ path }: JournalEntry): boolean => !path.some(({ tag }) => unlistedParts.has(tag));

/** The entry a path lies in; a setting outside any list keeps its own path, and so does what lies directly in a vsys or device. */
const entryOf = (path: Path): Path => {
  let end = path.length;
  while (end > 0 && path[end - 1]?.tag !== 'entry') end -= 1;
  return end > 4 || (end > 2 && path[0]?.tag !== 'devices') ? path.slice(0, end) : path;
};

/** The list an entry stands in; the path itself where it lies in no entry. */
const listOf = (path: Path): Path => {
  const entry = entryOf(path);
  return entry.length > 4 && entry[entry.length - 1]?.tag === 'entry' ? entry.slice(0, -1) : entry;
};

/** A change as the list has it: a moved entry may have a line of its own for the move. */
const apart = (line: JournalEntry, { moves }: ChangeListOptions): readonly JournalEntry[] => {
  const { beside, ...own } = line;
  if (moves === 'entry' || beside === undefined) return [line];
  const move: JournalEntry = { ...own, path: listOf(line.path), action: 'MOVE', written: listOf(line.path) };
  return beside === null ? [move] : [{ ...own, action: beside }, move];
};

const namedBy = (line: JournalEntry, names: ChangeListOptions['names']): Path => {
  switch (names) {
    case 'entry':
      return entryOf(line.path);
    case 'node':
      return line.path;
    case 'container':
      return listOf(line.path);
    case 'written':
      return line.written ?? line.path;
  }
};

interface Line {
  readonly path: Path;
  readonly action: JournalEntry['action'];
  /** Last editor last. */
  readonly editors: readonly string[];
}

/** The `<journal>` of `show config list changes`; empty when nothing is changed. */
export const changeLines = (journal: readonly JournalEntry[], options: ChangeListOptions): string => {
  const lines = new Map<string, Line>();
  const ordered = options.owners === 'last' ? journal.toSorted((a, b) => a.dirtyId - b.dirtyId) : journal;
  for (const line of ordered.filter(isListed).flatMap((one) => apart(one, options))) {
    const path = namedBy(line, options.names);
    const place = options.owners === 'last' ? pathText(path) : `${line.owner}\n${pathText(path)}`;
    const before = lines.get(place);
    lines.set(place, {
      path,
      action: before?.action ?? (path.length < line.path.length ? 'EDIT' : line.action),
      editors: [...(before?.editors ?? []).filter((editor) => editor !== line.owner), line.owner],
    });
  }
  if (lines.size === 0) return '';
  const text = ({ path, action, editors }: Line): string =>
    `<entry><xpath>${escapeText(pathText(path))}</xpath><owner>${escapeText(editors[editors.length - 1] ?? '')}</owner><action> ${action}</action><admin-history>${escapeText(editors.join(','))}</admin-history><component-type>${path[2]?.tag === 'vsys' ? 'vsys' : 'template'}</component-type></entry>`;
  return `<journal>${[...lines.values()].map(text).join('')}</journal>`;
};
