import { setTimeout } from 'node:timers/promises'

import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'

import { PipelineError } from '../../../errors.ts'
import type { GroupOffset, Member, MemberHandler, MemberOptions } from '../client.ts'
import type { Connection } from '../settings.ts'
import { copartitioned } from './assigner.ts'
import { batchOf } from './records.ts'

/** Batches that are handed over at a time: more than any worker has partitions. */
const concurrency = 1_000

/** A member of a group by kafkajs. It fetches on while batches are worked on, and beats while they wait. */
export class KafkajsMember implements Member {
  readonly #consumer: Consumer
  readonly #topics: readonly string[]
  readonly #heartbeatMs: number
  #left = false
  #inGroup = false

  constructor(kafka: Kafka, connection: Connection, { group, topics, preferred, standby }: MemberOptions) {
    this.#topics = topics
    this.#heartbeatMs = connection.heartbeatMs
    this.#consumer = kafka.consumer({
      groupId: group,
      partitionAssigners: [copartitioned(topics, () => [preferred(), standby?.() ?? []])],
      sessionTimeout: connection.sessionTimeoutMs,
      rebalanceTimeout: connection.rebalanceTimeoutMs,
      heartbeatInterval: connection.heartbeatMs,
      maxBytesPerPartition: connection.fetchBytesPerPartition,
      maxBytes: connection.fetchBytes,
      maxWaitTimeInMs: connection.fetchWaitMs,
      // What a worker cannot do without its group it tries again for ever.
      retry: { initialRetryTime: 100, retries: 10, maxRetryTime: 5_000, restartOnFailure: async () => true },
    })
  }

  async join(handler: MemberHandler): Promise<void> {
    const consumer = this.#consumer
    const [first] = this.#topics
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#inGroup = true
      const assigned: Readonly<Record<string, number[]>> = payload.memberAssignment
      handler.assigned(assigned[first ?? ''] ?? [])
    })
    consumer.on(consumer.events.STOP, () => (this.#inGroup = false))
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#inGroup = false
      if (this.#left) return
      if (payload.restart) {
        handler.troubled(payload.error)
        return
      }
      const what = 'the consumer of the group cannot go on'
      handler.failed(new PipelineError('source/kafka', { what, cause: payload.error }))
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: async (payload) => this.#hand(payload, handler),
    })
  }

  seek(topic: string, partition: number, offset: bigint): void {
    this.#whileInGroup(() => this.#consumer.seek({ topic, partition, offset: `${offset}` }))
  }

  pause(topic: string, partition: number): void {
    this.#whileInGroup(() => this.#consumer.pause([{ topic, partitions: [partition] }]))
  }

  resume(topic: string, partition: number): void {
    this.#whileInGroup(() => this.#consumer.resume([{ topic, partitions: [partition] }]))
  }

  /** Between two groups there is nothing to steer, and kafkajs refuses; the handler hears of the next assignment. */
  #whileInGroup(act: () => void): void {
    if (this.#inGroup) act()
  }

  async commit(offsets: readonly GroupOffset[]): Promise<void> {
    await this.#consumer.commitOffsets(
      offsets.map(({ topic, partition, offset, metadata }) => ({
        topic,
        partition,
        offset: `${offset}`,
        metadata,
      })),
    )
  }

  async leave(): Promise<void> {
    this.#left = true
    this.#inGroup = false
    await this.#consumer.disconnect()
  }

  /** Hands a batch over and beats until it is taken; a batch that the group or a seek has overtaken is dropped. */
  async #hand(payload: EachBatchPayload, handler: MemberHandler): Promise<void> {
    const overtaken = (): boolean => !payload.isRunning() || payload.isStale()
    if (overtaken()) return
    const stop = new AbortController()
    const taking = handler.records(batchOf(payload.batch), stop.signal).then(() => 'taken' as const)
    try {
      while ((await this.#beatOf(taking)) === 'waits') {
        if (overtaken()) stop.abort()
        await payload.heartbeat()
      }
    } catch (error) {
      stop.abort()
      await taking
      throw error
    }
    if (!stop.signal.aborted && !overtaken()) payload.resolveOffset(payload.batch.lastOffset())
  }

  /** Waits until a batch is taken, or the next beat is due. */
  async #beatOf(taking: Promise<'taken'>): Promise<'taken' | 'waits'> {
    const timer = new AbortController()
    const waits = setTimeout(this.#heartbeatMs, 'waits' as const, { signal: timer.signal })
    try {
      return await Promise.race([taking, waits])
    } finally {
      timer.abort()
      waits.catch(() => undefined)
    }
  }
}
