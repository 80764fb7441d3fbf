import { errorCatalogue, isNamed, NamedError } from '../domain/errors.ts';
import { bounded } from './bounded.ts';
import type { Send } from './firewall.ts';
import { redact } from './redact.ts';
import { type Reply, refusal, replyFrom } from './replies.ts';
import { type ApiRequest, formBody } from './request-forms.ts';

/** Asks the firewall; at most four requests are under way at once (the vendor advises at most five). */
export interface Connection {
  /** The reply, whether it says yes or no. @throws as `replyFrom` does, and FirewallUnreachable. */
  readonly ask: (request: ApiRequest) => Promise<Reply>;
  /** The reply when it says yes. @throws the named error of the refusal otherwise. */
  readonly demand: (request: ApiRequest) => Promise<Reply>;
}

const inFlightAtMost = 4;

/**
 * A read whose connection broke is sent once more after this pause, when it broke within `quickMilliseconds`: firewalls
 * under load, and connections kept open while nobody used them, end like that. A time-out is not repeated here.
 */
const pauseMilliseconds = 500;
const quickMilliseconds = 5000;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isOfCatalogue = (error: unknown): error is NamedError =>
  error instanceof Error && Object.hasOwn(errorCatalogue, error.name);

/** One management interface with one key and one vsys. */
export const connect = (options: {
  readonly send: Send;
  readonly apiKey: () => Promise<string>;
  readonly vsys: string;
  readonly timeoutMilliseconds: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly now: () => number;
}): Connection => {
  const inTurn = bounded(inFlightAtMost);

  const keyToSend = async (): Promise<string> => {
    let key: string;
    try {
      key = (await options.apiKey()).trim();
    } catch (error) {
      if (isOfCatalogue(error)) throw error;
      throw new NamedError('Misconfigured', 'the API key could not be read', { cause: error });
    }
    // What a header cannot carry would be refused by the transport, with the key in its message.
    if (!/^[\x21-\x7e]+$/.test(key)) {
      throw new NamedError('Misconfigured', 'the API key is empty or contains characters that no API key has');
    }
    return key;
  };

  const askOnce = (request: ApiRequest): Promise<Reply> =>
    inTurn(async () => {
      const key = await keyToSend();
      let raw: Awaited<ReturnType<Send>>;
      try {
        raw = await options.send({
          method: 'POST',
          path: '/api/',
          headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-pan-key': key },
          body: formBody(request, options.vsys),
          // Work takes longer than reading, and a write without an answer costs more.
          timeoutMilliseconds: options.timeoutMilliseconds * (request.purpose === 'read' ? 1 : 2),
        });
      } catch (error) {
        const said = redact(messageOf(error), key);
        const name = isOfCatalogue(error) ? error.name : 'FirewallUnreachable';
        const doubt =
          isNamed(error, 'FirewallUnreachable') || isOfCatalogue(error) ? '' : '; it may have been carried out';
        // The cause is kept only when it cannot show the key.
        const safe = error instanceof Error && !`${error.message}${error.stack}`.includes(key);
        throw new NamedError(name, `${request.asked}: ${said}${doubt}`, safe ? { cause: error } : undefined);
      }
      return replyFrom(request, raw, key);
    });

  const ask = async (request: ApiRequest): Promise<Reply> => {
    const started = options.now();
    try {
      return await askOnce(request);
    } catch (error) {
      const quick = options.now() - started <= quickMilliseconds;
      const repeatable = request.purpose === 'read' && request.mayBeRestarting !== true;
      if (!repeatable || !quick || !isNamed(error, 'FirewallUnreachable')) throw error;
    }
    await options.sleep(pauseMilliseconds);
    return askOnce(request);
  };

  return {
    ask,
    demand: async (request) => {
      const reply = await ask(request);
      if (!reply.succeeded) throw refusal(request, reply);
      return reply;
    },
  };
};
