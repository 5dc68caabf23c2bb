import type { Writes } from '../../native/records.ts'
import type { Part } from '../../operators/flow.ts'
import type { StoreReader } from '../store/store.ts'
import { bytesText, textBytes } from '../text.ts'
import type { OutRecord } from './client/client.ts'
import { packed, type RecordSet } from './client/packed.ts'
import { writers, type Writer } from './client/writer.ts'
import { recordOriginOf } from './feed.ts'
import type { Outputs, UnderWay } from './outputs.ts'
import { encodePosition, isRole, positionOf, start, type Position, type Role } from './position.ts'

const prefix = 'kafka/outbox/'
const digits = 20
const nameOf = (sequence: bigint): string => `${prefix}${`${sequence}`.padStart(digits, '0')}`

/** Records that are to be sent together with how far that brings the partition. */
export interface Entry {
  /** Rises by one with each entry that has records; one without has that of the last with. */
  readonly sequence: bigint
  readonly sets: readonly RecordSet[]
  /** How many records and bytes that are. */
  readonly records: number
  readonly bytes: number
  /** Where each role of the partition is taken up after it. */
  readonly positions: ReadonlyMap<Role, Position>
  /** No sequence tells whether it is sent: if that is not known, it is sent once more. */
  readonly repeats?: true
  /** What the sets lie in, if that can be used again. */
  readonly lentBy?: Writer
}

type MetaRecord = readonly [name: string, value: Uint8Array | undefined]

/**
 * What is to be published, kept in the transaction of the state that it comes from until it is known to be sent. The
 * inputs alone could not make it again: the state knows those events already.
 */
export class Outbox implements UnderWay {
  readonly #outputs: Outputs
  readonly #entries = new Map<Part, Entry>()
  #sequence: bigint
  #positions: ReadonlyMap<Role, Position>
  /** The entries that are sent, and those of them that are deleted. */
  #sent: bigint
  #deleted: bigint

  /** While the state is made anew, positions stay: a part of it must not bring the group back to where it was then. */
  #rebuilding: boolean

  /** `sent`: the last entry that is known to be sent. */
  constructor(
    outputs: Outputs,
    last: bigint,
    sent: bigint,
    positions: ReadonlyMap<Role, Position>,
    rebuilding: boolean,
  ) {
    this.#outputs = outputs
    this.#rebuilding = rebuilding
    this.#sequence = last
    this.#sent = sent
    this.#deleted = sent
    this.#positions = positions
  }

  /** The `meta` records that belong to a part. Asked part by part, in their order. */
  recordsOf(part: Part): MetaRecord[] {
    const packer = this.#outputs.of(part, this)
    const made = packer.sets()
    if (!this.#rebuilding) this.#positions = positionsAfter(part, this.#positions)
    if (made.length > 0) this.#sequence += 1n
    const [sequence, positions] = [this.#sequence, this.#positions]
    const others = this.#outputs.exchange.records()
    if (made.length === 0) {
      this.#entries.set(part, { sequence, ...sizesOf([]), positions })
      return [...others, ...this.#deletions()]
    }
    const { lentBy, sets } = encode(made, positions)
    packer.clear()
    this.#entries.set(part, { sequence, ...sizesOf(sets), positions, lentBy })
    return [...others, [nameOf(sequence), lentBy.bytes()], ...this.#deletions()]
  }

  /** The entry of a part that is on disk now; asked once. */
  take(part: Part): Entry | undefined {
    const entry = this.#entries.get(part)
    this.#entries.delete(part)
    return entry
  }

  /** How far everything is, with nothing to send. */
  standing(): Entry {
    return { sequence: this.#sequence, ...sizesOf([]), positions: this.#positions }
  }

  /**
   * Records that go before all that is not sent: they come with the first transaction, and count for no entry of it. To
   * send them twice does no harm.
   */
  before(records: readonly OutRecord[]): Entry {
    const sizes = sizesOf(packed(records))
    return { sequence: this.#sent, ...sizes, positions: this.#positions, repeats: true }
  }

  /** The state is whole again. */
  rebuilt(): void {
    this.#rebuilding = false
  }

  /** Entries up to this one are sent: with the next transactions they go. */
  sent(sequence: bigint): void {
    if (sequence > this.#sent) this.#sent = sequence
  }

  *sets(): Iterable<RecordSet> {
    for (const { sets } of this.#entries.values()) yield* sets
  }

  writes(): readonly Writes[] {
    return Array.from(this.#entries.keys(), ({ settled }) => settled?.verdicts.writes ?? [])
      .flat()
      .toReversed()
  }

  *#deletions(): Iterable<MetaRecord> {
    for (; this.#deleted < this.#sent; this.#deleted += 1n) yield [nameOf(this.#deleted + 1n), undefined]
  }
}

/** Sets with how many records and bytes they have. */
const sizesOf = (sets: readonly RecordSet[]): Pick<Entry, 'sets' | 'records' | 'bytes'> => ({
  sets,
  records: sets.reduce((sum, { count }) => sum + count, 0),
  bytes: sets.reduce((sum, { bytes }) => sum + bytes.length, 0),
})

function positionsAfter(part: Part, before: ReadonlyMap<Role, Position>): ReadonlyMap<Role, Position> {
  const { work, last } = part
  const origin = work.kind === 'frames' ? recordOriginOf(work.origin) : undefined
  if (!last || work.kind !== 'frames' || !origin || !isRole(origin.purpose)) return before
  return new Map([...before, [origin.purpose, origin.positionAt(work.resume)]])
}

/** What is stored of an entry, and not known to be sent. */
export function unsent(store: StoreReader, sent: bigint): Entry[] {
  return Array.from(store.scan('meta', { prefix: textBytes(prefix) }), ({ key, value }) =>
    decode(value, BigInt(bytesText(key).slice(prefix.length))),
  ).filter(({ sequence }) => sequence > sent)
}

/** Deletions of everything that was sent. */
export const cleared = (store: StoreReader, sent: bigint): MetaRecord[] =>
  Array.from(store.scan('meta', { prefix: textBytes(prefix) }), ({ key }) => bytesText(key))
    .filter((name) => BigInt(name.slice(prefix.length)) <= sent)
    .map((name) => [name, undefined])

/** Of one set in front of all bytes: topic, partition, records, bytes. */
type Head = readonly [topic: string, partition: number, count: number, bytes: number]

/** The same of one record, as it was before there were sets: topic, partition, key, headers, bytes of its value. */
type RecordHead = readonly [string, number, string | null, Readonly<Record<string, string>>, number | null]

/** Bytes in front of the heads that say how many they are. */
const lengthBytes = 4

/** An entry as one piece of bytes, and its sets with their bytes in it. */
function encode(
  made: readonly RecordSet[],
  positions: ReadonlyMap<Role, Position>,
): { lentBy: Writer; sets: readonly RecordSet[] } {
  const heads = made.map(({ topic, partition, count, bytes }): Head => [
    topic,
    partition,
    count,
    bytes.length,
  ])
  const places = Object.fromEntries(
    Array.from(positions, ([role, position]) => [role, bytesText(encodePosition(position))]),
  )
  const head = Buffer.from(JSON.stringify({ sets: heads, places }))
  const from = lengthBytes + head.length
  const to = writers.take(made.reduce((sum, { bytes }) => sum + bytes.length, from))
  to.int32(0)
  to.raw(head)
  for (const { bytes } of made) to.raw(bytes)
  to.bytes().writeUInt32LE(head.length)
  return { lentBy: to, sets: setsIn(heads, to.bytes(), from) }
}

/** Nobody reads these entries any more: what they lie in is used again. */
export function giveBack(entries: readonly Entry[]): void {
  for (const { lentBy } of entries) if (lentBy) writers.give(lentBy)
}

function setsIn(heads: readonly Head[], bytes: Uint8Array, from: number): RecordSet[] {
  let at = from
  return heads.map(([topic, partition, count, size]) => ({
    topic,
    partition,
    count,
    bytes: bytes.subarray(at, (at += size)),
  }))
}

function decode(bytes: Uint8Array, sequence: bigint): Entry {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = lengthBytes + buffer.readUInt32LE(0)
  const { sets, heads, places } = JSON.parse(buffer.toString('utf8', lengthBytes, end)) as {
    sets?: readonly Head[]
    heads?: readonly RecordHead[]
    places: Readonly<Partial<Record<Role, string>>>
  }
  const positions = new Map<Role, Position>()
  for (const role of ['input', 'exchange'] as const)
    positions.set(role, places[role] === undefined ? start : positionOf(places[role]))
  const made = sets ? setsIn(sets, buffer, end) : packed(recordsIn(heads ?? [], buffer, end))
  return { sequence, ...sizesOf(made), positions }
}

function recordsIn(heads: readonly RecordHead[], bytes: Uint8Array, from: number): OutRecord[] {
  let at = from
  return heads.map(([topic, partition, key, headers, size]) => ({
    topic,
    partition,
    key: key === null ? undefined : Buffer.from(key, 'latin1'),
    value: size === null ? undefined : bytes.subarray(at, (at += size)),
    headers,
  }))
}
