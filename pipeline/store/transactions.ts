import type { Database, RootDatabase } from 'lmdb'

import { writeCount, type Writes } from '../../native/records.ts'
import { tableNames } from '../../native/tables.ts'
import { PipelineError, reasonOf } from '../errors.ts'
import { limits } from '../limits.ts'
import { textBytes } from '../text.ts'
import { ArenaWrite } from './arena.ts'
import { freeBytes, fullDiskBytes } from './disk.ts'
import type { MetaRecords } from './store.ts'
import type { Timed } from './timed.ts'

export type Table = Database<Uint8Array, Uint8Array>

/** Changes that wait for their transaction. */
interface Waiting {
  readonly writes: Writes | undefined
  readonly meta: MetaRecords
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

export interface TransactionOptions {
  readonly root: RootDatabase
  /** By number. */
  readonly tables: readonly (Table | undefined)[]
  readonly directory: string
  readonly timed: Timed
  /** Whether changes that wait may share a transaction. */
  readonly group: boolean
}

/**
 * Brings changes to disk, in order. A transaction begins when the one before it is committed, so that none that builds
 * on a failed one gets in, and while that one's flush is still under way.
 */
export class Transactions {
  readonly #options: TransactionOptions
  readonly #waiting: Waiting[] = []
  #running = false
  #failure: PipelineError | undefined

  constructor(options: TransactionOptions) {
    this.#options = options
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Resolves when the changes are on disk. */
  async commit(writes: Writes | undefined, meta: MetaRecords): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ writes, meta, done: resolve, failed: reject })
    })
    if (!this.#running) void this.#run()
    await done
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      try {
        if (this.#failure) throw this.#failure
        const { flushed } = await this.#transact(group)
        void this.#finish(group, inTime(flushed, this.#options.directory))
      } catch (error) {
        void this.#finish(group, Promise.reject(error))
      }
    }
    this.#running = false
  }

  /** What goes into the next transaction: all that waits, up to a number of writes, or one commit alone. */
  #nextGroup(): Waiting[] {
    let writes = 0
    const full = this.#waiting.findIndex((waiting) => {
      writes += waiting.writes ? writeCount(waiting.writes) : 0
      return writes > limits.groupWrites
    })
    const all = full < 0 ? this.#waiting.length : full
    return this.#waiting.splice(0, this.#options.group ? Math.max(1, all) : 1)
  }

  /** Commits one transaction, which is visible then; `flushed` resolves when it is on disk. */
  async #transact(group: readonly Waiting[]): Promise<{ flushed: Promise<unknown> }> {
    const { root, timed } = this.#options
    const committed = timed(() =>
      root.batch(() => {
        for (const { writes, meta } of group) this.#put(writes, meta)
      }),
    )
    // The flush of the transaction just queued can be asked for in this turn only.
    const flushed = Promise.resolve(root.flushed)
    flushed.catch(() => undefined)
    await committed
    return { flushed }
  }

  async #finish(group: readonly Waiting[], flushed: Promise<void>): Promise<void> {
    try {
      await flushed
      for (const { done } of group) done()
    } catch (error) {
      this.#failure ??= await explained(error, this.#options.directory)
      for (const { failed } of group) failed(this.#failure)
    }
  }

  /** Queues the changes of one transaction; lmdb reads the values from the arena when it writes. */
  #put(writes: Writes | undefined, meta: MetaRecords): void {
    if (writes) this.#putAll(writes)
    const table = this.#options.tables[tableNames.indexOf('meta')]
    for (const [name, value] of meta)
      if (value) void table?.put(textBytes(name), value)
      else void table?.remove(textBytes(name))
  }

  #putAll(writes: Writes): void {
    const write = ArenaWrite.over(writes)
    const count = writeCount(writes)
    for (let index = 0; index < count; index += 1) {
      const isPut = write.moveTo(writes, index)
      const table = this.#options.tables[write.table]
      if (!table) throw new RangeError(`layout: table ${write.table}`)
      if (isPut) void table.put(write, write)
      else void table.remove(write)
    }
  }
}

async function explained(error: unknown, directory: string): Promise<PipelineError> {
  if (error instanceof PipelineError) return error
  const cause = await commitCause(error)
  const full =
    /no space left|ENOSPC|MDB_MAP_FULL/i.test(reasonOf(cause)) || freeBytes(directory) < fullDiskBytes
  if (full)
    return new PipelineError('store/full', {
      what: `the disk of the database ${directory} is full; nothing that was acknowledged is lost`,
      next: 'make room and run the same command again: it goes on where the database stands',
      cause,
    })
  return new PipelineError('store/commit', {
    what: `the database ${directory} refused a transaction; nothing that was acknowledged is lost`,
    next: 'look after the disk, then run the same command again: it goes on where the database stands',
    cause,
  })
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
