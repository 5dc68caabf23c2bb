import type { Assigner, Kafka } from 'kafkajs'

import { Slots } from '../../../../operators/slots.ts'
import type { LogBatch } from '../client.ts'
import type { Connection } from '../settings.ts'
import { kafkajs } from './library.ts'
import { batchOf } from './records.ts'

export interface Stretch {
  readonly topic: string
  readonly partition: number
  /** First offset, and the one to end before. */
  readonly from: bigint
  readonly end: bigint
}

interface Reading {
  readonly kafka: Kafka
  readonly connection: Connection
  /** A group of this reader alone, which never commits: kafkajs reads in groups only. */
  readonly group: string
}

/** Reads a stretch of a partition, a batch at a time. */
export async function* readPartition(
  { kafka, connection, group }: Reading,
  { topic, partition, from, end }: Stretch,
  signal: AbortSignal,
): AsyncGenerator<LogBatch> {
  const consumer = kafka.consumer({
    groupId: group,
    partitionAssigners: [onlyOne(topic, partition)],
    maxBytesPerPartition: connection.fetchBytesPerPartition,
    maxWaitTimeInMs: connection.fetchWaitMs,
    sessionTimeout: connection.sessionTimeoutMs,
    heartbeatInterval: connection.heartbeatMs,
  })
  const hand = new Handover()
  const stop = (): void => hand.end()
  signal.addEventListener('abort', stop, { once: true })
  let next = from
  consumer.on(consumer.events.GROUP_JOIN, () => consumer.seek({ topic, partition, offset: `${next}` }))
  // The last batches may hold nothing but marks of transactions, which are told by this event alone.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (BigInt(payload.lastOffset) + 1n >= end) hand.end()
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) hand.end(payload.error)
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async (payload) => {
        const { records, ...rest } = batchOf(payload.batch)
        const wanted = records.between(next, end)
        await hand.give({ ...rest, records: wanted }, async () => payload.heartbeat(), connection.heartbeatMs)
        next = BigInt(payload.batch.lastOffset()) + 1n
      },
    })
    yield* hand.taken()
  } finally {
    hand.end()
    signal.removeEventListener('abort', stop)
    await consumer.disconnect()
  }
}

/** One batch at a time from a producer that calls to a consumer that asks. */
class Handover {
  readonly #full = new Slots(0)
  readonly #empty = new Slots(0)
  #batch: LogBatch | undefined
  #ended = false
  #failure: Error | undefined

  /** Resolves when the batch was taken and the next is asked for. */
  async give(batch: LogBatch, heartbeat: () => Promise<void>, beatMs: number): Promise<void> {
    if (this.#ended || batch.records.length === 0) return
    this.#batch = batch
    this.#full.give()
    const beat = setInterval(() => void heartbeat().catch(() => undefined), beatMs)
    try {
      await this.#empty.take()
    } finally {
      clearInterval(beat)
    }
  }

  end(failure?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#failure = failure
    this.#full.give()
    this.#empty.give()
  }

  async *taken(): AsyncGenerator<LogBatch> {
    for (;;) {
      await this.#full.take()
      const batch = this.#batch
      this.#batch = undefined
      if (batch) {
        yield batch
        if (!this.#ended) this.#empty.give()
        continue
      }
      if (this.#failure) throw this.#failure
      if (this.#ended) return
    }
  }
}

const onlyOne = (topic: string, partition: number) => (): Assigner => ({
  name: 'kelpipe-reader',
  version: 0,
  protocol: ({ topics }) => ({
    name: 'kelpipe-reader',
    metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({
      version: 0,
      topics,
      userData: Buffer.alloc(0),
    }),
  }),
  assign: async ({ members }) =>
    members.slice(0, 1).map(({ memberId }) => ({
      memberId,
      memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: { [topic]: [partition] },
        userData: Buffer.alloc(0),
      }),
    })),
})
