import { type ConfigNode, childNamed, entriesOf, membersOf, nameOf, textOf } from './config-node.ts';
import { applicationLists, hasLogProfile, hasObject, hasZone, type Scopes, vsysNode } from './names.ts';

export type ReferenceKind =
  | 'zone'
  | 'address'
  | 'service'
  | 'application'
  | 'tag'
  | 'profile-group'
  | 'log-profile'
  | 'schedule';

/** One mention of an object's name. */
export interface Reference {
  readonly kind: ReferenceKind;
  readonly name: string;
  readonly field: string;
}

const listsOf: Readonly<Record<Exclude<ReferenceKind, 'zone' | 'log-profile'>, readonly string[]>> = {
  address: ['address', 'address-group', 'external-list', 'region'],
  service: ['service', 'service-group'],
  application: applicationLists,
  tag: ['tag'],
  'profile-group': ['profile-group'],
  schedule: ['schedule'],
};

export const resolves = (scopes: Scopes, kind: ReferenceKind, name: string): boolean => {
  if (kind === 'zone') return hasZone(scopes, name);
  if (kind === 'log-profile') return hasLogProfile(scopes, name);
  return hasObject(scopes, listsOf[kind], name);
};

const keywordsOf: Readonly<Record<string, readonly string[]>> = {
  zone: ['any', 'multicast'],
  address: ['any'],
  service: ['any', 'application-default'],
  application: ['any'],
};
const literal = /^[0-9a-fA-F:.]+(\/\d+)?(-[0-9a-fA-F:.]+)?$/;

/** A keyword, a literal address or a region's code: valid where nothing of that name is defined. */
export const needsNoObject = (kind: ReferenceKind, name: string): boolean =>
  (keywordsOf[kind] ?? []).includes(name) || (kind === 'address' && (literal.test(name) || /^[A-Z]{2}$/.test(name)));

/** The kind of reference that names entries of a list; null when nothing modelled refers to them. */
export const kindNaming = (list: string): ReferenceKind | null => {
  switch (list) {
    case 'zone':
      return 'zone';
    case 'profiles':
      return 'log-profile';
    case 'address':
    case 'address-group':
    case 'external-list':
    case 'region':
      return 'address';
    case 'service':
    case 'service-group':
      return 'service';
    case 'application':
    case 'application-group':
    case 'application-filter':
      return 'application';
    case 'tag':
    case 'profile-group':
    case 'schedule':
      return list;
    default:
      return null;
  }
};

const mentions = (subject: ConfigNode, fields: readonly (readonly [string, ReferenceKind])[]): readonly Reference[] =>
  fields.flatMap(([field, kind]) => membersOf(subject, field).map((name) => ({ kind, name, field })));

const mentionedText = (subject: ConfigNode, field: string, kind: ReferenceKind): readonly Reference[] => {
  const name = textOf(subject, field);
  return name === null || name === '' ? [] : [{ kind, name, field }];
};

const ruleCache = new WeakMap<ConfigNode, readonly Reference[]>();

/** What a rule or object mentions. `holder` is the list it stands in. */
export const referencesOf = (holder: string, subject: ConfigNode): readonly Reference[] => {
  const cached = ruleCache.get(subject);
  if (cached !== undefined) return cached;
  const found = collect(holder, subject);
  ruleCache.set(subject, found);
  return found;
};

const collect = (holder: string, subject: ConfigNode): readonly Reference[] => {
  const tags = mentions(subject, [['tag', 'tag']]);
  switch (holder) {
    case 'rules':
      return [
        ...mentions(subject, [
          ['from', 'zone'],
          ['to', 'zone'],
          ['source', 'address'],
          ['destination', 'address'],
          ['application', 'application'],
          ['service', 'service'],
        ]),
        ...mentionedText(subject, 'service', 'service'),
        ...mentionedText(subject, 'log-setting', 'log-profile'),
        ...mentionedText(subject, 'schedule', 'schedule'),
        ...mentionedText(subject, 'group-tag', 'tag'),
        ...membersOf(childNamed(subject, 'profile-setting'), 'group').map((name) => ({
          kind: 'profile-group' as const,
          name,
          field: 'profile-setting -> group',
        })),
        ...tags,
      ];
    case 'address-group':
      return [...mentions(subject, [['static', 'address']]), ...tags];
    case 'service-group':
      return [...mentions(subject, [['members', 'service']]), ...tags];
    case 'application-group':
      return mentions(subject, [['members', 'application']]);
    case 'address':
    case 'service':
      return tags;
    default:
      return [];
  }
};

/** Lists whose entries mention others, with the words PAN-OS puts before them. */
const holders = (
  scope: ConfigNode | null,
  words: string,
): readonly { readonly list: ConfigNode; readonly words: string; readonly holder: string }[] => {
  const rulebase = childNamed(scope, 'rulebase');
  const found = [];
  for (const kind of ['security', 'nat', 'default-security-rules']) {
    const list = childNamed(childNamed(rulebase, kind), 'rules');
    if (list !== null) found.push({ list, words: `${words} -> rulebase -> ${kind} -> rules`, holder: 'rules' });
  }
  for (const holder of ['address-group', 'service-group', 'application-group', 'address', 'service']) {
    const list = childNamed(scope, holder);
    if (list !== null) found.push({ list, words: `${words} -> ${holder}`, holder });
  }
  return found;
};

/** The trees of a configuration that mention objects; what stands in `shared` is looked up as from vsys1. */
const mentioning = (
  config: ConfigNode,
): readonly { readonly scope: ConfigNode | null; readonly words: string; readonly vsys: string }[] => {
  const vsysList =
    childNamed(childNamed(childNamed(config, 'devices')?.children[0] ?? null, 'vsys'), 'entry') === null
      ? null
      : childNamed(childNamed(config, 'devices')?.children[0] ?? null, 'vsys');
  return [
    ...entriesOf(vsysList).map((vsys) => ({
      scope: vsysNode(config, nameOf(vsys)),
      words: `vsys -> ${nameOf(vsys)}`,
      vsys: nameOf(vsys),
    })),
    { scope: childNamed(config, 'shared'), words: 'shared', vsys: 'vsys1' },
  ];
};

/** Every mention of a configuration, with the vsys it is looked up from. */
export const mentionsIn = (config: ConfigNode): readonly { readonly vsys: string; readonly reference: Reference }[] =>
  mentioning(config).flatMap(({ scope, words, vsys }) =>
    holders(scope, words).flatMap(({ list, holder }) =>
      entriesOf(list).flatMap((subject) => referencesOf(holder, subject).map((reference) => ({ vsys, reference }))),
    ),
  );

/** Where in a configuration an object is mentioned, in PAN-OS's words: `vsys -> vsys1 -> rulebase -> … -> R -> source`. */
export const mentionsOf = (config: ConfigNode, kind: ReferenceKind, name: string): readonly string[] =>
  mentioning(config).flatMap(({ scope, words }) =>
    holders(scope, words).flatMap(({ list, words: where, holder }) =>
      entriesOf(list).flatMap((subject) =>
        referencesOf(holder, subject)
          .filter((reference) => reference.kind === kind && reference.name === name)
          .map((reference) => `${where} -> ${nameOf(subject)} -> ${reference.field}`),
      ),
    ),
  );
