import type { DecryptionRule } from '../domain/policy/policy.ts';
import { child, childrenOf, childText, descend, isYes, membersOf, nameOf, type XmlElement } from './xml.ts';

/** Lists that narrow a rule in a way that is not known here, unless they say `any`. */
const narrowingLists = ['source-user', 'category', 'source-hip', 'destination-hip'];
const decrypting: readonly string[] = ['decrypt', 'decrypt-and-forward'];

const orAny = (members: readonly string[]): readonly string[] => (members.length === 0 ? ['any'] : members);

const decryptionRuleFrom = (entry: XmlElement): DecryptionRule => ({
  name: nameOf(entry),
  from: orAny(membersOf(entry, 'from')),
  to: orAny(membersOf(entry, 'to')),
  source: orAny(membersOf(entry, 'source')),
  negateSource: isYes(entry, 'negate-source'),
  destination: orAny(membersOf(entry, 'destination')),
  negateDestination: isYes(entry, 'negate-destination'),
  service: orAny(membersOf(entry, 'service')),
  decrypts: decrypting.includes(childText(entry, 'action') ?? ''),
  narrowed: narrowingLists.some((name) => !orAny(membersOf(entry, name)).includes('any')),
});

/**
 * Enabled decryption rules for TLS, local and pushed, in evaluation order. Element names are those of the vendor's own Go
 * client (`type` with one of `ssl-inbound-inspection`, `ssl-forward-proxy`, `ssh-proxy`; `action` one of `no-decrypt`,
 * `decrypt`, `decrypt-and-forward`); inferred that a rule without an action does not decrypt.
 */
export const decryptionFrom = (vsys: XmlElement | null, pushed: XmlElement | null): readonly DecryptionRule[] =>
  [child(pushed, 'pre-rulebase'), child(vsys, 'rulebase'), child(pushed, 'post-rulebase')]
    .flatMap((rulebase) => childrenOf(descend(rulebase, 'decryption', 'rules'), 'entry'))
    .filter((entry) => !isYes(entry, 'disabled') && descend(entry, 'type', 'ssh-proxy') === null)
    .map(decryptionRuleFrom);
