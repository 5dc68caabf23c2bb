import { setTimeout } from 'node:timers/promises'

import { escrowKinds } from '../../native/layout.ts'
import { stats, type EscrowReader, type Share } from '../escrow/list.ts'
import type { Limits } from '../limits.ts'
import type { Reading } from '../metrics.ts'
import type { StoreReader } from '../store/store.ts'

/** A pause is at least so long for each entry that the count before it met: a hundred times what one costs. */
const pauseMsPerEntry = 0.5

/** Counts what waits by kind, now and again, in a hundredth of the time. */
export class Census {
  readonly #reader: EscrowReader
  readonly #signal: AbortSignal
  readonly #pauseMs: number
  #kinds: Readonly<Record<string, Share>> = {}
  #countedMs: number | undefined

  /** Reads nothing any more once the signal is given. */
  constructor(reader: EscrowReader, { escrowCensusMs }: Pick<Limits, 'escrowCensusMs'>, signal: AbortSignal) {
    this.#reader = { ...reader, store: until(signal, reader.store) }
    this.#signal = signal
    this.#pauseMs = escrowCensusMs
  }

  /** Counts until the signal. */
  async run(): Promise<void> {
    const signal = this.#signal
    while (!signal.aborted) {
      const { entries, kinds } = await stats(this.#reader)
      this.#kinds = kinds
      this.#countedMs = Date.now()
      const pauseMs = Math.max(this.#pauseMs, entries * pauseMsPerEntry)
      await setTimeout(pauseMs, undefined, { signal, ref: false })
    }
  }

  /** Nothing before the first count. */
  *readings(): Iterable<Reading> {
    if (this.#countedMs === undefined) return
    yield ['kelpipe_escrow_counted_timestamp_seconds', this.#countedMs / 1000]
    for (const { name } of escrowKinds) {
      const { entries, bytes, oldest } = this.#kinds[name] ?? { entries: 0, bytes: 0, oldest: undefined }
      const ageMs = oldest === undefined ? 0 : Math.max(0, Date.now() - Date.parse(oldest))
      yield ['kelpipe_escrow_entries', entries, { kind: name }]
      yield ['kelpipe_escrow_bytes', bytes, { kind: name }]
      yield ['kelpipe_escrow_oldest_age_seconds', ageMs / 1000, { kind: name }]
    }
  }
}

/** The same store; a scan after the signal is an error. */
const until = (signal: AbortSignal, store: StoreReader): StoreReader => ({
  fetch: (requests) => store.fetch(requests),
  get: (table, key) => store.get(table, key),
  scan: (table, range) => {
    signal.throwIfAborted()
    return store.scan(table, range)
  },
  count: (table) => store.count(table),
  close: async () => store.close(),
})
