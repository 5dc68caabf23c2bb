import { findWrite, writesUnder, type Writes } from '../../native/records.ts'
import { tableNumber } from '../../native/tables.ts'
import type { Records, StoredRecord } from './store.ts'

/** What a store will hold when writes are in it that are on their way: these, the latest first. */
export const ahead = (store: Records, writes: readonly Writes[]): Records => ({
  get: (table, key) => {
    for (const each of writes) {
      const found = findWrite(each, tableNumber(table), key)
      if (found) return found.value
    }
    return store.get(table, key)
  },
  scan: (table, { prefix }) => {
    const records = new Map<string, StoredRecord>()
    for (const record of store.scan(table, { prefix })) records.set(nameOf(record.key), record)
    for (const each of writes.toReversed())
      for (const { key, value } of writesUnder(each, tableNumber(table), prefix))
        if (value) records.set(nameOf(key), { key, value })
        else records.delete(nameOf(key))
    return [...records.values()].toSorted((a, b) => Buffer.compare(a.key, b.key))
  },
})

const nameOf = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
