import { setTimeout } from 'node:timers/promises'

import { from, merge, type Observable } from 'rxjs'

import type { Addon } from '../native/addon.ts'
import type { WaitingOp } from '../native/engine.ts'
import { tableNumber, type TableName } from '../native/tables.ts'
import type { Waiting } from '../operators/flow.ts'
import { Slots } from '../operators/slots.ts'
import type { Limits } from './limits.ts'
import { pacedScan } from './store/paced.ts'
import type { StoreReader } from './store/store.ts'

/** Bytes of the time in front of a key of the `expiry` table. */
const timeBytes = 8

export interface SweepContext {
  readonly store: StoreReader
  /** The time of the store, in microseconds since 1970. */
  readonly now: () => bigint
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** Entries whose time has run out, in that order; now and again after each pause, until the signal. */
export async function* expirySweeps(context: SweepContext): AsyncGenerator<Waiting> {
  while (!context.signal.aborted) {
    const before = new Uint8Array(timeBytes)
    new DataView(before.buffer).setBigUint64(0, context.now() + 1n)
    yield* batches(context, { op: 'expire', table: 'expiry', before, keyFrom: timeBytes })
    await setTimeout(context.limits.expirySweepMs, undefined, { signal: context.signal, ref: false }).catch(
      () => undefined,
    )
  }
}

/** Entries whose wake-up was cut off when an earlier run ended. */
export const cutOffWakes = (context: SweepContext): AsyncGenerator<Waiting> =>
  batches(context, { op: 'wake', table: 'wake', keyFrom: 0 })

interface Sweep {
  readonly op: WaitingOp
  readonly table: TableName
  /** The sweep ends before this key. */
  readonly before?: Uint8Array
  /** Where in a key of the table the entry's own key starts. */
  readonly keyFrom: number
}

/** One pass over a table, a batch at a time: the next is read when the last one is on disk. */
async function* batches(
  context: SweepContext,
  { op, table, before, keyFrom }: Sweep,
): AsyncGenerator<Waiting> {
  const { store, limits, signal } = context
  const turn = new Slots(0, signal)
  let start: Uint8Array | undefined
  for (let full = true; full && !signal.aborted;) {
    const range = {
      ...(start && { from: start }),
      ...(before && { to: before }),
      limit: limits.waitingKeysPerBatch,
    }
    const keys = Array.from(store.scan(table, range), ({ key }) => key)
    const last = keys.at(-1)
    if (!last) return
    full = keys.length === limits.waitingKeysPerBatch
    start = Uint8Array.of(...last, 0)
    yield { kind: 'waiting', op, keys: keys.map((key) => key.subarray(keyFrom)), ack: () => turn.give() }
    await turn.take()
  }
}

export interface RetryContext extends SweepContext {
  readonly record: Addon['record']
  /** After how many milliseconds the entries of a kind are tried again, by its name. */
  readonly retryMs: ReadonlyMap<string, number>
}

/** Entries of the kinds that have an interval, tried again after each of them, until the signal. */
export const retrySweeps = (context: RetryContext): Observable<Waiting> =>
  merge(...Array.from(context.retryMs, ([kind, everyMs]) => from(retriesOf(context, kind, everyMs))))

async function* retriesOf(context: RetryContext, kind: string, everyMs: number): AsyncGenerator<Waiting> {
  const { store, limits, signal, record } = context
  const page = { store, pageRecords: limits.waitingKeysPerBatch }
  const turn = new Slots(0, signal)
  while (!signal.aborted) {
    await setTimeout(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    let keys: Uint8Array[] = []
    for await (const { key, value } of pacedScan(page, 'waiting', {})) {
      if (signal.aborted) return
      if (isOfKind(record(tableNumber('waiting'), key, value), kind)) keys.push(key)
      if (keys.length < limits.waitingKeysPerBatch) continue
      yield { kind: 'waiting', op: 'retry', escrow: kind, keys, ack: () => turn.give() }
      await turn.take()
      keys = []
    }
    if (keys.length === 0 || signal.aborted) continue
    yield { kind: 'waiting', op: 'retry', escrow: kind, keys, ack: () => turn.give() }
    await turn.take()
  }
}

function isOfKind(json: string | null, kind: string): boolean {
  if (json === null) return false
  const { kinds } = JSON.parse(json) as { kinds: { kind: string }[] }
  return kinds.some((membership) => membership.kind === kind)
}
