import { crc32c } from './crc32c.ts'

/** A record as kafkajs hands it to the encoding of a request. */
export interface Message {
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, string>>
}

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
      readonly messages: readonly Message[]
    }[]
  }[]
}

/** Bytes of a record batch in front of its records, from its first offset on, and in front of what its length counts. */
const batchHeadBytes = 61
const lengthEnd = 12
/** Where in a batch its checksum stands, and what it covers begins. */
const crcAt = 17
const attributesAt = 21
const transactionalBit = 16
const magic = 2

/**
 * The body of a Produce request (versions 3 to 7) without compression. Sizes are counted first, so that all of it is
 * written once, into one buffer.
 *
 * Source: Kafka protocol guide, Produce API and record batch.
 */
export function encodeProduce(produce: Produce, nowMs: number): Buffer {
  const sizes = produce.topicData.map(({ partitions }) => partitions.map(({ messages }) => sizesOf(messages)))
  const to = new Writer(requestBytes(produce, sizes))
  if (produce.transactionalId == null) to.int16(-1)
  else to.string(produce.transactionalId)
  to.int16(produce.acks)
  to.int32(produce.timeout)
  to.int32(produce.topicData.length)
  for (const [at, { topic, partitions }] of produce.topicData.entries()) {
    to.string(topic)
    to.int32(partitions.length)
    for (const [place, { partition, firstSequence, messages }] of partitions.entries()) {
      to.int32(partition)
      batch(to, produce, { messages, firstSequence, nowMs, sizes: sizes[at]?.[place] ?? noSizes })
    }
  }
  return to.bytes
}

/** Of each record the bytes behind its length, and all records with their lengths. */
interface Sizes {
  readonly bodies: Uint32Array
  readonly bytes: number
}

const noSizes: Sizes = { bodies: new Uint32Array(0), bytes: 0 }

function requestBytes({ transactionalId, topicData }: Produce, sizes: readonly (readonly Sizes[])[]): number {
  let bytes = 2 + textBytes(transactionalId ?? '') + 2 + 4 + 4
  for (const [at, { topic }] of topicData.entries()) {
    bytes += 2 + textBytes(topic) + 4
    for (const each of sizes[at] ?? []) bytes += 4 + 4 + batchHeadBytes + each.bytes
  }
  return bytes
}

interface Batch {
  readonly messages: readonly Message[]
  readonly firstSequence: number
  readonly nowMs: number
  readonly sizes: Sizes
}

function batch(to: Writer, produce: Produce, { messages, firstSequence, nowMs, sizes }: Batch): void {
  to.int32(batchHeadBytes + sizes.bytes)
  const start = to.at
  to.int64(0n)
  to.int32(batchHeadBytes - lengthEnd + sizes.bytes)
  to.int32(0)
  to.int8(magic)
  to.int32(0)
  to.int16(produce.transactionalId == null ? 0 : transactionalBit)
  to.int32(messages.length - 1)
  to.int64(BigInt(nowMs))
  to.int64(BigInt(nowMs))
  to.int64(BigInt(produce.producerId?.toString() ?? -1))
  to.int16(produce.producerEpoch ?? 0)
  to.int32(firstSequence)
  to.int32(messages.length)
  for (let index = 0; index < messages.length; index += 1)
    record(to, messages[index] as Message, index, sizes.bodies[index] as number)
  const end = to.at
  to.bytes.writeUInt32BE(crc32c(to.bytes.subarray(start + attributesAt, end)), start + crcAt)
}

function sizesOf(messages: readonly Message[]): Sizes {
  const bodies = new Uint32Array(messages.length)
  let bytes = 0
  for (let index = 0; index < messages.length; index += 1) {
    const { key, value, headers } = messages[index] as Message
    // Attributes, and a timestamp that is that of the batch.
    let body = 2 + varintBytes(index)
    body += fieldBytes(key === null ? -1 : typeof key === 'string' ? textBytes(key) : key.length)
    body += fieldBytes(value === null ? -1 : value.length)
    let count = 0
    for (const name in headers) {
      body += fieldBytes(textBytes(name)) + fieldBytes(textBytes(headers[name] as string))
      count += 1
    }
    body += varintBytes(count)
    bodies[index] = body
    bytes += varintBytes(body) + body
  }
  return { bodies, bytes }
}

function record(to: Writer, { key, value, headers }: Message, index: number, body: number): void {
  to.varint(body)
  to.int8(0)
  to.int8(0)
  to.varint(index)
  if (typeof key === 'string') to.varstring(key)
  else to.varbytes(key)
  to.varbytes(value)
  let count = 0
  for (const _ in headers) count += 1
  to.varint(count)
  for (const name in headers) {
    to.varstring(name)
    to.varstring(headers[name] as string)
  }
}

/** What a zigzag number takes. */
function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let bytes = 1
  for (; rest > 0x7f; rest >>>= 7) bytes += 1
  return bytes
}

/** What bytes take with their length before them; -1 is null. */
const fieldBytes = (length: number): number => varintBytes(length) + Math.max(0, length)

/** What a text takes in UTF-8. Most are short and plain, and are looked at here. */
function textBytes(text: string): number {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text)
  return text.length
}

/** Writes into a buffer that has room for all. */
class Writer {
  readonly bytes: Buffer
  at = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }

  int8(value: number): void {
    this.bytes[this.at] = value
    this.at += 1
  }

  int16(value: number): void {
    this.at = this.bytes.writeInt16BE(value, this.at)
  }

  int32(value: number): void {
    this.at = this.bytes.writeInt32BE(value, this.at)
  }

  int64(value: bigint): void {
    this.at = this.bytes.writeBigInt64BE(value, this.at)
  }

  varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    for (; rest > 0x7f; rest >>>= 7) this.int8((rest & 0x7f) | 0x80)
    this.int8(rest)
  }

  string(text: string): void {
    this.int16(textBytes(text))
    this.text(text)
  }

  varstring(text: string): void {
    this.varint(textBytes(text))
    this.text(text)
  }

  varbytes(value: Uint8Array | null): void {
    this.varint(value === null ? -1 : value.length)
    if (value === null) return
    this.bytes.set(value, this.at)
    this.at += value.length
  }

  text(text: string): void {
    const start = this.at
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) {
        this.at = start + this.bytes.write(text, start, 'utf8')
        return
      }
      this.bytes[start + index] = unit
    }
    this.at = start + text.length
  }
}
