import { NamedError } from '../domain/errors.ts';
import type { SampleSession } from '../domain/verdict/samples.ts';
import type { Connection } from './connection.ts';
import { commandWith } from './device-state.ts';
import type { Reply } from './replies.ts';
import { opForm } from './request-forms.ts';
import { child, childrenOf, nameOf, textElement } from './xml.ts';

/** `Clean up; index: 4` and `"Clean up; index: 4" { … }`, with the vsys some releases put before a default rule. */
const ruleNameIn = (text: string): string | null => {
  const name = /^\s*"?(.+?);\s*index:\s*\d+/s.exec(text)?.[1]?.trim();
  return name === undefined ? null : name.replace(/^vsys\d+\+(?=(intra|inter)zone-default$)/, '');
};

/**
 * The name of the matching rule in every shape known: `rules/entry` with a name attribute (newer), with `NAME; index:
 * N` as text (up to 8.0), or the text form in `msg/line` (some 8.1). Null for an empty result or empty `rules`, which is
 * how no match is inferred to look.
 */
const ruleNameFrom = (reply: Reply): string | null => {
  const [entry] = childrenOf(child(reply.result, 'rules'), 'entry');
  if (entry !== undefined) {
    const name = nameOf(entry) || (ruleNameIn(entry.text) ?? entry.text.trim());
    if (name !== '') return ruleNameIn(`${name}; index: 0`);
  }
  for (const text of reply.messages) {
    const name = ruleNameIn(text);
    if (name !== null) return name;
  }
  const empty = reply.messages.length === 0 || reply.messages.every((text) => /no output|did not match/i.test(text));
  if (entry === undefined && empty) return null;
  throw new NamedError('ReplyNotUnderstood', `test security-policy-match: no rule name in ${reply.shown}`);
};

/**
 * Asks the firewall which rule of its running policy a session meets. `any` is no valid zone here, and ICMP has no port.
 */
export const askPolicyMatch = async (connection: Connection, session: SampleSession): Promise<string | null> => {
  const hasPorts = [6, 17, 132].includes(session.protocol) && session.destinationPort !== null;
  const fields: readonly (readonly [string, string])[] = [
    ['from', session.from],
    ['to', session.to],
    ['source', session.source],
    ['destination', session.destination],
    ['protocol', String(session.protocol)],
    ...(hasPorts ? ([['destination-port', String(session.destinationPort)]] as const) : []),
    // Without an application the firewall judges by the rest: `any` is what leaving it out means.
    ...(session.application === 'any' ? [] : ([['application', session.application]] as const)),
  ];
  const reply = await connection.demand(
    opForm(
      commandWith(['test', 'security-policy-match'], ...fields.map(([name, value]) => textElement(name, value))),
      'test security-policy-match',
    ),
  );
  return ruleNameFrom(reply);
};
