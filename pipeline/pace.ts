import type { Limits } from './limits.ts'

type PaceLimits = Pick<Limits, 'batchBytesMin' | 'batchBytesMax' | 'batchBlockMs'>

/**
 * How many bytes to read for the next batch. Large batches are cheaper; the longest synchronous step of a batch
 * holds the event loop, so its time decides: short steps let batches grow, long ones shrink them.
 */
export class Pace {
  readonly #limits: PaceLimits
  #bytes: number

  constructor(limits: PaceLimits) {
    this.#limits = limits
    this.#bytes = limits.batchBytesMin
  }

  get bytes(): number {
    return Math.round(this.#bytes)
  }

  /** Runs one synchronous step of a batch and learns from the time it takes. */
  timed<Result>(step: () => Result): Result {
    const start = performance.now()
    const result = step()
    this.#learn(performance.now() - start)
    return result
  }

  #learn(ms: number): void {
    const { batchBytesMin, batchBytesMax, batchBlockMs } = this.#limits
    if (ms > batchBlockMs) this.#bytes = Math.max(batchBytesMin, this.#bytes / 2)
    else if (ms < batchBlockMs / 4) this.#bytes = Math.min(batchBytesMax, this.#bytes * 1.1)
  }
}
