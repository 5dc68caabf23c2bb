import { gzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { batchesIn, recordsIn } from '../../pipeline/kafka/client/batches.ts'
import { allExpanded } from '../../pipeline/kafka/client/compression.ts'
import { head } from '../../pipeline/kafka/client/head.ts'
import { limits } from '../../pipeline/limits.ts'
import { one, sealed } from '../support/batches.ts'

/** A batch of one record whose bytes are of a compression. */
async function compressedBatch(firstOffset: number, compression: number, bytes: Uint8Array): Promise<Buffer> {
  const plain = await one(firstOffset, Buffer.alloc(0))
  const batch = Buffer.concat([plain.subarray(0, head.bytes), bytes])
  batch.writeInt32BE(batch.length - head.lengthEnd, head.length)
  batch[head.attributes + 1] = compression
  return batch
}

/** What a batch stands for whose bytes are of a compression, between two others. */
async function amid(compression: number, bytes: Uint8Array): Promise<unknown> {
  const batch = await compressedBatch(1, compression, bytes)
  const set = Buffer.concat([await one(0, Buffer.from('before')), batch, await one(2, Buffer.from('behind'))])
  const batches = await allExpanded(batchesIn(sealed(set)))
  return Array.from(recordsIn(batches, 0), ({ offset, value }) => [offset, value && Buffer.from(value)])
}

const record = Buffer.from([0x10, 0, 0, 0, 1, 2 * 2, 0x68, 0x69, 0])
const compressed: readonly (readonly [name: string, number: number, bytes: Buffer])[] = [
  ['gzip', 1, gzipSync(record)],
  // A block by itself, and blocks behind their lengths as Java writes them.
  ['snappy', 2, Buffer.concat([Buffer.from([record.length, (record.length - 1) << 2]), record])],
  [
    "Java's snappy",
    2,
    Buffer.concat([
      Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1'),
      Buffer.from([0, 0, 0, record.length + 2, record.length, (record.length - 1) << 2]),
      record,
    ]),
  ],
  // Frames of one block that is stored as it is.
  [
    'lz4',
    3,
    Buffer.concat([
      Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]),
      Buffer.from([record.length, 0, 0, 0x80]),
      record,
      Buffer.alloc(4),
    ]),
  ],
  [
    'zstd',
    4,
    Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 1 + record.length * 8, 0, 0]), record]),
  ],
]

test.each(compressed)('a batch that is compressed by %s is read', async (_, number, bytes) => {
  expect(await amid(number, bytes)).toEqual([
    [0n, Buffer.from('before')],
    [1n, Buffer.from('hi')],
    [2n, Buffer.from('behind')],
  ])
})

/** More than a batch may stand for. */
const bombBytes = limits.kafkaExpandedBytes + 1

const broken: readonly (readonly [name: string, number: number, bytes: Buffer])[] = [
  ...compressed.map(
    ([name, number, bytes]) => [`${name}, cut off`, number, bytes.subarray(0, bytes.length >> 1)] as const,
  ),
  ['gzip that stands for too much', 1, gzipSync(Buffer.alloc(bombBytes))],
  ['snappy that says it stands for too much', 2, Buffer.from([0x81, 0x80, 0x80, 0x80, 0x08, 0, 0])],
  [
    'zstd that stands for too much',
    4,
    Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]),
      // Each block repeats a byte 128 KiB times.
      ...Array.from({ length: limits.kafkaExpandedBytes / 131_072 }, () =>
        Buffer.from([0x02, 0x00, 0x10, 0x41]),
      ),
      Buffer.from([0x03, 0x00, 0x10, 0x41]),
    ]),
  ],
  ['a compression that there is not', 7, Buffer.from('whatever')],
  ['too few bytes for its records', 1, gzipSync(Buffer.alloc(2))],
]

test.each(broken)('of a batch of %s the bytes are told as they came', async (_, number, bytes) => {
  expect(await amid(number, bytes)).toEqual([
    [0n, Buffer.from('before')],
    [1n, bytes],
    [2n, Buffer.from('behind')],
  ])
})

test('many batches of few bytes do not fill the memory at once: the rest is left to the next fetch', async () => {
  const few = gzipSync(Buffer.alloc(limits.kafkaExpandedBytes / 4))
  const batches = await Promise.all(
    Array.from({ length: 9 }, async (_, index) => compressedBatch(index, 1, few)),
  )
  const taken = await allExpanded(batchesIn(sealed(Buffer.concat(batches))))
  expect(taken.map(({ last }) => last)).toEqual([0, 1, 2, 3])
})
