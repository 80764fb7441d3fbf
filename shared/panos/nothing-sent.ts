import { NamedError } from '../domain/errors.ts';

/** A request that was never sent: the firewall cannot be carrying it out. A transport's every other failure leaves that open. */
export class NothingSent extends NamedError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('FirewallUnreachable', message, options);
  }
}
