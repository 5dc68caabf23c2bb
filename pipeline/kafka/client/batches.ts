import { recordWords } from '../../../native/engine.ts'
import { malformed, Reader, recordBytesMin } from './fields.ts'
import { LogRecords } from './log.ts'

/** What Kafka's record batches (of format 2) say in front of their records. Source: Kafka documentation, message format. */
export interface RecordBatch {
  /** The offset of the first record that it had, and of the last one: some may have been deleted since. */
  readonly first: number
  readonly last: number
  readonly producerId: bigint
  readonly transactional: boolean
  /** Whether it is a mark that ends a transaction. */
  readonly control: boolean
  readonly count: number
  /** The number of the compression, 0 is none. */
  readonly compression: number
  /** Its records. */
  readonly bytes: Uint8Array
}

/** Places in front of the records, and the bytes of all that. */
const lengthAt = 8
const lengthEnd = 12
const magicAt = 16
const attributesAt = 21
const lastDeltaAt = 23
const producerIdAt = 43
const countAt = 57
const headBytes = 61

const magic = 2
const compressionBits = 7
const transactionalBit = 16
const controlBit = 32

/**
 * The batches of a fetched partition. What a fetch has cut off at its end is left out.
 *
 * @throws PipelineError `source/kafka` if it is no such batch.
 */
export function batchesIn(set: Uint8Array): RecordBatch[] {
  const view = new DataView(set.buffer, set.byteOffset, set.byteLength)
  const batches: RecordBatch[] = []
  for (let at = 0; at + headBytes <= set.length;) {
    const end = at + lengthEnd + view.getInt32(at + lengthAt)
    if (set[at + magicAt] !== magic) throw malformed(`a batch of format ${set[at + magicAt]}`)
    if (end < at + headBytes) throw malformed('a batch that is shorter than its head')
    if (end > set.length) break
    const attributes = view.getInt16(at + attributesAt)
    const first = Number(view.getBigInt64(at))
    const bytes = set.subarray(at + headBytes, end)
    const compression = attributes & compressionBits
    const count = view.getInt32(at + countAt)
    if (count < 0 || (compression === 0 && count * recordBytesMin > bytes.length))
      throw malformed(`a batch of ${count} records in ${bytes.length} bytes`)
    batches.push({
      first,
      last: first + view.getInt32(at + lastDeltaAt),
      producerId: view.getBigInt64(at + producerIdAt),
      transactional: (attributes & transactionalBit) !== 0,
      control: (attributes & controlBit) !== 0,
      count,
      compression,
      bytes,
    })
    at = end
  }
  return batches
}

/**
 * The records of batches that are not compressed, from an offset on.
 *
 * @throws PipelineError `source/kafka` if they cannot be read.
 */
export function recordsIn(batches: readonly RecordBatch[], from: number): LogRecords {
  const { view, starts } = oneView(batches)
  const most = batches.reduce((sum, { count }) => sum + count, 0)
  const words = new Uint32Array(most * recordWords)
  const offsets = new Float64Array(most)
  const lacking = new Uint8Array(most)
  const reader = new Reader(view)
  let length = 0
  for (const [index, { first, last, count, bytes }] of batches.entries()) {
    const start = starts[index] ?? 0
    reader.at = start
    for (let left = count; left > 0; left -= 1) {
      const offset = first + reader.record(words, length * recordWords)
      if (offset > last || offset < first)
        throw malformed(`the offset ${offset} between ${first} and ${last}`)
      offsets[length] = offset
      lacking[length] = reader.lacking
      if (offset >= from) length += 1
    }
    if (reader.at !== start + bytes.length) throw malformed('a batch that is not as long as its records')
  }
  return new LogRecords({
    view,
    words: words.subarray(0, length * recordWords),
    offsets: offsets.subarray(0, length),
    lacking: lacking.subarray(0, length),
  })
}

/** One view that all batches lie in, and where. Those of one fetch do; those that were compressed are copied. */
function oneView(batches: readonly RecordBatch[]): { view: Uint8Array; starts: readonly number[] } {
  const [head, tail] = [batches[0]?.bytes, batches.at(-1)?.bytes]
  if (!head || !tail) return { view: new Uint8Array(0), starts: [] }
  if (batches.every(({ bytes: { buffer } }) => buffer === head.buffer)) {
    const low = head.byteOffset
    return {
      view: new Uint8Array(head.buffer, low, tail.byteOffset + tail.length - low),
      starts: batches.map(({ bytes }) => bytes.byteOffset - low),
    }
  }
  let end = 0
  return {
    view: Buffer.concat(batches.map(({ bytes }) => bytes)),
    starts: batches.map(({ bytes }) => (end += bytes.length) - bytes.length),
  }
}
