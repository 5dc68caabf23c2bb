import type { Requests, Writes } from '../../native/records.ts'
import type { TableName } from '../../native/tables.ts'
import type { MetaRecords, ScanRange, Store, StoredRecord } from '../store/store.ts'
import type { Schedule } from './schedule.ts'

/** The end of a process, between two steps of its store. */
export class Crash extends Error {}

/**
 * A store that fails after so many steps, and for good: a read is a step, a commit is three. It may end before the
 * transaction, behind it but before anybody is told, or after that.
 */
export class CrashingStore implements Store {
  readonly #store: Store
  readonly #schedule: Schedule
  #stepsLeft: number

  constructor(store: Store, stepsLeft: number, schedule: Schedule) {
    this.#store = store
    this.#schedule = schedule
    this.#stepsLeft = stepsLeft
  }

  get keepsWrites(): boolean {
    return this.#store.keepsWrites
  }

  fetch(requests: Requests): Uint8Array {
    this.#step()
    return this.#store.fetch(requests)
  }

  get(table: TableName, key: Uint8Array): Uint8Array | undefined {
    return this.#store.get(table, key)
  }

  scan(table: TableName, range?: ScanRange): Iterable<StoredRecord> {
    return this.#store.scan(table, range)
  }

  count(table: TableName): number {
    return this.#store.count(table)
  }

  async commit(writes: Writes | undefined, meta: MetaRecords): Promise<void> {
    this.#step()
    const committed = this.#store.commit(writes, meta)
    this.#step()
    await this.#schedule.run(() => committed)
    this.#step()
  }

  /** What is stored stays. */
  async close(): Promise<void> {}

  #step(): void {
    if (this.#stepsLeft <= 0) throw new Crash('the process ends here')
    this.#stepsLeft -= 1
  }
}
