import { recordStates, recordWords, type FramedRecords, type RecordFramer } from '../../native/engine.ts'
import type { LogRecord } from './client/client.ts'
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
  readonly records: readonly LogRecord[]
  /** Of each record, where its value stands in the view. */
  readonly places: Uint32Array
  readonly refused: readonly Refused[]
  /** The offset behind the last record. */
  readonly next: bigint
}

const byteLength = ({ key, value }: LogRecord): number => (key?.length ?? 0) + (value?.length ?? 0)

/**
 * Groups records that one view can hold: side by side in one buffer, as a fetch brings them, and of so many bytes at
 * most. A record alone may be larger. `mark`: only records of the same mark go together.
 */
export function* grouped(
  records: readonly LogRecord[],
  bytesMax: number,
  mark: (record: LogRecord) => unknown = () => undefined,
): Iterable<readonly LogRecord[]> {
  let group: LogRecord[] = []
  let bytes = 0
  let buffer: ArrayBufferLike | undefined
  for (const record of records) {
    const own = record.value?.buffer
    const full = bytes > 0 && bytes + byteLength(record) > bytesMax
    const apart = group[0] !== undefined && mark(group[0]) !== mark(record)
    if (full || apart || (own && buffer && own !== buffer)) {
      yield group
      group = []
      bytes = 0
      buffer = undefined
    }
    buffer ??= own
    group.push(record)
    bytes += byteLength(record)
  }
  if (group.length > 0) yield group
}

/** Cuts a group of records where they lie; `skip` bytes of the first value are done with already. */
export function cut(
  framer: RecordFramer,
  group: readonly LogRecord[],
  { unfit, skip }: { unfit: (record: LogRecord) => Unfit | undefined; skip: number },
): Taken {
  const { view, words } = windowOf(group)
  if (skip > 0) words[2] = Math.min((words[2] ?? 0) + skip, words[3] ?? 0)
  const refused: Refused[] = []
  for (const [index, record] of group.entries()) {
    const reason = unfit(record)
    if (reason === undefined) continue
    refused.push({ record, reason })
    // Nothing of it is cut.
    words[index * recordWords + 3] = words[index * recordWords + 2] ?? 0
  }
  const { spans, faults, states } = framer.frame(view, words)
  const known = new Set(refused.map(({ record }) => record))
  for (const [index, record] of group.entries()) {
    const state = recordStates[states[index] ?? 0]
    if (state !== undefined && state !== 'good' && !known.has(record)) refused.push({ record, reason: state })
  }
  return {
    view,
    spans,
    faults,
    records: group,
    places: words,
    refused,
    next: (group.at(-1)?.offset ?? -1n) + 1n,
  }
}

/** The one view that all keys and values lie in, and their places; they are copied if there is none. */
function windowOf(group: readonly LogRecord[]): { view: Uint8Array; words: Uint32Array } {
  const words = new Uint32Array(group.length * recordWords)
  const first = group.find(({ key, value }) => key ?? value)
  const { buffer, byteOffset: low } = first?.key ?? first?.value ?? new Uint8Array(0)
  if (!(buffer instanceof ArrayBuffer)) return copied(group, words)
  let end = low
  const follows = (part: Uint8Array | undefined): boolean =>
    part === undefined || (part.buffer === buffer && part.byteOffset >= end)
  for (const [index, { key, value }] of group.entries()) {
    const at = index * recordWords
    if (!follows(key)) return copied(group, words)
    words[at] = key ? key.byteOffset - low : 0
    if (key) end = key.byteOffset + key.length
    words[at + 1] = key ? end - low : 0
    if (!follows(value)) return copied(group, words)
    words[at + 2] = (value ? value.byteOffset : end) - low
    if (value) end = value.byteOffset + value.length
    words[at + 3] = end - low
  }
  return { view: new Uint8Array(buffer, low, end - low), words }
}

function copied(group: readonly LogRecord[], words: Uint32Array): { view: Uint8Array; words: Uint32Array } {
  const bytes = group.reduce((sum, record) => sum + byteLength(record), 0)
  const view = new Uint8Array(bytes)
  let at = 0
  const put = (part: Uint8Array | undefined): number => {
    if (part) view.set(part, at)
    at += part?.length ?? 0
    return at
  }
  for (const [index, { key, value }] of group.entries())
    words.set([at, put(key), at, put(value)], index * recordWords)
  return { view, words }
}

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
  const record = records[place]
  if (!record) return { offset: next, skip: 0 }
  const [start = 0, end = 0] = places.subarray(place * recordWords + 2, place * recordWords + 4)
  // A place counts from where the value was taken up, which is behind what was done with before.
  const before = (record.value?.length ?? 0) - (end - start)
  const skip = Math.max(0, at - start)
  return { offset: record.offset, skip: skip > 0 || before > 0 ? skip + before : 0 }
}

/** The key of the record that a byte of the view is of. */
export const keyIn = (taken: Taken, at: number): Uint8Array | undefined =>
  taken.records[placeOf(taken, at)]?.key
