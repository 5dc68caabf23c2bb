import { createRequire } from 'node:module'

import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import type { OutRecord } from '../../pipeline/kafka/client/client.ts'
import { batchBytes, packed, unpacked } from '../../pipeline/kafka/client/packed.ts'
import { Writer } from '../../pipeline/kafka/client/writer.ts'
import { crc32c } from '../../native/record-batch.ts'
import {
  giveBack,
  produceRequest,
  writeProduce,
  type Lent,
  type Produce,
} from '../../pipeline/kafka/client/kafkajs/produce.ts'

const require = createRequire(import.meta.url)
/** A request with its records, as kafkajs itself encodes it. */
type PlainProduce = Omit<Produce, 'topicData'> & {
  readonly topicData: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly firstSequence: number
      readonly messages: readonly Message[]
    }[]
  }[]
}
interface Message {
  readonly key: Buffer | string | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}
const original = require('kafkajs/src/protocol/requests/produce/v3/request.js') as (
  produce: PlainProduce,
) => {
  encode: () => Promise<{ buffer: Buffer }>
}

test('CRC-32C is that of the standard', () => {
  // RFC 3720, B.4.
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value))
const text = fc.string({ unit: 'grapheme', maxLength: 80 })
const message = fc.record({
  key: fc.oneof(bytes, text, fc.constant(null)),
  value: fc.oneof(bytes, fc.constant(null)),
  headers: fc.dictionary(text, text, { maxKeys: 5 }),
})
const produce: fc.Arbitrary<PlainProduce> = fc.record({
  acks: fc.constantFrom(-1, 1),
  timeout: fc.nat(),
  transactionalId: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 })),
  producerId: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }).map((id) => `${id}`),
  producerEpoch: fc.nat(32_767),
  topicData: fc.array(
    fc.record({
      topic: text,
      partitions: fc.array(
        fc.record({
          partition: fc.nat(100),
          firstSequence: fc.nat(),
          messages: fc.array(message, { minLength: 1, maxLength: 70 }),
        }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 3 },
  ),
})

const outOf = ({ key, value, headers }: Message): OutRecord => ({
  topic: '',
  partition: 0,
  key: key ?? undefined,
  value: value ?? undefined,
  headers,
})

/** The same request with its records packed, in sets of so many bytes. */
const inSets = (plain: PlainProduce, bytesMax: number): Produce => ({
  ...plain,
  topicData: plain.topicData.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ messages, ...rest }) => ({
      ...rest,
      messages: { length: messages.length, sets: packed(messages.map(outOf), bytesMax), lent: [] },
    })),
  })),
})

test('requests are to the byte those of kafkajs', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_123 })
  try {
    await fc.assert(
      fc.asyncProperty(produce, fc.integer({ min: 1, max: 5_000 }), async (each, bytesMax) => {
        const { buffer } = await original(each).encode()
        const to = new Writer(0)
        writeProduce(to, inSets(each, bytesMax), Date.now())
        expect(to.bytes().equals(buffer)).toBe(true)
      }),
      { numRuns: 300 },
    )
  } finally {
    vi.useRealTimers()
  }
})

test('packed records are those that were packed, in sets that a request has room for', () => {
  fc.assert(
    fc.property(fc.array(message), fc.integer({ min: 1, max: 2_000 }), (messages, bytesMax) => {
      const sets = packed(messages.map(outOf), bytesMax)
      for (const set of sets) expect(set.count === 1 || batchBytes(set) <= bytesMax).toBe(true)
      const plain = sets.flatMap((set) => [...unpacked(set)])
      expect(plain.map(({ key, value, headers }) => [hex(key), hex(value), { ...headers }])).toEqual(
        messages.map(({ key, value, headers }) => [hex(key), hex(value), { ...headers }]),
      )
    }),
    { numRuns: 300 },
  )
})

const hex = (part: Uint8Array | string | null | undefined): string | undefined =>
  part === null || part === undefined ? undefined : Buffer.from(part).toString('hex')

/** A request of one large record of a byte, and what it lent. */
function large(byte: number, lent: Lent[]): Buffer {
  const record = { topic: 't', partition: 0, key: undefined, value: Buffer.alloc(100_000, byte), headers: {} }
  const messages = { length: 1, sets: packed([record]), lent }
  const partitions = [{ partition: 0, firstSequence: 0, messages }]
  const head = { apiKey: 0, apiVersion: 7, correlationId: byte, clientId: 'test' }
  return produceRequest(head, { acks: -1, timeout: 0, topicData: [{ topic: 't', partitions }] }, 0)
}

test('a buffer is used again once its request is answered, but not if that was sent twice', () => {
  const answered: Lent[] = []
  const first = large(1, answered)
  giveBack(answered)
  const tried: Lent[] = []
  const second = large(2, tried)
  expect(second.buffer).toBe(first.buffer)
  const again = large(2, tried)
  giveBack(tried)
  const [before, behind] = [Buffer.from(second), Buffer.from(again)]
  large(3, [])
  large(4, [])
  expect(second.equals(before) && again.equals(behind)).toBe(true)
})
