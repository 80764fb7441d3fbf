import { after, before } from 'node:test';
import { createFirewall, type FirewallOptions } from '../../../shared/panos/create-firewall.ts';
import type { Firewall, Send } from '../../../shared/panos/firewall.ts';
import { httpsSend } from '../../../shared/runtime/firewall-transport.ts';
import { type Listening, listen } from '../../simulator/http-shell.ts';
import type { SimulatorRequest, SimulatorResponse } from '../../simulator/reply.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts';

type Interception = (fields: Readonly<Record<string, string>>) => string | null;

/** A fresh simulated firewall with a client for each of two administrators, over HTTPS. */
export interface Bench {
  readonly simulator: Simulator;
  /** Client of `policy-sync`. */
  readonly firewall: Firewall;
  /** Client of `colleague`. */
  readonly colleague: Firewall;
  /** Form fields of every request of `policy-sync`. */
  readonly seen: readonly Readonly<Record<string, string>>[];
  /** Answers chosen requests of `policy-sync` instead of the simulator. */
  readonly intercept: (interception: Interception) => void;
}

/** Starts one HTTPS server for a test file; each call of the answer puts a fresh simulator behind it. */
export const benches = (): ((options?: SimulatorOptions, client?: Partial<FirewallOptions>) => Bench) => {
  let server: Listening;
  let respond: (request: SimulatorRequest) => Promise<SimulatorResponse> = async () => {
    throw new Error('no simulator yet');
  };
  let transport: Send;
  before(async () => {
    server = await listen({ respond: (request) => respond(request) }, { port: 0, tls: true });
    transport = httpsSend({ endpoint: server.url, ca: server.caPem });
  });
  after(async () => {
    await server.close();
  });
  return (options = {}, client = {}) => {
    const simulator = createSimulator(options);
    respond = simulator.respond;
    const seen: Record<string, string>[] = [];
    let interception: Interception = () => null;
    const clientOf = (user: string, send: Send): Firewall =>
      createFirewall({
        send,
        apiKey: async () => simulator.keyOf(user),
        vsys: 'vsys1',
        administrator: user,
        sleep: async () => undefined,
        now: () => 0,
        ...client,
      });
    const watched: Send = async (request) => {
      const fields = Object.fromEntries(new URLSearchParams(request.body));
      seen.push(fields);
      const instead = interception(fields);
      return instead === null
        ? transport(request)
        : { status: 200, reason: 'OK', contentType: 'application/xml', body: instead };
    };
    return {
      simulator,
      firewall: clientOf('policy-sync', watched),
      colleague: clientOf('colleague', (request) => transport(request)),
      seen,
      intercept: (next) => {
        interception = next;
      },
    };
  };
};
