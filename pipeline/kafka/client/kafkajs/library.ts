import { createRequire } from 'node:module'

import type * as Kafkajs from 'kafkajs'

import { reasonOf } from '../../../errors.ts'
import { malformed } from '../fields.ts'
import { decodeBatches, FetchedBatch, type Decompress } from './fetched.ts'
import { encodeProduce, type Messages, type Produce } from './produce.ts'
import type { SetMessage } from './producer.ts'

const require = createRequire(import.meta.url)

/** The release whose parts are known well enough to put others in their place. */
const known = '2.2.4'

/** Puts something else in the place of what a file of kafkajs exports, before any other one asks for it. */
function replace<Export>(file: string, by: (original: Export) => Export): void {
  const path = require.resolve(`kafkajs/src/${file}`)
  const original = require(path) as Export
  const cached = require.cache[path]
  if (cached) cached.exports = by(original)
}

interface Compression {
  lookupCodecByAttributes(
    this: void,
    attributes: number,
  ): { decompress(bytes: Uint8Array): Promise<Uint8Array> } | null
}

const decompress: Decompress = async (compression, bytes) => {
  const { lookupCodecByAttributes } = require('kafkajs/src/protocol/message/compression') as Compression
  const codec = lookupCodecByAttributes(compression)
  if (!codec) throw malformed(`a batch of compression ${compression}`)
  return codec.decompress(bytes).catch((error: unknown) => {
    throw malformed(reasonOf(error))
  })
}

type ProduceRequest = (produce: Produce) => object

interface Grouping {
  readonly messages: readonly SetMessage[]
}

/** Sets by partition, which we always name. kafkajs asks for nothing but their number of records. */
function grouped({ messages }: Grouping): Record<number, Messages> {
  const groups: Record<number, Messages> = {}
  for (const { set } of messages) {
    const { length, sets } = groups[set.partition] ?? { length: 0, sets: [] }
    groups[set.partition] = { length: length + set.count, sets: [...sets, set] }
  }
  return groups
}

const { version } = require('kafkajs/package.json') as { version: string }
if (version !== known) throw new Error(`kafkajs ${known} is needed, and ${version} is here`)
replace<typeof grouped>('producer/groupMessagesPerPartition.js', () => grouped)
// It makes a buffer for each field of each record, and ours come as bytes already.
replace<ProduceRequest>('protocol/requests/produce/v3/request.js', (original) => (produce) => ({
  ...original(produce),
  encode: async () => {
    const buf = encodeProduce(produce, Date.now())
    return { buf, buffer: buf, size: () => buf.length }
  },
}))
// Of what it fetches it makes half a dozen objects a record, and hands over records of aborted transactions.
replace<ReturnType<typeof decodeBatches>>('protocol/requests/fetch/v4/decodeMessages.js', () =>
  decodeBatches(decompress),
)
replace<typeof FetchedBatch>('consumer/batch.js', () => FetchedBatch)

/** kafkajs, with its slowest parts and a faulty one replaced. Nothing else here imports it otherwise than for its types. */
export const kafkajs: typeof Kafkajs = require('kafkajs') as typeof Kafkajs
