import { type ConfigNode, node } from './config-node.ts';

/** XML that cannot be read. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

const maximumDepth = 200;
const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the characters XML 1.0 forbids.
const forbidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;
const nameStart = /[A-Za-z_]/;
const nameText = /[A-Za-z0-9_.:-]*/y;

const decode = (raw: string): string =>
  raw.includes('&')
    ? raw.replace(/&([^;&]{0,12};?)/g, (_, found: string) => {
        if (!found.endsWith(';')) throw new XmlError('unterminated entity');
        const name = found.slice(0, -1);
        const known = namedEntities[name];
        if (known !== undefined) return known;
        const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
        const codePoint =
          number === null ? Number.NaN : Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10);
        if (!(codePoint >= 0x9 && codePoint <= 0x10ffff) || (codePoint >= 0xd800 && codePoint <= 0xdfff))
          throw new XmlError(`unknown entity ${name}`);
        return String.fromCodePoint(codePoint);
      })
    : raw;

interface Open {
  readonly tag: string;
  readonly attributes: Record<string, string>;
  readonly children: ConfigNode[];
  text: string;
}

/**
 * Reads a fragment: any number of elements side by side, as `element=` carries them. Text beside elements is dropped;
 * text of a leaf is kept exactly. A document type is refused, so nothing expands.
 * @throws XmlError
 */
export const parseFragment = (source: string): readonly ConfigNode[] => {
  if (forbidden.test(source)) throw new XmlError('control character');
  const top: Open = { tag: '', attributes: {}, children: [], text: '' };
  const stack: Open[] = [top];
  let here = top;
  let at = source.charCodeAt(0) === 0xfeff ? 1 : 0;
  const readName = (): string => {
    if (!nameStart.test(source.charAt(at))) throw new XmlError(`name expected at ${at}`);
    nameText.lastIndex = at;
    const name = nameText.exec(source)?.[0] ?? '';
    at += name.length;
    return name;
  };
  const skipSpace = (): boolean => {
    const from = at;
    while (at < source.length && ' \t\r\n'.includes(source.charAt(at))) at += 1;
    return at > from;
  };
  const skipPast = (end: string): string => {
    const found = source.indexOf(end, at);
    if (found < 0) throw new XmlError(`${end} expected`);
    const skipped = source.slice(at, found);
    at = found + end.length;
    return skipped;
  };
  while (at < source.length) {
    const next = source.indexOf('<', at);
    const textEnd = next < 0 ? source.length : next;
    if (textEnd > at) {
      const text = source.slice(at, textEnd);
      if (text.includes(']]>')) throw new XmlError(']]> in text');
      here.text += decode(text);
    }
    if (next < 0) break;
    at = next + 1;
    if (source.startsWith('!--', at)) {
      at += 3;
      skipPast('-->');
    } else if (source.startsWith('![CDATA[', at)) {
      at += 8;
      here.text += skipPast(']]>');
    } else if (source.startsWith('?', at)) skipPast('?>');
    else if (source.startsWith('!', at)) throw new XmlError('document type');
    else if (source.startsWith('/', at)) {
      at += 1;
      const name = readName();
      skipSpace();
      if (source.charAt(at) !== '>' || here === top || here.tag !== name) throw new XmlError(`unexpected </${name}`);
      at += 1;
      stack.pop();
      const parent = stack[stack.length - 1] ?? top;
      parent.children.push(node(here.tag, here.attributes, here.children, here.children.length > 0 ? '' : here.text));
      here = parent;
    } else {
      const tag = readName();
      const attributes: Record<string, string> = {};
      for (;;) {
        const spaced = skipSpace();
        const character = source.charAt(at);
        if (character === '>' || character === '/') break;
        if (!spaced) throw new XmlError(`space expected at ${at}`);
        const name = readName();
        skipSpace();
        if (source.charAt(at) !== '=') throw new XmlError(`= expected at ${at}`);
        at += 1;
        skipSpace();
        const quote = source.charAt(at);
        if (quote !== '"' && quote !== "'") throw new XmlError(`quote expected at ${at}`);
        at += 1;
        const value = skipPast(quote);
        if (value.includes('<')) throw new XmlError('< in attribute');
        if (Object.hasOwn(attributes, name)) throw new XmlError(`attribute ${name} twice`);
        Object.defineProperty(attributes, name, { value: decode(value), enumerable: true });
      }
      if (source.charAt(at) === '/') {
        if (source.charAt(at + 1) !== '>') throw new XmlError(`> expected at ${at}`);
        at += 2;
        here.children.push(node(tag, attributes));
      } else {
        at += 1;
        here = { tag, attributes, children: [], text: '' };
        stack.push(here);
        if (stack.length > maximumDepth) throw new XmlError('too deep');
      }
    }
  }
  if (here !== top) throw new XmlError(`<${here.tag}> is not closed`);
  if (top.children.length === 0 || top.text.trim() !== '') throw new XmlError('no element, or text beside elements');
  return top.children;
};

/**
 * Reads one element.
 * @throws XmlError
 */
export const parseElement = (source: string): ConfigNode => {
  const [first, second] = parseFragment(source);
  if (first === undefined || second !== undefined) throw new XmlError('one element expected');
  return first;
};

export const escapeText = (text: string): string =>
  /[&<>]/.test(text) ? text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;') : text;
export const escapeAttribute = (text: string): string =>
  escapeText(text).replace(/"/g, '&quot;').replace(/\n/g, '&#10;').replace(/\t/g, '&#9;').replace(/\r/g, '&#13;');

/** `2026/03/19 17:00:45`, the way PAN-OS writes a time (UTC here). */
export const panosTime = (at: number): string =>
  new Date(at).toISOString().slice(0, 19).replace(/-/g, '/').replace('T', ' ');

const cleanTexts = new WeakMap<ConfigNode, string>();

/** The node as XML; with marks, changed elements carry `admin`, `dirtyId` and `time` as `action=get` shows them. */
export const render = (subject: ConfigNode, marks: boolean): string => {
  const clean = subject.dirty === null && subject.moved === null;
  const cacheable = subject.tag === 'entry' && (clean || !marks);
  if (cacheable) {
    const cached = cleanTexts.get(subject);
    if (cached !== undefined) return cached;
  }
  let text = `<${subject.tag}`;
  for (const name of Object.keys(subject.attributes))
    text += ` ${name}="${escapeAttribute(subject.attributes[name] ?? '')}"`;
  const mark =
    subject.moved !== null && (subject.dirty === null || subject.moved.dirtyId > subject.dirty.dirtyId)
      ? subject.moved
      : subject.dirty;
  if (marks && mark !== null)
    text += ` admin="${escapeAttribute(mark.admin)}" dirtyId="${mark.dirtyId}" time="${panosTime(mark.at)}"`;
  if (subject.children.length > 0) {
    text += '>';
    for (const child of subject.children) text += render(child, marks);
    text += `</${subject.tag}>`;
  } else if (subject.text !== '') text += `>${escapeText(subject.text)}</${subject.tag}>`;
  else text += '/>';
  if (cacheable) cleanTexts.set(subject, text);
  return text;
};

/** CDATA as PAN-OS uses it in error lines. */
export const cdata = (text: string): string => `<![CDATA[${text.replace(/]]>/g, ']]]]><![CDATA[>')}]]>`;
