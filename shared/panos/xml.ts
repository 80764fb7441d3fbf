import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { NamedError } from '../domain/errors.ts';

/**
 * An element as PAN-OS uses them: either text or children, never meaningfully both. `text` is the element's own text
 * and CDATA in order, entities decoded, white space kept.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** A document that is not well-formed, or uses what a firewall never sends (DOCTYPE, undeclared entities). */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

// The one parser. Entity processing is off: the five predefined entities and character references are decoded here,
// so that nothing in a reply can define or expand an entity.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  cdataPropName: '#cdata',
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 100,
});

const predefinedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const decodeEntities = (text: string): string =>
  text.includes('&')
    ? text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([A-Za-z][\w.-]*));?/g, (whole, hex, decimal, name) => {
        if (whole.endsWith(';')) {
          if (name !== undefined) {
            const character = Object.hasOwn(predefinedEntities, name) ? predefinedEntities[name] : undefined;
            if (character !== undefined) return character;
          } else {
            const point = hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
            if (isXmlCharacter(point)) return String.fromCodePoint(point);
          }
        }
        throw new XmlError(`the entity ${whole} is not defined`);
      })
    : text;

const isXmlCharacter = (point: number): boolean =>
  point === 0x9 ||
  point === 0xa ||
  point === 0xd ||
  (point >= 0x20 && point <= 0xd7ff) ||
  (point >= 0xe000 && point <= 0xfffd) ||
  (point >= 0x10000 && point <= 0x10ffff);

type Ordered = Readonly<Record<string, unknown>>;

const isOrdered = (value: unknown): value is Ordered => typeof value === 'object' && value !== null;

const textOf = (nodes: unknown): string =>
  Array.isArray(nodes) ? nodes.map((node) => (isOrdered(node) ? String(node['#text'] ?? '') : '')).join('') : '';

const attributesOf = (node: Ordered): Readonly<Record<string, string>> => {
  const raw = node[':@'];
  return isOrdered(raw)
    ? Object.fromEntries(Object.entries(raw).map(([name, value]) => [name.slice(1), decodeEntities(String(value))]))
    : {};
};

const elementsOf = (nodes: unknown): readonly XmlElement[] => {
  const found: XmlElement[] = [];
  if (!Array.isArray(nodes)) return found;
  for (const node of nodes) {
    if (!isOrdered(node)) continue;
    const name = Object.keys(node).find((key) => key !== ':@');
    if (name === undefined || name === '#text' || name === '#cdata') continue;
    const content = node[name];
    found.push({
      name,
      attributes: attributesOf(node),
      children: elementsOf(content),
      text: ownText(content),
    });
  }
  return found;
};

const ownText = (nodes: unknown): string => {
  if (!Array.isArray(nodes)) return '';
  let text = '';
  for (const node of nodes) {
    if (!isOrdered(node)) continue;
    if ('#text' in node) text += decodeEntities(String(node['#text']));
    else if ('#cdata' in node) text += textOf(node['#cdata']);
  }
  return text;
};

/**
 * The root element of a document.
 * @throws XmlError when it is not one well-formed document, is nested deeper than 100, or has a DOCTYPE.
 */
export const parseXml = (document: string): XmlElement => {
  if (/<!DOCTYPE/i.test(document)) throw new XmlError('it has a DOCTYPE');
  // A declaration must come first; anything before it but white space is left to the validator to refuse.
  const trimmed = document.trim();
  let roots: readonly XmlElement[];
  try {
    // The parser alone closes what a truncated body left open, so the validator goes first.
    const verdict = XMLValidator.validate(trimmed);
    if (verdict !== true) throw new XmlError(`${verdict.err.msg} (line ${verdict.err.line})`);
    roots = elementsOf(parser.parse(trimmed));
  } catch (error) {
    if (error instanceof XmlError) throw error;
    throw new XmlError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const [root, ...more] = roots;
  if (root === undefined) throw new XmlError('it has no element');
  if (more.length > 0) throw new XmlError('it has more than one root element');
  return root;
};

const refuseUnsendable = (value: string): void => {
  for (const character of value) {
    const point = character.codePointAt(0) ?? 0;
    if (!isXmlCharacter(point)) {
      throw new NamedError(
        'Misconfigured',
        `${JSON.stringify(value.slice(0, 80))} contains the character U+${point.toString(16).toUpperCase().padStart(4, '0')}, which XML cannot carry`,
      );
    }
  }
};

/**
 * A value as XML element text.
 * @throws Misconfigured for control characters and lone surrogates, which no XML document can carry.
 */
export const escapeText = (value: string): string => {
  refuseUnsendable(value);
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
};

/** A value as XML attribute text between double quotes. @throws Misconfigured as `escapeText` does. */
export const escapeAttribute = (value: string): string =>
  escapeText(value).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');

/** An element with children. */
export const element = (
  name: string,
  children: readonly XmlElement[] = [],
  attributes: Readonly<Record<string, string>> = {},
): XmlElement => ({ name, attributes, children, text: '' });

/** An element with text. */
export const textElement = (name: string, text: string): XmlElement => ({ name, attributes: {}, children: [], text });

/** `<name><member>…</member>…</name>` */
export const memberList = (name: string, members: readonly string[]): XmlElement =>
  element(
    name,
    members.map((member) => textElement('member', member)),
  );

/** The one builder: everything that is sent as XML goes through it, so everything is escaped. */
export const buildXml = ({ name, attributes, children, text }: XmlElement): string => {
  const start = Object.entries(attributes).reduce(
    (opening, [key, value]) => `${opening} ${key}="${escapeAttribute(value)}"`,
    `<${name}`,
  );
  const content = children.length > 0 ? children.map(buildXml).join('') : escapeText(text);
  return content === '' ? `${start}/>` : `${start}>${content}</${name}>`;
};

/** The first child of that name. */
export const child = (parent: XmlElement | null | undefined, name: string): XmlElement | null =>
  parent?.children.find((candidate) => candidate.name === name) ?? null;

/** The element at the end of a path of child names. */
export const descend = (parent: XmlElement | null | undefined, ...names: readonly string[]): XmlElement | null =>
  names.reduce<XmlElement | null>((found, name) => child(found, name), parent ?? null);

/** All children of that name: one or many are the same shape here. */
export const childrenOf = (parent: XmlElement | null | undefined, name: string): readonly XmlElement[] =>
  parent?.children.filter((candidate) => candidate.name === name) ?? [];

/** Trimmed text of a child; null when the child is absent or empty. */
export const childText = (parent: XmlElement | null | undefined, name: string): string | null => {
  const text = child(parent, name)?.text.trim();
  return text === undefined || text === '' ? null : text;
};

/** Trimmed texts of `child/member`. */
export const membersOf = (parent: XmlElement | null | undefined, name: string): readonly string[] =>
  childrenOf(child(parent, name), 'member')
    .map((member) => member.text.trim())
    .filter((member) => member !== '');

/** An attribute; null when absent. */
export const attribute = (of: XmlElement | null | undefined, name: string): string | null =>
  of !== null && of !== undefined && Object.hasOwn(of.attributes, name) ? (of.attributes[name] ?? null) : null;

/** The `name` attribute; empty when absent. */
export const nameOf = (entry: XmlElement): string => attribute(entry, 'name') ?? '';

/** `true` exactly for the text `yes`. */
export const isYes = (parent: XmlElement | null | undefined, name: string): boolean =>
  childText(parent, name) === 'yes';
