import type { Addon } from '../../native/addon.ts'
import { tableNumber } from '../../native/tables.ts'
import { originName } from '../origins.ts'
import { aidBytes, placeKey } from '../replay.ts'
import { pacedScan, type PacedReader } from '../store/paced.ts'
import { afterPrefix, type StoredRecord, type StoreReader } from '../store/store.ts'
import { textBytes } from '../text.ts'
import type { Missing } from './missing.ts'

/** One escrow that an entry is in. */
export interface Membership {
  readonly kind: string
  readonly awaits: string
}

/** An entry that waits, as it is listed (docs/json.md). */
export interface Entry {
  /** Names the entry, and the place of the list behind it. */
  readonly cursor: string
  readonly type: 'event' | 'receipt' | 'query'
  readonly aid: string
  /** Hexadecimal. */
  readonly sn: string
  /** Of the event or query or, of a receipt, of the event that it is for. */
  readonly said: string
  /** When it was first heard of, ISO 8601. */
  readonly since: string
  /** The source that brought it first: its number, and its name. */
  readonly source: number
  readonly sourceName: string
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
  /** By number or by name. */
  readonly source?: number | string | undefined
  /** Those that wait for longer, or not as long, in seconds. */
  readonly olderSeconds?: number | undefined
  readonly youngerSeconds?: number | undefined
  /** Evidence of duplicity is left out. */
  readonly withoutEvidence?: boolean | undefined
}

export const evidenceKind = 'likely-duplicitous'

/** A source by its number, or by its name if it is none. */
export const sourceOf = (value: string): number | string => (/^\d{1,15}$/.test(value) ? Number(value) : value)

/** The key prefix that all entries of a query share. */
export function prefixOf({ aid, sn }: EntryQuery): Uint8Array | undefined {
  if (aid === undefined) return undefined
  return sn === undefined ? aidBytes(aid) : placeKey(aid, sn)
}

/** The key of a place: an AID, of which none is shorter, and a sequence number. */
const placeBytesMin = 44 + 16

/**
 * The places, as keys, at which something with a SAID waits, by AID and sequence number: those with a prefix, and of these
 * the ones that hold a key behind `behind`.
 */
export async function* placesOf(
  reader: PacedReader,
  said: string,
  prefix: Uint8Array = new Uint8Array(0),
  behind?: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const named = textBytes(said)
  const under = (rest: Uint8Array): Uint8Array => Buffer.concat([named, rest])
  const range = {
    prefix: under(prefix),
    ...(behind && { from: under(behind.subarray(0, placeBytesMin)) }),
  }
  for await (const { key } of pacedScan(reader, 'saids', range)) {
    const place = key.subarray(named.length)
    if (!behind || Buffer.compare(afterPrefix(place) ?? place, behind) > 0) yield place
  }
}

export const cursorOf = (key: Uint8Array): string => Buffer.from(key).toString('base64url')
export const keyOf = (cursor: string): Uint8Array => Buffer.from(cursor, 'base64url')

type StoredEntry = Pick<Entry, 'type' | 'aid' | 'sn' | 'said' | 'since' | 'source' | 'kinds'>

/** A database whose entries are read. */
export interface EntrySource {
  readonly addon: Addon
  readonly store: StoreReader
}

/** Reads entries. What many of them share is looked up once, so a reader is good for one listing. */
export class EntryReader {
  readonly #addon: Addon
  readonly #store: StoreReader
  readonly #names = new Map<number, string>()
  #aid = ''
  #isKnown = false

  constructor({ addon, store }: EntrySource) {
    this.#addon = addon
    this.#store = store
  }

  /** Reads a `waiting` record; nothing if it only remembers something of an entry that has left. */
  read({ key, value }: StoredRecord): Entry | undefined {
    const stored = this.#addon.record(tableNumber('waiting'), key, value)
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
      sourceName: this.#sourceName(source),
      kinds: this.#kindsNow(kinds, aid, { key, value }),
      bytes: key.length + value.length,
    }
  }

  #sourceName(number: number): string {
    const name = this.#names.get(number) ?? originName(this.#store, number)
    this.#names.set(number, name)
    return name
  }

  /**
   * What is stored is what an entry awaited when it was last looked at. An inception wakes what stands right behind it,
   * a delegator's only what it seals: of the others it is told here that it came.
   */
  #kindsNow(kinds: readonly Membership[], aid: string, record: StoredRecord): Membership[] {
    const isOld = kinds.some(
      ({ awaits }) => awaits === 'delegator' || (awaits === 'inception' && this.#knows(aid)),
    )
    const now = isOld ? lacksOf({ addon: this.#addon, store: this.#store }, aid, record) : kinds
    return now.map(({ kind, awaits }) => ({ kind, awaits }))
  }

  #knows(aid: string): boolean {
    if (aid !== this.#aid) {
      this.#aid = aid
      this.#isKnown = hasState({ addon: this.#addon, store: this.#store }, aid)
    }
    return this.#isKnown
  }
}

/** What a waiting entry of an AID lacks by now, for each escrow it is in. */
export function lacksOf({ addon, store }: EntrySource, aid: string, { key, value }: StoredRecord): Missing[] {
  const lacks = JSON.parse(addon.missing(key, value, store.get('aids', aidBytes(aid)))) as Missing[]
  return lacks.map((lack) => {
    const { awaits, delegator } = lack
    const isKnown = awaits === 'delegator' && delegator && hasState({ addon, store }, delegator)
    return isKnown ? { ...lack, awaits: 'anchor' } : lack
  })
}

/** Whether an inception of the AID was accepted. */
export function hasState({ addon, store }: EntrySource, aid: string): boolean {
  const record = store.get('aids', aidBytes(aid))
  return record !== undefined && addon.keyState(aid, record, false) !== null
}

/** Whether a key at a place of a SAID can be of an entry that has it; saves reading the others. */
export const keyFits = (key: Uint8Array, { said }: EntryQuery): boolean =>
  said === undefined || Buffer.from(key.buffer, key.byteOffset, key.length).includes(said)

/** Whether an entry is meant. */
export function fits(entry: Entry, query: EntryQuery, nowMs: number): boolean {
  const { kind, awaits, said, source, olderSeconds, youngerSeconds, withoutEvidence } = query
  const ageSeconds = (nowMs - Date.parse(entry.since)) / 1000
  return (
    (said === undefined || entry.said === said) &&
    (source === undefined || entry.source === source || entry.sourceName === source) &&
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
