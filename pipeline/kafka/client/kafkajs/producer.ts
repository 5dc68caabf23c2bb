import { setTimeout } from 'node:timers/promises'

import type { Kafka, Message, TopicMessages, Transaction } from 'kafkajs'

import { Fenced, type GroupOffset, type Producer, type TransactionalProducer } from '../client.ts'
import type { RecordSet } from '../packed.ts'
import type { Connection } from '../settings.ts'
import { giveBack, type Lent } from './produce.ts'
import { codeOf, typeOf } from './protocol.ts'
import { reasonOf } from '../../../errors.ts'

/** A producer with its id taken over: kafkajs asks for it with the first transaction, so one is begun and given up. */
export async function transactionalProducer(
  kafka: Kafka,
  { transactionTimeoutMs }: Connection,
  id: string,
): Promise<TransactionalProducer> {
  const producer = kafka.producer({
    transactionalId: id,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: transactionTimeoutMs,
    retry: concurrentRetry,
  })
  await producer.connect()
  let transaction: Transaction | undefined
  const running = (): Transaction => {
    if (!transaction) throw new RangeError('no transaction was begun')
    return transaction
  }
  const begin = async (): Promise<void> => {
    transaction = await producer.transaction()
  }
  await begin()
  await running().abort()
  return {
    begin,
    send: async (sets) => {
      await patiently(async () => sendSets(running(), sets))
    },
    offsets: async (group, offsets) => {
      await patiently(async () =>
        running().sendOffsets({ consumerGroupId: group, topics: topicsOf(offsets) }),
      )
    },
    commit: async () => patiently(async () => running().commit()),
    abort: async () => patiently(async () => running().abort()),
    close: async () => producer.disconnect(),
  }
}

/**
 * kafkajs itself tries again to add partitions while the broker ends the transaction before, which takes it a moment. All tries
 * together take as long as those of other requests.
 */
const concurrentRetry = { initialRetryTime: 5, retries: 12, maxRetryTime: 5_000 }

/** Pause between tries while the broker still writes the marks of the transaction before. */
const concurrentMs = 2

/**
 * The broker refuses the first step of a transaction while it ends the one before, which kafkajs takes for a failure. It
 * refuses before anything was sent, so the step can be taken again; the broker ends what takes too long.
 */
async function patiently(step: () => Promise<unknown>): Promise<void> {
  for (;;)
    try {
      await step()
      return
    } catch (error) {
      const type = typeOf(error)
      if (fencing.has(type) || codeOf(error) === producerFenced)
        throw new Fenced(reasonOf(error), { cause: error })
      if (type !== 'CONCURRENT_TRANSACTIONS') throw error
      await setTimeout(concurrentMs)
    }
}

/** What brokers say to a producer whose id another one has. */
const fencing: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
])

/** The number of a code that kafkajs does not know. */
const producerFenced = 90

/** A producer without transactions: what it sends may come twice. */
export async function plainProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  return {
    send: async (sets) => {
      await sendSets(producer, sets)
    },
    close: async () => producer.disconnect(),
  }
}

/** What kafkajs takes to be a message, and groups by partition (library.ts). */
export interface SetMessage extends Message {
  readonly set: RecordSet
  readonly lent: Lent[]
}

/** Sends sets. Buffers of requests that are not answered are left to those who may still hold them. */
async function sendSets(producer: Pick<Transaction, 'sendBatch'>, sets: readonly RecordSet[]): Promise<void> {
  const lent: Lent[] = []
  await producer.sendBatch({ topicMessages: messagesOf(sets, lent) })
  giveBack(lent)
}

function messagesOf(sets: readonly RecordSet[], lent: Lent[]): TopicMessages[] {
  const topics = new Map<string, SetMessage[]>()
  for (const set of sets) {
    const messages = topics.get(set.topic) ?? []
    topics.set(set.topic, messages)
    messages.push({ value: null, set, lent })
  }
  return Array.from(topics, ([topic, messages]) => ({ topic, messages }))
}

/** The types of kafkajs leave out the metadata, which it sends nevertheless. */
function topicsOf(offsets: readonly GroupOffset[]): {
  topic: string
  partitions: { partition: number; offset: string; metadata: string }[]
}[] {
  return offsets.map(({ topic, partition, offset, metadata }) => ({
    topic,
    partitions: [{ partition, offset: `${offset}`, metadata }],
  }))
}
