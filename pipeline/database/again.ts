import { Readable } from 'node:stream'

import type { Addon, NativeEngine } from '../../native/addon.ts'
import type { EngineOptions } from '../../native/engine.ts'
import { escrowKinds } from '../../native/layout.ts'
import { tableNumber, type TableName } from '../../native/tables.ts'
import { Tally } from '../../operators/meter.ts'
import type { Sink } from '../../operators/publish.ts'
import type { Limits } from '../limits.ts'
import { Pace } from '../pace.ts'
import { aidBytes, damaged, placeKey } from '../replay.ts'
import { run } from '../run.ts'
import { streamSource } from '../sources/stream.ts'
import { Builder } from '../store/builder.ts'
import { pacedScan, type PacedReader } from '../store/paced.ts'
import type { Store, StoreReader } from '../store/store.ts'
import { textBytes } from '../text.ts'

/** Something in a database that is not as it must be. */
export interface Problem {
  readonly type: 'db-problem'
  readonly table: string
  /** The record, in words. */
  readonly record: string
  readonly problem: string
}

export interface Again {
  readonly addon: Addon
  readonly options: EngineOptions
  readonly limits: Limits
  /** What is read. */
  readonly from: StoreReader
  /** An empty database that takes what is made anew. */
  readonly to: Store
  readonly signal: AbortSignal
}

/**
 * Makes a database anew from the log of another and from what waits in it: every event is judged again, in the order in
 * which it was first seen, and all that can be derived is. Returns the events that were not accepted again.
 */
export async function makeAgain(again: Again): Promise<Problem[]> {
  const problems = await judgeAgain(again)
  for (const table of ['log', 'late', 'waiting', 'saids', 'awaits', 'expiry', 'wake'] as const)
    await clear(again, table)
  for (const table of ['log', 'late', 'waiting', 'wake', 'meta'] as const) await copy(again, table)
  const engine = again.addon.engine(again.options)
  await indexWaiting(again, engine)
  await countWaiting(again, engine)
  engine.close()
  return problems
}

/** Feeds the log, as the reference replays it, to an engine of its own. */
async function judgeAgain({ addon, options, limits, from, to, signal }: Again): Promise<Problem[]> {
  const problems: Problem[] = []
  const refused: Sink = {
    write: async ({ settled }) => {
      for (let index = 0; index < (settled?.verdicts.length ?? 0); index += 1) {
        const row = settled?.verdicts.row(index)
        if (!row || row.message === undefined || row.verdict === 'accepted') continue
        const record = `${row.aid} sn ${row.sn} ${row.said}`
        problems.push({
          type: 'db-problem',
          table: 'log',
          record,
          problem: `${row.verdict} ${row.reason ?? ''}`,
        })
      }
    },
  }
  const engineOptions = { ...options, cloned: true }
  await run({
    sources: [streamSource('log', () => Readable.from(messages(addon, from, limits.scanPageRecords)))],
    store: to,
    engine: addon.engine(engineOptions),
    framer: () => addon.framer(engineOptions),
    sinks: [refused],
    tally: new Tally(),
    commit: 'group',
    limits,
    pace: new Pace(limits),
    signal,
    note: () => undefined,
  })
  return problems
}

/** All logged events in the order in which they were first seen. */
async function* messages(addon: Addon, store: StoreReader, pageRecords: number): AsyncGenerator<Uint8Array> {
  for await (const { key, value } of pacedScan({ store, pageRecords }, 'log', {})) {
    const late = Array.from(store.scan('late', { prefix: key }), (record) => record.value)
    yield addon.replay(value, late)
  }
}

async function clear({ to, limits }: Again, table: TableName): Promise<void> {
  const builder = new Builder(to, limits.batchBytesMax)
  for await (const { key } of pacedScan({ store: to, pageRecords: limits.scanPageRecords }, table, {}))
    await builder.change(table, key)
  await builder.flush()
}

async function copy({ from, to, limits }: Again, table: TableName): Promise<void> {
  const builder = new Builder(to, limits.batchBytesMax)
  for await (const { key, value } of pacedScan(
    { store: from, pageRecords: limits.scanPageRecords },
    table,
    {},
  ))
    await builder.change(table, key, value)
  await builder.flush()
}

/** What a waiting entry is indexed under. */
interface Indexes {
  readonly said: string
  readonly deadline: number | null
  readonly signer: { readonly aid: string; readonly sn: string } | null
  readonly kinds: readonly number[]
}

async function indexWaiting({ addon, to, limits }: Again, engine: NativeEngine): Promise<void> {
  const builder = new Builder(to, limits.batchBytesMax)
  const none = new Uint8Array(0)
  for await (const { key, value } of pacedScan(
    { store: to, pageRecords: limits.scanPageRecords },
    'waiting',
    {},
  )) {
    const { said, deadline, signer } = JSON.parse(engine.waitingIndexes(value)) as Indexes
    await builder.change('saids', Buffer.concat([textBytes(said), waitingPlace(addon, key, value)]), none)
    if (deadline !== null) await builder.change('expiry', Buffer.concat([micros(deadline), key]), none)
    if (signer) {
      const place = placeKey(signer.aid, BigInt(`0x${signer.sn}`))
      await builder.change('awaits', Buffer.concat([place, key]), none)
    }
  }
  await builder.flush()
}

/** The key of the place at which an entry waits. */
function waitingPlace(addon: Addon, key: Uint8Array, value: Uint8Array): Uint8Array {
  const record = addon.record(tableNumber('waiting'), key, value) ?? damaged('waiting')
  const { aid, sn } = JSON.parse(record) as { aid: string; sn: string }
  return placeKey(aid, BigInt(`0x${sn}`))
}

function micros(time: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(time))
  return bytes
}

/** Puts the counts of what waits into the records of the AIDs. */
async function countWaiting({ addon, to, limits }: Again, engine: NativeEngine): Promise<void> {
  const page = { store: to, pageRecords: limits.scanPageRecords }
  const builder = new Builder(to, limits.batchBytesMax)
  const count = async (aid: Uint8Array): Promise<void> => {
    const record = addon.aidCounted(to.get('aids', aid), await countsUnder(page, engine, aid))
    await builder.change('aids', aid, record.length > 0 ? record : undefined)
  }
  for await (const { key } of pacedScan(page, 'aids', {})) await count(key)
  await builder.flush()
  // AIDs of which nothing is logged have a record only for their counts; those that are not flushed yet are remembered.
  const counted = new Set<string>()
  for await (const { key, value } of pacedScan(page, 'waiting', {})) {
    const { aid } = JSON.parse(addon.record(tableNumber('waiting'), key, value) ?? '{}') as { aid: string }
    const { signer } = JSON.parse(engine.waitingIndexes(value)) as Indexes
    for (const name of signer ? [aid, signer.aid] : [aid]) {
      if (counted.has(name) || to.get('aids', aidBytes(name))) continue
      await count(aidBytes(name))
      counted.add(name)
      if (counted.size < limits.waitingKeysPerBatch) continue
      await builder.flush()
      counted.clear()
    }
  }
  await builder.flush()
}

/** Entries by kind, rows, and receipts elsewhere that await an event of the AID. */
async function countsUnder(page: PacedReader, engine: NativeEngine, aid: Uint8Array): Promise<Uint32Array> {
  const rowsAt = escrowKinds.length
  const counts = new Uint32Array(rowsAt + 2)
  const add = (at: number): void => void (counts[at] = (counts[at] ?? 0) + 1)
  for await (const { value } of pacedScan(page, 'waiting', { prefix: aid })) {
    const { kinds } = JSON.parse(engine.waitingIndexes(value)) as Indexes
    kinds.forEach(add)
    add(rowsAt)
  }
  for await (const _ of pacedScan(page, 'awaits', { prefix: aid })) add(rowsAt + 1)
  return counts
}
