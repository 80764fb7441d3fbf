import {
  byTrafficColumn,
  type RuleAction,
  type Rulebase,
  type SecurityRule,
  trafficColumns,
} from '../domain/policy/policy.ts';
import type { DestinationTranslation } from '../domain/rules/destination-nat.ts';
import {
  attribute,
  buildXml,
  child,
  childrenOf,
  childText,
  descend,
  isYes,
  membersOf,
  nameOf,
  type XmlElement,
} from './xml.ts';

/** Attributes that a name of the configuration consists of; all others (`admin`, `dirtyId`, `time`, `loc`, …) are bookkeeping. */
const keptAttributes = new Set(['name']);

/**
 * An element without bookkeeping attributes and without layout: the same content gives the same value whoever edited
 * it last and wherever it was pushed from.
 */
export const withoutBookkeeping = (from: XmlElement): XmlElement => ({
  name: from.name,
  attributes: Object.fromEntries(Object.entries(from.attributes).filter(([name]) => keptAttributes.has(name))),
  children: from.children.map(withoutBookkeeping),
  text: from.children.length > 0 ? '' : from.text.trim(),
});

/** Canonical text of an element. */
export const canonicalText = (from: XmlElement): string => buildXml(withoutBookkeeping(from));

/** Lists whose default is `any`, and which narrow what the rule matches. */
const narrowingLists = new Set([
  'source-user',
  'category',
  'hip-profiles',
  'source-hip',
  'destination-hip',
  'source-device',
  'destination-device',
  'source-imei',
  'source-imsi',
  'source-nw-slice',
  'saas-user-list',
  'saas-tenant-list',
]);

/** Elements that say what happens to matched traffic, not what is matched, with the text they have when absent. */
const effects: Readonly<Record<string, string | null>> = {
  'log-start': 'no',
  // Measured on 11.2 only: an absent log-end means yes. Elsewhere inferred; it decides nothing here.
  'log-end': 'yes',
  'icmp-unreachable': 'no',
  'disable-inspect': 'no',
  'group-tag': '',
  'profile-setting': null,
  option: null,
  qos: null,
};

/** Elements that have a field of their own in `SecurityRule`. */
const ownFields = new Set<string>([
  ...trafficColumns,
  'negate-source',
  'negate-destination',
  'rule-type',
  'action',
  'disabled',
  'log-setting',
  'tag',
  'description',
]);

const actions: readonly RuleAction[] = ['allow', 'deny', 'drop', 'reset-client', 'reset-server', 'reset-both'];
const ruleTypes: readonly SecurityRule['ruleType'][] = ['universal', 'intrazone', 'interzone'];

const isAbsentLike = (from: XmlElement): boolean => {
  if (narrowingLists.has(from.name)) {
    const members = childrenOf(from, 'member').map((member) => member.text.trim());
    return from.children.every((each) => each.name === 'member') && members.every((member) => member === 'any');
  }
  if (from.name === 'option') {
    return from.children.every((each) => each.text.trim() === 'no' && each.children.length === 0);
  }
  if (from.name === 'qos') return from.children.every((each) => each.children.length === 0 && each.text.trim() === '');
  if (from.name === 'target') {
    // A pushed rule carries its target; without devices it is meant for all.
    return childrenOf(child(from, 'devices'), 'entry').length === 0 && membersOf(from, 'tags').length === 0;
  }
  if (from.name === 'schedule') return from.text.trim() === '';
  const absent = effects[from.name];
  return typeof absent === 'string' && from.children.length === 0 && from.text.trim() === absent;
};

const withoutEmptyGroup = (setting: XmlElement): XmlElement | null => {
  const profiles = setting.children.filter((each) => each.name !== 'group' && each.children.length > 0);
  const groups = membersOf(setting, 'group');
  // One group is a field of its own; anything else is kept as it is.
  return profiles.length === 0 && groups.length <= 1 ? null : setting;
};

const othersOf = (entry: XmlElement): Readonly<Record<string, string>> =>
  Object.fromEntries(
    entry.children
      .filter((each) => !ownFields.has(each.name) && !isAbsentLike(each))
      .flatMap((each) => {
        const kept = each.name === 'profile-setting' ? withoutEmptyGroup(each) : each;
        return kept === null ? [] : [[each.name, canonicalText(kept)] as const];
      }),
  );

/**
 * One security rule, defaults filled in: a firewall never writes a default down (measured on 11.2), so an absent
 * element and its written-out default are the same. An element of no known meaning is a restriction: the rule may match
 * less than its fields say.
 */
export const ruleFrom = (entry: XmlElement, rulebase: Rulebase): SecurityRule => {
  const others = othersOf(entry);
  const writtenAction = childText(entry, 'action');
  const action = actions.find((known) => known === writtenAction);
  const writtenType = childText(entry, 'rule-type') ?? 'universal';
  const ruleType = ruleTypes.find((known) => known === writtenType);
  const isDefault = rulebase === 'default';
  const groups = membersOf(child(entry, 'profile-setting'), 'group');
  return {
    name: nameOf(entry),
    uuid: isDefault ? null : attribute(entry, 'uuid'),
    rulebase,
    ...byTrafficColumn((column) => (isDefault ? ['any'] : membersOf(entry, column))),
    negateSource: isYes(entry, 'negate-source'),
    negateDestination: isYes(entry, 'negate-destination'),
    ruleType: ruleType ?? 'universal',
    // The schema calls allow the default, a commit refuses a rule without action: such a rule is unsure, not allowing.
    action: action ?? 'deny',
    disabled: isYes(entry, 'disabled'),
    logSetting: childText(entry, 'log-setting'),
    profileGroup: groups.length === 1 ? (groups[0] ?? null) : null,
    tags: membersOf(entry, 'tag'),
    description: child(entry, 'description')?.text ?? '',
    restrictions: [
      ...Object.keys(others).filter((name) => !Object.hasOwn(effects, name)),
      ...(action === undefined ? ['action'] : []),
      ...(ruleType === undefined ? ['rule-type'] : []),
    ],
    others,
  };
};

const rulesOf = (rulebaseElement: XmlElement | null, rulebase: Rulebase): readonly SecurityRule[] =>
  childrenOf(descend(rulebaseElement, 'security', 'rules'), 'entry').map((entry) => ruleFrom(entry, rulebase));

const defaultRule = (name: string, action: 'allow' | 'deny', ruleType: 'intrazone' | 'interzone'): SecurityRule => ({
  name,
  uuid: null,
  rulebase: 'default',
  from: ['any'],
  to: ['any'],
  source: ['any'],
  destination: ['any'],
  application: ['any'],
  service: ['any'],
  negateSource: false,
  negateDestination: false,
  ruleType,
  action,
  disabled: false,
  logSetting: null,
  profileGroup: null,
  tags: [],
  description: '',
  restrictions: [],
  others: {},
});

/** The two rules a firewall ends with. They are in no configuration until somebody overrides them (captured). */
const builtIn: readonly SecurityRule[] = [
  defaultRule('intrazone-default', 'allow', 'intrazone'),
  defaultRule('interzone-default', 'deny', 'interzone'),
];

const defaultRules = (containers: readonly (XmlElement | null)[]): readonly SecurityRule[] =>
  builtIn.map((rule) => {
    for (const container of containers) {
      const override = childrenOf(container, 'entry').find((entry) => nameOf(entry) === rule.name);
      if (override === undefined) continue;
      const read = ruleFrom(override, 'default');
      // Only some elements of an override are needed: an absent action is the built-in one.
      const action = childText(override, 'action') === null ? rule.action : read.action;
      const restrictions = read.restrictions.filter(
        (name) => name !== 'rule-type' && (name !== 'action' || childText(override, 'action') !== null),
      );
      return { ...read, action, ruleType: rule.ruleType, restrictions };
    }
    return rule;
  });

/** All rules in evaluation order from the vsys entry and, where a Panorama pushed something, its vsys entry. */
export const rulesFrom = (vsys: XmlElement | null, pushed: XmlElement | null): readonly SecurityRule[] => [
  ...rulesOf(child(pushed, 'pre-rulebase'), 'pushed-pre'),
  ...rulesOf(child(vsys, 'rulebase'), 'local'),
  ...rulesOf(child(pushed, 'post-rulebase'), 'pushed-post'),
  ...defaultRules([
    descend(vsys, 'rulebase', 'default-security-rules', 'rules'),
    descend(pushed, 'post-rulebase', 'default-security-rules', 'rules'),
  ]),
];

const translationsOf = (entry: XmlElement): readonly string[] => {
  const translated = ['destination-translation', 'dynamic-destination-translation'].flatMap((name) => {
    const address = childText(child(entry, name), 'translated-address');
    return address === null ? [] : [address];
  });
  // A bi-directional static source translation also translates destinations: back to the rule's sources.
  const statically = descend(entry, 'source-translation', 'static-ip');
  return [...translated, ...(isYes(statically, 'bi-directional') ? membersOf(entry, 'source') : [])];
};

/** Enabled NAT rules, local and pushed, that translate destinations; one entry per address translated to. */
export const destinationNatFrom = (
  vsys: XmlElement | null,
  pushed: XmlElement | null,
): readonly DestinationTranslation[] =>
  [child(pushed, 'pre-rulebase'), child(vsys, 'rulebase'), child(pushed, 'post-rulebase')]
    .flatMap((rulebase) => childrenOf(descend(rulebase, 'nat', 'rules'), 'entry'))
    .filter((entry) => !isYes(entry, 'disabled'))
    .flatMap((entry) => translationsOf(entry).map((translatedAddress) => ({ name: nameOf(entry), translatedAddress })));
