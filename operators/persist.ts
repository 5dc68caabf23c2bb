import { concatMap, map, pipe, type OperatorFunction } from 'rxjs'

import type { Engine } from '../native/engine.ts'
import type { Writes } from '../native/records.ts'
import type { Part } from './flow.ts'

/** What persisting needs of a store. */
export interface Committer {
  /** Resolves when the transaction is on disk. Transactions take effect in the order of the calls. */
  commit(writes: Writes | undefined, meta: ReadonlyMap<string, Uint8Array>): Promise<void>
}

export interface PersistOptions {
  /** Records that go into every transaction, such as the time of the store. */
  records(): Iterable<readonly [name: string, value: Uint8Array]>
}

/**
 * Puts all writes of a part and, with its last part, the origin's position into one transaction and lets the part
 * pass when that is on disk. Transactions overlap: how many is bounded by the parts that `verify` lets out.
 */
export const persist = (
  engine: Pick<Engine, 'committed'>,
  store: Committer,
  options: PersistOptions,
): OperatorFunction<Part, Part> =>
  pipe(
    map((part: Part) => started(commit(part, engine, store, options))),
    concatMap((committed) => committed),
  )

async function commit(
  part: Part,
  engine: Pick<Engine, 'committed'>,
  store: Committer,
  options: PersistOptions,
): Promise<Part> {
  const { work, settled } = part
  const records = new Map(options.records())
  if (part.last && work.kind === 'frames' && work.origin.checkpoint) {
    const [name, value] = work.origin.checkpoint(work.resume)
    records.set(name, value)
  }
  if (part.last && work.kind === 'waiting')
    for (const [name, value] of work.records ?? []) records.set(name, value)
  await store.commit(settled?.verdicts.writes, records)
  if (settled) engine.committed(settled.part)
  part.release()
  return part
}

/** A promise whose failure is met later, in its turn, and must not count as unhandled until then. */
function started(committed: Promise<Part>): Promise<Part> {
  committed.catch(() => undefined)
  return committed
}
