import {
  type ConfigNode,
  childAt,
  type Dirty,
  nameOf,
  type Path,
  pathText,
  sameContent,
  stepOf,
  withChildren,
} from './config-node.ts';
import type { Removal, Workspace } from './device.ts';

/** Whose changes, and which parts of the configuration, are carried. */
export interface Selection {
  readonly takes: (admin: string) => boolean;
  /** False where a commit leaves a part of the configuration out. */
  readonly includes: (path: Path) => boolean;
}

const ownerOf = (subject: ConfigNode): string | null => (subject.dirty?.own === true ? subject.dirty.admin : null);

const inOrder = (
  base: readonly ConfigNode[],
  candidate: readonly ConfigNode[],
  carried: ReadonlyMap<ConfigNode, ConfigNode>,
  isPlaced: (child: ConfigNode) => boolean,
): readonly ConfigNode[] => {
  // `base` holds what stays in its running place; the carried ones are put behind their nearest neighbour above.
  const result = [...base];
  for (const [index, child] of candidate.entries()) {
    const node = carried.get(child);
    if (node === undefined || !isPlaced(child)) continue;
    const at = result.indexOf(node);
    if (at >= 0) result.splice(at, 1);
    let position = 0;
    for (let above = index - 1; above >= 0; above -= 1) {
      const neighbour = candidate[above];
      const placed = neighbour === undefined ? undefined : carried.get(neighbour);
      const found = placed === undefined ? -1 : result.indexOf(placed);
      if (found >= 0) {
        position = found + 1;
        break;
      }
    }
    result.splice(position, 0, node);
  }
  return result;
};

const uuidOf = (subject: ConfigNode): string | null => subject.attributes['uuid'] ?? null;

/**
 * Which running node each candidate child was: a rule by its uuid, which it keeps through a rename; another renamed entry
 * is what bore its old name; what is left goes by name.
 */
const basesOf = (base: ConfigNode | null, candidate: ConfigNode): ReadonlyMap<ConfigNode, ConfigNode> => {
  const bases = new Map<ConfigNode, ConfigNode>();
  if (base === null) return bases;
  const claimed = new Set<ConfigNode>();
  const claim = (child: ConfigNode, before: ConfigNode | null): void => {
    if (before === null || claimed.has(before)) return;
    claimed.add(before);
    bases.set(child, before);
  };
  const byUuid = new Map(
    base.children.flatMap((before) => (uuidOf(before) === null ? [] : [[uuidOf(before), before]])),
  );
  for (const child of candidate.children) if (uuidOf(child) !== null) claim(child, byUuid.get(uuidOf(child)) ?? null);
  for (const child of candidate.children) {
    const renamedFrom = child.dirty?.renamedFrom ?? null;
    if (renamedFrom !== null && uuidOf(child) === null) claim(child, childAt(base, { tag: 'entry', key: renamedFrom }));
  }
  for (const child of candidate.children) if (!bases.has(child)) claim(child, childAt(base, stepOf(child)));
  return bases;
};

/** Two entries of one name, or two rules of one uuid. */
const hasTwins = (children: readonly ConfigNode[]): boolean => {
  const entries = children.filter(({ tag }) => tag === 'entry');
  const uuids = entries.flatMap((child) => uuidOf(child) ?? []);
  return new Set(entries.map(nameOf)).size < entries.length || new Set(uuids).size < uuids.length;
};

/**
 * The running configuration with the selected changes of the candidate in it, and no others: node by node, by who changed
 * a node last. Null where the selected changes cannot go without the others, because two entries would bear one name:
 * somebody gave a name that somebody else had freed, and only one of the two is carried. Marks of the candidate stay on what was carried, so that the same function serves a partial revert
 * (the candidate with everybody's changes but the reverted). That ownership is decided node by node follows from the
 * captured marks, which go down to members; what a device does with two administrators on one node is not known.
 */
export const carry = (running: ConfigNode, workspace: Workspace, selection: Selection): ConfigNode | null => {
  let entangled = false;
  const removed = new Set(
    workspace.removals.filter((removal: Removal) => selection.takes(removal.admin)).map((removal) => removal.key),
  );

  const children = (
    base: ConfigNode | null,
    candidate: ConfigNode,
    path: Path,
    whole: boolean,
  ): readonly ConfigNode[] => {
    const carried = new Map<ConfigNode, ConfigNode>();
    const bases = basesOf(base, candidate);
    const byBase = new Map<ConfigNode, ConfigNode>();
    const used = new Set<ConfigNode>();
    for (const child of candidate.children) {
      const before = bases.get(child) ?? null;
      const result = visit(before, child, [...path, stepOf(child)], whole);
      if (before !== null) used.add(before);
      if (result === null) continue;
      carried.set(child, result);
      if (before !== null) byBase.set(before, result);
    }
    const staying: ConfigNode[] = [];
    for (const child of base?.children ?? []) {
      const result = byBase.get(child);
      if (result !== undefined) staying.push(result);
      else if (!used.has(child) && !whole && !removed.has(pathText([...path, stepOf(child)]))) staying.push(child);
    }
    const present = new Set(staying);
    const ordered = inOrder(staying, candidate.children, carried, (child) => {
      const result = carried.get(child);
      if (result === undefined) return false;
      return whole || !present.has(result) || (child.moved !== null && selection.takes(child.moved.admin));
    });
    entangled ||= hasTwins(ordered);
    return ordered;
  };

  /** Null: not in the result. */
  const visit = (
    base: ConfigNode | null,
    candidate: ConfigNode,
    path: Path,
    insideWhole: boolean,
  ): ConfigNode | null => {
    if (!selection.includes(path)) return base;
    if (base !== null && candidate.dirty === null && candidate.moved === null && !insideWhole) return base;
    const owner = ownerOf(candidate);
    const foreign = owner !== null && !selection.takes(owner);
    if (foreign) {
      if (base === null) {
        // A container somebody else happened to create does not keep others' entries out; an entry or a value is theirs.
        if (candidate.tag === 'entry' || candidate.children.length === 0) return null;
        const kept = children(null, candidate, path, false);
        return kept.length === 0 ? null : { ...withChildren(candidate, kept) };
      }
      if (candidate.children.length === 0) return base;
      return withMarks(base, children(base, candidate, path, false), candidate.dirty);
    }
    const whole = candidate.dirty?.own === true ? candidate.dirty.whole : insideWhole;
    const kept = children(base, candidate, path, whole);
    const text = owner !== null || base === null ? candidate.text : base.text;
    const attributes = owner !== null || base === null ? candidate.attributes : base.attributes;
    return {
      tag: candidate.tag,
      attributes,
      children: kept,
      text,
      dirty: candidate.dirty,
      moved: candidate.moved !== null && selection.takes(candidate.moved.admin) ? candidate.moved : null,
    };
  };

  const result = settle(visit(running, workspace.candidate, [], false) ?? running);
  return entangled ? null : result;
};

const withMarks = (base: ConfigNode, kept: readonly ConfigNode[], dirty: Dirty | null): ConfigNode =>
  kept.length === base.children.length && kept.every((child, index) => child === base.children[index])
    ? base
    : {
        ...base,
        children: kept,
        dirty: dirty === null ? null : { ...dirty, own: false, whole: false, renamedFrom: null },
      };

/** Drops ancestor marks below which nothing is changed any more. */
export const settle = (subject: ConfigNode): ConfigNode => {
  if (subject.dirty === null && subject.moved === null) return subject;
  const children = subject.children.map(settle);
  const stirred = children.some((child) => child.dirty !== null || child.moved !== null);
  const dirty = subject.dirty?.own === true || (stirred && subject.dirty !== null) ? subject.dirty : null;
  return { ...subject, children, dirty };
};

/**
 * The candidate after a commit: marks of the selected administrators up to `dirtyId` are gone, later ones stay.
 * A change of theirs that running shows is no longer a change; what they wrote into an entry that another administrator created,
 * and that was therefore not committed, still is.
 */
export const unmarkCommitted = (
  candidate: ConfigNode,
  running: ConfigNode,
  takes: (admin: string) => boolean,
  dirtyId: number,
): ConfigNode => {
  const done = (dirty: Dirty | null): boolean => dirty?.own === true && takes(dirty.admin) && dirty.dirtyId <= dirtyId;
  const visit = (subject: ConfigNode, base: ConfigNode | null): ConfigNode => {
    if (subject.dirty === null && subject.moved === null) return subject;
    if (base === null) return subject;
    const dirty = done(subject.dirty)
      ? subject.dirty === null
        ? null
        : { ...subject.dirty, own: false, whole: false, renamedFrom: null }
      : subject.dirty;
    return {
      ...subject,
      dirty,
      moved: done(subject.moved) ? null : subject.moved,
      children: subject.children.map((child) => visit(child, childAt(base, stepOf(child)))),
    };
  };
  return settle(visit(candidate, running));
};

/** Marks every difference between the candidate and a configuration loaded over it as the loader's. */
export const markLoaded = (loaded: ConfigNode, running: ConfigNode, mark: Dirty): ConfigNode => {
  const visit = (subject: ConfigNode, base: ConfigNode | null): ConfigNode => {
    if (base === null) return wholly(subject, mark);
    if (sameContent(subject, base)) return base;
    const children = subject.children.map((child) => visit(child, childAt(base, stepOf(child))));
    const sameOrder =
      children.length === base.children.length &&
      children.every((child, index) => nameOf(child) === nameOf(base.children[index] ?? child));
    const own = subject.text !== base.text || !sameOrder;
    return { ...subject, children, dirty: { ...mark, own, whole: own }, moved: null };
  };
  return visit(loaded, running);
};

const wholly = (subject: ConfigNode, mark: Dirty): ConfigNode => ({
  ...subject,
  children: subject.children.map((child) => wholly(child, mark)),
  dirty: { ...mark, own: true, whole: true },
  moved: null,
});
