import type { Addon } from '../../native/addon.ts'
import { tableNumber } from '../../native/tables.ts'
import { aidBytes, placeKey } from '../replay.ts'
import type { StoredRecord } from '../store/store.ts'

/** One escrow that an entry is in. */
export interface Membership {
  readonly kind: string
  readonly awaits: string
}

/** An entry that waits, as it is listed (docs/json.md). */
export interface Entry {
  /** Names the entry, and the place of the list behind it. */
  readonly cursor: string
  readonly type: 'event' | 'receipt'
  readonly aid: string
  /** Hexadecimal. */
  readonly sn: string
  /** Of the event or, of a receipt, of the event that it is for. */
  readonly said: string
  /** When it was first heard of, ISO 8601. */
  readonly since: string
  /** The number of the source that brought it. */
  readonly source: number
  readonly kinds: readonly Membership[]
  /** What it takes in the database. */
  readonly bytes: number
}

/** Which entries are meant: all that fit everything that is said. */
export interface EntryQuery {
  readonly kind?: string | undefined
  readonly aid?: string | undefined
  /** With an AID only. */
  readonly sn?: bigint | undefined
  readonly said?: string | undefined
  readonly awaits?: string | undefined
  readonly source?: number | undefined
  /** Those that wait for longer, or not as long, in seconds. */
  readonly olderSeconds?: number | undefined
  readonly youngerSeconds?: number | undefined
  /** Evidence of duplicity is left out. */
  readonly withoutEvidence?: boolean | undefined
}

export const evidenceKind = 'likely-duplicitous'

/** The key prefix that all entries of a query share. */
export function prefixOf({ aid, sn }: EntryQuery): Uint8Array | undefined {
  if (aid === undefined) return undefined
  return sn === undefined ? aidBytes(aid) : placeKey(aid, sn)
}

export const cursorOf = (key: Uint8Array): string => Buffer.from(key).toString('base64url')
export const keyOf = (cursor: string): Uint8Array => Buffer.from(cursor, 'base64url')

type StoredEntry = Pick<Entry, 'type' | 'aid' | 'sn' | 'said' | 'since' | 'source' | 'kinds'>

/** Reads a `waiting` record; nothing if it only remembers something of an entry that has left. */
export function entryOf(addon: Addon, { key, value }: StoredRecord): Entry | undefined {
  const stored = addon.record(tableNumber('waiting'), key, value)
  if (stored === null) return undefined
  const { type, aid, sn, said, since, source, kinds } = JSON.parse(stored) as StoredEntry
  if (kinds.length === 0) return undefined
  return {
    cursor: cursorOf(key),
    type,
    aid,
    sn,
    said,
    since,
    source,
    kinds: kinds.map(({ kind, awaits }) => ({ kind, awaits })),
    bytes: key.length + value.length,
  }
}

/** Whether a key can be of an entry that the query means; saves reading the others. */
export const keyFits = (key: Uint8Array, { said }: EntryQuery): boolean =>
  said === undefined || Buffer.from(key.buffer, key.byteOffset, key.length).includes(said)

/** Whether an entry is meant. */
export function fits(entry: Entry, query: EntryQuery, nowMs: number): boolean {
  const { kind, awaits, said, source, olderSeconds, youngerSeconds, withoutEvidence } = query
  const ageSeconds = (nowMs - Date.parse(entry.since)) / 1000
  return (
    (said === undefined || entry.said === said) &&
    (source === undefined || entry.source === source) &&
    (olderSeconds === undefined || ageSeconds > olderSeconds) &&
    (youngerSeconds === undefined || ageSeconds < youngerSeconds) &&
    entry.kinds.some(
      (membership) =>
        (kind === undefined || membership.kind === kind) &&
        (awaits === undefined || membership.awaits === awaits),
    ) &&
    !(withoutEvidence && entry.kinds.some((membership) => membership.kind === evidenceKind))
  )
}
