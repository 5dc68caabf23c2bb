import { Observable } from 'rxjs'

import type { RecordFramer } from '../../native/engine.ts'
import type { Chunk, Frames, Origin } from '../../operators/flow.ts'
import { Slots } from '../../operators/slots.ts'
import { microsOf } from '../clock.ts'
import type { Source, SourceContext } from '../sources/source.ts'
import type { LogBatch } from './client/client.ts'
import type { LogRecords } from './client/log.ts'
import { encodePosition, isRole, positionName, type Position, type Role } from './position.ts'
import { RecordStream } from './stream.ts'
import { cut, grouped, keyIn, positionIn, type Refused, type Taken, type Unfit } from './taken.ts'
import { sinceHeader } from './waiting.ts'

/** What records are taken for: the roles of a partition, and what a rebuild reads. */
export type Purpose = Role | 'accepted' | 'waiting'

/** Records, and what they are taken for. */
export interface RecordOrigin extends Origin {
  readonly purpose: Purpose
  /** Where the partition is taken up again at a byte of what was read. */
  positionAt(at: number): Position
  /** The key of the record that a byte is of. */
  keyAt(at: number): Uint8Array | undefined
  /** Records that are not taken in; asked once for each batch. */
  refused(): readonly Refused[]
}

export interface FeedOptions {
  readonly name: string
  readonly framer: (purpose: Purpose) => RecordFramer
  /** Whether the values of the input are one stream. */
  readonly stream: boolean
  /** What is wrong with a record, as far as it can be told before it is cut. */
  readonly unfit: (records: LogRecords, index: number, purpose: Purpose) => Unfit | undefined
  readonly credits: number
  /** Ends the feed. */
  readonly signal: AbortSignal
  readonly bytesPerBatch: number
}

/** The records of one partition as a source: who brings them waits until there is room. */
export class Feed implements Source {
  readonly name: string
  readonly endless = true
  readonly #options: FeedOptions
  readonly #credits: Slots
  readonly #next = new Map<Purpose, Position>()
  readonly #frames = new Handing<Frames>()
  readonly #chunks = new Handing<Chunk>()
  readonly #stream = new RecordStream()
  #streamOrigin: RecordOrigin | undefined
  #used = 0
  /** Who waits for room. */
  readonly #waiting: (() => void)[] = []

  constructor(options: FeedOptions) {
    this.name = options.name
    this.#options = options
    this.#credits = new Slots(options.credits)
    options.signal.addEventListener('abort', () => {
      for (const waiting of this.#waiting.splice(0)) waiting()
    })
  }

  /** Batches that were taken and are not acknowledged yet. */
  get creditsUsed(): number {
    return this.#used
  }

  /** The offset of the record that is to come next. */
  next(purpose: Purpose): Position {
    return this.#next.get(purpose) ?? { offset: 0n, skip: 0 }
  }

  seek(purpose: Purpose, position: Position): void {
    this.#next.set(purpose, position)
  }

  /** Takes records; resolves when there is room for more. Those that were taken before are passed over. */
  async offer(purpose: Purpose, { records }: LogBatch, signal: AbortSignal): Promise<void> {
    const { bytesPerBatch } = this.#options
    const wanted = records.between(this.next(purpose).offset)
    for (const group of grouped(wanted, bytesPerBatch, purpose === 'waiting' ? sinceOf : undefined)) {
      if (!(await this.#credit(signal))) return
      this.#take(purpose, group)
    }
  }

  /** Takes records as far as there is room now; whether that were all. */
  take(purpose: Purpose, { records }: LogBatch): boolean {
    const { bytesPerBatch, credits, signal } = this.#options
    const wanted = records.between(this.next(purpose).offset)
    for (const group of grouped(wanted, bytesPerBatch)) {
      if (this.#used >= credits || signal.aborted) return false
      this.#used += 1
      void this.#credits.take()
      this.#take(purpose, group)
    }
    return true
  }

  /** Resolves when there is room for a batch, or the feed has ended. */
  async room(): Promise<void> {
    const { credits, signal } = this.#options
    while (this.#used >= credits && !signal.aborted)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Resolves when everything that was taken is acknowledged, or the signal aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    const { credits } = this.#options
    let held = 0
    while (held < credits && (await this.#credit(signal))) held += 1
    for (; held > 0; held -= 1) this.#give()
  }

  chunks(context: SourceContext): Observable<Chunk> {
    return this.#chunks.to(context)
  }

  frames(context: SourceContext): Observable<Frames> {
    return this.#frames.to(context)
  }

  #take(purpose: Purpose, group: LogRecords): void {
    const { framer, unfit, stream } = this.#options
    const { skip } = this.next(purpose)
    this.#next.set(purpose, { offset: group.next, skip: 0 })
    const wrong = (records: LogRecords, index: number): Unfit | undefined => unfit(records, index, purpose)
    if (stream && purpose === 'input') {
      const piece = this.#stream.append(group, skip, wrong)
      this.#chunks.hand((context) => ({
        ...piece,
        origin: (this.#streamOrigin ??= this.#originOf(purpose, this.#stream, context)),
        end: 'more',
        ack: () => this.#give(),
      }))
      return
    }
    const taken = cut(framer(purpose), group, { skip, unfit: wrong })
    this.#frames.hand((context) => this.#framesOf(purpose, taken, context))
  }

  #framesOf(purpose: Purpose, taken: Taken, context: SourceContext): Frames {
    const { view, spans, faults } = taken
    const refused = [...taken.refused]
    const places = {
      positionAt: (at: number) => positionIn(taken, at),
      keyAt: (at: number) => keyIn(taken, at),
      refused: () => refused.splice(0),
      done: () => undefined,
    }
    const origin = this.#originOf(purpose, places, context)
    const position = view.length
    const ack = (): void => this.#give()
    const heardMicros = purpose === 'waiting' ? microsOf(sinceOf(taken.records, 0) ?? '') : undefined
    return {
      kind: 'frames',
      origin,
      source: view,
      spans,
      faults,
      at: 0,
      position,
      resume: position,
      ...(heardMicros !== undefined && { heardMicros }),
      ack,
    }
  }

  #originOf(
    purpose: Purpose,
    places: Pick<RecordStream, 'positionAt' | 'keyAt' | 'refused' | 'done'>,
    context: SourceContext,
  ): RecordOrigin {
    const checkpoint = (at: number): readonly [string, Uint8Array] => {
      const record = [positionName(purpose), encodePosition(places.positionAt(at))] as const
      places.done(at)
      return record
    }
    return {
      id: context.numberOf(`kafka ${purpose}`),
      name: `${this.name} ${purpose}`,
      purpose,
      positionAt: (at) => places.positionAt(at),
      keyAt: (at) => places.keyAt(at),
      refused: () => places.refused(),
      ...((isRole(purpose) || purpose === 'accepted') && { checkpoint }),
    }
  }

  /** Whether a credit was got before the feed ended or the signal aborted. */
  async #credit(signal: AbortSignal): Promise<boolean> {
    const ends = [signal, this.#options.signal]
    if (ends.some(({ aborted }) => aborted)) return false
    let ended = false
    const got = this.#credits.take().then(() => {
      if (ended) this.#credits.give()
      return !ended
    })
    let end = (): void => undefined
    const ending = new Promise<boolean>((resolve) => {
      end = () => {
        ended = true
        resolve(false)
      }
    })
    for (const each of ends) each.addEventListener('abort', end)
    const given = await Promise.race([got, ending])
    for (const each of ends) each.removeEventListener('abort', end)
    if (given) this.#used += 1
    return given
  }

  #give(): void {
    this.#used -= 1
    this.#credits.give()
    for (const waiting of this.#waiting.splice(0)) waiting()
  }
}

const sinceOf = (records: LogRecords, index: number): string | undefined =>
  records.at(index).headers[sinceHeader]

/** What is handed to a run, kept until that asks for it. */
class Handing<Item> {
  readonly #early: ((context: SourceContext) => Item)[] = []
  #emit: ((make: (context: SourceContext) => Item) => void) | undefined

  hand(make: (context: SourceContext) => Item): void {
    if (this.#emit) this.#emit(make)
    else this.#early.push(make)
  }

  to(context: SourceContext): Observable<Item> {
    return new Observable((subscriber) => {
      this.#emit = (make) => subscriber.next(make(context))
      for (const make of this.#early.splice(0)) this.#emit(make)
      const end = (): void => {
        this.#emit = () => undefined
        subscriber.complete()
      }
      if (context.signal.aborted) end()
      else context.signal.addEventListener('abort', end, { once: true })
    })
  }
}

/** Where records came from, if work is of any. */
export const recordOriginOf = (origin: Origin): RecordOrigin | undefined =>
  'purpose' in origin ? (origin as RecordOrigin) : undefined
