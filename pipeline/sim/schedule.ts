import { setImmediate } from 'node:timers/promises'

import type { Engine } from '../../native/engine.ts'
import type { Random } from './random.ts'

/**
 * Lets what goes on beside each other happen one step at a time, in an order that is drawn: a step is begun when all that
 * came of the one before has been done. So how long a step takes changes nothing, and a seed replays a run exactly.
 */
export class Schedule {
  readonly #random: Random
  readonly #steps: (() => Promise<void>)[] = []
  #busy = false
  #stopped = false

  constructor(random: Random) {
    this.#random = random
  }

  /** What comes of a step, when its turn has come. */
  run<Result>(step: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#steps.push(async () => step().then(resolve, reject))
      if (!this.#busy) void this.#work()
    })
  }

  /** No further step begins. */
  stop(): void {
    this.#stopped = true
  }

  async #work(): Promise<void> {
    this.#busy = true
    for (;;) {
      await setImmediate()
      if (this.#stopped || this.#steps.length === 0) break
      const [step] = this.#steps.splice(this.#random.below(this.#steps.length), 1)
      await step?.()
    }
    this.#busy = false
  }
}

/** An engine that does its work in turn with everything else. */
export const scheduled = (engine: Engine, schedule: Schedule): Engine => ({
  ...engine,
  prepare: (...given) => schedule.run(() => engine.prepare(...given)),
  prepareWaiting: (...given) => schedule.run(() => engine.prepareWaiting(...given)),
  settle: (...given) => schedule.run(() => engine.settle(...given)),
})
