/** PAN-OS takes 1,024 characters in a description, one fewer in some (documented). */
const longestDescription = 1023;

const marks = /\[sync:([0-9a-f]{16})\]/g;

/** The mark of a table: what shows a rule or service object to be of its making without the table. */
export const markOf = (table: string): string => `[sync:${table}]`;

/** The table whose mark a description bears, the last one where there are several; null for none. */
export const tableMarked = (description: string): string | null => [...description.matchAll(marks)].at(-1)?.[1] ?? null;

/** A description that ends in this mark and bears no other: the words are shortened where both do not fit, never the mark. */
export const marked = (words: string, mark: string): string => {
  const unmarked = words.replaceAll(marks, '').trimEnd();
  return `${unmarked.slice(0, longestDescription - mark.length - 1)} ${mark}`;
};
