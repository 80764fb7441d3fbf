import {
  type ConfigNode,
  childAt,
  nameOf,
  nodeAt,
  type Path,
  pathText,
  stepOf,
  updateAt,
  withChildren,
} from './config-node.ts';
import type { Removal, Workspace } from './device.ts';
import { checkName, Edit, type Editing, merge, noSchema, schemaFor, vsysOf, without, withoutBelow } from './edits.ts';
import type { Scopes } from './names.ts';
import { kindNaming, type ReferenceKind, referencesOf, resolves } from './references.ts';
import { Refusal } from './reply.ts';
import type { Schema } from './schema.ts';

const entryTarget = (
  workspace: Workspace,
  path: Path,
): { readonly subject: ConfigNode; readonly holder: ConfigNode; readonly schema: Schema } => {
  const found = schemaFor(path);
  const subject = nodeAt(workspace.candidate, path);
  const holder = nodeAt(workspace.candidate, path.slice(0, -1));
  if (subject === null || holder === null || path[path.length - 1]?.tag !== 'entry' || found.holder === null)
    throw new Refusal(7, ["Object doesn't exist"]);
  return { subject, holder, schema: found.holder };
};

/**
 * `rename`: the uuid stays (captured), mentions follow (inferred from the web interface, which does so).
 * @throws Refusal
 */
export const renameAt = (workspace: Workspace, editing: Editing, path: Path, newName: string): Workspace => {
  const { subject, holder, schema } = entryTarget(workspace, path);
  const list = path[path.length - 2]?.tag ?? '';
  checkName(newName, schema);
  // Unknown text and code for a name that is taken; this one is used for other clashes.
  if (childAt(holder, { tag: 'entry', key: newName }) !== null)
    throw new Refusal(12, [`'${newName}' is already in use`]);
  if (schema.kind === 'list' && schema.what === 'default-rule') throw new Refusal(15, ['operation denied']);
  const edit = new Edit(workspace, editing);
  const oldName = nameOf(subject);
  const newPath: Path = [...path.slice(0, -1), { tag: 'entry', key: newName }];
  let candidate = updateAt(
    workspace.candidate,
    path,
    (existing) =>
      existing === null
        ? null
        : {
            ...existing,
            attributes: { ...existing.attributes, name: newName },
            dirty: {
              ...edit.mark(
                existing.dirty?.whole === true ? 'whole' : 'own',
                existing.dirty?.whole === true &&
                  existing.dirty.renamedFrom === null &&
                  existing.attributes['uuid'] === undefined
                  ? null
                  : (existing.dirty?.renamedFrom ?? oldName),
              ),
            },
          },
    edit.touched,
  );
  edit.touches.push({ path: newPath, action: 'RENAME' });
  if (schema.kind === 'list') edit.entries.push({ path: newPath, what: schema.what, created: false, replaced: false });
  const kind = kindNaming(list);
  if (kind !== null)
    candidate = renameMentions(candidate, edit, kind, oldName, newName, editing.scopes(candidate, vsysOf(path)));
  const removals = [
    ...removalsMoved(workspace.removals, path, newPath),
    { path, key: pathText(path), admin: editing.admin, dirtyId: workspace.dirtyCounter + 1 },
  ];
  return edit.finish(workspace, candidate, removals);
};

/** What was taken away inside an entry goes with it to its new name; what bore that name before stays gone. */
const removalsMoved = (removals: readonly Removal[], from: Path, to: Path): readonly Removal[] => {
  const key = pathText(from);
  return withoutBelow(removals, to).flatMap((removal) => {
    if (removal.key === key) return [];
    if (!removal.key.startsWith(`${key}/`)) return [removal];
    const path = [...to, ...removal.path.slice(from.length)];
    return [{ ...removal, path, key: pathText(path) }];
  });
};

const renameMentions = (
  candidate: ConfigNode,
  edit: Edit,
  kind: ReferenceKind,
  oldName: string,
  newName: string,
  scopes: Scopes,
): ConfigNode => {
  // Another object of the old name in a further scope keeps its mentions.
  if (resolves(scopes, kind, oldName)) return candidate;
  const fields = new Set<string>();
  const inEntry = (subject: ConfigNode, path: Path, holder: string): ConfigNode => {
    if (!referencesOf(holder, subject).some((reference) => reference.kind === kind && reference.name === oldName))
      return subject;
    for (const reference of referencesOf(holder, subject))
      if (reference.kind === kind) fields.add(reference.field.split(' -> ').pop() ?? '');
    const swap = (here: ConfigNode): ConfigNode => {
      if ((here.tag === 'member' || here.children.length === 0) && here.text === oldName)
        return { ...here, text: newName, dirty: edit.mark('whole') };
      return here;
    };
    const deep = (here: ConfigNode, inside: boolean): ConfigNode => {
      const relevant = inside || fields.has(here.tag);
      if (here.children.length === 0) return relevant ? swap(here) : here;
      const children = here.children.map((child) => deep(child, relevant));
      return children.some((child, index) => child !== here.children[index])
        ? edit.touched(withChildren(here, children), false)
        : here;
    };
    const changed = deep(subject, false);
    if (changed !== subject) edit.touches.push({ path, action: 'EDIT' });
    return changed;
  };
  const visit = (here: ConfigNode, path: Path): ConfigNode => {
    const children = here.children.map((child) => {
      const childPath = [...path, stepOf(child)];
      const insideObject =
        child.tag === 'entry' &&
        ['rules', 'address-group', 'service-group', 'application-group', 'address', 'service'].includes(here.tag);
      if (insideObject) return inEntry(child, childPath, here.tag);
      return child.children.length === 0 ? child : visit(child, childPath);
    });
    return children.some((child, index) => child !== here.children[index])
      ? edit.touched(withChildren(here, children), false)
      : here;
  };
  return visit(candidate, []);
};

/**
 * `clone`: copies an entry under a new name, with a uuid of its own.
 * @throws Refusal
 */
export const cloneAt = (
  workspace: Workspace,
  editing: Editing,
  container: Path,
  source: Path,
  newName: string,
): Workspace => {
  const { subject } = entryTarget(workspace, source);
  const path: Path = [...container, { tag: 'entry', key: newName }];
  const { schema, holder } = schemaFor(path);
  if (holder === null || holder.kind !== 'list') throw noSchema(container);
  if (nodeAt(workspace.candidate, path) !== null) throw new Refusal(12, [`'${newName}' is already in use`]);
  const edit = new Edit(workspace, editing);
  const sent = { ...subject, attributes: { ...subject.attributes, name: newName } };
  const candidate = updateAt(
    workspace.candidate,
    path,
    () => merge(edit, schema, holder, null, sent, path, false, true),
    edit.touched,
  );
  edit.touches.push({ path, action: 'CREATE' });
  return edit.finish(workspace, candidate, without(workspace.removals, path));
};

export type Where = 'top' | 'bottom' | 'before' | 'after';

/**
 * `move` among siblings; `destination` is a bare name.
 * @throws Refusal
 */
export const moveAt = (
  workspace: Workspace,
  editing: Editing,
  path: Path,
  where: Where,
  destination: string | null,
): Workspace => {
  // Captured: the text for before and after without dst.
  if ((where === 'before' || where === 'after') && (destination === null || destination === ''))
    throw new Refusal(7, ['no target specified in move']);
  const { subject, holder, schema } = entryTarget(workspace, path);
  if (schema.kind === 'list' && schema.what === 'default-rule') throw new Refusal(15, ['operation denied']);
  const others = holder.children.filter((child) => child !== subject);
  const at = holder.children.indexOf(subject);
  let target: number;
  switch (where) {
    case 'top':
      target = 0;
      break;
    case 'bottom':
      target = others.length;
      break;
    case 'before':
    case 'after': {
      const found = others.findIndex((child) => child.tag === 'entry' && nameOf(child) === destination);
      // Unknown (text and code); a dst that names the rule itself is treated alike.
      if (found < 0) throw new Refusal(7, [`${destination} is not a valid move target`]);
      target = where === 'before' ? found : found + 1;
      break;
    }
  }
  // Documented meaning of code 14; the text is not known.
  if (target === at && (where === 'top' || where === 'bottom'))
    throw new Refusal(14, [`${nameOf(subject)} is already at the ${where}`]);
  const edit = new Edit(workspace, editing);
  if (target === at) return edit.finish(workspace, workspace.candidate, workspace.removals);
  const moved: ConfigNode = { ...subject, moved: edit.mark('own') };
  const children = [...others.slice(0, target), moved, ...others.slice(target)];
  const candidate = updateAt(
    workspace.candidate,
    path.slice(0, -1),
    (existing) => (existing === null ? null : edit.touched(withChildren(existing, children), false)),
    edit.touched,
  );
  edit.touches.push({ path, action: 'MOVE' });
  return edit.finish(workspace, candidate, workspace.removals, editing.reorderNeedsFullCommit ? 'reorder' : null);
};
