import type { NativeEngine } from '../../native/addon.ts'
import { Tally } from '../../operators/meter.ts'
import { engineFor } from '../engine.ts'
import { Pace } from '../pace.ts'
import { run } from '../run.ts'
import type { DiskStore } from '../store/lmdb.ts'
import { Feed } from './feed.ts'
import { Outputs, type UnderWay } from './outputs.ts'
import { outputContext } from './context.ts'
import type { PartitionOptions } from './partition.ts'
import { storedPosition } from './position.ts'
import { replay } from './rebuild.ts'
import { unfit } from './unfit.ts'

const nothing: UnderWay = { sets: () => [], writes: () => [] }

/**
 * The state of a partition that another worker has, from what that publishes: whoever takes the partition over with it need
 * not begin from nothing. It publishes nothing, and what waits is not in it.
 */
export class Copy {
  readonly number: number
  readonly #options: PartitionOptions
  readonly #stop = new AbortController()
  readonly #feed: Feed
  readonly #store: DiskStore
  readonly #engine: NativeEngine
  readonly #running: Promise<void>

  private constructor(options: PartitionOptions, number: number, store: DiskStore, engine: NativeEngine) {
    const { addon, engine: engineOptions, limits, topics } = options
    this.number = number
    this.#options = options
    this.#store = store
    this.#engine = engine
    this.#feed = new Feed({
      name: `${topics.input}/${number} (copy)`,
      framer: () => addon.recordFramer(engineOptions, false),
      unfit: (records, index, purpose) => unfit(options, number, records, index, purpose),
      stream: false,
      credits: limits.kafkaCredits,
      signal: this.#stop.signal,
      bytesPerBatch: limits.kafkaBatchBytes,
    })
    for (const purpose of ['exchange', 'accepted'] as const) {
      const position = storedPosition(store, purpose)
      if (position) this.#feed.seek(purpose, position)
    }
    this.#running = this.#run()
    this.#running.catch(() => this.#stop.abort())
  }

  static async open(options: PartitionOptions, number: number, folder: string): Promise<Copy> {
    const { addon, engine, openStore } = options
    const store = await openStore(folder)
    return new Copy(options, number, store, await engineFor(addon, engine, store))
  }

  /** The next accepted event that is to be read. */
  get offset(): bigint {
    return this.#feed.next('accepted').offset
  }

  /**
   * Takes in what was published since. What other partitions sent is read after it is known how far the accepted events go,
   * and before them: so nothing that they rest on is missing.
   */
  async follow(): Promise<void> {
    const { client, topics } = this.#options
    const reading = { client, feed: this.#feed, partition: this.number, signal: this.#stop.signal }
    const end = await client.end(topics.accepted, this.number)
    await replay(reading, 'exchange', topics.exchange, {})
    await replay(reading, 'accepted', topics.accepted, { end })
    if (this.#stop.signal.aborted) await this.#running
  }

  /** Stops what is under way. */
  abandon(): void {
    this.#stop.abort()
  }

  async close(): Promise<void> {
    this.abandon()
    try {
      await this.#running.catch(() => undefined)
    } finally {
      await this.#store.close()
      this.#engine.close()
    }
  }

  async #run(): Promise<void> {
    const { addon, engine, limits, note } = this.#options
    const outputs = new Outputs(outputContext(this.#options, this.number, this.#store))
    await run({
      sources: [this.#feed],
      store: this.#store,
      engine: this.#engine,
      framer: () => addon.framer(engine),
      sinks: [],
      // The owner has published what this leads to; who wants which log is kept.
      outbox: (part) => {
        outputs.of(part, nothing)
        return outputs.exchange.records()
      },
      tally: new Tally(),
      commit: 'group',
      limits,
      pace: new Pace(limits),
      signal: this.#stop.signal,
      note,
    })
  }
}
