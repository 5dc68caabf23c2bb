import { limits } from '../limits.ts'
import { pacedScan, type PacedReader } from '../store/paced.ts'
import type { StoredRecord } from '../store/store.ts'
import {
  cursorOf,
  EntryReader,
  evidenceKind,
  fits,
  keyFits,
  keyOf,
  placesOf,
  prefixOf,
  type Entry,
  type EntryQuery,
  type EntrySource,
} from './entry.ts'

export interface EscrowReader extends EntrySource, PacedReader {}

/** All entries that a query means, by AID and sequence number, from behind a cursor on. */
export async function* entries(
  reader: EscrowReader,
  query: EntryQuery = {},
  after?: string,
): AsyncGenerator<Entry> {
  for await (const { entry } of lookedAt(reader, query, after)) if (entry) yield entry
}

/** The records of entries that may be meant, by AID and sequence number: of a SAID those at its places alone. */
async function* recordsOf(
  reader: EscrowReader,
  query: EntryQuery,
  after?: string,
): AsyncGenerator<StoredRecord> {
  const behind = after === undefined ? undefined : Uint8Array.of(...keyOf(after), 0)
  const from = behind && { from: behind }
  const prefix = prefixOf(query)
  if (query.said === undefined) {
    yield* pacedScan(reader, 'waiting', { ...(prefix && { prefix }), ...from })
    return
  }
  for await (const place of placesOf(reader, query.said, prefix, behind)) {
    for await (const record of pacedScan(reader, 'waiting', { prefix: place, ...from }))
      if (keyFits(record.key, query)) yield record
  }
}

/** Every record that may be meant, with the entry if it is. */
async function* lookedAt(
  reader: EscrowReader,
  query: EntryQuery,
  after?: string,
): AsyncGenerator<{ readonly key: Uint8Array; readonly entry: Entry | undefined }> {
  const reads = new EntryReader(reader)
  for await (const record of recordsOf(reader, query, after)) {
    const entry = reads.read(record)
    yield { key: record.key, entry: entry && fits(entry, query, Date.now()) ? entry : undefined }
  }
}

export interface Page {
  readonly entries: readonly Entry[]
  /** Where the next page starts, unless this is the last one. */
  readonly next?: string
}

/**
 * At most `limit` entries behind a cursor. A page reads a bounded number of records, so that it costs the same however
 * much waits: where few of them are meant it has fewer entries, or none, and the next one goes on from there.
 */
export async function page(
  reader: EscrowReader,
  query: EntryQuery,
  limit: number,
  after?: string,
  recordsMax: number = limits.listedRecordsMax,
): Promise<Page> {
  const found: Entry[] = []
  let [records, last] = [0, after]
  for await (const { key, entry } of lookedAt(reader, query, after)) {
    if (records === recordsMax || (entry && found.length === limit))
      return { entries: found, ...(last !== undefined && { next: last }) }
    records += 1
    last = cursorOf(key)
    if (entry) found.push(entry)
  }
  return { entries: found }
}

/** An entry with its message. */
export interface Shown extends Entry {
  /** The event with what is attached to it so far, or the receipt, as CESR. */
  readonly message: string
  /** The same, a line for each primitive with what it is. */
  readonly annotated: string
}

/** Adds its message to an entry; nothing if it has left meanwhile. */
export function show({ addon, store }: EscrowReader, entry: Entry): Shown | undefined {
  const key = keyOf(entry.cursor)
  const value = store.get('waiting', key)
  if (!value) return undefined
  const message = addon.waitingMessage(key, value)
  return {
    ...entry,
    message: Buffer.from(message).toString('latin1'),
    annotated: addon.annotated(message),
  }
}

/** What waits under one heading. */
export interface Share {
  entries: number
  bytes: number
  /** Since when the oldest of them waits. */
  oldest: string
}

/** What waits in all, and by kind, by what is awaited and by source. */
export interface Stats {
  readonly type: 'escrow-stats'
  readonly entries: number
  readonly bytes: number
  /** AIDs with entries. */
  readonly aids: number
  /** Entries that are evidence of duplicity. */
  readonly evidence: number
  readonly kinds: Readonly<Record<string, Share>>
  readonly awaits: Readonly<Record<string, Share>>
  readonly sources: Readonly<Record<string, Share>>
}

/** Counts all that waits. An entry that is in two escrows counts in both kinds, and once in all. */
export async function stats(reader: EscrowReader): Promise<Stats> {
  const kinds = new Map<string, Share>()
  const awaits = new Map<string, Share>()
  const sources = new Map<string, Share>()
  let [count, bytes, aids, aid] = [0, 0, 0, '']
  for await (const entry of entries(reader)) {
    count += 1
    bytes += entry.bytes
    if (entry.aid !== aid) aids += 1
    aid = entry.aid
    for (const membership of entry.kinds) {
      add(kinds, membership.kind, entry)
      add(awaits, membership.awaits, entry)
    }
    add(sources, entry.sourceName, entry)
  }
  return {
    type: 'escrow-stats',
    entries: count,
    bytes,
    aids,
    evidence: kinds.get(evidenceKind)?.entries ?? 0,
    kinds: Object.fromEntries(kinds),
    awaits: Object.fromEntries(awaits),
    sources: Object.fromEntries(sources),
  }
}

function add(shares: Map<string, Share>, name: string, entry: Entry): void {
  const share = shares.get(name) ?? { entries: 0, bytes: 0, oldest: entry.since }
  share.entries += 1
  share.bytes += entry.bytes
  if (entry.since < share.oldest) share.oldest = entry.since
  shares.set(name, share)
}
