import { verdictNames, type Row, type VerdictBatch } from '../../native/batch.ts'
import { ilkNames } from '../../native/layout.ts'
import { tableAt, writeAt, writeCount, type Write, type Writes } from '../../native/records.ts'
import { tableNumber } from '../../native/tables.ts'
import type { Part } from '../../operators/flow.ts'
import { ahead } from '../store/ahead.ts'
import { acceptedHeaders, acceptedRecord, packAccepted } from './accepted.ts'
import type { OutRecord } from './client/client.ts'
import { Packer, type RecordSet } from './client/packed.ts'
import { isOwn, type OutputContext } from './context.ts'
import { cutHeader, deadLetters } from './dead.ts'
import { Exchange } from './exchange.ts'
import { recordOriginOf, type Purpose } from './feed.ts'
import { waitingChanges } from './waiting.ts'

/** What the records of a part are made with. */
interface Making {
  readonly purpose: Purpose | undefined
  readonly underWay: UnderWay
  readonly packer: Packer
}

const accepted = verdictNames.indexOf('accepted')
const receipt = ilkNames.indexOf('rct')
const [logTable, lateTable, waitingTable, aidsTable] = [
  tableNumber('log'),
  tableNumber('late'),
  tableNumber('waiting'),
  tableNumber('aids'),
]

/** Tables of whose writes records are made besides. */
const toldTables: ReadonlySet<number> = new Set([lateTable, aidsTable])

/** No AID is longer. */
const aidBytesMax = 128

/** What parts lead to that are not on disk yet. */
export interface UnderWay {
  sets(): Iterable<RecordSet>
  /** What they write, the latest first. */
  writes(): readonly Writes[]
}

/** What the parts of one partition lead to, as records for topics. */
export class Outputs {
  readonly #context: OutputContext
  readonly exchange: Exchange

  constructor(context: OutputContext) {
    this.#context = context
    this.exchange = new Exchange(context)
  }

  /**
   * The records that a part leads to, in order. What a rebuild reads again was published before: of it only that counts
   * which comes out otherwise than it did.
   */
  of(part: Part, underWay: UnderWay): Packer {
    const { work, settled } = part
    const origin = work.kind === 'frames' ? recordOriginOf(work.origin) : undefined
    const purpose = origin?.purpose
    const packer = new Packer(this.#context.requestBytesOf)
    // Who wants a log is noted first, so that what this part adds to it goes there too.
    if (purpose === 'exchange' && origin) this.#add(packer, this.exchange.answers(origin.refused(), underWay))
    if (settled) this.#ofVerdicts(part, settled.verdicts, { purpose, underWay, packer })
    const ends = origin && purpose === 'input' && part.last && work.kind === 'frames'
    if (ends) this.#add(packer, deadLetters(this.#context, work, origin))
    return packer
  }

  #add(packer: Packer, records: Iterable<OutRecord>): void {
    for (const record of records) packer.add(this.#sendable(record))
  }

  /** A record that no broker takes goes to the dead letters, as far as there is room for it. */
  #sendable(record: OutRecord): OutRecord {
    const { recordBytesMax, letterBytesMax, topics, partition } = this.#context
    const { topic, value, headers } = record
    const key = record.key && record.key.length <= keyBytesMax ? record.key : undefined
    const bytesMax = topic === topics.deadLetters ? letterBytesMax : recordBytesMax
    if (!value || (value.length + (key?.length ?? 0) <= bytesMax && key === record.key)) return record
    const room = letterBytesMax - (key?.length ?? 0)
    const reason = {
      reason: 'record/oversized-output',
      message: `${value.length} bytes for the topic ${topic}`,
    }
    return {
      topic: topics.deadLetters,
      partition,
      key,
      value: value.subarray(0, room),
      headers: {
        ...headers,
        ...(topic !== topics.deadLetters && reason),
        [cutHeader]: `${Math.max(0, value.length - room)}`,
      },
    }
  }

  #ofVerdicts(part: Part, verdicts: VerdictBatch, making: Making): void {
    const { purpose, packer } = making
    const { recordBytesMax } = this.#context
    const source = part.work.kind === 'frames' ? part.work.source : new Uint8Array(0)
    const told = purpose === 'accepted' ? 0 : verdicts.length
    for (let index = 0; index < told; index += 1) {
      if (verdicts.verdict[index] !== accepted || verdicts.ilk[index] === receipt) continue
      if (!this.#isOwnRow(verdicts, index, purpose)) continue
      const value = verdicts.bytes(index, source)
      const plain = value.length + aidBytesMax <= recordBytesMax && !this.exchange.isWanted
      if (plain) packAccepted(this.#context, verdicts, index, value, packer)
      else this.#add(packer, this.#accepted(verdicts.row(index), value))
    }
    this.#add(packer, this.#ofWrites(verdicts, making))
  }

  #isOwnRow(verdicts: VerdictBatch, index: number, purpose: Purpose | undefined): boolean {
    return (
      (purpose === 'input' && !verdicts.isRetried(index)) || isOwn(this.#context, verdicts.row(index).aid)
    )
  }

  #accepted(row: Row, value: Uint8Array): OutRecord[] {
    const record = acceptedRecord(this.#context, row, value)
    return [record, ...this.exchange.forwards(row.aid, value, acceptedHeaders(row))]
  }

  #ofWrites(verdicts: VerdictBatch, { purpose, underWay }: Making): OutRecord[] {
    const { writes } = verdicts
    const records: OutRecord[] = []
    const late = new Map<string, { key: Uint8Array; values: Uint8Array[] }>()
    const waiting: Write[] = []
    for (let index = 0; index < writeCount(writes); index += 1) {
      const table = tableAt(writes, index)
      if (table !== waitingTable && (purpose === 'accepted' || !toldTables.has(table))) continue
      const { key, value } = writeAt(writes, index)
      if (table === waitingTable) waiting.push({ table, key, value })
      else if (table === aidsTable && value) this.#state(key, value, records)
      else if (table === lateTable && value) {
        const ordinal = key.subarray(0, ordinalBytes)
        const found = late.get(nameOf(ordinal)) ?? { key: ordinal, values: [] }
        late.set(nameOf(ordinal), found)
        found.values.push(value)
      }
    }
    const { store } = this.#context
    const then = ahead(store, [writes, ...underWay.writes()])
    // An event is logged once, and most are found where they are for good.
    for (const { key, values } of late.values())
      this.#late(store.get('log', key) ?? then.get('log', key), values, records)
    if (waiting.length === 0) return records
    const changes = waitingChanges({ ...this.#context, store: then }, waiting, () => rowsOf(verdicts))
    for (const { records: changed, awaited } of changes) {
      if (purpose !== 'waiting' || changed.some(({ value }) => value === undefined)) records.push(...changed)
      records.push(...this.exchange.interests(awaited))
    }
    return records
  }

  /** What was attached to a logged event since: the event again, with that, as often as it takes. */
  #late(log: Uint8Array | undefined, late: readonly Uint8Array[], records: OutRecord[]): void {
    const { addon, topics, partition, letterBytesMax } = this.#context
    const json = log && addon.record(logTable, new Uint8Array(ordinalBytes), log)
    if (!json) return
    const { aid, sn, said, ilk } = JSON.parse(json) as Record<'aid' | 'sn' | 'said' | 'ilk', string>
    if (!isOwn(this.#context, aid)) return
    for (const some of portions(late, letterBytesMax - log.length)) {
      const value = addon.replay(log, some)
      const headers = { sn, said, ilk, late: `${some.length}` }
      records.push({ topic: topics.accepted, partition, key: aid, value, headers })
      records.push(...this.exchange.forwards(aid, value, headers))
    }
  }

  #state(key: Uint8Array, value: Uint8Array, records: OutRecord[]): void {
    const { addon, topics, partition } = this.#context
    if (topics.states === undefined) return
    const aid = Buffer.from(key).toString('latin1')
    const state = isOwn(this.#context, aid) ? addon.keyState(aid, value, true) : null
    if (state === null) return
    records.push({ topic: topics.states, partition, key: aid, value: Buffer.from(state), headers: {} })
  }
}

/** Values in portions of so many bytes; one value alone may be more. */
function* portions(values: readonly Uint8Array[], bytesMax: number): Iterable<readonly Uint8Array[]> {
  let portion: Uint8Array[] = []
  let bytes = 0
  for (const value of values) {
    if (portion.length > 0 && bytes + value.length > bytesMax) {
      yield portion
      portion = []
      bytes = 0
    }
    portion.push(value)
    bytes += value.length
  }
  if (portion.length > 0) yield portion
}

/** A longer key is nobody's of ours. */
const keyBytesMax = 4096

/** Bytes of an ordinal in a key. */
const ordinalBytes = 8

const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('latin1')

const rowsOf = (verdicts: VerdictBatch): Row[] =>
  Array.from({ length: verdicts.length }, (_, index) => verdicts.row(index))
