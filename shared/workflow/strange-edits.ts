import { NamedError } from '../domain/errors.ts';
import { isWithin, type PendingEdit } from '../domain/policy/pending-edits.ts';
import { localRules } from '../domain/policy/policy.ts';
import { tableMarked } from '../domain/rules/mark.ts';
import type { Firewall } from '../panos/firewall.ts';
import { digestOf } from '../runtime/digest.ts';

/** Edits under our account that this system did not make, in words. */
const linesOf = (strange: readonly PendingEdit[]): readonly string[] =>
  [...new Set(strange.map(({ action, xpath }) => `${action} ${xpath}`))].sort();

/** What an operator confirms by: exactly these edits. */
const confirmation = (strange: readonly PendingEdit[]): string => digestOf(linesOf(strange).join('\n')).slice(0, 16);

/** The way out: to be started by an operator who has read the list. */
export const revertHint = (strange: readonly PendingEdit[]): string =>
  `To have exactly these taken back, start an execution with ${JSON.stringify({ operator: { revert: confirmation(strange) } })}.`;

/** Who else works with the account: another deployment, where what is staged bears a mark of its table. */
const whoElse = async (firewall: Firewall, strange: readonly PendingEdit[]): Promise<string> => {
  const marked = localRules(await firewall.candidate()).flatMap(({ name, description }) => {
    const table = tableMarked(description);
    const isStaged = strange.some(({ xpath }) => isWithin(xpath, firewall.ruleXpath(name)));
    return table !== null && isStaged ? [`"${name}" bears the mark of the table ${table}`] : [];
  });
  return marked.length === 0
    ? 'The account must be used by nobody else.'
    : `${marked.join(', ')}: another deployment, or an operator, works with this account. Each deployment needs an account of its own.`;
};

/** Names the edits, who may have made them, and the way out. */
export const refuseStrange = async (
  firewall: Firewall,
  administrator: string,
  strange: readonly PendingEdit[],
): Promise<never> => {
  throw new NamedError(
    'NotOurAdministrator',
    `${administrator} has uncommitted changes that this system did not record: ${linesOf(strange).join('; ')}. ${await whoElse(firewall, strange)} ${revertHint(strange)}`,
  );
};

/**
 * Takes back what an operator confirmed, by the firewall's own revert of the account: at that moment nothing else under it is
 * needed. Others' edits stay.
 * @throws NotOurAdministrator when other edits than the confirmed ones are there, or when the firewall does not revert them
 */
export const revertStrange = async (
  firewall: Firewall,
  administrator: string,
  strange: readonly PendingEdit[],
  confirmed: string,
): Promise<readonly string[]> => {
  if (confirmed !== confirmation(strange)) return refuseStrange(firewall, administrator, strange);
  if (!(await firewall.revertAccount())) {
    throw new NamedError(
      'NotOurAdministrator',
      `The firewall does not revert the changes of ${administrator} alone; take them back by hand: ${linesOf(strange).join('; ')}.`,
    );
  }
  return linesOf(strange);
};
