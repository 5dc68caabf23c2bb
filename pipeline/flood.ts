import type { Addon } from '../native/addon.ts'
import type { Usage } from '../native/engine.ts'
import { tableNumber } from '../native/tables.ts'
import type { Waiting } from '../operators/flow.ts'
import type { Relief } from '../operators/verify.ts'
import { Slots } from '../operators/slots.ts'
import { pacedScan } from './store/paced.ts'
import type { SweepContext } from './sweep.ts'

export interface FloodContext extends SweepContext {
  readonly usage: () => Usage
  readonly record: Addon['record']
}

/** Bytes of the time in front of a key of the `expiry` table. */
const timeBytes = 8

/**
 * Makes room where too much waits: of each source that has more than its fair share the oldest entries give way. Evidence
 * and what waits for somebody's decision stays.
 */
export const relief = (context: FloodContext): Relief => ({
  crowded: () => context.usage().excess.length > 0,
  entries: () => evicted(context, context.usage().excess),
})

async function* evicted(context: FloodContext, excess: Usage['excess']): AsyncGenerator<Waiting> {
  const { store, limits, signal } = context
  const left = new Map(
    excess.map(({ source, kind, entries, bytes }) => [`${source} ${kind}`, { entries, bytes }]),
  )
  const turn = new Slots(0, signal)
  let keys: Uint8Array[] = []
  const batch = (): Waiting => ({
    kind: 'waiting',
    op: 'evict',
    keys: keys.splice(0),
    ack: () => turn.give(),
  })
  for await (const { key } of pacedScan({ store, pageRecords: limits.scanPageRecords }, 'expiry', {})) {
    if (left.size === 0 || signal.aborted) break
    const entry = key.subarray(timeBytes)
    if (!givesWay(context, entry, left)) continue
    keys.push(entry)
    if (keys.length < limits.waitingKeysPerBatch) continue
    yield batch()
    await turn.take()
  }
  if (keys.length > 0) {
    yield batch()
    await turn.take()
  }
}

/** What is counted of an entry. */
interface Counted {
  readonly source: number
  /** Bytes on disk, as the engine counts them. */
  readonly held: number
  readonly kinds: readonly { readonly kind: string }[]
}

/** Whether an entry is of a source and kind that has too much; it is then counted off. */
function givesWay(
  { store, record }: FloodContext,
  key: Uint8Array,
  left: Map<string, { entries: number; bytes: number }>,
): boolean {
  const value = store.get('waiting', key)
  const json = value && record(tableNumber('waiting'), key, value)
  if (!json) return false
  const { source, held, kinds } = JSON.parse(json) as Counted
  for (const { kind } of kinds) {
    const name = `${source} ${kind}`
    const excess = left.get(name)
    if (!excess) continue
    excess.entries -= 1
    excess.bytes -= held
    if (excess.entries <= 0 && excess.bytes <= 0) left.delete(name)
    return true
  }
  return false
}
