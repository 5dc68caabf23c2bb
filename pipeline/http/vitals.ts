import { statfs } from 'node:fs/promises'

import type { Limits } from '../limits.ts'
import { withCalls, type Store } from '../store/store.ts'

/** Whether the run can do its work now, and if not, why. */
export interface Readiness {
  readonly ready: boolean
  readonly reasons: readonly string[]
}

export interface VitalsOptions {
  readonly limits: Pick<Limits, 'staleWriteMs' | 'lagMs' | 'diskFreeBytesMin'>
  /** The folder of the database. */
  readonly directory: string
  /** Since when the oldest delivery is under way. */
  readonly oldestDelivery: () => number | undefined
}

/** Watches a run for what makes it unfit to take more. */
export class Vitals {
  readonly #options: VitalsOptions
  readonly #writing = new Set<number>()
  #failure: string | undefined
  #closing = false

  constructor(options: VitalsOptions) {
    this.#options = options
  }

  /** The same store, whose transactions are watched. */
  watch(store: Store): Store {
    const commit: Store['commit'] = async (writes, meta) => {
      const since = performance.now()
      this.#writing.add(since)
      try {
        await store.commit(writes, meta)
      } catch (error) {
        this.#failure = error instanceof Error ? error.message : String(error)
        throw error
      } finally {
        this.#writing.delete(since)
      }
    }
    return withCalls(store, { commit })
  }

  /** The run comes to its end. */
  close(): void {
    this.#closing = true
  }

  async readiness(): Promise<Readiness> {
    const { limits, directory, oldestDelivery } = this.#options
    const reasons: string[] = []
    if (this.#closing) reasons.push('the run comes to its end')
    if (this.#failure !== undefined) reasons.push(`stale writes: a transaction failed: ${this.#failure}`)
    const [oldest] = this.#writing
    if (oldest !== undefined && performance.now() - oldest > limits.staleWriteMs)
      reasons.push(`stale writes: a transaction is under way for ${msSince(oldest)} ms`)
    const delivery = oldestDelivery()
    if (delivery !== undefined && performance.now() - delivery > limits.lagMs)
      reasons.push(`lag: a delivery is under way for ${msSince(delivery)} ms`)
    const free = await freeBytes(directory)
    if (free < limits.diskFreeBytesMin)
      reasons.push(
        `map nearly full: the disk has room for ${free} more bytes, which is less than ${limits.diskFreeBytesMin}`,
      )
    return { ready: reasons.length === 0, reasons }
  }
}

const msSince = (time: number): number => Math.round(performance.now() - time)

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
