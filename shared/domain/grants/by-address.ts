import { overlaps, rangeOfCidr } from '../sets/addresses.ts';

/** EC2 delegates /28 and /80 prefixes (documented), so two of its addresses that overlap lie in one block of these sizes. */
const blockBits = { 4: 4, 6: 48 } as const;

/** A key that overlapping addresses of interfaces share; `wide` for anything bigger than EC2 gives to an interface. */
const blockOf = (cidr: string): string => {
  const range = rangeOfCidr(cidr);
  const [start, end] = range?.line ?? [];
  if (range === null || start === undefined || end === undefined) return 'wide';
  const bits = BigInt(blockBits[range.family]);
  const block = BigInt(start) >> bits;
  return (BigInt(end) - 1n) >> bits === block ? `${range.family} ${block}` : 'wide';
};

/** Items by their addresses, to find those that overlap one. */
export class ByAddress<Item> {
  readonly #blocks = new Map<string, (readonly [string, Item])[]>();

  add(address: string, item: Item): void {
    const block = blockOf(address);
    const there = this.#blocks.get(block) ?? [];
    this.#blocks.set(block, there);
    there.push([address, item]);
  }

  overlapping(address: string): readonly Item[] {
    const block = blockOf(address);
    const near =
      block === 'wide'
        ? [...this.#blocks.values()].flat()
        : [block, 'wide'].flatMap((each) => this.#blocks.get(each) ?? []);
    return near.flatMap(([other, item]) => (overlaps(address, other) ? [item] : []));
  }
}
