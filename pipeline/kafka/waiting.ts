import type { Row } from '../../native/batch.ts'
import type { Write } from '../../native/records.ts'
import { tableNumber } from '../../native/tables.ts'
import { cursorOf, evidenceKind, type Entry } from '../escrow/entry.ts'
import { loggedAt } from '../history.ts'
import { aidBytes, placeKey, replayed } from '../replay.ts'
import type { Records } from '../store/store.ts'
import type { OutRecord } from './client/client.ts'
import { isOwn, type OutputContext } from './context.ts'

/** What the change of an entry leads to. */
export interface WaitingChange {
  readonly records: readonly OutRecord[]
  /** AIDs whose logs it awaits. */
  readonly awaited: readonly string[]
}

/** The header that tells when an entry was first heard of, ISO 8601. */
export const sinceHeader = 'since'

/** What entries await that is somebody else's. */
const foreign = new Set(['delegator', 'anchor', 'signer-event'])

/** How an entry left, by the verdict that it came to. */
const leaving: Readonly<Partial<Record<Row['verdict'], string>>> = {
  expired: 'expired',
  removed: 'removed',
  evicted: 'evicted',
  rejected: 'refused',
}

/** With a store in which the writes that change entries are. */
type WaitingContext = Omit<OutputContext, 'store'> & { readonly store: Records }

/** What changes of the table of what waits lead to. `rows`: what the part came to. */
export function waitingChanges(
  context: WaitingContext,
  writes: readonly Write[],
  rows: () => readonly Row[],
): WaitingChange[] {
  let reasons: ReadonlyMap<string, Row> | undefined
  return writes.map(({ key, value }) => {
    const entry = value && entryOf(context, key, value)
    if (value && entry) return entered(context, key, value, entry)
    reasons ??= rowsByPlace(rows())
    return left(context, key, reasons)
  })
}

/** An entry as it was stored; nothing if its record only remembers something of one that has left. */
type StoredEntry = Pick<Entry, 'type' | 'aid' | 'sn' | 'said' | 'since' | 'kinds'>

function entryOf({ addon }: WaitingContext, key: Uint8Array, value: Uint8Array): StoredEntry | undefined {
  const json = addon.record(tableNumber('waiting'), key, value)
  const entry = json === null ? undefined : (JSON.parse(json) as StoredEntry)
  return entry && entry.kinds.length > 0 ? entry : undefined
}

function entered(
  context: WaitingContext,
  key: Uint8Array,
  value: Uint8Array,
  entry: StoredEntry,
): WaitingChange {
  const { addon, store, topics, partition } = context
  const { aid, sn, said, type, since, kinds } = entry
  const awaited = kinds.some(({ awaits }) => foreign.has(awaits)) ? awaitedOf(context, key, value, aid) : []
  if (!isOwn(context, aid)) return { records: [], awaited }
  const message = addon.waitingMessage(key, value)
  const named = kinds.map(({ kind }) => kind).join(' ')
  const headers = { event: 'entered', type, aid, sn, said, [sinceHeader]: since, kinds: named }
  const records: OutRecord[] = [
    { topic: topics.escrows, partition, key: cursorOf(key), value: message, headers },
  ]
  if (topics.duplicity !== undefined && kinds.some(({ kind }) => kind === evidenceKind)) {
    const held = loggedAt(addon, store, aid, BigInt(`0x${sn}`)).at(-1)
    const both = held ? [replayed(addon, store, held.ordinal), message] : [message]
    records.push({
      topic: topics.duplicity,
      partition,
      key: aid,
      value: Buffer.concat(both),
      headers: { sn, said, ...(held && { accepted: held.said }) },
    })
  }
  return { records, awaited }
}

function awaitedOf(
  { addon, store }: WaitingContext,
  key: Uint8Array,
  value: Uint8Array,
  aid: string,
): string[] {
  const lacks = JSON.parse(addon.missing(key, value, store.get('aids', aidBytes(aid)))) as {
    awaits: string
    delegator?: string
    event?: { aid: string }
  }[]
  // Of a rotation whose inception is not here yet the delegator is not known: it is named once that came.
  return lacks
    .filter(({ awaits }) => foreign.has(awaits))
    .map(({ delegator, event }) => delegator ?? event?.aid ?? '')
    .filter((awaited) => awaited !== '')
}

function left(context: WaitingContext, key: Uint8Array, reasons: ReadonlyMap<string, Row>): WaitingChange {
  const { topics, partition } = context
  const lengths = new Set([...reasons.keys()].map(({ length }) => length))
  const text = Buffer.from(key).toString('latin1')
  const row = Array.from(lengths, (length) => reasons.get(text.slice(0, length))).find((found) => found)
  if (row && !isOwn(context, row.aid)) return { records: [], awaited: [] }
  const event = (row && leaving[row.verdict]) ?? 'resolved'
  const place = row && { aid: row.aid, sn: row.sn.toString(16), said: row.said }
  const headers = { event, ...place, ...(row?.reason !== undefined && { reason: row.reason }) }
  return {
    records: [{ topic: topics.escrows, partition, key: cursorOf(key), value: undefined, headers }],
    awaited: [],
  }
}

/** Rows by the beginning of the keys of their entries: AID, sequence number, sort and SAID. */
const rowsByPlace = (rows: readonly Row[]): ReadonlyMap<string, Row> =>
  new Map(
    rows.map((row) => {
      const place = Buffer.from(placeKey(row.aid, row.sn)).toString('latin1')
      return [`${place}${row.ilk === 'rct' ? 'r' : 'e'}${row.said}`, row]
    }),
  )
