import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Listening, listen } from '../simulator/http-shell.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../simulator/simulator.ts';

export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly contentType: string;
  readonly body: string;
}

export type Parameters = Readonly<Record<string, string>>;

/** The firewall under test. */
export interface Target {
  /** A POST form with the API key in the header; what a user other than the usual one asks is for simulators only. */
  readonly ask: (parameters: Parameters, user?: string) => Promise<Reply>;
  /** Any request at all. */
  readonly send: (request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Parameters;
    readonly body: string;
  }) => Promise<Reply>;
  readonly key: string;
  /** Present when the target is a simulator: what only a simulator can be told. */
  readonly simulator: Simulator | null;
  /** A name nobody uses; whatever is made under it is deleted in the end. */
  readonly madeUpName: () => string;
}

export const vsys = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']";
export const rules = `${vsys}/rulebase/security/rules`;
export const ruleAt = (name: string): string => `${rules}/entry[@name='${name}']`;

/** A rule that lets nothing through and stops nothing: disabled, deny. */
export const harmlessRule = (name: string, changes: { readonly [field: string]: string | null } = {}): string => {
  const fields: { [field: string]: string | null } = {
    from: '<from><member>any</member></from>',
    to: '<to><member>any</member></to>',
    source: '<source><member>192.0.2.1</member></source>',
    destination: '<destination><member>192.0.2.2</member></destination>',
    application: '<application><member>any</member></application>',
    service: '<service><member>any</member></service>',
    action: '<action>deny</action>',
    disabled: '<disabled>yes</disabled>',
    ...changes,
  };
  return `<entry name="${name}">${Object.values(fields)
    .filter((field) => field !== null)
    .join('')}</entry>`;
};

const exchange = (base: string, ca: string | null, insecure: boolean, request: RawRequest): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const url = new URL(request.path, base);
    const options = {
      method: request.method,
      headers: { ...request.headers, 'content-length': String(Buffer.byteLength(request.body)) },
      agent: false as const,
      ...(ca === null ? {} : { ca }),
      ...(insecure ? { rejectUnauthorized: false } : {}),
    };
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          reason: incoming.statusMessage ?? '',
          contentType: incoming.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Parameters;
  readonly body: string;
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };

/** A real firewall, named by `PANOS_URL` and `PANOS_API_KEY`; null when they are not set. */
export const realTarget = (): (Target & { readonly cleanUp: () => Promise<void> }) | null => {
  const base = process.env['PANOS_URL'];
  const key = process.env['PANOS_API_KEY'];
  if (base === undefined || key === undefined) return null;
  const ca = process.env['PANOS_CA'] === undefined ? null : readFileSync(process.env['PANOS_CA'], 'utf8');
  const insecure = process.env['PANOS_INSECURE'] === '1';
  const names: string[] = [];
  const send: Target['send'] = (request) => exchange(base, ca, insecure, request);
  const ask: Target['ask'] = (parameters) =>
    send({
      method: 'POST',
      path: '/api/',
      headers: { ...form, 'x-pan-key': key },
      body: new URLSearchParams(parameters).toString(),
    });
  return {
    ask,
    send,
    key,
    simulator: null,
    madeUpName: () => {
      const name = `conformance-${Date.now().toString(36)}-${names.length}`;
      names.push(name);
      return name;
    },
    cleanUp: async () => {
      for (const name of names) await ask({ type: 'config', action: 'delete', xpath: ruleAt(name) });
    },
  };
};

/** One HTTP server in front of a simulator that every fact gets new. */
export const simulatorStage = async (): Promise<{
  readonly fresh: (options?: SimulatorOptions) => Target;
  readonly close: Listening['close'];
}> => {
  let simulator = createSimulator();
  const shell = await listen({ respond: (request) => simulator.respond(request) }, { port: 0, tls: false });
  return {
    close: shell.close,
    fresh: (options = {}) => {
      const own = createSimulator(options);
      simulator = own;
      let names = 0;
      const send: Target['send'] = (request) => exchange(shell.url, null, false, request);
      const key = own.keyOf('admin');
      return {
        send,
        ask: (parameters, user = 'admin') =>
          send({
            method: 'POST',
            path: '/api/',
            headers: { ...form, 'x-pan-key': own.keyOf(user) },
            body: new URLSearchParams(parameters).toString(),
          }),
        key,
        simulator: own,
        madeUpName: () => {
          names += 1;
          return `conformance-${names}`;
        },
      };
    },
  };
};
