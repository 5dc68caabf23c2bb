import type { Addon, NativeEngine } from '../native/addon.ts'
import type { EngineOptions } from '../native/engine.ts'
import { RecordArena } from '../native/records.ts'
import { limits } from './limits.ts'
import { pacedScan } from './store/paced.ts'
import { readMeta, type StoreReader } from './store/store.ts'

/** An engine that goes on at what a database holds, and has counted what waits in it. */
export async function engineFor(
  addon: Addon,
  options: EngineOptions,
  store: StoreReader,
): Promise<NativeEngine> {
  const engine = addon.engine(options)
  engine.open(readMeta(store, 'ordinal') ?? null)
  const arena = new RecordArena(limits.fetchArenaBytes)
  const { waitingKeysPerBatch: pageRecords } = limits
  let records = 0
  const count = (): void => {
    if (records > 0) engine.countWaiting(arena.bytes())
    records = 0
    arena.reset()
    arena.begin()
  }
  count()
  for await (const { key, value } of pacedScan({ store, pageRecords }, 'waiting', {})) {
    arena.add(key, value)
    records += 1
    if (records === pageRecords) count()
  }
  count()
  return engine
}
