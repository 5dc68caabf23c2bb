import { concatMap, map, pipe, type OperatorFunction } from 'rxjs'

import type { Engine, Prepared, SettledPart } from '../native/engine.ts'
import type { Requests } from '../native/records.ts'
import type { Part, Waiting, Work } from './flow.ts'
import { Slots } from './slots.ts'

/** What the engine needs of a store. */
export interface Fetcher {
  fetch(requests: Requests): Uint8Array
}

export interface VerifyOptions {
  /** Parts that may be settled and not yet on disk. */
  readonly partsInFlight: number
  /** The time of the store, in microseconds since 1970. */
  readonly now: () => bigint
  /** Makes room where too much waits, before the next batch of messages is settled. */
  readonly relief?: Relief
}

/** Who has to give way. */
export interface Relief {
  crowded(): boolean
  /** Asked when all that was settled is on disk. */
  entries(): AsyncIterable<Waiting>
}

/**
 * Verifies each batch against key state, in order of arrival. A refused event is a row, never a stream error; the
 * stream fails only with the store or the engine, and then the source delivers the batch again. The next batch is
 * prepared while this one settles; the source's credits bound how many are.
 */
export const verify = (
  engine: Engine,
  store: Fetcher,
  options: VerifyOptions,
): OperatorFunction<Work, Part> => {
  const slots = new Slots(options.partsInFlight)
  return pipe(
    map((work: Work) => ({ work, prepared: prepare(engine, work) })),
    concatMap(({ work, prepared }) => relieved(work, prepared, { ...options, engine, store, slots })),
  )
}

interface Settling extends VerifyOptions {
  readonly engine: Engine
  readonly store: Fetcher
  readonly slots: Slots
}

/** Starts to prepare; nothing where there is no message. */
function prepare(engine: Engine, work: Work): Promise<Prepared> | undefined {
  if (work.kind === 'frames' && work.spans.length === 0) return undefined
  const prepared =
    work.kind === 'frames'
      ? engine.prepare(work.source, work.spans, { source: work.origin.id })
      : engine.prepareWaiting(work.op, work.keys, work.escrow)
  // A failure is met where the batch is settled; until then it must not count as unhandled.
  prepared.catch(() => undefined)
  return prepared
}

/** Settles a batch when there is room for what it brings. */
async function* relieved(
  work: Work,
  prepared: Promise<Prepared> | undefined,
  settling: Settling,
): AsyncGenerator<Part> {
  const { engine, relief, slots, partsInFlight } = settling
  if (work.kind === 'frames' && relief?.crowded()) {
    for (let taken = 0; taken < partsInFlight; taken += 1) await slots.take()
    for (let given = 0; given < partsInFlight; given += 1) slots.give()
    for await (const waiting of relief.entries())
      yield* settleAll(waiting, prepare(engine, waiting), settling)
  }
  yield* settleAll(work, prepared, settling)
}

async function* settleAll(
  work: Work,
  preparing: Promise<Prepared> | undefined,
  settling: Settling,
): AsyncGenerator<Part> {
  const prepared = await preparing
  const release = (): void => settling.slots.give()
  for (let more = true; more;) {
    await settling.slots.take()
    const settled = prepared && (await settlePart(prepared, settling, timeOf(work)))
    more = settled?.more ?? false
    yield { work, settled, last: !more, release }
  }
}

/** Settles one part: answers what the engine lacks until nothing is missing. */
async function settlePart(
  prepared: Prepared,
  { engine, store, now }: Settling,
  time?: bigint,
): Promise<SettledPart> {
  for (let fetched: Uint8Array | null = null; ;) {
    const settled = await engine.settle(prepared, fetched, time ?? now())
    if (!('missing' in settled)) return settled
    fetched = store.fetch(settled.missing)
  }
}

/** The time at which a batch counts as heard of, if that is not now. */
const timeOf = (work: Work): bigint | undefined => (work.kind === 'frames' ? work.heardMicros : undefined)
