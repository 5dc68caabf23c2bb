import type { StoredRecord } from './store.ts'

/** Keys are held in blocks of this many at most, so that an insertion moves few of them. */
const blockKeysMax = 512

interface Entry {
  readonly name: string
  key: Uint8Array
  value: Uint8Array
}

/**
 * Records in byte order of their keys: a map for lookups and, from the first scan on, sorted blocks for scans. An
 * insertion then costs a binary search and a move within one block; tables that nobody scans do without.
 */
export class SortedTable {
  readonly #entries = new Map<string, Entry>()
  #blocks: Entry[][] | undefined

  get size(): number {
    return this.#entries.size
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#entries.get(nameOf(key))?.value
  }

  /** Adds or replaces a record, whose value so far it returns. The table keeps both arrays. */
  set(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
    const name = nameOf(key)
    const known = this.#entries.get(name)
    if (known) {
      const before = known.value
      known.value = value
      return before
    }
    const entry = { name, key, value }
    this.#entries.set(name, entry)
    if (!this.#blocks) return undefined
    const at = blockOf(this.#blocks, name)
    const block = this.#blocks[at] ?? []
    block.splice(position(block, name), 0, entry)
    if (block.length > blockKeysMax) this.#blocks.splice(at + 1, 0, block.splice(block.length >> 1))
    return undefined
  }

  /** Takes a record away; its value. */
  delete(key: Uint8Array): Uint8Array | undefined {
    const name = nameOf(key)
    const value = this.#entries.get(name)?.value
    if (!this.#entries.delete(name) || !this.#blocks) return value
    const at = blockOf(this.#blocks, name)
    const block = this.#blocks[at] ?? []
    block.splice(position(block, name), 1)
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1)
    return value
  }

  /** Copies every record, so that the table holds on to no buffer of others; gives them all. */
  *keepCopies(): Iterable<StoredRecord> {
    for (const entry of this.#entries.values()) {
      entry.key = new Uint8Array(entry.key)
      entry.value = new Uint8Array(entry.value)
      yield entry
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#blocks = undefined
  }

  /** Records from `start` to before `end`, at most `limit` of them (0: all). */
  *range(start: Uint8Array | undefined, end: Uint8Array | undefined, limit: number): Iterable<StoredRecord> {
    const from = start ? nameOf(start) : ''
    const before = end && nameOf(end)
    let left = limit === 0 ? Number.POSITIVE_INFINITY : limit
    const blocks = (this.#blocks ??= blocksOf(this.#entries))
    for (let at = blockOf(blocks, from); at < blocks.length; at += 1) {
      const block = blocks[at] ?? []
      for (let index = position(block, from); index < block.length; index += 1) {
        const entry = block[index]
        if (!entry || left === 0 || (before !== undefined && entry.name >= before)) return
        left -= 1
        yield { key: entry.key, value: entry.value }
      }
    }
  }
}

/** All entries in order, in blocks that have room for more. */
function blocksOf(entries: ReadonlyMap<string, Entry>): Entry[][] {
  const sorted = [...entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const size = blockKeysMax >> 1
  const blocks = Array.from({ length: Math.ceil(sorted.length / size) }, (_, at) =>
    sorted.slice(at * size, (at + 1) * size),
  )
  return blocks.length > 0 ? blocks : [[]]
}

/** The block that holds `name`, or would: the last one that starts at or before it. */
function blockOf(blocks: readonly (readonly Entry[])[], name: string): number {
  let low = 0
  let high = blocks.length
  while (low < high) {
    const middle = (low + high) >> 1
    const first = blocks[middle]?.[0]
    if (first && first.name > name) high = middle
    else low = middle + 1
  }
  return Math.max(0, low - 1)
}

/** A string with one character a byte, whose order is that of the bytes. */
const nameOf = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')

/** The first place in the block whose name is not below `name`. */
function position(block: readonly Entry[], name: string): number {
  let low = 0
  let high = block.length
  while (low < high) {
    const middle = (low + high) >> 1
    const entry = block[middle]
    if (entry && entry.name < name) low = middle + 1
    else high = middle
  }
  return low
}
