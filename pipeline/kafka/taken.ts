import { recordStates, recordWords, type FramedRecords, type RecordFramer } from '../../native/engine.ts'
import type { LogRecord } from './client/client.ts'
import type { LogRecords } from './client/log.ts'
import type { Position } from './position.ts'

/** Why a record as a whole is not taken in: it goes to the dead letters, or it is the interest of another partition. */
export type Unfit = 'empty' | 'keyed' | 'misrouted' | 'oversized' | 'interest'

/** A record that is not taken in. */
export interface Refused {
  readonly record: LogRecord
  readonly reason: Unfit
}

/** Records that were cut: one view that they all lie in, and where. */
export interface Taken {
  readonly view: Uint8Array
  readonly spans: Uint32Array
  readonly faults: FramedRecords['faults']
  readonly records: LogRecords
  /** Of each record, where its value stands in the view. */
  readonly places: Uint32Array
  readonly refused: readonly Refused[]
  /** The offset behind the last record. */
  readonly next: bigint
}

/**
 * Groups records of so many bytes at most; a record alone may be larger. `mark`: only records of the same mark go together.
 */
export function* grouped(
  records: LogRecords,
  bytesMax: number,
  mark: (records: LogRecords, index: number) => unknown = () => undefined,
): Iterable<LogRecords> {
  const { words } = records.places
  let start = 0
  let bytes = 0
  for (let index = 0; index < records.length; index += 1) {
    const at = index * recordWords
    const own = (words[at + 3] ?? 0) - (words[at + 2] ?? 0) + (words[at + 1] ?? 0) - (words[at] ?? 0)
    const full = bytes > 0 && bytes + own > bytesMax
    if (index > start && (full || mark(records, start) !== mark(records, index))) {
      yield records.slice(start, index)
      start = index
      bytes = 0
    }
    bytes += own
  }
  if (start < records.length) yield records.slice(start, records.length)
}

/** Cuts a group of records where they lie; `skip` bytes of the first value are done with already. */
export function cut(
  framer: RecordFramer,
  records: LogRecords,
  { unfit, skip }: { unfit: (records: LogRecords, index: number) => Unfit | undefined; skip: number },
): Taken {
  const { view } = records.places
  const places = records.places.words.slice()
  if (skip > 0) places[2] = Math.min((places[2] ?? 0) + skip, places[3] ?? 0)
  const refused: Refused[] = []
  const known = new Set<number>()
  for (let index = 0; index < records.length; index += 1) {
    const reason = unfit(records, index)
    if (reason === undefined) continue
    known.add(index)
    refused.push({ record: records.at(index), reason })
    // Nothing of it is cut.
    places[index * recordWords + 3] = places[index * recordWords + 2] ?? 0
  }
  const { spans, faults, states } = framer.frame(view, places)
  for (let index = 0; index < records.length; index += 1) {
    if (states[index] === good || known.has(index)) continue
    const state = recordStates[states[index] ?? 0]
    if (state !== undefined && state !== 'good') refused.push({ record: records.at(index), reason: state })
  }
  return { view, spans, faults, records, places, refused, next: records.next }
}

const good = recordStates.indexOf('good')

/** Which record a byte of the view is of; behind the last one, none. */
function placeOf({ records, places }: Taken, at: number): number {
  let [low, high] = [0, records.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle * recordWords + 3] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** The position behind a byte of the view; behind the last one, that of the next record. */
export function positionIn(taken: Taken, at: number): Position {
  const { records, places, next } = taken
  const place = placeOf(taken, at)
  if (place >= records.length) return { offset: next, skip: 0 }
  const [start = 0, end = 0] = places.subarray(place * recordWords + 2, place * recordWords + 4)
  // A place counts from where the value was taken up, which is behind what was done with before.
  const before = (records.value(place)?.length ?? 0) - (end - start)
  const skip = Math.max(0, at - start)
  return { offset: records.offset(place), skip: skip > 0 || before > 0 ? skip + before : 0 }
}

/** The key of the record that a byte of the view is of. */
export const keyIn = (taken: Taken, at: number): Uint8Array | undefined => {
  const place = placeOf(taken, at)
  return place < taken.records.length ? taken.records.key(place) : undefined
}
