import { createRequire } from 'node:module'

import { crc32c } from '../../native/record-batch.ts'
import { batchesIn, recordsIn } from '../../pipeline/kafka/client/batches.ts'
import { head } from '../../pipeline/kafka/client/head.ts'
import { writeProduce } from '../../pipeline/kafka/client/kafkajs/produce.ts'
import type { LogRecords } from '../../pipeline/kafka/client/log.ts'
import { packed } from '../../pipeline/kafka/client/packed.ts'
import { Writer } from '../../pipeline/kafka/client/writer.ts'

const require = createRequire(import.meta.url)

/** A record as kafkajs encodes it. */
export interface PlainRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, Uint8Array | string>>
  readonly offsetDelta: number
  readonly timestampDelta: number
}

/** A record batch as kafkajs encodes it. */
export interface PlainBatch {
  readonly compression: 0 | 1
  readonly firstOffset: number
  readonly lastOffsetDelta: number
  readonly transactional: boolean
  readonly producerId: bigint
  readonly records: readonly PlainRecord[]
}

interface Encoder {
  readonly buffer: Buffer
}

const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js') as {
  RecordBatch: (batch: object) => Promise<Encoder>
}
const Record = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (
  record: PlainRecord,
) => Encoder

/** Record batches as a broker keeps them, by the encoding of kafkajs. */
export async function encoded(batches: readonly PlainBatch[]): Promise<Buffer> {
  const encoders = batches.map(async ({ records, ...batch }) =>
    RecordBatch({ ...batch, records: records.map((record) => Record(record)) }),
  )
  return Buffer.concat((await Promise.all(encoders)).map(({ buffer }) => buffer))
}

/** A batch of one record without a key. */
export const one = async (firstOffset: number, value: Uint8Array): Promise<Buffer> =>
  encoded([
    {
      compression: 0,
      firstOffset,
      lastOffsetDelta: 0,
      transactional: false,
      producerId: -1n,
      records: [{ key: null, value, headers: {}, offsetDelta: 0, timestampDelta: 0 }],
    },
  ])

/** Gives whole batches the checksums of what they are now. */
export function sealed(set: Buffer): Buffer {
  for (let at = 0; at + head.bytes <= set.length;) {
    const end = at + head.lengthEnd + set.readInt32BE(at + head.length)
    if (end > set.length || end < at + head.bytes) break
    set.writeUInt32BE(crc32c(set.subarray(at + head.attributes, end)), at + head.crc)
    at = end
  }
  return set
}

/** Bytes of a request in front of the batch of its one partition, of a topic without a name. */
const requestHeadBytes = 26

/** Records of one key as a fetch brings them, in one batch. */
export function fetched(values: readonly Uint8Array[], key: string): LogRecords {
  const records = values.map((value) => ({ topic: '', partition: 0, key, value, headers: {} }))
  const messages = { length: values.length, sets: packed(records), lent: [] }
  const request = {
    acks: -1,
    timeout: 0,
    topicData: [{ topic: '', partitions: [{ partition: 0, firstSequence: 0, messages }] }],
  }
  const to = new Writer(0)
  writeProduce(to, request, 0)
  return recordsIn(batchesIn(to.bytes().subarray(requestHeadBytes)), 0)
}
