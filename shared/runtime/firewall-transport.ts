import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { NamedError } from '../domain/errors.ts';
import { bounded } from '../panos/bounded.ts';
import type { Send } from '../panos/firewall.ts';
import { NothingSent } from '../panos/nothing-sent.ts';

/** How to reach a management interface, and how to know it. */
export interface TransportOptions {
  /** `https://host[:port]`, nothing behind it. */
  readonly endpoint: string;
  /** PEM of the certificate authority, or of the certificate itself. Null: those the system trusts. */
  readonly ca?: string | null;
  /** SHA-256 of the certificate in hex, with or without colons. With it alone, any certificate of that value is taken. */
  readonly fingerprint?: string | null;
  /** Allows `http://`, where everybody on the way can read the key. Default false. */
  readonly allowHttp?: boolean;
  /** Default 10000. */
  readonly connectTimeoutMilliseconds?: number;
  /** Default 64 MB. */
  readonly maximumReplyBytes?: number;
  /**
   * Connections idle for longer are not used again: a frozen Lambda wakes up with connections that the other side has long
   * closed, and a write sent on such a one would have an unknown outcome for nothing. Default 4000.
   */
  readonly idleMilliseconds?: number;
}

const socketsAtMost = 4;

type Outcome = 'not sent' | 'perhaps sent';

const unreachable = (endpoint: string, why: string, outcome: Outcome, cause?: unknown): NamedError => {
  const options = cause === undefined ? undefined : { cause };
  if (outcome === 'not sent') return new NothingSent(`${endpoint}: ${why}; nothing was sent to it`, options);
  const doubt = 'the request may have reached it and may have been carried out';
  return new NamedError('FirewallUnreachable', `${endpoint}: ${why}; ${doubt}`, options);
};

const messageOf = (error: unknown): string => {
  // Several addresses of one name fail together with an empty message.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message.includes(code) ? error.message || code : `${code} ${error.message}`;
};

const fingerprintFrom = (text: string): string => {
  const hex = text.replaceAll(/[:\s]/g, '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(hex)) {
    throw new NamedError('Misconfigured', 'the firewall certificate fingerprint is not a SHA-256 in hex (64 digits)');
  }
  return hex;
};

const endpointFrom = (text: string, allowHttp: boolean): URL => {
  if (!URL.canParse(text))
    throw new NamedError('Misconfigured', `the firewall endpoint ${JSON.stringify(text)} is no URL`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new NamedError('Misconfigured', `the firewall endpoint of host ${url.host} contains a user or password`);
  }
  const bare = ['', '/', '/api', '/api/'].includes(url.pathname) && url.search === '' && url.hash === '';
  if (!bare) throw new NamedError('Misconfigured', `the firewall endpoint ${text} has something behind the host`);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowHttp)) {
    throw new NamedError('Misconfigured', `the firewall endpoint ${text} is not https://, and nothing else is allowed`);
  }
  return url;
};

type Connected = (error: Error | null, socket: Duplex) => void;

/** Opens a connection and hands it over only when it is up and, over TLS, when it is who it should be. */
const opener = (url: URL, options: TransportOptions) => {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const fingerprint = options.fingerprint ? fingerprintFrom(options.fingerprint) : null;
  const ca = options.ca || null;
  const limit = options.connectTimeoutMilliseconds ?? 10_000;

  return (done: Connected): void => {
    const secure = url.protocol === 'https:';
    const socket = secure
      ? tls.connect({
          host,
          port,
          ...(net.isIP(host) === 0 ? { servername: host } : {}),
          ...(ca === null ? {} : { ca }),
          // A pinned certificate is compared below, before the socket is handed to anybody who writes to it.
          rejectUnauthorized: ca !== null || fingerprint === null,
          ALPNProtocols: ['http/1.1'],
        })
      : net.connect({ host, port });
    let over = false;
    const finish = (error: NamedError | null): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      socket.removeListener('error', failed);
      if (error === null) {
        done(null, socket);
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      done(error, socket);
    };
    const failed = (error: unknown): void => {
      finish(unreachable(url.origin, `no connection: ${messageOf(error)}`, 'not sent', error));
    };
    const timer = setTimeout(() => {
      finish(unreachable(url.origin, `no connection within ${limit} ms`, 'not sent'));
    }, limit);
    socket.once('error', failed);
    socket.once('close', () => failed('the connection was closed'));
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      if (fingerprint !== null && socket instanceof tls.TLSSocket) {
        const shown = socket.getPeerCertificate().fingerprint256?.replaceAll(':', '').toUpperCase();
        if (shown !== fingerprint) {
          finish(
            unreachable(
              url.origin,
              `its certificate has the SHA-256 fingerprint ${shown ?? '(none)'}, not the configured one`,
              'not sent',
            ),
          );
          return;
        }
      }
      finish(null);
    });
  };
};

const agentFor = (url: URL, options: TransportOptions): http.Agent => {
  const open = opener(url, options);
  const settings = { keepAlive: true, maxSockets: socketsAtMost, maxFreeSockets: socketsAtMost };
  // Sockets come only from the opener: no request is written to one that has not been checked.
  const createConnection = (_: unknown, done?: Connected): undefined => {
    if (done === undefined) throw new Error('an agent connects only asynchronously');
    open(done);
  };
  const agent = url.protocol === 'https:' ? new https.Agent(settings) : new http.Agent(settings);
  return Object.assign(agent, { createConnection });
};

const decodeBody = (chunks: readonly Buffer[], origin: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new NamedError('ReplyNotUnderstood', `${origin}: the reply is not UTF-8`, { cause: error });
  }
};

/**
 * A transport to one management interface: keeps connections open, at most four.
 * @throws Misconfigured at once for an unusable option. The returned function raises FirewallUnreachable, whose message
 * says whether the request may have reached the firewall, or ReplyNotUnderstood for a reply too big or not UTF-8.
 */
export const httpsSend = (options: TransportOptions): Send => {
  const url = endpointFrom(options.endpoint, options.allowHttp === true);
  const idle = options.idleMilliseconds ?? 4000;
  const maximum = options.maximumReplyBytes ?? 64 * 1024 * 1024;
  let agent = agentFor(url, options);
  let underWay = 0;
  let lastUsed = performance.now();

  const currentAgent = (): http.Agent => {
    // Only when nobody else is on the way: this request is counted already.
    if (underWay === 1 && performance.now() - lastUsed > idle) {
      agent.destroy();
      agent = agentFor(url, options);
    }
    return agent;
  };

  const exchange: Send = (request) =>
    new Promise((resolve, reject) => {
      let reached = false;
      let timer: NodeJS.Timeout | undefined;
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        reject(
          error instanceof NamedError
            ? error
            : unreachable(url.origin, messageOf(error), reached ? 'perhaps sent' : 'not sent', error),
        );
      };
      const body = Buffer.from(request.body, 'utf8');
      const outgoing = (url.protocol === 'https:' ? https : http).request({
        agent: currentAgent(),
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        method: request.method,
        path: request.path,
        headers: {
          ...request.headers,
          host: url.host,
          'content-length': String(body.length),
          accept: 'application/xml',
        },
      });
      timer = setTimeout(() => {
        const outcome = reached ? 'perhaps sent' : 'not sent';
        const error = unreachable(url.origin, `no reply within ${request.timeoutMilliseconds} ms`, outcome);
        fail(error);
        outgoing.destroy(error);
      }, request.timeoutMilliseconds);
      // Handed out by the agent when it is connected and checked; from here on bytes may be on their way.
      outgoing.once('socket', () => {
        reached = true;
      });
      outgoing.on('error', fail);
      outgoing.once('response', (incoming) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > maximum) {
            fail(new NamedError('ReplyNotUnderstood', `${url.origin}: the reply has more than ${maximum} bytes`));
            outgoing.destroy();
            return;
          }
          chunks.push(chunk);
        });
        incoming.on('error', fail);
        incoming.once('close', () => {
          if (!incoming.complete) fail(new Error('the connection was closed in the middle of the reply'));
        });
        incoming.once('end', () => {
          clearTimeout(timer);
          try {
            resolve({
              status: incoming.statusCode ?? 0,
              reason: incoming.statusMessage ?? '',
              contentType: incoming.headers['content-type'] ?? '',
              body: decodeBody(chunks, url.origin),
            });
          } catch (error) {
            fail(error);
          }
        });
      });
      outgoing.end(body);
    });

  // An agent counts only sockets that are connected already, so its own limit does not hold for a burst.
  const inTurn = bounded(socketsAtMost);
  return (request) =>
    inTurn(async () => {
      underWay += 1;
      try {
        return await exchange(request);
      } finally {
        underWay -= 1;
        lastUsed = performance.now();
      }
    });
};
