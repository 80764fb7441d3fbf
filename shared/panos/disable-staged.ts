import type { Connection } from './connection.ts';
import { replacement } from './edits.ts';
import type { DisabledRule } from './firewall.ts';
import { askedFrom, find, readBoth } from './staged-entries.ts';
import { readPendingEdits } from './wide-lines.ts';
import { applyAtomically } from './write.ts';
import { attribute, child, isYes, textElement } from './xml.ts';
import { canonicalXpath, type Places } from './xpath.ts';

/**
 * Sets the rules among these xpaths that do not run yet to `disabled`, on that node alone; a rule whose `disabled` another
 * administrator has edited keeps it. Answers those that are disabled afterwards by this account.
 */
export const disableStaged = async (
  connection: Connection,
  place: Places,
  administrator: string,
  xpaths: readonly string[],
): Promise<readonly DisabledRule[]> => {
  const asked = askedFrom(place, [...new Set(xpaths.map(canonicalXpath))]);
  const both = await readBoth(connection, place);
  const staged = asked.flatMap(({ target }) => {
    const rule = target.kind === 'rule' && target.field === null ? find(both.candidate.rules, target.name) : null;
    return rule === null || find(both.running.rules, target.name) !== null ? [] : [{ name: target.name, rule }];
  });
  if (staged.length === 0) return [];
  const foreign = (await readPendingEdits(connection, place)).filter((edit) => edit.administrator !== administrator);
  const free = staged.filter(({ name, rule }) => {
    const xpath = place.ruleField(name, 'disabled');
    const by = child(rule, 'disabled')?.attributes['admin'] ?? administrator;
    return by === administrator && !foreign.some((edit) => edit.xpath === xpath);
  });
  const operations = free
    .filter(({ rule }) => !isYes(rule, 'disabled'))
    .map(({ name }) => replacement(place.ruleField(name, 'disabled'), textElement('disabled', 'yes')));
  await applyAtomically(connection, place, operations, null);
  return free.map(({ name, rule }) => ({ name, uuid: attribute(rule, 'uuid') }));
};
