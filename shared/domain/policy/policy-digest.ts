import { bottomPlace, isDefaultRule, rulesAbove, rulesBelow } from './bottom-rule.ts';
import { objectsUsedBy } from './object-uses.ts';
import type { Policy, SecurityRule } from './policy.ts';

const ruleText = (rule: SecurityRule): string =>
  JSON.stringify([
    rule.rulebase,
    rule.name,
    rule.uuid,
    rule.ruleType,
    rule.action,
    rule.from,
    rule.to,
    rule.negateSource,
    rule.source,
    rule.negateDestination,
    rule.destination,
    rule.application,
    rule.service,
    rule.restrictions,
  ]);

/** Decryption rules and what they use: they decide which App-IDs a candidate rule names. */
const decryptionTexts = (policy: Policy): readonly string[] => {
  const { decryption = [] } = policy;
  if (decryption.length === 0) return [];
  const uses = objectsUsedBy(
    policy,
    decryption.map((rule) => ({ ...rule, application: [] })),
  );
  return [JSON.stringify(decryption), ...uses.map((use) => use.text)];
};

/**
 * Everything in the policy that verdicts rely on, as one text: the enabled rules in order, with the place of the bottom rule, as
 * far down as sessions get, the decryption rules, and every object and application these depend on. What only describes or logs is left out, so that
 * a colleague's new comment makes no plan stale. The same for the same policy, whenever and wherever it is computed.
 */
export const policyDigest = (policy: Policy, bottomRule: string): string => {
  const above = rulesAbove(policy, bottomRule).filter((rule) => !rule.disabled);
  const below = rulesBelow(policy, bottomRule).filter((rule) => !rule.disabled);
  const at = bottomPlace(policy, bottomRule);
  const bottom = at === null || isDefaultRule(bottomRule) ? undefined : policy.rules[at];
  const lines = [
    ...above.map(ruleText),
    at === null ? 'no bottom rule' : JSON.stringify([bottomRule, bottom?.uuid ?? null, bottom?.disabled ?? false]),
    ...below.map(ruleText),
    ...objectsUsedBy(policy, [...above, ...below]).map((use) => use.text),
    ...decryptionTexts(policy),
  ];
  return lines.join('\n');
};
