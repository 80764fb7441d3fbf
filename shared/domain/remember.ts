/** Keeps what was made under each key, so that it is made once: answers asked for again and again, clients, connections. */
export const remembering = (): (<Value>(key: string, make: () => Value) => Value) => {
  const made = new Map<string, unknown>();
  return <Value>(key: string, make: () => Value): Value => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as Value;
  };
};
