import { createRequire } from 'node:module'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { PipelineError } from '../../pipeline/errors.ts'
import { batchesIn, recordsIn } from '../../pipeline/kafka/client/batches.ts'
import { attributes, head } from '../../pipeline/kafka/client/head.ts'
import {
  decodeBatches,
  FetchedBatch,
  type Decoder,
  type PartitionData,
} from '../../pipeline/kafka/client/kafkajs/fetched.ts'
import { encoded, one, sealed, type PlainBatch } from '../support/batches.ts'

const require = createRequire(import.meta.url)

interface Decoded {
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer>>
}

/** What kafkajs itself makes of an answer. */
const original = {
  Decoder: require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => Decoder,
  decode: require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js') as (
    decoder: Decoder,
  ) => Promise<readonly Decoded[]>,
}

/** A record set with its length in front. */
function decoderOf(set: Uint8Array): Decoder {
  const length = Buffer.alloc(4)
  length.writeInt32BE(set.length)
  return new original.Decoder(Buffer.concat([length, set]))
}

const ours = async (set: Uint8Array, from: bigint): Promise<FetchedBatch> => {
  const messages = await decodeBatches(decoderOf(set))
  return new FetchedBatch('topic', `${from}`, { partition: 0, highWatermark: '1000', messages })
}

const bytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value))
const record = fc.record({
  key: fc.oneof(bytes, fc.constant(null)),
  value: fc.oneof(bytes, fc.constant(null)),
  // kafkajs takes what every object has for a header that was there before.
  headers: fc.dictionary(
    fc.string({ unit: 'grapheme', maxLength: 20 }).filter((name) => !(name in {})),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    {
      maxKeys: 4,
      noNullPrototype: true,
    },
  ),
  timestampDelta: fc.nat(),
})
/** Batches behind each other, with gaps where records were deleted. */
const batches = fc
  .array(
    fc.record({
      compression: fc.constantFrom(0 as const, 0 as const, 1 as const),
      transactional: fc.boolean(),
      records: fc.array(fc.tuple(fc.nat(3), record), { minLength: 1, maxLength: 40 }),
      gap: fc.nat(200),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((all) => {
    let next = 0
    return all.map(({ records, gap, ...batch }): PlainBatch => {
      let delta = -1
      const placed = records.map(([skipped, each]) => ({ ...each, offsetDelta: (delta += 1 + skipped) }))
      const firstOffset = next + gap
      next = firstOffset + delta + 1
      return { ...batch, firstOffset, lastOffsetDelta: delta, producerId: 7n, records: placed }
    })
  })

const shown = ({ offset, key, value, headers }: Decoded): unknown => [
  offset,
  key?.toString('hex'),
  value?.toString('hex'),
  Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, text.toString()])),
]
const hex = (part: Uint8Array | undefined): string | undefined => part && Buffer.from(part).toString('hex')

test('records are those that kafkajs reads, from any offset on', async () => {
  await fc.assert(
    fc.asyncProperty(batches, fc.nat(300), async (all, from) => {
      const set = await encoded(all)
      const expected = await original.decode(decoderOf(set))
      const batch = await ours(set, BigInt(from))
      expect(
        Array.from(batch.messages, ({ offset, key, value, headers }) => [
          `${offset}`,
          hex(key),
          hex(value),
          headers,
        ]),
      ).toEqual(expected.filter(({ offset }) => Number(offset) >= from).map(shown))
      expect(batch.lastOffset()).toBe(expected.at(-1)?.offset)
    }),
    { numRuns: 100 },
  )
})

test('of what a fetch has cut off, the whole batches are taken', async () => {
  await fc.assert(
    fc.asyncProperty(batches, fc.nat(), async (all, cut) => {
      const set = await encoded(all)
      const end = cut % set.length
      let whole = 0
      for (let count = 1; (await encoded(all.slice(0, count))).length <= end; count += 1) whole = count
      const batch = await ours(set.subarray(0, end), 0n)
      const expected = all.slice(0, whole).flatMap(({ records }) => records)
      expect(Array.from(batch.messages, ({ value }) => hex(value))).toEqual(
        expected.map(({ value }) => hex(value ?? undefined)),
      )
    }),
    { numRuns: 100 },
  )
})

test('bytes that are no records are an error that says so, or other records', async () => {
  let refused = 0
  const plain = batches.map((all) => all.map((batch) => ({ ...batch, compression: 0 as const })))
  await fc.assert(
    fc.asyncProperty(
      plain,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }),
      async (all, flips) => {
        const set = await encoded(all)
        for (const [at, byte] of flips) set[at % set.length] = byte
        try {
          for (const { headers } of (await ours(sealed(set), 0n)).messages)
            expect(headers).toBeTypeOf('object')
        } catch (error) {
          expect(error).toBeInstanceOf(PipelineError)
          refused += 1
        }
      },
    ),
    { numRuns: 300 },
  )
  expect(refused).toBeGreaterThan(100)
})

test('batches are read in their order, wherever in memory they are', async () => {
  const [later, earlier] = batchesIn(
    Buffer.concat([await one(1, Buffer.from('b')), await one(0, Buffer.from('a'))]),
  )
  const records = recordsIn(
    [earlier, later].filter((batch) => batch !== undefined),
    0,
  )
  expect(Array.from(records, ({ value }) => hex(value))).toEqual([
    hex(Buffer.from('a')),
    hex(Buffer.from('b')),
  ])
})

test('a batch that is not what its checksum is of is an error that says so', async () => {
  const set = await one(0, Buffer.from('as it was sent'))
  const last = set.length - 2
  set[last] = (set[last] ?? 0) ^ 1
  await expect(ours(set, 0n)).rejects.toMatchObject({
    code: 'source/kafka',
    message: expect.stringContaining('checksum'),
  })
})

/** A mark that ends a transaction: a batch of one record, whose key is a version and a type. */
async function mark(firstOffset: number, producerId: bigint, type: 0 | 1): Promise<Buffer> {
  const key = Buffer.from([0, 0, 0, type])
  const set = await encoded([
    {
      compression: 0,
      firstOffset,
      lastOffsetDelta: 0,
      transactional: true,
      producerId,
      records: [{ key, value: Buffer.alloc(6), headers: {}, offsetDelta: 0, timestampDelta: 0 }],
    },
  ])
  // Its attributes say that it is a mark.
  set[head.attributes + 1] = attributes.transactional + attributes.control
  return sealed(set)
}

test('marks of transactions, and what was given up, are left out and passed over', async () => {
  const sent = async (firstOffset: number, producerId: bigint, value: string): Promise<Buffer> =>
    encoded([
      {
        compression: 0,
        firstOffset,
        lastOffsetDelta: 0,
        transactional: true,
        producerId,
        records: [{ key: null, value: Buffer.from(value), headers: {}, offsetDelta: 0, timestampDelta: 0 }],
      },
    ])
  const set = Buffer.concat([
    await sent(0, 1n, 'given up'),
    await sent(1, 2n, 'kept'),
    await mark(2, 1n, 0),
    await sent(3, 1n, 'kept too'),
    await mark(4, 2n, 1),
    await mark(5, 1n, 1),
  ])
  const data: PartitionData = {
    partition: 0,
    highWatermark: '6',
    abortedTransactions: [{ producerId: '1', firstOffset: '0' }],
    messages: await decodeBatches(decoderOf(set)),
  }
  const batch = new FetchedBatch('topic', '0', data)
  expect(Array.from(batch.messages, ({ value }) => Buffer.from(value ?? []).toString())).toEqual([
    'kept',
    'kept too',
  ])
  expect([batch.firstOffset(), batch.lastOffset(), batch.offsetLag()]).toEqual(['1', '5', '0'])
  const rest = new FetchedBatch('topic', '4', data)
  expect([rest.isEmpty(), rest.isEmptyDueToFiltering(), rest.lastOffset()]).toEqual([true, true, '5'])
})
