import { recordWords } from '../../../native/engine.ts'
import type { LogRecord } from './client.ts'
import { headersIn, lacks } from './fields.ts'

/** Records as columns over the bytes that they lie in. */
export interface RecordColumns {
  /** All keys, values and headers. */
  readonly view: Uint8Array
  /**
   * Of each record start and end of its key, start and end of its value in the view, in order. Behind the value stand its
   * headers, as record batches have them.
   */
  readonly words: Uint32Array
  readonly offsets: Float64Array
  /** Of each record the bits of `lacks`. */
  readonly lacking: Uint8Array
}

/** Records of one partition where they were fetched to, in order. A record is an object only once somebody asks for it. */
export class LogRecords implements Iterable<LogRecord> {
  readonly length: number
  readonly #columns: RecordColumns

  constructor(columns: RecordColumns) {
    this.#columns = columns
    this.length = columns.offsets.length
  }

  /** What all records lie in: one view, and `recordWords` words a record. */
  get places(): Pick<RecordColumns, 'view' | 'words'> {
    return this.#columns
  }

  at(index: number): LogRecord {
    return {
      offset: this.offset(index),
      key: this.key(index),
      value: this.value(index),
      headers: headersIn(this.#columns.view, this.#word(index, 3)),
    }
  }

  offset(index: number): bigint {
    return BigInt(this.#columns.offsets[index] ?? 0)
  }

  key(index: number): Uint8Array | undefined {
    if (this.#lacking(index) & lacks.key) return undefined
    return this.#columns.view.subarray(this.#word(index, 0), this.#word(index, 1))
  }

  value(index: number): Uint8Array | undefined {
    if (this.#lacking(index) & lacks.value) return undefined
    return this.#columns.view.subarray(this.#word(index, 2), this.#word(index, 3))
  }

  /** The offset behind the last record; 0 without one. */
  get next(): bigint {
    return this.length === 0 ? 0n : this.offset(this.length - 1) + 1n
  }

  *[Symbol.iterator](): Iterator<LogRecord> {
    for (let index = 0; index < this.length; index += 1) yield this.at(index)
  }

  /** Some of the records, by places. Their view begins where the first of them does. */
  slice(from: number, to: number): LogRecords {
    if (from === 0 && to === this.length) return this
    const { view, words, offsets, lacking } = this.#columns
    const low = from < to ? this.#word(from, 0) : 0
    return new LogRecords({
      view: view.subarray(low, to < this.length ? this.#word(to, 0) : view.length),
      words: words.slice(from * recordWords, to * recordWords).map((word) => word - low),
      offsets: offsets.subarray(from, to),
      lacking: lacking.subarray(from, to),
    })
  }

  /** The records from one offset to before another one. */
  between(from: bigint, end?: bigint): LogRecords {
    return this.slice(this.#place(from), end === undefined ? this.length : this.#place(end))
  }

  /** The records whose offsets are meant. */
  only(isMeant: (offset: bigint) => boolean): LogRecords {
    const { view, words, offsets, lacking } = this.#columns
    const kept = Uint32Array.from(offsets.keys()).filter((index) => isMeant(this.offset(index)))
    if (kept.length === this.length) return this
    const chosen = new Uint32Array(kept.length * recordWords)
    for (const [place, index] of kept.entries())
      chosen.set(words.subarray(index * recordWords, (index + 1) * recordWords), place * recordWords)
    return new LogRecords({
      view,
      words: chosen,
      offsets: Float64Array.from(kept, (index) => offsets[index] ?? 0),
      lacking: Uint8Array.from(kept, (index) => lacking[index] ?? 0),
    })
  }

  /** The first place that is not before an offset. */
  #place(offset: bigint): number {
    const { offsets } = this.#columns
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((offsets[middle] ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #word(index: number, word: number): number {
    return this.#columns.words[index * recordWords + word] ?? 0
  }

  #lacking(index: number): number {
    return this.#columns.lacking[index] ?? 0
  }
}
