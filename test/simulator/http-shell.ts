import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Socket } from 'node:net';
import * as x509 from '@peculiar/x509';
import { ConnectionLost } from './faults.ts';
import type { SimulatorRequest, SimulatorResponse } from './reply.ts';

export interface Listening {
  /** E.g. `https://127.0.0.1:41234`. */
  readonly url: string;
  readonly port: number;
  /** The self-signed certificate to trust; null over plain HTTP. */
  readonly caPem: string | null;
  readonly close: () => Promise<void>;
}

/** The largest body the shell reads. A device's own maximum is not known. */
const mostBytes = 32 * 1024 * 1024;

/** A self-signed certificate for 127.0.0.1 and localhost, as management interfaces carry out of the box. */
export const selfSigned = async (now: number): Promise<{ readonly cert: string; readonly key: string }> => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: 'CN=localhost',
      notBefore: new Date(now - 86_400_000),
      notAfter: new Date(now + 365 * 86_400_000),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`,
  };
};

const readBody = async (incoming: IncomingMessage): Promise<string | null> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > mostBytes) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const listener =
  (simulator: { readonly respond: (request: SimulatorRequest) => Promise<SimulatorResponse> }): RequestListener =>
  (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const serve = async (): Promise<void> => {
      const body = await readBody(incoming);
      if (body === null) {
        outgoing.writeHead(413, { connection: 'close' }).end();
        return;
      }
      const [path = '/', query] = (incoming.url ?? '/').split(/\?(.*)/s);
      const headers: Record<string, string | undefined> = {};
      for (const [name, value] of Object.entries(incoming.headers))
        headers[name] = Array.isArray(value) ? value.join(', ') : value;
      const response = await simulator.respond({
        method: incoming.method ?? 'GET',
        path,
        ...(query === undefined ? {} : { query }),
        headers,
        body,
        contentType: headers['content-type'] ?? '',
      });
      const bytes = Buffer.from(response.body, 'utf8');
      outgoing.writeHead(response.status, response.reason.replace(/[^\t\x20-\x7e]/g, '?'), {
        'content-type': response.contentType,
        'content-length': response.promisedBytes ?? bytes.length,
      });
      if (response.promisedBytes === undefined || response.promisedBytes === bytes.length) {
        outgoing.end(bytes);
        return;
      }
      outgoing.write(bytes, () => incoming.socket.destroySoon());
    };
    serve().catch((error: unknown) => {
      if (error instanceof ConnectionLost) {
        incoming.socket.destroy();
        return;
      }
      // Nothing a client sends may get here; say so loudly, and answer like a broken daemon.
      console.error(error);
      if (outgoing.headersSent) incoming.socket.destroy();
      else outgoing.writeHead(500, 'Internal Server Error').end();
    });
  };

/** Puts a simulator behind HTTP or HTTPS on 127.0.0.1; port 0 takes a free one. */
export const listen = async (
  simulator: { readonly respond: (request: SimulatorRequest) => Promise<SimulatorResponse> },
  options: { readonly port: number; readonly tls: boolean },
): Promise<Listening> => {
  const identity = options.tls ? await selfSigned(Date.now()) : null;
  const server = identity === null ? createHttp(listener(simulator)) : createHttps(identity, listener(simulator));
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    caPem: identity?.cert ?? null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};
