import { setMaxListeners } from 'node:events'

import {
  concat,
  defaultIfEmpty,
  EMPTY,
  finalize,
  from,
  lastValueFrom,
  merge,
  tap,
  type Observable,
} from 'rxjs'

import type { Addon } from '../native/addon.ts'
import type { Engine, Framer } from '../native/engine.ts'
import type { Part, Work } from '../operators/flow.ts'
import { meter, type Tally } from '../operators/meter.ts'
import { persist } from '../operators/persist.ts'
import { publish, type Sink } from '../operators/publish.ts'
import { single } from '../operators/single.ts'
import { Slots } from '../operators/slots.ts'
import { verify } from '../operators/verify.ts'
import { clockName, StoreClock } from './clock.ts'
import { relief } from './flood.ts'
import { framed } from './framed.ts'
import type { Limits } from './limits.ts'
import type { Orders } from './orders.ts'
import { Origins } from './origins.ts'
import type { Pace } from './pace.ts'
import type { Source, SourceContext } from './sources/source.ts'
import { readMeta, type Store } from './store/store.ts'
import { cutOffWakes, expirySweeps, retrySweeps } from './sweep.ts'

export interface Run {
  readonly sources: readonly Source[]
  /** What people ask for besides; the run ends with its sources and when no more orders come. */
  readonly orders?: Orders
  readonly store: Store
  readonly engine: Engine
  readonly framer: () => Framer
  readonly sinks: readonly Sink[]
  readonly tally: Tally
  /** Records that go into the transaction of a part besides; those without value are deleted. */
  readonly outbox?: (part: Part) => Iterable<readonly [name: string, value: Uint8Array | undefined]>
  /** `each`: every message has a transaction of its own. */
  readonly commit: 'group' | 'each'
  readonly limits: Limits
  /** Reads stored records, to find those that have to give way when too much waits; without it none has to. */
  readonly record?: Addon['record']
  /** After how many milliseconds the entries of a kind are tried again, by its name; otherwise only when woken. */
  readonly retryMs?: ReadonlyMap<string, number>
  /** Decides how much is read for a batch. */
  readonly pace: Pace
  /** The time of the machine, in milliseconds since 1970, where it is not to be that of this one. */
  readonly machineMs?: () => number
  /** Stops the sources; what was read is brought to an end. */
  readonly signal: AbortSignal
  readonly note: (text: string) => void
}

/**
 * The one place where sources, operators, store and sinks meet. Resolves when every source has ended and all that
 * they gave is on disk and published.
 */
export async function run(options: Run): Promise<void> {
  const { engine, limits, sinks, store, tally } = options
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  setMaxListeners(0, signal)
  const clock = new StoreClock(readMeta(store, clockName), options.machineMs)
  const origins = new Origins(store, limits.originsMax)
  const now = (): bigint => clock.now()
  const sweep = { store, now, limits, signal }
  const orders = options.orders ? from(options.orders.work(options.signal)) : EMPTY
  const context: SourceContext = {
    limits,
    pace: options.pace,
    signal,
    credits: new Slots(limits.creditsPerSource, signal),
    numberOf: (name) => origins.number(name),
    recall: (name) => readMeta(store, name),
    note: options.note,
  }
  const frames = framed(options.sources, options.framer, context)
  const batches = options.commit === 'each' ? frames.pipe(single()) : frames
  const asked: Observable<Work> = merge(batches, orders).pipe(finalize(() => stop.abort()))
  const { record, retryMs = new Map<string, number>() } = options
  const retries = record ? retrySweeps({ ...sweep, record, retryMs }) : EMPTY
  const work: Observable<Work> = concat(cutOffWakes(sweep), merge(asked, from(expirySweeps(sweep)), retries))
  const parts: Observable<Part> = work.pipe(
    verify(engine, store, {
      partsInFlight: limits.partsInFlight,
      now,
      ...(record && { relief: relief({ ...sweep, usage: () => engine.usage(), record }) }),
    }),
    persist(engine, store, {
      records: (part) => [clock.record(), ...origins.records(), ...(options.outbox?.(part) ?? [])],
    }),
    publish(sinks),
    meter(tally),
    tap(({ settled }) => {
      if (!store.keepsWrites) settled?.verdicts.free()
    }),
  )
  try {
    await lastValueFrom(parts.pipe(defaultIfEmpty(undefined)))
  } catch (error) {
    options.orders?.fail(error)
    throw error
  } finally {
    stop.abort()
  }
}
