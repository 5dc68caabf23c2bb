import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import { decompress, type Compression } from '../../../native/record-batch.ts'
import { limits } from '../../limits.ts'
import type { RecordBatch } from './batches.ts'
import { recordBytesMin } from './fields.ts'
import { Writer } from './writer.ts'

const unzip = promisify(gunzip)

/** The compressions by their numbers, of which 0 is none. */
const compressions: Readonly<Record<number, Compression | 'gzip'>> = {
  1: 'gzip',
  2: 'snappy',
  3: 'lz4',
  4: 'zstd',
}

/**
 * Batches of one fetch without their compression. Once they stand for `limits.kafkaExpandedBytes` together, those behind
 * are left out: they come with the next fetch.
 */
export async function allExpanded(batches: readonly RecordBatch[]): Promise<readonly RecordBatch[]> {
  const all: RecordBatch[] = []
  let bytes = 0
  for (const batch of batches) {
    if (bytes >= limits.kafkaExpandedBytes) break
    const plain = await expanded(batch)
    if (batch.compression > 0) bytes += plain.bytes.length
    all.push(plain)
  }
  return all
}

/**
 * A batch without its compression. If that cannot be undone, or stands for more than `limits.kafkaExpandedBytes`, the batch
 * has one record: its bytes as they came. They are no message, and so are refused as such, and what follows goes on.
 */
async function expanded(batch: RecordBatch): Promise<RecordBatch> {
  if (batch.compression === 0) return batch
  const bytes = await undone(batch).catch(() => undefined)
  const plain = { ...batch, compression: 0 }
  if (bytes && batch.count * recordBytesMin <= bytes.length) return { ...plain, bytes }
  return { ...plain, count: 1, bytes: asRecord(batch.bytes) }
}

async function undone({ compression, bytes }: RecordBatch): Promise<Uint8Array | undefined> {
  const name = compressions[compression]
  const most = limits.kafkaExpandedBytes
  if (name === 'gzip') return unzip(bytes, { maxOutputLength: most })
  return name && decompress(name, bytes, most)
}

/** A record without key and headers, the first of its batch. */
function asRecord(value: Uint8Array): Uint8Array {
  const fields = new Writer(value.length)
  // Attributes, its time and its offset behind those of the batch.
  fields.int8(0)
  fields.varint(0)
  fields.varint(0)
  fields.varbytes(null)
  fields.varbytes(value)
  fields.varint(0)
  const record = new Writer(fields.length)
  record.varbytes(fields.bytes())
  return record.bytes()
}
