import type { Batch } from 'kafkajs'

import type { LogBatch } from '../client.ts'
import type { FetchedBatch } from './fetched.ts'

/** A batch as kafkajs hands it over. */
export function batchOf(batch: Batch): LogBatch {
  // What kafkajs makes of an answer is replaced by ours (library.ts).
  const { topic, partition, highWatermark, fetchedOffset, messages } = batch as unknown as FetchedBatch
  return { topic, partition, from: BigInt(fetchedOffset), end: BigInt(highWatermark), records: messages }
}
