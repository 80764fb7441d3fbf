import { type ConfigNode, childNamed, entriesOf, entry, node, withChildren } from './config-node.ts';
import type { Scopes } from './names.ts';
import { mentionsIn, needsNoObject, type ReferenceKind, resolves } from './references.ts';

/** A name that a configuration mentions and nothing defines. */
export interface Mentioned {
  readonly kind: ReferenceKind;
  readonly name: string;
}

/** The list below `/config/predefined` that such a name is put into. */
const listOf: Readonly<Record<ReferenceKind, string>> = {
  zone: 'zone',
  address: 'external-list',
  service: 'service',
  application: 'application',
  tag: 'tag',
  'profile-group': 'profile-group',
  'log-profile': 'log-profile',
  schedule: 'schedule',
};

/**
 * What a running configuration mentions and nothing on the device defines. A device runs it, so it has these names from
 * its content, a licence or a template (inferred from exports of real firewalls).
 */
export const mentionedIn = (running: ConfigNode, scopesFor: (vsys: string) => Scopes): readonly Mentioned[] => {
  const found = new Map<string, Mentioned>();
  for (const { vsys, reference } of mentionsIn(running)) {
    const { kind, name } = reference;
    if (needsNoObject(kind, name) || resolves(scopesFor(vsys), kind, name)) continue;
    found.set(`${kind}\n${name}`, { kind, name });
  }
  return [...found.values()];
};

/** The predefined content with such names in it; nothing but the names is known of them. */
export const withMentioned = (predefined: ConfigNode, mentioned: readonly Mentioned[]): ConfigNode => {
  let { children } = predefined;
  for (const [list, names] of Map.groupBy(mentioned, ({ kind }) => listOf[kind])) {
    const present = childNamed(predefined, list);
    const known = new Set(entriesOf(present).map(({ attributes }) => attributes['name']));
    const added = names.filter(({ name }) => !known.has(name)).map(({ name }) => entry(name));
    const filled = node(list, {}, [...(present?.children ?? []), ...added]);
    children = present === null ? [...children, filled] : children.map((child) => (child === present ? filled : child));
  }
  return withChildren(predefined, children);
};
