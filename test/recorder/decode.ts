import { gunzipSync } from 'node:zlib';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { WireRequest } from '../local/http.ts';
import type { Seen } from './recorder.ts';

type What = Pick<Seen, 'kind' | 'name' | 'value'>;

/** XML one tag a line, so that a difference is shown where it is. */
const xmlLines = (text: string): readonly string[] => text.replaceAll('><', '>\n<').split('\n');

const inLines = new Set(['element', 'cmd']);

/** `config multi-config`, `op show jobs id`, `commit partial`. */
const operationOf = (parameters: URLSearchParams): string => {
  const type = parameters.get('type') ?? '';
  const tags = [...(parameters.get('cmd') ?? '').matchAll(/<([a-z-]+)/g)].map(([, tag]) => tag).slice(0, 3);
  return [type, parameters.get('action') ?? '', type === 'config' ? '' : tags.join(' ')].filter(Boolean).join(' ');
};

/** A firewall request as its decoded parameters; the key is never among them. */
export const decodedRequest = (body: string): What => {
  const parameters = new URLSearchParams(body);
  const value: Record<string, unknown> = {};
  for (const [name, text] of parameters) {
    value[name] = name === 'key' ? '(key)' : inLines.has(name) ? xmlLines(text) : text;
  }
  return { kind: 'firewall', name: operationOf(parameters), value };
};

export const replyStatus = ({ status, body }: { readonly status: number; readonly body: string }): string => {
  const [, said = 'no status', code] =
    /<response status\s*=\s*["'](\w+)["'](?:\s+code\s*=\s*["'](\d+)["'])?/.exec(body) ?? [];
  return [String(status), said, code ?? ''].filter(Boolean).join(' ');
};

const writes: Readonly<Record<string, string>> = { PutItem: 'put', DeleteItem: 'delete', UpdateItem: 'update' };

type Attributes = Parameters<typeof unmarshall>[0];

interface WriteInput {
  readonly Item?: Attributes;
  readonly Key?: Attributes;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Attributes;
}

/** An expression with what its placeholders stand for, which are of no interest. */
const spelledOut = (expression: string | undefined, input: WriteInput): string | null => {
  if (expression === undefined) return null;
  const values = unmarshall(input.ExpressionAttributeValues ?? {});
  return expression.replace(/[#:]\w+/g, (placeholder) =>
    placeholder.startsWith('#')
      ? (input.ExpressionAttributeNames?.[placeholder] ?? placeholder)
      : JSON.stringify(values[placeholder] ?? null),
  );
};

const tableWrite = (operation: string, input: WriteInput): What => {
  const { pk, sk, ...item } = unmarshall(input.Item ?? input.Key ?? {});
  const value = {
    pk,
    sk,
    ...(input.Item === undefined ? {} : { item }),
    ...(input.UpdateExpression === undefined ? {} : { update: spelledOut(input.UpdateExpression, input) }),
    condition: spelledOut(input.ConditionExpression, input),
  };
  return { kind: 'table', name: `${operation} ${String(pk).split('#')[0]}`, value };
};

/** What a request to an AWS part writes or publishes; null for anything else. */
export const decodedAws = (request: WireRequest): What | null => {
  const [service, operation = ''] = (request.headers['x-amz-target'] ?? '').split('.');
  if (service?.startsWith('DynamoDB')) {
    const write = writes[operation];
    if (write !== undefined) return tableWrite(write, JSON.parse(request.body) as WriteInput);
    if (/Write|Update|Execute/.test(operation)) throw new Error(`The recorder does not know how to read ${operation}`);
    return null;
  }
  const form = new URLSearchParams(request.body);
  if (form.get('Action') !== 'Publish') return null;
  const subject = form.get('Subject') ?? '';
  return { kind: 'notice', name: 'publish', value: { subject, message: (form.get('Message') ?? '').split('\n') } };
};

/** A step result of the table, whole and as it was before it was compressed. */
export interface StepResult {
  readonly fence: number;
  readonly step: string;
  readonly content: unknown;
}

/** Parts of a step result until it is whole: then what it says, null before. */
export const stepResults = () => {
  let parts: Uint8Array[] = [];
  return (value: Seen['value']): StepResult | null => {
    const { of, bytes } = value['item'] as { readonly of: number; readonly bytes: string };
    const [fence, step = '', index] = String(value['sk']).split('#');
    const part = Buffer.from(bytes, 'base64');
    parts = Number(index) === 0 ? [part] : [...parts, part];
    if (parts.length < of) return null;
    const content = JSON.parse(gunzipSync(Buffer.concat(parts)).toString('utf8')) as unknown;
    return { fence: Number(fence), step, content };
  };
};
