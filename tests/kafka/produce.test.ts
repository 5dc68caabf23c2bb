import { createRequire } from 'node:module'

import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { crc32c } from '../../pipeline/kafka/client/kafkajs/crc32c.ts'
import { encodeProduce, type Produce } from '../../pipeline/kafka/client/kafkajs/produce.ts'

const require = createRequire(import.meta.url)
/** The request as kafkajs itself encodes it. */
const original = require('kafkajs/src/protocol/requests/produce/v3/request.js') as (produce: Produce) => {
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
const produce: fc.Arbitrary<Produce> = fc.record({
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

test('requests are to the byte those of kafkajs', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_123 })
  try {
    await fc.assert(
      fc.asyncProperty(produce, async (each) => {
        const { buffer } = await original(each).encode()
        expect(encodeProduce(each, Date.now()).equals(buffer)).toBe(true)
      }),
      { numRuns: 300 },
    )
  } finally {
    vi.useRealTimers()
  }
})
