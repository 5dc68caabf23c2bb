import { Tally } from '../../operators/meter.ts'
import { requireAddon } from '../addon.ts'
import { engineFor } from '../engine.ts'
import type { EscrowManager } from '../escrow/manage.ts'
import { limits } from '../limits.ts'
import { Orders } from '../orders.ts'
import { Pace } from '../pace.ts'
import { run } from '../run.ts'
import { openStore } from '../store/lmdb.ts'
import { say } from '../terminal.ts'
import { engineOptions, type RuleFlags } from './options.ts'

/** Opens a database to change what waits in it: a run without sources that carries out orders. */
export async function withManager<Result>(
  flags: RuleFlags & { readonly store: string },
  use: (manager: EscrowManager) => Promise<Result>,
): Promise<Result> {
  const addon = requireAddon()
  const store = await openStore(flags.store)
  try {
    const engine = await engineFor(addon, engineOptions(flags), store)
    const orders = new Orders(limits.ordersWaiting)
    const running = run({
      sources: [],
      orders,
      store,
      engine,
      record: (table, key, value) => addon.record(table, key, value),
      framer: () => addon.framer(engineOptions(flags)),
      sinks: [],
      tally: new Tally(),
      commit: 'group',
      limits,
      pace: new Pace(limits),
      signal: new AbortController().signal,
      note: say,
    })
    running.catch(() => undefined)
    try {
      return await use({
        addon,
        store,
        pageRecords: limits.scanPageRecords,
        changer: orders,
        keysPerOrder: limits.waitingKeysPerBatch,
      })
    } finally {
      orders.close()
      await running
    }
  } finally {
    await store.close()
  }
}
