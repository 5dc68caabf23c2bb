import { concatMap, map, pipe, type OperatorFunction } from 'rxjs'

import { spanWords, type Engine } from '../native/engine.ts'
import type { Writes } from '../native/records.ts'
import type { Part } from './flow.ts'

/** The word of a span that says where its attachments end. */
const endWord = 2

/** What persisting needs of a store. */
export interface Committer {
  /** Resolves when the transaction is on disk. Transactions take effect in the order of the calls. */
  commit(writes: Writes | undefined, meta: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>
}

export interface PersistOptions {
  /**
   * Records that go into the transaction of a part, such as the time of the store; those without value are deleted.
   * Asked part by part, in their order.
   */
  records(part: Part): Iterable<readonly [name: string, value: Uint8Array | undefined]>
}

/**
 * Puts all writes of a part and the position behind its last message into one transaction and lets the part
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
  const records = new Map(options.records(part))
  const position = positionOf(part)
  if (position !== undefined && work.kind === 'frames' && work.origin.checkpoint) {
    const [name, value] = work.origin.checkpoint(position)
    records.set(name, value)
  }
  if (part.last && work.kind === 'waiting')
    for (const [name, value] of work.records ?? []) records.set(name, value)
  await store.commit(settled?.verdicts.writes, records)
  if (settled) engine.committed(settled.part)
  part.release()
  return part
}

/**
 * Where to take up the stream after a part: behind its last message. A message that was judged must not come again after
 * a crash: it would meet the events that came after it.
 */
function positionOf({ work, settled, last }: Part): number | undefined {
  if (work.kind !== 'frames') return undefined
  if (last) return work.resume
  for (let index = (settled?.verdicts.length ?? 0) - 1; index >= 0; index -= 1) {
    const message = settled?.verdicts.row(index).message
    if (message !== undefined) return work.at + (work.spans[message * spanWords + endWord] ?? 0)
  }
  return undefined
}

/** A promise whose failure is met later, in its turn, and must not count as unhandled until then. */
function started(committed: Promise<Part>): Promise<Part> {
  committed.catch(() => undefined)
  return committed
}
