/** Far fewer than the connections that the client keeps. */
const atOnce = 16;

/**
 * Does each, a few at a time and begun in order: what one does must not hang on another. After a failure nothing more is
 * begun, and the failure is raised once all that is under way has ended, so that nothing is written after it was told.
 */
export const sideBySide = async <Item>(items: Iterable<Item>, act: (item: Item) => Promise<unknown>): Promise<void> => {
  const left = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.next(); !next.done && failures.length === 0; next = left.next()) {
      try {
        await act(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length > 0) throw failures[0];
};
