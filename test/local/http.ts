import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpResponse } from '@smithy/core/protocols';

/** One HTTP request as every local part sees it. Header names are lower case; `path` is without the query. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One HTTP answer. */
export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A local part: a function from request to response. It throws only on a fault of its own. */
export type Respond = (request: WireRequest) => Promise<WireResponse>;

interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const textOf = (body: unknown): string => {
  if (body === undefined || body === null) return '';
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  throw new TypeError('An in-process request needs a body of text or bytes');
};

const queryText = (query: SdkRequest['query']): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one ?? ''));
  }
  return parameters.toString();
};

/**
 * A request handler for an AWS SDK client (`requestHandler`) that calls a local part directly, without sockets. The
 * signature is not checked: the local parts know no credentials.
 */
export const inProcessHandler = (respond: Respond) => ({
  handle: async (request: SdkRequest): Promise<{ response: HttpResponse }> => {
    const answer = await respond({
      method: request.method,
      path: request.path,
      query: queryText(request.query),
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])),
      body: textOf(request.body),
    });
    const response = new HttpResponse({
      statusCode: answer.status,
      headers: { ...answer.headers },
      body: new TextEncoder().encode(answer.body),
    });
    return { response };
  },
  destroy: (): void => undefined,
  updateHttpClientConfig: (): void => undefined,
  httpHandlerConfigs: (): Record<string, never> => ({}),
});

const bodyOf = async (message: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const headersOf = (message: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );

const answer = async (respond: Respond, message: IncomingMessage, reply: ServerResponse): Promise<void> => {
  const url = new URL(message.url ?? '/', 'http://localhost');
  const response = await respond({
    method: message.method ?? 'GET',
    path: url.pathname,
    query: url.search.slice(1),
    headers: headersOf(message),
    body: await bodyOf(message),
  });
  reply.writeHead(response.status, response.headers).end(response.body);
};

/** A local part that listens. */
export interface Listening {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

const closing = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });

/**
 * Puts a local part behind HTTP on the loopback address. Port 0 takes a free one. A fault in the part answers 500 with
 * its message, so that the caller sees it, and is told to `onFault`.
 */
export const listen = (
  respond: Respond,
  options: { readonly port?: number; readonly onFault?: (error: unknown) => void } = {},
): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const server = createServer((message, reply) => {
      answer(respond, message, reply).catch((error: unknown) => {
        options.onFault?.(error);
        if (!reply.headersSent) reply.writeHead(500, { 'content-type': 'text/plain' });
        reply.end(`Internal fault of the local endpoint: ${error instanceof Error ? error.message : String(error)}`);
      });
    });
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${port}`, port, close: () => closing(server) });
    });
  });
