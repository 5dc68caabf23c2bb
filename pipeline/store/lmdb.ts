import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb'

import { RecordArena, requestAt, requestCount, type Requests, type Writes } from '../../native/records.ts'
import { tableNames, type TableName } from '../../native/tables.ts'
import { PipelineError } from '../errors.ts'
import { limits } from '../limits.ts'
import { keyEncoder } from './arena.ts'
import { fullDiskBytes, requireRoom } from './disk.ts'
import { checkFormat, formatRecord, refuseForeign } from './format.ts'
import { lockWriter, type WriterLock } from './lock.ts'
import {
  scanBounds,
  type MetaRecords,
  type ScanRange,
  type Store,
  type StoredRecord,
  type StoreReader,
} from './store.ts'
import { bytesOf, type LmdbRootStats, type LmdbStats, type StoreStats } from './stats.ts'
import type { Timed } from './timed.ts'
import { Transactions, type Table } from './transactions.ts'

const binary = { encoding: 'binary', keyEncoder } as const
/** Before all keys; of keys by an encoder of ours lmdb does not know it. */
const firstKey = Uint8Array.of(0)
/** The files in the folder of a database: the data, and lmdb's table of readers. */
export const dataFile = 'data.mdb'
export const lockFile = 'lock.mdb'

/** Read access to a database on disk. */
export interface DiskReader extends StoreReader {
  stats(): StoreStats
  /** Copies the database into another folder, without the space that nothing uses. */
  copyTo(directory: string): Promise<void>
}

/** The one writer's access to a database on disk. */
export type DiskStore = Store & DiskReader

/** Opens the database in `directory` to read; another process may write to it. */
export async function openReader(directory: string): Promise<DiskReader> {
  if (!existsSync(join(directory, dataFile)))
    throw new PipelineError('store/missing', {
      what: `there is no database in ${directory}`,
      next: 'name one with --store DIR, or make one with "kelpipe ingest SRC --store DIR"',
    })
  return checked(
    opened(directory, () => new LmdbReader(openFiles(directory, { readOnly: true }), directory)),
    directory,
  )
}

export interface StoreOptions {
  /** Runs the synchronous steps of the store, and may take their time. */
  readonly timed: Timed
  /** Whether commits that wait for their turn may share a transaction. */
  readonly group: boolean
}

const standardOptions: StoreOptions = { timed: (step) => step(), group: true }

/** Opens the database in `directory` as its one writer and makes it if it is not there. */
export async function openStore(
  directory: string,
  options: StoreOptions = standardOptions,
): Promise<DiskStore> {
  makeDirectory(directory)
  const lock = lockWriter(directory)
  try {
    const store = opened(
      directory,
      () => new LmdbStore(openFiles(directory, {}), directory, { ...options, lock }),
    )
    return await checked(store, directory)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Refuses a database of another format; a new one is marked with ours. */
async function checked<Opened extends StoreReader | Store>(
  store: Opened,
  directory: string,
): Promise<Opened> {
  try {
    if (checkFormat(store, directory) === 'new' && 'commit' in store)
      await store.commit(undefined, new Map([formatRecord()]))
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true })
  } catch (cause) {
    throw new PipelineError('store/open', {
      what: `cannot make the folder ${directory} for the database`,
      next: 'name a folder that you may write to with --store DIR',
      cause,
    })
  }
}

/** Each commit is one explicit batch, with one promise that tells how it ended. */
function openFiles(directory: string, options: Partial<RootDatabaseOptionsWithPath>): RootDatabase {
  if (!existsSync(join(directory, lockFile)))
    requireRoom(directory, fullDiskBytes, 'opening the database for the first time')
  refuseForeign(join(directory, dataFile), options.readOnly ?? false)
  return open({
    path: directory,
    noSubdir: false,
    maxDbs: tableNames.length + 2,
    eventTurnBatching: false,
    ...options,
  })
}

/** Opens files and tables; says what it is about when that fails. */
function opened<Opened>(directory: string, openAll: () => Opened): Opened {
  try {
    return openAll()
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause
    throw new PipelineError('store/open', {
      what: `cannot open the database in ${directory}`,
      next: 'look at the rights of its files and at its disk; a file that is no database has to be moved away',
      cause,
    })
  }
}

class LmdbReader implements DiskReader {
  protected readonly root: RootDatabase
  protected readonly tables: readonly (Table | undefined)[]
  readonly #arena = new RecordArena(limits.fetchArenaBytes)

  constructor(root: RootDatabase, directory: string) {
    this.root = root
    this.tables = tableNames.map((name) => root.openDB<Uint8Array, Uint8Array>({ name, ...binary }))
    if (this.tables.every((table) => table === undefined))
      throw new PipelineError('store/missing', {
        what: `the database in ${directory} has no tables of kelpipe`,
      })
  }

  fetch(requests: Requests): Uint8Array {
    this.root.resetReadTxn()
    const arena = this.#arena
    arena.reset()
    for (let index = 0; index < requestCount(requests); index += 1) {
      const request = requestAt(requests, index)
      const table = this.tables[request.table]
      arena.begin()
      if (request.mode === 'get') {
        // lmdb answers with a buffer that it reuses, longer than the value: its property `length` is the value's.
        const value = table?.getBinaryFast(request.key)
        if (value) arena.add(request.key, value.subarray(0, value.length))
      } else arena.addAll(this.#scan(table, request), request.mode === 'range' ? request.bytes : undefined)
    }
    return arena.bytes()
  }

  get(table: TableName, key: Uint8Array): Uint8Array | undefined {
    return this.table(table)?.getBinary(key)
  }

  scan(table: TableName, range: ScanRange = {}): Iterable<StoredRecord> {
    return this.#scan(this.table(table), range)
  }

  count(table: TableName): number {
    const stats = this.table(table)?.getStats() as { entryCount: number } | undefined
    return stats?.entryCount ?? 0
  }

  stats(): StoreStats {
    const root = this.root.getStats() as unknown as LmdbRootStats
    const tables = Object.fromEntries(
      tableNames.map((name, number) => {
        const stats = this.tables[number]?.getStats() as unknown as LmdbStats | undefined
        return [name, { records: stats?.entryCount ?? 0, bytes: stats ? bytesOf(stats) : 0 }]
      }),
    )
    const used = Object.values(tables).reduce((sum, { bytes }) => sum + bytes, bytesOf(root))
    const fileBytes = (root.lastPageNumber + 1) * root.pageSize
    const metaBytes = 2 * root.pageSize
    const freeBytes = fileBytes - metaBytes - used - (root.free ? bytesOf(root.free) : 0)
    return { tables, fileBytes, freeBytes, mapBytes: root.mapSize, readers: root.numReaders }
  }

  async copyTo(directory: string): Promise<void> {
    await this.root.backup(directory, true)
  }

  async close(): Promise<void> {
    await this.root.close()
  }

  protected table(name: TableName): Table | undefined {
    return this.tables[tableNames.indexOf(name)]
  }

  *#scan(table: Table | undefined, range: ScanRange): Iterable<StoredRecord> {
    if (!table) return
    const { start, end } = scanBounds(range)
    const options = {
      start: start ?? firstKey,
      ...(end && { end }),
      ...(range.limit ? { limit: range.limit } : {}),
    }
    for (const { key, value } of table.getRange(options)) yield { key, value }
  }
}

class LmdbStore extends LmdbReader implements DiskStore {
  readonly keepsWrites = false
  readonly #transactions: Transactions
  readonly #lock: WriterLock
  readonly #timed: Timed

  constructor(
    root: RootDatabase,
    directory: string,
    { lock, timed, group }: StoreOptions & { lock: WriterLock },
  ) {
    super(root, directory)
    this.#lock = lock
    this.#timed = timed
    this.#transactions = new Transactions({ root, tables: this.tables, directory, timed, group })
  }

  async commit(writes: Writes | undefined, meta: MetaRecords): Promise<void> {
    await this.#transactions.commit(writes, meta)
    // lmdb reads on in a snapshot for a moment, which may be older.
    this.root.resetReadTxn()
  }

  override fetch(requests: Requests): Uint8Array {
    return this.#timed(() => super.fetch(requests))
  }

  override async close(): Promise<void> {
    // After a failed transaction lmdb waits for ever for the flush of those behind it.
    if (!this.#transactions.failed) await super.close()
    this.#lock.release()
  }
}
