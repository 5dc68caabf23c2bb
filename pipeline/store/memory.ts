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

/**
 * A store in memory with the behaviour of the one on disk, for `verify` and for tests. It is bounded in bytes:
 * past the limit a commit fails with a message that points to `ingest`.
 */
export class MemoryStore implements Store {
  readonly #tables = tableNames.map(() => new SortedTable())
  readonly #arena = new RecordArena(limits.fetchArenaBytes)
  readonly #bytesMax: number
  readonly #timed: Timed
  #bytes = 0

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
      const { table, prefix, key, limit } = requestAt(requests, index)
      arena.begin()
      if (prefix) {
        for (const record of this.#scan(this.#at(table), { prefix: key, limit }))
          arena.add(record.key, record.value)
      } else {
        const value = this.#at(table).get(key)
        if (value) arena.add(key, value)
      }
    }
    return arena.bytes()
  }

  async commit(writes: Writes | undefined, meta: MetaRecords): Promise<void> {
    this.#timed(() => this.#change(writes, meta))
    if (this.#bytes > this.#bytesMax)
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
    for (const table of this.#tables) table.clear()
  }

  #change(writes: Writes | undefined, meta: MetaRecords): void {
    if (writes)
      for (let index = 0; index < writeCount(writes); index += 1) {
        const { table, key, value } = writeAt(writes, index)
        if (value) this.#put(this.#at(table), new Uint8Array(key), new Uint8Array(value))
        else this.#remove(this.#at(table), key)
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
    this.#remove(table, key)
    table.set(key, value)
    this.#bytes += recordBytes(key, value)
  }

  #remove(table: SortedTable, key: Uint8Array): void {
    const value = table.get(key)
    if (!value) return
    table.delete(key)
    this.#bytes -= recordBytes(key, value)
  }

  #table(name: TableName): SortedTable {
    return this.#at(tableNames.indexOf(name))
  }

  #at(number: number): SortedTable {
    const table = this.#tables[number]
    if (!table) throw new RangeError(`layout: table ${number}`)
    return table
  }
}

const recordBytes = (key: Uint8Array, value: Uint8Array): number =>
  key.length + value.length + recordOverheadBytes
