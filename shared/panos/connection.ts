import { errorCatalogue, isNamed, NamedError } from '../domain/errors.ts';
import { bounded } from './bounded.ts';
import type { Send } from './firewall.ts';
import { NothingSent } from './nothing-sent.ts';
import { redact } from './redact.ts';
import { type RawReply, type Reply, refusal, replyFrom } from './replies.ts';
import { type ApiRequest, formBody } from './request-forms.ts';

/**
 * The key to send; with `refused`, after the firewall refused that one: a renewed key when there is one, else the same again.
 */
export type ApiKey = (refused: string | null) => Promise<string>;

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

/** What the web layer says of a bad key (401, 403) and of an expired one (400 with these words, captured). */
const refusesKey = ({ status, reason, body }: RawReply): boolean =>
  status === 401 || status === 403 || (status === 400 && /key expired|invalid credential/i.test(`${reason} ${body}`));

interface Sent {
  readonly raw: RawReply;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** A time limit that each connection keeps, and who is told of what may still be carried out after it. */
export interface TimeLimits {
  /** Milliseconds since the epoch from which on nothing is sent; no request is given more time than is left. Default: none. */
  readonly deadline?: number;
  /**
   * Told when a request that changes something has no answer that can be read: until when (milliseconds since the epoch) the
   * firewall would have had time for it. It may be carrying it out even later.
   */
  readonly unanswered?: (until: number) => void;
}

/** One management interface with one key and one vsys. */
export const connect = (
  options: {
    readonly send: Send;
    readonly apiKey: ApiKey;
    readonly vsys: string;
    readonly timeoutMilliseconds: number;
    readonly sleep: (milliseconds: number) => Promise<void>;
    readonly now: () => number;
  } & TimeLimits,
): Connection => {
  const inTurn = bounded(inFlightAtMost);

  const keyToSend = async (refused: string | null): Promise<string> => {
    let key: string;
    try {
      key = (await options.apiKey(refused)).trim();
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

  const timeFor = ({ purpose }: ApiRequest): number => {
    const left = (options.deadline ?? Number.POSITIVE_INFINITY) - options.now();
    if (left <= 0) throw new NothingSent('The time of this step is over; the request was not sent.');
    // Work takes longer than reading, and a write without an answer costs more.
    return Math.min(options.timeoutMilliseconds * (purpose === 'read' ? 1 : 2), left);
  };

  const noteDoubt = ({ purpose }: ApiRequest, until: number): void => {
    if (purpose !== 'read') options.unanswered?.(until);
  };

  /** The reply, and until when the firewall has time for it. */
  const send = async (request: ApiRequest, key: string): Promise<Sent> => {
    const started = options.now();
    let until = started;
    try {
      const timeoutMilliseconds = timeFor(request);
      until = started + timeoutMilliseconds;
      const raw = await options.send({
        method: 'POST',
        path: '/api/',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-pan-key': key },
        body: formBody(request, options.vsys),
        timeoutMilliseconds,
      });
      return { raw, until };
    } catch (error) {
      if (!(error instanceof NothingSent)) noteDoubt(request, until);
      const said = redact(messageOf(error), key);
      const name = isOfCatalogue(error) ? error.name : 'FirewallUnreachable';
      const doubt =
        isNamed(error, 'FirewallUnreachable') || isOfCatalogue(error) ? '' : '; it may have been carried out';
      // The cause is kept only when it cannot show the key.
      const safe = error instanceof Error && !`${error.message}${error.stack}`.includes(key);
      throw new NamedError(name, `${request.asked}: ${said}${doubt}`, safe ? { cause: error } : undefined);
    }
  };

  const replyTo = (request: ApiRequest, { raw, until }: Sent, key: string): Reply => {
    try {
      return replyFrom(request, raw, key);
    } catch (error) {
      // A page, an empty body, HTTP 5xx: no answer of the API, so nothing is known of the work.
      if (isNamed(error, 'FirewallUnreachable', 'ReplyNotUnderstood')) noteDoubt(request, until);
      throw error;
    }
  };

  const askOnce = (request: ApiRequest): Promise<Reply> =>
    inTurn(async () => {
      const key = await keyToSend(null);
      const sent = await send(request, key);
      if (!refusesKey(sent.raw)) return replyTo(request, sent, key);
      // Refused at the door, so nothing was begun: whatever it is, it may be sent again, once, with a key that was renewed.
      const renewed = await keyToSend(key);
      return replyTo(request, renewed === key ? sent : await send(request, renewed), renewed);
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
