import { setImmediate as breath } from 'node:timers/promises'

import {
  RecordArena,
  requestAt,
  requestCount,
  writeAt,
  writeCount,
  type Requests,
  type Writes,
} from '../../native/records.ts'
import { tableNames, type TableName } from '../../native/tables.ts'
import { PipelineError } from '../errors.ts'
import { limits } from '../limits.ts'
import { formatRecord } from './format.ts'
import { textBytes } from '../text.ts'
import { scanBounds, type MetaRecords, type ScanRange, type Store, type StoredRecord } from './store.ts'
import { SortedTable } from './sorted.ts'
import type { Timed } from './timed.ts'

/** What a record costs beyond its bytes, roughly: the objects and the slots that hold it. */
const recordOverheadBytes = 200
/** Records that are copied without a pause for others. */
const copiesAtOnce = 2_000
/** The share of the limit that must be left once what was replaced is gone: making room is not worth its while else. */
const roomShare = 1 / 8

/**
 * A store in memory with the behaviour of the one on disk, for `verify` and for tests. It is bounded in bytes:
 * past the limit a commit fails with a message that points to `ingest`.
 *
 * Writes are kept as they come; a table takes over those that are for it when it is asked for something. Tables that
 * nobody asks, as that of logged events nearly always, cost nothing besides their bytes.
 */
export class MemoryStore implements Store {
  readonly keepsWrites = true
  readonly #tables = tableNames.map(() => new SortedTable())
  /** Writes that not every table has taken over, and how many of them each one has. */
  #parts: Writes[] = []
  readonly #taken = tableNames.map(() => 0)
  readonly #arena = new RecordArena(limits.fetchArenaBytes)
  readonly #bytesMax: number
  readonly #timed: Timed
  #bytes = 0
  #compacting: Promise<void> | undefined

  constructor(bytesMax: number = limits.memoryStoreBytes, timed: Timed = (step) => step()) {
    this.#bytesMax = bytesMax
    this.#timed = timed
    const [name, value] = formatRecord()
    this.#put(this.#table('meta'), textBytes(name), value)
  }

  fetch(requests: Requests): Uint8Array {
    const arena = this.#arena
    arena.reset()
    for (let index = 0; index < requestCount(requests); index += 1) {
      const request = requestAt(requests, index)
      const table = this.#at(request.table)
      arena.begin()
      if (request.mode === 'get') {
        const value = table.get(request.key)
        if (value) arena.add(request.key, value)
      } else arena.addAll(this.#scan(table, request), request.mode === 'range' ? request.bytes : undefined)
    }
    return arena.bytes()
  }

  async commit(writes: Writes | undefined, meta: MetaRecords): Promise<void> {
    this.#timed(() => this.#change(writes, meta))
    if (this.#bytes > this.#bytesMax && !(await this.#madeRoom()))
      throw new PipelineError('store/memory-full', {
        what: `the stream's key state needs more than ${this.#bytesMax} bytes of memory`,
        next: 'use "kelpipe ingest" with --store DIR, which keeps it on disk',
      })
  }

  get(table: TableName, key: Uint8Array): Uint8Array | undefined {
    const value = this.#table(table).get(key)
    return value && new Uint8Array(value)
  }

  scan(table: TableName, range: ScanRange = {}): Iterable<StoredRecord> {
    return this.#scan(this.#table(table), range)
  }

  count(table: TableName): number {
    return this.#table(table).size
  }

  async close(): Promise<void> {
    this.#parts = []
    this.#taken.fill(0)
    for (const table of this.#tables) table.clear()
  }

  #change(writes: Writes | undefined, meta: MetaRecords): void {
    if (writes) {
      this.#parts.push(writes)
      this.#bytes += writes.arena.length + writeCount(writes) * recordOverheadBytes
    }
    for (const [name, value] of meta)
      if (value) this.#put(this.#table('meta'), textBytes(name), value)
      else this.#remove(this.#table('meta'), textBytes(name))
  }

  #scan(table: SortedTable, range: ScanRange): Iterable<StoredRecord> {
    const { start, end } = scanBounds(range)
    return table.range(start, end, range.limit ?? 0)
  }

  #put(table: SortedTable, key: Uint8Array, value: Uint8Array): void {
    const before = table.set(key, value)
    this.#bytes += before ? value.length - before.length : recordBytes(key, value)
  }

  #remove(table: SortedTable, key: Uint8Array): void {
    const before = table.delete(key)
    if (before) this.#bytes -= recordBytes(key, before)
  }

  #table(name: TableName): SortedTable {
    return this.#at(tableNames.indexOf(name))
  }

  /** A table with all that was written so far. */
  #at(number: number): SortedTable {
    const table = this.#tables[number]
    if (!table) throw new RangeError(`layout: table ${number}`)
    if ((this.#taken[number] ?? 0) < this.#parts.length) this.#take(table, number, this.#parts.length)
    return table
  }

  /** Whether letting go of what was replaced or deleted leaves enough room; commits that overlap share the work. */
  async #madeRoom(): Promise<boolean> {
    await (this.#compacting ??= this.#compact().finally(() => (this.#compacting = undefined)))
    return this.#bytes <= this.#bytesMax * (1 - roomShare)
  }

  /** Every table takes over its writes, and copies what is left of them. */
  async #compact(): Promise<void> {
    const parts = this.#parts.length
    const before = this.#bytes
    let left = 0
    for (const [number, table] of this.#tables.entries()) {
      for (let taken = this.#taken[number] ?? 0; taken < parts; taken = this.#taken[number] ?? parts) {
        this.#timed(() => this.#take(table, number, taken + 1))
        await breath()
      }
      let copied = 0
      for (const { key, value } of table.keepCopies()) {
        left += recordBytes(key, value)
        copied += 1
        if (copied % copiesAtOnce === 0) await breath()
      }
    }
    this.#parts.splice(0, parts)
    for (const [number, taken] of this.#taken.entries()) this.#taken[number] = taken - parts
    this.#bytes += left - before
  }

  /** Makes the changes of the first `parts` parts to a table. */
  #take(table: SortedTable, number: number, parts: number): void {
    for (const part of this.#parts.slice(this.#taken[number], parts)) take(table, number, part)
    this.#taken[number] = parts
  }
}

/** Makes the changes of a part to one table. */
function take(table: SortedTable, number: number, part: Writes): void {
  for (let index = 0; index < writeCount(part); index += 1) {
    const write = writeAt(part, index, number)
    if (write?.value) table.set(write.key, write.value)
    else if (write) table.delete(write.key)
  }
}

const recordBytes = (key: Uint8Array, value: Uint8Array): number =>
  key.length + value.length + recordOverheadBytes
