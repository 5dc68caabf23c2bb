import { map, type MonoTypeOperatorFunction } from 'rxjs'

import type { Chunk, Frames } from '../../operators/flow.ts'
import type { Metrics, Reading } from '../metrics.ts'

interface Flow {
  readBytes: number
  acknowledgedBytes: number
  /** Since when each chunk that is not acknowledged yet is under way, the oldest first. */
  readonly underWay: Set<{ readonly since: number }>
}

/** What is between sources and their acknowledgement, by the type of the source. */
export class InputFlow {
  readonly #flows = new Map<string, Flow>()
  readonly #metrics: Metrics

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  /** Follows the chunks of sources of one type. */
  watch(source: string): MonoTypeOperatorFunction<Chunk> {
    const follow = this.#follower(source)
    return map((chunk) => ({ ...chunk, ack: follow(chunk.bytes.length, () => chunk.ack()) }))
  }

  /** Follows the batches of sources of one type that cut them themselves. */
  watchFrames(source: string): MonoTypeOperatorFunction<Frames> {
    const follow = this.#follower(source)
    return map((frames) => ({ ...frames, ack: follow(frames.source.length, () => frames.ack()) }))
  }

  /** Notes that so many bytes are under way, until they are acknowledged. */
  #follower(source: string): (bytes: number, ack: () => void) => () => void {
    const flow = this.#flows.get(source) ?? newFlow()
    this.#flows.set(source, flow)
    return (bytes, ack) => {
      const underWay = { since: performance.now() }
      flow.underWay.add(underWay)
      flow.readBytes += bytes
      return () => {
        flow.underWay.delete(underWay)
        flow.acknowledgedBytes += bytes
        const seconds = (performance.now() - underWay.since) / 1000
        this.#metrics.observe('kelpipe_source_chunk_duration_seconds', seconds, { source })
        ack()
      }
    }
  }

  *readings(): Iterable<Reading> {
    for (const [source, { readBytes, acknowledgedBytes, underWay }] of this.#flows) {
      const [oldest] = underWay
      const lag = oldest ? (performance.now() - oldest.since) / 1000 : 0
      yield ['kelpipe_source_read_bytes_total', readBytes, { source }]
      yield ['kelpipe_source_acknowledged_bytes_total', acknowledgedBytes, { source }]
      yield ['kelpipe_source_chunks_in_flight', underWay.size, { source }]
      yield ['kelpipe_source_lag_seconds', lag, { source }]
    }
  }
}

const newFlow = (): Flow => ({ readBytes: 0, acknowledgedBytes: 0, underWay: new Set() })
