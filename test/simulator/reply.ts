import { cdata, escapeText } from './xml.ts';

/** What the management interface sends back. */
export interface SimulatorResponse {
  readonly status: number;
  /** The HTTP reason phrase; PAN-OS says things in it. */
  readonly reason: string;
  readonly contentType: string;
  readonly body: string;
  /** Set by a fault: the head promises this many bytes, but the connection breaks after `body`. */
  readonly promisedBytes?: number;
}

/** A request as a connection brings it. `query` is what followed the question mark. */
export interface SimulatorRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly contentType: string;
}

const xmlType = 'application/xml; charset=UTF-8';
const ok = (body: string): SimulatorResponse => ({ status: 200, reason: 'OK', contentType: xmlType, body });

/**
 * The web layer's envelope: HTTP status, single quotes, message in `result/msg`. Captured; the spaces around `=` are real.
 */
export const webRefusal = (status: number, reason: string, message: string): SimulatorResponse => ({
  status,
  reason,
  contentType: xmlType,
  body: `<response status = 'error' code = '${status}'><result><msg>${escapeText(message).replace(/"/g, '&quot;')}</msg></result></response>`,
});

/** The configuration daemon's envelope: HTTP 200, double quotes, `code` often absent. Captured. */
export const daemonReply = (
  status: 'success' | 'error' | 'unauth',
  code: number | null,
  inner: string,
): SimulatorResponse => ok(`<response status="${status}"${code === null ? '' : ` code="${code}"`}>${inner}</response>`);

/** `msg/line` texts; CDATA where PAN-OS uses it. */
export const lines = (texts: readonly string[]): string =>
  `<msg>${texts.map((text) => `<line>${escapeText(text)}</line>`).join('')}</msg>`;

export const cdataLines = (texts: readonly string[]): string =>
  `<msg>${texts.map((text) => `<line>${cdata(text)}</line>`).join('')}</msg>`;

export const succeeded = (code: number | null, message: string): SimulatorResponse =>
  daemonReply('success', code, `<msg>${escapeText(message)}</msg>`);

/** `<result>…</result>` of an op command; op replies carry no code. */
export const opResult = (inner: string): SimulatorResponse => daemonReply('success', null, `<result>${inner}</result>`);

export const rawXml = (body: string): SimulatorResponse => ok(body);

/** The web interface's log-in page: what a wrong content type or address gets, with status 200. Captured (about 20 KB). */
export const loginPage = (): SimulatorResponse => ({
  status: 200,
  reason: 'OK',
  contentType: 'text/html; charset=UTF-8',
  body: `<!DOCTYPE html>\n<html><head><title>Login</title></head><body id="loginpage"><form name="login" method="post"><input name="user"><input name="passwd" type="password"></form>\n${'<!-- -->\n'.repeat(2200)}</body></html>\n`,
});

/** A request the firewall refuses with the daemon's envelope. Thrown inside, turned into a reply at the edge. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: number | null;
  readonly status: 'error' | 'unauth';
  readonly texts: readonly string[];
  readonly plain: boolean;

  constructor(
    code: number | null,
    texts: readonly string[],
    options: { readonly status?: 'error' | 'unauth'; readonly plain?: boolean } = {},
  ) {
    super(texts.join('; '));
    this.code = code;
    this.status = options.status ?? 'error';
    this.texts = texts;
    this.plain = options.plain ?? true;
  }

  reply(): SimulatorResponse {
    return daemonReply(this.status, this.code, this.plain ? lines(this.texts) : cdataLines(this.texts));
  }
}
