import type { Addon } from '../../native/addon.ts'
import { tableNumber, type TableName } from '../../native/tables.ts'
import { placeOf } from '../replay.ts'
import { pacedScan } from '../store/paced.ts'
import type { StoredRecord, StoreReader } from '../store/store.ts'
import type { Problem } from './again.ts'

export interface Comparing {
  readonly addon: Addon
  readonly pageRecords: number
  /** The database in question. */
  readonly now: StoreReader
  /** The one that was made anew. */
  readonly again: StoreReader
}

/** Tables that the log and what waits determine, record by record. */
const derived = ['aids', 'kel', 'seals', 'saids', 'awaits', 'expiry'] as const

/** Compares all that is derived. */
export async function* differences(comparing: Comparing): AsyncGenerator<Problem> {
  for (const table of derived) yield* differencesIn(comparing, table)
}

async function* differencesIn(comparing: Comparing, table: TableName): AsyncGenerator<Problem> {
  const scan = (store: StoreReader): AsyncIterator<StoredRecord> =>
    pacedScan({ store, pageRecords: comparing.pageRecords }, table, {})
  const [nows, agains] = [scan(comparing.now), scan(comparing.again)]
  let [now, again] = await Promise.all([nows.next(), agains.next()])
  while (!now.done || !again.done) {
    const order = orderOf(now.done ? undefined : now.value, again.done ? undefined : again.value)
    const record = order <= 0 ? now : again
    const problem =
      order < 0
        ? 'is there and should not be'
        : order > 0
          ? 'is missing'
          : sameValue(comparing.addon, table, now.value, again.value)
            ? undefined
            : 'is not what the log and what waits make of it'
    if (problem) yield { type: 'db-problem', table, record: nameOf(table, record.value.key), problem }
    if (order <= 0) now = await nows.next()
    if (order >= 0) again = await agains.next()
  }
}

function orderOf(now: StoredRecord | undefined, again: StoredRecord | undefined): number {
  if (!now) return 1
  return again ? Buffer.compare(now.key, again.key) : -1
}

/** Whether two values say the same. The date of a key state is that of the event's log record, or of its acceptance. */
function sameValue(addon: Addon, table: TableName, a: StoredRecord, b: StoredRecord): boolean {
  if (Buffer.compare(a.value, b.value) === 0) return true
  if (table !== 'aids') return false
  const [one, other] = [a, b].map(({ key, value }) =>
    (addon.record(tableNumber(table), key, value) ?? '').replace(/"dt":"[^"]*",/, ''),
  )
  return one === other
}

function nameOf(table: TableName, key: Uint8Array): string {
  if (table === 'aids') return Buffer.from(key).toString('latin1')
  if (table !== 'kel') return Buffer.from(key).toString('hex')
  const { aid, sn } = placeOf(key)
  return `${aid} sn ${sn}`
}
