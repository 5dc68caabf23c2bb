/** Choices that are the same for the same seed (splitmix32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0
  }

  /** A whole number from 0 to before `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 16), 0x21f0_aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
    return Math.floor(((mixed ^ (mixed >>> 15)) >>> 0) * (bound / 2 ** 32))
  }

  /** True in `part` of `whole` cases. */
  chance(part: number, whole: number): boolean {
    return this.below(whole) < part
  }

  /** One of a list that is not empty. */
  of<Item>(list: readonly Item[]): Item {
    return list[this.below(list.length)] as Item
  }

  /** From 1 to `bound`, as often small as large. */
  sized(bound: number): number {
    return Math.min(bound, 1 + this.below(2 ** this.below(Math.ceil(Math.log2(bound)) + 1)))
  }

  shuffled<Item>(list: readonly Item[]): Item[] {
    const items = [...list]
    for (let at = items.length - 1; at > 0; at -= 1) {
      const other = this.below(at + 1)
      ;[items[at], items[other]] = [items[other] as Item, items[at] as Item]
    }
    return items
  }
}
