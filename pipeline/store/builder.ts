import { writeKinds, type Writes } from '../../native/records.ts'
import { tableNumber, type TableName } from '../../native/tables.ts'
import type { Store } from './store.ts'

interface Change {
  readonly table: TableName
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** Changes of the shell's own to the tables of a database, put on disk in transactions of a bounded size. */
export class Builder {
  readonly #store: Store
  readonly #bytesMax: number
  #changes: Change[] = []
  #bytes = 0

  constructor(store: Store, bytesMax: number) {
    this.#store = store
    this.#bytesMax = bytesMax
  }

  /** Puts a record, or with no value takes it away; resolves when there is room for more. */
  async change(table: TableName, key: Uint8Array, value?: Uint8Array): Promise<void> {
    this.#changes.push({ table, key, value })
    this.#bytes += key.length + (value?.length ?? 0)
    if (this.#bytes >= this.#bytesMax) await this.flush()
  }

  /** Resolves when all changes so far are on disk. */
  async flush(): Promise<void> {
    const writes = writesOf(this.#changes, this.#bytes)
    this.#changes = []
    this.#bytes = 0
    if (writes.ops.length > 0) await this.#store.commit(writes, new Map())
  }
}

function writesOf(changes: readonly Change[], bytes: number): Writes {
  const arena = new Uint8Array(bytes)
  const ops: number[] = []
  let at = 0
  for (const { table, key, value } of changes) {
    arena.set(key, at)
    arena.set(value ?? [], at + key.length)
    const keyEnd = at + key.length
    const end = keyEnd + (value?.length ?? 0)
    ops.push(tableNumber(table), value ? writeKinds.put : writeKinds.delete, at, keyEnd, end)
    at = end
  }
  return { ops: Uint32Array.from(ops), arena }
}
