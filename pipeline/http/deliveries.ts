import { from, mergeAll, Observable, Subject } from 'rxjs'

import type { Chunk, Origin, Part } from '../../operators/flow.ts'
import { Tally } from '../../operators/meter.ts'
import type { Sink } from '../../operators/publish.ts'
import { Slots } from '../../operators/slots.ts'
import type { Source, SourceContext } from '../sources/source.ts'

/** A stream of CESR that a request brings. */
export interface Delivery {
  /** For people: who sent it. */
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
}

interface UnderWay {
  readonly delivery: Delivery
  readonly tally: Tally
  readonly since: number
  readonly done: (tally: Tally) => void
  readonly failed: (error: unknown) => void
}

/** There are as many deliveries under way as there may be. */
export class TooMany extends Error {}

/**
 * What requests bring, as a source of a run: each request is a stream of its own, with a framer of its own, and is
 * answered when all of it is on disk. The sink counts what became of it.
 */
export class Deliveries implements Source, Sink {
  readonly name = 'http'
  readonly endless = true
  readonly #max: number
  readonly #accepted = new Subject<UnderWay>()
  readonly #underWay = new Set<UnderWay>()
  readonly #tallies = new Map<Origin, Tally>()

  /** At most `max` at a time. */
  constructor(max: number) {
    this.#max = max
  }

  /** Since when the oldest one is under way, as `performance.now` counts. */
  get oldest(): number | undefined {
    return [...this.#underWay][0]?.since
  }

  /** Resolves to what became of the messages when that is on disk. */
  async take(delivery: Delivery): Promise<Tally> {
    if (this.#underWay.size >= this.#max || !this.#accepted.observed) throw new TooMany()
    return new Promise((done, failed) => {
      const underWay = { delivery, tally: new Tally(), since: performance.now(), done, failed }
      this.#underWay.add(underWay)
      this.#accepted.next(underWay)
    })
  }

  chunks(context: SourceContext): Observable<Chunk> {
    return new Observable((subscriber) => {
      const credits = new Slots(context.limits.creditsPerSource, context.signal)
      const streams = new Subject<Observable<Chunk>>()
      const merged = streams.pipe(mergeAll()).subscribe(subscriber)
      const accepted = this.#accepted.subscribe((underWay) =>
        streams.next(from(this.#chunksOf(underWay, context, credits))),
      )
      const stop = (): void => {
        accepted.unsubscribe()
        streams.complete()
      }
      context.signal.addEventListener('abort', stop, { once: true })
      return () => {
        stop()
        merged.unsubscribe()
        for (const underWay of this.#underWay) underWay.failed(new TooMany())
        this.#underWay.clear()
      }
    })
  }

  async write({ work, settled, last }: Part): Promise<void> {
    const tally = work.kind === 'frames' ? this.#tallies.get(work.origin) : undefined
    if (!tally || work.kind !== 'frames') return
    if (settled) tally.addVerdicts(settled.verdicts)
    if (last) {
      tally.addFaults(work.faults)
      tally.bytes += work.position - work.at
    }
  }

  async *#chunksOf(underWay: UnderWay, context: SourceContext, credits: Slots): AsyncGenerator<Chunk> {
    const { delivery, tally, done, failed } = underWay
    const origin: Origin = { id: context.numberOf(delivery.name), name: delivery.name }
    this.#tallies.set(origin, tally)
    const finish = (then: () => void): void => {
      this.#tallies.delete(origin)
      this.#underWay.delete(underWay)
      then()
    }
    let at = 0
    let failure: unknown
    try {
      for await (const bytes of delivery.bytes) {
        await credits.take()
        // The bytes of a socket lie in a buffer that others use, too.
        yield {
          origin,
          bytes: new Uint8Array(bytes),
          headroom: 0,
          at,
          end: 'more',
          ack: () => credits.give(),
        }
        at += bytes.length
      }
    } catch (error) {
      failure = error
    }
    await credits.take()
    const ack = (): void => {
      credits.give()
      finish(() => (failure === undefined ? done(tally) : failed(failure)))
    }
    yield { origin, bytes: new Uint8Array(0), headroom: 0, at, end: 'end', ack }
  }
}
