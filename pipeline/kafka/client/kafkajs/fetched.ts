import { batchesIn, recordsIn, type RecordBatch } from '../batches.ts'
import { allExpanded } from '../compression.ts'
import type { LogRecords } from '../log.ts'
import { committed, type Aborted } from './aborted.ts'

/** What kafkajs reads answers with. */
export interface Decoder {
  readInt32(): number
  canReadBytes(length: number): boolean
  readBytes(length: number): Buffer
}

/** The batches of one partition in the answer to a fetch, none of them compressed any more. */
export async function decodeBatches(decoder: Decoder): Promise<readonly RecordBatch[]> {
  const bytes = decoder.readInt32()
  if (bytes <= 0 || !decoder.canReadBytes(bytes)) return []
  return allExpanded(batchesIn(decoder.readBytes(bytes)))
}

/** What was fetched of a partition, as kafkajs keeps it. */
export interface PartitionData {
  readonly partition: number
  readonly highWatermark: string
  readonly abortedTransactions?: readonly Aborted[] | null
  readonly messages: readonly RecordBatch[]
}

/** What kafkajs hands over as a batch: the committed records of one fetch, without an object for each. */
export class FetchedBatch {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: string
  readonly fetchedOffset: string
  readonly messages: LogRecords
  readonly #batches: readonly RecordBatch[]

  constructor(topic: string, fetchedOffset: string, data: PartitionData) {
    this.topic = topic
    this.partition = data.partition
    this.highWatermark = data.highWatermark
    this.fetchedOffset = fetchedOffset
    this.#batches = data.messages
    this.messages = recordsIn(committed(data.messages, data.abortedTransactions), Number(fetchedOffset))
  }

  isEmpty(): boolean {
    return this.messages.length === 0
  }

  /** Whether there was something, though nothing to hand over. */
  isEmptyDueToFiltering(): boolean {
    return this.isEmpty() && this.#batches.length > 0
  }

  firstOffset(): string | null {
    return this.isEmpty() ? null : `${this.messages.offset(0)}`
  }

  /** The last offset that is done with: records may be missing there, or marks stand. */
  lastOffset(): string {
    const last = this.#batches.at(-1)?.last
    return last === undefined ? `${BigInt(this.highWatermark) - 1n}` : `${last}`
  }

  /** How many records there are behind these. */
  offsetLag(): string {
    return `${BigInt(this.highWatermark) - 1n - BigInt(this.lastOffset())}`
  }

  /** The same, with these. */
  offsetLagLow(): string {
    return this.isEmpty() ? '0' : `${BigInt(this.highWatermark) - 1n - this.messages.offset(0)}`
  }
}
