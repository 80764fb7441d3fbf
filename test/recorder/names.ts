/** What a recording calls the things whose real names differ from run to run. */
const token = /\b(uuid|id|digest|job)-\d+(?!\d)/g;

/** Which name of one recording is which of the other, as they turn up. */
export interface Names {
  /** Whether two texts say the same of the same things; new names are taken to be each other's when they stand in the same place. */
  readonly same: (before: string, after: string) => boolean;
}

export const createNames = (): Names => {
  const forth = new Map<string, string>();
  const back = new Map<string, string>();
  return {
    same: (before, after) => {
      if (before.replace(token, '$1') !== after.replace(token, '$1')) return false;
      const pairs: (readonly [string, string])[] = [];
      const others = after.match(token) ?? [];
      for (const [index, name] of (before.match(token) ?? []).entries()) pairs.push([name, others[index] ?? '']);
      const fits = pairs.every(
        ([name, other]) => (forth.get(name) ?? other) === other && (back.get(other) ?? name) === name,
      );
      if (!fits) return false;
      for (const [name, other] of pairs) {
        forth.set(name, other);
        back.set(other, name);
      }
      return true;
    },
  };
};

/** The text without the numbers of such names. */
export const unnamed = (text: string): string => text.replace(token, '$1');
