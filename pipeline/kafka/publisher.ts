import { setTimeout } from 'node:timers/promises'

import type { Part } from '../../operators/flow.ts'
import type { Sink } from '../../operators/publish.ts'
import { Slots } from '../../operators/slots.ts'
import type { GroupOffset, OutRecord } from './client/client.ts'
import { Fenced } from './client/client.ts'
import type { RecordSet } from './client/packed.ts'
import { giveBack, type Entry, type Outbox } from './outbox.ts'
import type { Position, Role } from './position.ts'

/** How entries get to the brokers: all of them and the offsets at once, or nothing. */
export interface Delivery {
  send(sets: readonly RecordSet[], offsets: readonly GroupOffset[]): Promise<void>
  /**
   * Makes a delivery that goes on after a failure. Resolves to the last entry that was sent after all; nothing if the
   * partition is another worker's now.
   */
  recover(): Promise<bigint | undefined>
}

export interface PublisherOptions {
  readonly outbox: Outbox
  readonly delivery: Delivery
  readonly topics: Readonly<Record<Role, string>>
  readonly partition: number
  /** The name of the store, by which its offsets are told from another's. */
  readonly storeId: string
  /** What may wait to be sent before the store has to wait. */
  readonly bytesMax: number
  /** What goes into one transaction. */
  readonly bytesPerTransaction: number
  readonly retryMs: number
  readonly retryMsMax: number
  /** For how long a publisher that is being closed goes on trying. */
  readonly closeMs: number
  readonly sent: (entries: readonly Entry[], seconds: number) => void
  readonly failed: (error: unknown) => void
}

/**
 * Publishes what is on disk, in order; what waits for it is bounded. Nothing is sent before `begin`: state that is being
 * made anew must not count before it is whole.
 */
export class Publisher implements Sink {
  readonly #options: PublisherOptions
  readonly #queue: Entry[] = []
  readonly #filled = new Slots(0)
  readonly #begun = new Slots(0)
  #held = true
  #room: (() => void) | undefined
  #bytes = 0
  #records = 0
  #failure: unknown
  /** When to give up, once it is being closed. */
  #until: number | undefined
  readonly #running: Promise<void>

  /** `unsent`: what an earlier run had on disk and did not get out, or not for sure. */
  constructor(options: PublisherOptions, unsent: readonly Entry[]) {
    this.#options = options
    for (const entry of unsent) this.#push(entry)
    this.#running = this.#run().catch((error: unknown) => {
      this.#failure = error
      this.#room?.()
      options.failed(error)
    })
  }

  /** Entries, bytes and records that wait to be sent. */
  get depth(): { readonly entries: number; readonly bytes: number; readonly records: number } {
    return { entries: this.#queue.length, bytes: this.#bytes, records: this.#records }
  }

  async write(part: Part): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const entry = this.#options.outbox.take(part)
    if (!entry) return
    this.#push(entry)
    while (this.#bytes > this.#options.bytesMax && !this.#held && this.#failure === undefined)
      await new Promise<void>((resolve) => (this.#room = resolve))
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Puts an entry behind those that wait, or before them. */
  #push(entry: Entry, first = false): void {
    if (first) this.#queue.unshift(entry)
    else this.#queue.push(entry)
    this.#bytes += entry.bytes
    this.#records += entry.records
    this.#filled.give()
  }

  /**
   * Begins to send, which also makes the group's offsets those of this store: first some records that no part led to.
   * Resolves when that holds.
   */
  async begin(records: readonly OutRecord[] = []): Promise<void> {
    if (records.length > 0) this.#push(this.#options.outbox.before(records), true)
    else this.#push(this.#options.outbox.standing())
    this.#held = false
    this.#begun.give()
    while (this.#queue.length > 0 && this.#failure === undefined)
      await new Promise<void>((resolve) => (this.#room = resolve))
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * Resolves when everything is sent, or could not be for too long: then that is left on disk. Nothing may be written from
   * then on.
   */
  async close(): Promise<void> {
    this.#until ??= performance.now() + this.#options.closeMs
    if (this.#held) return
    this.#filled.give()
    await this.#running
  }

  async #run(): Promise<void> {
    await this.#begun.take()
    for (;;) {
      await this.#filled.take()
      const group = this.#group()
      if (group.length > 0) await this.#publish(group)
      else if (this.#until !== undefined) return
    }
  }

  /** What goes into the next transaction. */
  #group(): Entry[] {
    let bytes = 0
    const over = this.#queue.findIndex((entry, index) => {
      bytes += entry.bytes
      return index > 0 && bytes > this.#options.bytesPerTransaction
    })
    return this.#queue.slice(0, over < 0 ? this.#queue.length : over)
  }

  async #publish(group: readonly Entry[]): Promise<void> {
    const { delivery, outbox, retryMs, retryMsMax } = this.#options
    const start = performance.now()
    const last = group.at(-1)
    if (!last) return
    // After a failure nobody knows how far it came: nothing is sent again before the brokers have said so.
    let rest: readonly Entry[] | undefined = group
    for (let pause = retryMs; ; pause = Math.min(retryMsMax, pause * 2))
      try {
        rest ??= await this.#remaining(group)
        await delivery.send(
          rest.flatMap(({ sets }) => sets),
          this.#offsets(last),
        )
        break
      } catch (error) {
        const leftMs = (this.#until ?? Infinity) - performance.now()
        if (error instanceof Fenced || leftMs < 0) throw error
        rest = undefined
        await setTimeout(Math.min(pause, leftMs))
      }
    outbox.sent(last.sequence)
    this.#queue.splice(0, group.length)
    for (const { bytes, records } of group) {
      this.#bytes -= bytes
      this.#records -= records
    }
    // What was sent in vain may still be read by those who tried.
    if (rest === group) giveBack(group)
    this.#options.sent(group, (performance.now() - start) / 1000)
    this.#room?.()
  }

  /** What of a group is still to be sent after a failure. */
  async #remaining(group: readonly Entry[]): Promise<readonly Entry[]> {
    const sent = await this.#options.delivery.recover()
    if (sent === undefined) throw new Fenced('the partition is of another worker now')
    return group.filter(({ sequence, records, repeats }) => sequence > sent || records === 0 || repeats)
  }

  #offsets({ sequence, positions }: Entry): GroupOffset[] {
    const { topics, partition, storeId } = this.#options
    return Array.from(positions, ([role, { offset, skip }]) => ({
      topic: topics[role],
      partition,
      offset,
      metadata: metadataText({ storeId, sequence, skip }),
    }))
  }
}

/** What is said beside an offset: whose state it belongs to, up to which entry all is sent, and bytes done with. */
export interface Progress {
  readonly storeId: string
  readonly sequence: bigint
  readonly skip: number
}

export const metadataText = ({ storeId, sequence, skip }: Progress): string =>
  `${storeId} ${sequence} ${skip}`

/** Nothing if the offset is nobody's of ours. */
export function progressOf(metadata: string): Progress | undefined {
  const [, storeId, sequence, skip] = /^([0-9a-f-]{36}) (\d+) (\d+)$/.exec(metadata) ?? []
  return storeId === undefined || sequence === undefined
    ? undefined
    : { storeId, sequence: BigInt(sequence), skip: Number(skip) }
}

/** The positions that a group has committed, by role. */
export const committedPositions = (
  committed: readonly GroupOffset[],
  topics: Readonly<Record<Role, string>>,
): ReadonlyMap<Role, Position> =>
  new Map(
    (['input', 'exchange'] as const).flatMap((role) => {
      const found = committed.find(({ topic }) => topic === topics[role])
      return found
        ? [[role, { offset: found.offset, skip: progressOf(found.metadata)?.skip ?? 0 }] as const]
        : []
    }),
  )
