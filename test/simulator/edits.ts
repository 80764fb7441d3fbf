import {
  type ConfigNode,
  childAt,
  type Dirty,
  memberTexts,
  nameOf,
  node,
  nodeAt,
  type Path,
  pathText,
  sameContent,
  stepOf,
  updateAt,
  withChildren,
} from './config-node.ts';
import type { JournalEntry, Removal, Workspace } from './device.ts';
import { device, type Scopes } from './names.ts';
import { kindNaming, mentionsOf, resolves } from './references.ts';
import { daemonReply, Refusal, type SimulatorResponse } from './reply.ts';
import { type Schema, schemaAt, schemaBelow, type What } from './schema.ts';
import { checkWritten } from './write-checks.ts';
import { cdata, escapeText } from './xml.ts';

/** Who edits, when, and what the device around the candidate provides. */
export interface Editing {
  readonly admin: string;
  readonly at: number;
  readonly newUuid: () => string;
  /** The trees names are looked up in, for a candidate and a vsys. */
  readonly scopes: (candidate: ConfigNode, vsys: string) => Scopes;
  /** Platform maxima by list, e.g. `address`, `rules`. */
  readonly limits: ReadonlyMap<string, number>;
  /** Further checks of a written security rule: tags, descriptions and audit comments that settings require. */
  readonly checkRule: (rule: ConfigNode, path: Path) => void;
  readonly reorderNeedsFullCommit: boolean;
  /** Elements that this release does not have: `source-hip` before 10.0, `hip-profiles` since (captured). */
  readonly unknownElements: ReadonlySet<string>;
}

interface Touch {
  readonly path: Path;
  readonly action: JournalEntry['action'];
}

export class Edit {
  readonly editing: Editing;
  readonly #dirtyId: number;
  readonly touches: Touch[] = [];
  readonly entries: {
    readonly path: Path;
    readonly what: What;
    readonly created: boolean;
    readonly replaced: boolean;
  }[] = [];

  constructor(workspace: Workspace, editing: Editing) {
    this.editing = editing;
    this.#dirtyId = workspace.dirtyCounter + 1;
  }

  mark(kind: 'own' | 'whole' | 'ancestor', renamedFrom: string | null = null): Dirty {
    return {
      admin: this.editing.admin,
      dirtyId: this.#dirtyId,
      at: this.editing.at,
      own: kind !== 'ancestor',
      whole: kind === 'whole',
      renamedFrom,
    };
  }

  readonly touched = (ancestor: ConfigNode, created: boolean): ConfigNode => {
    if (created) return { ...ancestor, dirty: this.mark('own') };
    // An ancestor that is itself changed keeps the mark of who changed it.
    return ancestor.dirty?.own === true ? ancestor : { ...ancestor, dirty: this.mark('ancestor') };
  };

  finish(
    workspace: Workspace,
    candidate: ConfigNode,
    removals: readonly Removal[],
    fullCommitReason: string | null = null,
  ): Workspace {
    for (const { path, what, created, replaced } of this.entries) this.#check(candidate, path, what, created, replaced);
    const journal = [...workspace.journal];
    const places = new Map(journal.map((line, index) => [`${line.owner}\n${pathText(line.path)}`, index]));
    for (const { path, action } of this.touches) {
      const place = `${this.editing.admin}\n${pathText(path)}`;
      const known = places.get(place);
      let line: JournalEntry = {
        owner: this.editing.admin,
        path,
        action,
        dirtyId: this.#dirtyId,
        at: this.editing.at,
      };
      const before = known === undefined ? undefined : journal[known];
      const isMoved = action === 'MOVE' || before?.beside !== undefined;
      const done = action !== 'MOVE' ? action : before === undefined || before.action === 'MOVE' ? null : before.action;
      if (isMoved) line = { ...line, beside: done ?? before?.beside ?? null };
      if (before === undefined || known === undefined) {
        places.set(place, journal.length);
        journal.push(line);
      } else
        journal[known] =
          before.action === 'CREATE' && action !== 'DELETE'
            ? { ...line, action: 'CREATE', ...(isMoved ? { beside: 'CREATE' } : {}) }
            : line;
    }
    return {
      ...workspace,
      candidate,
      removals,
      journal,
      dirtyCounter: this.#dirtyId,
      fullCommitReasons:
        fullCommitReason === null || workspace.fullCommitReasons.includes(fullCommitReason)
          ? workspace.fullCommitReasons
          : [...workspace.fullCommitReasons, fullCommitReason],
    };
  }

  #check(candidate: ConfigNode, path: Path, what: What, created: boolean, replaced: boolean): void {
    const subject = nodeAt(candidate, path);
    if (subject === null) return;
    const { editing } = this;
    const holder = nodeAt(candidate, path.slice(0, -1));
    const list = path[path.length - 2]?.tag ?? '';
    if (created && holder !== null) {
      const most = editing.limits.get(list === 'rules' ? (path[path.length - 3]?.tag ?? '') : list);
      // Captured for addresses; the wording for others is by analogy.
      if (most !== undefined && holder.children.length > most)
        throw new Refusal(12, [
          `Maximum number of ${list === 'address' ? 'addresses' : list === 'rules' ? 'rules' : `${list}s`} exceeded`,
        ]);
    }
    checkWritten(what, subject, editing.scopes(candidate, vsysOf(path)), {
      shared: path[0]?.tag === 'shared',
      replaced,
    });
    if (what === 'security-rule') editing.checkRule(subject, path);
  }
}

/** The vsys a path lies in; `vsys1` for what lies outside. */
export const vsysOf = (path: Path): string => (path[2]?.tag === 'vsys' ? (path[3]?.key ?? 'vsys1') : 'vsys1');

export const noSchema = (path: Path): Refusal =>
  new Refusal(13, [`Could not find schema node for xpath ${pathText(path)}`]);

export const schemaFor = (path: Path): { readonly schema: Schema; readonly holder: Schema | null } => {
  const found = schemaAt(path);
  if (found === null) throw noSchema(path);
  if (path[0]?.tag === 'panorama') throw new Refusal(13, ['set failed, may need to override template object first']);
  if (found.schema.kind === 'sealed') throw noSchema(path);
  // A firewall has exactly one device entry.
  if (path[0]?.tag === 'devices' && path[1] !== undefined && path[1].key !== device) throw noSchema(path);
  return found;
};

const nameCharacters = /^[0-9a-zA-Z_][ 0-9a-zA-Z._-]*$/;

export const checkName = (name: string, holder: Schema): void => {
  if (holder.kind !== 'list') return;
  // Captured.
  if (name.length > holder.nameLength)
    throw new Refusal(12, [
      `${name} can be at most ${holder.nameLength} characters, but current length: ${name.length}`,
    ]);
  const free = holder.what === 'tag' || holder.what === 'other' || holder.what === 'administrator';
  if (name === '' || name !== name.trim() || (!free && !nameCharacters.test(name)))
    throw new Refusal(12, [` ${name} is an invalid name`]);
};

const unexpected = (parent: string, child: string): Refusal =>
  new Refusal(12, [` ${parent} -> ${child} unexpected here`]);

const wordFor = (subject: ConfigNode): string => (subject.tag === 'entry' ? nameOf(subject) : subject.tag);

/** Attributes a client may send but the device keeps for itself. */
const deviceAttributes = new Set(['admin', 'dirtyId', 'time', 'uuid', 'loc', 'ptpl', 'src', 'id']);
const sentAttributes = (subject: ConfigNode): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(subject.attributes).filter(([name]) => !deviceAttributes.has(name)));

/** Merges what was sent into what is there; `existing` null builds it new. Never takes anything away. */
export const merge = (
  edit: Edit,
  schema: Schema,
  holder: Schema | null,
  existing: ConfigNode | null,
  sent: ConfigNode,
  path: Path,
  replaced: boolean,
  quiet: boolean,
): ConfigNode => {
  const created = existing === null;
  const isEntry = sent.tag === 'entry';
  let base = existing;
  if (base === null) {
    const attributes: Record<string, string> = { ...sentAttributes(sent) };
    if (isEntry && holder?.kind === 'list') {
      checkName(nameOf(sent), holder);
      if (holder.uuid) attributes['uuid'] = edit.editing.newUuid();
    }
    base = { ...node(sent.tag, attributes), dirty: edit.mark('whole') };
  }
  if (isEntry && holder?.kind === 'list') edit.entries.push({ path, what: holder.what, created, replaced });
  // A container that springs into being is not news by itself; what is put into it is.
  const container = (schema.kind === 'container' || schema.kind === 'list') && !isEntry && sent.children.length > 0;
  const announced = created && !quiet && !container;
  if (announced) edit.touches.push({ path, action: 'CREATE' });
  const recorded = quiet || announced;
  switch (schema.kind) {
    case 'sealed':
      throw noSchema(path);
    case 'leaf': {
      if (sent.children.length > 0) throw unexpected(wordFor(sent), sent.children[0]?.tag ?? '');
      checkLeaf(schema, path, sent.text);
      if (existing !== null && existing.text === sent.text) return existing;
      if (!recorded) edit.touches.push({ path, action: 'EDIT' });
      return { ...base, text: sent.text, dirty: created ? edit.mark('whole') : edit.mark('own') };
    }
    case 'open': {
      if (existing !== null && sameContent(existing, sent)) return existing;
      if (!recorded) edit.touches.push({ path, action: 'EDIT' });
      if (sent.children.length === 0) return { ...base, text: sent.text, dirty: edit.mark(created ? 'whole' : 'own') };
      break;
    }
    case 'members':
      return mergeMembers(edit, schema, base, created, sent, path, recorded);
    case 'container':
    case 'list':
      if (sent.children.length === 0 && sent.text.trim() !== '')
        throw new Refusal(12, [` ${wordFor(sent)} is invalid`]);
      break;
  }
  const children = [...base.children];
  const places = new Map<string, number>();
  for (const [index, child] of children.entries()) {
    const { tag, key } = stepOf(child);
    const place = key === null ? tag : `${tag}\n${key}`;
    if (!places.has(place)) places.set(place, index);
  }
  let changed = false;
  for (const child of sent.children) {
    const below = schemaBelow(schema, child.tag);
    if (below === null || edit.editing.unknownElements.has(child.tag)) throw unexpected(wordFor(sent), child.tag);
    if (child.tag === 'entry' && schema.kind === 'list' && nameOf(child) === '')
      throw new Refusal(12, [` ${wordFor(sent)} -> entry is missing 'name'`]);
    const step = stepOf(child);
    const key = step.key === null ? step.tag : `${step.tag}\n${step.key}`;
    const at = places.get(key) ?? -1;
    const before = at < 0 ? null : (children[at] ?? null);
    const after = merge(edit, below, schema, before, child, [...path, step], false, recorded);
    if (after === before) continue;
    changed = true;
    if (at < 0) {
      places.set(key, children.length);
      children.push(after);
    } else children[at] = after;
  }
  if (!changed) return base;
  const merged = withChildren(base, children);
  return created ? merged : edit.touched(merged, false);
};

const checkLeaf = (schema: Schema, path: Path, value: string): void => {
  if (schema.kind !== 'leaf') return;
  const words = path
    .slice(-2)
    .map(({ tag, key }) => key ?? tag)
    .join(' -> ');
  if (schema.values !== null && !schema.values.includes(value))
    throw new Refusal(12, [` ${words} '${value}' is not an allowed keyword`, ` ${words} is invalid`]);
  if (value.length > schema.length)
    throw new Refusal(12, [
      ` ${words} can be at most ${schema.length} characters, but current length: ${value.length}`,
    ]);
};

const mergeMembers = (
  edit: Edit,
  schema: Schema & { readonly kind: 'members' },
  base: ConfigNode,
  created: boolean,
  sent: ConfigNode,
  path: Path,
  recorded: boolean,
): ConfigNode => {
  if (sent.children.length === 0 && sent.text.trim() !== '')
    throw new Refusal(12, [
      ` ${path
        .slice(-2)
        .map(({ tag, key }) => key ?? tag)
        .join(' -> ')} is invalid`,
    ]);
  const known = new Set(memberTexts(base));
  const added: ConfigNode[] = [];
  for (const child of sent.children) {
    if (child.tag !== 'member') throw unexpected(sent.tag, child.tag);
    if (child.children.length > 0) throw unexpected('member', child.children[0]?.tag ?? '');
    if (child.text.length > schema.length)
      throw new Refusal(12, [
        `${child.text} can be at most ${schema.length} characters, but current length: ${child.text.length}`,
      ]);
    if (known.has(child.text)) continue;
    known.add(child.text);
    added.push({ ...node('member', {}, [], child.text), dirty: edit.mark('whole') });
  }
  if (known.size > schema.most)
    throw new Refusal(12, [
      ` ${path
        .slice(-2)
        .map(({ tag, key }) => key ?? tag)
        .join(' -> ')} can have at most ${schema.most} members`,
    ]);
  if (added.length === 0) return base;
  if (!recorded) edit.touches.push({ path, action: 'EDIT' });
  const merged = withChildren(base, [...base.children, ...added]);
  return created ? merged : edit.touched(merged, false);
};

/** What was taken away inside a node is of no account once the node itself is gone or wholly replaced. */
export const withoutBelow = (removals: readonly Removal[], path: Path): readonly Removal[] => {
  if (removals.length === 0) return removals;
  const key = pathText(path);
  return removals.filter((removal) => !removal.key.startsWith(`${key}/`));
};

export const without = (removals: readonly Removal[], path: Path): readonly Removal[] => {
  if (removals.length === 0) return removals;
  const key = pathText(path);
  return removals.filter((removal) => removal.key !== key && !removal.key.startsWith(`${key}/`));
};

/**
 * `set`: merges `sent` below the node at `path`, which is created when it is missing.
 * @throws Refusal
 */
export const setAt = (workspace: Workspace, editing: Editing, path: Path, sent: readonly ConfigNode[]): Workspace => {
  const { schema, holder } = schemaFor(path);
  const edit = new Edit(workspace, editing);
  const last = path[path.length - 1];
  checkAncestors(path, workspace.candidate);
  const missing = missingEntry(workspace.candidate, path, sent);
  if (missing !== null) return setAt(workspace, editing, missing.path, missing.sent);
  const wrapper = (tag: string, attributes: Readonly<Record<string, string>>): ConfigNode =>
    node(tag, attributes, sent);
  const root = last === undefined;
  const candidate = root
    ? merge(edit, schema, holder, workspace.candidate, wrapper('config', {}), path, false, false)
    : updateAt(
        workspace.candidate,
        path,
        (existing) =>
          merge(
            edit,
            schema,
            holder,
            existing,
            wrapper(last.tag, last.tag === 'entry' ? { name: last.key ?? '' } : {}),
            path,
            false,
            false,
          ),
        edit.touched,
      );
  let { removals } = workspace;
  for (const { path: touched, action } of edit.touches) if (action === 'CREATE') removals = without(removals, touched);
  if (candidate === workspace.candidate) return edit.finish(workspace, candidate, removals);
  return edit.finish(workspace, candidate, removals);
};

/**
 * A write below an entry that does not exist makes the entry (so shrinking a rule that somebody deleted brings a stump
 * back). Answers the path of that entry and what to merge into it; null when every ancestor is there.
 */
const missingEntry = (
  candidate: ConfigNode,
  path: Path,
  sent: readonly ConfigNode[],
): { readonly path: Path; readonly sent: readonly ConfigNode[] } | null => {
  const at = path.findIndex(
    (step, index) =>
      step.tag === 'entry' && index < path.length - 1 && nodeAt(candidate, path.slice(0, index + 1)) === null,
  );
  if (at < 0) return null;
  const wrapped = path
    .slice(at + 1)
    .reduceRight<readonly ConfigNode[]>(
      (inner, step) => [node(step.tag, step.tag === 'entry' ? { name: step.key ?? '' } : {}, inner)],
      sent,
    );
  return { path: path.slice(0, at + 1), sent: wrapped };
};

/** Entries that a write would create on the way must have names the device takes. */
const checkAncestors = (path: Path, candidate: ConfigNode): void => {
  let schema: Schema | null = null;
  for (const [index, { tag, key }] of path.entries()) {
    const below: { readonly schema: Schema; readonly holder: Schema | null } | null = schemaAt(
      path.slice(0, index + 1),
    );
    schema = below?.schema ?? null;
    if (
      tag === 'entry' &&
      key !== null &&
      index < path.length - 1 &&
      below?.holder != null &&
      nodeAt(candidate, path.slice(0, index + 1)) === null
    ) {
      // A firewall does not make up a vsys, and no list entry springs from writing below it unless its name is good.
      if (path[index - 1]?.tag === 'vsys' || path[index - 1]?.tag === 'devices') throw noSchema(path);
      checkName(key, below.holder);
    }
  }
  if (schema === null && path.length > 0) throw noSchema(path);
};

/**
 * `edit`: replaces the node at `path`, creating it when it is missing. A uuid is kept.
 * @throws Refusal
 */
export const editAt = (workspace: Workspace, editing: Editing, path: Path, sent: ConfigNode): Workspace => {
  const { schema, holder } = schemaFor(path);
  const last = path[path.length - 1];
  if (last === undefined) throw noSchema(path);
  const step = stepOf(sent);
  // The text is not known; that root and xpath must agree is documented.
  if (step.tag !== last.tag || (last.tag === 'entry' && step.key !== last.key))
    throw new Refusal(12, [` ${last.key ?? last.tag} unexpected here`]);
  checkAncestors(path, workspace.candidate);
  const missing = missingEntry(workspace.candidate, path, sent.children);
  if (missing !== null) {
    const content =
      sent.children.length > 0 ? missing.sent : missingEntry(workspace.candidate, path.slice(0, -1), [sent])?.sent;
    return setAt(workspace, editing, missing.path, content ?? [sent]);
  }
  const edit = new Edit(workspace, editing);
  let lost: readonly ConfigNode[] = [];
  const existed = nodeAt(workspace.candidate, path);
  const candidate = updateAt(
    workspace.candidate,
    path,
    (existing) => {
      const built = merge(edit, schema, holder, null, sent, path, true, true);
      if (existing === null) return built;
      lost = [existing];
      const uuid = existing.attributes['uuid'];
      const kept = uuid === undefined ? built : { ...built, attributes: { ...built.attributes, uuid } };
      const renamedFrom = existing.dirty?.renamedFrom ?? null;
      return keepUuids({ ...kept, moved: existing.moved, dirty: edit.mark('whole', renamedFrom) }, existing);
    },
    edit.touched,
  );
  edit.touches.push({ path, action: existed === null ? 'CREATE' : 'EDIT' });
  checkLost(candidate, editing, path.slice(0, -1), lost);
  const removals = existed === null ? without(workspace.removals, path) : withoutBelow(workspace.removals, path);
  return edit.finish(workspace, candidate, removals);
};

/** A replaced container keeps the uuids of the rules that are still in it. */
const keepUuids = (built: ConfigNode, existing: ConfigNode): ConfigNode => {
  if (built.children.length === 0 || built.children.length > 20_000) return built;
  let changed = false;
  const children = built.children.map((child) => {
    if (child.children.length === 0 && child.tag !== 'entry') return child;
    const before = childAt(existing, stepOf(child));
    if (before === null) return child;
    const uuid = before.attributes['uuid'];
    const same =
      uuid === undefined || child.attributes['uuid'] === undefined
        ? child
        : { ...child, attributes: { ...child.attributes, uuid } };
    const deep = keepUuids(same, before);
    if (deep !== child) changed = true;
    return deep;
  });
  return changed ? withChildren(built, children) : built;
};

/** Refuses (code 10) when something taken away is still mentioned. Evaluated on the candidate as it would be (captured). */
const checkLost = (candidate: ConfigNode, editing: Editing, parentPath: Path, lost: readonly ConfigNode[]): void => {
  const visit = (subject: ConfigNode, path: Path): void => {
    const list = path[path.length - 1]?.tag ?? '';
    if (subject.tag === 'entry') {
      const kind = kindNaming(list);
      const inLogSettings = list !== 'profiles' || path[path.length - 2]?.tag === 'log-settings';
      if (kind !== null && inLogSettings) {
        const scopes = editing.scopes(candidate, vsysOf(path));
        if (!resolves(scopes, kind, nameOf(subject))) {
          const mentions = mentionsOf(candidate, kind, nameOf(subject));
          if (mentions.length > 0) throw new ReferencedRefusal(nameOf(subject), mentions);
        }
        return;
      }
      // Rules and whole objects of other kinds name nothing that others could mention.
      if (list === 'rules') return;
    }
    for (const child of subject.children) visit(child, [...path, stepOf(subject)]);
  };
  for (const subject of lost) visit(subject, parentPath);
};

/** A delete of something that is mentioned elsewhere. The first line carries the name in CDATA (captured). */
export class ReferencedRefusal extends Refusal {
  constructor(name: string, mentions: readonly string[]) {
    super(10, [` ${name} cannot be deleted because of references from:`, ...mentions.map((mention) => ` ${mention}`)]);
    this.#name = name;
  }
  readonly #name: string;

  override reply(): SimulatorResponse {
    const [, ...mentions] = this.texts;
    return daemonReply(
      'error',
      10,
      `<msg><line> ${cdata(` ${this.#name}`)} cannot be deleted because of references from:</line>${mentions.map((text) => `<line>${escapeText(text)}</line>`).join('')}</msg>`,
    );
  }
}

/**
 * `delete` of existing nodes.
 * @throws Refusal
 */
export const deleteAt = (workspace: Workspace, editing: Editing, paths: readonly Path[]): Workspace => {
  const edit = new Edit(workspace, editing);
  let { candidate, removals } = workspace;
  const lost: { readonly path: Path; readonly subject: ConfigNode }[] = [];
  for (const path of paths) {
    const { schema } = schemaFor(path);
    if (path.length < 2 || schema.kind === 'sealed') throw new Refusal(15, ['operation denied']);
    if (path.length === 2 || (path.length === 4 && path[2]?.tag === 'vsys'))
      throw new Refusal(15, ['operation denied']);
    const subject = nodeAt(candidate, path);
    if (subject === null) continue;
    candidate = updateAt(candidate, path, () => null, edit.touched);
    // A renamed entry is gone from where running has it; what another entry of this name was stays gone as it is.
    const renamedFrom = subject.dirty?.renamedFrom ?? null;
    const origin: Path = renamedFrom === null ? path : [...path.slice(0, -1), { tag: 'entry', key: renamedFrom }];
    const key = pathText(origin);
    removals = [
      ...withoutBelow(removals, path).filter((removal) => removal.key !== key),
      { path: origin, key, admin: editing.admin, dirtyId: workspace.dirtyCounter + 1 },
    ];
    edit.touches.push({ path, action: 'DELETE' });
    lost.push({ path, subject });
  }
  for (const { path, subject } of lost) checkLost(candidate, editing, path.slice(0, -1), [subject]);
  return edit.finish(workspace, candidate, removals);
};
