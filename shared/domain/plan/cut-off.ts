import { cutOffText, type decryptionReader } from '../verdict/decryption.ts';
import type { Recognition } from './recognise.ts';
import type { Removals } from './removals.ts';

/** What decryption would cut off rules of ours that stand: they are not rewritten for it, but their reader is told. */
export const cutOffByDecryption = (
  { owned }: Recognition,
  { removals }: Removals,
  decryptionOf: ReturnType<typeof decryptionReader>,
): readonly string[] =>
  owned.flatMap(({ record, rule }) => {
    const [from, to] = [record.content.from[0], record.content.to[0]];
    if (removals.some(({ id }) => id === record.id)) return [];
    if (rule.disabled || rule.action !== 'allow' || from === undefined || to === undefined) return [];
    const { family, service, contributions } = record;
    const found = decryptionOf({ ...contributions, from, to, family, service, application: rule.application });
    return found === null ? [] : [cutOffText(rule.name, { application: rule.application, service }, found)];
  });
