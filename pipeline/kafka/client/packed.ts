import type { OutRecord } from './client.ts'
import { headersIn, Reader } from './fields.ts'
import { utf8BytesMax, varintBytesMax, writers, type Writer } from './writer.ts'

/**
 * Records for one partition of a topic, in order, as bytes. Of each: four bytes (big-endian) that say how many follow, and key, value and
 * headers as a record batch has them. What stands before these in a batch depends on the place there, and is added when
 * they are sent.
 */
export interface RecordSet {
  readonly topic: string
  readonly partition: number
  readonly count: number
  readonly bytes: Uint8Array
}

/** Bytes in front of a packed record that say how many it has. */
export const lengthBytes = 4

/** What a record takes in a batch at most beside its fields: its length, two bytes, and its place. */
const headBytesMax = 12

/** What records take in a batch at most. */
export const batchBytes = ({ count, bytes }: Pick<RecordSet, 'count' | 'bytes'>): number =>
  bytes.length + count * (headBytesMax - lengthBytes)

/** What a set that is being filled begins with, where nobody says more: most are small. */
const bytesFirst = 1024

/** A set that is being filled. */
export class Pack {
  readonly topic: string
  readonly partition: number
  readonly to: Writer
  count = 0
  #start = 0

  constructor(topic: string, partition: number, bytes: number) {
    this.topic = topic
    this.partition = partition
    this.to = writers.take(bytes)
  }

  /** What it will take in a batch with a further record of so many bytes. */
  batchBytesWith(bytes: number): number {
    return this.to.length + bytes + (this.count + 1) * headBytesMax
  }

  /** Begins a record, whose key, value and headers are to be written; then `end` is to be called. */
  begin(): Writer {
    this.#start = this.to.length
    this.to.int32(0)
    return this.to
  }

  end(): void {
    this.to.int32At(this.#start, this.to.length - this.#start - lengthBytes)
    this.count += 1
  }
}

/** Packs records into sets, each of which brokers take at once. */
export class Packer {
  readonly #bytesMax: (topic: string) => number
  readonly #packs: Pack[] = []
  /** Of topics, by partition, the sets that are being filled. */
  readonly #open = new Map<string, Pack[]>()

  /** `bytesMax`: what brokers take at once of a topic. A record alone may be more. */
  constructor(bytesMax: (topic: string) => number) {
    this.#bytesMax = bytesMax
  }

  add({ topic, partition, key, value, headers }: OutRecord): void {
    let bytes = varintBytesMax * 3 + (value?.length ?? 0) + (key?.length ?? 0) * utf8BytesMax
    for (const name in headers)
      bytes += varintBytesMax * 2 + (name.length + (headers[name]?.length ?? 0)) * utf8BytesMax
    const pack = this.pack(topic, partition, bytes)
    const to = pack.begin()
    if (typeof key === 'string') to.varstring(key)
    else to.varbytes(key ?? null)
    to.varbytes(value ?? null)
    let count = 0
    for (const _ in headers) count += 1
    to.varint(count)
    for (const name in headers) {
      to.varstring(name)
      to.varstring(headers[name] ?? '')
    }
    pack.end()
  }

  /** The set for a record of at most so many bytes; `first`: what one that is begun should have room for. */
  pack(topic: string, partition: number, bytes: number, first: number = bytesFirst): Pack {
    let packs = this.#open.get(topic)
    if (!packs) this.#open.set(topic, (packs = []))
    const open = packs[partition]
    const bytesMax = this.#bytesMax(topic)
    if (open && open.batchBytesWith(bytes) <= bytesMax) return open
    const pack = new Pack(topic, partition, Math.min(first, bytesMax))
    packs[partition] = pack
    this.#packs.push(pack)
    return pack
  }

  /** All sets, those of a partition in order. */
  sets(): RecordSet[] {
    return this.#packs.map(({ topic, partition, count, to }) => ({
      topic,
      partition,
      count,
      bytes: to.bytes(),
    }))
  }

  /** Gives up all sets: nobody reads them any more, what they lie in is used again. */
  clear(): void {
    for (const { to } of this.#packs.splice(0)) writers.give(to)
    this.#open.clear()
  }
}

/** Packs records as they are. */
export function packed(records: Iterable<OutRecord>, bytesMax: number = Infinity): RecordSet[] {
  const packer = new Packer(() => bytesMax)
  for (const record of records) packer.add(record)
  return packer.sets()
}

/** A record of a set. */
export interface PackedRecord {
  readonly key: Uint8Array | undefined
  readonly value: Uint8Array | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** The records of a set, in order; with a key those of it alone. */
export function* unpacked(
  { bytes, count }: Pick<RecordSet, 'bytes' | 'count'>,
  only?: Uint8Array,
): Iterable<PackedRecord> {
  const reader = new Reader(bytes)
  let start = 0
  for (let left = count; left > 0; left -= 1) {
    reader.at = start + lengthBytes
    start = reader.at + lengthAt(bytes, start)
    const key = reader.bytes()
    if (only && (!key || Buffer.compare(key, only) !== 0)) continue
    const value = reader.bytes()
    yield { key, value, headers: headersIn(bytes, reader.at) }
  }
}

/** How many bytes a packed record has behind its length. */
export const lengthAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
