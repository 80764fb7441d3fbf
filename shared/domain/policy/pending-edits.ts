/** One entry of the firewall's list of uncommitted changes. */
export interface PendingEdit {
  readonly administrator: string;
  readonly xpath: string;
  /** As the firewall says: `CREATE`, `EDIT`, `DELETE`, `MOVE`, … */
  readonly action: string;
  /** The list names several administrators, or only a container, and nothing marks who of them, or what exactly, it was. */
  readonly isDoubtful?: true;
}

/** Whether an xpath names an entry, or a node within it. Both in canonical form, as the client reads and writes them. */
export const isWithin = (xpath: string, entry: string): boolean => xpath === entry || xpath.startsWith(`${entry}/`);

/** Whether an xpath concerns an entry at all: the entry, a node within it, or something that contains it. */
export const concerns = (xpath: string, entry: string): boolean => isWithin(xpath, entry) || isWithin(entry, xpath);

/** The administrator other than ours with uncommitted edits on an entry or within it; null when there is none. */
export const foreignEditor = (pending: readonly PendingEdit[], administrator: string, entry: string): string | null =>
  pending.find((edit) => !edit.isDoubtful && edit.administrator !== administrator && isWithin(edit.xpath, entry))
    ?.administrator ?? null;

/** What an xpath of the firewall's list of uncommitted changes is about. */
export interface EditedEntry {
  readonly kind: 'rule' | 'object';
  readonly name: string;
}

const entryPattern = /\/(?!vsys\/|devices\/)([a-z-]+)\/entry\[@name=(?:'([^']*)'|"([^"]*)")\]/g;

/** The rule or object a pending edit is about; null when it is about something with no name, e.g. a whole list or vsys. */
export const editedEntry = (edit: PendingEdit): EditedEntry | null => {
  let entry: EditedEntry | null = null;
  for (const [, container, single, double] of edit.xpath.matchAll(entryPattern)) {
    if (entry?.kind !== 'rule')
      entry = { kind: container === 'rules' ? 'rule' : 'object', name: single ?? double ?? '' };
  }
  return entry;
};

/** Pushed rules stand in a `pre-rulebase` or `post-rulebase` instead. */
export const isOfLocalRule = (edit: PendingEdit): boolean => /\/rulebase\/security\/rules\//.test(edit.xpath);
