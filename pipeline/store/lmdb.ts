import { existsSync, mkdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

import { open, type Database, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb'

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
import { PipelineError, reasonOf } from '../errors.ts'
import { limits } from '../limits.ts'
import { checkFormat, formatRecord } from './format.ts'
import { lockWriter, type WriterLock } from './lock.ts'
import { textBytes } from '../text.ts'
import {
  scanBounds,
  type MetaRecords,
  type ScanRange,
  type Store,
  type StoredRecord,
  type StoreReader,
} from './store.ts'

type Table = Database<Uint8Array, Uint8Array>

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
/** The file in the folder of a database that holds the data. */
const dataFile = 'data.mdb'
/** Bytes left on the disk below which a failed commit is blamed on the full disk. */
const fullDiskBytes = 1024 * 1024

/** Opens the database in `directory` to read; another process may write to it. */
export async function openReader(directory: string): Promise<StoreReader> {
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

/** Runs a synchronous step of the store, and may take its time. */
export type Timed = <Result>(step: () => Result) => Result

/** Opens the database in `directory` as its one writer and makes it if it is not there. */
export async function openStore(directory: string, timed: Timed = (step) => step()): Promise<Store> {
  makeDirectory(directory)
  const lock = lockWriter(directory)
  try {
    const store = opened(directory, () => new LmdbStore(openFiles(directory, {}), directory, { lock, timed }))
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
const openFiles = (directory: string, options: Partial<RootDatabaseOptionsWithPath>): RootDatabase =>
  open({
    path: directory,
    noSubdir: false,
    maxDbs: tableNames.length + 2,
    eventTurnBatching: false,
    ...options,
  })

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

class LmdbReader implements StoreReader {
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
      const { table, prefix, key, limit } = requestAt(requests, index)
      arena.begin()
      if (prefix) {
        for (const record of this.#scan(this.tables[table], { prefix: key, limit }))
          arena.add(record.key, record.value)
        continue
      }
      // lmdb answers with a buffer that it reuses, longer than the value: its property `length` is the value's.
      const value = this.tables[table]?.getBinaryFast(key)
      if (value) arena.add(key, value.subarray(0, value.length))
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
      ...(start && { start }),
      ...(end && { end }),
      ...(range.limit ? { limit: range.limit } : {}),
    }
    for (const { key, value } of table.getRange(options)) yield { key, value }
  }
}

class LmdbStore extends LmdbReader implements Store {
  readonly #directory: string
  readonly #lock: WriterLock
  readonly #timed: Timed
  #committed: Promise<void> = Promise.resolve()
  #failed = false

  constructor(root: RootDatabase, directory: string, { lock, timed }: { lock: WriterLock; timed: Timed }) {
    super(root, directory)
    this.#directory = directory
    this.#lock = lock
    this.#timed = timed
  }

  async commit(writes: Writes | undefined, meta: MetaRecords): Promise<void> {
    // A transaction is queued once the one before it is committed: after a failure none that builds on it gets in.
    const committing = this.#committed.then(async () => this.#transact(writes, meta))
    this.#committed = committing.then(() => undefined)
    this.#committed.catch(() => undefined)
    try {
      const { flushed } = await committing
      await inTime(flushed, this.#directory)
    } catch (error) {
      this.#failed = true
      throw await this.#explained(error)
    }
  }

  override fetch(requests: Requests): Uint8Array {
    return this.#timed(() => super.fetch(requests))
  }

  override async close(): Promise<void> {
    // After a failed transaction lmdb waits for ever for the flush of those behind it.
    if (!this.#failed) await super.close()
    this.#lock.release()
  }

  /** Commits one transaction, which is visible then; `flushed` resolves when it is on disk. */
  async #transact(writes: Writes | undefined, meta: MetaRecords): Promise<{ flushed: Promise<unknown> }> {
    const committed = this.#timed(() => this.root.batch(() => this.#put(writes, meta)))
    // The flush of the transaction just queued can be asked for in this turn only.
    const flushed = Promise.resolve(this.root.flushed)
    flushed.catch(() => undefined)
    await committed
    return { flushed }
  }

  /** Queues the changes of one transaction; lmdb reads the values from the arena when it writes. */
  #put(writes: Writes | undefined, meta: MetaRecords): void {
    if (writes)
      for (let index = 0; index < writeCount(writes); index += 1) {
        const { table: number, key, value } = writeAt(writes, index)
        const table = this.tables[number]
        if (!table) throw new RangeError(`layout: table ${number}`)
        if (value) void table.put(key, value)
        else void table.remove(key)
      }
    const table = this.table('meta')
    for (const [name, value] of meta) void table?.put(textBytes(name), value)
  }

  async #explained(error: unknown): Promise<PipelineError> {
    if (error instanceof PipelineError) return error
    const cause = await commitCause(error)
    const full =
      /no space left|ENOSPC|MDB_MAP_FULL/i.test(reasonOf(cause)) || freeBytes(this.#directory) < fullDiskBytes
    if (full)
      return new PipelineError('store/full', {
        what: `the disk of the database ${this.#directory} is full; nothing that was acknowledged is lost`,
        next: 'make room and run the same command again: it goes on where the database stands',
        cause,
      })
    return new PipelineError('store/commit', {
      what: `the database ${this.#directory} refused a transaction; nothing that was acknowledged is lost`,
      next: 'look after the disk, then run the same command again: it goes on where the database stands',
      cause,
    })
  }
}

/** lmdb rejects a commit with a general error and hands the cause over as a promise that rejects in its turn. */
async function commitCause(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  return Promise.resolve(error.commitError).then(
    () => error,
    (cause: unknown) => cause,
  )
}

/** Waits for a flush, but not for ever: a failed sync of the disk is never reported otherwise. */
async function inTime(flushed: Promise<unknown>, directory: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const what = `the disk of the database ${directory} did not sync within ${limits.flushTimeoutMs} ms`
      reject(
        new PipelineError('store/flush-timeout', {
          what,
          next: 'look after the disk; nothing that was acknowledged is lost',
        }),
      )
    }, limits.flushTimeoutMs)
  })
  try {
    await Promise.race([flushed, late])
  } finally {
    clearTimeout(timer)
  }
}

function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
