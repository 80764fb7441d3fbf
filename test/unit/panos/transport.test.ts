import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import type { NamedError } from '../../../shared/domain/errors.ts';
import { httpsSend, type TransportOptions } from '../../../shared/runtime/firewall-transport.ts';

const selfSigned = async (host: 'dns' | 'ip') => {
  x509.cryptoProvider.set(webcrypto as never);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=firewall',
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2049-01-01'),
    signingAlgorithm: algorithm,
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.SubjectAlternativeNameExtension([
        host === 'ip' ? { type: 'ip', value: '127.0.0.1' } : { type: 'dns', value: 'firewall.example' },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const cert = certificate.toString('pem');
  return {
    cert,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    fingerprint: createHash('sha256').update(new X509Certificate(cert).raw).digest('hex'),
  };
};

const request = (timeoutMilliseconds = 2000) => ({
  method: 'POST' as const,
  path: '/api/',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-pan-key': 'SECRET' },
  body: 'type=op&cmd=%3Cx%2F%3E',
  timeoutMilliseconds,
});

const caught = async (work: Promise<unknown>): Promise<NamedError> => {
  try {
    await work;
  } catch (error) {
    return error as NamedError;
  }
  return assert.fail('nothing was raised');
};

type Behaviour = (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => void;

describe('the transport', () => {
  let behave: Behaviour = (_, outgoing) => void outgoing.end('<response status="success"/>');
  let received: { method: string; url: string; key: string; body: string }[] = [];
  let connections = 0;
  let byIp: Awaited<ReturnType<typeof selfSigned>>;
  let byName: Awaited<ReturnType<typeof selfSigned>>;
  let server: https.Server;
  let misnamed: https.Server;
  let plain: http.Server;

  const listener: http.RequestListener = (incoming, outgoing) => {
    let body = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => {
      body += chunk;
    });
    incoming.on('end', () => {
      received.push({
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        key: String(incoming.headers['x-pan-key']),
        body,
      });
      behave(incoming, outgoing);
    });
  };
  const listen = async <S extends net.Server>(one: S): Promise<S> => {
    one.on('connection', () => {
      connections += 1;
    });
    one.listen(0, '127.0.0.1');
    await once(one, 'listening');
    return one;
  };
  const at = (one: net.Server, scheme = 'https'): string =>
    `${scheme}://127.0.0.1:${(one.address() as AddressInfo).port}`;
  const sendTo = (one: net.Server, options: Partial<TransportOptions> = {}) => {
    received = [];
    connections = 0;
    behave = (_, outgoing) => void outgoing.end('<response status="success"/>');
    return httpsSend({ endpoint: at(one), ...options });
  };

  before(async () => {
    [byIp, byName] = await Promise.all([selfSigned('ip'), selfSigned('dns')]);
    server = await listen(https.createServer({ cert: byIp.cert, key: byIp.key }, listener));
    misnamed = await listen(https.createServer({ cert: byName.cert, key: byName.key }, listener));
    plain = await listen(http.createServer(listener));
  });
  after(() => {
    for (const one of [server, misnamed, plain]) {
      one.closeAllConnections();
      one.close();
    }
  });

  test('posts the form and gives status, reason, content type and body', async () => {
    const send = sendTo(server, { ca: byIp.cert });
    behave = (_, outgoing) => {
      outgoing.writeHead(403, 'Invalid Credential', { 'content-type': 'application/xml' });
      outgoing.end('<a>ü</a>');
    };
    assert.deepEqual(await send(request()), {
      status: 403,
      reason: 'Invalid Credential',
      contentType: 'application/xml',
      body: '<a>ü</a>',
    });
    assert.deepEqual(received, [{ method: 'POST', url: '/api/', key: 'SECRET', body: request().body }]);
  });

  test('uses one connection again and never more than four', async () => {
    const send = sendTo(server, { ca: byIp.cert });
    await send(request());
    await send(request());
    assert.equal(connections, 1);
    // Nobody is answered before four wait, so that four are used; more than four would all be open before the first answer.
    let waiting: http.ServerResponse[] = [];
    behave = (_, outgoing) => {
      waiting.push(outgoing);
      if (waiting.length < 4) return;
      for (const one of waiting) one.end('<a/>');
      waiting = [];
    };
    await Promise.all(Array.from({ length: 12 }, () => send(request())));
    assert.equal(connections, 4);
  });

  test('does not use a connection that was idle for more than four seconds', async (context) => {
    let now = 1_000;
    context.mock.method(performance, 'now', () => now);
    const send = sendTo(server, { ca: byIp.cert });
    await send(request());
    now += 4_000;
    await send(request());
    assert.equal(connections, 1);
    now += 4_001;
    await send(request());
    assert.equal(connections, 2);
  });

  test('without a CA or fingerprint a self-signed certificate is refused before anything is sent', async () => {
    const error = await caught(sendTo(server)(request()));
    assert.equal(error.name, 'FirewallUnreachable');
    assert.match(error.message, /self-signed.*nothing was sent/);
    assert.equal(received.length, 0);
  });

  test('with a CA the name in the certificate must be that of the endpoint', async () => {
    const error = await caught(sendTo(misnamed, { ca: byName.cert })(request()));
    assert.match(error.message, /ERR_TLS_CERT_ALTNAME_INVALID.*nothing was sent/);
    assert.equal(received.length, 0);
  });

  test('a pinned fingerprint is enough, whatever the name, with colons or without', async () => {
    const colons = byName.fingerprint.replace(/(..)(?=.)/g, '$1:').toUpperCase();
    for (const fingerprint of [byName.fingerprint, colons]) {
      assert.equal((await sendTo(misnamed, { fingerprint })(request())).status, 200);
    }
  });

  test('another certificate than the pinned one gets no byte of the request', async () => {
    let bytes = 0;
    const count = (_: unknown, socket: net.Socket): void => {
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
    };
    server.on('secureConnection', (socket) => count(null, socket));
    const error = await caught(sendTo(server, { fingerprint: byName.fingerprint })(request()));
    assert.equal(error.name, 'FirewallUnreachable');
    assert.match(error.message, new RegExp(`fingerprint ${byIp.fingerprint.toUpperCase()}.*nothing was sent`));
    assert.equal(bytes, 0);
    assert.equal(received.length, 0);
  });

  test('with both, both must hold', async () => {
    const wrongPin = await caught(sendTo(server, { ca: byIp.cert, fingerprint: byName.fingerprint })(request()));
    assert.match(wrongPin.message, /fingerprint/);
    const wrongCa = await caught(sendTo(server, { ca: byName.cert, fingerprint: byIp.fingerprint })(request()));
    assert.match(wrongCa.message, /nothing was sent/);
    assert.equal((await sendTo(server, { ca: byIp.cert, fingerprint: byIp.fingerprint })(request())).status, 200);
  });

  test('nobody listening: nothing was sent', async () => {
    const closed = await listen(net.createServer());
    const endpoint = at(closed);
    closed.close();
    const error = await caught(httpsSend({ endpoint })(request()));
    assert.equal(error.name, 'FirewallUnreachable');
    assert.match(error.message, /ECONNREFUSED.*nothing was sent/);
  });

  test('somebody who accepts and never speaks TLS: the connect time-out, nothing was sent', async () => {
    const mute = await listen(net.createServer((socket) => socket.on('error', () => undefined)));
    const error = await caught(httpsSend({ endpoint: at(mute), connectTimeoutMilliseconds: 50 })(request()));
    assert.match(error.message, /no connection within 50 ms; nothing was sent/);
    mute.close();
  });

  test('somebody who hangs up during the handshake: nothing was sent', async () => {
    const rude = await listen(net.createServer((socket) => socket.destroy()));
    const error = await caught(httpsSend({ endpoint: at(rude) })(request()));
    assert.equal(error.name, 'FirewallUnreachable');
    assert.match(error.message, /nothing was sent/);
    rude.close();
  });

  test('no reply in time: it may have been carried out', async () => {
    const send = sendTo(server, { ca: byIp.cert });
    behave = () => undefined;
    const error = await caught(send(request(60)));
    assert.equal(error.name, 'FirewallUnreachable');
    assert.match(error.message, /no reply within 60 ms; the request may have reached it/);
    assert.equal(received.length, 1);
  });

  test('a connection dropped after the request: it may have been carried out', async () => {
    const send = sendTo(server, { ca: byIp.cert });
    behave = (incoming) => incoming.socket.destroy();
    assert.match((await caught(send(request()))).message, /may have reached it/);
  });

  test('a reply cut short: it may have been carried out', async () => {
    const send = sendTo(server, { ca: byIp.cert });
    behave = (incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': '1000' });
      outgoing.write('<response', () => incoming.socket.destroy());
    };
    assert.match((await caught(send(request()))).message, /may have reached it/);
  });

  test('a reply that is too big is ReplyNotUnderstood', async () => {
    const send = sendTo(server, { ca: byIp.cert, maximumReplyBytes: 1000 });
    behave = (_, outgoing) => void outgoing.end('x'.repeat(5000));
    const error = await caught(send(request()));
    assert.equal(error.name, 'ReplyNotUnderstood');
    assert.match(error.message, /more than 1000 bytes/);
  });

  test('a reply that is not UTF-8 is ReplyNotUnderstood', async () => {
    const send = sendTo(server, { ca: byIp.cert });
    behave = (_, outgoing) => void outgoing.end(Buffer.from([0x3c, 0x61, 0xff, 0xfe]));
    assert.equal((await caught(send(request()))).name, 'ReplyNotUnderstood');
  });

  test('a redirect is not followed', async () => {
    const send = sendTo(server, { ca: byIp.cert });
    behave = (_, outgoing) => {
      outgoing.writeHead(302, { location: at(plain, 'http') });
      outgoing.end();
    };
    assert.equal((await send(request())).status, 302);
    assert.equal(received.length, 1);
  });

  test('plain HTTP only where it is allowed', async () => {
    assert.throws(() => httpsSend({ endpoint: at(plain, 'http') }), { name: 'Misconfigured', message: /not https/ });
    const send = sendTo(plain, { endpoint: at(plain, 'http'), allowHttp: true });
    assert.equal((await send(request())).status, 200);
  });

  test('unusable options are Misconfigured at once', () => {
    for (const endpoint of ['', 'firewall', 'ftp://a', 'https://a/b?c', 'https://user:pass@a']) {
      assert.throws(() => httpsSend({ endpoint }), { name: 'Misconfigured' }, endpoint);
    }
    assert.throws(() => httpsSend({ endpoint: 'https://a', fingerprint: 'abc' }), { name: 'Misconfigured' });
  });

  test('the key is in no message', async () => {
    const send = sendTo(server, { ca: byIp.cert });
    behave = (incoming) => incoming.socket.destroy();
    const error = await caught(send(request()));
    assert.ok(!`${error.stack}${String(error.cause)}`.includes('SECRET'));
  });
});
