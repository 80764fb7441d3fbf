import type { Caller } from './auth.ts';
import { settingsOf } from './commit-checks.ts';
import {
  type ConfigNode,
  descend,
  entriesOf,
  leaf,
  membersOf,
  nameOf,
  node,
  type Path,
  pathText,
  textOf,
  withChildren,
} from './config-node.ts';
import type { Device, Workspace } from './device.ts';
import { deleteAt, type Editing, editAt, setAt, vsysOf } from './edits.ts';
import { cloneAt, moveAt, renameAt, type Where } from './entry-edits.ts';
import { acquireAutomatically, refuseLockedWrite } from './locks.ts';
import { scopesOf } from './names.ts';
import { cdataLines, daemonReply, Refusal, type SimulatorResponse, succeeded } from './reply.ts';
import { workspaceWithout } from './revert.ts';
import { escapeAttribute, parseElement, parseFragment, render, XmlError } from './xml.ts';
import { locationOf, pathOf, rootedAtConfig, type Selection, select, XPathError } from './xpath.ts';

export interface ActionOptions {
  readonly limits: ReadonlyMap<string, number>;
  readonly reorderNeedsFullCommit: boolean;
  readonly writesDuringCommit: 'refused-while-queued' | 'refused' | 'allowed';
  readonly newUuid: () => string;
  readonly multiConfig: boolean;
  readonly unknownElements: ReadonlySet<string>;
}

interface Call {
  readonly device: Device;
  readonly caller: Caller;
  readonly parameters: ReadonlyMap<string, string>;
  readonly options: ActionOptions;
  readonly now: number;
}

const actions = [
  'show',
  'get',
  'set',
  'edit',
  'delete',
  'rename',
  'clone',
  'move',
  'override',
  'multi-move',
  'multi-clone',
  'multi-config',
  'complete',
] as const;

const limitElements: Readonly<Record<string, string>> = {
  address: 'max-address',
  'address-group': 'max-address-group',
  service: 'max-service',
  security: 'max-policy-rule',
};

const attached = new WeakMap<
  ConfigNode,
  { readonly pushed: ConfigNode | null; readonly predefined: ConfigNode; readonly view: ConfigNode }
>();

/** A configuration as `get` sees it: with what was pushed, the predefined content and the platform's limits. */
const viewOf = (config: ConfigNode, device: Device, limits: ReadonlyMap<string, number>): ConfigNode => {
  const known = attached.get(config);
  if (known !== undefined && known.pushed === device.pushed && known.predefined === device.predefined)
    return known.view;
  const platform = node('platform', {}, [
    node(
      'limits',
      {},
      [...limits].flatMap(([list, most]) =>
        limitElements[list] === undefined ? [] : [leaf(limitElements[list], String(most))],
      ),
    ),
  ]);
  const children = config.children.map((child) =>
    child.tag === 'devices'
      ? withChildren(
          child,
          child.children.map((entry) =>
            descend(entry, 'platform') === null ? withChildren(entry, [...entry.children, platform]) : entry,
          ),
        )
      : child,
  );
  const view = withChildren(config, [
    ...children,
    ...(device.pushed === null ? [] : [device.pushed]),
    device.predefined,
  ]);
  attached.set(config, { pushed: device.pushed, predefined: device.predefined, view });
  return view;
};

const unauthorized = (): Refusal => new Refusal(16, ['Unauthorized request'], { status: 'unauth' });

/** `type=config`. @throws Refusal */
export const configRequest = (call: Call): SimulatorResponse => {
  const { parameters, caller } = call;
  const named = parameters.get('action');
  const action = actions.find((known) => known === named);
  // Captured in substance: an illegal action is answered with the list of legal ones.
  if (action === undefined)
    throw new Refusal(17, [
      `Illegal value for parameter "action" [${named ?? ''}]. Allowed values: ${actions.join(', ')}`,
    ]);
  const xpath = parameters.get('xpath') ?? '';
  if (action !== 'multi-config' && xpath === '') throw new Refusal(17, ['Missing value for parameter "xpath".']);
  // Captured: unauthorized, not malformed.
  if (action !== 'multi-config' && !rootedAtConfig(xpath)) throw unauthorized();
  if (action === 'get') return get(call, xpath);
  if (action === 'show') return show(call, xpath);
  if (action === 'complete') return complete(call, xpath);
  // Captured: only template-pushed nodes can be overridden, and this device has no template.
  if (action === 'override') throw new Refusal(13, ['Object cannot be overridden']);
  // Move and copy between the rulebases of a Panorama; not modelled.
  if (action === 'multi-move' || action === 'multi-clone') throw new Refusal(17, [` ${action}  is unexpected`]);
  if (caller.role.kind === 'superreader') throw unauthorized();
  refuseWrites(call);
  if (action === 'multi-config') return multiConfig(call);
  const before = call.device.workspace;
  const outcome = perform(call, before, action, {
    xpath,
    element: () => fragment(parameters.get('element')),
    where: parameters.get('where') ?? null,
    dst: parameters.get('dst') ?? null,
    newname: parameters.get('newname') ?? null,
    from: parameters.get('from') ?? null,
  });
  return outcome.kind === 'missing' ? succeeded(7, "Object doesn't exist") : store(call, outcome.workspace);
};

const store = (call: Call, workspace: Workspace): SimulatorResponse => {
  const { device, caller, now } = call;
  if (workspace !== device.workspace && settingsOf(device.running).autoAcquireCommitLock)
    acquireAutomatically(device, caller.user, now);
  device.workspace = workspace;
  return succeeded(20, 'command succeeded');
};

/** Reasons that stop every write, whatever it says. */
const refuseWrites = ({ device, options }: Call): void => {
  // Documented meaning of code 15; the text is not known.
  if (device.ha.enabled && !['active', 'active-primary'].includes(device.ha.state))
    throw new Refusal(15, [`operation denied: device is ${device.ha.state}`]);
  const commits = device.jobs.filter(
    (job) => job.status !== 'FIN' && (job.request?.kind === 'commit' || job.type === 'HA-Sync'),
  );
  const blocked =
    options.writesDuringCommit === 'refused'
      ? commits.length > 0
      : options.writesDuringCommit === 'allowed'
        ? false
        : commits.some((job) => job.status === 'PEND' || job.type === 'HA-Sync');
  if (blocked) throw new Refusal(13, ['A commit is pending. Please try again later.']);
};

const fragment = (text: string | undefined): readonly ConfigNode[] => {
  if (text === undefined || text.trim() === '') throw new Refusal(17, ['Missing value for parameter "element".']);
  try {
    return parseFragment(text);
  } catch (error) {
    // Documented meaning of code 18.
    if (error instanceof XmlError) throw new Refusal(18, [`Malformed command: ${error.message}`]);
    throw error;
  }
};

/** Attributes, e.g. `…/entry/@name`: one element for each that carries it, in order (relied on by the vendor's clients). */
const attributeList = (code: number | null, { attributes }: Pick<Selection, 'attributes'>): SimulatorResponse =>
  daemonReply(
    'success',
    code,
    `<result total-count="${attributes.length}" count="${attributes.length}">${attributes.map(({ tag, name, value }) => render(node(tag, { [name]: value }), false)).join('')}</result>`,
  );

const get = (call: Call, xpath: string): SimulatorResponse => {
  let selection: Selection;
  try {
    selection = select(viewOf(call.device.workspace.candidate, call.device, call.options.limits), xpath);
  } catch (error) {
    // Captured: a broken xpath is answered like one that matches nothing.
    if (error instanceof XPathError) return daemonReply('success', 7, '<result/>');
    throw error;
  }
  const count = selection.elements.length + selection.strings.length;
  if (selection.attributes.length > 0 && selection.attributes.length === count) return attributeList(19, selection);
  if (count === 0) return daemonReply('success', 7, '<result/>');
  return daemonReply(
    'success',
    19,
    `<result total-count="${count}" count="${count}">${selection.elements.map(({ node: found }) => render(found, true)).join('')}</result>`,
  );
};

const noSuchNode = (): Refusal => new Refusal(null, ['No such node']);

const show = (call: Call, xpath: string): SimulatorResponse => {
  try {
    const selection = select(viewOf(call.device.running, call.device, call.options.limits), xpath);
    const { elements, strings, attributes } = selection;
    if (attributes.length > 0 && attributes.length === elements.length + strings.length)
      return attributeList(null, selection);
    const [element, more] = elements;
    // Exactly one node; the reply to several is not known and taken to be that to none.
    if (element !== undefined && more === undefined)
      return daemonReply('success', null, `<result>${render(element.node, false)}</result>`);
    const [text, moreText] = strings;
    if (text !== undefined && moreText === undefined && element === undefined)
      return daemonReply('success', null, `<result>${render(leaf('x', text), false).slice(3, -4)}</result>`);
  } catch (error) {
    if (!(error instanceof XPathError)) throw error;
  }
  throw noSuchNode();
};

const complete = (call: Call, xpath: string): SimulatorResponse => {
  let found: ConfigNode | undefined;
  try {
    found = select(call.device.running, xpath).elements[0]?.node;
  } catch (error) {
    if (!(error instanceof XPathError)) throw error;
  }
  // Captured.
  if (found === undefined) throw new Refusal(6, ['Invalid sequence']);
  const names = entriesOf(found).map(nameOf);
  return daemonReply(
    'success',
    19,
    `<completions>${names.map((name) => `<completion value="${escapeAttribute(name)}"/>`).join('')}</completions>`,
  );
};

interface Words {
  readonly xpath: string;
  readonly element: () => readonly ConfigNode[];
  readonly where: string | null;
  readonly dst: string | null;
  readonly newname: string | null;
  readonly from: string | null;
}

/** Keeps a comment sent with a write for the rule it concerns, until the commit. */
const withAuditComment = (call: Call, workspace: Workspace, location: Path): Workspace => {
  const comment = call.parameters.get('audit-comment');
  const at = location.findIndex((step, index) => step.tag === 'entry' && location[index - 1]?.tag === 'rules');
  if (comment === undefined || at < 0) return workspace;
  const path = pathText(location.slice(0, at + 1));
  return {
    ...workspace,
    auditComments: new Map(workspace.auditComments).set(path, {
      comment,
      admin: call.caller.user,
      dirtyId: workspace.dirtyCounter,
    }),
  };
};

type Outcome = { readonly kind: 'written'; readonly workspace: Workspace } | { readonly kind: 'missing' };

/** Where an xpath points in the candidate: what it matches, or the one place it names. */
const targets = (
  candidate: ConfigNode,
  xpath: string,
): { readonly found: readonly Path[]; readonly location: Path | null } => {
  try {
    const location = locationOf(xpath);
    if (location !== null) return { found: [location], location };
    const found = select(candidate, xpath).elements.map(pathOf);
    return { found, location: found.length === 1 ? (found[0] ?? null) : null };
  } catch (error) {
    if (error instanceof XPathError) return { found: [], location: null };
    throw error;
  }
};

/** Remembers where a write was sent to, for change lists that name that. */
const sentTo = (workspace: Workspace, location: Path): Workspace => ({
  ...workspace,
  journal: workspace.journal.map((line) =>
    line.dirtyId === workspace.dirtyCounter ? { ...line, written: location } : line,
  ),
});

const perform = (call: Call, workspace: Workspace, action: string, words: Words): Outcome => {
  const outcome = performAt(call, workspace, action, words);
  if (outcome.kind === 'missing' || outcome.workspace === workspace) return outcome;
  const { location } = targets(workspace.candidate, words.xpath);
  return location === null ? outcome : { kind: 'written', workspace: sentTo(outcome.workspace, location) };
};

const performAt = (call: Call, workspace: Workspace, action: string, words: Words): Outcome => {
  const editing = editingOf(call);
  const { found, location } = targets(workspace.candidate, words.xpath);
  const guard = (path: Path): void =>
    refuseLockedWrite(
      call.device,
      call.caller.user,
      path[0]?.tag === 'devices' && path[2]?.tag === 'vsys' ? vsysOf(path) : 'shared',
    );
  if (action === 'delete') {
    const existing = found.filter((path) => exists(workspace.candidate, path));
    if (existing.length === 0) return { kind: 'missing' };
    existing.forEach(guard);
    return { kind: 'written', workspace: deleteAt(workspace, editing, existing) };
  }
  if (location === null) throw new Refusal(13, [`Could not find schema node for xpath ${words.xpath}`]);
  guard(location);
  switch (action) {
    case 'set':
      return {
        kind: 'written',
        workspace: withAuditComment(call, setAt(workspace, editing, location, words.element()), location),
      };
    case 'edit': {
      const [root, more] = words.element();
      if (root === undefined || more !== undefined) throw new Refusal(18, ['Malformed command: one element expected']);
      return {
        kind: 'written',
        workspace: withAuditComment(call, editAt(workspace, editing, location, root), location),
      };
    }
    case 'rename':
      if (words.newname === null || words.newname === '')
        throw new Refusal(17, ['Missing value for parameter "newname".']);
      // Captured.
      if (location[location.length - 1]?.tag !== 'entry' || !exists(workspace.candidate, location))
        throw new Refusal(7, ['Can rename only one obj at a time']);
      return { kind: 'written', workspace: renameAt(workspace, editing, location, words.newname) };
    case 'clone': {
      if (words.from === null || words.newname === null)
        throw new Refusal(17, [`Missing value for parameter "${words.from === null ? 'from' : 'newname'}".`]);
      const source = targets(workspace.candidate, words.from).location;
      if (source === null) throw new Refusal(7, ["Object doesn't exist"]);
      return { kind: 'written', workspace: cloneAt(workspace, editing, location, source, words.newname) };
    }
    case 'move': {
      const where = (['top', 'bottom', 'before', 'after'] as const).find(
        (known): known is Where => known === words.where,
      );
      if (where === undefined) throw new Refusal(17, [`Illegal value for parameter "where" [${words.where ?? ''}].`]);
      return {
        kind: 'written',
        workspace: withAuditComment(call, moveAt(workspace, editing, location, where, words.dst), location),
      };
    }
    default:
      throw new Refusal(17, [` ${action}  is unexpected`]);
  }
};

const exists = (candidate: ConfigNode, path: Path): boolean => {
  let here: ConfigNode | undefined = candidate;
  for (const step of path) {
    here = here?.children.find(
      (child) =>
        child.tag === step.tag &&
        (step.key === null || (child.tag === 'entry' ? nameOf(child) : child.text) === step.key),
    );
    if (here === undefined) return false;
  }
  return true;
};

const editingOf = (call: Call): Editing => {
  const { device, caller, options, now, parameters } = call;
  return {
    admin: caller.user,
    at: now,
    newUuid: options.newUuid,
    scopes: (candidate, vsys) => scopesOf(candidate, device.pushed, device.predefined, vsys),
    limits: options.limits,
    reorderNeedsFullCommit: options.reorderNeedsFullCommit,
    unknownElements: options.unknownElements,
    checkRule: (rule, path) => {
      const settings = settingsOf(device.running);
      // Texts inferred; the settings and that they bind rule writes are in the schema.
      if (settings.requireTag && membersOf(rule, 'tag').length === 0)
        throw new Refusal(12, [` ${nameOf(rule)}  is missing 'tag'`]);
      if (settings.requireDescription && (textOf(rule, 'description') ?? '') === '')
        throw new Refusal(12, [` ${nameOf(rule)}  is missing 'description'`]);
      if (!settings.requireAuditComment) return;
      const comment =
        parameters.get('audit-comment') ?? device.workspace.auditComments.get(pathText(path))?.comment ?? '';
      if (comment === '') throw new Refusal(12, [` ${nameOf(rule)}  is missing 'audit-comment'`]);
      if (!matchesRegex(settings.auditCommentRegex, comment))
        throw new Refusal(12, [` ${nameOf(rule)}  audit-comment does not match ${settings.auditCommentRegex ?? ''}`]);
    },
  };
};

export const matchesRegex = (regex: string | null, comment: string): boolean => {
  if (regex === null) return true;
  try {
    return new RegExp(regex).test(comment.slice(0, 256));
  } catch {
    // A regular expression the device would not have accepted binds nobody.
    return true;
  }
};

/** `multi-config`: all or nothing; inner replies up to and including the one that failed (recorded by clients' tests). */
const multiConfig = (call: Call): SimulatorResponse => {
  const { device, caller, parameters, options } = call;
  if (!options.multiConfig) throw new Refusal(17, [' multi-config  is unexpected']);
  let root: ConfigNode;
  try {
    root = parseElement(parameters.get('element') ?? '');
  } catch (error) {
    if (error instanceof XmlError) throw new Refusal(18, [`Malformed command: ${error.message}`]);
    throw error;
  }
  let workspace = device.workspace;
  if (parameters.get('strict-transactional') === 'yes') {
    // Documented: fails while a commit is active or pending, and first rolls back the caller's own changes.
    if (device.jobs.some((job) => job.status !== 'FIN' && job.request?.kind === 'commit'))
      throw new Refusal(13, ['A commit is pending. Please try again later.']);
    workspace = workspaceWithout(device, [caller.user]);
  }
  const inner: string[] = [];
  for (const operation of root.children) {
    const id = operation.attributes['id'];
    const idText = id === undefined ? '' : ` id="${escapeAttribute(id)}"`;
    const attribute = (name: string): string | null => operation.attributes[name] ?? null;
    try {
      if (!['set', 'edit', 'delete', 'rename', 'clone', 'move'].includes(operation.tag))
        throw new Refusal(17, [` ${operation.tag}  is unexpected`]);
      const xpath = attribute('xpath') ?? '';
      if (!rootedAtConfig(xpath)) throw unauthorized();
      const outcome = perform(call, workspace, operation.tag, {
        xpath,
        element: () => operation.children,
        where: attribute('where'),
        dst: attribute('dst'),
        newname: attribute('newname'),
        from: attribute('from'),
      });
      if (outcome.kind === 'missing')
        inner.push(`<response status="success" code="7"${idText}><msg>Object doesn't exist</msg></response>`);
      else {
        workspace = outcome.workspace;
        inner.push(`<response status="success" code="20"${idText}><msg>command succeeded</msg></response>`);
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      inner.push(
        `<response status="${error.status}"${error.code === null ? '' : ` code="${error.code}"`}${idText}>${cdataLines(error.texts)}</response>`,
      );
      return daemonReply('error', 13, inner.join(''));
    }
  }
  store(call, workspace);
  return daemonReply('success', 20, inner.join(''));
};
