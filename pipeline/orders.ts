import type { Row, VerdictBatch } from '../native/batch.ts'
import type { Waiting } from '../operators/flow.ts'
import { PipelineError } from './errors.ts'

/** What somebody wants done with entries that wait. */
export interface Order {
  readonly op: 'retry' | 'remove'
  readonly keys: readonly Uint8Array[]
  /** A retry looks at the entries only as this kind of escrow. */
  readonly escrow?: string | undefined
  /** Records that go into the same transaction. */
  readonly records?: ReadonlyMap<string, Uint8Array>
}

interface Given {
  readonly order: Order
  readonly rows: Row[]
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** Orders on their way into a run, first come, first served. */
export class Orders {
  readonly #waitingMax: number
  readonly #waiting: Given[] = []
  readonly #underWay = new Set<Given>()
  #wake: (() => void) | undefined
  #end: PipelineError | undefined

  /** Of more than `waitingMax` that wait for their turn the last is refused. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax
  }

  /** Resolves to what became of the entries when that is on disk; entries that stay as they are have no row. */
  async give(order: Order): Promise<readonly Row[]> {
    if (this.#end) throw this.#end
    if (this.#waiting.length >= this.#waitingMax)
      throw new PipelineError('config/busy', {
        what: `${this.#waitingMax} orders wait for their turn already`,
        next: 'wait for them, then try again',
      })
    const rows: Row[] = []
    await new Promise<void>((done, failed) => {
      this.#waiting.push({ order, rows, done, failed })
      this.#wake?.()
    })
    return rows
  }

  /** The work that they make, until there will be no more of it. */
  async *work(signal: AbortSignal): AsyncGenerator<Waiting> {
    const stop = (): void => this.close()
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    for (;;) {
      const given = this.#waiting.shift()
      if (given) yield this.#workOf(given)
      else if (this.#end) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Takes no more orders; those that were given are carried out. */
  close(): void {
    this.#end ??= new PipelineError('config/closing', {
      what: 'the run comes to its end',
      next: 'start it again, then try again',
    })
    this.#wake?.()
  }

  /** The run has failed, and with it what was not done. */
  fail(error: unknown): void {
    this.close()
    for (const given of [...this.#waiting.splice(0), ...this.#underWay]) given.failed(error)
    this.#underWay.clear()
  }

  #workOf(given: Given): Waiting {
    const { order, rows, done } = given
    this.#underWay.add(given)
    return {
      kind: 'waiting',
      op: order.op,
      keys: order.keys,
      ...(order.escrow !== undefined && { escrow: order.escrow }),
      ...(order.records && { records: order.records }),
      heard: (verdicts) => rows.push(...rowsOf(verdicts)),
      ack: () => {
        this.#underWay.delete(given)
        done()
      },
    }
  }
}

const rowsOf = (verdicts: VerdictBatch): Row[] =>
  Array.from({ length: verdicts.length }, (_, index) => verdicts.row(index))
