import { type ErrorName, NamedError } from '../domain/errors.ts';
import { redact, shownReply } from './redact.ts';
import type { ApiRequest } from './request-forms.ts';
import { attribute, child, childrenOf, parseXml, type XmlElement, XmlError } from './xml.ts';

const longestWords = 4000;

/** What the transport brought back. */
export interface RawReply {
  readonly status: number;
  readonly reason: string;
  readonly contentType: string;
  readonly body: string;
}

/** A reply that is an XML API reply, whether yes or no. */
export interface Reply {
  readonly succeeded: boolean;
  /** `success`, `error`, `unauth`, … as sent. */
  readonly status: string;
  /** Null when the firewall sends none, as it often does on operational commands (captured). */
  readonly code: number | null;
  /** The firewall's words, general to specific; for a multi-config those of the failing operation. Redacted. */
  readonly messages: readonly string[];
  readonly root: XmlElement;
  /** The `result` element; where PAN-OS 8.1 wraps an answer twice, the inner one. */
  readonly result: XmlElement | null;
  readonly http: { readonly status: number; readonly reason: string };
  /** The whole reply as a message may show it. */
  readonly shown: string;
}

/**
 * The texts below an element, one per element that has text: PAN-OS nests `line` in `line`, `msg` in `line` and wraps
 * any of them in CDATA.
 */
const textsBelow = (from: XmlElement | null): readonly string[] => {
  if (from === null) return [];
  const own = from.text.trim().replace(/\s+/g, ' ');
  return [...(own === '' ? [] : [own]), ...from.children.flatMap(textsBelow)];
};

/** The `message` attributes of a user-id style answer hidden in a line. */
const entryMessages = (from: XmlElement | null): readonly string[] =>
  from === null
    ? []
    : [
        ...(from.name === 'entry' ? [attribute(from, 'message') ?? ''].filter((text) => text !== '') : []),
        ...from.children.flatMap(entryMessages),
      ];

const succeededStatus = (response: XmlElement): boolean => attribute(response, 'status') === 'success';

const messagesOf = (response: XmlElement): readonly string[] => {
  // A multi-config: what the failing operation says, else what the last one says.
  const inner = childrenOf(response, 'response');
  const failing = inner.filter((each) => !succeededStatus(each));
  const said = (failing.length > 0 ? failing : inner.slice(-1)).flatMap(messagesOf);
  const message = child(response, 'msg');
  const result = child(response, 'result');
  const job =
    child(child(child(result, 'job'), 'details'), 'line') === null ? null : child(child(result, 'job'), 'details');
  const ownText = result === null ? '' : result.text.trim();
  const own = [
    ...entryMessages(message),
    ...textsBelow(message),
    ...textsBelow(child(result, 'msg')),
    ...textsBelow(job),
    ...(ownText === '' ? [] : [ownText]),
  ];
  return [...said, ...own];
};

const codeOf = (response: XmlElement): number | null => {
  const text = attribute(response, 'code')?.trim() ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
};

const notUnderstood = (request: ApiRequest, why: string, raw: RawReply, key: string, cause?: unknown): NamedError =>
  new NamedError(
    'ReplyNotUnderstood',
    `${redact(request.asked, key)}: ${why}. HTTP ${raw.status} ${redact(raw.reason, key)}, ${raw.contentType || 'no content type'}: ${shownReply(raw.body, key) || '(empty body)'}`,
    cause === undefined ? undefined : { cause },
  );

/**
 * Reads a reply.
 * @throws FirewallUnreachable for HTTP 5xx and 429 and for an empty body (both seen from devices that are starting or
 * overloaded), FirewallDenied for 401 and 403 without an XML body, ReplyNotUnderstood for everything that is not an XML
 * API reply: pages, other roots, broken XML.
 */
export const replyFrom = (request: ApiRequest, raw: RawReply, key: string): Reply => {
  const asked = redact(request.asked, key);
  const line = `HTTP ${raw.status} ${redact(raw.reason, key)}`.trim();
  if (raw.status >= 500 || raw.status === 429) {
    // Inferred: what a firewall sends while it starts. A client of many years models HTTP 500 `device not ready`.
    throw new NamedError('FirewallUnreachable', `${asked}: ${line}: ${shownReply(raw.body, key) || '(empty body)'}`);
  }
  let root: XmlElement;
  try {
    root = parseXml(raw.body);
  } catch (error) {
    if (raw.status === 401 || raw.status === 403 || /key expired|invalid credential/i.test(raw.reason)) {
      throw denied(request, `${line}: ${shownReply(raw.body, key)}`);
    }
    if (raw.status === 200 && raw.body.trim() === '') {
      throw new NamedError(
        'FirewallUnreachable',
        `${asked}: ${line} with an empty body, as an overloaded firewall sends; the request may have been carried out`,
      );
    }
    if (/<html|<!doctype html/i.test(raw.body.slice(0, 4000))) {
      throw notUnderstood(request, 'a web page instead of an XML API reply', raw, key);
    }
    const why = error instanceof XmlError ? error.message : 'no XML';
    throw notUnderstood(request, `no well-formed XML: ${redact(why, key)}`, raw, key);
  }
  if (root.name !== 'response') {
    throw notUnderstood(request, `a <${redact(root.name, key).slice(0, 64)}> instead of a <response>`, raw, key);
  }
  const status = attribute(root, 'status') ?? '';
  if (status === '') throw notUnderstood(request, 'a <response> without a status', raw, key);
  const result = child(root, 'result');
  // PAN-OS 8.1 to 10.0.0 may wrap the answer of `show config …` twice.
  const wrapped = child(child(result, 'response'), 'result');
  return {
    succeeded: status === 'success' && raw.status < 400,
    status,
    code: codeOf(root),
    messages: messagesOf(root).map((text) => redact(text, key)),
    root,
    result: wrapped ?? result,
    http: { status: raw.status, reason: redact(raw.reason, key) },
    shown: shownReply(raw.body, key),
  };
};

const denied = (request: ApiRequest, words: string): NamedError =>
  request.mayBeRestarting === true
    ? new NamedError(
        'FirewallUnreachable',
        `${request.asked}: ${words}. While a firewall starts up it refuses a good key as well; if this goes on, the key is bad`,
      )
    : new NamedError('FirewallDenied', `${request.asked}: ${words}`);

/** Refusals known by their words, whatever the code: codes differ between releases and are often absent. */
const byWords: readonly (readonly [RegExp, ErrorName])[] = [
  [/invalid credential|not authenticated|key expired|not authorized|unauthorized request/i, 'FirewallDenied'],
  // Seen under load within milliseconds of the request (captured), so it is no proof that the key has ended.
  [/^session timed out/i, 'FirewallUnreachable'],
  [/device not ready/i, 'FirewallUnreachable'],
  // "… is not allowed. Full system commit must be completed." is captured for revert; for commit it is inferred.
  [/full (system )?commit (must be completed|is required)|partial commit is not allowed/i, 'FullCommitNeeded'],
  [/another commit\/validate is in progress|a commit is (in progress|pending)/i, 'CommitInProgress'],
  [/cannot commit while an install is in progress|local commit jobs are queued/i, 'CommitInProgress'],
  [/another sync is in progress/i, 'CommitInProgress'],
  [/timed out while getting config lock/i, 'ConfigLocked'],
  [/holding (device wide )?config locks|config lock is already held/i, 'ConfigLocked'],
  // Only these beginnings are known of what a config write blocked by a lock gets.
  [/configuration is locked by|is currently locked by/i, 'ConfigLocked'],
  [/holding (device wide )?commit locks|commit lock is already held/i, 'CommitLocked'],
  // Only the beginning of this text is known. Inferred: whatever blocks passes, so trying again is right.
  [/^this operation is blocked because of/i, 'CommitInProgress'],
  [/passive (device|firewall|peer)|not (the )?active (device|firewall|peer)|non-functional/i, 'FirewallNotActive'],
  [/maximum number of .* exceeded|exceeds? (the )?(platform )?(maximum|capacity)/i, 'FirewallFull'],
  [/is invalid vsys/i, 'Misconfigured'],
];

/** The firewall's words in one line, cut to a length; the whole reply when it has none. */
export const wordsOf = (reply: Reply): string => {
  if (reply.messages.length === 0) return `no message: ${reply.shown}`;
  const words = reply.messages.join(' | ');
  return words.length <= longestWords ? words : `${words.slice(0, longestWords)}… (${words.length} characters in all)`;
};

/**
 * The named error for a reply that says no. Decided by words first, then by code as real devices use them, which is
 * not as the documented table has it.
 */
export const refusal = (request: ApiRequest, reply: Reply): NamedError => {
  const code = reply.code === null ? '' : ` (code ${reply.code})`;
  const http = reply.http.status === 200 ? '' : `, HTTP ${reply.http.status} ${reply.http.reason}`;
  const words = `${wordsOf(reply)}${code}${http}`;
  const message = `${request.asked}: ${words}`;
  const texts = [...reply.messages, reply.http.reason];
  // A write whose reply quotes names of ours must not be judged by the words in those names: only states of the
  // firewall are looked for, and a refusal of the written content carries code 10 or 12.
  const aboutContent = request.purpose === 'write' && (reply.code === 10 || reply.code === 12);
  const known = byWords.find(
    ([pattern, name]) => (!aboutContent || name === 'FirewallFull') && texts.some((text) => pattern.test(text)),
  );
  if (known !== undefined) {
    return known[1] === 'FirewallDenied' ? denied(request, words) : new NamedError(known[1], message);
  }
  if ([401, 403].includes(reply.http.status) || reply.code === 403 || reply.code === 16 || reply.status === 'unauth') {
    return denied(request, words);
  }
  if (reply.code === 22) return new NamedError('FirewallUnreachable', message);
  // Documented as "operation denied", e.g. a command that a passive device does not take.
  if (reply.code === 15) return new NamedError('FirewallNotActive', message);
  const changes = request.purpose === 'write' || request.purpose === 'commit';
  if (changes && reply.messages.length > 0 && isRefusalOfContent(reply.code)) {
    return new NamedError('FirewallRejected', message);
  }
  const whole = reply.messages.length === 0 ? '' : `. The whole reply: ${reply.shown}`;
  return new NamedError('ReplyNotUnderstood', `${message}${whole}`);
};

/**
 * 10 referenced, 12 invalid, 13 not found and many others, 14 not possible, 7 no such target (captured); 6, 8 and 9 as
 * documented. The rest are internal errors and malformed requests: not something another plan would cure.
 */
const isRefusalOfContent = (code: number | null): boolean =>
  code === null || [6, 7, 8, 9, 10, 12, 13, 14].includes(code);
