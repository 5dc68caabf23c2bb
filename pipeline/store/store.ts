import type { Requests, Writes } from '../../native/records.ts'
import type { TableName } from '../../native/tables.ts'
import { textBytes } from '../text.ts'

/** A stored record; both are copies that the caller may keep. */
export interface StoredRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** What a scan covers: the keys that start with `prefix` (all without one), from `from` on, up to before `to`. */
export interface ScanRange {
  readonly prefix?: Uint8Array
  readonly from?: Uint8Array
  readonly to?: Uint8Array
  /** 0 or absent is unlimited. */
  readonly limit?: number
}

/** Records of the shell's own that go into the `meta` table with a transaction, by name; without value they go. */
export type MetaRecords = ReadonlyMap<string, Uint8Array | undefined>

/** Records by key, or by what their keys start with, in key order. */
export interface Records {
  get(table: TableName, key: Uint8Array): Uint8Array | undefined
  scan(table: TableName, range: { readonly prefix: Uint8Array }): Iterable<StoredRecord>
}

/** Read access; many processes may have it while one writes. */
export interface StoreReader extends Records {
  /**
   * Reads what the engine lacks, synchronously and in one snapshot, into a buffer that is good until the next
   * call. Within a prefix scan the records come in key order.
   */
  fetch(requests: Requests): Uint8Array
  scan(table: TableName, range?: ScanRange): Iterable<StoredRecord>
  count(table: TableName): number
  close(): Promise<void>
}

/** The one writer's access. */
export interface Store extends StoreReader {
  /** Whether writes are read after their commit, too, so that their memory may not be given back. */
  readonly keepsWrites: boolean
  /**
   * Puts all writes and meta records into one transaction and resolves when that is on disk, not before. Commits
   * take effect in the order of their calls. The writes must not be changed any more: a store may keep them.
   */
  commit(writes: Writes | undefined, meta: MetaRecords): Promise<void>
}

/** The same store with some of its calls done otherwise. */
export const withCalls = (store: Store, calls: Partial<Store>): Store => ({
  keepsWrites: store.keepsWrites,
  commit: async (writes, meta) => store.commit(writes, meta),
  fetch: (requests) => store.fetch(requests),
  get: (table, key) => store.get(table, key),
  scan: (table, range) => store.scan(table, range),
  count: (table) => store.count(table),
  close: async () => store.close(),
  ...calls,
})

/** Reads a record of the shell's own from `meta`. */
export const readMeta = (store: StoreReader, name: string): Uint8Array | undefined =>
  store.get('meta', textBytes(name))

/** The first key after all keys that start with `prefix`, or nothing if there is none. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  const end = prefix.findLastIndex((byte) => byte !== 0xff)
  if (end < 0) return undefined
  const after = new Uint8Array(prefix.subarray(0, end + 1))
  after[end] = (after[end] ?? 0) + 1
  return after
}

/** Where a scan starts and before which key it ends. */
export function scanBounds(range: ScanRange): { start: Uint8Array | undefined; end: Uint8Array | undefined } {
  const { prefix, from, to } = range
  const after = prefix && afterPrefix(prefix)
  return { start: later(prefix, from), end: earlier(after, to) }
}

const later = (a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined =>
  a && b ? (Buffer.compare(a, b) >= 0 ? a : b) : (a ?? b)

const earlier = (a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined =>
  a && b ? (Buffer.compare(a, b) <= 0 ? a : b) : (a ?? b)
