import type { Chunk } from '../../operators/flow.ts'
import type { LogRecords } from './client/log.ts'
import type { Position } from './position.ts'
import type { Refused, Unfit } from './taken.ts'

/** Where the value of a record stands in the stream. */
interface Place {
  readonly start: number
  readonly end: number
  readonly offset: bigint
  /** Bytes of the value before `start`. */
  readonly skipped: number
  readonly key: Uint8Array | undefined
}

/** The values of a partition as one stream, and which record each byte of it is of. */
export class RecordStream {
  #places: Place[] = []
  #refused: Refused[] = []
  #at = 0

  /** Appends values; `skip` bytes of the first one are done with. */
  append(
    group: LogRecords,
    skip: number,
    unfit: (records: LogRecords, index: number) => Unfit | undefined,
  ): Pick<Chunk, 'bytes' | 'headroom' | 'at'> {
    const at = this.#at
    const values: Uint8Array[] = []
    for (const [index, record] of [...group].entries()) {
      const reason = unfit(group, index)
      if (reason !== undefined) this.#refused.push({ record, reason })
      const skipped = index === 0 ? skip : 0
      const value =
        reason === undefined ? (record.value?.subarray(skipped) ?? new Uint8Array(0)) : new Uint8Array(0)
      const start = this.#at
      this.#at += value.length
      this.#places.push({ start, end: this.#at, offset: record.offset, skipped, key: record.key })
      values.push(value)
    }
    return { bytes: Buffer.concat(values), headroom: 0, at }
  }

  /** The record that a byte is of, and how much of its value stands before; behind the last one, the next record. */
  positionAt(at: number): Position {
    const place = this.#placeAt(at)
    if (place) return { offset: place.offset, skip: at - place.start + place.skipped || 0 }
    return { offset: (this.#places.at(-1)?.offset ?? -1n) + 1n, skip: 0 }
  }

  keyAt(at: number): Uint8Array | undefined {
    return this.#placeAt(at)?.key
  }

  /** Nothing before this byte is asked for any more. */
  done(at: number): void {
    const kept = this.#places.findIndex(({ end }) => end > at)
    this.#places = kept < 0 ? this.#places.slice(-1) : this.#places.slice(kept)
  }

  /** Records that were left out since the last call. */
  refused(): readonly Refused[] {
    return this.#refused.splice(0)
  }

  #placeAt(at: number): Place | undefined {
    return this.#places.find(({ end }) => end > at)
  }
}
