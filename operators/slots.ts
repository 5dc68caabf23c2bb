/** A fixed number of slots. Who finds none free waits, first come, first served. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  #closed = false

  /** With a signal, whoever waits is let through when it aborts, and looks at it for what to do. */
  constructor(count: number, signal?: AbortSignal) {
    this.#free = count
    if (signal?.aborted) this.#close()
    else signal?.addEventListener('abort', () => this.#close(), { once: true })
  }

  /** Resolves when a slot is taken for the caller, who gives it back. */
  async take(): Promise<void> {
    if (this.#closed) return
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  give(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free += 1
  }

  #close(): void {
    this.#closed = true
    for (const waiting of this.#waiting.splice(0)) waiting()
  }
}
