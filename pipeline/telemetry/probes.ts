import { statfs } from 'node:fs/promises'

import type { EngineMetrics, Features, OperationMetrics } from '../../native/addon.ts'
import type { Reading } from '../metrics.ts'
import type { StoreStats } from '../store/stats.ts'

const nanoseconds = 1e-9

export function* buildReadings(version: string, { path, target }: Features): Iterable<Reading> {
  const labels = { version, node_version: process.versions.node, cpu_path: path, target }
  yield ['kelpipe_build_info', 1, labels]
}

/** What an engine has counted. */
export function* engineReadings(metrics: EngineMetrics): Iterable<Reading> {
  yield* operationReadings(metrics.operations)
  yield ['kelpipe_native_copied_bytes_total', metrics.copiedBytes]
  yield ['kelpipe_signatures_checked_total', metrics.signaturesChecked]
  yield ['kelpipe_signatures_failed_total', metrics.signaturesFailed]
  yield ['kelpipe_signature_check_seconds_total', metrics.crypto.nanoseconds * nanoseconds]
  yield ['kelpipe_key_table_hits_total', metrics.crypto.tableHits]
  yield ['kelpipe_key_tables_built_total', metrics.crypto.tablesBuilt]
  yield ['kelpipe_key_tables_evicted_total', metrics.crypto.tablesEvicted]
  yield ['kelpipe_key_table_bytes', metrics.crypto.tableBytes]
  yield ['kelpipe_cache_entries', metrics.cacheEntries]
  yield ['kelpipe_cache_bytes', metrics.cacheBytes]
  yield ['kelpipe_cache_uncommitted_entries', metrics.uncommitted]
}

/** What was counted of calls, whether they belong to an engine or to none. */
export function* operationReadings(operations: readonly OperationMetrics[]): Iterable<Reading> {
  for (const { operation, count, errors, nanoseconds: ns, nanosecondsMax, rows, bytes } of operations) {
    const labels = { operation }
    yield ['kelpipe_native_calls_total', count, labels]
    yield ['kelpipe_native_errors_total', errors, labels]
    yield ['kelpipe_native_seconds_total', ns * nanoseconds, labels]
    yield ['kelpipe_native_max_seconds', nanosecondsMax * nanoseconds, labels]
    yield ['kelpipe_native_rows_total', rows, labels]
    yield ['kelpipe_native_bytes_total', bytes, labels]
  }
}

/** Size and use of a database. */
export function* storeReadings(stats: StoreStats): Iterable<Reading> {
  for (const [table, { records }] of Object.entries(stats.tables))
    yield ['kelpipe_store_records', records, { table }]
  yield ['kelpipe_store_file_bytes', stats.fileBytes]
  yield ['kelpipe_store_unused_bytes', stats.freeBytes]
  yield ['kelpipe_store_map_bytes', stats.mapBytes]
  yield ['kelpipe_store_readers', stats.readers]
}

/** Size and use of the disk that a folder is on. */
export async function diskReadings(directory: string): Promise<Iterable<Reading>> {
  const { bavail, blocks, bsize } = await statfs(directory)
  return [
    ['kelpipe_store_disk_bytes', blocks * bsize],
    ['kelpipe_store_disk_free_bytes', bavail * bsize],
  ]
}
