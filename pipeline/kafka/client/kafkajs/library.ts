import { createRequire } from 'node:module'

import type * as Kafkajs from 'kafkajs'

import { committed } from './aborted.ts'
import { encodeProduce, type Produce } from './produce.ts'

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

type ProduceRequest = (produce: Produce) => object

/** kafkajs copies all records of a partition for each one that it adds to them. */
interface Grouping {
  readonly topic: string
  readonly partitionMetadata: readonly unknown[]
  readonly messages: readonly { readonly partition: number }[]
}

/** Records by partition, which we always name. */
function grouped({ messages }: Grouping): Record<number, { readonly partition: number }[]> {
  const groups: Record<number, { readonly partition: number }[]> = {}
  for (const message of messages) (groups[message.partition] ??= []).push(message)
  return groups
}

const { version } = require('kafkajs/package.json') as { version: string }
if (version === known) {
  replace<typeof grouped>('producer/groupMessagesPerPartition.js', () => grouped)
  replace<typeof committed>('consumer/filterAbortedMessages.js', () => committed)
  // It also makes a buffer for each field of each record, which took most of the time of a worker.
  replace<ProduceRequest>('protocol/requests/produce/v3/request.js', (original) => (produce) => ({
    ...original(produce),
    encode: async () => {
      const buf = encodeProduce(produce, Date.now())
      return { buf, buffer: buf, size: () => buf.length }
    },
  }))
}

/** kafkajs, with its slowest parts and a faulty one replaced. Nothing else here imports it otherwise than for its types. */
export const kafkajs: typeof Kafkajs = require('kafkajs') as typeof Kafkajs
