import { type ConfigNode, childAt, type Path, stepOf } from './config-node.ts';
import { type Expression, parse, type Step, XPathError } from './xpath-parser.ts';

export { XPathError } from './xpath-parser.ts';

/** A node and where it stands. */
export interface Found {
  readonly node: ConfigNode;
  readonly parent: Found | null;
  readonly index: number;
}

/** An attribute that a path selects, with the element that carries it. */
export interface Attribute {
  readonly tag: string;
  readonly name: string;
  readonly value: string;
}

type Value = readonly Item[] | string | number | boolean;
type Item =
  | { readonly kind: 'element'; readonly found: Found }
  | { readonly kind: 'string'; readonly value: string; readonly attribute?: Attribute };

interface Context {
  readonly item: Item;
  readonly position: number;
  readonly size: number;
}

const childrenOf = (found: Found): readonly Found[] =>
  found.node.children.map((child, index) => ({ node: child, parent: found, index }));
const descendantsOf = (found: Found): readonly Found[] =>
  childrenOf(found).flatMap((child) => [child, ...descendantsOf(child)]);
const rootOf = (found: Found): Found => (found.parent === null ? found : rootOf(found.parent));
const ancestorsOf = (found: Found): readonly Found[] =>
  found.parent === null ? [] : [found.parent, ...ancestorsOf(found.parent)];
const attributesOf = (subject: ConfigNode): Readonly<Record<string, string>> => {
  if (subject.dirty === null) return subject.attributes;
  return { ...subject.attributes, admin: subject.dirty.admin, dirtyId: String(subject.dirty.dirtyId) };
};

const stringOf = (item: Item): string => {
  if (item.kind === 'string') return item.value;
  const subject = item.found.node;
  return subject.children.length === 0
    ? subject.text
    : subject.children
        .map((_, index) =>
          stringOf({ kind: 'element', found: { node: subject.children[index] ?? subject, parent: item.found, index } }),
        )
        .join('');
};

const alongAxis = (found: Found, step: Step): readonly Item[] => {
  const elements = (list: readonly Found[]): readonly Item[] =>
    list
      .filter(({ node: { tag } }) => step.test === '*' || step.test === 'node()' || tag === step.test)
      .map((one) => ({ kind: 'element', found: one }));
  if (step.test === 'text()')
    return found.node.children.length === 0 && found.node.text !== ''
      ? [{ kind: 'string', value: found.node.text }]
      : [];
  switch (step.axis) {
    case 'child': {
      // Straight to an entry by name, so that the usual path costs one look-up.
      const [only] = step.predicates;
      const name = step.test === 'entry' && only !== undefined ? nameTest(only) : null;
      if (name === null) return elements(childrenOf(found));
      const child = childAt(found.node, { tag: 'entry', key: name });
      return child === null
        ? []
        : [{ kind: 'element', found: { node: child, parent: found, index: found.node.children.indexOf(child) } }];
    }
    case 'self':
      return elements([found]);
    case 'parent':
      return found.parent === null ? [] : elements([found.parent]);
    case 'ancestor':
      return elements(ancestorsOf(found));
    case 'ancestor-or-self':
      return elements([found, ...ancestorsOf(found)]);
    case 'descendant':
      return elements(descendantsOf(found));
    case 'descendant-or-self':
      return elements([found, ...descendantsOf(found)]);
    case 'preceding-sibling':
      return found.parent === null ? [] : elements(childrenOf(found.parent).slice(0, found.index).reverse());
    case 'following-sibling':
      return found.parent === null ? [] : elements(childrenOf(found.parent).slice(found.index + 1));
    case 'attribute': {
      const attributes = attributesOf(found.node);
      const item = (name: string, value: string): Item => ({
        kind: 'string',
        value,
        attribute: { tag: found.node.tag, name, value },
      });
      if (step.test === '*') return Object.entries(attributes).map(([name, value]) => item(name, value));
      const value = Object.hasOwn(attributes, step.test) ? attributes[step.test] : undefined;
      return value === undefined ? [] : [item(step.test, value)];
    }
  }
};

const booleanOf = (value: Value): boolean =>
  typeof value === 'boolean'
    ? value
    : typeof value === 'string'
      ? value !== ''
      : typeof value === 'number'
        ? value !== 0
        : value.length > 0;

const compare = (operator: string, left: Value, right: Value): boolean => {
  if (typeof left === 'object') return left.some((item) => compare(operator, stringOf(item), right));
  if (typeof right === 'object') return right.some((item) => compare(operator, left, stringOf(item)));
  const numeric = typeof left === 'number' || typeof right === 'number' || !['=', '!='].includes(operator);
  if (numeric) {
    const [a, b] = [Number(left), Number(right)];
    return operator === '='
      ? a === b
      : operator === '!='
        ? a !== b
        : operator === '<'
          ? a < b
          : operator === '>'
            ? a > b
            : operator === '<='
              ? a <= b
              : a >= b;
  }
  return operator === '=' ? left === right : left !== right;
};

const firstString = (value: Value | undefined): string => {
  if (value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  const [first] = value;
  return first === undefined ? '' : stringOf(first);
};

let budget = 0;
const evaluateExpression = (expression: Expression, context: Context): Value => {
  budget -= 1;
  if (budget < 0) throw new XPathError('too much work');
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'union':
      return expression.parts.flatMap((part) => {
        const value = evaluateExpression(part, context);
        return typeof value === 'object' ? [...value] : [];
      });
    case 'binary': {
      const left = evaluateExpression(expression.left, context);
      if (expression.operator === 'or')
        return booleanOf(left) || booleanOf(evaluateExpression(expression.right, context));
      if (expression.operator === 'and')
        return booleanOf(left) && booleanOf(evaluateExpression(expression.right, context));
      return compare(expression.operator, left, evaluateExpression(expression.right, context));
    }
    case 'call': {
      const values = expression.parameters.map((parameter) => evaluateExpression(parameter, context));
      const [first, second] = values;
      switch (expression.name) {
        case 'contains':
          return firstString(first).includes(firstString(second));
        case 'starts-with':
          return firstString(first).startsWith(firstString(second));
        case 'not':
          return first === undefined || !booleanOf(first);
        case 'count':
          return typeof first === 'object' ? first.length : 0;
        case 'last':
          return context.size;
        case 'position':
          return context.position;
        case 'string':
          return first === undefined ? stringOf(context.item) : firstString(first);
        case 'name':
        case 'local-name':
          return context.item.kind === 'element' ? context.item.found.node.tag : '';
        case 'true':
          return true;
        case 'false':
          return false;
        default:
          throw new XPathError(`function ${expression.name}`);
      }
    }
    case 'path': {
      if (context.item.kind === 'string')
        return expression.steps.length === 0 || expression.steps[0]?.axis === 'self' ? [context.item] : [];
      const start = expression.absolute ? rootOf(context.item.found) : context.item.found;
      return walk([{ kind: 'element', found: start }], expression.steps);
    }
  }
};

const nameTest = (expression: Expression): string | null => {
  if (expression.kind !== 'binary' || expression.operator !== '=') return null;
  const { left, right } = expression;
  const [step] = left.kind === 'path' && !left.absolute && left.steps.length === 1 ? left.steps : [];
  return step?.axis === 'attribute' &&
    step.test === 'name' &&
    right.kind === 'literal' &&
    typeof right.value === 'string'
    ? right.value
    : null;
};

const walk = (from: readonly Item[], steps: readonly Step[]): readonly Item[] => {
  let here = from;
  for (const step of steps) {
    const next: Item[] = [];
    const seen = new Set<ConfigNode>();
    for (const item of here) {
      if (item.kind === 'string') continue;
      let reached = alongAxis(item.found, step);
      budget -= reached.length;
      if (budget < 0) throw new XPathError('too much work');
      for (const predicate of step.predicates) {
        const size = reached.length;
        reached = reached.filter((candidate, index) => {
          const value = evaluateExpression(predicate, { item: candidate, position: index + 1, size });
          return typeof value === 'number' ? value === index + 1 : booleanOf(value);
        });
      }
      for (const candidate of reached) {
        if (candidate.kind === 'element') {
          if (seen.has(candidate.found.node)) continue;
          seen.add(candidate.found.node);
        }
        next.push(candidate);
      }
    }
    here = next;
  }
  return here;
};

export interface Selection {
  readonly elements: readonly Found[];
  /** Values of attributes and texts the path selects. */
  readonly strings: readonly string[];
  /** Those of the strings that are attributes. */
  readonly attributes: readonly Attribute[];
}

/**
 * What an absolute XPath selects under `root`, the `config` element.
 * @throws XPathError
 */
export const select = (root: ConfigNode, xpath: string): Selection => {
  const expression = parse(xpath);
  budget = 20_000_000;
  const documentNode: ConfigNode = { tag: '', attributes: {}, children: [root], text: '', dirty: null, moved: null };
  const start: Found = { node: documentNode, parent: null, index: 0 };
  const value = evaluateExpression(expression, { item: { kind: 'element', found: start }, position: 1, size: 1 });
  if (typeof value !== 'object') return { elements: [], strings: [], attributes: [] };
  const elements: Found[] = [];
  const strings: string[] = [];
  const attributes: Attribute[] = [];
  for (const item of value) {
    if (item.kind === 'string') {
      strings.push(item.value);
      if (item.attribute !== undefined) attributes.push(item.attribute);
    } else if (item.found.node !== documentNode) elements.push(item.found);
  }
  return { elements, strings, attributes };
};

/** Where a found node stands, below `config`. */
export const pathOf = (found: Found): Path => {
  const steps = [];
  for (let here: Found | null = found; here?.parent != null && here.parent.parent !== null; here = here.parent)
    steps.push(stepOf(here.node));
  return steps.reverse();
};

/**
 * The path of a location that may not exist yet: plain steps, entries by `@name`, members by `text()`. Null when the
 * XPath does not name exactly one location.
 * @throws XPathError
 */
export const locationOf = (xpath: string): Path | null => {
  const expression = parse(xpath);
  if (expression.kind !== 'path' || !expression.absolute) return null;
  const [first, ...rest] = expression.steps;
  if (first?.axis !== 'child' || first.test !== 'config' || first.predicates.length > 0) return null;
  const path = [];
  for (const { axis, test, predicates } of rest) {
    const [only, more] = predicates;
    if (axis !== 'child' || test === '*' || test.endsWith('()') || more !== undefined) return null;
    if (only === undefined) {
      if (test === 'entry' || test === 'member') return null;
      path.push({ tag: test, key: null });
      continue;
    }
    if (test === 'entry') {
      const name = nameTest(only);
      if (name === null) return null;
      path.push({ tag: test, key: name });
      continue;
    }
    const text =
      only.kind === 'binary' &&
      only.operator === '=' &&
      only.left.kind === 'path' &&
      only.right.kind === 'literal' &&
      only.left.steps[0]?.test === 'text()'
        ? String(only.right.value)
        : null;
    if (test !== 'member' || text === null) return null;
    path.push({ tag: test, key: text });
  }
  return path;
};

/** True when the path is rooted at `/config`, as the firewall wants it. */
export const rootedAtConfig = (xpath: string): boolean => /^\s*\/config(?![A-Za-z0-9_.-])/.test(xpath);
