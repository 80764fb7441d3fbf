import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Listening, listen, type Respond, type WireRequest, type WireResponse } from '../local/http.ts';
import { listen as listenAsFirewall } from '../simulator/http-shell.ts';
import { createSimulator, type Simulator } from '../simulator/simulator.ts';

/** What a test may say about the firewall it wants; `SimulatorOptions` that can be written in JSON. */
const wanted = z
  .strictObject({
    configuration: z.string(),
    passwords: z.record(z.string(), z.string()),
    jobMilliseconds: z.number(),
    swVersion: z.string(),
    lockTexts: z.enum(['11.1', 'older']),
    policyMatchReply: z.enum(['entries', 'text', 'lines']),
    noMatchReply: z.enum(['empty', 'rules', 'default-rule']),
    reorderNeedsFullCommit: z.boolean(),
    writesDuringCommit: z.enum(['refused-while-queued', 'refused', 'allowed']),
    multiConfig: z.boolean(),
    strictUserId: z.boolean(),
    changeList: z.enum(['entry', 'node', 'container', 'written']),
    changeOwners: z.enum(['each', 'last']),
    moveLine: z.enum(['entry', 'list']),
    haSerials: z.boolean(),
    autoCommitMilliseconds: z.number(),
  })
  .partial();

const json = (status: number, body: unknown): WireResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/**
 * Firewalls on demand for clients in other languages. `POST /` with options makes a simulator that listens over HTTPS
 * and answers `{id, port, ca, administrators: {NAME: {key, password}}}`; `GET /ID/running` and `GET /ID/candidate` give
 * its configuration as it holds it; `POST /ID/control` takes faults; `DELETE /ID` ends it.
 */
export const serveFirewalls = async (): Promise<Listening> => {
  const firewalls = new Map<
    string,
    { readonly simulator: Simulator; readonly shell: { close: () => Promise<void> } }
  >();

  const make = async (body: string): Promise<WireResponse> => {
    const options = wanted.parse(JSON.parse(body));
    const simulator = createSimulator(options as Parameters<typeof createSimulator>[0]);
    const shell = await listenAsFirewall(simulator, { port: 0, tls: true });
    const id = randomUUID();
    firewalls.set(id, { simulator, shell });
    const administrators = simulator
      .administrators()
      .map((name) => [name, { key: simulator.keyOf(name), password: simulator.passwordOf(name) }] as const);
    return json(200, { id, port: shell.port, ca: shell.caPem, administrators: Object.fromEntries(administrators) });
  };

  const about = async (request: WireRequest, id: string, what: string): Promise<WireResponse> => {
    const firewall = firewalls.get(id);
    if (firewall === undefined) return json(404, { error: `there is no firewall ${id}` });
    const { simulator, shell } = firewall;
    if (request.method === 'DELETE' && what === '') {
      firewalls.delete(id);
      await shell.close();
      return json(200, {});
    }
    if (request.method === 'GET' && (what === 'running' || what === 'candidate'))
      return json(200, { xml: simulator.exportConfiguration(what) });
    if (request.method === 'POST' && what === 'control') {
      simulator.control(JSON.parse(request.body) as Parameters<Simulator['control']>[0]);
      return json(200, {});
    }
    return json(404, { error: `${request.method} ${request.path}` });
  };

  const respond: Respond = async (request) => {
    const [, id = '', what = ''] = request.path.split('/');
    return id === '' && request.method === 'POST' ? make(request.body) : about(request, id, what);
  };
  const listening = await listen(respond);
  return {
    ...listening,
    close: async () => {
      await Promise.all([...firewalls.values()].map(({ shell }) => shell.close()));
      await listening.close();
    },
  };
};
