import { context, SpanStatusCode, trace, type Attributes, type Span, type Tracer } from '@opentelemetry/api'

import type { VerdictBatch } from '../../native/batch.ts'
import { spanWords, type Engine, type Prepared } from '../../native/engine.ts'
import type { Writes } from '../../native/records.ts'
import type { Sink } from '../../operators/publish.ts'
import { reasonOf } from '../errors.ts'
import type { Run } from '../run.ts'
import { withCalls, type Store } from '../store/store.ts'
import { version } from '../version.ts'

/**
 * The same run with a span for each batch, and one below it for each of its steps. They go to the OpenTelemetry SDK that
 * the process has; without one they cost nothing worth mentioning (docs/logs.md).
 */
export function traced(run: Run, tracer: Tracer = trace.getTracer('kelpipe', version())): Run {
  const batches = new Batches(tracer)
  return {
    ...run,
    engine: batches.engine(run.engine),
    store: batches.store(run.store),
    sinks: [...run.sinks.map((sink) => batches.sink(sink)), batches.end()],
  }
}

/** The spans of batches that are under way, found by what is passed from step to step. */
class Batches {
  readonly #tracer: Tracer
  readonly #spans = new WeakMap<Prepared | VerdictBatch | Writes, Span>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  engine(engine: Engine): Engine {
    return {
      ...engine,
      prepare: async (source, spans, options) => {
        const attributes = { 'kelpipe.messages': spans.length / spanWords, 'kelpipe.bytes': source.length }
        return this.#prepared(attributes, async () => engine.prepare(source, spans, options))
      },
      prepareWaiting: async (op, keys, kind) =>
        this.#prepared({ 'kelpipe.operation': op, 'kelpipe.entries': keys.length }, async () =>
          engine.prepareWaiting(op, keys, kind),
        ),
      settle: async (prepared, fetched, nowMicros) => {
        const span = this.#spans.get(prepared)
        const settled = await this.#step(span, 'settle', async () =>
          engine.settle(prepared, fetched, nowMicros),
        )
        if (span && !('missing' in settled)) {
          this.#spans.set(settled.verdicts, span)
          this.#spans.set(settled.verdicts.writes, span)
        }
        return settled
      },
    }
  }

  store(store: Store): Store {
    return withCalls(store, {
      commit: async (writes, meta) =>
        this.#step(writes && this.#spans.get(writes), 'commit', async () => store.commit(writes, meta)),
    })
  }

  sink(sink: Sink): Sink {
    return {
      write: async (part) =>
        this.#step(part.settled && this.#spans.get(part.settled.verdicts), 'publish', async () =>
          sink.write(part),
        ),
    }
  }

  /** Stands behind all other sinks. */
  end(): Sink {
    return {
      write: async ({ settled, last }) => {
        if (last && settled) this.#spans.get(settled.verdicts)?.end()
      },
    }
  }

  async #prepared(attributes: Attributes, prepare: () => Promise<Prepared>): Promise<Prepared> {
    const span = this.#tracer.startSpan('batch', { attributes })
    const prepared = await this.#step(span, 'prepare', prepare)
    this.#spans.set(prepared, span)
    return prepared
  }

  /** A step of a batch; one that fails ends the batch. */
  async #step<Result>(batch: Span | undefined, name: string, step: () => Promise<Result>): Promise<Result> {
    if (!batch) return step()
    const span = this.#tracer.startSpan(name, {}, trace.setSpan(context.active(), batch))
    try {
      return await step()
    } catch (error) {
      for (const each of [span, batch])
        each.setStatus({ code: SpanStatusCode.ERROR, message: reasonOf(error) })
      batch.end()
      throw error
    } finally {
      span.end()
    }
  }
}
