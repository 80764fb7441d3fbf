import { NormalizedSchema } from '@smithy/core/schema';
import type { SchemaRef } from '@smithy/types';
import { Ec2Error } from './refusals.ts';

/*
 * The EC2 Query protocol, both ways, driven by the shapes of the service model that the SDK carries: names on the wire
 * come from AWS's own model and are not repeated here. Documented: "EC2 Query protocol" of the Smithy specification.
 */

interface Branch {
  text: string | undefined;
  readonly children: Map<string, Branch>;
}

const emptyBranch = (): Branch => ({ text: undefined, children: new Map() });

const treeOf = (parameters: URLSearchParams): Branch => {
  const root = emptyBranch();
  for (const [name, value] of parameters) {
    let at = root;
    for (const part of name.split('.')) {
      const next = at.children.get(part) ?? emptyBranch();
      at.children.set(part, next);
      at = next;
    }
    at.text = value;
  }
  return root;
};

const capitalized = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1);

const requestName = (memberName: string, member: NormalizedSchema): string => {
  const traits = member.getMergedTraits();
  return String(traits['ec2QueryName'] ?? capitalized(String(traits['xmlName'] ?? memberName)));
};

const scalarOf = (schema: NormalizedSchema, text: string, path: string): unknown => {
  if (schema.isBooleanSchema()) {
    if (text === 'true') return true;
    if (text === 'false') return false;
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value (${text}) for parameter ${path} is invalid. Expecting true or false`,
    );
  }
  if (schema.isNumericSchema()) {
    const number = Number(text);
    if (text !== '' && Number.isFinite(number)) return number;
    throw new Ec2Error('InvalidParameterValue', `Value (${text}) for parameter ${path} is invalid. Expecting a number`);
  }
  return text;
};

const decoded = (schema: NormalizedSchema, branch: Branch, path: string): unknown => {
  if (schema.isListSchema()) {
    const positions = [...branch.children.keys()];
    const stray = positions.find((position) => !/^[1-9][0-9]*$/.test(position));
    if (stray !== undefined) throw new Ec2Error('UnknownParameter', `The parameter ${path}.${stray} is not recognized`);
    return positions
      .toSorted((a, b) => Number(a) - Number(b))
      .map((position) =>
        decoded(schema.getValueSchema(), branch.children.get(position) ?? emptyBranch(), `${path}.${position}`),
      );
  }
  if (schema.isStructSchema()) return structOf(schema, branch, path);
  if (branch.children.size > 0) {
    throw new Ec2Error('UnknownParameter', `The parameter ${path}.${[...branch.children.keys()][0]} is not recognized`);
  }
  return scalarOf(schema, branch.text ?? '', path);
};

const structOf = (schema: NormalizedSchema, branch: Branch, path: string): Record<string, unknown> => {
  const members = new Map<string, readonly [string, NormalizedSchema]>();
  for (const [name, member] of schema.structIterator()) members.set(requestName(name, member), [name, member]);
  const struct: Record<string, unknown> = {};
  for (const [name, child] of branch.children) {
    const member = members.get(name);
    const childPath = path === '' ? name : `${path}.${name}`;
    if (member === undefined) throw new Ec2Error('UnknownParameter', `The parameter ${childPath} is not recognized`);
    struct[member[0]] = decoded(member[1], child, childPath);
  }
  return struct;
};

/**
 * The input of a call, in the SDK's member names, from its form parameters (without Action and Version).
 * @throws Ec2Error UnknownParameter for a name the model does not have, InvalidParameterValue for a malformed value.
 */
export const inputFromForm = (schema: SchemaRef, parameters: URLSearchParams): Record<string, unknown> => {
  const own = new URLSearchParams([...parameters].filter(([name]) => name !== 'Action' && name !== 'Version'));
  return structOf(NormalizedSchema.of(schema), treeOf(own), '');
};

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#xD;');

const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;

const responseName = (memberName: string, member: NormalizedSchema): string =>
  String(member.getMemberTraits()['xmlName'] ?? memberName);

const xmlOf = (schema: NormalizedSchema, value: unknown): string => {
  if (schema.isListSchema()) {
    const item = String(schema.getValueSchema().getMergedTraits()['xmlName'] ?? 'member');
    return (value as readonly unknown[]).map((one) => element(item, xmlOf(schema.getValueSchema(), one))).join('');
  }
  if (schema.isStructSchema()) {
    const struct = value as Readonly<Record<string, unknown>>;
    let xml = '';
    for (const [name, member] of schema.structIterator()) {
      const content = struct[name];
      if (content !== undefined && content !== null) xml += element(responseName(name, member), xmlOf(member, content));
    }
    return xml;
  }
  if (value instanceof Date) return value.toISOString();
  return escaped(String(value));
};

/** Calls without an answer of their own say `<return>true</return>` on the wire, which the model leaves out (documented). */
const answersNothing = (schema: SchemaRef): boolean => NormalizedSchema.of(schema).isUnitSchema();

/** A successful answer as the service writes it. `output` has the SDK's member names. */
export const xmlFromOutput = (action: string, schema: SchemaRef, output: object, requestId: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${element(
    'requestId',
    escaped(requestId),
  )}${answersNothing(schema) ? element('return', 'true') : xmlOf(NormalizedSchema.of(schema), output)}</${action}Response>`;

/** A refusal as the service writes it. */
export const xmlFromRefusal = (refusal: Ec2Error, requestId: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>${element('Code', escaped(refusal.code))}${element(
    'Message',
    escaped(refusal.message),
  )}</Error></Errors>${element('RequestID', escaped(requestId))}</Response>`;

/** The one list that CloudTrail writes with `item` (captured in RunInstances and CreateNetworkInterface records). */
const singularLists: ReadonlySet<string> = new Set(['privateIpAddressesSet']);

const trailOf = (schema: NormalizedSchema, value: unknown, listName: string): unknown => {
  if (schema.isListSchema()) {
    const items = (value as readonly unknown[]).map((one) => trailOf(schema.getValueSchema(), one, listName));
    if (items.length === 0) return {};
    return singularLists.has(listName) ? { item: items } : { items };
  }
  if (schema.isStructSchema()) {
    const struct = value as Readonly<Record<string, unknown>>;
    const record: Record<string, unknown> = {};
    for (const [name, member] of schema.structIterator()) {
      const content = struct[name];
      const key = responseName(name, member);
      const shown = key === 'return' ? '_return' : `${key.slice(0, 1).toLowerCase()}${key.slice(1)}`;
      if (content !== undefined && content !== null) record[shown] = trailOf(member, content, key);
    }
    return record;
  }
  return value instanceof Date ? value.getTime() : value;
};

/**
 * A request or answer in the form CloudTrail gives it: lower camel case, lists as `{items: […]}`, empty lists as `{}`,
 * times as epoch milliseconds. Captured in records of 2019 to 2024.
 */
export const trailFromValue = (schema: SchemaRef, value: object): Record<string, unknown> =>
  answersNothing(schema)
    ? { _return: true }
    : (trailOf(NormalizedSchema.of(schema), value, '') as Record<string, unknown>);
