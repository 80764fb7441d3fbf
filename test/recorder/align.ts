/** An element of one sequence, of the other, or one of each that belong together. */
export interface Pair<One> {
  readonly before: One | null;
  readonly after: One | null;
}

/** The two sequences side by side: as many pairs of the same signature as there can be in order. */
export const aligned = <One>(
  before: readonly One[],
  after: readonly One[],
  signature: (one: One) => string,
): readonly Pair<One>[] => {
  const a = before.map(signature);
  const b = after.map(signature);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const rows = a.length - head - tail;
  const columns = b.length - head - tail;
  const lengths = Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1));
  const length = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = rows - 1; row >= 0; row -= 1) {
    const here = lengths[row];
    for (let column = columns - 1; here !== undefined && column >= 0; column -= 1) {
      here[column] =
        a[head + row] === b[head + column]
          ? length(row + 1, column + 1) + 1
          : Math.max(length(row + 1, column), length(row, column + 1));
    }
  }
  const pairs: Pair<One>[] = [];
  const take = (row: number | null, column: number | null): void => {
    pairs.push({
      before: row === null ? null : (before[row] ?? null),
      after: column === null ? null : (after[column] ?? null),
    });
  };
  for (let index = 0; index < head; index += 1) take(index, index);
  let row = 0;
  let column = 0;
  while (row < rows || column < columns) {
    if (row < rows && column < columns && a[head + row] === b[head + column]) {
      take(head + row, head + column);
      row += 1;
      column += 1;
    } else if (column >= columns || (row < rows && length(row + 1, column) >= length(row, column + 1))) {
      take(head + row, null);
      row += 1;
    } else {
      take(null, head + column);
      column += 1;
    }
  }
  for (let index = tail; index > 0; index -= 1) take(before.length - index, after.length - index);
  return pairs;
};
