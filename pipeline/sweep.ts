import { setTimeout } from 'node:timers/promises'

import type { WaitingOp } from '../native/engine.ts'
import type { TableName } from '../native/tables.ts'
import type { Waiting } from '../operators/flow.ts'
import { Slots } from '../operators/slots.ts'
import type { Limits } from './limits.ts'
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
  let from: Uint8Array | undefined
  for (let full = true; full && !signal.aborted;) {
    const range = { ...(from && { from }), ...(before && { to: before }), limit: limits.waitingKeysPerBatch }
    const keys = Array.from(store.scan(table, range), ({ key }) => key)
    const last = keys.at(-1)
    if (!last) return
    full = keys.length === limits.waitingKeysPerBatch
    from = Uint8Array.of(...last, 0)
    yield { kind: 'waiting', op, keys: keys.map((key) => key.subarray(keyFrom)), ack: () => turn.give() }
    await turn.take()
  }
}
