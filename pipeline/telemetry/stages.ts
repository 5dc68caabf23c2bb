import { spanWords, type Engine, type Framer } from '../../native/engine.ts'
import { opWords } from '../../native/layout.ts'
import { requestCount, writeCount } from '../../native/records.ts'
import { tableNumber } from '../../native/tables.ts'
import type { Sink } from '../../operators/publish.ts'
import type { Metrics, Reading } from '../metrics.ts'
import { withCalls, type Store } from '../store/store.ts'

type Stage = 'frame' | 'prepare' | 'settle' | 'fetch' | 'commit' | 'publish'

/** Times what a run calls, and counts what it moves between engine and store. */
export class Stages {
  readonly #metrics: Metrics
  #requests = 0
  #misses = 0
  #readBytes = 0
  #writes = 0
  #writtenBytes = 0
  #commits = 0

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  framer(framer: Framer): Framer {
    return { frame: (window, end) => this.#timed('frame', () => framer.frame(window, end)) }
  }

  engine(engine: Engine): Engine {
    return {
      ...engine,
      prepare: async (source, spans, context) => {
        this.#metrics.observe('kelpipe_batch_messages', spans.length / spanWords)
        this.#metrics.observe('kelpipe_batch_bytes', source.length)
        return this.#awaited('prepare', engine.prepare(source, spans, context))
      },
      prepareWaiting: async (op, keys, kind) =>
        this.#awaited('prepare', engine.prepareWaiting(op, keys, kind)),
      settle: async (prepared, fetched, nowMicros) =>
        this.#awaited('settle', engine.settle(prepared, fetched, nowMicros)),
    }
  }

  store(store: Store): Store {
    const fetch: Store['fetch'] = (requests) => {
      const answer = this.#timed('fetch', () => store.fetch(requests))
      this.#requests += requestCount(requests)
      for (let at = 0; at < requests.ops.length; at += opWords)
        if (requests.ops[at] === keyStates) this.#misses += 1
      this.#readBytes += answer.length
      return answer
    }
    const commit: Store['commit'] = async (writes, meta) => {
      this.#commits += 1
      this.#writes += writes ? writeCount(writes) : 0
      this.#writtenBytes += writes ? writes.arena.length : 0
      try {
        await this.#awaited('commit', store.commit(writes, meta))
      } finally {
        this.#commits -= 1
      }
    }
    return withCalls(store, { fetch, commit })
  }

  sink(sink: Sink): Sink {
    return { write: async (part) => this.#awaited('publish', sink.write(part)) }
  }

  *readings(): Iterable<Reading> {
    yield ['kelpipe_store_requests_total', this.#requests]
    yield ['kelpipe_cache_misses_total', this.#misses]
    yield ['kelpipe_store_read_bytes_total', this.#readBytes]
    yield ['kelpipe_store_writes_total', this.#writes]
    yield ['kelpipe_store_written_bytes_total', this.#writtenBytes]
    yield ['kelpipe_store_commits_in_flight', this.#commits]
  }

  #timed<Result>(stage: Stage, step: () => Result): Result {
    const start = performance.now()
    const result = step()
    this.#note(stage, start)
    return result
  }

  async #awaited<Result>(stage: Stage, step: Promise<Result>): Promise<Result> {
    const start = performance.now()
    const result = await step
    this.#note(stage, start)
    return result
  }

  #note(stage: Stage, start: number): void {
    this.#metrics.observe('kelpipe_stage_duration_seconds', (performance.now() - start) / 1000, { stage })
  }
}

const keyStates = tableNumber('aids')
