import type { Records } from '../aws/table/records.ts';
import { NamedError } from '../domain/errors.ts';
import { concerns, type PendingEdit } from '../domain/policy/pending-edits.ts';
import { localRules } from '../domain/policy/policy.ts';
import type { Firewall } from '../panos/firewall.ts';
import type { Applied } from './step-results.ts';

/**
 * Disables rules of ours that are staged, do not run yet, and could not be taken back since others edit something in them: should
 * one of the others commit everything, they let nothing through. It is noted, so that no run takes that for an administrator's
 * decision. Answers their names.
 */
export const setAside = async (
  firewall: Firewall,
  records: Records,
  left: readonly string[],
): Promise<readonly string[]> => {
  if (left.length === 0) return [];
  const disabled = await firewall.disableStaged(left);
  if (disabled.length === 0) return [];
  for (const record of await records.rules()) {
    const isOne = disabled.some(({ name, uuid }) =>
      record.uuid === null ? name === record.name || name === record.id : uuid === record.uuid,
    );
    if (isOne && record.state !== 'owned' && record.setAside !== true) {
      await records.putRule({ ...record, setAside: true });
    }
  }
  return disabled.map(({ name }) => name);
};

/** Takes back what a plan has staged, added rules under the names that others have given them since included. */
export const withdrawApplied = async (
  firewall: Firewall,
  { stagedXpaths, expectations }: Pick<Applied, 'stagedXpaths' | 'expectations'>,
  more: readonly string[] = [],
): ReturnType<Firewall['withdraw']> => {
  const added = new Set(expectations.flatMap(({ kind, uuid }) => (kind === 'add' ? [uuid] : [])));
  const names = localRules(await firewall.candidate()).flatMap(({ uuid, name }) =>
    uuid !== null && added.has(uuid) ? [firewall.ruleXpath(name)] : [],
  );
  return firewall.withdraw([...new Set([...stagedXpaths, ...names, ...more])]);
};

/**
 * Nothing of ours is committed while something of ours is staged that cannot be taken back: the firewall might carry what others
 * edit in it along.
 * @throws OthersEditing naming who is editing it, and what would come of it
 */
export const refuseLeft = async (
  firewall: Firewall,
  records: Records,
  {
    left,
    pending,
    administrator,
  }: {
    readonly left: readonly string[];
    readonly pending: readonly PendingEdit[];
    readonly administrator: string;
  },
): Promise<void> => {
  if (left.length === 0) return;
  const disabled = new Set((await setAside(firewall, records, left)).map(firewall.ruleXpath));
  const lines = left.map((xpath) => {
    const editors = pending.filter((edit) => edit.administrator !== administrator && concerns(edit.xpath, xpath));
    const who = [...new Set(editors.map((edit) => edit.administrator))].join(', ') || 'not known by whom';
    return `${xpath} (${who}${disabled.has(xpath) ? '; disabled, so that it lets nothing through if he commits everything' : ''})`;
  });
  const runs = left.some((xpath) => !disabled.has(xpath));
  throw new NamedError(
    'OthersEditing',
    `What this system has staged is being edited by others and could not be taken back: ${lines.join('; ')}.${runs ? ' If one of them commits everything, what is not disabled runs until the next resync.' : ''} Everything else that was staged was withdrawn.`,
  );
};
