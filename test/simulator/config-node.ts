/**
 * The configuration tree: immutable, ordered, with attributes. A commit is a copied pointer, a fork of the whole device
 * a shallow copy.
 */

/** Who changed a node last, and when. `own` is false on ancestors that only contain a change. */
export interface Dirty {
  readonly admin: string;
  readonly dirtyId: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly own: boolean;
  /** The whole subtree was brought or replaced by this edit, so what it lacks was taken away by it. */
  readonly whole: boolean;
  /** The entry's name in the running configuration when this edit renamed it. */
  readonly renamedFrom: string | null;
}

export interface ConfigNode {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly ConfigNode[];
  readonly text: string;
  readonly dirty: Dirty | null;
  /** Who moved the entry among its siblings. */
  readonly moved: Dirty | null;
}

const noAttributes: Readonly<Record<string, string>> = {};
const noChildren: readonly ConfigNode[] = [];

export const node = (
  tag: string,
  attributes: Readonly<Record<string, string>> = noAttributes,
  children: readonly ConfigNode[] = noChildren,
  text = '',
): ConfigNode => ({ tag, attributes, children, text, dirty: null, moved: null });

export const leaf = (tag: string, text: string): ConfigNode => node(tag, noAttributes, noChildren, text);
export const entry = (name: string, children: readonly ConfigNode[] = noChildren): ConfigNode =>
  node('entry', { name }, children);
export const members = (tag: string, values: readonly string[]): ConfigNode =>
  node(
    tag,
    noAttributes,
    values.map((value) => leaf('member', value)),
  );

/** The `name` attribute; empty when there is none. */
export const nameOf = (subject: ConfigNode): string => subject.attributes['name'] ?? '';

/** One step of a path: an element, told from its siblings by `name` when it is an entry, by its text when a member. */
export interface PathStep {
  readonly tag: string;
  readonly key: string | null;
}
export type Path = readonly PathStep[];

export const stepOf = (subject: ConfigNode): PathStep => ({
  tag: subject.tag,
  key: subject.tag === 'entry' ? nameOf(subject) : subject.tag === 'member' ? subject.text : null,
});

const indexes = new WeakMap<readonly ConfigNode[], Map<string, ConfigNode>>();
const indexKey = (tag: string, key: string | null): string => (key === null ? tag : `${tag}\u0000${key}`);

/** The child at a step; the first one where several would do. */
export const childAt = (parent: ConfigNode, step: PathStep): ConfigNode | null => {
  const { children } = parent;
  if (children.length < 12) {
    for (const child of children) {
      if (child.tag !== step.tag) continue;
      if (step.key === null) return child;
      if (step.tag === 'entry' ? nameOf(child) === step.key : child.text === step.key) return child;
    }
    return null;
  }
  let index = indexes.get(children);
  if (index === undefined) {
    index = new Map();
    for (const child of children) {
      const { tag, key } = stepOf(child);
      if (!index.has(tag)) index.set(tag, child);
      const exact = indexKey(tag, key);
      if (!index.has(exact)) index.set(exact, child);
    }
    indexes.set(children, index);
  }
  return index.get(indexKey(step.tag, step.key)) ?? null;
};

export const childNamed = (parent: ConfigNode | null, tag: string): ConfigNode | null =>
  parent === null ? null : childAt(parent, { tag, key: null });

export const entryNamed = (parent: ConfigNode | null, name: string): ConfigNode | null =>
  parent === null ? null : childAt(parent, { tag: 'entry', key: name });

/** Follows tags and, for `[name]`, entries: `descend(root, 'devices', ['localhost.localdomain'], 'vsys')`. */
export const descend = (
  from: ConfigNode | null,
  ...steps: readonly (string | readonly [string])[]
): ConfigNode | null => {
  let here = from;
  for (const step of steps) {
    here = typeof step === 'string' ? childNamed(here, step) : entryNamed(here, step[0]);
    if (here === null) return null;
  }
  return here;
};

export const nodeAt = (root: ConfigNode, path: Path): ConfigNode | null => {
  let here: ConfigNode | null = root;
  for (const step of path) {
    here = childAt(here, step);
    if (here === null) return null;
  }
  return here;
};

/** Texts of the `member` children of a child. */
export const membersOf = (parent: ConfigNode | null, tag: string): readonly string[] => {
  const holder = childNamed(parent, tag);
  return holder === null ? [] : memberTexts(holder);
};

export const memberTexts = (holder: ConfigNode): readonly string[] =>
  holder.children.filter((child) => child.tag === 'member').map((child) => child.text);

export const textOf = (parent: ConfigNode | null, tag: string): string | null => childNamed(parent, tag)?.text ?? null;

export const entriesOf = (holder: ConfigNode | null): readonly ConfigNode[] =>
  holder === null ? [] : holder.children.filter((child) => child.tag === 'entry');

/** An XPath string literal; PAN-OS writes single quotes. */
const literal = (value: string): string => (value.includes("'") ? `"${value}"` : `'${value}'`);

const stepText = ({ tag, key }: PathStep): string =>
  tag === 'entry' && key !== null
    ? `entry[@name=${literal(key)}]`
    : tag === 'member' && key !== null
      ? `member[text()=${literal(key)}]`
      : tag;

/** The path as PAN-OS writes it, rooted at `/config`. */
export const pathText = (path: Path): string => `/config${path.map((step) => `/${stepText(step)}`).join('')}`;

/** Same content: attributes other than marks, order and text. */
export const sameContent = (left: ConfigNode, right: ConfigNode): boolean => {
  if (left === right) return true;
  if (left.tag !== right.tag || left.text !== right.text || left.children.length !== right.children.length)
    return false;
  const leftNames = Object.keys(left.attributes);
  if (leftNames.length !== Object.keys(right.attributes).length) return false;
  if (leftNames.some((name) => left.attributes[name] !== right.attributes[name])) return false;
  return left.children.every((child, index) => {
    const other = right.children[index];
    return other !== undefined && sameContent(child, other);
  });
};

/** Without any marks. */
export const unmarked = (subject: ConfigNode): ConfigNode => {
  if (subject.dirty === null && subject.moved === null) return subject;
  return { ...subject, dirty: null, moved: null, children: subject.children.map(unmarked) };
};

export const withChildren = (subject: ConfigNode, children: readonly ConfigNode[]): ConfigNode => ({
  ...subject,
  children,
});

/**
 * Replaces the node at a path; `change` gets null where there is none and answers null to take it away. Ancestors that
 * are missing are created, and every ancestor is passed to `touched`.
 */
export const updateAt = (
  root: ConfigNode,
  path: Path,
  change: (existing: ConfigNode | null) => ConfigNode | null,
  touched: (ancestor: ConfigNode, created: boolean) => ConfigNode,
): ConfigNode => {
  const [step, ...rest] = path;
  if (step === undefined) return change(root) ?? root;
  const existing = childAt(root, step);
  let replacement: ConfigNode | null;
  if (rest.length === 0) replacement = change(existing);
  else {
    const parent = existing ?? (step.tag === 'entry' ? entry(step.key ?? '') : node(step.tag));
    const updated = updateAt(parent, rest, change, touched);
    replacement = existing === null ? touched(updated, true) : updated;
  }
  if (replacement === existing) return root;
  const children =
    replacement === null
      ? root.children.filter((child) => child !== existing)
      : existing === null
        ? [...root.children, replacement]
        : root.children.map((child) => (child === existing ? replacement : child));
  return touched(withChildren(root, children), false);
};
