import { rulesAbove } from './bottom-rule.ts';
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
 * Everything in the policy that verdicts rely on, as one text: the enabled rules above the bottom rule in order, the
 * bottom rule itself, the decryption rules, and every object and application these depend on. What only describes or logs is left out, so that
 * a colleague's new comment makes no plan stale. The same for the same policy, whenever and wherever it is computed.
 */
export const policyDigest = (policy: Policy, bottomRule: string): string => {
  const above = rulesAbove(policy, bottomRule).filter((rule) => !rule.disabled);
  const bottom = policy.rules.find((rule) => rule.rulebase === 'local' && rule.name === bottomRule);
  const lines = [
    ...above.map(ruleText),
    bottom === undefined ? 'no bottom rule' : JSON.stringify([bottom.name, bottom.uuid, bottom.disabled]),
    ...objectsUsedBy(policy, above).map((use) => use.text),
    ...decryptionTexts(policy),
  ];
  return lines.join('\n');
};
