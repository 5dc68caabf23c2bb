import { keyOf } from '../escrow/entry.ts'
import type { StoreReader } from '../store/store.ts'
import { bytesText } from '../text.ts'
import type { Client, LogBatch, OutRecord } from './client/client.ts'
import type { Feed, Purpose } from './feed.ts'
import type { Topics } from './topics.ts'

export interface Rebuilding {
  readonly client: Client
  readonly feed: Feed
  readonly store: StoreReader
  readonly topics: Topics
  readonly partition: number
  readonly signal: AbortSignal
  /** Told of records that were read, and how many there are. */
  readonly progress: (read: bigint, total: bigint) => void
}

/**
 * Makes the state of a partition anew from what it was published as, verified in full once more: the logs that other
 * partitions sent, then what was accepted, in that order, then what still waits. A copy goes on from where it has come.
 * Resolves to records for entries that waited and do no longer.
 *
 * The exchange is read to its end, beyond where the group has come: an event may have been accepted and published by an
 * earlier owner that rests on what lies there, and without that it would wait, be accepted later, and be published again.
 * Whoever calls this has fenced the earlier owners, so that none of them publishes any more.
 */
export async function rebuild(rebuilding: Rebuilding): Promise<OutRecord[]> {
  const { client, topics, partition } = rebuilding
  const exchangeEnd = await client.end(topics.exchange, partition)
  const acceptedEnd = await client.end(topics.accepted, partition)
  const escrowsEnd = await client.end(topics.escrows, partition)
  const total = exchangeEnd + acceptedEnd + escrowsEnd
  const note = (before: bigint) => (offset: bigint) => rebuilding.progress(before + offset + 1n, total)
  await replay(rebuilding, 'exchange', topics.exchange, { end: exchangeEnd, note: note(0n) })
  await replay(rebuilding, 'accepted', topics.accepted, { note: note(exchangeEnd) })
  const waiting = await lastRecords(rebuilding)
  const survives = (offset: bigint): boolean => waiting.has(offset)
  await replay(rebuilding, 'waiting', topics.escrows, { survives, note: note(exchangeEnd + acceptedEnd) })
  rebuilding.progress(total, total)
  return left(rebuilding, waiting)
}

interface Replaying {
  readonly end?: bigint
  /** Whether a record is taken, by its offset. */
  readonly survives?: (offset: bigint) => boolean
  readonly note?: (offset: bigint) => void
}

/** Reads a topic for a purpose from where that has come, to its end or another one. */
export async function replay(
  { client, feed, partition, signal }: Pick<Rebuilding, 'client' | 'feed' | 'partition' | 'signal'>,
  purpose: Purpose,
  topic: string,
  { end, survives = () => true, note = () => undefined }: Replaying,
): Promise<void> {
  const from = feed.next(purpose).offset
  if (end !== undefined && from >= end) return
  for await (const batch of client.read(topic, partition, from, signal)) {
    const records = batch.records.between(from, end).only(survives)
    const last = batch.records.next - 1n
    await feed.offer(purpose, { ...batch, records } satisfies LogBatch, signal)
    note(last)
    if (end !== undefined && last + 1n >= end) break
  }
  await feed.settled(signal)
}

/** Keys of entries that still wait, by the offsets of their last records. */
async function lastRecords({
  client,
  topics,
  partition,
  signal,
}: Rebuilding): Promise<ReadonlyMap<bigint, string>> {
  const last = new Map<string, bigint>()
  for await (const { records } of client.read(topics.escrows, partition, 0n, signal))
    for (const { key, value, offset } of records) {
      if (!key) continue
      if (value) last.set(bytesText(key), offset)
      else last.delete(bytesText(key))
    }
  return new Map(Array.from(last, ([key, offset]) => [offset, key]))
}

const left = ({ store, topics, partition }: Rebuilding, waiting: ReadonlyMap<bigint, string>): OutRecord[] =>
  [...waiting.values()]
    .filter((cursor) => store.get('waiting', keyOf(cursor)) === undefined)
    .map((key) => ({
      topic: topics.escrows,
      partition,
      key,
      value: undefined,
      headers: { event: 'resolved' },
    }))
