import type { Respond, WireRequest, WireResponse } from './http.ts';

/** A refusal of a service that speaks the AWS JSON protocol. `code` is what the SDK makes the error's name. */
export class JsonRefusal extends Error {
  override readonly name = 'JsonRefusal';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** One operation: from its decoded input to its output. Times in outputs are epoch seconds. */
export type JsonOperation = (input: Readonly<Record<string, unknown>>, request: WireRequest) => Promise<object>;

const written = (status: number, version: string, body: object): WireResponse => ({
  status,
  headers: { 'content-type': `application/x-amz-json-${version}` },
  body: JSON.stringify(body),
});

const inputOf = (body: string): Readonly<Record<string, unknown>> => {
  try {
    const input: unknown = JSON.parse(body === '' ? '{}' : body);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as Record<string, unknown>;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new JsonRefusal('SerializationException', 'The request body is not a JSON object');
};

/**
 * A service of the AWS JSON protocol: the operation is named by `x-amz-target`, input and output are JSON, a refusal
 * has `__type` and `message`. An unknown operation is refused with UnknownOperationException.
 */
export const jsonService = (
  targetPrefix: string,
  version: '1.0' | '1.1',
  operations: ReadonlyMap<string, JsonOperation>,
): Respond => {
  return async (request) => {
    try {
      const target = request.headers['x-amz-target'] ?? '';
      const [prefix, name] = target.split('.');
      const operation = prefix === targetPrefix ? operations.get(name ?? '') : undefined;
      if (operation === undefined) {
        throw new JsonRefusal('UnknownOperationException', `There is no operation '${target}' here`);
      }
      return written(200, version, await operation(inputOf(request.body), request));
    } catch (error) {
      if (!(error instanceof JsonRefusal)) throw error;
      return written(error.status, version, { __type: error.code, message: error.message, Message: error.message });
    }
  };
};

/** The member as text. @throws JsonRefusal when it is absent or not a text. */
export const textMember = (
  input: Readonly<Record<string, unknown>>,
  name: string,
  code = 'ValidationException',
): string => {
  const value = input[name];
  if (typeof value !== 'string') {
    throw new JsonRefusal(code, `Value at '${name}' failed to satisfy constraint: Member must be a text`);
  }
  return value;
};

/** The member as text, if there is one. @throws JsonRefusal when it is something else. */
export const optionalText = (input: Readonly<Record<string, unknown>>, name: string): string | undefined =>
  input[name] === undefined || input[name] === null ? undefined : textMember(input, name);
