import { crc32c } from '../../../../native/record-batch.ts'
import { attributes, head, magic } from '../head.ts'
import { batchBytes, lengthAt, lengthBytes, type RecordSet } from '../packed.ts'
import { textBytes, varintBytes, writers, type Writer } from '../writer.ts'

/** What a Produce request is made of, as kafkajs has it. */
export interface Produce {
  readonly acks: number
  readonly timeout: number
  readonly transactionalId?: string | null | undefined
  readonly producerId?: { toString(): string }
  readonly producerEpoch?: number
  readonly topicData: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly firstSequence: number
      readonly messages: Messages
    }[]
  }[]
}

/** What kafkajs sends to one partition: to it a number of records. */
export interface Messages {
  readonly length: number
  readonly sets: readonly Pick<RecordSet, 'count' | 'bytes'>[]
  /** Buffers that were lent to requests with them. */
  readonly lent: Lent[]
}

/** A buffer, and the first place that its request is for. */
export interface Lent {
  readonly to: Writer
  readonly place: string
}

/**
 * Writes the body of a Produce request (versions 3 to 7) without compression.
 *
 * Source: Kafka protocol guide, Produce API and record batch.
 */
export function writeProduce(to: Writer, produce: Produce, nowMs: number): void {
  if (produce.transactionalId == null) to.int16(-1)
  else to.string(produce.transactionalId)
  to.int16(produce.acks)
  to.int32(produce.timeout)
  to.int32(produce.topicData.length)
  for (const { topic, partitions } of produce.topicData) {
    to.string(topic)
    to.int32(partitions.length)
    for (const { partition, firstSequence, messages } of partitions) {
      to.int32(partition)
      batch(to, produce, { messages, firstSequence, nowMs })
    }
  }
}

/** What a request is told by. */
export interface RequestHead {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string
}

/** A whole Produce request, with its length in front. Its buffer is lent to it (`Messages.lent`). */
export function produceRequest(asked: RequestHead, produce: Produce, nowMs: number): Buffer {
  const to = writers.take(headBytesMax + textBytes(asked.clientId) + bodyBytes(produce))
  to.int32(0)
  to.int16(asked.apiKey)
  to.int16(asked.apiVersion)
  to.int32(asked.correlationId)
  to.string(asked.clientId)
  writeProduce(to, produce, nowMs)
  to.int32At(0, to.length - lengthBytes)
  const [{ topic, partitions } = { topic: '', partitions: [] }] = produce.topicData
  partitions[0]?.messages.lent.push({ to, place: `${topic} ${partitions[0].partition}` })
  return to.bytes()
}

/**
 * Takes back the buffers of requests that were answered. If one was sent twice, its first try may still be on its way from
 * its buffer, whatever became of the second: then none is used again.
 */
export function giveBack(lent: readonly Lent[]): void {
  if (new Set(lent.map(({ place }) => place)).size < lent.length) return
  for (const { to } of lent) writers.give(to)
}

/** What stands in front of the body, beside the name of the client. */
const headBytesMax = 14

/** What a body takes at most. */
function bodyBytes({ transactionalId, topicData }: Produce): number {
  let bytes = 2 + textBytes(transactionalId ?? '') + 2 + 4 + 4
  for (const { topic, partitions } of topicData) {
    bytes += 2 + textBytes(topic) + 4
    for (const { messages } of partitions) {
      bytes += 4 + 4 + head.bytes
      for (const set of messages.sets) bytes += batchBytes(set)
    }
  }
  return bytes
}

interface Batch {
  readonly messages: Messages
  readonly firstSequence: number
  readonly nowMs: number
}

function batch(to: Writer, produce: Produce, { messages, firstSequence, nowMs }: Batch): void {
  to.int32(0)
  const start = to.length
  to.int64(0n)
  to.int32(0)
  to.int32(0)
  to.int8(magic)
  to.int32(0)
  to.int16(produce.transactionalId == null ? 0 : attributes.transactional)
  to.int32(messages.length - 1)
  to.int64(BigInt(nowMs))
  to.int64(BigInt(nowMs))
  to.int64(BigInt(produce.producerId?.toString() ?? -1))
  to.int16(produce.producerEpoch ?? 0)
  to.int32(firstSequence)
  to.int32(messages.length)
  let place = 0
  for (const set of messages.sets) place = records(to, set, place)
  const bytes = to.length - start
  to.int32At(start - 4, bytes)
  to.int32At(start + head.length, bytes - head.lengthEnd)
  to.int32At(start + head.crc, crc32c(to.bytes().subarray(start + head.attributes)))
}

/** Writes the records of a set behind those before `place`; how many that are then. */
function records(to: Writer, { bytes, count }: Messages['sets'][number], place: number): number {
  let at = 0
  for (let index = place; index < place + count; index += 1) {
    const length = lengthAt(bytes, at)
    at += lengthBytes
    to.varint(2 + varintBytes(index) + length)
    // Attributes, and a timestamp that is that of the batch.
    to.int16(0)
    to.varint(index)
    to.raw(bytes.subarray(at, at + length))
    at += length
  }
  return place + count
}
