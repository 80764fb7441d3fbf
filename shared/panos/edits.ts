import type { Edit } from '../domain/plan/edits.ts';
import type { RewrittenField } from '../domain/plan/rewrites.ts';
import { trafficColumns } from '../domain/policy/policy.ts';
import type { RuleContent } from '../domain/rules/rule-content.ts';
import { element, memberList, textElement, type XmlElement } from './xml.ts';
import type { Places } from './xpath.ts';

/** One operation of a multi-config, which is also one call for a firewall without multi-config. */
export interface Operation {
  readonly action: 'set' | 'edit' | 'delete' | 'move';
  readonly xpath: string;
  /** Children for `set`, the node itself for `edit`, nothing otherwise. */
  readonly content: readonly XmlElement[];
  /** Of a move: a bare rule name and the side. */
  readonly where:
    | { readonly side: 'before' | 'after'; readonly rule: string }
    | { readonly side: 'top' | 'bottom' }
    | null;
}

export const deletion = (xpath: string): Operation => ({ action: 'delete', xpath, content: [], where: null });
export const replacement = (xpath: string, node: XmlElement): Operation => ({
  action: 'edit',
  xpath,
  content: [node],
  where: null,
});
const creation = (xpath: string, content: readonly XmlElement[]): Operation => ({
  action: 'set',
  xpath,
  content,
  where: null,
});
export const moveBefore = (xpath: string, rule: string): Operation => ({
  action: 'move',
  xpath,
  content: [],
  where: { side: 'before', rule },
});
export const moveToBottom = (xpath: string): Operation => ({
  action: 'move',
  xpath,
  content: [],
  where: { side: 'bottom' },
});

const ruleChildren = (content: RuleContent): readonly XmlElement[] => [
  ...trafficColumns.map((column) => memberList(column, content[column])),
  textElement('action', content.action),
  ...(content.logSetting === null ? [] : [textElement('log-setting', content.logSetting)]),
  ...(content.profileGroup === null ? [] : [element('profile-setting', [memberList('group', [content.profileGroup])])]),
  ...(content.tags.length === 0 ? [] : [memberList('tag', content.tags)]),
  ...(content.description === '' ? [] : [textElement('description', content.description)]),
];

const fieldElements: Readonly<Record<RewrittenField, string>> = {
  destination: 'destination',
  from: 'from',
  to: 'to',
  application: 'application',
  logSetting: 'log-setting',
  profileGroup: 'profile-setting',
  tags: 'tag',
  description: 'description',
};

/** The node by which a rule says a field; null where it says nothing. */
const fieldNode = (field: RewrittenField, content: RuleContent): XmlElement | null =>
  ruleChildren(content).find(({ name }) => name === fieldElements[field]) ?? null;

const serviceChildren = ({
  service,
  tag,
  description,
}: Extract<Edit, { kind: 'add-service' }>): readonly XmlElement[] => [
  element('protocol', [
    element(service.protocol, [
      textElement('port', service.port),
      ...(service.sourcePort === null ? [] : [textElement('source-port', service.sourcePort)]),
    ]),
  ]),
  textElement('description', description),
  ...(tag === null ? [] : [memberList('tag', [tag])]),
];

/**
 * The operations of one edit, at exact entry or node xpaths. They belong together: the move of an added rule is in the
 * same round as the rule. A rule is created with `set`: its absence has been checked, so there is nothing to merge with.
 */
export const operationsFor = (place: Places, edit: Edit): readonly Operation[] => {
  switch (edit.kind) {
    case 'delete-rule':
      return [deletion(place.rule(edit.name))];
    case 'set-members':
      // `edit` replaces the node: a `set` would only ever add members.
      return [replacement(place.ruleField(edit.name, edit.field), memberList(edit.field, edit.members))];
    case 'set-description':
      return [replacement(place.ruleField(edit.name, 'description'), textElement('description', edit.description))];
    case 'set-fields':
      return edit.fields.map((field) => {
        const node = fieldNode(field, edit.content);
        const xpath = place.ruleField(edit.name, fieldElements[field]);
        return node === null ? deletion(xpath) : replacement(xpath, node);
      });
    case 'add-service':
      return [creation(place.service(edit.name), serviceChildren(edit))];
    case 'delete-service':
      return [deletion(place.service(edit.name))];
    case 'add-rule':
      // A rule that is created stands at the end (captured).
      return [
        creation(place.rule(edit.name), ruleChildren(edit.content)),
        ...(edit.before === null ? [] : [moveBefore(place.rule(edit.name), edit.before)]),
      ];
    case 'move-rule': {
      const xpath = place.rule(edit.name);
      return [edit.before === null ? moveToBottom(xpath) : moveBefore(xpath, edit.before)];
    }
  }
};

/** The xpaths an edit touches, in canonical form. */
export const xpathsOf = (place: Places, edit: Edit): readonly string[] => [
  ...new Set(operationsFor(place, edit).map(({ xpath }) => xpath)),
];

const rank: Readonly<Record<Edit['kind'], number>> = {
  'delete-rule': 0,
  'set-members': 1,
  'set-description': 1,
  'set-fields': 1,
  'add-service': 2,
  'add-rule': 3,
  'move-rule': 4,
  // Last, since a service is refused deletion while a rule of the candidate refers to it.
  'delete-service': 5,
};

/** Edits with removals first; within a kind the order given is kept. */
export const inWritingOrder = (edits: readonly Edit[]): readonly Edit[] =>
  edits.toSorted((one, other) => rank[one.kind] - rank[other.kind]);

/** An operation as a child of a multi-config. */
export const multiConfigElement = ({ action, xpath, content, where }: Operation, id: number): XmlElement =>
  element(action, content, {
    xpath,
    id: String(id),
    ...(where === null ? {} : { where: where.side, ...('rule' in where ? { dst: where.rule } : {}) }),
  });
