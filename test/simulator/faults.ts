/** The connection broke before a whole reply came: refused, reset, or dropped. In process it is thrown, over HTTP the socket goes. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly code: 'ECONNREFUSED' | 'ECONNRESET';

  constructor(code: 'ECONNREFUSED' | 'ECONNRESET') {
    super(`${code === 'ECONNREFUSED' ? 'connection refused' : 'connection reset'} (${code})`);
    this.code = code;
  }
}
