import type { Batch, IHeaders } from 'kafkajs'

import type { LogBatch, LogRecord } from '../client.ts'

/** A batch as kafkajs hands it over, without a copy of keys and values. */
export function batchOf(batch: Batch): LogBatch {
  const { topic, partition, highWatermark, messages } = batch
  // The types of kafkajs leave it out.
  const { fetchedOffset } = batch as Batch & { readonly fetchedOffset: string }
  const records = messages.map(({ offset, key, value, headers }): LogRecord => ({
    offset: BigInt(offset),
    key: key ?? undefined,
    value: value ?? undefined,
    headers: headers ? textsOf(headers) : {},
  }))
  return { topic, partition, from: BigInt(fetchedOffset), end: BigInt(highWatermark), records }
}

function textsOf(headers: IHeaders): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined) texts[name] = first.toString()
  }
  return texts
}
