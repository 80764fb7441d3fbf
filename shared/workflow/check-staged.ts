import { NamedError } from '../domain/errors.ts';
import { concerns, foreignEditor, isWithin, type PendingEdit } from '../domain/policy/pending-edits.ts';
import { localRules, type Policy } from '../domain/policy/policy.ts';
import { contentOfRule, differences } from '../domain/rules/rule-content.ts';
import type { Firewall } from '../panos/firewall.ts';
import { ownXpaths } from './become-writer.ts';
import type { Held } from './held-step.ts';
import { refuseLeft, withdrawApplied } from './set-aside.ts';
import type { Applied } from './step-results.ts';
import { revertHint } from './strange-edits.ts';

/**
 * Every xpath we staged is listed under exactly our account, and our account has nothing else pending that would change
 * anything.
 * @throws after taking back what we staged: PlanStale where something of ours has landed late, NotOurAdministrator
 */
export const checkStaged = async (
  { table: { records }, settings: { FIREWALL_ADMINISTRATOR: administrator } }: Held<unknown>,
  firewall: Firewall,
  applied: Applied,
): Promise<readonly PendingEdit[]> => {
  const pending = await firewall.pendingEdits();
  const ours = pending.filter((edit) => edit.administrator === administrator);
  const isStaged = (edit: PendingEdit) => applied.stagedXpaths.some((xpath) => concerns(edit.xpath, xpath));
  const others = ours.filter((edit) => !edit.isDoubtful && !isStaged(edit)).map((edit) => edit.xpath);
  const harmless = others.length === 0 ? [] : await firewall.unchangedAt(others);
  const strange = others.filter((xpath) => !harmless.includes(xpath));
  const unlisted = applied.stagedXpaths.filter((xpath) => !ours.some((edit) => concerns(edit.xpath, xpath)));
  const unchanged = unlisted.length === 0 ? [] : await firewall.unchangedAt(unlisted);
  const missing = unlisted.filter((xpath) => !unchanged.includes(xpath));
  if (strange.length === 0 && missing.length === 0) return pending;
  const own = strange.length === 0 ? [] : await ownXpaths(firewall, records);
  const late = strange.filter((xpath) => own.some((entry) => isWithin(xpath, entry)));
  const { left } = await withdrawApplied(firewall, applied, late);
  if (missing.length === 0) await refuseLeft(firewall, records, { left, pending, administrator });
  if (late.length > 0 && late.length === strange.length && missing.length === 0) {
    throw new NamedError(
      'PlanStale',
      `What was written before without an answer has landed since: ${late.join(', ')}.`,
    );
  }
  const why = [
    ...(missing.length > 0 ? [`not listed under ${administrator}: ${missing.join(', ')}`] : []),
    ...(strange.length > 0 ? [`not ours but pending under ${administrator}: ${strange.join(', ')}`] : []),
  ];
  const staged =
    left.length === 0 ? 'What was staged was withdrawn' : `Still staged, to be taken back by hand: ${left.join(', ')}`;
  const hint = strange.length === 0 ? '' : ` ${revertHint(ours.filter((edit) => strange.includes(edit.xpath)))}`;
  throw new NamedError('NotOurAdministrator', `${staged}: ${why.join('; ')}.${hint}`);
};

/**
 * No rule runs by now that was given up, since its write had no answer.
 * @throws PlanStale to plan again, which removes it
 */
export const checkLate = async (
  { table: { records }, settings }: Held<unknown>,
  firewall: Firewall,
  running: Policy,
): Promise<void> => {
  const rules = new Map(localRules(running).map((rule) => [rule.name, rule] as const));
  const late = (await records.rules()).flatMap(({ state, uuid, name, content }) => {
    const rule = state === 'tombstone' && uuid === null ? rules.get(name) : undefined;
    return rule !== undefined && differences(contentOfRule(rule), content).length === 0 ? [name] : [];
  });
  if (late.length === 0) return;
  const pending = await firewall.pendingEdits();
  const free = late.filter(
    (name) => foreignEditor(pending, settings.FIREWALL_ADMINISTRATOR, firewall.ruleXpath(name)) === null,
  );
  if (free.length > 0)
    throw new NamedError('PlanStale', `What was written before without an answer runs by now: ${free.join(', ')}.`);
};
