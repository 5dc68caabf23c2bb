import { setImmediate } from 'node:timers/promises'

import type { TableName } from '../../native/tables.ts'
import { limits } from '../limits.ts'
import type { ScanRange, StoredRecord, StoreReader } from './store.ts'

/** What a long scan reads from, and how many records it reads between two turns of the event loop. */
export interface PacedReader {
  readonly store: StoreReader
  readonly pageRecords: number
}

/**
 * The records of a range, page by page: the event loop turns between pages, and no page holds a snapshot of the
 * database longer than itself, so what changes meanwhile is seen behind the place that the scan has reached.
 */
export async function* pacedScan(
  { store, pageRecords }: PacedReader,
  table: TableName,
  range: Omit<ScanRange, 'limit'>,
): AsyncGenerator<StoredRecord> {
  for (let { from } = range, more = true; more;) {
    const page: StoredRecord[] = []
    let bytes = 0
    for (const record of store.scan(table, { ...range, ...(from && { from }), limit: pageRecords })) {
      page.push(record)
      bytes += record.key.length + record.value.length
      if (bytes >= limits.scanPageBytes) break
    }
    yield* page
    more = page.length === pageRecords || bytes >= limits.scanPageBytes
    const last = page.at(-1)
    if (last) from = Uint8Array.of(...last.key, 0)
    await setImmediate()
  }
}
