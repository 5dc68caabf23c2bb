import type { Addon } from '../../../native/addon.ts'
import { Tally } from '../../../operators/meter.ts'
import { requireAddon } from '../../addon.ts'
import { engineOptions, standardRules } from '../../commands/options.ts'
import { engineFor } from '../../engine.ts'
import { limits } from '../../limits.ts'
import { Orders } from '../../orders.ts'
import { Pace } from '../../pace.ts'
import { run } from '../../run.ts'
import { fileSource } from '../../sources/file.ts'
import { MemoryStore } from '../../store/memory.ts'
import type { EscrowManager } from '../manage.ts'

/** A database in memory that took in files. */
export interface Taken {
  readonly addon: Addon
  readonly store: MemoryStore
}

/** Takes files in, one after the other. */
export async function taken(paths: readonly string[]): Promise<Taken> {
  const database = { addon: requireAddon(), store: new MemoryStore() }
  await running(database, paths)
  return database
}

/** Takes files in and carries out orders meanwhile. */
export async function running(
  { addon, store }: Taken,
  paths: readonly string[],
  orders?: Orders,
): Promise<void> {
  const engine = await engineFor(addon, engineOptions(standardRules), store)
  await run({
    sources: paths.map(fileSource),
    ...(orders && { orders }),
    store,
    engine,
    framer: () => addon.framer(engineOptions(standardRules)),
    sinks: [],
    tally: new Tally(),
    commit: 'group',
    limits,
    pace: new Pace(limits),
    signal: new AbortController().signal,
    note: () => undefined,
  })
}

/** Gives a manager of what waits for as long as it is used. */
export async function managing<Result>(
  database: Taken,
  use: (manager: EscrowManager) => Promise<Result>,
): Promise<Result> {
  const orders = new Orders(limits.ordersWaiting)
  const ended = running(database, [], orders)
  try {
    return await use({ ...database, pageRecords: 3, changer: orders, keysPerOrder: 4 })
  } finally {
    orders.close()
    await ended
  }
}
