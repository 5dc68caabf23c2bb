import { recordWords } from '../../../native/engine.ts'
import { crc32c } from '../../../native/record-batch.ts'
import { malformed, Reader, recordBytesMin } from './fields.ts'
import { attributes, head, magic } from './head.ts'
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

/**
 * The batches of a fetched partition. What a fetch has cut off at its end is left out.
 *
 * @throws PipelineError `source/kafka` if it is no such batch.
 */
export function batchesIn(set: Uint8Array): RecordBatch[] {
  const view = new DataView(set.buffer, set.byteOffset, set.byteLength)
  const batches: RecordBatch[] = []
  for (let at = 0; at + head.bytes <= set.length;) {
    const end = at + head.lengthEnd + view.getInt32(at + head.length)
    if (set[at + head.magic] !== magic) throw malformed(`a batch of format ${set[at + head.magic]}`)
    if (end < at + head.bytes) throw malformed('a batch that is shorter than its head')
    if (end > set.length) break
    if (crc32c(set.subarray(at + head.attributes, end)) !== view.getUint32(at + head.crc))
      throw malformed('a batch that is not what its checksum is of')
    const bits = view.getInt16(at + head.attributes)
    const first = Number(view.getBigInt64(at))
    const bytes = set.subarray(at + head.bytes, end)
    const compression = bits & attributes.compression
    const count = view.getInt32(at + head.count)
    if (count < 0 || (compression === 0 && count * recordBytesMin > bytes.length))
      throw malformed(`a batch of ${count} records in ${bytes.length} bytes`)
    batches.push({
      first,
      last: first + view.getInt32(at + head.lastDelta),
      producerId: view.getBigInt64(at + head.producerId),
      transactional: (bits & attributes.transactional) !== 0,
      control: (bits & attributes.control) !== 0,
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
  const first = batches[0]?.bytes
  if (!first) return { view: new Uint8Array(0), starts: [] }
  let end = first.byteOffset
  const isOne = batches.every(({ bytes }) => {
    const behind = bytes.buffer === first.buffer && bytes.byteOffset >= end
    end = bytes.byteOffset + bytes.length
    return behind
  })
  if (isOne) {
    const low = first.byteOffset
    return {
      view: new Uint8Array(first.buffer, low, end - low),
      starts: batches.map(({ bytes }) => bytes.byteOffset - low),
    }
  }
  let at = 0
  return {
    view: Buffer.concat(batches.map(({ bytes }) => bytes)),
    starts: batches.map(({ bytes }) => (at += bytes.length) - bytes.length),
  }
}
