/** An XPath that cannot be read, or uses what this simulator does not know. */
export class XPathError extends Error {
  override readonly name = 'XPathError';
}

export interface Step {
  readonly axis: Axis;
  /** `*`, `text()`, `node()` or a name. */
  readonly test: string;
  readonly predicates: readonly Expression[];
}
const axes = [
  'child',
  'self',
  'parent',
  'ancestor',
  'ancestor-or-self',
  'descendant',
  'descendant-or-self',
  'preceding-sibling',
  'following-sibling',
  'attribute',
] as const;
export type Axis = (typeof axes)[number];

export type Expression =
  | { readonly kind: 'path'; readonly absolute: boolean; readonly steps: readonly Step[] }
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'union'; readonly parts: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: string; readonly parameters: readonly Expression[] };

const token = /\s*(\/\/|::|\.\.|!=|<=|>=|[/@()[\].,|=<>*+]|"[^"]*"|'[^']*'|\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_.-]*)/y;

const tokenize = (source: string): readonly string[] => {
  const tokens: string[] = [];
  let at = 0;
  const end = source.trimEnd().length;
  while (at < end) {
    token.lastIndex = at;
    const found = token.exec(source)?.[1];
    if (found === undefined) throw new XPathError(`unexpected ${source.charAt(at)} at ${at}`);
    tokens.push(found);
    at = token.lastIndex;
  }
  return tokens;
};

const functions = new Set([
  'contains',
  'starts-with',
  'not',
  'count',
  'last',
  'position',
  'text',
  'node',
  'string',
  'name',
  'local-name',
  'true',
  'false',
]);

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const parts = [this.#or()];
    while (this.#take('|')) parts.push(this.#or());
    if (this.#at < this.#tokens.length) throw new XPathError(`unexpected ${this.#peek()}`);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'union', parts };
  }

  #peek(ahead = 0): string {
    return this.#tokens[this.#at + ahead] ?? '';
  }
  #take(expected: string): boolean {
    if (this.#peek() !== expected) return false;
    this.#at += 1;
    return true;
  }
  #expect(expected: string): void {
    if (!this.#take(expected)) throw new XPathError(`${expected} expected, found ${this.#peek() || 'the end'}`);
  }
  #next(): string {
    const found = this.#peek();
    if (found === '') throw new XPathError('unexpected end');
    this.#at += 1;
    return found;
  }

  #or(): Expression {
    this.#depth += 1;
    if (this.#depth > 50) throw new XPathError('too deep');
    let left = this.#and();
    while (this.#take('or')) left = { kind: 'binary', operator: 'or', left, right: this.#and() };
    this.#depth -= 1;
    return left;
  }
  #and(): Expression {
    let left = this.#comparison();
    while (this.#take('and')) left = { kind: 'binary', operator: 'and', left, right: this.#comparison() };
    return left;
  }
  #comparison(): Expression {
    const left = this.#primary();
    const operator = this.#peek();
    if (!['=', '!=', '<', '>', '<=', '>='].includes(operator)) return left;
    this.#at += 1;
    return { kind: 'binary', operator, left, right: this.#primary() };
  }
  #primary(): Expression {
    const found = this.#peek();
    if (found === '(') {
      this.#at += 1;
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    if (/^["']/.test(found)) {
      this.#at += 1;
      return { kind: 'literal', value: found.slice(1, -1) };
    }
    if (/^\d/.test(found)) {
      this.#at += 1;
      return { kind: 'literal', value: Number(found) };
    }
    if (functions.has(found) && this.#peek(1) === '(' && found !== 'text' && found !== 'node') {
      this.#at += 2;
      const parameters: Expression[] = [];
      if (!this.#take(')')) {
        parameters.push(this.#or());
        while (this.#take(',')) parameters.push(this.#or());
        this.#expect(')');
      }
      return { kind: 'call', name: found, parameters };
    }
    return this.#path();
  }
  #path(): Expression {
    const steps: Step[] = [];
    let absolute = false;
    if (this.#take('//')) {
      absolute = true;
      steps.push({ axis: 'descendant-or-self', test: 'node()', predicates: [] });
    } else if (this.#take('/')) {
      absolute = true;
      if (this.#at >= this.#tokens.length) return { kind: 'path', absolute, steps };
    }
    steps.push(this.#step());
    for (;;) {
      if (this.#take('//')) steps.push({ axis: 'descendant-or-self', test: 'node()', predicates: [] });
      else if (!this.#take('/')) break;
      steps.push(this.#step());
    }
    return { kind: 'path', absolute, steps };
  }
  #step(): Step {
    if (this.#take('..')) return { axis: 'parent', test: 'node()', predicates: [] };
    if (this.#take('.')) return { axis: 'self', test: 'node()', predicates: [] };
    let axis: Axis = 'child';
    if (this.#take('@')) axis = 'attribute';
    else if (this.#peek(1) === '::') {
      const name = this.#next();
      const known = axes.find((candidate) => candidate === name);
      if (known === undefined) throw new XPathError(`axis ${name}`);
      axis = known;
      this.#expect('::');
    }
    let test = this.#next();
    if (!/^(\*|[A-Za-z_][A-Za-z0-9_.-]*)$/.test(test)) throw new XPathError(`unexpected ${test}`);
    if ((test === 'text' || test === 'node') && this.#take('(')) {
      this.#expect(')');
      test += '()';
    }
    const predicates: Expression[] = [];
    while (this.#take('[')) {
      predicates.push(this.#or());
      this.#expect(']');
    }
    return { axis, test, predicates };
  }
}

const parsed = new Map<string, Expression>();

/**
 * Reads an XPath; the same text is read once.
 * @throws XPathError
 */
export const parse = (xpath: string): Expression => {
  const known = parsed.get(xpath);
  if (known !== undefined) return known;
  if (xpath.length > 100_000) throw new XPathError('too long');
  const expression = new Reader(tokenize(xpath)).whole();
  if (parsed.size > 5000) parsed.clear();
  parsed.set(xpath, expression);
  return expression;
};
