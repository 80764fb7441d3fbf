import type { FirewallOptions } from '../../../shared/panos/create-firewall.ts';
import { createFirewall } from '../../../shared/panos/create-firewall.ts';
import type { Firewall, Send } from '../../../shared/panos/firewall.ts';

/** A request as the firewall would see it. */
export interface Seen {
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Answer =
  | string
  | { readonly status?: number; readonly reason?: string; readonly contentType?: string; readonly body: string }
  | Error;

export const testKey = 'LUFRPT14MW5x+/=Zk3Key';
export const vsysPath = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']";
export const rulesPath = `${vsysPath}/rulebase/security/rules`;
export const ok = '<response status="success" code="20"><msg>command succeeded</msg></response>';
export const nothing = '<response status="success" code="7"><result/></response>';
export const got = (nodes: string) =>
  `<response status="success" code="19"><result total-count="1" count="1">${nodes}</result></response>`;
export const opResult = (content: string) => `<response status="success"><result>${content}</result></response>`;

/** A firewall whose every reply is a literal; a request it has no reply for fails the test by its text. */
export const scripted = (
  answer: (seen: Seen) => Answer | null,
  options: Partial<FirewallOptions> = {},
): { readonly firewall: Firewall; readonly seen: readonly Seen[] } => {
  const seen: Seen[] = [];
  const send: Send = async (request) => {
    const one = {
      fields: Object.fromEntries(new URLSearchParams(request.body)),
      headers: request.headers,
      body: request.body,
    };
    seen.push(one);
    const said = answer(one);
    if (said === null) throw new Error(`no reply scripted for ${JSON.stringify(one.fields)}`);
    if (said instanceof Error) throw said;
    const reply = typeof said === 'string' ? { body: said } : said;
    return { status: 200, reason: 'OK', contentType: 'application/xml; charset=UTF-8', ...reply };
  };
  const firewall = createFirewall({
    send,
    apiKey: async () => testKey,
    vsys: 'vsys1',
    administrator: 'sync',
    sleep: async () => undefined,
    now: () => 0,
    ...options,
  });
  return { firewall, seen };
};

/** Answers every request the same. */
export const always = (answer: Answer, options: Partial<FirewallOptions> = {}) => scripted(() => answer, options);
