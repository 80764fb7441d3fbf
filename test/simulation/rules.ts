import { type Opening, opening } from '../crash/sessions.ts';
import { type ConfigNode, descend, entriesOf, membersOf, nameOf, textOf, unmarked } from '../simulator/config-node.ts';
import { vsysNode } from '../simulator/names.ts';
import { render } from '../simulator/xml.ts';

/* The configuration as its XML says it. Nothing here shares code with what is tested. */

export interface Rule {
  readonly name: string;
  readonly uuid: string;
  readonly node: ConfigNode;
}

const vsys = (config: ConfigNode) => vsysNode(config, 'vsys1');

export const rulesOf = (config: ConfigNode): readonly Rule[] =>
  entriesOf(descend(vsys(config), 'rulebase', 'security', 'rules')).map((node) => ({
    name: nameOf(node),
    uuid: node.attributes['uuid'] ?? '',
    node,
  }));

/** Only the system tags its rules so; no administrator of a history takes a tag away or sets one. */
export const isManaged = ({ node }: Rule): boolean => membersOf(node, 'tag').includes('aws-policy-sync');

/**
 * What an `edit` leaves when the rule was renamed between the last look and the write: an entry that says one thing and could
 * not be committed. It may stand until the write is read back.
 */
const isRemnant = ({ name, node }: Rule): boolean =>
  /^(?:i|sg)-[0-9a-f]+-\d+$/.test(name) && textOf(node, 'action') === null;

const isOurs = (rule: Rule): boolean => isManaged(rule) || isRemnant(rule);

/** What an enabled rule that allows lets through. */
export const openingsOf = (config: ConfigNode, rules: readonly Rule[]): ReadonlySet<Opening> => {
  const services = new Map(entriesOf(descend(vsys(config), 'service')).map((one) => [nameOf(one), one] as const));
  const found = new Set<Opening>();
  for (const { node } of rules) {
    if (textOf(node, 'action') !== 'allow' || textOf(node, 'disabled') === 'yes') continue;
    for (const service of membersOf(node, 'service')) {
      const protocol = services.get(service)?.children.find(({ tag }) => tag === 'protocol')?.children[0] ?? null;
      const [from = '0', to = from] = (textOf(protocol, 'port') ?? '0-65535').split('-');
      for (const source of membersOf(node, 'source'))
        for (const destination of membersOf(node, 'destination'))
          found.add(opening(source, destination, protocol?.tag ?? 'any', Number(from), Number(to)));
    }
  }
  return found;
};

/** What a disabled or denying rule would let through if it allowed. */
export const shutBy = (config: ConfigNode, { name, uuid, node }: Rule): ReadonlySet<Opening> => {
  const children = node.children
    .filter(({ tag }) => tag !== 'disabled')
    .map((child) => (child.tag === 'action' ? { ...child, text: 'allow' } : child));
  return openingsOf(config, [{ name, uuid, node: { ...node, children } }]);
};

export const isShut = ({ node }: Rule): boolean =>
  textOf(node, 'action') !== 'allow' || textOf(node, 'disabled') === 'yes';

/** Everything that is not the system's, as text: rules in their order, and all else but the system's services. */
export const othersText = (config: ConfigNode): string => {
  const without = (node: ConfigNode): ConfigNode => ({
    ...node,
    children: node.children
      .filter(
        (child) =>
          child.tag !== 'entry' ||
          !(
            (node.tag === 'rules' && isOurs({ name: nameOf(child), uuid: '', node: child })) ||
            (node.tag === 'service' && membersOf(child, 'tag').includes('aws-policy-sync'))
          ),
      )
      .map(without),
  });
  return render(unmarked(without(config)), false);
};
