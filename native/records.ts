/**
 * What crosses between engine and store: requests, fetched records and writes, as words over an arena of bytes.
 * The layouts are described in ARCHITECTURE.md, "What crosses the boundary".
 */

import { opWords } from './layout.ts'

export const requestModes = { get: 0, prefix: 1, range: 2 } as const
export const writeKinds = { put: 0, delete: 1 } as const

/** Records that the engine lacks. */
export interface Requests {
  readonly ops: Uint32Array
  readonly arena: Uint8Array
}

/** Changes to persist, sorted by table and key. The arena must stay untouched until they are flushed. */
export interface Writes {
  readonly ops: Uint32Array
  readonly arena: Uint8Array
}

/** What a request wants: one record, those whose keys start so, or those from one key to before another. */
export type Wanted =
  | { readonly mode: 'get'; readonly key: Uint8Array }
  | { readonly mode: 'prefix'; readonly prefix: Uint8Array; readonly limit: number }
  | { readonly mode: 'range'; readonly from: Uint8Array; readonly to: Uint8Array; readonly bytes: number }

/**
 * One request, read out of its words. `limit` is a number of records, 0 is unlimited; `bytes` is a size of keys and values
 * at which an answer ends, though it may hold as much more as its last record.
 */
export type Request = { readonly table: number } & Wanted

/** Reads request `index`; keys are views into the arena. */
export function requestAt(requests: Requests, index: number): Request {
  const at = index * opWords
  const { ops, arena } = requests
  const table = word(ops, at)
  const mode = word(ops, at + 1)
  const key = arena.subarray(word(ops, at + 2), word(ops, at + 3))
  if (mode === requestModes.get) return { table, mode: 'get', key }
  const limit = word(ops, at + 4)
  if (mode === requestModes.prefix) return { table, mode: 'prefix', prefix: key, limit }
  const half = key.length / 2
  return { table, mode: 'range', from: key.subarray(0, half), to: key.subarray(half), bytes: limit }
}

/** One write, read out of its words. A deletion has no value. */
export interface Write {
  readonly table: number
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** Reads write `index`, if it is one to table `only`; key and value are views into the arena. */
export function writeAt(writes: Writes, index: number): Write
export function writeAt(writes: Writes, index: number, only: number): Write | undefined
export function writeAt(writes: Writes, index: number, only?: number): Write | undefined {
  const at = index * opWords
  const { ops, arena } = writes
  if (only !== undefined && ops[at] !== only) return undefined
  const keyEnd = word(ops, at + 3)
  return {
    table: word(ops, at),
    key: arena.subarray(word(ops, at + 2), keyEnd),
    value: word(ops, at + 1) === writeKinds.put ? arena.subarray(keyEnd, word(ops, at + 4)) : undefined,
  }
}

/** The table that write `index` is to. */
export const tableAt = (writes: Writes, index: number): number => word(writes.ops, index * opWords)

/** The write to a table under a key, if there is one. */
export function findWrite(writes: Writes, table: number, key: Uint8Array): Write | undefined {
  const at = placeOf(writes, table, key)
  const write = at < writeCount(writes) ? writeAt(writes, at, table) : undefined
  return write && Buffer.compare(write.key, key) === 0 ? write : undefined
}

/** The writes to a table under keys that start so, in key order. */
export function* writesUnder(writes: Writes, table: number, prefix: Uint8Array): Iterable<Write> {
  for (let at = placeOf(writes, table, prefix); at < writeCount(writes); at += 1) {
    const write = writeAt(writes, at, table)
    if (!write || Buffer.compare(write.key.subarray(0, prefix.length), prefix) !== 0) return
    yield write
  }
}

/** The first write that is not before a table and a key. */
function placeOf(writes: Writes, table: number, key: Uint8Array): number {
  let [low, high] = [0, writeCount(writes)]
  while (low < high) {
    const middle = (low + high) >> 1
    const write = writeAt(writes, middle)
    if ((write.table - table || Buffer.compare(write.key, key)) < 0) low = middle + 1
    else high = middle
  }
  return low
}

export const requestCount = (requests: Requests): number => requests.ops.length / opWords
export const writeCount = (writes: Writes): number => writes.ops.length / opWords

/** Reads one word; a missing one is a defect of the layout, not of any input. */
export function word(words: Uint32Array, at: number): number {
  const value = words[at]
  if (value === undefined) throw new RangeError(`layout: word ${at} of ${words.length}`)
  return value
}

/**
 * A growing buffer that fetched records are written into: per request a count, then per record key length,
 * value length, key and value. It is reused, so what `bytes()` returns is good until the next `reset()`.
 */
export class RecordArena {
  #bytes: Uint8Array
  #view: DataView
  #length = 0
  #countAt = 0
  readonly #keepBytes: number

  /** Keeps at most `keepBytes` between uses; a larger fetch gets memory of its own for once. */
  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes
    this.#bytes = new Uint8Array(4096)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Starts a new fetch and invalidates what the last one returned. */
  reset(): void {
    this.#length = 0
    if (this.#bytes.length > this.#keepBytes) this.#replace(new Uint8Array(this.#keepBytes))
  }

  /** Starts the answer to the next request, with no records so far. */
  begin(): void {
    this.#reserve(4)
    this.#countAt = this.#length
    this.#view.setUint32(this.#length, 0, true)
    this.#length += 4
  }

  /** Adds a record to the answer. */
  add(key: Uint8Array, value: Uint8Array): void {
    this.#reserve(8 + key.length + value.length)
    const view = this.#view
    view.setUint32(this.#countAt, view.getUint32(this.#countAt, true) + 1, true)
    view.setUint32(this.#length, key.length, true)
    view.setUint32(this.#length + 4, value.length, true)
    this.#bytes.set(key, this.#length + 8)
    const start = this.#length + 8 + key.length
    this.#bytes.set(value, start)
    this.#length = start + value.length
  }

  /** Adds records to the answer, until they have so many bytes. */
  addAll(
    records: Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>,
    bytesMax: number = Infinity,
  ): void {
    let bytes = 0
    for (const { key, value } of records) {
      this.add(key, value)
      bytes += key.length + value.length
      if (bytes >= bytesMax) return
    }
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#replace(grown)
  }

  #replace(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}
